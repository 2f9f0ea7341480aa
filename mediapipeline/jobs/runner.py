"""`JobRunner`: takes jobs from a store and sees each through, from its document to the end that it comes to.

How an attempt is made is `mediapipeline.jobs.attempt`'s, what its end means `mediapipeline.jobs.endings`'s, and how
jobs are kept the store's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs

from mediapipeline.errors import JobNotFoundError, Problem, SpecError
from mediapipeline.executor.events import Event
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.executor.waiting import end_all, in_thread, outlast
from mediapipeline.jobs.attempt import Attempt, PlanExecutor, Settings
from mediapipeline.jobs.endings import Endings
from mediapipeline.jobs.job import ACTIVE, TERMINAL, Job, JobStatus
from mediapipeline.jobs.record import JobRecord, TakenAway
from mediapipeline.jobs.retry import RetryPolicy
from mediapipeline.jobs.store import JobQuery, JobStore, MemoryJobStore
from mediapipeline.media.malformed import shown
from mediapipeline.planner.planner import Planner
from mediapipeline.spec.job import JobSpec
from mediapipeline.tracing import Trace, no_trace

__all__ = ["PRIORITIES", "JobRunner"]

_log = logging.getLogger(__name__)

PRIORITIES: Mapping[str, int] = {"low": -10, "normal": 0, "high": 10}
"""What a document may say instead of a number."""

_BUSY = frozenset(JobStatus) - TERMINAL


def _now() -> datetime:
    return datetime.now(UTC)


def _nobody(*_: object) -> None:
    """Who watches where nobody does."""


class JobRunner:
    """Runs the jobs of a store, several at a time, the greatest priority first.

    A script calls `run`. A host with an event loop writes ``async with runner:``, which runs jobs until the block ends.
    `submit`, `cancel`, `retry` and `stop` may be called from any thread, and block as long as the store does. Several
    runners, of several processes too, may share a store.

    Args:
        planner: Plans the jobs; its policy says what may be read and written, and has the resolvers and publishers.
        executor: Runs the plans. Its policy has to allow the same local files.
        store: Where the jobs are; default, one in memory.
        workers: How many jobs at a time. How many cores they use together is up to the executor.
        worker_id: Under which name jobs are claimed; default, one of this machine and process.
        retry: How often, and when, a job is tried again that failed for a reason that may pass.
        overwrite: Whether outputs that exist may be replaced. A job of which some outputs are local and some are not
            needs it to be tried again after publishing has failed.
        work_dir: Where what is fetched, and what will be published, lies meanwhile; default, the system's folder for
            temporary files.
        poll: Seconds after which the store is looked at for what others have put there: jobs, wishes to cancel.
        clock: The time, with its zone.
        on_change: Told of each change of a record, in whichever thread it is made.
        on_event: Told of each event of a run, on the event loop, with the id of the job. What `on_change` and
            `on_event` raise is logged, and fails no job.
        trace: Opens a span around each attempt; see `mediapipeline.tracing`.

    Raises:
        ValueError: No workers, or *work_dir* is no folder.
    """

    def __init__(
        self,
        *,
        planner: Planner,
        executor: PlanExecutor,
        store: JobStore | None = None,
        workers: int = 2,
        worker_id: str | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
        overwrite: bool = False,
        work_dir: str | os.PathLike[str] | None = None,
        poll: float = 1.0,
        clock: Callable[[], datetime] = _now,
        on_change: Callable[[Job], None] = _nobody,
        on_event: Callable[[str, Event], None] = _nobody,
        trace: Trace = no_trace,
    ) -> None:
        folder = None if work_dir is None else Path(work_dir)
        if workers < 1:
            raise ValueError(f"at least one worker is needed, not {workers}")
        if folder is not None and not folder.is_dir():
            raise ValueError(f"there is no folder {str(folder)!r}")
        self.store: JobStore = MemoryJobStore() if store is None else store
        self.worker_id = worker_id or f"{platform.node() or 'host'}-{os.getpid()}-{secrets.token_hex(3)}"
        self._workers = workers
        self._endings = Endings(retry, self.worker_id)
        self._poll = poll
        self._clock = clock
        self._on_change = on_change
        self._on_event = on_event
        self._settings = Settings(
            planner=planner, executor=executor, work_dir=folder, overwrite=overwrite, on_event=self._heard, trace=trace
        )  # fmt: skip
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        # By attempt, since a job that was put back may be under way once more before the first attempt is over
        self._running: dict[asyncio.Task[ExecutionResult], str] = {}
        self._awaited: dict[str, asyncio.Event] = {}
        self._stopping = self._ending = False
        self._serving: asyncio.Task[None] | None = None

    # From any thread

    def submit(
        self,
        spec: JobSpec | Mapping[str, Any],
        *,
        id: str | None = None,  # noqa: A002 - as the field is called
        priority: int | None = None,
    ) -> Job:
        """Hand in a job.

        Args:
            spec: The job, or its document. What is wrong with it is found out when its turn comes; who wants to know
                before asks `Planner.validate`.
            id: Its id; default, the document's ``job_id``, or a random one.
            priority: Default, the document's: a number, or one of the words in `PRIORITIES`.

        Raises:
            SpecError: The document's priority is another word.
            JobExistsError: There is a job of that id already.
        """
        job = Job.of(spec, now=self._clock(), id=id)
        chosen = _priority(job.spec.get("priority")) if priority is None else priority
        record = self._record(self.store.create(attrs.evolve(job, priority=chosen)))
        record.tell()
        self._call(self._tell)
        return record.job

    def cancel(self, id: str) -> Job:  # noqa: A002 - see above
        """Have a job end. One that nobody has begun is cancelled at once, one that is over stays as it is.

        Raises:
            JobNotFoundError: There is none of that id.
        """

        def cancelled(job: Job, now: datetime) -> Job | None:
            if job.status is JobStatus.PENDING:
                return job.to(JobStatus.CANCELLED, now=now)
            if job.terminal and not self._endings.comes_again(job):
                return None
            return attrs.evolve(job, cancel_requested=True, updated_at=now)

        job = self._record(self.store.get(id)).change(cancelled)
        self._call(self._end, id)
        self._call(self._wake, id)
        return job

    def retry(self, id: str) -> Job:  # noqa: A002 - see above
        """Try a job again that failed, as soon as it is its turn.

        Raises:
            JobNotFoundError: There is none of that id.
            TransitionError: It did not fail.
        """
        job = self._record(self.store.get(id)).change(
            lambda job, now: job.to(JobStatus.PENDING, now=now, retries=job.retries + 1)
        )
        self._call(self._tell)
        return job

    def recover(self, worker_id: str) -> tuple[Job, ...]:
        """Put the jobs back that a worker had when it died. Nobody can tell but the host whether it did."""
        found: list[Job] = []
        query = JobQuery(statuses=ACTIVE, worker=worker_id)
        while page := self.store.list(query).jobs:  # those that are put back are no longer among them
            found += [self._endings.put_back(self._record(job), f"its worker {worker_id!r} is gone") for job in page]
        self._call(self._tell)
        return tuple(found)

    def stop(self, *, now: bool = False) -> None:
        """Claim no more jobs. `run`, or `serve`, returns when those that run are over.

        Args:
            now: End those that run as well, and put them back: they are pending again, and that counts as no retry.
        """
        self._stopping = True
        self._ending |= now
        if now:
            self._call(self._end, None)
        self._call(self._tell)

    # Running

    def run(self) -> None:
        """Run jobs until there is nothing to do, or until `stop`; see `serve`.

        An interrupt (Ctrl-C) ends those that run, and puts them back.

        Raises:
            RuntimeError: This runner runs already, or this thread has a running event loop.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self.serve(until_idle=True))
        else:
            raise RuntimeError("this thread has an event loop that runs: `await runner.serve(until_idle=True)` there")

    async def serve(self, *, until_idle: bool = False) -> None:
        """Run jobs on this event loop, until `stop`. If the task is cancelled, those that run are put back.

        Where the store fails, so that not even the end of a job can be written down, it ends, and raises that.

        Args:
            until_idle: End when there is nothing to do: no job is pending, be it at rest before it is tried again, and
                none is under way, be it with another runner.

        Raises:
            RuntimeError: This runner runs already.
        """
        with self._lock:
            if self._loop is not None:
                raise RuntimeError("this runner runs already")
            self._loop = asyncio.get_running_loop()
        workers = [asyncio.create_task(self._work(until_idle=until_idle)) for _ in range(self._workers)]
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            if not all(worker.done() for worker in workers):  # one of them failed, or this task is cancelled
                self.stop(now=True)
            try:
                await outlast(workers)
            finally:
                self._loop = None
                self._stopping = self._ending = False
        failures = [worker.exception() for worker in workers if not worker.cancelled()]
        for failure in failures:
            if failure is not None:
                raise failure

    async def wait(self, id: str) -> Job:  # noqa: A002 - see above
        """The record of a job when it is over; who waits holds no thread.

        Raises:
            JobNotFoundError: There is none of that id.
        """
        while True:
            here = self._loop is asyncio.get_running_loop()
            over = self._awaited.setdefault(id, asyncio.Event()) if here else asyncio.Event()
            try:
                job = await in_thread(partial(self.store.get, id))
            except JobNotFoundError:
                self._wake(id)  # nobody else will
                raise
            if job.terminal and not self._endings.comes_again(job):
                self._wake(id)
                return job
            await self._rest(over)

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self.serve(), name="mediapipeline-jobs")
        self._serving.add_done_callback(_report)
        await asyncio.sleep(0)  # so that it has begun
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        serving, self._serving = self._serving, None
        assert serving is not None
        self.stop(now=kind is not None)
        await outlast([serving])
        if kind is None:
            serving.result()

    async def _work(self, *, until_idle: bool) -> None:
        """What one worker does: one job after the other."""
        while not self._stopping:
            news = self._news
            # Heeded later: a job that was claimed must not get lost with the task that claimed it
            job = await in_thread(partial(self.store.claim, self.worker_id, self._clock()), heed=False)
            if job is not None:
                await self._see_through(job)
                self._tell()
            elif until_idle and not self._running and await in_thread(self._is_idle):
                return
            else:
                await self._rest(news)

    async def _see_through(self, job: Job) -> None:
        record = self._record(job, claimed=True)
        await in_thread(record.tell, heed=False)
        attempt = asyncio.create_task(Attempt(self._settings, record).run(), name=f"mediapipeline-job-{job.id}")
        self._running[attempt] = job.id
        task = asyncio.current_task()
        try:
            if self._ending or (task is not None and task.cancelling()):
                attempt.cancel()
            await self._until_over(attempt, record)
        finally:
            await end_all([attempt])
            try:
                await in_thread(partial(self._endings.conclude, record, attempt), heed=False)
            finally:
                del self._running[attempt]
                self._wake(job.id)

    async def _until_over(self, attempt: asyncio.Task[ExecutionResult], record: JobRecord) -> None:
        """Wait for *attempt*, and look now and then whether somebody else wants it to end."""
        while not (await asyncio.wait([attempt], timeout=self._poll))[0]:
            try:
                wanted = not (await in_thread(record.refresh)).cancel_requested
            except (JobNotFoundError, TakenAway):  # it was deleted, or put back
                wanted = False
            if not wanted:
                attempt.cancel()

    def _is_idle(self) -> bool:
        return not self.store.list(JobQuery(statuses=_BUSY, limit=1)).jobs

    # News

    def _record(self, job: Job, *, claimed: bool = False) -> JobRecord:
        return JobRecord(self.store, job, self._clock, self._on_change, claimed=claimed)

    def _heard(self, id_: str, event: Event) -> None:
        try:
            self._on_event(id_, event)
        except Exception:  # noqa: BLE001 - of the host, and logged
            _log.exception("on_event failed for job %r", id_)

    async def _rest(self, news: asyncio.Event) -> None:
        """Until there is *news*, or it is time to look for oneself."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll):
                await news.wait()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Have *function* called on the loop, if there is one."""
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):  # it has just been closed
                loop.call_soon_threadsafe(function, *arguments)

    def _tell(self) -> None:
        """Wake the workers that rest. On the loop."""
        self._news.set()
        self._news = asyncio.Event()

    def _wake(self, id_: str) -> None:
        """Wake those who wait for a job, to look whether it is over. On the loop."""
        if (over := self._awaited.pop(id_, None)) is not None:
            over.set()

    def _end(self, id_: str | None) -> None:
        """End the attempt at a job, or all of them. On the loop."""
        for attempt, name in self._running.items():
            if id_ in (None, name):
                attempt.cancel()


def _report(serving: asyncio.Task[None]) -> None:
    """Say at once what the block will hear only at its end."""
    if not serving.cancelled() and (error := serving.exception()) is not None:
        _log.error("the job runner has ended, and runs no more jobs", exc_info=error)


def _priority(value: object) -> int:
    if not isinstance(value, str):
        return value if isinstance(value, int) else 0  # what is of another type is a problem of the document
    if value not in PRIORITIES:
        hint = f"a number, or one of {', '.join(PRIORITIES)}"
        raise SpecError([Problem("/priority", "unknown-priority", f"{shown(value)} is no priority here", hint)])
    return PRIORITIES[value]
