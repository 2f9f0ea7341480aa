"""`Endings`: what the end of an attempt means for its job: done, failed, tried again, cancelled or put back.

It writes that down, against whoever else changes the record meanwhile. Blocking, and called in threads.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from mediapipeline.errors import JobNotFoundError, MediaPipelineError, RunCancelledError, TransitionError
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.jobs.job import Job, JobStatus
from mediapipeline.jobs.record import CancelRequested, JobRecord, TakenAway
from mediapipeline.jobs.retry import RetryPolicy

__all__ = ["Endings"]

_log = logging.getLogger(__name__)


class Endings:
    """Ends attempts.

    Args:
        retry: What is tried again, and when.
        worker_id: Who made the attempts.
    """

    def __init__(self, retry: RetryPolicy, worker_id: str) -> None:
        self._retry = retry
        self._worker_id = worker_id

    def conclude(self, record: JobRecord, attempt: asyncio.Task[ExecutionResult]) -> None:
        """Write down what came of *attempt*, which is over."""
        try:
            error = None if attempt.cancelled() else attempt.exception()
            if isinstance(error, TakenAway):
                raise error
            if attempt.cancelled() or isinstance(error, CancelRequested):
                record.refresh()
                self.put_back(record, f"its worker {self._worker_id!r} was stopped")
            elif error is not None:
                self._fail(record, error)
            else:
                result = attempt.result()
                record.change(_published)
                record.change(lambda job, now: job.to(JobStatus.COMPLETED, now=now, result=result))
        except (JobNotFoundError, TakenAway, TransitionError):
            id_ = record.job.id
            _log.warning("what became of job %r is not written down, since somebody else took it away", id_)

    def put_back(self, record: JobRecord, why: str) -> Job:
        """Make a job pending again that nobody works at any more, unless it is to be cancelled."""
        described = {"type": RunCancelledError.__name__, "message": why, "retryable": True}

        def ended(job: Job, now: datetime) -> Job:
            if job.cancel_requested:
                return job.to(JobStatus.CANCELLED, now=now)
            return job.to(JobStatus.FAILED, now=now, error=described)

        def pending(job: Job, now: datetime) -> Job | None:
            over = job.status is not JobStatus.FAILED or job.cancel_requested
            return None if over else job.to(JobStatus.PENDING, now=now)

        record.change(ended)
        return record.change(pending)

    def comes_again(self, job: Job) -> bool:
        """Whether a job that failed is about to be tried again."""
        return job.status is JobStatus.FAILED and self._retry.applies(job) and not job.cancel_requested

    def _fail(self, record: JobRecord, error: BaseException) -> None:
        if isinstance(error, MediaPipelineError):
            described = error.to_dict()
        else:
            described = {"type": type(error).__name__, "message": str(error), "retryable": False}
            _log.error("job %r failed for a reason that nobody foresaw", record.job.id, exc_info=error)

        def failed(job: Job, now: datetime) -> Job:
            status = JobStatus.CANCELLED if job.cancel_requested else JobStatus.FAILED
            return job.to(status, now=now, error=described)

        def again(job: Job, now: datetime) -> Job | None:
            if not self.comes_again(job):
                return None
            rest = now + self._retry.rest(job.retries)
            return job.to(JobStatus.PENDING, now=now, retries=job.retries + 1, not_before=rest)

        record.change(failed)
        record.change(again)


def _published(job: Job, now: datetime) -> Job | None:
    """A job without remote outputs was published as it was processed."""
    return job.to(JobStatus.PUBLISHING, now=now) if job.status is JobStatus.PROCESSING else None
