"""`JobRecord`: the record of one job as its worker holds it, and changes it against others who do.

Blocking, like stores; safe to use from several threads.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

import attrs

from mediapipeline.errors import VersionConflictError
from mediapipeline.jobs.job import Job, JobStatus
from mediapipeline.jobs.store import JobStore

__all__ = ["CancelRequested", "JobRecord", "TakenAway"]

_log = logging.getLogger(__name__)


class CancelRequested(Exception):
    """Somebody wants the job to end."""


class TakenAway(Exception):
    """The job is no longer that of this attempt: somebody put it back, or another has it by now."""


class JobRecord:
    """The latest record that is known of a job.

    Args:
        store: Where it is kept.
        job: What is known of it.
        clock: The time, with its zone.
        on_change: Told of every change. What it raises is logged: who watches jobs does not fail them.
        claimed: Whether it is held by an attempt, which changes the job for as long as that is its own.
    """

    def __init__(
        self,
        store: JobStore,
        job: Job,
        clock: Callable[[], datetime],
        on_change: Callable[[Job], None],
        *,
        claimed: bool = False,
    ) -> None:
        self.job = job
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._attempt = job.started_at if claimed else None
        self._lock = threading.Lock()

    def change(self, function: Callable[[Job, datetime], Job | None]) -> Job:
        """Keep what *function* makes of the latest record and the time, however often that changes meanwhile.

        Nothing is changed where it makes None of it. Returned is the record as it is then.

        Raises:
            JobStoreError: The record is gone, or *function* or the store refuses.
            TakenAway: The job is no longer that of this attempt.
        """
        with self._lock:
            while True:
                changed = function(self.job, self._clock())
                if changed is None:
                    return self.job
                try:
                    self.job = self._store.update(changed)
                    break
                except VersionConflictError:
                    self._read()
            job = self.job
        self.tell()
        return job

    def tell(self) -> None:
        """Tell who watches of the record as it is."""
        try:
            self._on_change(self.job)
        except Exception:  # noqa: BLE001 - of the host, and logged
            _log.exception("on_change failed for job %r", self.job.id)

    def enter(self, status: JobStatus, **changes: object) -> None:
        """Go into the next state.

        Raises:
            CancelRequested: Nobody wants that any more.
        """
        self._go_on(lambda job, now: job.to(status, now=now, **changes))

    def progress(self, fraction: float) -> None:
        """Write down how far it is.

        Raises:
            CancelRequested: Nobody wants it to go on.
        """
        self._go_on(lambda job, now: attrs.evolve(job, progress=fraction, updated_at=now))

    def refresh(self) -> Job:
        """Read the record again.

        Raises:
            JobNotFoundError: It is gone.
            TakenAway: The job is no longer that of this attempt.
        """
        with self._lock:
            self._read()
            return self.job

    def _read(self) -> None:
        job = self._store.get(self.job.id)
        # What an attempt left running, such as a plan that nobody waits for, may come late.
        if self._attempt is not None and (job.started_at != self._attempt or job.status is JobStatus.PENDING):
            raise TakenAway(job.id)
        self.job = job

    def _go_on(self, function: Callable[[Job, datetime], Job]) -> None:
        def unless_cancelled(job: Job, now: datetime) -> Job:
            if job.cancel_requested:
                raise CancelRequested
            return function(job, now)

        self.change(unless_cancelled)
