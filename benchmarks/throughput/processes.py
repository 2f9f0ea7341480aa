"""Running a process and what it used: wall time, CPU time of it and its children, peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

__all__ = ["Used", "memory_of_this_process", "run"]


@attrs.frozen
class Used:
    """What a run used: seconds, seconds, bytes."""

    wall: float
    cpu: float
    memory: int


def run(argv: Sequence[str]) -> Used:
    """Run a command to its end; its output is dropped.

    Raises:
        RuntimeError: It failed.
    """
    start = time.perf_counter()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _memory(child.pid, "VmHWM"))
        time.sleep(0.002)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"exit code {child.returncode}: {' '.join(argv)}")
    return Used(wall, usage.ru_utime + usage.ru_stime, peak)


def _memory(pid: int | str, field: str) -> int:
    """A figure of a process's memory, bytes; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith(f"{field}:")), None)
    return int(line.split()[1]) * 1024 if line else 0


def memory_of_this_process(field: str) -> int:
    """``VmRSS``, the resident memory now, or ``VmHWM``, the greatest so far, bytes."""
    return _memory("self", field)
