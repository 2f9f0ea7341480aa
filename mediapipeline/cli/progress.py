"""How a run is shown while it goes on: a bar, a line now and then, or every event as JSON.

Each is a context manager that gives the callback for `Executor.run`. A bar needs a terminal and the package rich.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from mediapipeline.cli.terminal import Terminal, one_line, printable
from mediapipeline.executor.events import StepFinished, StepProgress, StepStarted

if TYPE_CHECKING:
    from mediapipeline.executor.events import Event

__all__ = ["watching"]

OnEvent: TypeAlias = "Callable[[Event], None]"

_SECONDS_BETWEEN_LINES = 1.0


def watching(kind: str, terminal: Terminal) -> AbstractContextManager[OnEvent]:
    """The display called *kind*: ``auto``, ``none`` or ``json``."""
    if kind == "json":
        return _json_lines(terminal)
    if kind == "none":
        return _nothing()
    return _bar() if _can_draw(terminal) else _lines(terminal)


def _can_draw(terminal: Terminal) -> bool:
    stream = terminal.err
    dumb = os.environ.get("TERM", "") in ("", "dumb")
    return stream is not None and stream.isatty() and not dumb and find_spec("rich") is not None


@contextmanager
def _nothing() -> Iterator[OnEvent]:
    yield lambda _: None


@contextmanager
def _json_lines(terminal: Terminal) -> Iterator[OnEvent]:
    yield lambda event: terminal.data(json.dumps(event.to_dict(), ensure_ascii=False) + "\n")


@contextmanager
def _lines(terminal: Terminal) -> Iterator[OnEvent]:
    last = time.monotonic()

    def show(event: Event) -> None:
        nonlocal last
        if isinstance(event, StepProgress) and time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            terminal.note(f"{100 * event.run_fraction:5.1f} %  {rates(event)}".rstrip())

    yield show


@contextmanager
def _bar() -> Iterator[OnEvent]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rates]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("starting", total=1.0, rates="")

        def show(event: Event) -> None:
            match event:
                case StepStarted():
                    progress.update(bar, description=printable(one_line(event.title)))
                case StepProgress():
                    progress.update(bar, completed=event.run_fraction, rates=rates(event))
                case StepFinished():
                    progress.update(bar, completed=event.run_fraction, rates="")

        yield show


def rates(event: StepProgress) -> str:
    """How fast, and how much longer, as far as it is known."""
    parts = []
    if event.fps is not None:
        parts.append(f"{event.fps:.0f} fps")
    if event.speed is not None:
        parts.append(f"{event.speed:.3g}x")
    if event.run_eta is not None:
        parts.append(f"{_clock(event.run_eta)} left")
    return "  ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
