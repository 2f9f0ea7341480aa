"""The seams through which a host brings its own storage: `Resolver` for what is read, `Publisher` for what is written.

FFmpeg only ever opens local files. What a job names by another scheme (``https``, ``s3``) is fetched into a file before
the media are probed and planned, and published after the outputs were verified. There is no network client here: the
protocols are implemented by packages, or by the host itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

__all__ = ["Publisher", "Resolver"]


@runtime_checkable
class Resolver(Protocol):
    """Brings sources of some schemes into local files.

    A resolver decides by itself which addresses it may reach and how much it may read; the policy has only looked at
    the scheme. It is called from one event loop, for several sources at the same time.
    """

    @property
    def schemes(self) -> frozenset[str]:
        """The schemes that it serves, lower case, without ``://``."""
        ...

    async def fetch(self, source: str, target: Path) -> None:
        """Write what *source* names to the new file *target*, whole or not at all.

        Raises:
            ExecutionError: It cannot be fetched; `retryable` says whether trying again makes sense.
        """
        ...


@runtime_checkable
class Publisher(Protocol):
    """Takes finished outputs to destinations of some schemes."""

    @property
    def schemes(self) -> frozenset[str]:
        """The schemes that it serves, lower case, without ``://``."""
        ...

    async def publish(self, path: Path, destination: str, *, overwrite: bool) -> None:
        """Store the file (or folder) at *path* under *destination*, whole or not at all.

        Raises:
            ExecutionError: It cannot be stored, or is there already and may not be overwritten.
        """
        ...
