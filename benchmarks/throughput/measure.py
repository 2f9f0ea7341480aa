"""What running something takes: wall and CPU time, memory, and when it first told of progress.

Each run is a fork of this process, in which everything is imported but nothing is known of any file: as in an
application that has run for a while and is handed a new job. Processes that it starts count with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

__all__ = ["Used", "measured"]

_EVERY = 0.03


@attrs.frozen(kw_only=True)
class Used:
    """What a run took.

    Attributes:
        wall: Seconds.
        cpu: Seconds of all processes.
        memory: Bytes resident at most in all processes that it started, as sampled, and in this one if it is Python.
        first_report: Seconds to the first report of progress; None where there was none.
        told: What else the run told.
    """

    wall: float
    cpu: float
    memory: int
    first_report: float | None
    told: dict[str, Any]


def measured(work: Callable[[], dict[str, Any]], *, python: bool) -> Used:
    """Run *work* in a fork.

    Args:
        work: What is measured. Of what it returns, ``first_report`` is the clock time of the first report.
        python: Whether Python does part of the work, so that its own memory counts.

    Raises:
        RuntimeError: It failed.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _run(work, reader, writer)
    os.close(writer)
    peak = 0
    try:
        while True:
            pid, _ = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            family = _family(child)
            peak = max(peak, sum(_resident(each) for each in (family if python else family[1:])))
            time.sleep(_EVERY)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        raise
    with os.fdopen(reader) as pipe:
        told = json.loads(pipe.read() or '{"error": "it ended without a word"}')
    if "error" in told:
        raise RuntimeError(told["error"])
    return Used(
        wall=told["wall"], cpu=told["cpu"], memory=peak, first_report=told.get("first_report"), told=told["told"]
    )


def _run(work: Callable[[], dict[str, Any]], reader: int, writer: int) -> None:
    """The child's part; does not return. A pipe takes 64 KiB before anybody reads: less is told."""
    os.close(reader)
    try:
        cpu, start = _cpu(), time.perf_counter()
        told = work()
        wall, used = time.perf_counter() - start, _cpu() - cpu
        first = told.pop("first_report", None)
        later = told.pop("later", None)  # what is worth knowing, but no part of the work
        answer = {
            "wall": wall, "cpu": used, "first_report": None if first is None else first - start,
            "told": told | (later() if later is not None else {}),
        }  # fmt: skip
    except BaseException:  # noqa: BLE001 - told to the parent, whatever it is
        answer = {"error": traceback.format_exc()[-4000:]}
    with os.fdopen(writer, "w") as pipe:
        json.dump(answer, pipe)
    os._exit(0)


def _cpu() -> float:
    both = (resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, task.read_text().split())
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):  # it is gone
        return 0
