"""A job's life: its record and states, where records are kept, and what runs jobs."""

from __future__ import annotations

from mediapipeline.jobs.attempt import PlanExecutor, PlanRun
from mediapipeline.jobs.job import ACTIVE, TERMINAL, TRANSITIONS, Job, JobStatus, check_change
from mediapipeline.jobs.retry import RetryPolicy
from mediapipeline.jobs.runner import PRIORITIES, JobRunner
from mediapipeline.jobs.store import JobOrder, JobPage, JobQuery, JobStore, MemoryJobStore

__all__ = [
    "ACTIVE",
    "PRIORITIES",
    "TERMINAL",
    "TRANSITIONS",
    "Job",
    "JobOrder",
    "JobPage",
    "JobQuery",
    "JobRunner",
    "JobStatus",
    "JobStore",
    "MemoryJobStore",
    "PlanExecutor",
    "PlanRun",
    "RetryPolicy",
    "check_change",
]
