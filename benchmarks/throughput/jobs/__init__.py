"""The twelve jobs, in the order of the table, and two of them of other clips."""

from __future__ import annotations

from benchmarks.throughput.job import Job
from benchmarks.throughput.jobs.cuts import DEEP_TRIM, RANGES, SMART_CUT, TS_TRIM
from benchmarks.throughput.jobs.joins import CONCAT_MIXED, CONCAT_SAME
from benchmarks.throughput.jobs.outputs import (
    AS_IT_IS,
    EVERYTHING,
    EVERYTHING_OF_HD,
    HLS,
    HLS_OF_HD,
    THUMBNAILS,
)
from benchmarks.throughput.jobs.picture import LOGO
from benchmarks.throughput.jobs.sound import LOUDNESS

__all__ = ["BESIDE", "JOBS"]

JOBS: tuple[Job, ...] = (
    DEEP_TRIM, SMART_CUT, TS_TRIM, LOGO, HLS, LOUDNESS, CONCAT_SAME, CONCAT_MIXED, THUMBNAILS, RANGES, AS_IT_IS,
    EVERYTHING,
)  # fmt: skip
BESIDE: tuple[Job, ...] = (HLS_OF_HD, EVERYTHING_OF_HD)
