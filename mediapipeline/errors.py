"""Every error that the library raises, in one tree.

::

    MediaPipelineError                 .retryable, .to_dict()
    ├ JobError                         .problems: all that is wrong with a job, at once
    │ ├ SpecError                      structure, parameters, unknown operators
    │ ├ GraphError                     cycles, unresolved references
    │ ├ SourceNotAllowedError          an input or a destination that the policy refuses
    │ └ PlanningError                  media that do not fit, limits, missing FFmpeg features
    ├ PluginError                      names the distribution and the entry point
    │ ├ PluginLoadError
    │ └ PluginContractError
    ├ RuleError                        names the optimiser rule
    ├ EngineError
    │ ├ FFmpegNotFoundError            where it was looked for, how to get it
    │ └ ProbeError
    ├ ExecutionError
    │ ├ FFmpegFailedError              operator, argv, exit code, stderr tail, cause
    │ ├ StepTimeoutError
    │ ├ StalledError
    │ ├ RunCancelledError
    │ └ OutputError                    missing, empty, truncated, not what was planned
    └ JobStoreError                    records of jobs, not the jobs themselves
      ├ JobNotFoundError
      ├ JobExistsError
      ├ VersionConflictError           somebody else changed the record in the meantime
      └ TransitionError                from this state a job does not get into that one

Catch `JobError` for mistakes of whoever wrote the job, `ExecutionError` for what happened while it ran, and
`MediaPipelineError` for everything. This module imports nothing else of the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeAlias

import attrs

__all__ = [
    "EngineError",
    "ExecutionError",
    "FFmpegFailedError",
    "FFmpegNotFoundError",
    "GraphError",
    "JobError",
    "JobExistsError",
    "JobNotFoundError",
    "JobStoreError",
    "MediaPipelineError",
    "OutputError",
    "PlanningError",
    "PluginContractError",
    "PluginError",
    "PluginLoadError",
    "ProbeError",
    "Problem",
    "ProblemKind",
    "Problems",
    "RuleError",
    "RunCancelledError",
    "SourceNotAllowedError",
    "SpecError",
    "StalledError",
    "StepTimeoutError",
    "TransitionError",
    "VersionConflictError",
    "pointer",
]

ProblemKind: TypeAlias = Literal["spec", "graph", "source", "planning"]
"""Which part of a job a problem belongs to; it selects the class of the `JobError`."""


def _taken(data: Any, name: str, *kinds: type | None) -> Any:
    """A member of the JSON form of an error or a problem, as it stands."""
    if not isinstance(data, Mapping):
        raise ValueError(f"an object is expected, not {data!r}")
    value = data.get(name)
    if (None if value is None else type(value)) not in kinds:
        raise ValueError(f"the {name} of an error or a problem can't be {value!r}")
    return value


def _texts(data: Any, name: str) -> tuple[str, ...]:
    found = _taken(data, name, list)
    if not all(isinstance(text, str) for text in found):
        raise ValueError(f"the {name} of an error must be texts, not {found!r}")
    return tuple(found)


def pointer(base: str, *parts: str | int) -> str:
    """The JSON Pointer (RFC 6901) of something below *base*.

    >>> pointer("/operations/1", "params", "a/b")
    '/operations/1/params/a~1b'
    """
    return base + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


@attrs.frozen
class Problem:
    """One thing that is wrong with a job.

    Attributes:
        path: JSON Pointer (RFC 6901) into the job document; ``""`` is the whole document.
        code: Kebab-case name of the kind of problem; an anchor in the documentation.
        message: What is wrong, in one sentence.
        hint: What to do about it, or None.
        kind: The part of the job it belongs to. Not part of the JSON form.
    """

    path: str
    code: str
    message: str
    hint: str | None = None
    kind: ProblemKind = attrs.field(default="spec", eq=False, repr=False)

    def __str__(self) -> str:
        where = self.path or "(the document)"
        tail = f" — {self.hint}" if self.hint else ""
        return f"{where}: {self.message}{tail} [{self.code}]"

    def to_dict(self) -> dict[str, Any]:
        return {"path": self.path, "code": self.code, "message": self.message, "hint": self.hint}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Problem:
        """The problem that `to_dict` wrote.

        Raises:
            ValueError: The data are not a problem.
        """
        path, code, message = (_taken(data, name, str) for name in ("path", "code", "message"))
        return cls(path, code, message, _taken(data, "hint", str, None))


class Problems:
    """Collects problems while a job is read, so that all of them are reported at once."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}  # ordered, each once

    def add(self, path: str, code: str, message: str, hint: str | None = None, *, kind: ProblemKind = "spec") -> None:
        self._found.setdefault(Problem(path, code, message, hint, kind))

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._found.setdefault(problem)

    def under(self, path: str) -> bool:
        """Whether anything at or below *path* is wrong already."""
        return any(p.path == path or p.path.startswith(path + "/") for p in self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raise the `JobError` that fits, with everything that was found."""
        if self._found:
            raise JobError.of(self)


class MediaPipelineError(Exception):
    """Base of every error of the library."""

    retryable: bool = False
    """Whether the same job may succeed when it is tried again unchanged."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form: the class name, the message and whether a retry makes sense."""
        return {"type": type(self).__name__, "message": str(self), "retryable": self.retryable}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> MediaPipelineError:
        """The error that `to_dict` wrote, of the same class where the class is known here.

        Raises:
            ValueError: The data are not an error.
        """
        match data:
            case {"type": str(name), "message": str(message), "retryable": bool(retryable)}:
                cls = _classes(MediaPipelineError).get(name, MediaPipelineError)
            case _:
                raise ValueError(f"not the JSON form of an error: {data!r}")
        error = cls.__new__(cls)
        Exception.__init__(error, message)
        error.retryable = retryable
        error._restore(data)  # noqa: SLF001 - of a class of this tree
        return error

    def _restore(self, data: Mapping[str, Any]) -> None:
        """Set the attributes of a subclass from its JSON form."""


def _classes(root: type[MediaPipelineError]) -> dict[str, type[MediaPipelineError]]:
    found = {root.__name__: root}
    for sub in root.__subclasses__():
        found.update(_classes(sub))
    return found


class JobError(MediaPipelineError):
    """The job cannot be done as it is written; `problems` lists everything that is wrong with it."""

    kind: ClassVar[ProblemKind | None] = None
    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head} in the job:", *(f"  {p}" for p in self.problems)]))

    @staticmethod
    def of(problems: Iterable[Problem]) -> JobError:
        """The most specific `JobError` for *problems*: a subclass where all are of one kind."""
        found = tuple(problems)
        kinds = {p.kind for p in found}
        for cls in JobError.__subclasses__():
            if kinds == {cls.kind}:
                return cls(found)
        return JobError(found)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"problems": [p.to_dict() for p in self.problems]}

    def _restore(self, data: Mapping[str, Any]) -> None:
        kind = type(self).kind or "spec"
        found = map(Problem.from_dict, _taken(data, "problems", list))
        self.problems = tuple(attrs.evolve(p, kind=kind) for p in found)


class SpecError(JobError):
    """Structure, parameters or operators of the job are wrong."""

    kind = "spec"


class GraphError(JobError):
    """The operations do not form a graph: a cycle, or a reference to nothing."""

    kind = "graph"


class SourceNotAllowedError(JobError):
    """The policy refuses an input or a destination."""

    kind = "source"


class PlanningError(JobError):
    """The media, the limits or this FFmpeg cannot do what the job asks."""

    kind = "planning"


class PluginError(MediaPipelineError):
    """An installed operator package is at fault; `provider` names its distribution and entry point."""

    provider: str | None

    def __init__(self, message: str, *, provider: str | None = None) -> None:
        self.provider = provider
        super().__init__(f"{message} (from {provider})" if provider else message)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"provider": self.provider}

    def _restore(self, data: Mapping[str, Any]) -> None:
        self.provider = _taken(data, "provider", str, None)


class PluginLoadError(PluginError):
    """An operator could not be imported, or two packages provide it."""


class PluginContractError(PluginError):
    """An operator breaks the contract: wrong base class, bad declaration, or a method that misbehaves."""


class RuleError(MediaPipelineError):
    """An optimiser rule changed what it must not change, or did not come to an end."""

    rule: str

    def __init__(self, message: str, *, rule: str) -> None:
        self.rule = rule
        super().__init__(f"optimiser rule {rule!r}: {message}")

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"rule": self.rule}

    def _restore(self, data: Mapping[str, Any]) -> None:
        self.rule = _taken(data, "rule", str)


class EngineError(MediaPipelineError):
    """FFmpeg itself is missing, too old or does not answer."""


class FFmpegNotFoundError(EngineError):
    """No FFmpeg was found; the message says where it was looked for and how to get one."""


class ProbeError(EngineError):
    """A file could not be read as media.

    Attributes:
        source: The file, as the caller named it.
        reason: What the reader said.
    """

    source: str
    reason: str

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"cannot read {source!r} as media: {reason}")

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"source": self.source, "reason": self.reason}

    def _restore(self, data: Mapping[str, Any]) -> None:
        self.source, self.reason = _taken(data, "source", str), _taken(data, "reason", str)


class ExecutionError(MediaPipelineError):
    """A sound plan failed while it ran.

    Attributes:
        step: Id of the step, or None where no single step is at fault.
        operator: JSON Pointer of the operation at fault (``"/operations/1"``), or None.
    """

    step: str | None
    operator: str | None

    def __init__(self, message: str, *, step: str | None = None, operator: str | None = None) -> None:
        self.step = step
        self.operator = operator
        super().__init__(message)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"step": self.step, "operator": self.operator}

    def _restore(self, data: Mapping[str, Any]) -> None:
        self.step, self.operator = _taken(data, "step", str, None), _taken(data, "operator", str, None)


class FFmpegFailedError(ExecutionError):
    """FFmpeg ended with an error.

    Attributes:
        argv: The command as it ran.
        exit_code: Exit status; negative is the signal that ended it.
        stderr: The last lines that FFmpeg printed.
        cause: What went wrong in one sentence, or None where it was not recognised.
    """

    argv: tuple[str, ...]
    exit_code: int
    stderr: str
    cause: str | None

    def __init__(
        self,
        *,
        argv: Iterable[str],
        exit_code: int,
        stderr: str,
        cause: str | None = None,
        step: str | None = None,
        operator: str | None = None,
        retryable: bool = False,
    ) -> None:
        self.argv = tuple(argv)
        self.exit_code = exit_code
        self.stderr = stderr
        self.cause = cause
        self.retryable = retryable
        ended = f"was ended by signal {-exit_code}" if exit_code < 0 else f"failed with exit code {exit_code}"
        where = f" in {operator}" if operator else ""
        why = f": {cause}" if cause else ""
        tail = "\n".join(f"  | {line}" for line in stderr.strip().splitlines()[-12:])
        super().__init__(f"FFmpeg {ended}{where}{why}" + (f"\n{tail}" if tail else ""), step=step, operator=operator)

    def to_dict(self) -> dict[str, Any]:
        own = {"argv": list(self.argv), "exit_code": self.exit_code, "stderr": self.stderr, "cause": self.cause}
        return super().to_dict() | own

    def _restore(self, data: Mapping[str, Any]) -> None:
        super()._restore(data)
        self.argv, self.exit_code = _texts(data, "argv"), _taken(data, "exit_code", int)
        self.stderr, self.cause = _taken(data, "stderr", str), _taken(data, "cause", str, None)


class StepTimeoutError(ExecutionError):
    """The job, or one step of it, took longer than it may."""

    retryable = True


class StalledError(ExecutionError):
    """A process used no CPU time and produced nothing for too long."""

    retryable = True


class RunCancelledError(ExecutionError):
    """The run was cancelled; nothing of it is left."""


class OutputError(ExecutionError):
    """What was produced is not what was planned.

    Attributes:
        output: Id of the output in the job.
        differences: One sentence each: what was planned and what was found.
    """

    output: str | None
    differences: tuple[str, ...]

    def __init__(
        self,
        message: str,
        *,
        output: str | None = None,
        differences: Iterable[str] = (),
        step: str | None = None,
        operator: str | None = None,
    ) -> None:
        self.output = output
        self.differences = tuple(differences)
        lines = [message, *(f"  - {d}" for d in self.differences)]
        super().__init__("\n".join(lines), step=step, operator=operator)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"output": self.output, "differences": list(self.differences)}

    def _restore(self, data: Mapping[str, Any]) -> None:
        super()._restore(data)
        self.output, self.differences = _taken(data, "output", str, None), _texts(data, "differences")


class JobStoreError(MediaPipelineError):
    """The record of a job could not be read or changed as asked; `job` is its id."""

    job: str

    def __init__(self, message: str, *, job: str) -> None:
        self.job = job
        super().__init__(message)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"job": self.job}

    def _restore(self, data: Mapping[str, Any]) -> None:
        self.job = data["job"]


class JobNotFoundError(JobStoreError):
    """There is no job of that id."""

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job!r}", job=job)


class JobExistsError(JobStoreError):
    """There is a job of that id already."""

    def __init__(self, job: str) -> None:
        super().__init__(f"there is a job {job!r} already", job=job)


class VersionConflictError(JobStoreError):
    """Somebody else changed the record in the meantime: read it again, and decide again."""

    retryable = True

    def __init__(self, job: str) -> None:
        super().__init__(f"job {job!r} was changed by somebody else in the meantime", job=job)


class TransitionError(JobStoreError):
    """A job does not get from the one state into the other."""

    def __init__(self, job: str, before: str, after: str) -> None:
        super().__init__(f"job {job!r} is {before}, and does not become {after} from there", job=job)
