"""Plan snapshots: what a plan says of itself, held against a file that somebody has read."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from mediapipeline.ffmpeg.command import shell_words
from mediapipeline.planner.plan import ProcessingPlan

__all__ = ["PlanSnapshot", "check_golden", "plan_text"]

_MOST = 60  # lines of a difference that are shown


def plan_text(plan: ProcessingPlan) -> str:
    """What a snapshot keeps of a plan: what it explains, and the commands that it would run."""
    commands = [shell_words(argv) for argv in plan.commands()]
    return "\n".join([plan.explain().rstrip("\n"), "", "commands", "", *commands]) + "\n"


def check_golden(file: Path, text: str, *, update: bool) -> None:
    """Hold *text* against *file*, or write it there.

    Raises:
        AssertionError: They differ, with the lines that do, or there is no such file.
    """
    __tracebackhide__ = True
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    if not file.exists():
        raise AssertionError(f"{file} does not exist yet: run pytest with --update-golden, and read what it says")
    kept = file.read_text(encoding="utf-8")
    if kept != text:
        lines = list(difflib.unified_diff(kept.splitlines(), text.splitlines(), str(file), "now", lineterm="", n=2))
        more = [f"… {len(lines) - _MOST} more lines"] if len(lines) > _MOST else []
        raise AssertionError(
            "\n".join([f"it is not what {file.name} says; if it should be now: --update-golden", *lines[:_MOST], *more])
        )


class PlanSnapshot:
    """Holds the plans of one test against files beside it; the fixture ``plan_snapshot``.

    Args:
        folder: Where the files are.
        name: Of the test.
        update: Whether they are written.
    """

    def __init__(self, folder: Path, name: str, *, update: bool) -> None:
        self._folder = folder
        self._name = name
        self._update = update
        self._used: set[Path] = set()

    def __call__(self, plan: ProcessingPlan, name: str | None = None) -> None:
        """Check *plan*.

        Args:
            plan: The plan.
            name: Of the file, for tests with more than one; default, that of the test.

        Raises:
            AssertionError: It is not what the file says.
            ValueError: A file of that name has been checked in this test already.
        """
        __tracebackhide__ = True
        file = self._folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name or self._name).strip('-')}.plan.txt"
        if file in self._used:
            raise ValueError(f"{file.name} has been checked in this test already: give each snapshot a name")
        self._used.add(file)
        check_golden(file, plan_text(plan), update=self._update)
