"""`Limits`: the bounds that a job sets for itself."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Self

import attrs

from mediapipeline.errors import Problems
from mediapipeline.media.fields import Fields
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.malformed import Malformed
from mediapipeline.media.timecode import TimeValue
from mediapipeline.spec.written import read_as, seconds

__all__ = ["Limits"]


def _max_duration(value: TimeValue | None) -> Fraction | None:
    return seconds(value, "max_duration")


def _max_resolution(value: Resolution | str | None) -> Resolution | None:
    return read_as(Resolution.parse, value, "max_resolution", "bad-resolution")


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds that the job itself sets; a host may have narrower ones."""

    max_duration: Fraction | None = attrs.field(default=None, converter=_max_duration)
    """Of any output, seconds."""
    max_resolution: Resolution | None = attrs.field(default=None, converter=_max_resolution)
    """Of any output; neither side may be greater."""
    max_output_size: int | None = None
    """Of all outputs together, bytes."""
    max_memory: int | None = None
    """Of all processes together, bytes."""

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        fields = Fields.of(value, path, problems, what="limits", hint='such as {"max_duration": "2h"}')
        if fields is None:
            return None
        asked = fields.take("max_resolution")
        resolution: Resolution | None = None
        if asked is not None:
            try:
                resolution = Resolution.parse(asked)
            except Malformed as error:
                fields.bad("max_resolution", "bad-resolution", error.reason, error.hint)
        found = cls(
            max_duration=fields.duration("max_duration", gt=0),
            max_resolution=resolution,
            max_output_size=fields.byte_count("max_output_size"),
            max_memory=fields.byte_count("max_memory"),
        )
        fields.close()
        return found if fields.ok else None

    def to_dict(self) -> dict[str, Any]:
        given = {
            "max_duration": str(self.max_duration) if self.max_duration is not None else None,
            "max_resolution": str(self.max_resolution) if self.max_resolution is not None else None,
            "max_output_size": self.max_output_size,
            "max_memory": self.max_memory,
        }
        return {name: value for name, value in given.items() if value is not None}
