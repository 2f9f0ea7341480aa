"""`RetryPolicy`: how often, and after which rest, a job that failed is tried again. A value."""

from __future__ import annotations

from datetime import timedelta

import attrs

from mediapipeline.jobs.job import Job

__all__ = ["RetryPolicy"]


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """Each rest is `factor` times as long as the one before.

    Only what says of itself that trying again makes sense (`MediaPipelineError.retryable`) is tried again.

    >>> [RetryPolicy(factor=3).rest(retries).total_seconds() for retries in (0, 1, 2, 9)]
    [1.0, 3.0, 9.0, 300.0]

    Attributes:
        retries: How often at most; 0 for never.
        first: The first rest.
        factor: 1 or more.
        longest: No rest is longer.
    """

    retries: int = attrs.field(default=3, validator=attrs.validators.ge(0))
    first: timedelta = timedelta(seconds=1)
    factor: float = attrs.field(default=2, validator=attrs.validators.ge(1))
    longest: timedelta = timedelta(minutes=5)

    def rest(self, retries: int) -> timedelta:
        """How long a job rests that has been tried again *retries* times before."""
        seconds = min(self.first.total_seconds() * self.factor ** min(retries, 64), self.longest.total_seconds())
        return timedelta(seconds=seconds)

    def applies(self, job: Job) -> bool:
        """Whether *job*, which failed, is to be tried again."""
        return bool(job.error and job.error.get("retryable")) and job.retries < self.retries
