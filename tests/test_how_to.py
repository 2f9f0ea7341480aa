"""The code of the how-to pages runs as it stands, from the first block of a page to its last."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mediapipeline.testing import assert_media, make_clip

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page
    for folder in ("how-to", "tutorial")
    for page in (ROOT / "docs" / folder).glob("*.md")
    if "```{include}" not in page.read_text(encoding="utf-8")  # that runs in the tests of where it stands
)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that has a clip of a second, media/in.mp4."""
    clip = make_clip(tmp_path / "clip.mp4", audio=1, video_codec="libx264")
    (tmp_path / "media").mkdir()
    shutil.move(clip, tmp_path / "media" / "in.mp4")
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    program = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", program)  # where annotations of the page look for their names
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], page, "exec"), vars(program))
    assert BLOCK.search(text), "a page without code needs no test: take it out of this folder"


def test_the_program_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clip(tmp_path / "holiday.mp4", duration="16s", size=(64, 48), audio=1)
    monkeypatch.chdir(tmp_path)
    (program,) = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    exec(compile(program, "README.md", "exec"), {"__name__": "readme"})
    assert_media(tmp_path / "holiday-small.mp4", duration=5, video={"width": 640})


@pytest.mark.parametrize(("page", "tests"), [("2-first-operator", 16), ("3-first-test", 3)])
def test_the_tests_of_the_tutorial_pass(page: str, tests: int, tmp_path: Path) -> None:
    """Saved in one file, as the reader does it."""
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial" / f"{page}.md").read_text(encoding="utf-8"))
    (tmp_path / "media").mkdir()
    make_clip(tmp_path / "media" / "in.mp4", audio=1, video_codec="libx264")
    (tmp_path / "test_page.py").write_text("\n".join(blocks), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:benchmark"]
    done = subprocess.run(argv, cwd=tmp_path, env=env, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= tests
