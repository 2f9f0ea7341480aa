"""JSON Schema of codec settings: the names there are, and what can be said of a codec.

Which settings one encoder takes is not said in it, and is found when the document is read.
"""

from __future__ import annotations

from typing import Any

from mediapipeline.media.encoders import CODECS, ENCODERS, OTHER_NAMES, QUALITIES, Kind
from mediapipeline.media.fields import BIT_RATE_PATTERN
from mediapipeline.media.timecode import DURATION_PATTERN

__all__ = ["BIT_RATE", "audio_codec_schema", "optional", "video_codec_schema"]

BIT_RATE: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 2_000_000_000},
        {"type": "string", "pattern": BIT_RATE_PATTERN},
    ]
}
_NAME_OR_NUMBER: dict[str, Any] = {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 64}, {"type": "number"}]}
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 64}
_GOP: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 60},
        {"type": "string", "pattern": DURATION_PATTERN},
    ]
}


_OF_ANY_TYPE = {"enum", "const", "not", "if", "allOf", "anyOf", "oneOf", "$ref"}
"""What a schema says of null as well; everything else is said of one type only."""


def optional(schema: dict[str, Any], description: str | None = None) -> dict[str, Any]:
    """*schema* for a field that may be left out, which null does too."""
    match schema:
        case {"anyOf": [*ways], **rest} if not rest:
            found: dict[str, Any] = {"anyOf": [*ways, {"type": "null"}]}
        case {"enum": [*choices], **rest} if not rest:
            found = {"enum": [*choices, None]}
        case {"type": str(kind), **rest} if not _OF_ANY_TYPE & rest.keys():
            found = {"type": [kind, "null"], **rest}
        case _:
            found = {"anyOf": [schema, {"type": "null"}]}
    return found if description is None else {"description": description, **found}


def video_codec_schema() -> dict[str, Any]:
    """Of how a picture stream is to be coded."""
    properties = {
        "codec": optional(_names("video"), "A codec (a copy may satisfy it), an encoder, copy or none"),
        "crf": optional({"type": "integer"}, "Constant quality, in the numbers of the encoder"),
        "quality": optional({"enum": list(QUALITIES)}, "Quality, where the numbers of the encoder do not matter"),
        "bitrate": optional(BIT_RATE, "Bits per second"),
        "maxrate": optional(BIT_RATE, "Most bits per second"),
        "bufsize": optional(BIT_RATE, "Size in bits of the buffer that maxrate is held over"),
        "preset": optional(_NAME_OR_NUMBER, "Preset of the encoder"),
        "profile": optional(_TEXT, "Profile of the codec"),
        "level": optional(_NAME_OR_NUMBER, "Level of the codec"),
        "pix_fmt": optional(_TEXT, "Pixel format, by FFmpeg's name; a copy may satisfy it"),
        "gop": optional(_GOP, "Greatest distance between key frames, a duration"),
        "two_pass": optional({"type": "boolean"}, "Whether to encode twice, to meet a bitrate"),
    }
    return _codec(
        "video", properties, ("crf", "quality", "bitrate"), needs={"bufsize": "maxrate", "two_pass": "bitrate"}
    )


def audio_codec_schema() -> dict[str, Any]:
    """Of how sound is to be coded."""
    properties = {
        "codec": optional(_names("audio"), "A codec (a copy may satisfy it), an encoder, copy or none"),
        "bitrate": optional(BIT_RATE, "Bits per second"),
        "quality": optional({"enum": list(QUALITIES)}, "Quality, where the bit rate does not matter"),
        "sample_rate": optional({"type": "integer", "minimum": 4000, "maximum": 384_000}, "Hz; a copy may satisfy it"),
        "channels": optional({"type": "integer", "minimum": 1, "maximum": 64}, "How many; a copy may satisfy it"),
    }
    return _codec("audio", properties, ("bitrate", "quality"), needs={})


def _names(kind: Kind) -> dict[str, Any]:
    names = [name for name, codec in CODECS.items() if codec.kind == kind]
    names += [name for name, encoder in ENCODERS.items() if CODECS[encoder.codec].kind == kind]
    names += [name for name, meant in OTHER_NAMES.items() if meant in names]
    return {"enum": [*dict.fromkeys(names), "copy", "none"]}


def _codec(kind: Kind, properties: dict[str, Any], controls: tuple[str, ...], needs: dict[str, str]) -> dict[str, Any]:
    def given(name: str) -> dict[str, Any]:
        return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}

    def on(name: str) -> dict[str, Any]:
        return {"required": [name], "properties": {name: {"not": {"enum": [None, False]}}}}

    pairs = [(a, b) for at, a in enumerate(controls) for b in controls[at + 1 :]]
    settings = [name for name in properties if name != "codec"]
    kept = {"required": ["codec"], "properties": {"codec": {"enum": ["copy", "none"]}}}
    conditions: list[dict[str, Any]] = [{"not": {"allOf": [given(a), given(b)]}} for a, b in pairs]
    conditions += [{"if": on(name), "then": given(other)} for name, other in needs.items()]
    conditions.append({"if": kept, "then": {"not": {"anyOf": [given(name) for name in settings]}}})
    whole = {"type": "object", "properties": properties, "additionalProperties": False, "allOf": conditions}
    return {"anyOf": [_names(kind), whole]}
