"""Finding operators: lazily, through entry points, and with every broken package explained to who uses it.

Packages are really installed: folders of metadata and modules on sys.path, as an installer leaves them.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from distributions import GLOW, install, operator_source, wheel
from mediapipeline import Planner
from mediapipeline.errors import PluginContractError, PluginError, PluginLoadError
from mediapipeline.operators import Category, Clip, Lowering, Operator, Registry, operator
from mediapipeline.operators.discovery import entry_points
from mediapipeline.operators.known import KNOWN_PACKAGES
from mediapipeline.operators.registry import GROUP, default_registry
from mediapipeline.testing import make_clip
from planning import job, op, plan, problems

Install = Callable[..., Registry]
ACME = {"acme.glow": "acme_plugin:Glow"}


def made(name: str) -> type[Operator]:
    class Made(Operator):
        """Made up."""

        def lower(self, work: Lowering) -> Clip:
            return work.clip

    return operator(name, category=Category.PICTURE)(Made)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on sys.path with packages in it: one that is sound, to begin with."""
    folder = tmp_path / "site"
    install(folder, "acme", ACME, {"acme_plugin.py": GLOW})
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.startswith(("acme", "other_"))]:
        del sys.modules[name]


@pytest.fixture
def installed(site) -> Install:
    """``installed(distribution, operators, modules)`` installs that as well, and gives the registry of everything."""

    def more(
        distribution: str = "", operators: Mapping[str, str] | str | bytes = "",
        modules: Mapping[str, str] | None = None, **options: str,
    ) -> Registry:  # fmt: skip
        if distribution:
            install(site, distribution, operators, modules, **options)
        importlib.invalidate_caches()
        return Registry.discover()

    return more


def third_party(registry: Registry) -> list[str]:
    """Without what the project itself has, be it installed or not."""
    return [name for name in registry if not registry.provider(name).startswith("mediapipeline")]


def test_an_operator_is_imported_when_it_is_used(installed):
    registry = installed("acme-too", {"acme.other": "acme_not_there:Other"})
    assert third_party(registry) == ["acme.glow", "acme.other"]
    assert len(registry) == len(list(registry))
    assert "acme.glow" in registry
    assert "acme.gloww" not in registry
    assert registry.errors == ()
    assert "acme_plugin" not in sys.modules
    found = registry.load("acme.glow")
    assert found is sys.modules["acme_plugin"].Glow
    assert registry.load("acme.glow") is found
    assert registry.provider("acme.glow") == "acme, entry point acme.glow = acme_plugin:Glow"


PLAIN = "class Plain: pass\n"
UNDECLARED = "from mediapipeline.operators import Operator\nclass Undeclared(Operator): 'Not declared.'\n"
INHERITS = GLOW + "class Inherits(Glow): pass\n"
UNSOUND = (
    "from mediapipeline.operators import *\n@operator('acme.x', category=Category.AUDIO)\nclass X(Operator): pass\n"
)
WRONG_BASE = (
    "from mediapipeline.operators import *\n@operator('acme.x', category=Category.AUDIO)\nclass X: 'Made up.'\n"
)
BROKEN = {
    "missing module": ("acme_not_there:Gone", "", PluginLoadError, "cannot be imported: ModuleNotFoundError"),
    "missing class": ("acme_bad:Gone", GLOW, PluginLoadError, "cannot be imported: AttributeError"),
    "missing dependency": ("acme_bad:Gone", "import acme_lib", PluginLoadError, "No module named 'acme_lib'"),
    "syntax": ("acme_bad:Gone", "def (", PluginLoadError, "cannot be imported: SyntaxError"),
    "raises": ("acme_bad:Gone", "1 / 0", PluginLoadError, "cannot be imported: ZeroDivisionError('division by zero')"),
    "ends the process": ("acme_bad:Gone", "import sys; sys.exit(3)", PluginLoadError, "cannot be imported: SystemExit"),
    "no class": ("acme_bad:Plain", PLAIN, PluginContractError, "not a class declared with @operator"),
    "a function": ("acme_bad:Plain", "def Plain(): pass", PluginContractError, "not a class declared with @operator"),
    "a module": ("acme_bad", GLOW, PluginLoadError, "'acme_bad' is not of the form 'module:Class'"),
    "nothing": ("", GLOW, PluginLoadError, "'' is not of the form 'module:Class'"),
    "prose": ("see the manual", GLOW, PluginLoadError, "'see the manual' is not of the form 'module:Class'"),
    "not declared": ("acme_bad:Undeclared", UNDECLARED, PluginContractError, "not a class declared with @operator"),
    "another base": ("acme_bad:X", WRONG_BASE, PluginContractError, "is not a subclass of mediapipeline.operators.Op"),
    "inherits": ("acme_bad:Inherits", INHERITS, PluginContractError, "not a class declared with @operator"),
    "unsound": ("acme_bad:X", UNSOUND, PluginContractError, "operator class X: it has no docstring"),
    "another name": ("acme_bad:Glow", GLOW, PluginContractError, "itself 'acme.glow', its entry point 'acme.bad'"),
    "older contract": (
        "acme_bad:Old", operator_source("Old", "acme.bad", api_version=0), PluginContractError,
        "written for contract 0, this library has 1: the package is too old",
    ),
    "newer contract": (
        "acme_bad:New", operator_source("New", "acme.bad", api_version=2), PluginContractError,
        "written for contract 2, this library has 1: mediapipeline is too old",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_package_is_explained_and_harms_nobody_else(installed, case):
    value, source, error, said = BROKEN[case]
    registry = installed("acme-bad", {"acme.bad": value}, {"acme_bad.py": source})
    for _ in range(3):
        with pytest.raises(error) as raised:
            registry.load("acme.bad")
        assert said in str(raised.value)
        assert "acme-bad, entry point acme.bad" in str(raised.value), "distribution and entry point are named"
        assert str(raised.value.provider).startswith("acme-bad, entry point acme.bad")
    assert len(raised.traceback) < 5, "an error that is kept does not grow with those who meet it"
    assert third_party(registry) == ["acme.bad", "acme.glow"]
    assert [type(e) for e in registry.errors] == [error]
    (found,) = problems(job(op("acme.bad", "in", "a"), outputs={"a": "a.mp4"}), registry=registry)
    assert (found.path, found.code) == ("/operations/0/op", "broken-operator")
    assert said in found.message
    assert plan(job(op("acme.glow", "in", "a"), outputs={"a": "a.mp4"}), registry=registry)


def test_one_name_from_several_packages(installed, site):
    install(site, "other", {"acme.glow": "other_plugin:Glow"}, {"other_plugin.py": GLOW})
    registry = installed("fork", ACME)
    with pytest.raises(PluginLoadError) as raised:
        registry.load("acme.glow")
    said = str(raised.value)
    assert "operator 'acme.glow' is provided 3 times: by " in said
    for provider in ("acme", "fork", "other"):
        assert f"by {provider}, entry point acme.glow" in said
    assert "uninstall all but one" in said
    assert "acme, entry point acme.glow" in str(raised.value.provider)
    assert len(registry.errors) == 1
    host = made("acme.glow")
    registry.register(host, override=True)
    assert registry.load("acme.glow") is host
    assert registry.errors == ()


def test_one_distribution_that_names_an_operator_twice(installed):
    with pytest.raises(PluginLoadError, match=r"provided twice: by two, .* and by two, .*"):
        installed("two", "acme.two = acme_plugin:Glow\nacme.two = acme_plugin:Gloom\n").load("acme.two")


def test_the_same_distribution_further_on_in_the_path_is_shadowed(installed, tmp_path, monkeypatch):
    install(tmp_path / "later", "acme", {"acme.glow": "acme_old:Glow", "acme.gone": "acme_old:Gone"})
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "later")])
    registry = installed()
    assert third_party(registry) == ["acme.glow"]
    assert registry.load("acme.glow").__module__ == "acme_plugin"


def test_a_reserved_name_is_not_taken_from_the_library(installed):
    registry = installed("acme-trim", {"trim": "acme_plugin:Glow"})
    assert registry.load("trim").__module__ == "mediapipeline.standard.timeline.trim"
    (error,) = registry.errors
    assert registry.faults == (error,)
    assert "the name 'trim' is reserved; call it 'vendor.trim' (from acme-trim, entry point trim" in str(error)


@pytest.mark.parametrize(
    ("name", "said"),
    [("glow", "is reserved; call it 'vendor.glow'"), ("Acme.Glow", "is not of the form 'vendor.op'"),
     ("acme.glow.more", "is not of the form 'vendor.op'"), ("", "is not of the form 'vendor.op'")],
)  # fmt: skip
def test_third_parties_are_called_vendor_op(installed, name, said):
    registry = installed("acme-names", f"{name} = acme_plugin:Glow")
    assert name in list(registry)
    with pytest.raises(PluginLoadError, match=f"name {name!r} {said} .*acme-names, entry point"):
        registry.load(name)


def test_whoever_takes_a_reserved_name_is_told(installed, site):
    for distribution in ("one", "two"):
        install(site, distribution, {"glow": "acme_plugin:Glow", "scale": "acme_plugin:Glow"})
    found = [str(error) for error in installed().errors]
    for name in ("glow", "scale"):
        for distribution in ("one", "two"):
            told = f"the name {name!r} is reserved; call it 'vendor.{name}' (from {distribution}, entry point {name}"
            assert sum(told in each for each in found) == 1
    assert len(found) == 4


@pytest.mark.parametrize(
    ("damage", "said"),
    [(b"garbage\n", "a line is not of the form 'name = module:Class'"), (b"acme.\xff = a:B\n", "it is not UTF-8")],
)
def test_a_damaged_list_of_entry_points_is_left_out_and_told(installed, damage, said):
    registry = installed("acme-damaged", damage)
    (fault,) = registry.faults
    assert f"its entry_points.txt cannot be read: {said}" in str(fault)
    assert "(from acme-damaged)" in str(fault)
    assert third_party(registry) == ["acme.glow"]
    assert registry.load("trim")
    assert plan(job(op("acme.glow", "in", "a"), outputs={"a": "a.mp4"}), registry=registry)


def test_damage_that_is_none_of_ours_is_none_of_ours(installed, site):
    install(site, "elsewhere", "")
    (site / "elsewhere-1.0.dist-info" / "entry_points.txt").write_text("[console_scripts]\ngarbage\n")
    registry = installed()
    assert registry.errors == ()
    assert third_party(registry) == ["acme.glow"]


@pytest.mark.parametrize("metadata", ["", "Metadata-Version: 2.1\n"], ids=["no metadata", "no name"])
def test_a_distribution_that_does_not_tell_its_name(installed, metadata):
    registry = installed("odd", {"acme.odd": "acme_not_there:Odd"}, metadata=metadata)
    with pytest.raises(PluginLoadError, match=r"from a distribution without a name, entry point acme\.odd"):
        registry.load("acme.odd")


@pytest.mark.parametrize(
    ("value", "kept", "faults"),
    [("off", [], 0), (" OFF ", [], 0), ("0", [], 0), ("on", ["acme.glow"], 0), ("", ["acme.glow"], 0), ("of", [], 1)],
)
def test_third_parties_can_be_turned_off(installed, monkeypatch, value, kept, faults):
    monkeypatch.setenv("MEDIAPIPELINE_PLUGINS", value)
    registry = installed()
    assert third_party(registry) == kept
    assert registry.load("trim")
    assert len(registry.errors) == faults
    (found,) = (
        problems(job(op("acme.glow", "in", "a"), outputs={"a": "a.mp4"}), registry=registry) if not kept else (None,)
    )
    if found is not None:
        assert found.code == "unknown-operator"
        assert found.hint == "it is in the package 'acme', and packages are switched off by MEDIAPIPELINE_PLUGINS"
        assert registry.switched_off["acme.glow"] == "acme"


def test_hosts_register_classes_of_their_own():
    one, other = made("acme.glow"), made("acme.glow")
    registry = Registry([one])
    with pytest.raises(PluginLoadError, match=r"already provided by .*Made"):
        registry.register(other)
    registry.register(other, override=True)
    assert registry.load("acme.glow") is other


def test_a_class_that_was_not_registered_is_told(installed):
    cls = made("acme.not_registered")
    document = job(op("acme.not_registered", "in", "a"), outputs={"a": "a.mp4"})
    (found,) = problems(document, registry=installed())
    assert (found.path, found.code) == ("/operations/0/op", "unknown-operator")
    said = (
        f"the class {cls.__module__}.made.<locals>.Made declares it and is not registered here: registry.register(Made)"
    )
    assert (found.hint or "").startswith(said)
    assert not problems(document, registry=Registry([cls]))
    (found,) = problems(document, registry=Registry([cls]).allowing([]))
    assert found.hint == "none is allowed"  # nothing about classes


def test_a_host_overrides_a_shipped_operator_on_purpose_only(installed):
    registry = installed()
    mine = made("trim")
    with pytest.raises(PluginLoadError, match="already provided by mediapipeline, entry point trim"):
        registry.register(mine)
    registry.register(mine, override=True)
    assert registry.load("trim") is mine
    assert installed().load("trim") is not mine


# Allow-lists


def test_tenants_use_what_they_are_allowed(installed):
    everything = installed("acme-bad", {"acme.bad": "acme_not_there:Bad", "other.blur": "other_x:Blur"})
    tenant = everything.allowing(["trim", "acme.*"])
    assert list(tenant) == ["acme.bad", "acme.glow", "trim"]
    assert tenant.load("acme.glow") is everything.load("acme.glow")
    with pytest.raises(KeyError):
        tenant.load("scale")
    document = job(op("scale", "in", "a", width=64, height=64), outputs={"a": "a.mp4"})
    (found,) = problems(document, registry=tenant)
    assert (found.path, found.code) == ("/operations/0/op", "operator-not-allowed")
    assert found.message == "operator 'scale' may not be used here"
    assert found.hint == "allowed are acme.bad, acme.glow, trim"
    assert plan(document, registry=everything)
    assert tenant.close_matches("scall") == []
    assert "scale" not in tenant.hint("scall")


def test_an_allow_list_is_a_registry_of_its_own(installed):
    everything = installed()
    tenant = everything.allowing(["trim", "scale"])
    mine = made("trim")
    tenant.register(mine, override=True)
    tenant.register(made("acme.mine"))
    assert tenant.load("trim") is mine
    assert everything.load("trim") is not mine
    assert "acme.mine" not in everything
    narrower = tenant.allowing(["trim"])
    assert list(narrower) == ["trim"]
    assert narrower.denies("scale")
    assert narrower.denies("hflip"), "what the wider list leaves out is left out of the narrower one"
    assert list(everything.allowing([])) == []
    assert everything.allowing([]).hint("trim") == "none is allowed"


def test_a_package_is_imported_once_for_all_tenants(installed, site):
    registry = installed("acme-count", {"acme.count": "acme_count:Count"}, {"acme_count.py": COUNTS})
    tenants = [registry.allowing(["acme.*"]) for _ in range(3)]
    for tenant in tenants:
        with pytest.raises(PluginLoadError):
            tenant.load("acme.count")
    assert (site / "counted").read_text() == "x"


COUNTS = """
import pathlib
with (pathlib.Path(__file__).parent / "counted").open("a") as file:
    file.write("x")
raise RuntimeError("out of luck")
"""


# Unknown names


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


NOT_INSTALLED = "it is in the package 'media-reels', which is not installed: pip install media-reels"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("glow", "did you mean 'acme.glow'?"),
        ("acme.glwo", "did you mean 'acme.glow'?"),
        ("tirm", "did you mean 'trim'?"),
        ("reels.apply", NOT_INSTALLED),
        ("reels.aply", f"did you mean 'reels.apply'? {NOT_INSTALLED}"),
        ("acme.something_else_altogether", "acme has acme.glow; what it got since is found when it is installed again"),
        ("zzzzzzzz", "'mediapipeline operators list' shows what is installed"),
    ],
)  # fmt: skip
def test_an_unknown_name_says_what_was_meant_and_who_has_it(site, name, hint):
    importlib.invalidate_caches()
    registry = Registry.discover(known={"reels.apply": "media-reels", "acme.glow": "acme"})
    assert registry.hint(name) == hint
    (found,) = problems(job(op(name, "in", "a"), outputs={"a": "a.mp4"}), registry=registry)
    assert (found.code, found.hint) == ("unknown-operator", hint)


@pytest.mark.parametrize(("name", "distribution"), KNOWN_PACKAGES.items())
def test_packages_that_are_recommended_have_what_they_are_recommended_for(name, distribution):
    file = Path(__file__).resolve().parents[2] / "plugins" / distribution / "pyproject.toml"
    if not file.exists():
        pytest.skip("the packages of the project are not here")
    offered = tomllib.loads(file.read_text())["project"]["entry-points"][GROUP]
    assert name in offered
    assert set(offered) <= set(KNOWN_PACKAGES), "the others are worth knowing as well"


def test_a_known_package_is_recommended():
    registry = Registry([made("acme.glow")])
    said = "it is in the package 'mediapipeline-frames', which is not installed: pip install mediapipeline-frames"
    assert registry.hint("frames.picture") == said
    assert registry.hint("frames.pictures") == f"did you mean 'frames.picture'? {said}"
    assert registry.allowing(["acme.*"]).hint("frames.picture").startswith("'mediapipeline operators list'")


# What FFmpeg must have


def test_what_ffmpeg_lacks_is_told_when_a_job_is_planned(installed, tmp_path, engine):
    source = operator_source("Sharp", "acme.sharp", requires=["filter:scale", "filter:acmesharpen", "encoder:libacme"])
    registry = installed("acme-sharp", {"acme.sharp": "acme_sharp:Sharp"}, {"acme_sharp.py": source})
    make_clip(tmp_path / "in.mp4")
    document = job(op("acme.sharp", "in", "a"), op("acme.glow", "in", "b"), outputs={"a": "a.mp4", "b": "b.mp4"})
    planner = Planner(registry=registry, base_dir=tmp_path, ffmpeg=engine.ffmpeg)
    (found,) = planner.validate(document, probe=True).problems
    assert (found.path, found.code) == ("/operations/0", "missing-feature")
    assert found.message.startswith("acme.sharp needs what this FFmpeg (")
    assert found.message.endswith(") has not got: filter:acmesharpen, encoder:libacme")
    assert planner.plan(job(op("acme.glow", "in", "b"), outputs={"b": "b.mp4"}))


# Odd plugins


def test_a_plugin_may_look_into_the_registry_while_it_is_imported(installed, monkeypatch):
    curious = "import mediapipeline.operators.registry as r\nr.curious.load('acme.glow')\n"
    source = curious + operator_source("Curious", "acme.curious")
    registry = installed("acme-curious", {"acme.curious": "acme_curious:Curious"}, {"acme_curious.py": source})
    monkeypatch.setattr("mediapipeline.operators.registry.curious", registry, raising=False)
    found: list[type[Operator]] = []
    thread = threading.Thread(target=lambda: found.append(registry.load("acme.curious")), daemon=True)
    thread.start()
    thread.join(30)
    assert [cls.definition.name for cls in found] == ["acme.curious"], "the lock of the registry is in its own way"


def test_a_plugin_that_asks_for_itself_while_it_is_imported_is_not_broken_by_it(installed, monkeypatch):
    vain = "import mediapipeline.operators.registry as r\ntry: r.vain.load('acme.vain')\nexcept Exception: pass\n"
    source = vain + operator_source("Vain", "acme.vain")
    registry = installed("acme-vain", {"acme.vain": "acme_vain:Vain"}, {"acme_vain.py": source})
    monkeypatch.setattr("mediapipeline.operators.registry.vain", registry, raising=False)
    assert registry.load("acme.vain").definition.name == "acme.vain"
    assert registry.load("acme.vain")
    assert registry.errors == ()


# What is really there


def test_what_comes_with_the_library_is_sound():
    registry = default_registry()
    own = [name for name in registry if "." not in name]
    assert {"trim", "scale", "hflip", "vflip", "overlay"} <= set(own)
    for name in own:
        assert registry.load(name).definition.name == name
        assert registry.provider(name).startswith("mediapipeline, ")
    assert not [error for error in registry.errors if isinstance(error, PluginError)]


def test_entry_points_are_read_as_importlib_reads_them():
    faults: list[PluginError] = []
    assert {point.name for point in entry_points(GROUP, faults)} == set(default_registry())
    assert faults == []


def test_packages_that_pip_installed_are_examined_by_the_doctor(tmp_path):
    """All in one environment: two in conflict, one broken, one damaged name, and a sound one that goes on working."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    made = [
        wheel(wheels, "acme-glow", ACME, {"acme_plugin.py": GLOW}),
        wheel(wheels, "acme-one", {"acme.twice": "acme_one:Twice"}, {"acme_one.py": operator_source("Twice")}),
        wheel(wheels, "acme-two", {"acme.twice": "acme_two:Twice"}, {"acme_two.py": operator_source("Twice")}),
        wheel(wheels, "acme-bad", {"acme.bad": "acme_bad:Bad"}, {"acme_bad.py": "\nraise RuntimeError('no luck')"}),
        wheel(wheels, "acme-thief", {"scale": "acme_plugin:Glow"}, {}),
    ]
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(site)]
    subprocess.run([*pip, *map(str, made)], check=True, capture_output=True, timeout=120)
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-m", "mediapipeline", "operators", "doctor"], env=env, cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(
        "acme.bad: operator 'acme.bad' cannot be imported: RuntimeError('no luck') (from acme-bad,"
    )
    assert lines[1] == f"  in {site / 'acme_bad.py'}, line 2"
    assert lines[2].startswith("acme.twice: operator 'acme.twice' is provided twice: by acme-one, ")
    assert lines[3].startswith("left out: the name 'scale' is reserved; call it 'vendor.scale' (from acme-thief, ")
    able = lines[-1].partition(" can be used: ")[2].split(", ")
    assert {"acme.glow", "scale", "trim"} <= set(able)
    assert not {"acme.bad", "acme.twice"} & set(able)


def test_a_plan_names_the_version_of_a_plugin(installed):
    registry = installed()
    made = plan(job(op("acme.glow", "in", "a"), outputs={"a": "a.mp4"}), registry=registry)
    assert [(each.op, each.version) for each in made.operations] == [("acme.glow", "1")]
    assert Path(sys.modules["acme_plugin"].__file__ or "").name == "acme_plugin.py"
