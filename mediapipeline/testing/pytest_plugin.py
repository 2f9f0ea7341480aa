"""The pytest plugin: what the kit offers, as fixtures. Found through the entry point group ``pytest11``.

Every run of pytest in an environment with this library imports this module, so that it imports nothing but pytest, and
takes nothing that is not its own: fixtures have names that other plugins hardly use, and the option
``--update-golden`` is declared only where it is given, so that a project that has one of that name keeps it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mediapipeline.planner.planner import Planner
    from mediapipeline.testing.dry_run import DryRunExecutor
    from mediapipeline.testing.snapshots import PlanSnapshot

__all__ = ["clip_factory", "dry_executor", "media_planner", "plan_snapshot", "updates_golden_files"]

_OPTION = "--update-golden"


@pytest.hookimpl(hookwrapper=True)  # the older form, which every pytest knows
def pytest_load_initial_conftests(args: list[str], parser: pytest.Parser) -> Iterator[None]:
    """Declare the option once every other plugin and conftest.py had its chance to."""
    yield
    if {_OPTION, "-h", "--help"}.isdisjoint(args):
        return
    try:
        parser.getgroup("mediapipeline").addoption(
            _OPTION, action="store_true", default=False, help="write golden files anew instead of comparing with them"
        )
    except (ValueError, argparse.ArgumentError):
        return  # somebody else has declared it: theirs counts, and is heeded


def updates_golden_files(config: pytest.Config) -> bool:
    """Whether this run is to write golden files anew."""
    return bool(config.getoption(_OPTION, default=config.getoption("update_golden", default=False)))


@pytest.fixture
def media_planner() -> Callable[..., Planner]:
    """``media_planner({"in.mp4": clip_info(duration="60s")})`` is a planner that needs neither files nor FFmpeg."""
    from mediapipeline.testing.planning import fake_planner

    return fake_planner


@pytest.fixture
def dry_executor() -> DryRunExecutor:
    """An executor that runs nothing, and fails where it is told to."""
    from mediapipeline.testing.dry_run import DryRunExecutor

    return DryRunExecutor()


@pytest.fixture
def clip_factory(tmp_path: Path) -> Callable[..., Path]:
    """``clip_factory("in.mp4", duration="1s", audio=1)`` makes a clip in the folder of the test; this takes FFmpeg."""
    from mediapipeline.testing.media import make_clip

    def make(name: str, **recipe: Any) -> Path:
        return make_clip(tmp_path / name, **recipe)

    return make


@pytest.fixture
def plan_snapshot(request: pytest.FixtureRequest) -> PlanSnapshot:
    """``plan_snapshot(plan)`` holds it against ``golden/<file>/<test>.plan.txt`` beside the file of the test."""
    from mediapipeline.testing.snapshots import PlanSnapshot

    folder = request.path.parent / "golden" / request.path.stem
    return PlanSnapshot(folder, request.node.name, update=updates_golden_files(request.config))
