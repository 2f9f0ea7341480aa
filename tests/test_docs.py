"""The documentation is true and whole: generated pages say what the code says, the site builds without a warning."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)

PAGES = {path.relative_to(ROOT).as_posix(): text for path, text in generate.pages().items()}


@pytest.mark.parametrize("page", PAGES)
def test_generated_pages_are_up_to_date(page):
    assert (ROOT / page).read_text(encoding="utf-8") == PAGES[page], "python docs/generate.py writes it anew"


def test_every_shipped_operator_has_its_page():
    shipped = {name for name in generate.Registry.discover() if "." not in name}
    assert shipped == set(generate.EXAMPLES)


@pytest.mark.parametrize("name", sorted(set(generate.EXAMPLES) - {"hls"}))
def test_every_operator_has_a_picture(name):
    assert (ROOT / "docs/reference/operators/pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "trees")]
    folders = [str(ROOT / "docs"), str(tmp_path / "site")]
    done = subprocess.run([*command, *folders], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "JobBuilder" in (tmp_path / "site/reference/api/root.html").read_text(encoding="utf-8")
