"""The `Prober` protocol: how the library learns the facts of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from mediapipeline.media.info import MediaInfo

__all__ = ["Prober"]


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
