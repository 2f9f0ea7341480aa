"""What reading codec settings takes: names, numbers and what excludes what, and what one encoder does not take.

Shared by the settings of pictures and of sound in `mediapipeline.media.codec`. Every mistake becomes a problem here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.errors import Problems, pointer
from mediapipeline.media.encoders import CODECS, Encoder, Kind, codec_names, resolve, similar
from mediapipeline.media.fields import Fields, closest
from mediapipeline.media.malformed import shown

__all__ = ["EncoderLimits", "codec_name", "name_or_number", "refuse_inert", "refuse_two_controls", "settings_value"]

_KEPT = {"copy": "is copied as it is", "none": "is left out"}


class EncoderLimits:
    """Reports what one encoder does not take."""

    def __init__(self, encoder: Encoder, path: str, problems: Problems) -> None:
        self.encoder = encoder
        self.path = path
        self.problems = problems
        self.ok = True

    def bad(self, name: str, code: str, message: str, hint: str | None = None) -> None:
        self.ok = False
        self.problems.add(pointer(self.path, name), code, message, hint)

    def refuse(self, name: str, hint: str | None = None) -> None:
        self.bad(name, "setting-not-supported", f"{self.encoder.name} has no {name}", hint)

    def within(self, name: str, value: int, bounds: tuple[int, int]) -> None:
        if not bounds[0] <= value <= bounds[1]:
            text = f"{name} of {self.encoder.name} is {bounds[0]} to {bounds[1]}, not {shown(value)}"
            self.bad(name, "out-of-range", text)

    def bit_rate(self, name: str, value: int) -> None:
        encoder = self.encoder
        if encoder.bit_rates is None:
            self.refuse(name)
        elif encoder.bit_rate_list and value not in encoder.bit_rate_list:
            near = encoder.bit_rate(value)
            known = ", ".join(map(str, encoder.bit_rate_list))
            self.bad(name, "out-of-range", f"{encoder.name} takes {known} bit/s, not {value}", f"nearest is {near}")
        else:
            self.within(name, value, encoder.bit_rates)

    def one_of(self, name: str, value: str | None, known: tuple[str, ...]) -> None:
        if value is None or value in known:
            return
        if not known:
            self.refuse(name)
            return
        near = closest(value, known)
        hint = f'did you mean "{near}"?' if near else None
        text = f"{name} of {self.encoder.name} is one of {', '.join(known)}, not {shown(value)}"
        self.bad(name, "not-allowed", text, hint)


def codec_name(fields: Fields, kind: Kind, path: str, problems: Problems) -> str | None:
    """The name under ``codec``, reported at *path*, which is the object itself where only the name was written."""
    name = fields.take("codec")
    if name is None:
        return None
    if not isinstance(name, str):
        fields.wrong("codec", "the name of a codec or an encoder")
        return None
    if name in _KEPT:
        return name
    found = resolve(name)
    if found is None:
        near = similar(name, kind)
        hint = f'did you mean "{near}"?' if near else f"known are {', '.join(codec_names(kind))}, copy, none"
        problems.add(path, "unknown-codec", f"there is no {kind} codec or encoder {shown(name)}", hint)
    elif (other := CODECS[found[0]].kind) != kind:
        problems.add(path, "wrong-codec-kind", f"{name} is a codec of {other}, not of {kind}")
    else:
        return name
    fields.ok = False
    return None


def name_or_number(fields: Fields, name: str) -> str | None:
    """Presets and levels are names; where these look like numbers, numbers are taken too."""
    value = fields.value.get(name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        fields.take(name)
        return shown(value)
    return fields.text(name, longest=64)


def refuse_inert(fields: Fields, codec: str | None, given: list[str]) -> None:
    """Report settings of a stream that is not coded."""
    if codec in _KEPT:
        for name in given:
            fields.bad(name, "inert-setting", f"{name} does nothing: the stream {_KEPT[codec]}")


def refuse_two_controls(fields: Fields, given: list[str]) -> None:
    """Report all but the first of settings that say the same thing."""
    if len(given) > 1:
        for name in given[1:]:
            fields.bad(name, "conflicting-settings", f"{name} and {given[0]} exclude each other", "give one of them")


def settings_value(settings: Any) -> Any:
    """The JSON form of settings: the name where there is nothing else, otherwise an object."""
    given = {f.name: v for f in attrs.fields(type(settings)) if (v := getattr(settings, f.name)) is not None}
    if list(given) == ["codec"] and isinstance(given["codec"], str):
        return given["codec"]
    return {name: str(value) if isinstance(value, Fraction) else value for name, value in given.items()}
