"""The code of the how-to pages runs as it stands, from the first block of a page to its last."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mediapipeline.testing import make_clip

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that has a clip of a second, media/in.mp4."""
    clip = make_clip(tmp_path / "clip.mp4", audio=1, video_codec="libx264")
    (tmp_path / "media").mkdir()
    shutil.move(clip, tmp_path / "media" / "in.mp4")
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], page, "exec"), names)
    assert BLOCK.search(text), "a page without code needs no test: take it out of this folder"
