"""Is a process still alive in the sense that matters, and within its limits?

The judgement is pure, of times and numbers handed in; `read_proc` is where the numbers come from on Linux. Nothing here
starts, signals or waits for a process.
"""

from __future__ import annotations

import os
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from mediapipeline.ffmpeg.progress import Progress

__all__ = ["Ended", "ProcessLimits", "Sample", "Watch", "read_proc"]

Ended: TypeAlias = Literal["exit", "timeout", "stalled", "memory"]
"""What ended a process: itself (be it by a crash), or one of its limits."""

# A hung FFmpeg of any version used not one tick in 12 s; what wakes up now and then for nothing uses less than this.
_IDLE_SHARE = 0.005
_MEMORY = re.compile(rb"^(VmHWM|VmRSS):\s*(\d+) kB$", re.MULTILINE)


@attrs.frozen(kw_only=True)
class ProcessLimits:
    """When to end a process. None is no limit; times are seconds.

    `startup`, `stall` and `memory` need ``/proc``. Elsewhere they never strike: without the CPU time used, a run that
    is busy and silent (`reverse` reports nothing until its input ends) looks like one that hangs.
    """

    timeout: Fraction | float | None = None
    """For the whole run."""
    startup: Fraction | float | None = None
    """Without a sign of life before anything has been produced (opening inputs); `stall` where None."""
    stall: Fraction | float | None = None
    """Without a sign of life: no CPU time used *and* no growth of frames, output time or output size."""
    memory: int | None = None
    """Bytes of resident memory. Watched, hence passed for a moment before it is enforced."""
    grace: Fraction | float = 2.0
    """From the request to end (SIGTERM) to the end by force (SIGKILL)."""


@attrs.frozen(kw_only=True)
class Sample:
    """A process as it runs."""

    wall_seconds: float
    cpu_seconds: float
    """User and system time, of children that it waited for too."""
    memory: int | None
    """Resident bytes now."""
    peak_memory: int | None
    """Resident bytes at most, so far."""


class Watch:
    """Judges one process by what is seen of it, look by look."""

    def __init__(self, limits: ProcessLimits) -> None:
        self._limits = limits
        self._last_sign = 0.0
        self._cpu_then = 0.0
        self._produced = (0, 0, Fraction(0))

    def next_look(self, elapsed: float) -> float:
        """Seconds until `judge` should be asked again."""
        interval = 0.05 if elapsed < 1 else 0.2
        if self._limits.timeout is not None:
            interval = min(interval, max(float(self._limits.timeout) - elapsed, 0.0))
        return interval

    def judge(self, elapsed: float, sample: Sample | None, progress: Progress | None) -> Ended | None:
        """Which limit is passed *elapsed* seconds after the start, if any."""
        limits = self._limits
        if limits.timeout is not None and elapsed >= limits.timeout:
            return "timeout"
        if sample is None:
            return None
        if limits.memory is not None and max(sample.memory or 0, sample.peak_memory or 0) > limits.memory:
            return "memory"
        return self._idle(elapsed, sample.cpu_seconds, progress)

    def _idle(self, elapsed: float, cpu: float, progress: Progress | None) -> Ended | None:
        produced = self._produced
        if progress is not None:  # it may report the same for ever, and less than before
            now = (progress.frame or 0, progress.total_size or 0, progress.out_time or Fraction(0))
            produced = (max(now[0], produced[0]), max(now[1], produced[1]), max(now[2], produced[2]))
        idle = elapsed - self._last_sign
        if produced != self._produced or cpu - self._cpu_then > _IDLE_SHARE * idle:
            self._last_sign, self._cpu_then, self._produced = elapsed, cpu, produced
            return None
        limit = self._limits.stall
        if not any(produced) and self._limits.startup is not None:
            limit = self._limits.startup
        return "stalled" if limit is not None and idle >= limit else None


def read_proc(pid: int) -> tuple[float, int | None, int | None] | None:
    """CPU seconds, resident bytes and their peak; None where there is no saying."""
    if sys.platform != "linux":
        return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold anything, blanks and parentheses too. After it: state, …, then as the 12th to
    # 15th the user and system time of the process and of its children.
    fields = stat[stat.rindex(b")") + 2 :].split()
    sizes = {name: int(size) * 1024 for name, size in _MEMORY.findall(status)}
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK"), sizes.get(b"VmRSS"), sizes.get(b"VmHWM")
