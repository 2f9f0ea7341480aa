"""Planning chains and trees of 100 to 10,000 operations, and importing the library.

Each figure is the best of several runs: what the work takes, without what the machine does besides.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from benchmarks.installed import environment
from mediapipeline import Planner
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.testing import FakeProber, clip_info

__all__ = ["Row", "measure"]

_SIZES = (100, 1_000, 10_000)
_CLIP = clip_info(duration="100000s", size="1920x1080", rate="25", audio=1)


@attrs.frozen
class Row:
    """One line of the report."""

    name: str
    seconds: float
    per_operation: float | None = None


def chain(operations: int) -> dict[str, Any]:
    """A job of that many operations in a row: cuts, sizes and flips, none of which does nothing."""
    kinds: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
        ("trim", lambda _: {"start": "1ms"}),
        ("scale", lambda n: {"width": 640 + 2 * (n % 100), "height": 360}),
        ("hflip", lambda _: {}),
    ]
    steps = []
    clip = "in"
    for number in range(operations):
        op, parameters = kinds[number % len(kinds)]
        steps.append({"op": op, "input": clip, "output": f"c{number}", "params": parameters(number)})
        clip = f"c{number}"
    return {
        "inputs": [{"id": "in", "source": "in.mp4"}],
        "operations": steps,
        "outputs": [{"id": "out", "input": clip, "destination": "out.mp4"}],
    }


def joined(operations: int, inputs: int = 1, *, fork: int = 64) -> dict[str, Any]:
    """A job of about that many operations: parts of *inputs* clips, in turns, joined *fork* at a time to one."""
    parts = operations * (fork - 1) // fork + 1
    names = [f"in{number}" for number in range(min(inputs, parts))]
    steps: list[dict[str, Any]] = []

    def add(op: str, params: dict[str, Any], **inputs: Any) -> str:
        name = f"c{len(steps)}"
        steps.append({"op": op, **inputs, "output": name, "params": params})
        return name

    clips = [
        add("trim", {"start": f"{7 * (number // len(names))}s", "duration": "3s"}, input=names[number % len(names)])
        for number in range(parts)
    ]
    while len(clips) > 1:
        groups = [clips[at : at + fork] for at in range(0, len(clips), fork)]
        clips = [add("concat", {}, inputs=group) if len(group) > 1 else group[0] for group in groups]
    return {
        "inputs": [{"id": name, "source": "in.mp4"} for name in names],
        "operations": steps,
        "outputs": [{"id": "out", "input": clips[0], "destination": "out.mp4"}],
    }


_SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "": chain,
    ": trims and joins": joined,
    ": trims and joins, two by two": lambda operations: joined(operations, fork=2),
    ": trims and joins of as many files": lambda operations: joined(operations, inputs=operations),
}
"""Jobs by what the report says of them."""


def _best(work: Callable[[], object], times: int) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(times))


def _import_seconds(statement: str) -> float:
    return _best(lambda: subprocess.run([sys.executable, "-c", statement], check=True, env=environment()), 9)


def measure() -> Iterator[Row]:
    """Every figure of this suite."""
    bare = _import_seconds("pass")
    yield Row("import mediapipeline, over bare Python", _import_seconds("import mediapipeline") - bare)
    everything = "from mediapipeline import Executor, JobSpec, Planner"
    yield Row("import of Planner, Executor and JobSpec, over bare Python", _import_seconds(everything) - bare)
    planner = Planner(prober=FakeProber({"in.mp4": _CLIP}), capabilities=Capabilities.assume("9.0"))
    for shape, made in _SHAPES.items():
        planner.plan(made(3))
        for size in _SIZES:
            job = made(size)
            seconds = _best(lambda job=job: planner.plan(job), 5 if size < _SIZES[-1] else 2)
            yield Row(f"planning {size:,} operations{shape}", seconds, seconds / len(job["operations"]))
