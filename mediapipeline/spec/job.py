"""`JobSpec`: what a user asks for, as a value.

It is what a document says and nothing more: that references resolve, parameters fit and media suit is found out by the
stages after it. Whatever is accepted here does something; an unknown field, or one without effect, is a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Self, TypeAlias, TypeVar

import attrs

from mediapipeline.errors import Problems
from mediapipeline.media.fields import NOT_READ, Fields
from mediapipeline.media.malformed import shown
from mediapipeline.media.timecode import TimeValue
from mediapipeline.spec.document import read
from mediapipeline.spec.foreign import explain_field, rewritten
from mediapipeline.spec.parts import (
    Input,
    InputType,
    Limits,
    Operation,
    Output,
    Reference,
    StreamChoice,
    is_clip_name,
)
from mediapipeline.spec.written import form_of, items_of, seconds

__all__ = [
    "VERSION",
    "Input",
    "InputType",
    "JobSpec",
    "Limits",
    "Loaded",
    "Operation",
    "Output",
    "Reference",
    "StreamChoice",
]

VERSION = 1
"""The version of the job format, which changes only where a document would mean something else."""

_Part: TypeAlias = Input | Operation | Output
_T = TypeVar("_T", Input, Operation, Output)


def _timeout(value: TimeValue | None) -> Fraction | None:
    return seconds(value, "timeout")


def _inputs(parts: Iterable[Input]) -> tuple[Input, ...]:
    found: tuple[Input, ...] = items_of(parts)
    return found


def _operations(parts: Iterable[Operation]) -> tuple[Operation, ...]:
    found: tuple[Operation, ...] = items_of(parts)
    return found


def _outputs(parts: Iterable[Output]) -> tuple[Output, ...]:
    found: tuple[Output, ...] = items_of(parts)
    return found


def _limits(value: Limits | Mapping[str, Any] | None) -> Limits | None:
    """Lets Python write limits as the object of their JSON form."""
    if not isinstance(value, Mapping):
        return value
    problems = Problems()
    found = Limits.parse(value, "", problems)
    problems.raise_if_any()
    return found


def _labels(value: Iterable[str] | Mapping[str, str] | None) -> tuple[str, ...] | Mapping[str, str] | None:
    found: tuple[str, ...] | Mapping[str, str] | None = items_of(value)
    return found


@attrs.frozen(kw_only=True)
class JobSpec:
    """A job: clips that come in, operations on them, files that go out."""

    inputs: tuple[Input, ...] = attrs.field(default=(), converter=_inputs)
    operations: tuple[Operation, ...] = attrs.field(default=(), converter=_operations)
    outputs: tuple[Output, ...] = attrs.field(default=(), converter=_outputs)
    limits: Limits | None = attrs.field(default=None, converter=_limits)
    timeout: Fraction | None = attrs.field(default=None, converter=_timeout)
    """Seconds that the run may take."""
    job_id: str | None = None
    """Carried for the host, as are `user_id`, `tags` and `priority`."""
    user_id: str | None = None
    tags: tuple[str, ...] | Mapping[str, str] | None = attrs.field(default=None, converter=_labels, hash=False)
    priority: int | str | None = None
    version: int = VERSION
    schema: str | None = attrs.field(default=None, eq=False, repr=False)
    """The document's ``$schema``, which editors look at and nobody else."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form: a document that loads as an equal job.

        Raises:
            SpecError: A parameter holds a Python value that has no form in JSON.
        """
        problems = Problems()
        value: dict[str, Any] = read(_document(self), problems)
        problems.raise_if_any()
        return value

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The job that a document says.

        Raises:
            SpecError: With all that is wrong with its structure.
        """
        return cls._whole(data)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The job that the text of a document says.

        Raises:
            SpecError: With all that is wrong with its structure.
        """
        return cls._whole(text)

    @classmethod
    def _whole(cls, document: str | bytes | Mapping[str, Any]) -> Self:
        problems = Problems()
        loaded = cls.parse(document, problems)
        problems.raise_if_any()
        assert isinstance(loaded.spec, cls)
        return loaded.spec

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: a drawing of its clips."""
        from mediapipeline.spec.show import mimebundle

        return mimebundle(self)

    @classmethod
    def parse(cls, document: str | bytes | Mapping[str, Any] | JobSpec, problems: Problems) -> Loaded:
        """As much of a job as *document* soundly says, with everything else reported."""
        found = Problems()
        value = read(_document(document) if isinstance(document, JobSpec) else document, found)
        not_read = {p.path for p in found}
        problems.extend(found)
        fields = Fields.of(value, "", problems, what="the document", hint='such as {"inputs": […], "outputs": […]}')
        if fields is None:
            return Loaded(spec=None, complete=False)
        return _Reader(fields, problems, not_read).job(cls)


def _explained(name: str) -> tuple[str, str, str] | None:
    found = explain_field(name)
    return None if found is None else found.problem


def _document(spec: JobSpec) -> dict[str, Any]:
    """The document of a job, as it stands: not yet held to be JSON."""
    carried = {
        "timeout": str(spec.timeout) if spec.timeout is not None else None,
        "limits": form_of(spec.limits),
        "job_id": spec.job_id,
        "user_id": spec.user_id,
        "tags": form_of(spec.tags),
        "priority": spec.priority,
    }
    return {
        **({"$schema": spec.schema} if spec.schema is not None else {}),
        "version": spec.version,
        "inputs": form_of(spec.inputs),
        "operations": form_of(spec.operations),
        "outputs": form_of(spec.outputs),
        **{name: value for name, value in carried.items() if value is not None},
    }


@attrs.frozen(kw_only=True)
class Loaded:
    """What could be read of a document.

    Attributes:
        spec: The job without its broken parts; None where there is nothing at all.
        lost: Names of clips that broken parts would have given.
        complete: Whether nothing is missing in `spec`. If not, that something is unused says nothing.
    """

    spec: JobSpec | None
    lost: frozenset[str] = frozenset()
    complete: bool
    nameless: bool = False
    """Whether a broken part would have given a clip of unknown name."""
    written: tuple[Reference, ...] = ()
    """The clips that broken outputs would have written, each at the JSON Pointer where it is named."""

    def excuses(self, clip: str) -> bool:
        """Whether a reference to *clip* may be unresolved only because the part that gives it is broken."""
        return self.nameless or clip in self.lost


class _Reader:
    """Reads the fields of a document."""

    def __init__(self, fields: Fields, problems: Problems, not_read: set[str]) -> None:
        self.fields = fields
        self.problems = problems
        self.complete = not not_read
        self.nameless = False
        self.lost: set[str] = set()
        self.written: list[Reference] = []
        # Parts that hold something that is no JSON are reported, but not kept.
        self.not_read = {"/".join(path.split("/")[:3]) for path in not_read}

    def job(self, cls: type[JobSpec]) -> Loaded:
        fields = self.fields
        if "spec" in fields.value and "outputs" not in fields.value:
            inner = fields.value["spec"]
            hint = f"write {rewritten(inner)}" if isinstance(inner, Mapping) else "write the job itself"
            fields.bad("spec", "wrapped-job", "the job is the document itself, without a field around it", hint)
            return Loaded(spec=None, complete=False, nameless=True)
        inputs = self.parts("inputs", Input, required=True)
        operations = self.parts("operations", Operation, required=False)
        outputs = self.parts("outputs", Output, required=True)
        inputs, operations = self.name_clips(inputs, operations)
        spec = cls(
            inputs=inputs,
            operations=operations,
            outputs=self.distinct_outputs(outputs),
            limits=self.limits(),
            timeout=fields.duration("timeout", gt=0),
            job_id=fields.text("job_id"),
            user_id=fields.text("user_id"),
            tags=self.tags(),
            priority=self.priority(),
            version=self.version(),
            schema=fields.text("$schema"),
        )
        fields.close(_explained)
        complete = self.complete and fields.ok
        return Loaded(
            spec=spec, lost=frozenset(self.lost), complete=complete, nameless=self.nameless, written=tuple(self.written)
        )

    def parts(self, name: str, cls: type[_T], *, required: bool) -> list[_T]:
        value = self.fields.take(name, required=required)
        if value is None:
            self.nameless |= name in self.fields.value or (required and name == "inputs")
            return []
        if not isinstance(value, list):
            self.fields.wrong(name, "a list")
            self.nameless = True
            return []
        if required and not value:
            self.fields.bad(name, "empty", f"a job has at least one of {name}")
        found: list[_T] = []
        for n, item in enumerate(value):
            path = f"/{name}/{n}"
            part = cls.parse(item, path, self.problems)
            if part is None or path in self.not_read:
                self.lose(cls, item, path)
            else:
                found.append(part)
        return found

    def lose(self, cls: type[_Part], item: object, path: str) -> None:
        """Remember the clips that a broken part would have given, or written."""
        self.complete = False
        if cls is Output:
            field = "input" if isinstance(item, Mapping) and item.get("input") is not None else "id"
            clip = item.get(field) if isinstance(item, Mapping) else None
            if isinstance(clip, str) and is_clip_name(clip):
                self.written.append(Reference(clip=clip, port=None, at=f"{path}/{field}"))
            return
        named: list[object] = []
        if isinstance(item, Mapping):
            named = [item.get("id")] if cls is Input else [item.get("output")]
            outputs = item.get("outputs")
            if cls is Operation and isinstance(outputs, Mapping):
                named = list(outputs.values())
        self.lost.update(name for name in named if isinstance(name, str))
        self.nameless |= not named or any(name is None or name is NOT_READ for name in named)

    def name_clips(self, inputs: list[Input], operations: list[Operation]) -> tuple[list[Input], list[Operation]]:
        """The parts whose clips have names of their own."""
        first: dict[str, str] = {}

        def is_new(name: str, path: str) -> bool:
            before = first.setdefault(name, path)
            if before == path:
                return True
            self.complete = False
            hint = "inputs and what operations make share one set of names"
            self.problems.add(path, "duplicate-name", f"{shown(name)} is the name of another clip, {before}", hint)
            return False

        kept = [part for part in inputs if is_new(part.id, f"{part.at}/id")]
        made = []
        for part in operations:
            again = [clip.clip for clip in part.makes if not is_new(clip.clip, f"{part.at}{clip.at}")]
            if again:
                self.lost.update(clip.clip for clip in part.makes)
            else:
                made.append(part)
        return kept, made

    def distinct_outputs(self, outputs: list[Output]) -> list[Output]:
        first: dict[str, Output] = {}
        for output in outputs:
            before = first.setdefault(output.id, output)
            if before is not output:
                self.complete = False
                message = f"{shown(output.id)} is the id of another output, {before.at}"
                hint = 'one clip may be written many times: give each output its own id, and the clip as "input"'
                self.problems.add(f"{output.at}/id", "duplicate-id", message, hint)
        return list(first.values())

    def limits(self) -> Limits | None:
        value = self.fields.take("limits")
        found = Limits.parse(value, "/limits", self.problems) if value is not None else None
        self.complete &= (found is None) == (value is None)
        return found

    def version(self) -> int:
        value = self.fields.take("version")
        if value is not None and (isinstance(value, bool) or value != VERSION or not isinstance(value, int)):
            message = f"version {shown(value)} of the job format is not known"
            self.fields.bad("version", "unsupported-version", message, f"write {VERSION}, or leave it out")
        return VERSION

    def priority(self) -> int | str | None:
        if isinstance(self.fields.value.get("priority"), str):
            return self.fields.text("priority", longest=128)
        return self.fields.integer("priority")

    def tags(self) -> tuple[str, ...] | dict[str, str] | None:
        value = self.fields.take("tags")
        if value is None:
            return None
        if not isinstance(value, (list, Mapping)):
            self.fields.wrong("tags", "a list of texts, or an object of them")
            return None
        each = dict(value) if isinstance(value, Mapping) else {str(n): text for n, text in enumerate(value)}
        inner = Fields(each, "/tags", self.problems, what="tags")
        texts = {name: inner.take(name) for name in each}
        for name, text in texts.items():
            if not isinstance(text, str) and each[name] is not NOT_READ:
                inner.bad(name, "wrong-type", f"a tag is a text, not {shown(text)}")
        if not inner.ok:
            self.complete = False
            return None
        return texts if isinstance(value, Mapping) else tuple(texts.values())
