"""`JobStoreContract`: the tests that every `JobStore` passes, for those who write one.

Each method checks one promise and raises an `AssertionError` that says which one is broken. It needs no pytest, which
only finds the methods by their names, and no FFmpeg.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.errors import (
    ExecutionError,
    JobExistsError,
    JobNotFoundError,
    JobStoreError,
    TransitionError,
    VersionConflictError,
)
from mediapipeline.executor.result import ExecutionResult, OutputResult
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.jobs.job import ACTIVE, TRANSITIONS, Job, JobStatus
from mediapipeline.jobs.store import JobQuery, JobStore
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.testing.fakes import FakeProber, clip_info

__all__ = ["JobStoreContract"]

_START = datetime(2030, 1, 31, 23, 59, 59, 987654, tzinfo=UTC)
_SPEC = {
    "inputs": [{"id": "in", "source": "in.mp4"}],
    "outputs": [{"id": "out", "input": "in", "destination": "out.mkv"}],
}
_WAY = (
    JobStatus.PENDING,
    JobStatus.VALIDATING,
    JobStatus.FETCHING,
    JobStatus.PROBING,
    JobStatus.PLANNING,
    JobStatus.PROCESSING,
    JobStatus.PUBLISHING,
    JobStatus.COMPLETED,
)
_THREADS = 4


class JobStoreContract(ABC):
    """What holds for every store.

    Subclass it with the name of a test class, and say how a store is made::

        class TestMyStore(JobStoreContract):
            def make_store(self) -> JobStore:
                return MyStore(":memory:")
    """

    @abstractmethod
    def make_store(self) -> JobStore:
        """A new, empty store."""

    # Records

    def test_a_new_job_is_kept_as_it_is(self) -> None:
        store = self.make_store()
        job = _job("a", user_id="ada", priority=7)
        kept = store.create(job)
        assert attrs.evolve(kept, version=job.version) == job, "create changes more than the version of a record"
        assert store.get("a") == kept, "get gives something else than create returned"

    def test_every_field_survives(self) -> None:
        store = self.make_store()
        plan, result = _plan_and_result()
        job = store.create(attrs.evolve(_job("a"), not_before=_START + timedelta(microseconds=1)))
        job = _walk(store, job, JobStatus.PROCESSING, worker="w")
        full = attrs.evolve(
            job, progress=0.25, retries=2, cancel_requested=True, plan=plan, result=result,
            error=ExecutionError("disk full", step="s").to_dict(), updated_at=_at(3),
        )  # fmt: skip
        kept = store.update(full)
        assert attrs.evolve(kept, version=full.version) == full, "update loses or changes a field"
        assert store.get("a") == kept, "get gives something else than update returned"
        assert store.get("a").updated_at.utcoffset() is not None, "times lose their zone"
        (listed,) = store.list(JobQuery()).jobs
        assert listed == kept, "list gives another record than get"

    def test_an_id_is_taken_once(self) -> None:
        store = self.make_store()
        store.create(_job("a", priority=1))
        with _raises(JobExistsError, "create takes an id that is taken"):
            store.create(_job("a", priority=2))
        assert store.get("a").priority == 1, "a refused create replaces what is there"

    def test_a_job_begins_as_pending(self) -> None:
        store = self.make_store()
        begun = _job("a").to(JobStatus.VALIDATING, now=_at(1))
        with _raises(JobStoreError, "create takes a job that is not pending"):
            store.create(begun)

    def test_an_unknown_job_is_told(self) -> None:
        store = self.make_store()
        store.create(_job("a"))
        calls: dict[str, Callable[[], object]] = {
            "get": lambda: store.get("b"),
            "update": lambda: store.update(_job("b")),
            "delete": lambda: store.delete("b"),
        }
        for what, call in calls.items():
            with _raises(JobNotFoundError, f"{what} makes up a job that is not there"):
                call()
        assert len(store.list(JobQuery()).jobs) == 1, "a refused call leaves something behind"

    def test_a_deleted_job_is_gone(self) -> None:
        store = self.make_store()
        for name in "ab":
            store.create(_job(name))
        store.delete("a")
        with _raises(JobNotFoundError, "get finds a job that was deleted"):
            store.get("a")
        assert _names(store, JobQuery()) == ["b"], "list shows a job that was deleted"
        claimed = [store.claim("w", _at(9)), store.claim("w", _at(9))]
        assert [job and job.id for job in claimed] == ["b", None], "a job is claimed that was deleted"
        store.create(_job("a", priority=3))
        assert store.get("a").priority == 3, "the id of a deleted job is not free"

    # Changes

    def test_a_change_is_of_the_next_version(self) -> None:
        store = self.make_store()
        job = store.create(_job("a"))
        again = store.update(attrs.evolve(job, priority=5))
        assert again.version > job.version, "update does not count the version"
        assert store.get("a").priority == 5, "update keeps nothing"
        store.update(attrs.evolve(again, priority=6))

    def test_a_stale_change_is_refused(self) -> None:
        store = self.make_store()
        store.create(_job("a"))
        mine, theirs = store.get("a"), store.get("a")
        store.update(attrs.evolve(theirs, priority=1))
        with _raises(VersionConflictError, "an update is lost: one made from an old record replaces a newer one"):
            store.update(attrs.evolve(mine, priority=2))
        assert store.get("a").priority == 1, "a refused update is kept"

    def test_no_change_is_lost_among_threads(self) -> None:
        store = self.make_store()
        store.create(_job("a"))

        def count() -> None:
            for _ in range(10):
                while True:
                    job = store.get("a")
                    try:
                        store.update(attrs.evolve(job, retries=job.retries + 1))
                        break
                    except VersionConflictError:
                        continue

        _in_threads(count)
        assert store.get("a").retries == 10 * _THREADS, "an update is lost when several threads make them"

    def test_states_follow_each_other(self) -> None:
        store = self.make_store()
        for number, before in enumerate(JobStatus):
            for after in JobStatus:
                name = f"{number}-{after}"
                job = _walk(store, store.create(_job(name)), before)
                changed = attrs.evolve(job, status=after)
                if after is before or after in TRANSITIONS[before]:
                    try:
                        assert store.update(changed).status is after, f"{before} does not become {after}"
                    except JobStoreError as error:
                        raise AssertionError(f"{before} does not become {after}: {error}") from error
                    continue
                with _raises(TransitionError, f"{before} becomes {after}, which it may not"):
                    store.update(changed)
                assert store.get(name) == job, "a refused update is kept"

    def test_what_a_job_is_about_never_changes(self) -> None:
        store = self.make_store()
        job = store.create(_job("a"))
        with _raises(JobStoreError, "the spec of a job can be changed"):
            store.update(attrs.evolve(job, spec={**job.spec, "tags": ["x"]}))
        with _raises(JobStoreError, "created_at of a job can be changed"):
            store.update(attrs.evolve(job, created_at=_at(-1)))
        assert store.get("a") == job, "a refused update is kept"

    # Lists

    def test_lists_hold_what_is_asked_for(self) -> None:
        store = self.make_store()
        for name, user in (("a", "ada"), ("b", "bob"), ("c", "ada"), ("d", None)):
            store.create(attrs.evolve(_job(name), user_id=user))
        _walk(store, store.get("b"), JobStatus.PROCESSING, worker="w1")
        _walk(store, store.get("c"), JobStatus.FAILED, worker="w2")
        for query, names in {
            JobQuery(): "abcd",
            JobQuery(statuses={JobStatus.PENDING}): "ad",
            JobQuery(statuses={JobStatus.PENDING, JobStatus.FAILED}): "acd",
            JobQuery(statuses=ACTIVE): "b",
            JobQuery(statuses=()): "",
            JobQuery(worker="w1"): "b",
            JobQuery(worker="w3"): "",
            JobQuery(user_id="ada"): "ac",
            JobQuery(user_id="ada", statuses={JobStatus.FAILED}, worker="w2"): "c",
            JobQuery(user_id="bob", statuses={JobStatus.FAILED}): "",
        }.items():
            assert _names(store, query) == list(names), f"the filter is not heeded: {query}"
            one_by_one = _names(store, attrs.evolve(query, limit=1))
            assert one_by_one == list(names), f"the filter is not heeded by pages: {query}"

    def test_lists_are_in_order(self) -> None:
        store = self.make_store()
        for name, age, priority in (("d", 3, 0), ("b", 1, -5), ("a", 2, 0), ("c", 2, 0), ("e", 4, 9), ("f", 5, 10)):
            store.create(_job(name, at=age, priority=priority))
        assert _names(store, JobQuery()) == list("bacdef"), "not by age, or those of one moment not by their ids"
        assert _names(store, JobQuery(order="newest")) == list("fedcab"), "not the newest first"
        assert _names(store, JobQuery(order="next")) == list("feacdb"), "not the greatest priority first, then by age"

    def test_pages_hold_each_job_once(self) -> None:
        store = self.make_store()
        for number in range(7):
            store.create(_job(f"job-{number}", at=number // 2, priority=number % 2))
        for order in ("oldest", "newest", "next"):
            whole = [job.id for job in store.list(JobQuery(order=order)).jobs]
            for limit in (1, 2, 3, 6, 7, 8):
                pages = list(_pages(store, JobQuery(order=order, limit=limit)))
                assert all(len(page) == limit for page in pages[:-1]), f"a page of {limit} is not full"
                assert all(len(page) <= limit for page in pages), f"a page holds more than {limit}"
                assert [name for page in pages for name in page] == whole, f"pages of {limit} leave out or repeat jobs"
                assert len(pages) == -(-7 // limit), "a cursor is given where nothing follows"

    def test_pages_stand_changes_in_between(self) -> None:
        store = self.make_store()
        for number in range(6):
            store.create(_job(f"job-{number}", at=number))
        first = store.list(JobQuery(limit=3))
        store.delete("job-2")  # the last of the page
        store.delete("job-0")
        store.create(_job("early", at=-1))
        rest = store.list(JobQuery(limit=3, cursor=first.cursor))
        assert [job.id for job in rest.jobs] == ["job-3", "job-4", "job-5"], "pages shift when jobs come or go"

    def test_a_strange_cursor_is_told(self) -> None:
        store = self.make_store()
        store.create(_job("a"))
        with _raises(ValueError, "a cursor that the store did not make is taken"):
            store.list(JobQuery(cursor="🦑"))

    # Claims

    def test_claims_follow_priority_then_age(self) -> None:
        store = self.make_store()
        for name, age, priority in (("d", 3, 0), ("b", 1, -5), ("a", 2, 0), ("c", 2, 0), ("e", 4, 9), ("f", 5, 10)):
            store.create(_job(name, at=age, priority=priority))
        claimed = [job.id for job in _claim_all(store)]
        assert claimed == list("feacdb"), "claims are not by priority, or not by age where that is equal"

    def test_a_claim_is_written_down(self) -> None:
        store = self.make_store()
        assert store.claim("w", _at(1)) is None, "there is nothing to claim"
        job = store.create(_job("a"))
        claimed = store.claim("w", _at(1))
        assert claimed is not None, "a pending job is not claimed"
        told = attrs.evolve(job.to(JobStatus.VALIDATING, now=_at(1), worker="w"), version=claimed.version)
        assert claimed == told, "a claim does not set what follows from it: status, worker, started_at, updated_at"
        assert claimed.version > job.version, "a claim does not count the version"
        assert store.get("a") == claimed, "a claim is not kept"
        assert store.claim("v", _at(2)) is None, "a job is claimed twice"

    def test_only_pending_jobs_are_claimed(self) -> None:
        store = self.make_store()
        for status in JobStatus:
            _walk(store, store.create(_job(status)), status)
        assert [job.id for job in _claim_all(store)] == ["pending"], "a job is claimed that is not pending"

    def test_a_job_that_rests_is_not_claimed(self) -> None:
        store = self.make_store()
        store.create(attrs.evolve(_job("a", priority=9), not_before=_at(5)))
        store.create(_job("b"))
        first = store.claim("w", _at(4))
        assert first is not None, "one that rests keeps others from being claimed"
        assert first.id == "b", "a job is claimed before its rest is over"
        assert store.claim("w", _at(4)) is None, "a job is claimed before its rest is over"
        assert store.claim("w", _at(5)) is not None, "a job is not claimed when its rest is over"

    def test_a_job_that_is_tried_again_is_claimed_again(self) -> None:
        store = self.make_store()
        store.create(_job("b", priority=1))
        store.create(_job("a", at=-1))
        job = store.claim("w", _at(1))
        assert job is not None
        failed = store.update(job.to(JobStatus.FAILED, now=_at(2)))
        store.update(failed.to(JobStatus.PENDING, now=_at(3), not_before=_at(4)))
        store.create(_job("c", priority=2))
        store.update(attrs.evolve(store.get("a"), priority=3))
        claimed = [job.id for job in _claim_all(store, now=_at(9))]
        assert claimed == ["a", "c", "b"], "a job that was changed has not the place that it should have"

    def test_no_job_is_claimed_twice_among_threads(self) -> None:
        store = self.make_store()
        names = {f"job-{number}" for number in range(40)}
        for name in names:
            store.create(_job(name))
        claimed: list[str] = []

        def claim() -> None:
            while (job := store.claim(threading.current_thread().name, _at(1))) is not None:
                claimed.append(job.id)

        _in_threads(claim)
        assert len(claimed) == len(set(claimed)), "a job is claimed twice when several threads claim"
        assert set(claimed) == names, "a job is claimed by nobody"


def _at(seconds: float) -> datetime:
    return _START + timedelta(seconds=seconds)


def _job(name: str, *, at: float = 0, **changes: Any) -> Job:
    return attrs.evolve(Job.of(_SPEC, now=_at(at), id=name), **changes)


def _walk(store: JobStore, job: Job, status: JobStatus, **changes: Any) -> Job:
    """Have *job* come to that state, by legal steps only."""
    if status is JobStatus.CANCELLED:
        return store.update(job.to(status, now=_at(1)))
    way = (*_WAY[:2], status) if status is JobStatus.FAILED else _WAY[: _WAY.index(status) + 1]
    for each in way[1:]:
        job = store.update(job.to(each, now=_at(1), **changes))
    return job


def _pages(store: JobStore, query: JobQuery) -> Iterator[list[str]]:
    for _ in range(100):  # a broken store may never come to an end
        page = store.list(query)
        yield [job.id for job in page.jobs]
        if page.cursor is None:
            return
        query = attrs.evolve(query, cursor=page.cursor)
    raise AssertionError("the pages of a list never end")


def _names(store: JobStore, query: JobQuery) -> list[str]:
    return [name for page in _pages(store, query) for name in page]


def _claim_all(store: JobStore, now: datetime = _START) -> Iterator[Job]:
    for _ in range(100):
        job = store.claim("w", now)
        if job is None:
            return
        yield job
    raise AssertionError("there is always something to claim")


def _in_threads(function: Callable[[], None]) -> None:
    """Run *function* in several threads at a time; the first failure is raised."""
    failures: list[BaseException] = []
    begin = threading.Barrier(_THREADS)

    def guarded() -> None:
        try:
            begin.wait(30)
            function()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def _raises(error: type[Exception], otherwise: str) -> Iterator[None]:
    try:
        yield
    except error:
        return
    raise AssertionError(otherwise)


def _plan_and_result() -> tuple[ProcessingPlan, ExecutionResult]:
    prober = FakeProber({"in.mp4": clip_info()})
    planner = Planner(prober=prober, capabilities=Capabilities.assume("9.0"), machine=Machine(cores=2))
    plan = planner.plan(_SPEC)
    output = OutputResult(
        id="out", path=Path("/out.mkv"), destination="out.mkv", media=plan.outputs[0].media, size=1, checks=("it is",)
    )
    return plan, ExecutionResult(outputs={"out": output}, steps=(), wall_seconds=0.5)
