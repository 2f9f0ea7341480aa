"""JSON Schema of codec settings: the names there are, and what can be said of a codec.

Which settings one encoder takes is not said in it, and is found when the document is read.
"""

from __future__ import annotations

from typing import Any

from mediapipeline.media.encoders import CODECS, ENCODERS, OTHER_NAMES, QUALITIES, Kind
from mediapipeline.media.fields import BIT_RATE_PATTERN
from mediapipeline.media.timecode import DURATION_PATTERN

__all__ = ["BIT_RATE", "NOT_OFFERED", "audio_codec_schema", "optional", "video_codec_schema"]

# Keywords that say something of one type are silent about all others: a text or a number is one schema, without anyOf,
# and whoever validates says what is wrong with the one that is there. `errorMessage` is what editors show instead of a
# pattern; where a condition speaks of a field, they are to offer it as its own declaration has it.
NOT_OFFERED: dict[str, Any] = {"doNotSuggest": True}
BIT_RATE: dict[str, Any] = {
    "type": ["string", "integer"],
    "minimum": 1,
    "maximum": 2_000_000_000,
    "pattern": BIT_RATE_PATTERN,
    "errorMessage": 'must be bits per second, such as 128000, "128k" or "2.5M"',
}
_NAME_OR_NUMBER: dict[str, Any] = {"type": ["string", "number"], "minLength": 1, "maxLength": 64}
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 64}
_GOP: dict[str, Any] = {
    "type": ["string", "number"],
    "exclusiveMinimum": 0,
    "maximum": 60,
    "pattern": DURATION_PATTERN,
    "errorMessage": 'must be a duration such as 2 or "500ms"',
}


_OF_ANY_TYPE = {"enum", "const", "not", "if", "allOf", "anyOf", "oneOf", "$ref"}
"""What a schema says of null as well; everything else is said of one type only."""


def optional(schema: dict[str, Any], description: str | None = None, *examples: Any) -> dict[str, Any]:
    """*schema* for a field that may be left out, which null does too; *examples* are what editors offer."""
    match schema:
        case {"anyOf": [*ways], **rest} if not rest:
            found: dict[str, Any] = {"anyOf": [*ways, {"type": "null"}]}
        case {"enum": [*choices], **rest} if not rest:
            found = {"enum": [*choices, None]}
        case {"type": str(kind), **rest} if not _OF_ANY_TYPE & rest.keys():
            found = {"type": [kind, "null"], **rest}
        case {"type": [*kinds], **rest} if not _OF_ANY_TYPE & rest.keys():
            found = {"type": [*kinds, "null"], **rest}
        case _:
            found = {"anyOf": [schema, {"type": "null"}]}
    found = found if description is None else {"description": description, **found}
    return {**found, "examples": list(examples)} if examples else found


def video_codec_schema() -> dict[str, Any]:
    """Of how a picture stream is to be coded."""
    properties = {
        "codec": optional(_names("video"), "A codec (a copy may satisfy it), an encoder, copy or none"),
        "crf": optional({"type": "integer"}, "Constant quality, in the numbers of the encoder", 23),
        "quality": optional({"enum": list(QUALITIES)}, "Quality, where the numbers of the encoder do not matter"),
        "bitrate": optional(BIT_RATE, "Bits per second", "2.5M"),
        "maxrate": optional(BIT_RATE, "Most bits per second", "4M"),
        "bufsize": optional(BIT_RATE, "Size in bits of the buffer that maxrate is held over", "8M"),
        "preset": optional(_NAME_OR_NUMBER, "Preset of the encoder", "medium", "veryfast", "slow"),
        "profile": optional(_TEXT, "Profile of the codec; a copy may satisfy it", "high", "main"),
        "level": optional(_NAME_OR_NUMBER, "Level of the codec", "4.1"),
        "pix_fmt": optional(_TEXT, "Pixel format, by FFmpeg's name; a copy may satisfy it", "yuv420p"),
        "gop": optional(_GOP, "Greatest distance between key frames, a duration", "2s"),
        "two_pass": optional({"type": "boolean"}, "Whether to encode twice, to meet a bitrate"),
    }
    return _codec(
        "video", properties, ("crf", "quality", "bitrate"), needs={"bufsize": "maxrate", "two_pass": "bitrate"}
    )


def audio_codec_schema() -> dict[str, Any]:
    """Of how sound is to be coded."""
    properties = {
        "codec": optional(_names("audio"), "A codec (a copy may satisfy it), an encoder, copy or none"),
        "bitrate": optional(BIT_RATE, "Bits per second", "128k"),
        "quality": optional({"enum": list(QUALITIES)}, "Quality, where the bit rate does not matter"),
        "sample_rate": optional(
            {"type": "integer", "minimum": 4000, "maximum": 384_000}, "Hz; a copy may satisfy it", 48_000, 44_100
        ),
        "channels": optional({"type": "integer", "minimum": 1, "maximum": 64}, "How many; a copy may satisfy it", 2, 1),
    }
    return _codec("audio", properties, ("bitrate", "quality"), needs={})


def _names(kind: Kind) -> dict[str, Any]:
    names = [name for name, codec in CODECS.items() if codec.kind == kind]
    names += [name for name, encoder in ENCODERS.items() if CODECS[encoder.codec].kind == kind]
    names += [name for name, meant in OTHER_NAMES.items() if meant in names]
    return {"enum": [*dict.fromkeys(names), "copy", "none"]}


def _codec(kind: Kind, properties: dict[str, Any], controls: tuple[str, ...], needs: dict[str, str]) -> dict[str, Any]:
    def given(name: str) -> dict[str, Any]:
        return {"required": [name], "properties": {name: {"not": {"type": "null"}, **NOT_OFFERED}}}

    def on(name: str) -> dict[str, Any]:
        return {"required": [name], "properties": {name: {"not": {"enum": [None, False]}, **NOT_OFFERED}}}

    pairs = [(a, b) for at, a in enumerate(controls) for b in controls[at + 1 :]]
    settings = [name for name in properties if name != "codec"]
    kept = {"required": ["codec"], "properties": {"codec": {"enum": ["copy", "none"], **NOT_OFFERED}}}
    conditions: list[dict[str, Any]] = [
        {"not": {"allOf": [given(a), given(b)]}, "errorMessage": f'"{a}" and "{b}" exclude each other'}
        for a, b in pairs
    ]
    conditions += [{"if": on(name), "then": given(other)} for name, other in needs.items()]
    none = {"not": {"anyOf": [given(name) for name in settings]}}
    conditions.append({"if": kept, "then": {**none, "errorMessage": "what is copied, or left out, takes no settings"}})
    whole = {"type": "object", "properties": properties, "additionalProperties": False, "allOf": conditions}
    return {"anyOf": [_names(kind), whole]}
