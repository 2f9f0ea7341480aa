"""Jobs are seen through to the end that they should come to, whatever happens on the way. Without FFmpeg."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

import planning
from mediapipeline.errors import (
    ExecutionError,
    JobExistsError,
    JobNotFoundError,
    OutputError,
    SourceNotAllowedError,
    SpecError,
    TransitionError,
)
from mediapipeline.executor.events import Event, StepProgress
from mediapipeline.jobs import Job, JobQuery, JobRunner, JobStatus, MemoryJobStore, RetryPolicy
from mediapipeline.jobs.record import JobRecord, TakenAway
from mediapipeline.planner.planner import Planner
from mediapipeline.sources import SourcePolicy
from mediapipeline.testing import DryRunExecutor, clip_info

WAY = "pending validating fetching probing planning processing publishing completed".split()
AT_ONCE = RetryPolicy(retries=2, first=timedelta(0))


def document(name: str = "out.mkv", source: str = "in.mp4", **fields: Any) -> dict[str, Any]:
    return {
        "inputs": [{"id": "in", "source": source}],
        "operations": [{"op": "trim", "input": "in", "output": "part", "params": {"start": "1s", "duration": "2s"}}],
        "outputs": [{"id": "out", "input": "part", "destination": name}],
        **fields,
    }


class Host:
    """A runner with all that it needs, and what it told."""

    def __init__(self, **options: Any) -> None:
        self.executor = DryRunExecutor()
        self.changes: list[Job] = []
        self.events: list[tuple[str, Event]] = []
        self.heard: Callable[[Job], None] = lambda job: None
        policy = options.pop("policy", None)
        planner: Planner = options.pop("planner", None) or planning.planner(
            {"in.mp4": clip_info(duration="60s"), "input-0.mp4": clip_info(duration="9s")}, policy=policy
        )
        given = {"executor": self.executor, "retry": AT_ONCE, "poll": 0.05, "worker_id": "w", **options}
        self.runner = JobRunner(
            planner=planner, on_change=self.on_change, on_event=lambda id_, event: self.events.append((id_, event)),
            **given,
        )  # fmt: skip

    def on_change(self, job: Job) -> None:
        self.changes.append(job)
        self.heard(job)

    def way(self, id_: str) -> list[str]:
        """The states that a job was in."""
        found: list[str] = []
        for job in self.changes:
            if job.id == id_ and found[-1:] != [str(job.status)]:
                found.append(str(job.status))
        return found

    def get(self, id_: str) -> Job:
        return self.runner.store.get(id_)


def busy() -> ExecutionError:
    error = ExecutionError("503 slow down")
    error.retryable = True
    return error


def test_a_job_goes_all_the_way():
    host = Host()
    submitted = host.runner.submit(document(job_id="a", user_id="ada", priority=4))
    assert (submitted.status, submitted.priority, submitted.user_id) == ("pending", 4, "ada")
    host.runner.run()
    job = host.get("a")
    assert host.way("a") == WAY
    assert job.result is not None
    assert job.plan is not None
    assert (job.progress, job.worker, job.error, job.retries) == (1, "w", None, 0)
    assert job.result.outputs["out"].media.duration == 2
    assert job.plan.output("out").media.duration == 2
    progress = [each.progress for each in host.changes]
    assert progress == sorted(progress)
    assert len({*progress}) > 2
    assert [id_ for id_, event in host.events if isinstance(event, StepProgress)][:1] == ["a"]
    times = [job.created_at, job.started_at, job.completed_at]
    assert times == sorted(time for time in times if time is not None)


def test_jobs_run_by_priority_then_age():
    host = Host(workers=1)
    for name, priority in (("c", 0), ("a", 5), ("d", 0), ("b", 5), ("e", -3)):
        host.runner.submit(document(f"{name}.mkv"), id=name, priority=priority)
    host.runner.submit(document("f.mkv", priority="high"), id="f")
    host.runner.run()
    assert [job.id for job in host.changes if job.status == "validating"] == list("fabcde")


def test_words_of_priority():
    host = Host()
    found = [host.runner.submit(document(priority=word)).priority for word in ("low", "normal", "high")]
    assert found == sorted(found)
    with pytest.raises(SpecError, match="no priority here") as caught:
        host.runner.submit(document(priority="asap"))
    assert [(p.path, p.code) for p in caught.value.problems] == [("/priority", "unknown-priority")]


def test_an_id_is_used_once():
    host = Host()
    host.runner.submit(document(), id="a")
    with pytest.raises(JobExistsError):
        host.runner.submit(document(), id="a")


@pytest.mark.parametrize(
    ("broken", "codes", "last"),
    [
        ({"inputs": []}, {"empty"}, "validating"),
        ({"operations": [{"op": "sharpenn", "input": "in", "output": "part"}]}, {"unknown-operator"}, "validating"),
        ({"inputs": [{"id": "in", "source": "gone.mp4"}]}, {"missing-input"}, "probing"),
        ({"limits": {"max_duration": "1s"}}, {"over-limit"}, "planning"),
    ],
)
def test_a_job_that_cannot_be_done_fails_with_every_problem(broken, codes, last):
    host = Host()
    host.runner.submit({**document(), **broken}, id="a")
    host.runner.run()
    job = host.get("a")
    assert (job.status, job.retries, host.way("a")[-2]) == ("failed", 0, last)
    assert job.error is not None
    assert {problem["code"] for problem in job.error["problems"]} >= codes
    assert host.executor.runs == []


def test_what_may_pass_is_tried_again_until_it_passes():
    host = Host()
    host.executor.fail(error="No space left on device", retryable=True, times=2)
    host.runner.submit(document(), id="a")
    host.runner.run()
    job = host.get("a")
    assert (job.status, job.retries, job.error) == ("completed", 2, None)
    assert host.way("a") == [*WAY[:6], "failed", *WAY[:6], "failed", *WAY]


def test_what_does_not_pass_is_tried_as_often_as_allowed():
    host = Host()
    host.executor.fail(error="No space left on device", retryable=True)
    host.runner.submit(document(), id="a")
    host.runner.run()
    job = host.get("a")
    assert (job.status, job.retries, len(host.executor.runs)) == ("failed", 2, 3)
    assert isinstance(job.failure, ExecutionError)
    host.executor._mishaps.clear()
    again = host.runner.retry("a")
    assert (again.status, again.retries) == ("pending", 3)
    host.runner.run()
    assert host.get("a").status == "completed"
    with pytest.raises(TransitionError):
        host.runner.retry("a")


def test_what_will_not_pass_is_not_tried_again():
    host = Host()
    host.executor.spoil("out")
    host.runner.submit(document(), id="a")
    host.runner.run()
    job = host.get("a")
    assert (job.status, job.retries, len(host.executor.runs)) == ("failed", 0, 1)
    assert isinstance(job.failure, OutputError)


def test_a_job_rests_before_it_is_tried_again():
    """The clock jumps only when the runner has nothing to do but to wait."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    moves = 0

    class Store(MemoryJobStore):
        def claim(self, worker, time):
            nonlocal now, moves
            job = super().claim(worker, time)
            if job is None and self.list(JobQuery(statuses={JobStatus.PENDING})).jobs:
                now += timedelta(seconds=10)
                moves += 1
            return job

    host = Host(
        clock=lambda: now,
        store=Store(),
        retry=RetryPolicy(retries=2, first=timedelta(seconds=25)),
        poll=0.01,
        workers=1,
    )
    host.executor.fail(error=busy(), times=1)
    host.runner.submit(document(), id="a")
    host.runner.run()
    job = host.get("a")
    (resting,) = [each for each in host.changes if each.not_before is not None]
    assert (resting.status, resting.not_before) == ("pending", now.replace(second=25))
    assert (job.status, moves, job.started_at) == ("completed", 3, now)


def test_a_failure_that_nobody_foresaw_fails_the_job_and_not_the_runner(caplog):
    class Broken(DryRunExecutor):
        def start(self, plan, **options):
            if plan.outputs[0].destination == "a.mkv":
                raise ZeroDivisionError("a bug")
            return super().start(plan, **options)

    host = Host(executor=Broken(), workers=1)
    host.runner.submit(document("a.mkv"), id="a")
    host.runner.submit(document("b.mkv"), id="b")
    host.runner.run()
    assert host.get("a").error == {"type": "ZeroDivisionError", "message": "a bug", "retryable": False}
    assert host.get("b").status == "completed"
    assert "a bug" in caplog.text


def test_who_watches_fails_no_job(caplog):
    host = Host()

    def heard(job: Job) -> None:
        raise ZeroDivisionError

    host.heard = heard
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert host.get("a").status == "completed"
    assert "on_change failed" in caplog.text


# Cancelling


def test_a_pending_job_is_cancelled_at_once():
    host = Host()
    host.runner.submit(document(), id="a")
    assert host.runner.cancel("a").status == "cancelled"
    host.runner.run()
    assert host.way("a") == ["pending", "cancelled"]
    assert host.runner.cancel("a").status == "cancelled"
    with pytest.raises(JobNotFoundError):
        host.runner.cancel("b")


@pytest.mark.parametrize("state", WAY[1:6])
@pytest.mark.parametrize("by_another", [False, True], ids=["by the runner", "by another"])
def test_a_job_is_cancelled_in_every_state(state, by_another):
    host = Host()
    host.executor.hang()
    other = JobRunner(planner=planning.planner(), executor=DryRunExecutor(), store=host.runner.store)

    def heard(job: Job) -> None:
        if job.status == state and not job.cancel_requested:
            (other if by_another else host.runner).cancel(job.id)

    host.heard = heard
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert host.get("a").status == "cancelled"
    assert host.way("a")[-2:] == [state, "cancelled"]
    assert host.get("a").completed_at is not None
    assert all(run.outcome in (None, "run-cancelled") for run in host.executor.runs)


def test_it_is_too_late_to_cancel_what_is_done():
    host = Host()

    def on_event(id_: str, event: Event) -> None:
        if event.kind == "published":
            host.runner.cancel(id_)

    host.runner._on_event = on_event
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert (host.get("a").status, host.get("a").cancel_requested) == ("completed", True)
    assert host.runner.cancel("a").status == "completed"


def test_it_is_too_late_however_often_somebody_tries():
    host = Host(workers=1)

    def again(attempt: asyncio.Task[Any], times: int) -> None:
        attempt.cancel()
        if times and not attempt.done():
            asyncio.get_running_loop().call_soon(again, attempt, times - 1)

    def on_event(id_: str, event: Event) -> None:
        if event.kind == "published":
            (attempt,) = host.runner._running
            again(attempt, 20)

    host.runner._on_event = on_event
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert host.way("a") == WAY


def test_a_cancelled_job_is_not_tried_again():
    host = Host()
    host.executor.fail(error="No space left on device", retryable=True)

    def heard(job: Job) -> None:
        if job.status == "failed" and not job.cancel_requested:
            host.runner.cancel("a")

    host.heard = heard
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert (host.get("a").status, host.get("a").retries) == ("failed", 0)


def test_a_deleted_job_ends():
    host = Host()
    host.executor.hang()

    def heard(job: Job) -> None:
        if job.status == "processing":
            host.runner.store.delete("a")

    host.heard = heard
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert host.runner.store.list().jobs == ()
    assert [run.outcome for run in host.executor.runs] in ([], ["run-cancelled"])


# Stopping


def test_stopping_lets_those_finish_that_run():
    host = Host(workers=2)

    def heard(job: Job) -> None:
        if job.status == "processing":
            host.runner.stop()

    host.heard = heard
    for name in "abcdef":
        host.runner.submit(document(f"{name}.mkv"), id=name)
    host.runner.run()
    states = [job.status for job in host.runner.store.list().jobs]
    assert set(states) == {"completed", "pending"}
    assert states.count(JobStatus.COMPLETED) <= 2
    host.heard = lambda job: None
    host.runner.run()
    assert {job.status for job in host.runner.store.list().jobs} == {"completed"}


@pytest.mark.parametrize("state", WAY[1:6])
def test_stopping_at_once_puts_back_those_that_run(state):
    host = Host(workers=1)
    host.executor.hang()

    def heard(job: Job) -> None:
        if job.status == state:
            host.runner.stop(now=True)

    host.heard = heard
    host.runner.submit(document(), id="a")
    host.runner.run()
    job = host.get("a")
    assert host.way("a")[-3:] == [state, "failed", "pending"]
    assert (job.status, job.retries, job.worker, job.not_before) == ("pending", 0, None, None)
    assert job.error is not None
    assert job.error["message"] == "its worker 'w' was stopped"


def test_cancelling_the_task_puts_back_those_that_run():
    async def main() -> None:
        host = Host(workers=3)
        host.executor.hang()
        for name in "abcd":
            host.runner.submit(document(f"{name}.mkv"), id=name)
        serving = asyncio.create_task(host.runner.serve())
        while len(host.executor.runs) < 3:  # noqa: ASYNC110 - what is waited for happens in the library
            await asyncio.sleep(0.01)
        serving.cancel()
        await asyncio.sleep(0)
        serving.cancel()  # impatient
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert {run.outcome for run in host.executor.runs} == {"run-cancelled"}
        assert {job.status for job in host.runner.store.list().jobs} == {"pending"}
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    asyncio.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interrupt_puts_back_those_that_run():
    host = Host(workers=2)
    host.executor.hang()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def heard(job: Job) -> None:
        if job.status == "processing" and job.progress > 0:
            host.heard = lambda job: None
            os.kill(os.getpid(), signal.SIGINT)

    host.heard = heard
    for name in "abc":
        host.runner.submit(document(f"{name}.mkv"), id=name)
    try:
        with pytest.raises(KeyboardInterrupt):
            host.runner.run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert {job.status for job in host.runner.store.list().jobs} == {"pending"}
    assert {job.retries for job in host.runner.store.list().jobs} == {0}


def test_a_loop_that_is_torn_down_loses_no_job():
    host = Host(workers=2)
    host.executor.hang()

    async def main() -> None:
        for name in "abc":
            host.runner.submit(document(f"{name}.mkv"), id=name)
        await host.runner.__aenter__()
        while len(host.executor.runs) < 2:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert {job.status for job in host.runner.store.list().jobs} == {"pending"}


def test_what_a_dead_worker_had_is_recovered():
    host = Host()
    host.runner.submit(document("a.mkv"), id="a")
    host.runner.submit(document("b.mkv"), id="b")
    dead = host.runner.store.claim("dead", datetime.now(UTC))
    assert dead is not None
    assert [job.id for job in host.runner.recover("dead")] == ["a"]
    assert host.runner.recover("dead") == ()
    host.runner.run()
    assert {job.status for job in host.runner.store.list().jobs} == {"completed"}


def test_a_job_that_somebody_took_away_is_left_alone(caplog):
    host = Host()

    def heard(job: Job) -> None:
        if job.status == "processing":
            host.heard = lambda job: None
            JobRunner(planner=planning.planner(), executor=DryRunExecutor(), store=host.runner.store).recover("w")

    host.heard = heard
    with caplog.at_level(logging.WARNING):
        host.runner.submit(document(), id="a")
        host.runner.run()
    assert "somebody else took it away" in caplog.text
    assert host.get("a").status == "completed", "it was tried once more"


def test_an_attempt_that_comes_late_changes_nothing():
    """A job was put back and another worker has it, while the thread that planned it for the first goes on."""
    store = MemoryJobStore()
    now = datetime(2030, 1, 1, tzinfo=UTC)
    store.create(Job.of(document(), now=now, id="a"))
    first = store.claim("w", now)
    assert first is not None
    stale = JobRecord(store, first, lambda: now, lambda job: None, claimed=True)
    put_back = store.update(first.to(JobStatus.FAILED, now=now)).to(JobStatus.PENDING, now=now)
    store.update(put_back)
    with pytest.raises(TakenAway):
        stale.progress(0.5)
    second = store.claim("v", now + timedelta(seconds=1))
    assert second is not None
    theirs = store.update(second.to(JobStatus.FETCHING, now=now))
    for change in (
        lambda: stale.progress(0.5),
        lambda: stale.enter(JobStatus.PROBING),
        lambda: stale.change(lambda job, now: job.to(JobStatus.CANCELLED, now=now)),
        stale.refresh,
    ):
        with pytest.raises((TakenAway, TransitionError)):
            change()
    assert store.get("a") == theirs


# In a host with a loop


def test_in_a_service():
    async def main() -> None:
        host = Host(workers=2)
        async with host.runner as runner:
            names = [runner.submit(document(f"{n}.mkv")).id for n in range(5)]
            jobs = await asyncio.gather(*(runner.wait(name) for name in names))
            assert {job.status for job in jobs} == {"completed"}
            with pytest.raises(RuntimeError, match="runs already"):
                await runner.serve()
            with pytest.raises(JobNotFoundError):
                await runner.wait("nobody")
            assert runner._awaited == {}
            late = runner.submit(document("late.mkv"))
        assert host.get(late.id).status in ("completed", "pending")

    asyncio.run(main())


def test_a_hundred_that_wait_hold_no_thread_each():
    async def main() -> None:
        host = Host(workers=2, poll=60)
        host.executor.hang()
        before = threading.active_count()
        async with host.runner as runner:
            names = [runner.submit(document(f"{n}.mkv")).id for n in range(100)]
            waiting = [asyncio.create_task(runner.wait(name)) for name in names]
            while len(host.executor.runs) < 2:  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.01)
            assert threading.active_count() - before <= 32 + 4  # what blocks has 32 at most, and this planner four
            runner.stop()
            for name in names:
                runner.cancel(name)
            jobs = await asyncio.gather(*waiting)
        assert {job.status for job in jobs} == {"cancelled"}

    asyncio.run(main())


def test_from_other_threads():
    host = Host(workers=2)
    thread = threading.Thread(target=lambda: asyncio.run(host.runner.serve()))
    thread.start()
    done = threading.Event()

    def heard(job: Job) -> None:
        if job.id == "b" and job.terminal:
            done.set()

    host.heard = heard
    host.runner.submit(document("a.mkv"), id="a")
    host.runner.submit(document("b.mkv"), id="b")
    assert done.wait(20)
    host.runner.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_what_the_store_raises_ends_the_runner():
    class Down(MemoryJobStore):
        def update(self, job: Job) -> Job:
            if job.status in ("processing", "failed"):
                raise ConnectionError("the database is down")
            return super().update(job)

    host = Host(store=Down(), workers=2)
    host.runner.submit(document(), id="a")
    with pytest.raises(ConnectionError, match="down"):
        host.runner.run()


def test_spans_of_a_job_nest():
    spans: list[str] = []

    @contextmanager
    def trace(name, attributes):
        spans.append(f"begin {name} {dict(attributes)}" if attributes else f"begin {name}")
        yield
        spans.append(f"end {name}")

    host = Host(trace=trace, planner=planning.planner({"in.mp4": clip_info(duration="60s")}, trace=trace))
    host.runner.submit(document(), id="a")
    host.runner.run()
    assert spans[0] == "begin mediapipeline.job {'job.id': 'a', 'job.attempt': 1}"
    assert spans[1] == "begin mediapipeline.plan"
    assert spans[-1] == "end mediapipeline.job"


# Remote files


class Bucket:
    """Keeps objects in memory, and fails as often as it is told."""

    schemes = frozenset({"mem"})

    def __init__(self) -> None:
        self.objects = {"mem://b/in.mp4": b"media"}
        self.fetched: list[tuple[str, str]] = []
        self.failures: list[Exception] = []
        self.folders: set[Path] = set()

    async def fetch(self, source: str, target: Path) -> None:
        self.folders.add(target.parent)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.fetched.append((source, target.name))
        target.write_bytes(self.objects[source])  # noqa: ASYNC240 - a few bytes

    async def publish(self, path: Path, destination: str, *, overwrite: bool) -> None:
        self.folders.add(path.parent)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        if destination in self.objects and not overwrite:
            raise ExecutionError(f"{destination} exists already")
        self.objects[destination] = path.name.encode()


def remote(**options: Any) -> tuple[Host, Bucket]:
    bucket = Bucket()
    return Host(policy=SourcePolicy(resolvers=(bucket,), publishers=(bucket,)), **options), bucket


def test_remote_files_are_fetched_before_and_published_after(tmp_path):
    host, bucket = remote(work_dir=tmp_path)
    job = document("mem://b/out.mkv?part=1", "mem://b/in.mp4", job_id="a")
    job["inputs"].append({"id": "again", "source": "mem://b/in.mp4"})
    job["outputs"].append({"id": "second", "input": "again", "destination": "second.mkv"})
    job["outputs"].append({"id": "third", "input": "again", "destination": "mem://b/third.mp4"})
    host.runner.submit(job)
    host.runner.run()
    done = host.get("a")
    assert host.way("a") == WAY
    assert bucket.fetched == [("mem://b/in.mp4", "input-0.mp4")], "what is named twice is fetched once"
    assert bucket.objects["mem://b/out.mkv?part=1"] == b"output-0.mkv"
    assert bucket.objects["mem://b/third.mp4"] == b"output-2.mp4"
    assert done.result is not None
    assert done.result.outputs["out"].destination == "mem://b/out.mkv?part=1"
    assert done.plan is not None
    assert done.plan.inputs[0].source == "mem://b/in.mp4"
    assert {folder.parent for folder in bucket.folders} == {tmp_path}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["fetching", "publishing"])
def test_what_fails_on_the_way_may_be_tried_again(tmp_path, when):
    host, bucket = remote(work_dir=tmp_path)

    def heard(job: Job) -> None:
        if job.status == when and job.retries == 0:
            bucket.failures.append(busy())

    host.heard = heard
    host.runner.submit(document("mem://b/out.mkv", "mem://b/in.mp4"), id="a")
    host.runner.run()
    assert (host.get("a").status, host.get("a").retries) == ("completed", 1)
    assert when in host.way("a")[: host.way("a").index("failed")]
    assert list(tmp_path.iterdir()) == []


def test_what_is_stored_is_replaced_only_if_asked_for(tmp_path):
    for overwrite, status in ((False, "failed"), (True, "completed")):
        host, bucket = remote(work_dir=tmp_path, overwrite=overwrite)
        bucket.objects["mem://b/out.mkv"] = b"precious"
        host.runner.submit(document("mem://b/out.mkv"), id="a")
        host.runner.run()
        assert host.get("a").status == status
        assert (bucket.objects["mem://b/out.mkv"] == b"precious") is (not overwrite)


@pytest.mark.parametrize("state", ["fetching", "publishing"])
def test_remote_jobs_are_cancelled_cleanly(tmp_path, state):
    host, bucket = remote(work_dir=tmp_path)

    def heard(job: Job) -> None:
        if job.status == state and not job.cancel_requested:
            host.runner.cancel("a")

    host.heard = heard
    host.runner.submit(document("mem://b/out.mkv", "mem://b/in.mp4"), id="a")
    host.runner.run()
    assert host.get("a").status == "cancelled"
    assert "mem://b/out.mkv" not in bucket.objects
    assert list(tmp_path.iterdir()) == []


def test_a_remote_source_that_nobody_resolves_is_refused():
    host = Host()
    host.runner.submit(document(source="mem://b/in.mp4"), id="a")
    host.runner.run()
    failure = host.get("a").failure
    assert isinstance(failure, SourceNotAllowedError)
    assert [p.code for p in failure.problems] == ["scheme-not-allowed"]
    assert "SourcePolicy(resolvers=" in (failure.problems[0].hint or "")


def test_misuse_is_told(tmp_path):
    planner = planning.planner()
    with pytest.raises(ValueError, match="at least one worker"):
        JobRunner(planner=planner, executor=DryRunExecutor(), workers=0)
    with pytest.raises(ValueError, match="no folder"):
        JobRunner(planner=planner, executor=DryRunExecutor(), work_dir=tmp_path / "none")

    async def inside() -> None:
        JobRunner(planner=planner, executor=DryRunExecutor()).run()

    with pytest.raises(RuntimeError, match=r"await runner.serve"):
        asyncio.run(inside())


def test_records_of_a_finished_job_survive_json():
    host = Host()
    host.runner.submit(document(), id="a")
    host.runner.run()
    job = host.get("a")
    again = Job.from_dict(job.to_dict())
    assert again == job
    assert attrs.evolve(again, plan=None, result=None) == attrs.evolve(job, plan=None, result=None)
