"""`Gauge`: the bounds that hold for all processes of a run together, and what they use of them.

What bounds a single process is `mediapipeline.ffmpeg.watch`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mediapipeline.errors import ExecutionError, OutputError

__all__ = ["Gauge", "memory_message"]


class Gauge:
    """Holds one run to its bounds.

    Args:
        max_memory: Resident bytes of all processes together; None is no bound.
        max_output_size: Bytes of all outputs together; None is no bound.
        finals: Where the outputs are made.
    """

    def __init__(self, *, max_memory: int | None, max_output_size: int | None, finals: Iterable[Path]) -> None:
        self._max_memory = max_memory
        self._max_output_size = max_output_size
        self._finals = tuple(finals)
        self._memory: dict[str, int] = {}

    def memory(self, step: str, used: int) -> None:
        """Take note of what the process of *step* has resident; 0 when it is over.

        One that is too large by itself is for its own limits to end, which keep what it said.

        Raises:
            ExecutionError: Together with the others it is more than the job allows.
        """
        self._memory[step] = used
        together = sum(self._memory.values())
        if self._max_memory is not None and used <= self._max_memory < together:
            raise ExecutionError(memory_message(self._max_memory), step=step)

    def sizes(self, step: str | None = None) -> None:
        """Look how large the outputs are.

        Raises:
            OutputError: Together they are larger than the job allows.
        """
        if self._max_output_size is None:
            return
        together = 0
        for final in self._finals:
            try:
                together += _size(final)
            except FileNotFoundError:  # not begun
                continue
        if together > self._max_output_size:
            raise OutputError(
                f"the outputs are larger than the {self._max_output_size} bytes that the job allows (max_output_size):"
                f" {together} bytes when the run was stopped",
                step=step,
            )


def _size(final: Path) -> int:
    """Bytes of a file, or of the files in a folder."""
    if final.is_dir():
        return sum(_size(each) for each in final.iterdir())
    return final.stat().st_size


def memory_message(limit: int, *, of: str = "FFmpeg") -> str:
    """What is said where the bound is passed, by one process or by several."""
    return f"{of} needed more memory than the {limit} bytes that the job allows (max_memory)"
