"""Measuring: what filters tell of a stream, and the schema by which it is read.

A filter that measures says its results on standard error; a `Measurement` is the schema by which they are read. What
depends on them is in `mediapipeline.steps.late`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from mediapipeline.steps import readings

__all__ = ["MEASURE_LOG_LEVEL", "Measurement", "Told"]

MEASURE_LOG_LEVEL = "level+info"
"""Where filters say what they measured; one step on, some say it of every frame."""

_FIELD = re.compile(r"[a-z][a-z0-9_]*")

_Form: TypeAlias = Literal["json", "summary", "lines"]


@attrs.frozen
class Told:
    """How a field of a `Measurement` is told, where that takes more than its name.

    >>> peak = Told("max_volume", by="volumedetect", reading="lines", plus=12, least=-91)

    Attributes:
        key: What it is called there.
        by: Name of the filter that tells it, of several in a row.
        reading: How it is printed, if not as the others are; see `Measurement`.
        plus: What is added to the number.
        least: The number that is printed where there is nothing to be found, or where the filter tells nothing of it:
            the field is then minus infinity. None where there is no such number.
    """

    key: str
    by: str | None = attrs.field(
        default=None, kw_only=True, validator=attrs.validators.optional(attrs.validators.matches_re(r"\w+"))
    )
    reading: _Form | None = attrs.field(default=None, kw_only=True)
    plus: float = attrs.field(default=0.0, kw_only=True, converter=float)
    least: float | None = attrs.field(default=None, kw_only=True, converter=attrs.converters.optional(float))


def _told(value: Mapping[str, str | Told]) -> dict[str, Told]:
    return {name: told if isinstance(told, Told) else Told(told) for name, told in value.items()}


@attrs.frozen(kw_only=True)
class Measurement:
    """What measuring filters tell, and how it is read.

    Attributes:
        reading: ``json``, the last object that the filter prints; ``summary``, its indented lines under headings, as
            ``ebur128`` prints them; ``lines``, lines of a name and a number, as ``volumedetect`` prints them.
        fields: Each field and what it is called there: ``{"range": "Loudness range/LRA"}``, or how it is `Told`.
    """

    reading: _Form
    fields: Mapping[str, Told] = attrs.field(converter=_told, hash=False)

    def __attrs_post_init__(self) -> None:
        wrong = [name for name in self.fields if not _FIELD.fullmatch(name)]
        if wrong or not self.fields:
            raise ValueError(f"not the fields of a measurement: {', '.join(wrong) or 'none'}")

    @property
    def tellers(self) -> frozenset[str]:
        """The names of the filters that fields are told by, as far as they say so."""
        return frozenset(told.by for told in self.fields.values() if told.by is not None)

    @property
    def untold(self) -> tuple[str, ...]:
        """The fields that do not say by which filter they are told."""
        return tuple(name for name, told in self.fields.items() if told.by is None)

    @property
    def sought(self) -> dict[str, tuple[str, str | None, str, float, float | None]]:
        """Each field as `mediapipeline.steps.readings.read` takes it: reading, filter, key, summand, least number."""
        return {
            name: (told.reading or self.reading, told.by, told.key, told.plus, told.least)
            for name, told in self.fields.items()
        }

    def read(self, stderr: str, instance: str) -> dict[str, float]:
        """The values that the filters of the instance name *instance* printed.

        Raises:
            ValueError: They did not print them.
        """
        return readings.read(instance, self.sought, stderr)
