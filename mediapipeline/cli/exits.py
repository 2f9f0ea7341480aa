"""Exit codes, and what the command line says when something failed: lines on stderr, never a traceback."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mediapipeline.cli.terminal import Terminal, one_line

if TYPE_CHECKING:
    from mediapipeline.errors import MediaPipelineError, Problem

__all__ = ["DONE", "FAILED", "INVALID", "UsageError", "report", "report_problems"]

DONE = 0
FAILED = 1
"""The job, or FFmpeg, failed."""
INVALID = 2
"""The job is wrong, or the command line is."""


class UsageError(Exception):
    """The command line asks for something that there is not; `hint` says what there is."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


def report_problems(problems: tuple[Problem, ...], terminal: Terminal, *, job: str) -> None:
    """A line for each problem, below one that counts them."""
    count = len(problems)
    terminal.note(f"{job}: {count} problem{'' if count == 1 else 's'}")
    for problem in problems:
        terminal.note(one_line(str(problem)))


def report(error: MediaPipelineError | UsageError | OSError, terminal: Terminal, *, job: str | None = None) -> int:
    """Say what went wrong.

    Returns:
        The exit code that stands for it.
    """
    from mediapipeline.errors import (
        ExecutionError,
        FFmpegFailedError,
        FFmpegNotFoundError,
        JobError,
        MediaPipelineError,
        RunCancelledError,
    )

    if isinstance(error, JobError):
        report_problems(error.problems, terminal, job=job or "the job")
        return INVALID
    if isinstance(error, RunCancelledError):
        terminal.note(f"cancelled: {error}")
        return FAILED
    terminal.note(f"error: {error}")
    if isinstance(error, UsageError):
        if error.hint is not None:
            terminal.note(f"  {error.hint}")
        return INVALID
    if isinstance(error, ExecutionError) and error.operator is not None and error.operator not in str(error):
        terminal.note(f"  operation: {error.operator}")
    if isinstance(error, FFmpegFailedError):
        terminal.note(f"  command: {shlex.join(error.argv)}")
    if isinstance(error, FFmpegNotFoundError):
        terminal.note("  `mediapipeline doctor` shows what is there.")
    if isinstance(error, MediaPipelineError) and error.retryable:
        terminal.note("  The same job may succeed when it is tried again.")
    return FAILED
