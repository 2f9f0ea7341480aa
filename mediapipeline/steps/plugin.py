"""What runs a step of a plugin's own: the seam between the executor and the packages that bring steps along.

A step of a plugin's own (`CustomStep`) reads each of its streams once, from front to back, and writes one stream the
same way. The other ends of these pipes are FFmpeg processes that run at the same time, so nothing piles up: whoever is
too fast waits. Where an operator says that its runner opens files, and nothing is to be done to a stream before, it is
given the file instead. A `StepRunner` does the work, best in a process that it asks its `StepContext` for.

A package names its runners in the entry-point group ``mediapipeline.steps``, by the name that `CustomStep.runner` has;
what is named is called without arguments. A host may hand runners to its `Executor` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import attrs

from mediapipeline.steps.step import CustomStep

__all__ = ["ProcessOutcome", "ReaderGone", "StepContext", "StepRunner"]


class ReaderGone(Exception):
    """Raised by a runner that cannot write any more because nobody reads: it is not its fault, and maybe nobody's."""


@attrs.frozen(kw_only=True)
class ProcessOutcome:
    """How a process of a runner ended.

    Attributes:
        exit_code: Negative is the signal that ended it.
        stderr: The last 64 KiB; where there was more, the first lines that speak of an error come before them.
    """

    exit_code: int
    stderr: str


class StepContext(Protocol):
    """What a runner has of the run that it is part of."""

    @property
    def folder(self) -> Path:
        """A folder for the step alone, which goes away with the run."""
        ...

    @property
    def threads(self) -> int | None:
        """Threads to use; None is as many as the machine has cores."""
        ...

    def path(self, token: str) -> Path:
        """Where a file of the step lies.

        It is a named pipe, to be opened once and read or written from front to back, but for what `CustomStep.opened`
        says.
        """
        ...

    def progress(self, *, frame: int | None = None, out_time: Fraction | None = None) -> None:
        """Say how far the step is: frames (blocks of sound) done, seconds of media written."""
        ...

    def warn(self, text: str) -> None:
        """Tell the user, in one sentence, of something that does not stop the run."""
        ...

    def damaged(self, text: str) -> None:
        """Tell, in one sentence, of damage in a file that the runner opened itself.

        Raises:
            ExecutionError: The host takes no media that are damaged.
        """
        ...

    async def run_process(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> ProcessOutcome:
        """Run a program to its end. It ends, with all that it started, when the run does, whatever the reason.

        What it prints on standard output in the form of FFmpeg's ``-progress`` is taken for its progress.

        Args:
            argv: The program, an absolute path, and its arguments; no shell is involved.
            env: What its environment has besides the little that every process of a run is given.

        Raises:
            EngineError: It cannot be started.
            ExecutionError: It used more memory than the job allows.
        """
        ...


class StepRunner(Protocol):
    """Runs the steps of one kind. It must be possible to cancel it at every ``await``."""

    async def run(self, step: CustomStep, context: StepContext) -> None:
        """Do what *step* says.

        Streams come as NUT: pictures uncompressed in the form that the operator gave them, sound as 64-bit floats. What
        is written is NUT as well, of any codec that FFmpeg decodes, with the same times.

        An input that `CustomStep.opened` speaks of is the file of a user: nothing but that stream is to be taken of it,
        and it is to be opened as one of those formats and nothing else (FFmpeg's ``format_whitelist``, next to
        ``protocol_whitelist=file``), since formats may name other files.

        Raises:
            ExecutionError: It failed; the message is for the user.
            ReaderGone: Nobody reads what it writes any more.
        """
        ...
