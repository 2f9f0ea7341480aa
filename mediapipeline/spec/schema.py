"""JSON Schema (draft 2020-12) of job documents, for editors, for forms and for checks in other languages.

It accepts what the library loads, and refuses what is wrong with a document's structure as far as a schema can say it.
What takes knowledge of the document as a whole it leaves to the library: references, cycles, names used twice, which
settings an encoder takes. Operators are handed in as `OperatorForm`: what is installed is not known here.

Beside what the draft says it has the keywords that the language service of VS Code (and of the editors that use it)
reads: `errorMessage` and `doNotSuggest`. Others take them for annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mediapipeline.media.container import input_formats, output_formats
from mediapipeline.media.fields import BYTES_PATTERN
from mediapipeline.media.timecode import DURATION_PATTERN, LONGEST
from mediapipeline.params.codec_schema import NOT_OFFERED, audio_codec_schema, optional, video_codec_schema
from mediapipeline.params.quantities import DurationType, ResolutionType
from mediapipeline.spec.job import VERSION

__all__ = ["DIALECT", "OperatorForm", "document_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SECONDS = DurationType().schema()
_POSITIVE: dict[str, Any] = {
    "type": ["string", "number"],
    "exclusiveMinimum": 0,
    "maximum": int(LONGEST),
    "pattern": DURATION_PATTERN,
    "errorMessage": _SECONDS["errorMessage"],
}
_BYTES: dict[str, Any] = {
    "type": ["string", "integer"],
    "minimum": 1,
    "maximum": 2**60,
    "pattern": BYTES_PATTERN,
    "errorMessage": 'must be a number of bytes, such as 500000000, "500MB" or "2GiB"',
}
_NAME: dict[str, Any] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_.-]{1,128}$",
    "errorMessage": "must be a name: 1 to 128 letters, digits and any of _ . -",
}
_NAMES: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": _NAME["pattern"], "errorMessage": _NAME["errorMessage"]},
    "additionalProperties": _NAME,
}
_EXAMPLE: dict[str, Any] = {
    "inputs": [{"id": "in", "source": "in.mp4"}],
    "operations": [],
    "outputs": [{"id": "out", "input": "in", "destination": "out.mp4"}],
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
        example: Some of its parameters, to begin from; None where it has no example of what it needs.
    """

    name: str
    summary: str
    ports: Mapping[str, tuple[int, int]]
    outputs: tuple[str, ...]
    parameters: Mapping[str, Any]
    example: Mapping[str, Any] | None = None


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
    properties = {
        "$schema": optional(_TEXT, "This schema, for editors", "./job.schema.json"),
        "version": optional({"const": VERSION}, "Version of the job format", VERSION),
        "inputs": {
            "description": "Media that the job starts from",
            **_list("input", least=1),
            "examples": [_EXAMPLE["inputs"]],
        },
        "operations": optional(_list("operation"), "What is done, in any order"),
        "outputs": {
            "description": "Files that the job writes",
            **_list("output", least=1),
            "examples": [_EXAMPLE["outputs"]],
        },
        "limits": optional({"$ref": "#/$defs/limits"}, "Bounds that the job sets for itself", {"max_memory": "2GiB"}),
        "timeout": optional(_POSITIVE, "How long the run may take, a duration", "30m", "2h"),
        "job_id": optional(_TEXT, "Carried for the host"),
        "user_id": optional(_TEXT, "Carried for the host"),
        "tags": optional(_TAGS, "Carried for the host: a list of texts, or an object of them", ["holiday"]),
        "priority": optional(
            {"type": ["integer", "string"], "minLength": 1, "maxLength": 128}, "Carried for the host", 5, "high"
        ),
    }
    return {
        "$schema": DIALECT,
        "title": "mediapipeline job",
        "description": "A media job: inputs, operations on them, and the files that go out",
        **_object(properties, "inputs", "outputs"),
        "examples": [_EXAMPLE],
        "$defs": definitions,
    }


_TAGS = {"type": ["array", "object"], "items": {"type": "string"}, "additionalProperties": {"type": "string"}}


def _list(name: str, *, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, **({"minItems": least} if least else {})}


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return found | {"required": list(required)} if required else found


def _input() -> dict[str, Any]:
    position = {**_POSITION, "type": ["boolean", "integer", "array"], "items": _POSITION}
    one = optional({**position, "maxItems": 1}, "The picture: true, false, or the position of one, from 0", True, 0)
    which = {
        kind: optional({**position, "uniqueItems": True}, f"{what}: true, false, or positions from 0", False, [0])
        for kind, what in (("audio", "Sound tracks"), ("subtitles", "Subtitles"))
    }
    chosen = {"video": one, **which}
    none = {"required": list(chosen), "properties": {kind: {"enum": [False, []]} for kind in chosen}}
    inert = {"properties": {kind: {"enum": [True, None]} for kind in chosen}}
    streams = {
        **_object(chosen),
        "allOf": [
            {"not": none, "errorMessage": "streams leaves nothing of the input"},
            {"not": inert, "errorMessage": "streams chooses nothing: it is what happens without it"},
        ],
    }
    properties = {
        "id": {"description": "Name of the clip", **_NAME},
        "source": {"description": "Path or URL", **_TEXT, "examples": ["in.mp4"]},
        "format": optional(
            {"enum": list(input_formats(others=True))}, "What to read it as, where its content does not tell"
        ),
        "streams": optional(
            streams, "Which of its streams are used: true, false, or positions from 0", {"subtitles": False}
        ),
        "start_offset": optional(_SECONDS, "What to leave out before the clip begins, a duration", "10s", "1m30s"),
        "duration": optional(_POSITIVE, "How long the clip lasts at most, a duration", "10s", "1m30s"),
        "type": optional({"enum": ["video", "audio", "image"]}, "What the source has to be"),
    }
    return _object(properties, "id", "source")


def _operation(forms: list[OperatorForm]) -> dict[str, Any]:
    several = {**_NAMES, "type": ["array", "object"], "items": _NAME, "minItems": 1}
    properties = {
        "op": {"description": "The operator", **_operators(forms)},
        "input": optional(_NAME, "The clip that it reads", "in"),
        "inputs": optional(several, "The clips that it reads: a list in the order of its ports, or an object by port"),
        "output": optional(_NAME, "Name of the clip that it makes", "out"),
        "outputs": optional(_NAMES, "Names of the clips that it makes, by port"),
        "params": optional({"type": "object"}, "Its parameters"),
    }
    either = [*_one_of("input", "inputs"), *_one_of("output", "outputs")]
    examples = [example for example in map(_example, forms) if example is not None]
    whole = {**_object(properties, "op"), "allOf": [*either, *map(_of_operator, forms)]}
    return {**whole, "examples": examples} if examples else whole


def _operators(forms: list[OperatorForm]) -> dict[str, Any]:
    if not forms:
        return {"type": "string", "minLength": 1, "maxLength": 128}
    # Each with its own words, which an enum has no place for.
    return {"type": "string", "anyOf": [{"const": form.name, "description": form.summary} for form in forms]}


def _one_of(one: str, many: str) -> list[dict[str, Any]]:
    """Exactly one of these fields is given."""
    given = [
        {"required": [name], "properties": {name: {"not": {"type": "null"}, **NOT_OFFERED}}} for name in (one, many)
    ]
    return [{"anyOf": given}, {"not": {"allOf": given}, "errorMessage": f'"{one}" and "{many}" exclude each other'}]


def _example(form: OperatorForm) -> dict[str, Any] | None:
    """A use of the operator to begin from; None where there is no example of what it needs."""
    if form.example is None:
        return None
    found: dict[str, Any] = {"op": form.name}
    if len(form.ports) > 1 and all(bounds == (1, 1) for bounds in form.ports.values()):
        found["inputs"] = {name: name for name in form.ports}
    elif (least := sum(least for least, _ in form.ports.values())) > 1:
        found["inputs"] = ["in", *(f"in-{number}" for number in range(2, least + 1))]
    else:
        found["input"] = "in"
    found |= {"output": "out"} if len(form.outputs) == 1 else {"outputs": {name: name for name in form.outputs}}
    return found | ({"params": dict(form.example)} if form.example else {})


def _of_operator(form: OperatorForm) -> dict[str, Any]:
    """What holds for the operations of one operator."""
    parameters: dict[str, Any] = {"$ref": f"#/$defs/op.{form.name}"}
    # Of what excludes each other, one may be needed, or none (which leaves room for an object without any).
    one_of_several = any("anyOf" in condition for condition in form.parameters.get("allOf", ()))
    needed = one_of_several or bool(form.parameters.get("required"))
    then: dict[str, Any] = {
        "description": form.summary,
        "properties": {
            "params": parameters if needed else {"type": ["object", "null"], **optional(parameters)},
            "inputs": _clips(form),
            "outputs": _named(form.outputs),
        },
    }
    if needed:
        then["required"] = ["params"]
    least = sum(minimum for minimum, _ in form.ports.values())
    if least > 1:
        then["properties"]["input"] = {
            "type": "null",
            "errorMessage": f'{form.name} reads several clips: write "inputs"',
        }
    if len(form.outputs) > 1:
        then["properties"]["output"] = {
            "type": "null",
            "errorMessage": f'{form.name} makes several clips: write "outputs"',
        }
    return {"if": {"required": ["op"], "properties": {"op": {"const": form.name, **NOT_OFFERED}}}, "then": then}


def _clips(form: OperatorForm) -> dict[str, Any]:
    """The ``inputs`` of an operator: what is said of lists leaves objects alone, and the other way round."""
    kinds, found = [], dict[str, Any]()
    if len(form.ports) == 1 or all(bounds == (1, 1) for bounds in form.ports.values()):
        kinds.append("array")
        least, most = (sum(bounds[end] for bounds in form.ports.values()) for end in (0, 1))
        found |= {"minItems": least, "maxItems": most}
    if all(least <= 1 for least, _ in form.ports.values()):
        kinds.append("object")
        found |= _named(form.ports) | {"required": [name for name, (least, _) in form.ports.items() if least]}
    return found | {"type": [*kinds, "null"]}


def _named(ports: Iterable[str]) -> dict[str, Any]:
    """An object of clip names by port."""
    names = {name: {"description": f"The clip of the port {name}", **_NAME} for name in ports}
    return {"type": ["object", "null"], "properties": names, "additionalProperties": False}


def _output() -> dict[str, Any]:
    settings = {
        **_object(
            {
                "video": optional(
                    {"$ref": "#/$defs/videoCodec"}, "The picture: a codec, an encoder, or its settings", "libx264"
                ),
                "audio": optional(
                    {"$ref": "#/$defs/audioCodec"}, "The sound: a codec, an encoder, or its settings", "aac"
                ),
            }
        ),
        "not": {"properties": {kind: {"enum": _NOTHING} for kind in ("video", "audio")}},
        "errorMessage": "codec leaves nothing to write",
    }
    tag = "^[^\\u0000-\\u001f\\u007f=;#\\\\]{1,128}$"
    text = {"type": "string", "maxLength": 65536, "pattern": "^[^\\u0000]*$"}
    names = {"pattern": tag, "errorMessage": "must be 1 to 128 characters, none of = ; # \\"}
    metadata = {"type": "object", "propertyNames": names, "additionalProperties": text}
    properties = {
        "id": {"description": "Name of the output; without input also the clip that it writes", **_NAME},
        "destination": {
            "description": "Path or URL; of several files a folder: stills/",
            **_TEXT,
            "examples": ["out.mp4"],
        },
        "input": optional(_NAME, "The clip that it writes"),
        "format": optional({"enum": list(output_formats())}, "The container, where the suffix does not tell"),
        "codec": optional(
            settings,
            "How it is coded; without it what is untouched is copied and the rest encoded well",
            {"video": {"codec": "libx264", "crf": 23}, "audio": {"codec": "aac", "bitrate": "128k"}},
        ),
        "metadata": optional(metadata, "Tags to set; an empty text removes one", {"title": "Holiday"}),
    }
    return _object(properties, "id", "destination")


_NOTHING = [None, "none", {"codec": "none"}]


def _limits() -> dict[str, Any]:
    properties = {
        "max_duration": optional(_POSITIVE, "Of any output, a duration", "2h"),
        "max_resolution": optional(ResolutionType().schema(), "Of any output", "1920x1080", "4k"),
        "max_output_size": optional(_BYTES, "Of all outputs together, bytes", "500MB"),
        "max_memory": optional(_BYTES, "Of all processes together, bytes", "2GiB"),
    }
    return _object(properties)
