"""`Job`: the record of a job's life, as a value, and the states that it goes through.

::

    pending → validating → fetching → probing → planning → processing → publishing → completed
       ↑  ↘ cancelled     └─────────── from each of these: failed, cancelled ────────────┘
       └── failed (to be tried again)

A record says what a host shows and a database keeps. It does no I/O, and reads no clock: times are handed in.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

import attrs

from mediapipeline.errors import JobStoreError, MediaPipelineError, TransitionError, VersionConflictError
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.media.values import custom, from_dict, to_dict
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.spec.job import JobSpec

__all__ = ["ACTIVE", "TERMINAL", "TRANSITIONS", "Job", "JobStatus", "check_change"]


class JobStatus(StrEnum):
    """Where a job is; its value is the word in the JSON form."""

    PENDING = "pending"
    VALIDATING = "validating"
    FETCHING = "fetching"
    PROBING = "probing"
    PLANNING = "planning"
    PROCESSING = "processing"
    PUBLISHING = "publishing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


_WAY = (
    JobStatus.VALIDATING,
    JobStatus.FETCHING,
    JobStatus.PROBING,
    JobStatus.PLANNING,
    JobStatus.PROCESSING,
    JobStatus.PUBLISHING,
)

ACTIVE = frozenset(_WAY)
"""The states in which a worker has the job."""

TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
"""The states in which nothing happens any more; a failed job may be tried again."""

TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        JobStatus.PENDING: frozenset({JobStatus.VALIDATING, JobStatus.CANCELLED}),
        **{
            now: frozenset({after, JobStatus.FAILED, JobStatus.CANCELLED})
            for now, after in zip(_WAY, (*_WAY[1:], JobStatus.COMPLETED), strict=True)
        },
        JobStatus.COMPLETED: frozenset(),
        JobStatus.FAILED: frozenset({JobStatus.PENDING}),
        JobStatus.CANCELLED: frozenset(),
    }
)
"""Which states may follow each."""


def _aware(_: Job, attribute: attrs.Attribute[Any], value: datetime | None) -> None:
    if value is not None and value.utcoffset() is None:
        raise ValueError(f"{attribute.name} of a job needs a time zone: {value!r}")


@attrs.frozen(kw_only=True)
class Job:
    """The record of a job. `Job.of` makes a new one, `to` the next; times have a time zone.

    Attributes:
        id: Unique in its store.
        spec: The job as a document. Not to be changed.
        status: Where it is.
        priority: The greater, the sooner.
        version: Counts the changes in the store; `JobStore.update` refuses a record that is not the latest.
        created_at: When it was handed in.
        updated_at: When the record last changed.
        started_at: When the latest attempt began.
        completed_at: When it came to its end, whichever.
        not_before: Until when it rests before it is tried again.
        progress: Of what runs, 0 to 1, weighted by what steps are expected to cost.
        worker: Who has it, or had it last.
        retries: How often it has been tried again.
        cancel_requested: Whether somebody wants it to end. Who has it looks now and then.
        error: JSON form of what went wrong, in the latest attempt that failed; see `failure`.
        plan: How it is done, as soon as that is known.
        result: What came of it.
        user_id: Whose it is, as the document says.
    """

    id: str
    spec: Mapping[str, Any] = attrs.field(hash=False)
    status: JobStatus = JobStatus.PENDING
    priority: int = 0
    version: int = 0
    created_at: datetime = attrs.field(validator=_aware)
    updated_at: datetime = attrs.field(validator=_aware)
    started_at: datetime | None = attrs.field(default=None, validator=_aware)
    completed_at: datetime | None = attrs.field(default=None, validator=_aware)
    not_before: datetime | None = attrs.field(default=None, validator=_aware)
    progress: float = 0.0
    worker: str | None = None
    retries: int = 0
    cancel_requested: bool = False
    error: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    plan: ProcessingPlan | None = None
    result: ExecutionResult | None = None
    user_id: str | None = None

    @classmethod
    def of(
        cls,
        spec: JobSpec | Mapping[str, Any],
        *,
        now: datetime,
        id: str | None = None,  # noqa: A002 - as the field is called
        priority: int = 0,
    ) -> Self:
        """A new job.

        Args:
            spec: The job, or its document, which is copied. It need not be sound: that is found out when it is run.
            now: The time.
            id: Its id; default, the document's ``job_id``, or a random one.
            priority: The greater, the sooner.
        """
        document = spec.to_dict() if isinstance(spec, JobSpec) else copy.deepcopy(dict(spec))
        found = document.get("job_id")
        user = document.get("user_id")
        return cls(
            id=id or (found if isinstance(found, str) and found else uuid4().hex),
            spec=document,
            priority=priority,
            created_at=now,
            updated_at=now,
            user_id=user if isinstance(user, str) else None,
        )

    @property
    def terminal(self) -> bool:
        """Whether nothing happens any more."""
        return self.status in TERMINAL

    @property
    def failure(self) -> MediaPipelineError | None:
        """What went wrong, as the error that it was."""
        return None if self.error is None else MediaPipelineError.from_dict(self.error)

    def to(self, status: JobStatus, *, now: datetime, **changes: Any) -> Self:
        """The record of the job in its next state; fields that follow from it are set.

        Raises:
            TransitionError: It does not get there from where it is.
        """
        if status not in TRANSITIONS[self.status]:
            raise TransitionError(self.id, self.status, status)
        follows: dict[str, Any] = {}
        if status is JobStatus.VALIDATING:
            follows = {"started_at": now, "not_before": None}
        elif status is JobStatus.PENDING:
            follows = {"completed_at": None, "worker": None, "progress": 0.0, "cancel_requested": False}
        elif status is JobStatus.COMPLETED:
            follows = {"completed_at": now, "progress": 1.0, "error": None}
        elif status in TERMINAL:
            follows = {"completed_at": now, "not_before": None}
        return attrs.evolve(self, **follows | {"status": status, "updated_at": now} | changes)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; times in ISO 8601."""
        data = to_dict(attrs.evolve(self, plan=None))
        return data if self.plan is None else data | {"plan": self.plan.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        """The record that `to_dict` wrote.

        Raises:
            ValueError: The data are not a record, or its plan is of a format that this version does not read.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"the record of a job is an object, not {data!r}")
        plan = data.get("plan")
        job = from_dict(cls, {name: value for name, value in data.items() if name != "plan"})
        return job if plan is None else attrs.evolve(job, plan=ProcessingPlan.from_dict(plan))


def check_change(before: Job, after: Job) -> None:
    """What a store looks at before it takes *after* for the *before* that it has.

    Raises:
        VersionConflictError: *before* is newer than what *after* was made from.
        TransitionError: The states do not follow each other.
        JobStoreError: Something has changed that never does.
    """
    if after.version != before.version:
        raise VersionConflictError(before.id)
    if after.status is not before.status and after.status not in TRANSITIONS[before.status]:
        raise TransitionError(before.id, before.status, after.status)
    if after.created_at != before.created_at or after.spec != before.spec:
        raise JobStoreError(
            f"what job {before.id!r} is about does not change: neither spec nor created_at", job=before.id
        )


def _read_time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"a time is written as text such as '2030-01-31T23:59:59+00:00', not {value!r}")
    return datetime.fromisoformat(value)


custom(datetime, datetime.isoformat, _read_time)
custom(JobStatus, str, JobStatus)
