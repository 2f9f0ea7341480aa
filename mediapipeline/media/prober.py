"""The `Prober` protocol: how the library learns the facts of a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from mediapipeline.media.info import MediaInfo

__all__ = ["ManyProber", "Prober"]


@runtime_checkable
class Prober(Protocol):
    """Reads the facts of a media file.

    Implementations are safe to call from several threads.
    """

    def probe(self, path: Path) -> MediaInfo:
        """The facts of the file at *path*.

        Raises:
            ProbeError: The file is missing, unreadable or not media.
        """
        ...


@runtime_checkable
class ManyProber(Protocol):
    """What a `Prober` may do besides: get to know several files at the same time."""

    def probe_ahead(self, paths: Iterable[Path]) -> None:
        """Probe *paths*, which will be asked for one by one. What is wrong with one of them is said then."""
        ...
