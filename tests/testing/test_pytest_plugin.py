"""The plugin is in every run of pytest: it is of use to those who use it, and nothing to those who do not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run({"test_it.py": "..."}, "-x")`` runs pytest on files of its own, with warnings as errors."""

    def run(files: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *args],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    return run


def test_who_does_not_use_it_loads_next_to_nothing(run):
    done = run(
        {
            "test_it.py": "import sys\n"
            "def test_it():\n"
            "    assert sorted(name for name in sys.modules if name.startswith('mediapipeline')) == [\n"
            "        'mediapipeline', 'mediapipeline.testing', 'mediapipeline.testing.pytest_plugin']\n"
            "    assert {'attrs', 'cattrs', 'av', 'numpy', 'hypothesis'}.isdisjoint(sys.modules)\n"
        },
        "-p", "no:hypothesispytest", "-p", "no:benchmark",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


OWN_OPTION = """
def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="of the project")
"""
SHOWS = """
from mediapipeline.testing.pytest_plugin import updates_golden_files
def test_it(request):
    assert updates_golden_files(request.config) is {expected}
"""


@pytest.mark.parametrize("own", [{}, {"conftest.py": OWN_OPTION}], ids=["ours", "of the project"])
@pytest.mark.parametrize("given", [True, False])
def test_the_option_is_shared_with_a_project_that_has_it(run, own, given):
    done = run({**own, "test_it.py": SHOWS.format(expected=given)}, *["--update-golden"] * given)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_project_may_declare_the_option_wherever_it_likes(run):
    """A conftest.py further down is read long after the command line."""
    done = run({"a/b/conftest.py": OWN_OPTION, "a/b/test_it.py": "def test_it(): pass"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_option_is_explained(run):
    done = run({}, "--help")
    assert "write golden files anew" in done.stdout
