"""A record goes the legal ways only, and survives JSON."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from mediapipeline.errors import MediaPipelineError, StalledError, TransitionError
from mediapipeline.jobs import ACTIVE, TERMINAL, TRANSITIONS, Job, JobStatus, RetryPolicy
from mediapipeline.spec.job import JobSpec

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
DOCUMENT: dict[str, Any] = {
    "inputs": [{"id": "in", "source": "in.mp4"}],
    "outputs": [{"id": "out", "input": "in", "destination": "out.mp4"}],
    "job_id": "j-1",
    "user_id": "ada",
}
WAY = "pending validating fetching probing planning processing publishing completed".split()


def walk(job: Job, *statuses: str) -> Job:
    for status in statuses:
        job = job.to(JobStatus(status), now=LATER)
    return job


def test_a_new_job():
    job = Job.of(DOCUMENT, now=NOW)
    assert (job.id, job.user_id, job.status, job.progress, job.retries) == ("j-1", "ada", "pending", 0, 0)
    assert job.created_at == job.updated_at == NOW
    assert Job.of(JobSpec.from_dict(DOCUMENT), now=NOW).spec == JobSpec.from_dict(DOCUMENT).to_dict()
    assert Job.of(DOCUMENT, now=NOW, id="other").id == "other"
    nameless = {"inputs": 5}  # what is wrong with it is found out later
    assert Job.of(nameless, now=NOW).id != Job.of(nameless, now=NOW).id


def test_a_document_is_copied():
    document = {**DOCUMENT, "tags": ["a"]}
    job = Job.of(document, now=NOW)
    document["tags"].append("b")
    assert job.spec["tags"] == ["a"]


def test_the_way_of_a_job():
    job = walk(Job.of(DOCUMENT, now=NOW), *WAY[1:])
    assert (job.status, job.progress, job.terminal) == (JobStatus.COMPLETED, 1, True)
    assert (job.created_at, job.started_at, job.completed_at, job.updated_at) == (NOW, LATER, LATER, LATER)


def test_every_transition_is_the_one_of_the_drawing():
    legal = set(itertools.pairwise(WAY))
    legal |= {(state, end) for state in WAY[1:-1] for end in ("failed", "cancelled")}
    legal |= {("pending", "cancelled"), ("failed", "pending")}
    assert {(str(a), str(b)) for a, after in TRANSITIONS.items() for b in after} == legal
    assert {*ACTIVE, *TERMINAL, JobStatus.PENDING} == set(JobStatus)
    for before in JobStatus:
        for after in JobStatus:
            job = attrs.evolve(Job.of(DOCUMENT, now=NOW), status=before)
            if (before, after) in legal:
                assert job.to(after, now=LATER).status is after
            else:
                with pytest.raises(TransitionError, match=f"is {before}, and does not become {after}"):
                    job.to(after, now=LATER)


def test_a_job_that_is_tried_again_begins_anew():
    error = StalledError("nothing for too long").to_dict()
    job = attrs.evolve(walk(Job.of(DOCUMENT, now=NOW), *WAY[1:6]), progress=0.5, worker="w", cancel_requested=True)
    failed = job.to(JobStatus.FAILED, now=LATER, error=error)
    assert failed.completed_at == LATER
    again = failed.to(JobStatus.PENDING, now=LATER, retries=1, not_before=LATER)
    assert (again.progress, again.worker, again.completed_at, again.cancel_requested) == (0, None, None, False)
    assert isinstance(again.failure, StalledError), "why it is tried again can be seen"
    done = walk(again, *WAY[1:])
    assert (done.error, done.failure, done.not_before, done.retries) == (None, None, None, 1)


def test_json():
    job = walk(Job.of(DOCUMENT, now=NOW), "validating", "fetching", "failed")
    job = attrs.evolve(job, error=MediaPipelineError("x").to_dict(), worker="w", version=3, progress=0.5)
    data = json.loads(json.dumps(job.to_dict()))
    assert (data["status"], data["created_at"]) == ("failed", "2030-01-01T00:00:00+00:00")
    assert Job.from_dict(data) == job
    elsewhere = attrs.evolve(job, created_at=NOW.astimezone(timezone(timedelta(hours=2))))
    assert Job.from_dict(elsewhere.to_dict()) == job


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "sleeping"}, "sleeping"),
        ({"created_at": 5}, "a time is written as text"),
        ({"created_at": "2030-01-01T00:00:00"}, "needs a time zone"),
        ({"retries": "5"}, "/retries"),
        ({"plan": {"format_version": 99}}, "plan format 99"),
        ({"worker_name": "w"}, "worker_name"),
    ],
)
def test_what_is_no_record_is_told(changes: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        Job.from_dict(Job.of(DOCUMENT, now=NOW).to_dict() | changes)


def test_rests_grow_to_a_bound():
    policy = RetryPolicy(retries=3, first=timedelta(seconds=2), factor=10, longest=timedelta(minutes=1))
    assert [policy.rest(n).total_seconds() for n in (0, 1, 2, 10_000)] == [2, 20, 60, 60]
    with pytest.raises(ValueError, match="retries"):
        RetryPolicy(retries=-1)


@pytest.mark.parametrize(("retryable", "retries", "applies"), [(True, 0, True), (True, 2, False), (False, 0, False)])
def test_only_what_may_pass_is_tried_again(retryable: bool, retries: int, applies: bool):
    error = {"type": "ExecutionError", "message": "x", "retryable": retryable}
    failed = walk(Job.of(DOCUMENT, now=NOW), "validating").to(JobStatus.FAILED, now=LATER, error=error)
    assert RetryPolicy(retries=2).applies(attrs.evolve(failed, retries=retries)) is applies
