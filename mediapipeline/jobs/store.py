"""Where records of jobs are kept: the `JobStore` protocol, and `MemoryJobStore`.

A store keeps records and hands out work; it never runs any. Everything is blocking, as most databases are; a
`JobRunner` calls it in threads. A store of your own is held to the protocol by
`mediapipeline.testing.JobStoreContract`.
"""

from __future__ import annotations

import heapq
import json
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, get_args, runtime_checkable

import attrs

from mediapipeline.errors import JobExistsError, JobNotFoundError, JobStoreError
from mediapipeline.jobs.job import Job, JobStatus, check_change

__all__ = ["JobOrder", "JobPage", "JobQuery", "JobStore", "MemoryJobStore"]

JobOrder: TypeAlias = Literal["oldest", "newest", "next"]
"""By age, or in the order in which jobs are claimed: the greatest priority first, of equal ones the oldest."""


def _statuses(value: Iterable[JobStatus] | None) -> frozenset[JobStatus] | None:
    return None if value is None else frozenset(value)


@attrs.frozen(kw_only=True)
class JobQuery:
    """Which jobs to list; without anything, all of them.

    Attributes:
        statuses: Only jobs in one of these states.
        worker: Only those of this worker.
        user_id: Only those of this user.
        order: How they are sorted; jobs of the same moment by their ids.
        limit: How many to a page, one at least.
        cursor: Where to go on: `JobPage.cursor` of the page before.
    """

    statuses: frozenset[JobStatus] | None = attrs.field(default=None, converter=_statuses)
    worker: str | None = None
    user_id: str | None = None
    order: JobOrder = attrs.field(default="oldest", validator=attrs.validators.in_(get_args(JobOrder)))
    limit: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    cursor: str | None = None

    def matches(self, job: Job) -> bool:
        """Whether *job* is one of those that are wanted, on whichever page."""
        return (
            (self.statuses is None or job.status in self.statuses)
            and (self.worker is None or job.worker == self.worker)
            and (self.user_id is None or job.user_id == self.user_id)
        )


@attrs.frozen(kw_only=True)
class JobPage:
    """Some of the jobs that were asked for.

    Attributes:
        jobs: In the order that was asked for.
        cursor: Asks for those after them; None where there are none.
    """

    jobs: tuple[Job, ...]
    cursor: str | None = None


@runtime_checkable
class JobStore(Protocol):
    """Keeps records of jobs. Safe to call from several threads."""

    def create(self, job: Job) -> Job:
        """Keep a new record, which is returned.

        Raises:
            JobExistsError: Its id is taken.
        """
        ...

    def get(self, id: str) -> Job:  # noqa: A002 - as the field is called
        """The latest record of a job.

        Raises:
            JobNotFoundError: There is none.
        """
        ...

    def update(self, job: Job) -> Job:
        """Keep *job* in place of the record that it was made from; returned is what is kept, of the next version.

        Nothing is kept when it raises; `mediapipeline.jobs.check_change` is what a store has to look at.

        Raises:
            JobNotFoundError: There is none of that id.
            VersionConflictError: The record has been changed since *job* was read.
            TransitionError: The job does not get from the one state into the other.
        """
        ...

    def list(self, query: JobQuery = ...) -> JobPage:
        """The jobs that are asked for, page by page.

        Jobs that do not change while pages are read are on exactly one of them.

        Raises:
            ValueError: The cursor is not from here.
        """
        ...

    def delete(self, id: str) -> None:  # noqa: A002 - as the field is called
        """Forget a job, whatever its state.

        Raises:
            JobNotFoundError: There is none.
        """
        ...

    def claim(self, worker: str, now: datetime) -> Job | None:
        """Give the job that is next to *worker*, and to nobody else; None where there is none.

        It is the pending one of the greatest priority, of equal ones the oldest, of those that need not rest until
        after *now*. It is `validating` from then on, and the record of that (`Job.to`) is kept and returned.
        """
        ...


def _age(job: Job) -> tuple[int, str, str]:
    return (0, _sortable(job.created_at), job.id)


def _next(job: Job) -> tuple[int, str, str]:
    return (-job.priority, _sortable(job.created_at), job.id)


def _sortable(time: datetime) -> str:
    return f"{time.timestamp():020.6f}"


class MemoryJobStore:
    """Keeps records for as long as the process lives; jobs that are over stay until they are deleted."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._ready: list[tuple[tuple[int, str, str], int]] = []  # what to claim next, and of which version it was
        self._resting: list[tuple[datetime, str, int]] = []
        self._lock = threading.Lock()

    def create(self, job: Job) -> Job:
        if job.status is not JobStatus.PENDING:
            raise JobStoreError(f"job {job.id!r} begins as pending, not as {job.status}", job=job.id)
        with self._lock:
            if job.id in self._jobs:
                raise JobExistsError(job.id)
            return self._keep(attrs.evolve(job, version=1))

    def get(self, id: str) -> Job:  # noqa: A002 - see JobStore
        with self._lock:
            return self._get(id)

    def update(self, job: Job) -> Job:
        with self._lock:
            check_change(self._get(job.id), job)
            return self._keep(attrs.evolve(job, version=job.version + 1))

    def list(self, query: JobQuery = JobQuery()) -> JobPage:
        key = _next if query.order == "next" else _age
        after = None if query.cursor is None else _read_cursor(query.cursor)
        backwards = query.order == "newest"
        with self._lock:
            jobs = tuple(self._jobs.values())
        found = [
            job
            for job in jobs
            if query.matches(job) and (after is None or (key(job) < after if backwards else key(job) > after))
        ]
        found.sort(key=key, reverse=backwards)
        page = tuple(found[: query.limit])
        return JobPage(jobs=page, cursor=json.dumps(key(page[-1])) if len(found) > len(page) else None)

    def delete(self, id: str) -> None:  # noqa: A002 - see JobStore
        with self._lock:
            self._get(id)
            del self._jobs[id]

    def claim(self, worker: str, now: datetime) -> Job | None:
        with self._lock:
            while self._resting and self._resting[0][0] <= now:
                _, id_, version = heapq.heappop(self._resting)
                if (job := self._jobs.get(id_)) is not None:
                    heapq.heappush(self._ready, (_next(job), version))
            while self._ready:
                place, version = heapq.heappop(self._ready)
                job = self._jobs.get(place[-1])
                # Else it was changed since, and is in here once more if it is still pending
                if job is not None and (_next(job), job.version) == (place, version):
                    claimed = job.to(JobStatus.VALIDATING, now=now, worker=worker, version=version + 1)
                    return self._keep(claimed)
            return None

    def _get(self, id_: str) -> Job:
        try:
            return self._jobs[id_]
        except KeyError:
            raise JobNotFoundError(id_) from None

    def _keep(self, job: Job) -> Job:
        self._jobs[job.id] = job
        if job.status is JobStatus.PENDING:
            if job.not_before is None:
                heapq.heappush(self._ready, (_next(job), job.version))
            else:
                heapq.heappush(self._resting, (job.not_before, job.id, job.version))
        return job


def _read_cursor(cursor: str) -> tuple[int, str, str]:
    try:
        match json.loads(cursor):
            case [int(rank), str(time), str(id_)]:
                return (rank, time, id_)
    except json.JSONDecodeError:
        pass
    raise ValueError(f"not a cursor of this store: {cursor!r}")
