"""The twelve jobs, in the order of the table."""

from __future__ import annotations

from benchmarks.throughput.job import Job
from benchmarks.throughput.jobs.cuts import DEEP_TRIM, RANGES, SMART_CUT, TS_TRIM
from benchmarks.throughput.jobs.joins import CONCAT_MIXED, CONCAT_SAME
from benchmarks.throughput.jobs.outputs import AS_IT_IS, EVERYTHING, HLS, THUMBNAILS
from benchmarks.throughput.jobs.picture import LOGO
from benchmarks.throughput.jobs.sound import LOUDNESS

__all__ = ["JOBS"]

JOBS: tuple[Job, ...] = (
    DEEP_TRIM, SMART_CUT, TS_TRIM, LOGO, HLS, LOUDNESS, CONCAT_SAME, CONCAT_MIXED, THUMBNAILS, RANGES, AS_IT_IS,
    EVERYTHING,
)  # fmt: skip
