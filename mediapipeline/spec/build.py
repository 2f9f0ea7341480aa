"""`JobBuilder`: a job written as Python calls instead of as a document. What it builds is a `JobSpec` like any other.

Values that cannot be read, a duration or the settings of a codec, are refused where they are written. Everything else
that is wrong with the job is said where jobs are planned, with the same places and words as for a document. Operators
are named, never imported: the methods of the shipped ones are in `mediapipeline.spec.fluent`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import count
from os import PathLike
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import attrs

from mediapipeline.errors import SpecError
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.fields import closest
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.timecode import Timecode, TimeValue
from mediapipeline.params.converter import unstructure
from mediapipeline.params.types import is_defined
from mediapipeline.spec.fluent import ShippedOperators
from mediapipeline.spec.job import JobSpec
from mediapipeline.spec.parts import Input, InputType, Limits, Operation, Output
from mediapipeline.spec.selection import StreamChoice
from mediapipeline.spec.written import mapping_of, path_text

if TYPE_CHECKING:
    from mediapipeline.operators.base import Operator

__all__ = ["ClipBuilder", "JobBuilder"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@attrs.define(eq=False)
class _Draft:
    """An operation, with the clips themselves where the job will have their names."""

    op: str
    inputs: tuple[ClipBuilder, ...]
    ports: tuple[str, ...] | None
    params: dict[str, Any]
    clips: dict[str | None, ClipBuilder] = attrs.field(factory=dict)


@attrs.define(eq=False, repr=False)
class ClipBuilder(ShippedOperators):
    """A clip of a job that is being built: one of its inputs, or what an operation makes.

    Every operation gives a new clip and leaves the one it was called on as it is, so a clip may go several ways::

        clip = job.input("in.mp4").trim(start="10s", duration="15s")
        clip.scale(size="720p").write("large.mp4")
        clip.scale(size="360p").write("small.mp4")
    """

    _job: JobBuilder
    _wanted: str
    """The name that it gets if no other clip has it."""
    _asked: bool = False
    """Whether the caller asked for that name, so that it is this and no other."""

    def __repr__(self) -> str:
        return f"<clip {self._wanted!r}>"

    def op(self, op: str, /, *others: ClipBuilder, **params: Any) -> ClipBuilder:
        """Use an operator by its name: of an installed package, or known only at run time.

        Args:
            op: Name of the operator.
            *others: Clips for its further ports, in order.
            **params: Its parameters, as a document or Python has them.
        """
        return self._job._add(op, (self, *others), None, params)[None]  # noqa: SLF001 - one module, two classes

    def apply(self, operator: Operator, /, *others: ClipBuilder) -> ClipBuilder:
        """Use an operator by its class, made with its parameters: ``clip.apply(Vignette(angle=1.2))``.

        Args:
            operator: With its parameters.
            *others: Clips for its further ports, in order.
        """
        given: object = operator  # types are hints only
        if not hasattr(type(given), "definition"):
            name = given.__name__ if isinstance(given, type) else None
            made = f"the class {name}: make it with its parameters, .apply({name}(…))" if name else repr(given)
            hint = "" if name else "; an operator of that name is used by .op(…)" if isinstance(given, str) else ""
            raise TypeError(f"apply() takes an operator with its parameters, not {made}{hint}")
        return self.op(operator.definition.name, *others, **unstructure(operator, omit_defaults=True))

    if not TYPE_CHECKING:  # a type checker that saw it would accept every misspelt operator

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            near = closest(name, [each for each in dir(ClipBuilder) if not each.startswith("_")])
            hint = f"did you mean {near!r}?" if near else (
                "one that does not come with the library is used by its name, "
                f".op('vendor.{name}', …), or its class, .apply({_class_name(name)}(…))"
            )  # fmt: skip
            raise AttributeError(f"a clip has no operator {name!r}: {hint}")

    def named(self, name: str) -> ClipBuilder:
        """The same clip, called *name* in the job: in what is explained, and in what is wrong with it.

        Clips that were given no name keep out of its way; two that were given the same one are a problem of the job.
        """
        self._wanted, self._asked = name, True
        return self

    def write(
        self,
        destination: str | PathLike[str],
        *,
        id: str | None = None,  # noqa: A002 - the word of the job format
        format: str | None = None,  # noqa: A002 - likewise
        video: VideoCodec | Mapping[str, Any] | str | None = None,
        audio: AudioCodec | Mapping[str, Any] | str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ClipBuilder:
        """Write the clip to a file, as one of the job's outputs.

        Args:
            destination: Path or URL.
            id: Name of the output; default, after the destination, and none that another output has.
            format: The container, where the suffix does not tell.
            video: How the picture is coded: ``"h264"``, ``{"codec": "libx264", "crf": 20}``. Where only one of *video*
                and *audio* is given, the other kind of stream is left out; with neither, what is untouched is copied
                and the rest encoded well.
            audio: How the sound is coded.
            metadata: Tags to set; an empty text removes one.

        Returns:
            The clip, which may be written again.

        Raises:
            SpecError: The codec settings are not sound.
        """
        asked = {name: value for name, value in (("video", video), ("audio", audio)) if value is not None}
        codec = {n: v.to_value() if isinstance(v, VideoCodec | AudioCodec) else v for n, v in asked.items()} or None
        self._job._write(  # noqa: SLF001 - one module, two classes
            self,
            id,
            destination=path_text(destination),
            format=format,
            codec=codec,
            metadata=mapping_of(metadata),
        )
        return self


class JobBuilder:
    """A job in the making.

    ::

        job = JobBuilder()
        clip = job.input("in.mp4").trim(start="10s", duration="15s").scale(size="1280x720")
        clip.write("out.mp4", video="libx264", audio="aac")
        plan = Planner().plan(job.build())

    It may be built at any time, and be added to after that.

    Args:
        limits: Bounds that the job sets for itself, as `Limits` or as a document has them.
        timeout: How long the run may take, a duration.
        job_id: Carried for the host, as are *user_id*, *tags* and *priority*.
        user_id: See *job_id*.
        tags: See *job_id*.
        priority: See *job_id*.
    """

    def __init__(
        self,
        *,
        limits: Limits | Mapping[str, Any] | None = None,
        timeout: TimeValue | None = None,
        job_id: str | None = None,
        user_id: str | None = None,
        tags: Iterable[str] | Mapping[str, str] | None = None,
        priority: int | str | None = None,
    ) -> None:
        self._fields: dict[str, Any] = {
            "limits": limits, "timeout": timeout, "job_id": job_id, "user_id": user_id, "tags": tags,
            "priority": priority,
        }  # fmt: skip
        self._inputs: list[tuple[ClipBuilder, Input]] = []
        self._drafts: list[_Draft] = []
        self._outputs: list[tuple[ClipBuilder, str | None, Output]] = []

    def input(
        self,
        source: str | PathLike[str],
        *,
        id: str | None = None,  # noqa: A002 - the word of the job format
        format: str | None = None,  # noqa: A002 - likewise
        streams: StreamChoice | Mapping[str, Any] | None = None,
        start_offset: TimeValue | None = None,
        duration: TimeValue | None = None,
        type: InputType | None = None,  # noqa: A002 - likewise
    ) -> ClipBuilder:
        """Media that the job starts from.

        Args:
            source: Path or URL.
            id: Name of the clip; default, after the source, and none that another clip has.
            format: What to read it as, where its content does not tell.
            streams: Which of its streams are used; default, all.
            start_offset: What to leave out before the clip begins, a duration.
            duration: How long the clip lasts at most.
            type: What the source has to be.

        Raises:
            SpecError: The choice of streams is not sound, or a duration is none.
        """
        source = path_text(source)
        clip = ClipBuilder(self, id if id is not None else _stem(source), id is not None)
        read = Input(
            id=clip._wanted,  # noqa: SLF001 - one module, two classes
            source=source, format=format, streams=streams, start_offset=start_offset, duration=duration, type=type,
        )  # fmt: skip
        self._inputs.append((clip, read))
        return clip

    def op(
        self,
        op: str,
        /,
        inputs: Mapping[str, ClipBuilder],
        outputs: Sequence[str],
        params: Mapping[str, Any] = MappingProxyType({}),
    ) -> Mapping[str, ClipBuilder]:
        """Use an operator with its ports by name: one that gives several clips, say.

        Args:
            op: Name of the operator.
            inputs: Clips by input port.
            outputs: The output ports that are wanted.
            params: Its parameters.

        Returns:
            The clips that it makes, by output port.
        """
        made = self._add(op, tuple(inputs.values()), tuple(inputs), params, outputs)
        return {port: made[port] for port in outputs}

    def build(self) -> JobSpec:
        """The job as it is now.

        Raises:
            SpecError: A limit is not sound, or the timeout is no duration.
        """
        clips = [clip for clip, _ in self._inputs] + [clip for draft in self._drafts for clip in draft.clips.values()]
        names = _Names(clip._wanted for clip in clips if clip._asked)  # noqa: SLF001 - one module, two classes
        called = {
            clip: clip._wanted if clip._asked else names.unique(clip._wanted)  # noqa: SLF001 - see above
            for clip in clips
        }
        ids = _Names(asked for _, asked, _ in self._outputs if asked is not None)
        return JobSpec(
            inputs=tuple(attrs.evolve(read, id=called[clip]) for clip, read in self._inputs),
            operations=tuple(_operation(draft, called) for draft in self._drafts),
            outputs=tuple(
                attrs.evolve(
                    written,
                    id=asked if asked is not None else ids.unique(_stem(written.destination)),
                    input=called[clip],
                )
                for clip, asked, written in self._outputs
            ),
            **self._fields,
        )

    if not TYPE_CHECKING:  # see ClipBuilder

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            if hasattr(ClipBuilder, name):
                raise AttributeError(f"a job has no {name!r}, its clips have: job.input('in.mp4').{name}(…)")
            near = closest(name, [each for each in dir(JobBuilder) if not each.startswith("_")])
            raise AttributeError(f"a job has no {name!r}" + (f": did you mean {near!r}?" if near else ""))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: the job as it is now."""
        try:
            return self.build()._repr_mimebundle_()
        except SpecError as error:  # whoever builds it gets it as an exception; a display has none
            return {"text/plain": str(error)}

    def _add(
        self,
        op: str,
        clips: Sequence[ClipBuilder],
        ports: tuple[str, ...] | None,
        params: Mapping[str, Any],
        outputs: Sequence[str | None] = (None,),
    ) -> Mapping[str | None, ClipBuilder]:
        given: Sequence[object] = clips  # types are hints only
        for clip in given:
            if not isinstance(clip, ClipBuilder):
                hint = "parameters are given by name" if not isinstance(clip, str) else f"job.input({clip!r}) makes one"
                raise TypeError(f"{op} takes clips, not {clip!r}: {hint}")
        strangers = [clip for clip in clips if clip._job is not self]  # noqa: SLF001 - see above
        if strangers:
            raise ValueError(f"{strangers[0]!r} is a clip of another job")
        draft = _Draft(op, tuple(clips), ports, _plain(params))
        for port in outputs:
            draft.clips[port] = ClipBuilder(
                self, _named_after(str(op).rpartition(".")[2] if port is None else f"{op}-{port}")
            )
        self._drafts.append(draft)
        return draft.clips

    def _write(self, clip: ClipBuilder, id: str | None, **fields: Any) -> None:  # noqa: A002 - the job format's word
        self._outputs.append((clip, id, Output(id="", **fields)))  # its names are known when all are


class _Names:
    """Gives every clip, or output, a name of its own: none of *asked*, which were asked for."""

    def __init__(self, asked: Iterable[object]) -> None:
        self._taken = {name for name in asked if isinstance(name, str)}  # any other is a problem of the job
        self._next: dict[str, Iterator[int]] = {}

    def unique(self, wanted: str) -> str:
        name = wanted
        while name in self._taken:
            name = f"{wanted[:110]}-{next(self._next.setdefault(wanted, count(2)))}"
        self._taken.add(name)
        return name


def _operation(draft: _Draft, called: Mapping[ClipBuilder, str]) -> Operation:
    read = [called[clip] for clip in draft.inputs]
    made = {port: called[clip] for port, clip in draft.clips.items()}
    fields: dict[str, Any] = {"output": made[None]} if None in made else {"outputs": made}
    if draft.ports is not None:
        fields["inputs"] = dict(zip(draft.ports, read, strict=True))
    else:
        fields |= {"input": read[0]} if len(read) == 1 else {"inputs": read}
    return Operation(op=draft.op, params=draft.params, **fields)


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _stem(path: object) -> str:
    """A name after a path or URL: its last part without the suffix. What stands in a query may be a secret."""
    if not isinstance(path, str):  # types are hints only; it is a problem of the job
        return "clip"
    if _URL.match(path):
        path = unquote(re.split(r"[?#]", path, maxsplit=1)[0])
    return _named_after(PurePath(path.rstrip("/").replace("\\", "/").rpartition("/")[2]).stem)


def _named_after(text: str) -> str:
    """*text* in the letters that names are made of."""
    return _NOT_IN_A_NAME.sub("_", text)[:100].strip("_") or "clip"


def _plain(value: Any) -> Any:
    """A parameter as a document has it, from any form that Python has for it."""
    match value:
        case Fraction() | Decimal() | Resolution() | Timecode():
            return str(value)
        case VideoCodec() | AudioCodec():
            return value.to_value()
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Enum():
            return value.value
    return unstructure(value, omit_defaults=True) if is_defined(value.__class__) else value
