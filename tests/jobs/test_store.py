"""The store of the library keeps the contract, and the contract finds what is wrong with stores that do not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import attrs
import pytest

from mediapipeline.errors import JobExistsError, JobNotFoundError
from mediapipeline.jobs import Job, JobPage, JobQuery, JobStatus, JobStore, MemoryJobStore, check_change
from mediapipeline.jobs.store import _age, _next
from mediapipeline.testing import JobStoreContract

EVERYTHING = JobQuery()


class TestMemoryJobStore(JobStoreContract):
    def make_store(self) -> JobStore:
        return MemoryJobStore()


class JsonJobStore(MemoryJobStore):
    """Keeps the JSON of records, as a database would, in the simplest way that is right."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.lock = threading.RLock()

    def read(self, text: str) -> Job:
        return Job.from_dict(json.loads(text))

    def keep(self, job: Job) -> Job:
        self.rows[job.id] = json.dumps(job.to_dict())
        return job

    def create(self, job: Job) -> Job:
        other = MemoryJobStore()
        with self.lock:
            if job.id in self.rows:
                raise JobExistsError(job.id)
            return self.keep(other.create(job))

    def get(self, id_: str) -> Job:
        with self.lock:
            if id_ not in self.rows:
                raise JobNotFoundError(id_)
            return self.read(self.rows[id_])

    def update(self, job: Job) -> Job:
        with self.lock:
            self.check(self.get(job.id), job)
            return self.keep(attrs.evolve(job, version=job.version + 1))

    def check(self, before: Job, after: Job) -> None:
        check_change(before, after)

    def wanted(self, query: JobQuery, job: Job) -> bool:
        return query.matches(job)

    def key(self, query: JobQuery) -> Callable[[Job], tuple[int, str, str]]:
        return _next if query.order == "next" else _age

    def list(self, query: JobQuery = EVERYTHING) -> JobPage:
        with self.lock:
            jobs = [self.read(text) for text in self.rows.values()]
        found = sorted(
            (job for job in jobs if self.wanted(query, job)), key=self.key(query), reverse=query.order == "newest"
        )
        return self.page(found, query)

    def page(self, found: Sequence[Job], query: JobQuery) -> JobPage:
        if query.cursor is not None:
            mark = tuple(json.loads(query.cursor))
            key = self.key(query)
            found = [job for job in found if (key(job) < mark if query.order == "newest" else key(job) > mark)]
        page = tuple(found[: query.limit])
        more = len(found) > len(page)
        return JobPage(jobs=page, cursor=json.dumps(self.key(query)(page[-1])) if more else None)

    def delete(self, id_: str) -> None:
        with self.lock:
            self.get(id_)
            del self.rows[id_]

    def claim(self, worker: str, now: datetime) -> Job | None:
        with self.lock:
            due = [job for job in self.list(JobQuery(limit=10**6)).jobs if self.due(job, now)]
            if not due:
                return None
            return self.claimed(min(due, key=self.rank), worker, now)

    def due(self, job: Job, now: datetime) -> bool:
        return job.status is JobStatus.PENDING and (job.not_before is None or job.not_before <= now)

    def rank(self, job: Job) -> tuple:
        return _next(job)

    def claimed(self, job: Job, worker: str, now: datetime) -> Job:
        return self.update(job.to(JobStatus.VALIDATING, now=now, worker=worker))


class TestJsonJobStore(JobStoreContract):
    def make_store(self) -> JobStore:
        return JsonJobStore()


# Stores with a fault each, and what finds it

FAULTS: dict[type[MemoryJobStore], str] = {}


def fault(check: str) -> Callable[[type[MemoryJobStore]], type[MemoryJobStore]]:
    def planted(cls: type[MemoryJobStore]) -> type[MemoryJobStore]:
        FAULTS[cls] = check
        return cls

    return planted


@fault("test_a_stale_change_is_refused")
class LostUpdate(JsonJobStore):
    """Takes every update for the latest."""

    def check(self, before, after):
        super().check(before, attrs.evolve(after, version=before.version))


@fault("test_no_change_is_lost_among_threads")
class LostUpdateAmongThreads(JsonJobStore):
    """Looks and writes without holding on to what it looked at."""

    def update(self, job):
        self.check(self.get(job.id), job)
        time.sleep(0.001)
        return self.keep(attrs.evolve(job, version=job.version + 1))


@fault("test_a_change_is_of_the_next_version")
class SameVersion(JsonJobStore):
    def update(self, job):
        self.check(self.get(job.id), job)
        return self.keep(job)


@fault("test_a_change_is_of_the_next_version")
class KeepsNothing(JsonJobStore):
    def update(self, job):
        self.check(self.get(job.id), job)
        return attrs.evolve(job, version=job.version + 1)


@fault("test_a_stale_change_is_refused")
class KeepsWhatItRefuses(JsonJobStore):
    def update(self, job):
        before = self.get(job.id)
        self.keep(attrs.evolve(job, version=job.version + 1))
        self.check(before, job)
        return self.get(job.id)


@fault("test_an_unknown_job_is_told")
class MakesUpJobs(JsonJobStore):
    def update(self, job):
        return super().update(job) if job.id in self.rows else self.keep(job)


@fault("test_an_id_is_taken_once")
class ReplacesJobs(JsonJobStore):
    def create(self, job):
        self.rows.pop(job.id, None)
        return super().create(job)


@fault("test_a_job_begins_as_pending")
class TakesWhatIsUnderWay(JsonJobStore):
    def create(self, job):
        return super().create(job) if job.status == "pending" else self.keep(job)


@fault("test_states_follow_each_other")
class AnyState(JsonJobStore):
    def check(self, before, after):
        super().check(attrs.evolve(before, status=after.status), after)


@fault("test_states_follow_each_other")
class NeverAgain(JsonJobStore):
    """Takes a failed job for one that is over for good."""

    def check(self, before, after):
        super().check(before, after)
        if before.status == "failed" and after.status == "pending":
            super().check(attrs.evolve(before, status=JobStatus.COMPLETED), after)


@fault("test_what_a_job_is_about_never_changes")
class ChangesItsMind(JsonJobStore):
    def check(self, before, after):
        super().check(attrs.evolve(before, spec=after.spec, created_at=after.created_at), after)


@fault("test_every_field_survives")
class ForgetsThePlan(JsonJobStore):
    def keep(self, job):
        super().keep(attrs.evolve(job, plan=None))
        return job


@fault("test_a_new_job_is_kept_as_it_is")
class WholeSeconds(JsonJobStore):
    def read(self, text):
        job = super().read(text)
        return attrs.evolve(job, created_at=job.created_at.replace(microsecond=0))


@fault("test_every_field_survives")
class ForgetsRetries(JsonJobStore):
    def read(self, text):
        return attrs.evolve(super().read(text), retries=0)


@fault("test_a_deleted_job_is_gone")
class DeletesSoftly(JsonJobStore):
    def __init__(self):
        super().__init__()
        self.deleted: set[str] = set()

    def get(self, id_):
        if id_ in self.deleted:
            raise JobNotFoundError(id_)
        return super().get(id_)

    def delete(self, id_):
        self.get(id_)
        self.deleted.add(id_)


@fault("test_lists_hold_what_is_asked_for")
class Unfiltered(JsonJobStore):
    def wanted(self, query, job):
        return True


@fault("test_lists_hold_what_is_asked_for")
class ForgetsTheUser(JsonJobStore):
    def wanted(self, query, job):
        return super().wanted(attrs.evolve(query, user_id=None), job)


@fault("test_lists_hold_what_is_asked_for")
class NoStateIsAnyState(JsonJobStore):
    def wanted(self, query, job):
        return super().wanted(attrs.evolve(query, statuses=query.statuses or None), job)


@fault("test_lists_hold_what_is_asked_for")
class FiltersAfterPaging(JsonJobStore):
    def list(self, query=EVERYTHING):
        page = super().list(attrs.evolve(query, statuses=None, user_id=None, worker=None))
        return attrs.evolve(page, jobs=tuple(job for job in page.jobs if query.matches(job)), cursor=None)


@fault("test_lists_are_in_order")
class ById(JsonJobStore):
    def key(self, query):
        return lambda job: (0, "", job.id)


@fault("test_lists_are_in_order")
class TiesByChance(JsonJobStore):
    def key(self, query):
        key = super().key(query)
        return lambda job: (*key(job)[:2], str(999 - ord(job.id[0])))


@fault("test_lists_are_in_order")
class LeastPriorityFirst(JsonJobStore):
    def key(self, query):
        key = super().key(query)
        return lambda job: (-key(job)[0], *key(job)[1:])


@fault("test_pages_hold_each_job_once")
class RepeatsTheLast(JsonJobStore):
    def page(self, found, query):
        page = super().page(found, attrs.evolve(query, limit=query.limit))
        if query.cursor is None or len(page.jobs) < 2:
            return page
        before = [job for job in found if job not in page.jobs and self.key(query)(job) < self.key(query)(page.jobs[0])]
        return attrs.evolve(page, jobs=(*before[-1:], *page.jobs[:-1]))


@fault("test_pages_hold_each_job_once")
class AlwaysMore(JsonJobStore):
    def page(self, found, query):
        page = super().page(found, query)
        return page if not page.jobs else attrs.evolve(page, cursor=json.dumps(self.key(query)(page.jobs[-1])))


@fault("test_pages_stand_changes_in_between")
class PagesByOffset(JsonJobStore):
    def page(self, found, query):
        begin = int(query.cursor or 0)
        end = begin + query.limit
        return JobPage(jobs=tuple(found[begin:end]), cursor=str(end) if end < len(found) else None)


@fault("test_a_strange_cursor_is_told")
class TakesAnyCursor(JsonJobStore):
    def page(self, found, query):
        try:
            return super().page(found, query)
        except ValueError:
            return JobPage(jobs=())


@fault("test_claims_follow_priority_then_age")
class FirstCome(JsonJobStore):
    def rank(self, job):
        return _age(job)


@fault("test_claims_follow_priority_then_age")
class LastCome(JsonJobStore):
    def rank(self, job):
        return (-job.priority, -job.created_at.timestamp(), job.id)


@fault("test_a_job_that_rests_is_not_claimed")
class NoRest(JsonJobStore):
    def due(self, job, now):
        return job.status == "pending"


@fault("test_a_job_that_rests_is_not_claimed")
class RestsForEver(JsonJobStore):
    def due(self, job, now):
        return super().due(job, now) and job.not_before is None


@fault("test_only_pending_jobs_are_claimed")
class ClaimsWhatWasCancelled(JsonJobStore):
    def due(self, job, now):
        return super().due(job, now) or job.status == "cancelled"

    def claimed(self, job, worker, now):
        pending = attrs.evolve(job, status=JobStatus.PENDING)
        self.keep(pending)
        return super().claimed(pending, worker, now)


@fault("test_a_claim_is_written_down")
class ForgetsWhoClaimed(JsonJobStore):
    def claimed(self, job, worker, now):
        return self.update(job.to(JobStatus.VALIDATING, now=now))


@fault("test_a_claim_is_written_down")
class ForgetsWhen(JsonJobStore):
    def claimed(self, job, worker, now):
        return self.update(attrs.evolve(job, status=JobStatus.VALIDATING, worker=worker))


@fault("test_no_job_is_claimed_twice_among_threads")
class ClaimsTwice(JsonJobStore):
    """Looks for the next job, and takes it a moment later, whoever has it by then."""

    def claim(self, worker, now):
        due = [job for job in self.list(JobQuery(limit=10**6)).jobs if self.due(job, now)]
        if not due:
            return None
        time.sleep(0.001)
        job = min(due, key=self.rank)
        return self.keep(job.to(JobStatus.VALIDATING, now=now, worker=worker, version=job.version + 1))


@fault("test_a_job_that_is_tried_again_is_claimed_again")
class ClaimsByAnOldList(MemoryJobStore):
    """Sorts jobs in as they come, and never again."""

    def update(self, job):
        ready = list(self._ready)
        kept = super().update(job)
        if job.retries == 0 and job.worker is None and job.status == "pending":
            self._ready = [(place, version + (place[-1] == job.id)) for place, version in ready]
        return kept


def checks() -> list[str]:
    return [name for name in dir(JobStoreContract) if name.startswith("test_")]


@pytest.mark.parametrize("broken", FAULTS, ids=lambda cls: cls.__name__)
def test_a_planted_fault_is_found(broken: type[MemoryJobStore]) -> None:
    class Contract(JobStoreContract):
        def make_store(self) -> JobStore:
            return broken()

    with pytest.raises(AssertionError):
        getattr(Contract(), FAULTS[broken])()


def test_every_promise_has_a_fault_that_breaks_it() -> None:
    assert set(checks()) == set(FAULTS.values())


def test_an_order_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        JobQuery(order="latest")  # type: ignore[arg-type]  # that is the test
