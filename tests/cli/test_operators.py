from __future__ import annotations

import json
from typing import Annotated, Literal

import attrs
import pytest

from mediapipeline.cli import main, operators_doctor
from mediapipeline.cli.operators import describe
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.operators import AV, IMAGE, VIDEO, Category, Clip, Lowering, Operator, many, operator
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.params import Param, define
from mediapipeline.params.describe import parameters


@define
class Point:
    t: Annotated[float, Param("When", ge=0, unit="s")]
    gain: Annotated[float, Param("How much")] = 1.0


@operator(
    "test.badge",
    category=Category.GRAPHICS,
    inputs={"base": VIDEO | IMAGE, "clips": many(AV, 2, 32)},
    outputs=("clip", "rest"),
    requires=["filter:overlay", "encoder:png"],
)
class Badge(Operator):
    """Put a badge on it.

    The badge is drawn above everything else, so that nobody can say that it was not there, at whatever size the
    picture may have.

    A second paragraph.
    """

    text: Annotated[str, Param("What it says", pattern="[A-Z ]+", max_length=20, examples=["NEW", "SALE"])]
    angle: Annotated[float, Param("Turned clockwise", ge=-90, lt=90, unit="degrees")] = 0.5
    where: Annotated[int | Literal["left", "right"], Param("Position")] = "left"
    points: Annotated[list[Point], Param("Its loudness over time")] = []  # noqa: RUF012 - a parameter, copied for each
    note: str | None = None

    def lower(self, work: Lowering) -> Clip:
        return work.clip


def test_show_in_full(golden):
    registry = Registry([Badge])
    text = "\n".join(describe(Badge, registry)) + "\n"
    golden("cli/operators-show.txt", text.replace(registry.provider("test.badge"), "acme, entry point test.badge"))


@pytest.mark.parametrize("name", list(default_registry()))
def test_show_knows_every_installed_operator(name, capsys):
    assert main(["operators", "show", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    cls = default_registry().load(name)
    assert lines[0] == f"{name}: {cls.definition.summary}"
    for parameter in parameters(cls):
        assert any(line.startswith(f"  {parameter.name}: {parameter.text}, ") for line in lines)


def test_show_as_json(capsys):
    assert main(["operators", "show", "scale", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    cls = default_registry().load("scale")
    assert shown["name"] == "scale"
    assert shown["category"] == "geometry"
    assert shown["inputs"]["clip"] == {"kinds": ["video", "image"], "minimum": 1, "maximum": 1}
    assert shown["requires"] == list(cls.definition.requires)
    assert [parameter["name"] for parameter in shown["parameters"]] == [p.name for p in parameters(cls)]
    assert set(shown["schema"]["properties"]) == {p.name for p in parameters(cls)}


@pytest.mark.parametrize("argv", [["operators"], ["operators", "list"]])
def test_list_has_every_operator_below_its_category(argv, capsys):
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    categories = [line for line in lines if not line.startswith(" ")]
    assert set(categories) <= {category.value for category in Category}
    assert len(categories) == len(set(categories))
    assert sorted(line.split()[0] for line in lines if line.startswith(" ")) == list(default_registry())


def test_list_as_json(capsys):
    assert main(["operators", "list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["name"] for item in listed] == list(default_registry())
    assert all(item["summary"] and item["provider"] for item in listed)


@pytest.mark.parametrize(
    ("name", "hint"), [("scal", "did you mean 'scale'?"), ("q" * 30, "'mediapipeline operators list' shows")]
)
def test_an_unknown_operator_is_a_mistake_of_usage(name, hint, capsys):
    assert main(["operators", "show", name]) == 2
    err = capsys.readouterr().err
    assert f"there is no operator {name!r}" in err
    assert hint in err


def test_a_broken_package_is_told_and_hides_nothing(cli, tmp_path):
    broken(tmp_path)
    done = cli("operators", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0
    assert "scale" in done.stdout
    assert done.stderr.startswith("acme.broken: operator 'acme.broken' cannot be imported")
    done = cli("operators", "list", "--format", "json", env={"PYTHONPATH": str(tmp_path)})
    (item,) = [item for item in json.loads(done.stdout) if item["name"] == "acme.broken"]
    assert item["error"]["type"] == "PluginLoadError"
    done = cli("operators", "show", "acme.broken", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "acme-broken, entry point" in done.stderr


def test_the_doctor_says_what_is_wrong(cli, tmp_path):
    sound = cli("operators", "doctor")
    assert sound.returncode == 0, sound.stdout
    assert "operators can be used: concat, " in sound.stdout
    broken(tmp_path)
    done = cli("operators", "doctor", "--format", "json", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert not found["sound"]
    assert found["broken"]["acme.broken"]["type"] == "PluginLoadError"
    assert found["broken"]["acme.broken"]["where"] == f"{tmp_path / 'acme_broken.py'}, line 1"
    assert found["usable"]["scale"]["lacks"] == []


def test_the_doctor_knows_what_is_switched_off_and_what_ffmpeg_lacks():
    registry = Registry([Badge])
    facts = operators_doctor.examine(registry, Capabilities.assume("5.1"))
    assert facts["sound"]
    assert operators_doctor.describe(facts) == ["1 of 1 operators can be used: test.badge"]
    poor = attrs.evolve(Capabilities.assume("5.1"), filters=frozenset())
    lines = operators_doctor.describe(operators_doctor.examine(registry, poor))
    assert lines == [
        "test.badge: this FFmpeg (5.1) lacks filter:overlay", "", "0 of 1 operators can be used: none",
    ]  # fmt: skip
    lines = operators_doctor.describe(
        operators_doctor.examine(registry, None) | {"switched_off": {"b.c": "b", "a.b": "a"}}
    )
    assert lines[0] == "switched off by MEDIAPIPELINE_PLUGINS: a.b (a), b.c (b)"
    assert lines[1].startswith("there is no FFmpeg here")


def broken(folder):
    """A distribution whose operator raises when it is imported."""
    (folder / "acme_broken.py").write_text("raise RuntimeError('out of luck')\n")
    info = folder / "acme_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mediapipeline.operators]\nacme.broken = acme_broken:Broken\n")
