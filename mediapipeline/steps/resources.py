"""`Resources`: what a piece of work is expected to use, or did use."""

from __future__ import annotations

from fractions import Fraction

import attrs

__all__ = ["Resources"]


@attrs.frozen(kw_only=True)
class Resources:
    """An amount of work. Estimates are rough by nature; unknown is None.

    Attributes:
        cpu_seconds: CPU time over all cores.
        memory: Peak resident memory, bytes.
        disk_space: Bytes that lie on disk at the most, outputs included.
        disk_read: Bytes read.
        disk_written: Bytes written.
        duration: Wall time, seconds.
    """

    cpu_seconds: Fraction | None = None
    memory: int | None = None
    disk_space: int | None = None
    disk_read: int | None = None
    disk_written: int | None = None
    duration: Fraction | None = None

    def to_dict(self) -> dict[str, object]:
        from mediapipeline.media.values import to_dict

        return to_dict(self)
