"""The plugin is in every run of pytest: it is of use to those who use it, and nothing to those who do not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mediapipeline.testing import PlanSnapshot, fake_planner

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


USES = """
from mediapipeline.testing import DryRunExecutor, assert_plan, clip_info

JOB = {{
    "inputs": [{{"id": "in", "source": "in.mp4"}}],
    "operations": [{{"op": "scale", "input": "in", "output": "out", "params": {{"width": {width}, "height": 36}}}}],
    "outputs": [{{"id": "out", "destination": "out.mp4"}}],
}}

def test_a_plan(media_planner, dry_executor, plan_snapshot):
    plan = media_planner({{"in.mp4": clip_info(duration="60s")}}).plan(JOB)
    assert_plan(plan).has_filter("scale", width={width})
    assert isinstance(dry_executor, DryRunExecutor)
    dry_executor.run(plan)
    plan_snapshot(plan)
    plan_snapshot(plan, "again / with a name")

def test_a_clip(clip_factory, tmp_path):
    assert clip_factory("in.wav", duration="0.1s") == tmp_path / "in.wav"
    assert (tmp_path / "in.wav").stat().st_size
"""


def test_fixtures_and_snapshots(run, tmp_path):
    test = {"tests/test_it.py": USES.format(width=64)}
    first = run(test)
    assert first.returncode == 1
    assert "test_a_plan.plan.txt does not exist yet: run pytest with --update-golden" in first.stdout
    assert run(test, "--update-golden").returncode == 0
    folder = tmp_path / "tests" / "golden" / "test_it"
    assert sorted(file.name for file in folder.iterdir()) == ["again-with-a-name.plan.txt", "test_a_plan.plan.txt"]
    text = (folder / "test_a_plan.plan.txt").read_text()
    assert "video: encode libx264 → h264 64x36 25 fps; not copied: changed by scale" in text
    assert "ffmpeg -hide_banner" in text
    assert str(tmp_path) not in text
    assert run(test).returncode == 0
    changed = run({"tests/test_it.py": USES.format(width=66)})
    assert changed.returncode == 1
    assert "it is not what test_a_plan.plan.txt says; if it should be now: --update-golden" in changed.stdout
    assert "-    video: encode libx264 → h264 64x36 25 fps; not copied: changed by scale" in changed.stdout
    assert "+    video: encode libx264 → h264 66x36 25 fps; not copied: changed by scale" in changed.stdout
    assert "plan_snapshot(plan)\n" in changed.stdout, "the line of the test is shown, and none of the kit's"
    assert "raise AssertionError" not in changed.stdout


def test_a_name_of_a_snapshot_is_used_once(tmp_path):
    plan = fake_planner().plan(
        {"inputs": [{"id": "in", "source": "in.mp4"}], "outputs": [{"id": "in", "destination": "out.mkv"}]}
    )
    snapshot = PlanSnapshot(tmp_path, "test_it[a/b]", update=True)
    snapshot(plan)
    assert [file.name for file in tmp_path.iterdir()] == ["test_it-a-b.plan.txt"]
    with pytest.raises(ValueError, match="checked in this test already: give each snapshot a name"):
        snapshot(plan)
