"""Finding operators: lazily, through entry points, and with every broken package explained to who uses it."""

from __future__ import annotations

import sys
import threading
from importlib import metadata
from types import ModuleType
from typing import Any

import attrs
import pytest

from mediapipeline.errors import PluginContractError, PluginError, PluginLoadError
from mediapipeline.operators import Category, Clip, Lowering, Operator, Registry, operator
from mediapipeline.operators.registry import GROUP, default_registry
from planning import job, op, plan, problems


def made(name: str) -> type[Operator]:
    class Made(Operator):
        """Made up."""

        def lower(self, work: Lowering) -> Clip:
            return work.clip

    return operator(name, category=Category.PICTURE)(Made)


@attrs.frozen
class Distribution:
    """As much of a distribution as an entry point shows."""

    name: str


def point(distribution: str, name: str, value: str) -> metadata.EntryPoint:
    found = metadata.EntryPoint(name, value, GROUP)
    vars(found)["dist"] = Distribution(distribution)
    return found


@pytest.fixture
def installed(monkeypatch):
    """``installed(*points)`` pretends that these are all the entry points there are; gives the registry of them."""

    def install(*points: metadata.EntryPoint) -> Registry:
        monkeypatch.setattr(metadata, "entry_points", lambda *, group: points if group == GROUP else ())
        return Registry.discover()

    return install


@pytest.fixture
def module(monkeypatch):
    """A module of a plugin, with operators and with what is none."""
    found: Any = ModuleType("acme_plugin")
    found.Glow = made("acme.glow")
    found.Old = made("acme.old")
    found.Old.definition = attrs.evolve(found.Old.definition, api_version=0)
    found.Plain = type("Plain", (), {})
    found.Undeclared = type("Undeclared", (Operator,), {})
    found.Inherits = type("Inherits", (found.Glow,), {})
    monkeypatch.setitem(sys.modules, "acme_plugin", found)
    return found


GLOW = point("acme", "acme.glow", "acme_plugin:Glow")


def test_an_operator_is_imported_when_it_is_used(installed, module):
    registry = installed(GLOW, point("acme", "acme.other", "acme_not_there:Other"))
    assert list(registry) == ["acme.glow", "acme.other"]
    assert len(registry) == 2
    assert "acme.glow" in registry
    assert "acme.gloww" not in registry
    assert registry.errors == ()
    assert registry.load("acme.glow") is module.Glow
    assert registry.load("acme.glow") is module.Glow
    assert registry.provider("acme.glow") == "acme, entry point acme.glow = acme_plugin:Glow"


@pytest.mark.parametrize(
    ("name", "value", "error", "said"),
    [
        ("acme.gone", "acme_not_there:Gone", PluginLoadError, "cannot be imported: ModuleNotFoundError"),
        ("acme.gone", "acme_plugin:Gone", PluginLoadError, "cannot be imported: AttributeError"),
        ("acme.plain", "acme_plugin:Plain", PluginContractError, "not a class declared with @operator"),
        ("acme.undeclared", "acme_plugin:Undeclared", PluginContractError, "not a class declared with @operator"),
        ("acme.inherits", "acme_plugin:Inherits", PluginContractError, "not a class declared with @operator"),
        (
            "acme.gleam",
            "acme_plugin:Glow",
            PluginContractError,
            "calls itself 'acme.glow', its entry point 'acme.gleam'",
        ),
        ("acme.old", "acme_plugin:Old", PluginContractError, "written for contract 0, this library has 1"),
    ],
)
def test_a_broken_package_is_explained_and_harms_nobody_else(
    installed, module, *, name: str, value: str, error: type[PluginError], said: str
):
    registry = installed(GLOW, point("acme", name, value))
    for _ in range(2):
        with pytest.raises(error) as raised:
            registry.load(name)
        assert said in str(raised.value)
        assert f"acme, entry point {name}" in str(raised.value), "distribution and entry point are named"
    assert name in list(registry)
    assert [type(e) for e in registry.errors] == [error]
    assert registry.load("acme.glow") is module.Glow
    (found,) = problems(job(op(name, "in", "a"), outputs={"a": "a.mp4"}), registry=registry)
    assert (found.path, found.code) == ("/operations/0/op", "broken-operator")
    assert said in found.message
    assert plan(job(op("acme.glow", "in", "a"), outputs={"a": "a.mp4"}), registry=registry)


def test_one_name_from_two_packages(installed, module):
    registry = installed(GLOW, point("other", "acme.glow", "other_plugin:Glow"))
    with pytest.raises(PluginLoadError, match=r"provided twice: by acme, .* and by other, "):
        registry.load("acme.glow")
    assert len(registry.errors) == 1


def test_the_same_entry_point_twice_is_one_operator(installed, module):
    assert installed(GLOW, GLOW).load("acme.glow") is module.Glow


@pytest.mark.parametrize("backwards", [False, True])
def test_a_reserved_name_is_not_taken_from_the_library(installed, module, backwards):
    own = point("mediapipeline", "trim", "mediapipeline.standard.timeline.trim:Trim")
    points = [own, point("acme", "trim", "acme_plugin:Glow")]
    registry = installed(*(reversed(points) if backwards else points))
    assert registry.load("trim").__module__ == "mediapipeline.standard.timeline.trim"
    (error,) = registry.errors
    assert "the name 'trim' is reserved; call it 'vendor.trim' (from acme, entry point trim" in str(error)


def test_a_reserved_name_that_is_free_is_refused_as_well(installed, module):
    registry = installed(point("acme", "glow", "acme_plugin:Glow"))
    with pytest.raises(PluginLoadError, match="reserved"):
        registry.load("glow")
    assert list(registry) == ["glow"]


@pytest.mark.parametrize(("value", "names"), [("off", ["trim"]), (" OFF ", ["trim"]), ("on", ["acme.glow", "trim"])])
def test_third_parties_can_be_turned_off(installed, module, monkeypatch, value, names):
    monkeypatch.setenv("MEDIAPIPELINE_PLUGINS", value)
    own = point("mediapipeline", "trim", "mediapipeline.standard.timeline.trim:Trim")
    assert list(installed(GLOW, own)) == names


def test_hosts_register_classes_of_their_own():
    one, other = made("acme.glow"), made("acme.glow")
    registry = Registry([one])
    with pytest.raises(PluginLoadError, match=r"already provided by .*Made"):
        registry.register(other)
    registry.register(other, override=True)
    assert registry.load("acme.glow") is other


def test_an_unknown_operator_is_a_key_error():
    with pytest.raises(KeyError):
        Registry().load("acme.glow")
    with pytest.raises(KeyError):
        Registry().provider("acme.glow")


@pytest.mark.parametrize(
    ("name", "near"),
    [("acme.glwo", "acme.glow"), ("acme.Glow", "acme.glow"), ("drawtext", "draw_text"), ("draw-text", "draw_text"),
     ("zzz", None)],
)  # fmt: skip
def test_close_matches(name, near):
    registry = Registry([made("acme.glow"), made("draw_text")])
    assert next(iter(registry.close_matches(name)), None) == near


def test_a_plugin_may_look_into_the_registry_while_it_is_imported(installed, monkeypatch, tmp_path):
    (tmp_path / "acme_curious.py").write_text(
        "import mediapipeline.operators.registry as r\n"
        "from mediapipeline.operators import *\n"
        "r.curious.load('acme.glow')\n"
        "@operator('acme.curious', category=Category.PICTURE)\n"
        "class Curious(Operator):\n"
        "    'Curious.'\n"
        "    def lower(self, work): return work.clip\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = installed(point("acme", "acme.curious", "acme_curious:Curious"))
    registry.register(made("acme.glow"))
    monkeypatch.setattr("mediapipeline.operators.registry.curious", registry, raising=False)
    found: list[type[Operator]] = []
    thread = threading.Thread(target=lambda: found.append(registry.load("acme.curious")), daemon=True)
    thread.start()
    thread.join(30)
    assert [cls.definition.name for cls in found] == ["acme.curious"], "the lock of the registry is in its own way"
    sys.modules.pop("acme_curious")


def test_what_comes_with_the_library_is_sound():
    registry = default_registry()
    own = [name for name in registry if "." not in name]
    assert {"trim", "scale", "hflip", "vflip", "overlay"} <= set(own)
    for name in own:
        assert registry.load(name).definition.name == name
        assert registry.provider(name).startswith("mediapipeline, ")
    assert not [error for error in registry.errors if isinstance(error, PluginError)]
