"""JSON Schema (draft 2020-12) of job documents, for editors, for forms and for checks in other languages.

It accepts what the library loads, and refuses what is wrong with a document's structure as far as a schema can say it.
What takes knowledge of the document as a whole it leaves to the library: references, cycles, names used twice, which
settings an encoder takes. Operators are handed in as `OperatorForm`: what is installed is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mediapipeline.media.container import input_formats, output_formats
from mediapipeline.media.fields import BYTES_PATTERN
from mediapipeline.media.timecode import DURATION_PATTERN, LONGEST
from mediapipeline.params.codec_schema import audio_codec_schema, optional, video_codec_schema
from mediapipeline.params.quantities import DurationType, ResolutionType
from mediapipeline.spec.job import VERSION

__all__ = ["DIALECT", "OperatorForm", "document_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_POSITIVE: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": int(LONGEST)},
        {"type": "string", "pattern": DURATION_PATTERN},
    ]
}
_SECONDS = DurationType().schema()
_BYTES: dict[str, Any] = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**60}, {"type": "string", "pattern": BYTES_PATTERN}]
}
_NAME: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,128}$"}
_NAMES: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": _NAME["pattern"]},
    "additionalProperties": _NAME,
}
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 4096}
_POSITION: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 999}


@attrs.frozen(kw_only=True)
class OperatorForm:
    """What a schema says of an operator.

    Attributes:
        name: As jobs write it.
        summary: What it does, in a line.
        ports: Its inputs, each with the least and the greatest number of clips.
        outputs: Its output ports.
        parameters: JSON Schema of its parameters, an object.
    """

    name: str
    summary: str
    ports: Mapping[str, tuple[int, int]]
    outputs: tuple[str, ...]
    parameters: Mapping[str, Any]


def document_schema(operators: Iterable[OperatorForm]) -> dict[str, Any]:
    """The schema of a document whose operations are *operators*; where none are handed in, they may be any."""
    forms = sorted(operators, key=lambda form: form.name)
    definitions = {
        "input": _input(),
        "operation": _operation(forms),
        "output": _output(),
        "limits": _limits(),
        "videoCodec": video_codec_schema(),
        "audioCodec": audio_codec_schema(),
        **{f"op.{form.name}": {"title": form.name, "description": form.summary, **form.parameters} for form in forms},
    }
    tags = {"anyOf": [{"type": kind, key: {"type": "string"}} for kind, key in _COLLECTIONS]}
    properties = {
        "$schema": optional(_TEXT, "This schema, for editors"),
        "version": optional({"const": VERSION}, "Version of the job format"),
        "inputs": {"description": "Media that the job starts from", **_list("input", least=1)},
        "operations": optional(_list("operation"), "What is done, in any order"),
        "outputs": {"description": "Files that the job writes", **_list("output", least=1)},
        "limits": optional({"$ref": "#/$defs/limits"}, "Bounds that the job sets for itself"),
        "timeout": optional(_POSITIVE, "How long the run may take"),
        "job_id": optional(_TEXT, "Carried for the host"),
        "user_id": optional(_TEXT, "Carried for the host"),
        "tags": optional(tags, "Carried for the host"),
        "priority": optional(
            {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1, "maxLength": 128}]},
            "Carried for the host",
        ),
    }
    return {
        "$schema": DIALECT,
        "title": "mediapipeline job",
        "description": "A media job: inputs, operations on them, and the files that go out",
        **_object(properties, "inputs", "outputs"),
        "$defs": definitions,
    }


_COLLECTIONS = (("array", "items"), ("object", "additionalProperties"))


def _list(name: str, *, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, **({"minItems": least} if least else {})}


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return found | {"required": list(required)} if required else found


def _input() -> dict[str, Any]:
    position = {"anyOf": [{"type": "boolean"}, _POSITION, {"type": "array", "items": _POSITION, "uniqueItems": True}]}
    one = {"anyOf": [{"type": "boolean"}, _POSITION, {"type": "array", "items": _POSITION, "maxItems": 1}]}
    chosen = {kind: optional(one if kind == "video" else position) for kind in ("video", "audio", "subtitles")}
    none = {kind: {"enum": [False, []]} for kind in chosen}
    inert = {"properties": {kind: {"enum": [True, None]} for kind in chosen}}
    streams = {
        **_object(chosen),
        "not": {"anyOf": [{"required": list(none), "properties": none}, inert]},
    }
    properties = {
        "id": {"description": "Name of the clip", **_NAME},
        "source": {"description": "Path or URL", **_TEXT},
        "format": optional(
            {"enum": list(input_formats(others=True))}, "What to read it as, where its content does not tell"
        ),
        "streams": optional(streams, "Which of its streams are used: true, false, or positions from 0"),
        "start_offset": optional(_SECONDS, "What to leave out before the clip begins, a duration"),
        "duration": optional(_POSITIVE, "How long the clip lasts at most"),
        "type": optional({"enum": ["video", "audio", "image"]}, "What the source has to be"),
    }
    return _object(properties, "id", "source")


def _operation(forms: list[OperatorForm]) -> dict[str, Any]:
    several = {"anyOf": [{"type": "array", "items": _NAME, "minItems": 1}, _NAMES]}
    properties = {
        "op": {"description": "The operator", **_operators(forms)},
        "input": optional(_NAME, "The clip that it reads"),
        "inputs": optional(several, "The clips that it reads: a list in the order of its ports, or an object by port"),
        "output": optional(_NAME, "Name of the clip that it makes"),
        "outputs": optional(_NAMES, "Names of the clips that it makes, by port"),
        "params": optional({"type": "object"}, "Its parameters"),
    }
    either = [_one_of("input", "inputs"), _one_of("output", "outputs")]
    return {**_object(properties, "op"), "allOf": [*either, *map(_of_operator, forms)]}


def _operators(forms: list[OperatorForm]) -> dict[str, Any]:
    if not forms:
        return {"type": "string", "minLength": 1, "maxLength": 128}
    return {"enum": [form.name for form in forms]}


def _one_of(*names: str) -> dict[str, Any]:
    """Exactly one of these fields is given."""
    return {"oneOf": [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]}


def _of_operator(form: OperatorForm) -> dict[str, Any]:
    """What holds for the operations of one operator."""
    parameters: dict[str, Any] = {"$ref": f"#/$defs/op.{form.name}"}
    # Of what excludes each other, one may be needed, or none (which leaves room for an object without any).
    one_of_several = any("oneOf" in condition for condition in form.parameters.get("allOf", ()))
    needed = one_of_several or bool(form.parameters.get("required"))
    then: dict[str, Any] = {
        "description": form.summary,
        "properties": {
            "params": parameters if needed else optional(parameters),
            "inputs": {"anyOf": [_list_of_clips(form), _clips_by_port(form), {"type": "null"}]},
            "outputs": {"anyOf": [{"type": "object", "propertyNames": {"enum": list(form.outputs)}}, {"type": "null"}]},
        },
    }
    if needed:
        then["required"] = ["params"]
    least = sum(minimum for minimum, _ in form.ports.values())
    if least > 1:
        then["properties"]["input"] = {"type": "null"}
    if len(form.outputs) > 1:
        then["properties"]["output"] = {"type": "null"}
    return {"if": {"required": ["op"], "properties": {"op": {"const": form.name}}}, "then": then}


def _list_of_clips(form: OperatorForm) -> dict[str, Any]:
    if len(form.ports) == 1:
        ((least, most),) = form.ports.values()
        return {"type": "array", "minItems": least, "maxItems": most}
    if any(bounds != (1, 1) for bounds in form.ports.values()):
        return {"not": {}}
    return {"type": "array", "minItems": len(form.ports), "maxItems": len(form.ports)}


def _clips_by_port(form: OperatorForm) -> dict[str, Any]:
    if any(least > 1 for least, _ in form.ports.values()):
        return {"not": {}}
    needed = [name for name, (least, _) in form.ports.items() if least]
    return {"type": "object", "propertyNames": {"enum": list(form.ports)}, "required": needed}


def _output() -> dict[str, Any]:
    settings = {
        **_object(
            {"video": optional({"$ref": "#/$defs/videoCodec"}), "audio": optional({"$ref": "#/$defs/audioCodec"})}
        ),
        "not": {"properties": {kind: {"enum": _NOTHING} for kind in ("video", "audio")}},
    }
    tag = "^[^\\u0000-\\u001f\\u007f=;#\\\\]{1,128}$"
    text = {"type": "string", "maxLength": 65536, "pattern": "^[^\\u0000]*$"}
    metadata = {"type": "object", "propertyNames": {"pattern": tag}, "additionalProperties": text}
    properties = {
        "id": {"description": "Name of the output; without input also the clip that it writes", **_NAME},
        "destination": {"description": "Path or URL", **_TEXT},
        "input": optional(_NAME, "The clip that it writes"),
        "format": optional({"enum": list(output_formats())}, "The container, where the suffix does not tell"),
        "codec": optional(
            settings, "How it is coded; without it what is untouched is copied and the rest encoded well"
        ),
        "metadata": optional(metadata, "Tags to set; an empty text removes one"),
    }
    return _object(properties, "id", "destination")


_NOTHING = [None, "none", {"codec": "none"}]


def _limits() -> dict[str, Any]:
    properties = {
        "max_duration": optional(_POSITIVE, "Of any output, a duration"),
        "max_resolution": optional(ResolutionType().schema(), "Of any output"),
        "max_output_size": optional(_BYTES, "Of all outputs together, bytes"),
        "max_memory": optional(_BYTES, "Of all processes together, bytes"),
    }
    return _object(properties)
