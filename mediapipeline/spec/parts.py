"""The parts of a job: inputs, operations and outputs, each with the reader of its JSON form.

Values only. A part knows nothing of the others: whether references resolve is the graph's to say, what an operation's
parameters mean is its operator's, whether a source may be read is the policy's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, Self, TypeAlias, cast

import attrs

from mediapipeline.errors import Problems, pointer
from mediapipeline.media.codec import CodecSettings
from mediapipeline.media.container import DOCUMENTS, demuxer_for, input_formats, require_container, suffix_of
from mediapipeline.media.fields import NOT_READ, Fields, closest
from mediapipeline.media.malformed import shown
from mediapipeline.media.timecode import TimeValue
from mediapipeline.spec.foreign import beside_params, explain_operation, misplaced_parameters
from mediapipeline.spec.limits import Limits
from mediapipeline.spec.selection import StreamChoice
from mediapipeline.spec.written import form_of, items_of, mapping_of, path_text, seconds

__all__ = ["Input", "InputType", "Limits", "Operation", "Output", "Reference", "StreamChoice"]

InputType: TypeAlias = Literal["video", "audio", "image"]
_INPUT_TYPES = ("video", "audio", "image")

_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_ID_HINT = "1 to 128 letters, digits and any of _ . -"
_TAG = re.compile(r"[^\x00-\x1f\x7f=;#\\]{1,128}")
_MOST_LEGS = 10_000


def _start_offset(value: TimeValue | None) -> Fraction | None:
    return seconds(value, "start_offset")


def _duration(value: TimeValue | None) -> Fraction | None:
    return seconds(value, "duration")


def _path_text(value: str | os.PathLike[str]) -> str:
    text: str = path_text(value)
    return text


def is_clip_name(text: str) -> bool:
    """Whether a clip may be called so."""
    return _ID.fullmatch(text) is not None


def clip_name(fields: Fields, name: str, *, required: bool = True, hint: str | None = None) -> str | None:
    """A field that holds the name of a clip, or an id."""
    value = fields.text(name, required=required, longest=100_000, hint=hint)
    if value is None or _ID.fullmatch(value):
        return value
    fields.bad(name, "bad-id", f"{shown(value)} is not a name for a clip or an output", _ID_HINT)
    return None


def _streams(value: StreamChoice | Mapping[str, Any] | None) -> StreamChoice | None:
    """Lets Python write a choice as the object of its JSON form."""
    if not isinstance(value, Mapping):
        return value
    problems = Problems()
    found = StreamChoice.parse(value, "", problems)
    problems.raise_if_any()
    return found


@attrs.frozen(kw_only=True)
class Input:
    """Media that the job starts from, as a clip called `id`."""

    id: str
    source: str = attrs.field(converter=_path_text)
    """Path or URL."""
    format: str | None = None
    """What to read it as, where its content does not tell."""
    streams: StreamChoice | None = attrs.field(default=None, converter=_streams)
    start_offset: Fraction | None = attrs.field(default=None, converter=_start_offset)
    """Seconds of the source to leave out before the clip begins."""
    duration: Fraction | None = attrs.field(default=None, converter=_duration)
    """Seconds that the clip lasts at most."""
    type: InputType | None = None
    """What the source has to be; checked when it is probed."""
    at: str | None = attrs.field(default=None, eq=False, repr=False)
    """Where it stands in its document, as a JSON Pointer."""

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        hint = 'such as {"id": "in", "source": "in.mp4"}'
        fields = Fields.of(value, path, problems, what="an input", hint=hint)
        if fields is None:
            return None
        name = clip_name(fields, "id")
        source = fields.text("source", required=True)
        format_ = fields.text("format", longest=64)
        if format_ is not None and demuxer_for(format_) is None:
            near = closest(format_, input_formats())
            tip = f'did you mean "{near}"?' if near else f"known are {', '.join(input_formats())}"
            fields.bad("format", "unknown-format", f"{shown(format_)} is not a format that is read", tip)
        chosen = fields.take("streams")
        streams = StreamChoice.parse(chosen, pointer(path, "streams"), problems) if chosen is not None else None
        start_offset = fields.duration("start_offset")
        duration = fields.duration("duration", gt=0)
        type_ = cast("InputType | None", fields.choice("type", _INPUT_TYPES))
        fields.close()
        if not fields.ok or name is None or source is None or (streams is None) != (chosen is None):
            return None
        return cls(
            id=name, source=source, format=format_, streams=streams, start_offset=start_offset, duration=duration,
            type=type_, at=path,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return _given(
            id=self.id,
            source=self.source,
            format=self.format,
            streams=form_of(self.streams),
            start_offset=_time(self.start_offset),
            duration=_time(self.duration),
            type=self.type,
        )


@attrs.frozen
class Reference:
    """A clip that an operation reads or makes."""

    clip: str
    port: str | int | None
    """Name of the port, or its position where the clips are a list; None for the only one."""
    at: str
    """JSON Pointer, below the operation's own."""


def _ports(value: Sequence[str] | Mapping[str, str] | None) -> tuple[str, ...] | Mapping[str, str] | None:
    found: tuple[str, ...] | Mapping[str, str] | None = items_of(value)
    return found


def _params(value: Mapping[str, Any]) -> Mapping[str, Any]:
    found: dict[str, Any] = mapping_of(value)
    return found


@attrs.frozen(kw_only=True)
class Operation:
    """One use of an operator: the clips that it reads, the clip (or clips) that it makes, its parameters."""

    op: str
    input: str | None = None
    inputs: tuple[str, ...] | Mapping[str, str] | None = attrs.field(default=None, converter=_ports, hash=False)
    """Clips for the ports in order, or by name."""
    output: str | None = None
    outputs: Mapping[str, str] | None = attrs.field(default=None, hash=False)
    """Names of the clips that come out of the ports."""
    params: Mapping[str, Any] = attrs.field(factory=dict, converter=_params, hash=False)
    """As the document gives them; the operator's declaration says what they mean."""
    at: str | None = attrs.field(default=None, eq=False, repr=False)
    """Where it stands in its document, as a JSON Pointer."""

    @property
    def reads(self) -> tuple[Reference, ...]:
        """The clips that it reads."""
        if self.input is not None:
            return (Reference(self.input, None, "/input"),)
        if isinstance(self.inputs, Mapping):
            return tuple(Reference(clip, port, pointer("/inputs", port)) for port, clip in self.inputs.items())
        return tuple(Reference(clip, n, pointer("/inputs", n)) for n, clip in enumerate(self.inputs or ()))

    @property
    def makes(self) -> tuple[Reference, ...]:
        """The clips that it makes."""
        if self.output is not None:
            return (Reference(self.output, None, "/output"),)
        return tuple(Reference(clip, port, pointer("/outputs", port)) for port, clip in (self.outputs or {}).items())

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        hint = 'such as {"op": "trim", "input": "in", "output": "short", "params": {"start": "10s"}}'
        fields = Fields.of(value, path, problems, what="an operation", hint=hint)
        if fields is None:
            return None
        foreign = explain_operation(fields.value)
        if foreign is not None:
            fields.bad(None, *foreign.problem)
            return None
        op = fields.text("op", required=True, longest=128)
        single = clip_name(fields, "input", required=False)
        several = _clips(fields, "inputs", lists=True)
        _one_of(fields, "input", "inputs")
        made = clip_name(fields, "output", required=False)
        outputs = _clips(fields, "outputs", lists=False)
        _one_of(fields, "output", "outputs")
        params = fields.take("params")
        if params is not None and not isinstance(params, Mapping):
            fields.wrong("params", "an object", 'such as {"start": "10s"}')
        _report_unknown(fields)
        if not fields.ok or op is None:
            return None
        return cls(
            op=op, input=single, inputs=several, output=made, outputs=cast("Mapping[str, str] | None", outputs),
            params=params or {}, at=path,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return _given(
            op=self.op,
            input=self.input,
            inputs=form_of(self.inputs),
            output=self.output,
            outputs=self.outputs,
            params=mapping_of(self.params) if self.params != {} else None,
        )


def _clips(fields: Fields, name: str, *, lists: bool) -> tuple[str, ...] | dict[str, str] | None:
    """A list of clip names where these are allowed, or an object of them by port."""
    value = fields.take(name)
    if value is None:
        return None
    each: list[tuple[str | int, object]]
    if isinstance(value, Mapping):
        each = list(value.items())
    elif isinstance(value, (list, tuple)) and lists:
        each = list(enumerate(value))
    else:
        hint = f'for one, write "{name[:-1]}"' if isinstance(value, str) else None
        fields.wrong(name, "a list of clip names, or an object of them" if lists else "an object of clip names", hint)
        return None
    if not 1 <= len(each) <= _MOST_LEGS:
        fields.bad(name, "out-of-range", f"{name} holds 1 to {_MOST_LEGS} clips, not {len(each)}")
        return None
    by_name = {str(key): clip for key, clip in each}
    inner = Fields(by_name, pointer(fields.path, name), fields.problems, what=name)
    names: dict[str | int, str | None] = {}
    for key, _ in each:
        if isinstance(key, str) and not _ID.fullmatch(key):
            inner.bad(key, "bad-id", f"{shown(key)} is not a name of a port", _ID_HINT)
        else:
            names[key] = clip_name(inner, str(key))
    if not inner.ok:
        fields.ok = False
        return None
    sound = {key: clip for key, clip in names.items() if clip is not None}
    return {str(key): clip for key, clip in sound.items()} if isinstance(value, Mapping) else tuple(sound.values())


def _one_of(fields: Fields, one: str, many: str) -> None:
    given = [name for name in (one, many) if fields.value.get(name) is not None]
    if not given:
        fields.bad(one, "missing-field", f'an operation needs "{one}" or "{many}"')
    elif len(given) == 2:
        fields.bad(many, "conflicting-fields", f'"{one}" and "{many}" exclude each other')


def _report_unknown(fields: Fields) -> None:
    """Misspelt fields, and parameters that stand where fields do."""
    misplaced = misplaced_parameters(fields.value)
    if misplaced:
        fields.bad(misplaced[0], *beside_params(fields.value, misplaced).problem)
        for name in misplaced:
            fields.take(name)
    fields.close()


def _codec(value: CodecSettings | Mapping[str, Any] | None) -> CodecSettings | None:
    """Lets Python write settings as the object of their JSON form."""
    if not isinstance(value, Mapping):
        return value
    problems = Problems()
    found = CodecSettings.parse(value, "", problems)
    problems.raise_if_any()
    return found


@attrs.frozen(kw_only=True)
class Output:
    """A file that the job writes: the clip that `input` names, or else the one called `id`."""

    id: str
    destination: str = attrs.field(converter=_path_text)
    """Path or URL."""
    input: str | None = None
    format: str | None = None
    """Name of the container, where the destination does not tell."""
    codec: CodecSettings | None = attrs.field(default=None, converter=_codec)
    """None is auto: what nothing touched is copied where that is possible, the rest encoded well."""
    metadata: Mapping[str, str] | None = attrs.field(default=None, hash=False)
    """Tags to set; an empty text removes one."""
    at: str | None = attrs.field(default=None, eq=False, repr=False)
    """Where it stands in its document, as a JSON Pointer."""

    @property
    def clip(self) -> str:
        """Name of the clip that it writes."""
        return self.input if self.input is not None else self.id

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        hint = 'such as {"id": "out", "destination": "out.mp4"}'
        fields = Fields.of(value, path, problems, what="an output", hint=hint)
        if fields is None:
            return None
        name = clip_name(fields, "id")
        destination = fields.text("destination", required=True)
        clip = clip_name(fields, "input", required=False)
        format_ = fields.text("format", longest=64)
        asked = fields.take("codec")
        codec = CodecSettings.parse(asked, pointer(path, "codec"), problems) if asked is not None else None
        metadata = _tags(fields)
        fields.close()
        sound = _check_container(fields, destination, format_)
        if not (fields.ok and sound) or name is None or destination is None or (codec is None) != (asked is None):
            return None
        return cls(
            id=name, destination=destination, input=clip, format=format_, codec=codec, metadata=metadata, at=path
        )

    def to_dict(self) -> dict[str, Any]:
        return _given(
            id=self.id,
            destination=self.destination,
            input=self.input,
            format=self.format,
            codec=self.codec.to_value() if isinstance(self.codec, CodecSettings) else self.codec,
            metadata=mapping_of(self.metadata),
        )


def _check_container(fields: Fields, destination: str | None, format_: str | None) -> bool:
    """Whether format and suffix are known. Without a suffix it may be a folder: planning knows what will be written."""
    if destination is None or (format_ is None and fields.has("format")):
        return True
    if format_ is None and suffix_of(destination) in {"", *DOCUMENTS}:
        return True
    return require_container(destination, format_, fields.path, fields.problems) is not None


def _tags(fields: Fields) -> dict[str, str] | None:
    value = fields.take("metadata")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        fields.wrong("metadata", "an object of texts", 'such as {"title": "Holiday"}')
        return None
    inner = Fields(value, pointer(fields.path, "metadata"), fields.problems, what="metadata")
    for name in value:
        text = inner.take(name)
        if value[name] is NOT_READ:
            continue
        if not _TAG.fullmatch(name):
            inner.bad(name, "bad-tag", f"{shown(name)} is not a name of a tag", "1 to 128 characters, none of = ; # \\")
        elif text is None or not isinstance(text, str):
            inner.bad(name, "wrong-type", f"a tag is a text, not {shown(text)}", 'write "" to remove one')
        elif "\0" in text or len(text) > 65536:
            inner.bad(name, "bad-tag", "the text of a tag has at most 65536 characters, none of them NUL")
    if not inner.ok:
        fields.ok = False
    return dict(value)


def _time(seconds: Fraction | None) -> str | None:
    return None if seconds is None else str(seconds)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
