"""What happens during a run, as values: what `Executor.run` hands to its callback and what a `Run` iterates over.

A run begins with `RunStarted` and ends with exactly one of `RunFinished`, `RunFailed` and `RunCancelled`. Events say
what happened and decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

import attrs

from mediapipeline.media.values import from_dict, tagged_union, to_dict

__all__ = [
    "Event",
    "Published",
    "RunCancelled",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "StepFinished",
    "StepProgress",
    "StepStarted",
    "Verified",
    "Warning",
    "event_from_dict",
]


@attrs.frozen(kw_only=True)
class _BaseEvent:
    kind: ClassVar[str]
    terminal: ClassVar[bool] = False
    """Whether nothing comes after it."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its `kind`; `event_from_dict` reads it."""
        return {"kind": self.kind, **to_dict(self)}


@attrs.frozen(kw_only=True)
class RunStarted(_BaseEvent):
    """The run has begun; nothing has been checked yet.

    Attributes:
        steps: Ids of what will run.
        outputs: Ids of what will be made.
    """

    kind = "run-started"
    steps: tuple[str, ...]
    outputs: tuple[str, ...]


@attrs.frozen(kw_only=True)
class StepStarted(_BaseEvent):
    """A step runs.

    Attributes:
        step: Its id.
        title: What it does, for people.
        cpus: Cores that it was given.
    """

    kind = "step-started"
    step: str
    title: str
    cpus: int


@attrs.frozen(kw_only=True)
class StepProgress(_BaseEvent):
    """How far a step has come, and the run with it. Unknown is None.

    Attributes:
        step: Its id.
        frame: Frames encoded so far.
        fps: Frames encoded per second of wall time.
        bit_rate: Bits per second, of the output so far.
        speed: Seconds of output per second of wall time.
        out_time: Seconds of output so far.
        fraction: Of the step, 0 to 1: against the planned duration of what it writes.
        eta: Seconds until the step is done.
        run_fraction: Of all steps, 0 to 1, weighted by what they are expected to cost; never goes back.
        run_eta: Seconds until all steps are done.
    """

    kind = "step-progress"
    step: str
    frame: int | None = None
    fps: float | None = None
    bit_rate: int | None = None
    speed: float | None = None
    out_time: Fraction | None = None
    fraction: float | None = None
    eta: float | None = None
    run_fraction: float = 0.0
    run_eta: float | None = None


@attrs.frozen(kw_only=True)
class StepFinished(_BaseEvent):
    """A step is done.

    Attributes:
        step: Its id.
        wall_seconds: How long it took.
        run_fraction: As in `StepProgress`.
    """

    kind = "step-finished"
    step: str
    wall_seconds: float
    run_fraction: float


@attrs.frozen(kw_only=True)
class Verified(_BaseEvent):
    """An output is what was planned.

    Attributes:
        output: Its id.
        checks: What was looked at, a sentence each.
    """

    kind = "verified"
    output: str
    checks: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Published(_BaseEvent):
    """An output is there under its final name. This is said when all of them are.

    Attributes:
        output: Its id.
        destination: As the job names it.
        files: Names of the files in it, if it is a folder; of a package, its playlists.
    """

    kind = "published"
    output: str
    destination: str
    files: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Warning(_BaseEvent):  # noqa: A001 - the word that people look for; it is never used as a class of warnings here
    """Something that does not stop the run and that somebody should know.

    Attributes:
        text: One sentence.
        subject: Id of the step or the output.
    """

    kind = "warning"
    text: str
    subject: str


@attrs.frozen(kw_only=True)
class RunFinished(_BaseEvent):
    """Every output is published."""

    kind = "run-finished"
    terminal = True
    wall_seconds: float


@attrs.frozen(kw_only=True)
class RunFailed(_BaseEvent):
    """The run failed, and nothing of it is left.

    Attributes:
        error: The JSON form of the error.
    """

    kind = "run-failed"
    terminal = True
    error: Mapping[str, Any] = attrs.field(hash=False)


@attrs.frozen(kw_only=True)
class RunCancelled(_BaseEvent):
    """The run was cancelled, and nothing of it is left."""

    kind = "run-cancelled"
    terminal = True


Event: TypeAlias = (
    RunStarted
    | StepStarted
    | StepProgress
    | StepFinished
    | Verified
    | Published
    | Warning
    | RunFinished
    | RunFailed
    | RunCancelled
)

_KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        RunStarted, StepStarted, StepProgress, StepFinished, Verified, Published, Warning, RunFinished, RunFailed,
        RunCancelled,
    )
}  # fmt: skip
tagged_union(Event, _KINDS)


def event_from_dict(data: Mapping[str, Any]) -> Event:
    """The event that `to_dict` wrote.

    Raises:
        ValueError: The data are not an event.
    """
    event: Event = from_dict(Event, data, name="event")  # type: ignore[arg-type]  # a union is a type, but no class
    return event
