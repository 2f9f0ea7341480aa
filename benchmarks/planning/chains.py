"""Planning chains of 100 to 10,000 operations, and importing the library.

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
_CLIP = clip_info(duration="100s", size="1920x1080", rate="25", audio=1)


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
    planner.plan(chain(3))
    for size in _SIZES:
        job = chain(size)
        seconds = _best(lambda job=job: planner.plan(job), 5 if size < _SIZES[-1] else 2)
        yield Row(f"planning {size:,} operations", seconds, seconds / size)
