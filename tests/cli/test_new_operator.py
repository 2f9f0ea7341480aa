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


def test_what_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mediapipeline-acme").mkdir()
    assert main(["new-operator", "acme.sparkle", "--into", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert list((tmp_path / "mediapipeline-acme").iterdir()) == []


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
