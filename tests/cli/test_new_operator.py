from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from mediapipeline.cli import main
from mediapipeline.cli.new_operator import package_of

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def test_the_example_is_exactly_what_is_written() -> None:
    folder = PLUGINS / "mediapipeline-example"
    ours = package_of("example.vignette")
    ignored = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
    theirs = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not ignored & set(path.parts)
    }
    assert theirs == ours


def test_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-operator", "big_house.deep_blue", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "mediapipeline-big-house"
    assert f"cd {folder}" in capsys.readouterr().out
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["mediapipeline.operators"]
    assert points == {"big_house.deep_blue": "mediapipeline_big_house.deep_blue:DeepBlue"}
    for file in folder.rglob("*.py"):
        ast.parse(file.read_text())
    assert "$" not in "".join(file.read_text() for file in folder.rglob("*") if file.is_file())
    assert (folder / "mediapipeline_big_house" / "py.typed").exists()


@pytest.mark.parametrize("where", [".", "mediapipeline-acme"])
def test_a_second_operator_is_added_to_the_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    assert main(["new-operator", "acme.sparkle", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "mediapipeline-acme"
    before = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert main(["new-operator", "acme.deep_blue", "--into", str(tmp_path / where)]) == 0
    assert "added to" in capsys.readouterr().out
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["mediapipeline.operators"] == {
        "acme.deep_blue": "mediapipeline_acme.deep_blue:DeepBlue",
        "acme.sparkle": "mediapipeline_acme.sparkle:Sparkle",
    }
    new = {path for path in folder.rglob("*") if path.is_file()} - before.keys()
    assert {path.relative_to(folder).as_posix() for path in new} == {
        "mediapipeline_acme/deep_blue.py", "tests/test_deep_blue.py",
    }  # fmt: skip
    assert {path.name for path, text in before.items() if path.read_text() != text} == {"pyproject.toml"}
    assert "from mediapipeline_acme.deep_blue import DeepBlue" in (folder / "tests" / "test_deep_blue.py").read_text()


def test_what_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mediapipeline-acme"
    folder.mkdir()
    assert main(["new-operator", "acme.sparkle", "--into", str(tmp_path)]) == 2
    assert "exists already, and is no package of operators of 'acme'" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("again", ["acme.sparkle", "acme.gone"])
def test_an_operator_that_the_package_has_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], again: str
) -> None:
    for name in ("acme.sparkle", "acme.gone"):
        assert main(["new-operator", name, "--into", str(tmp_path)]) == 0
    folder = tmp_path / "mediapipeline-acme"
    for file in ("mediapipeline_acme/gone.py", "tests/test_gone.py"):  # of which only the entry point is left
        (folder / file).unlink()
    before = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert main(["new-operator", again, "--into", str(tmp_path)]) == 2
    assert "already" in capsys.readouterr().err
    assert {path: path.read_text() for path in folder.rglob("*") if path.is_file()} == before


def test_a_package_without_the_section_is_told_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-operator", "acme.sparkle", "--into", str(tmp_path)]) == 0
    project = tmp_path / "mediapipeline-acme" / "pyproject.toml"
    project.write_text(project.read_text().replace("entry-points", "entry_points"))
    assert main(["new-operator", "acme.glow", "--into", str(tmp_path)]) == 2
    assert '"acme.glow" = "mediapipeline_acme.glow:Glow"' in capsys.readouterr().err
    assert not (tmp_path / "mediapipeline-acme" / "mediapipeline_acme" / "glow.py").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-operator", "acme.sparkle", "--into", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sparkle", "acme.sparkle"),
        ("Acme.sparkle", "small letters"),
        ("acme.sparkle.more", "small letters"),
        ("acme.", "small letters"),
        ("acme/../x.y", "small letters"),
        ("acme.import", "choose another"),
        ("acme.operator", "choose another"),
        ("acme.sparkle\n", "small letters"),
    ],
)
def test_names_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    assert main(["new-operator", name, "--into", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
