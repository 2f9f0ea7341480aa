"""One attempt at a job: from its document to its published outputs.

It lives on the event loop of the runner. However it ends, nothing of it runs any more and its folder is gone; what the
end means for the job is for the runner to decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Protocol

import attrs

from mediapipeline.errors import RunCancelledError
from mediapipeline.executor.events import Event, StepProgress
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.executor.waiting import in_thread, outlast, together
from mediapipeline.jobs.job import JobStatus
from mediapipeline.jobs.record import CancelRequested, JobRecord
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner, Stage
from mediapipeline.sources.resolver import Publisher, Resolver
from mediapipeline.sources.staging import Staged
from mediapipeline.spec.job import JobSpec
from mediapipeline.spec.load import load
from mediapipeline.tracing import Trace

__all__ = ["Attempt", "PlanExecutor", "PlanRun", "Settings"]

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_NOTICEABLE = 0.01  # of a job's progress; less is not written down


class PlanRun(Protocol):
    """A run that goes on, as `mediapipeline.executor.run.Run` is one."""

    def __aiter__(self) -> AsyncIterator[Event]: ...

    def cancel(self) -> None: ...

    async def result(self) -> ExecutionResult: ...


class PlanExecutor(Protocol):
    """What runs plans for jobs: `mediapipeline.Executor`, or a stand-in."""

    def start(
        self, plan: ProcessingPlan, *, overwrite: bool = False, staged: Staged | None = None
    ) -> AbstractAsyncContextManager[PlanRun]: ...


@attrs.frozen(kw_only=True)
class Settings:
    """What holds for every attempt of a runner.

    Attributes:
        work_dir: Where what is fetched, and what is to be published, lies meanwhile; None is the system's folder.
        overwrite: Whether outputs that exist may be replaced.
        on_event: Told of every event of a run, with the id of its job.
    """

    planner: Planner
    executor: PlanExecutor
    work_dir: Path | None
    overwrite: bool
    on_event: Callable[[str, Event], None]
    trace: Trace


class Attempt:
    """One attempt. The job has been claimed: it is validating."""

    def __init__(self, settings: Settings, record: JobRecord) -> None:
        self._settings = settings
        self._record = record
        self._folder: Path | None = None
        self._done: ExecutionResult | None = None

    async def run(self) -> ExecutionResult:
        """Do it, once.

        Raises:
            MediaPipelineError: It failed.
            CancelRequested: Somebody wants the job to end.
            asyncio.CancelledError: The task was cancelled.
        """
        job = self._record.job
        with self._settings.trace("mediapipeline.job", {"job.id": job.id, "job.attempt": job.retries + 1}):
            try:
                return await self._run()
            except asyncio.CancelledError:
                if self._done is None:
                    raise
                return self._done  # too late: the outputs are there
            finally:
                if (folder := self._folder) is not None:
                    await in_thread(partial(shutil.rmtree, folder, ignore_errors=True), heed=False)

    async def _run(self) -> ExecutionResult:
        planner, document = self._settings.planner, self._record.job.spec
        (await in_thread(partial(planner.validate, document))).raise_if_invalid()
        spec = load(document)
        await self._enter(JobStatus.FETCHING)
        staged, publishing = await self._stage(spec)
        await self._enter(JobStatus.PROBING)
        plan = await planner.plan_async(document, staged=staged, on_stage=self._planned_so_far)
        await in_thread(partial(self._record.enter, JobStatus.PROCESSING, plan=plan))
        result = await self._process(plan, staged, last=not publishing)
        if publishing:
            await self._enter(JobStatus.PUBLISHING)
            await together(*(self._publish(name, publisher, result) for name, publisher in publishing.items()))
        return result

    async def _enter(self, status: JobStatus) -> None:
        await in_thread(partial(self._record.enter, status))

    def _planned_so_far(self, stage: Stage) -> None:
        if stage == "planning":
            self._record.enter(JobStatus.PLANNING)  # in a thread of the planner

    # Remote files

    async def _stage(self, spec: JobSpec) -> tuple[Staged, dict[str, Publisher]]:
        """Fetch what is remote; where things lie meanwhile, and who publishes which output."""
        policy = self._settings.planner.policy
        resolvers = {item.source: policy.resolver_for(item.source) for item in spec.inputs}
        publishers = {output.id: policy.publisher_for(output.destination) for output in spec.outputs}
        publishing = {name: publisher for name, publisher in publishers.items() if publisher is not None}
        fetching = {source: resolver for source, resolver in resolvers.items() if resolver is not None}
        if not publishing and not fetching:
            return Staged(), {}
        folder = self._folder = await in_thread(self._make_folder)
        files = {source: folder / f"input-{n}{_suffix(source)}" for n, source in enumerate(fetching)}
        staged = Staged(
            inputs={item.id: files[item.source] for item in spec.inputs if item.source in files},
            outputs={
                output.id: folder / f"output-{n}{_suffix(output.destination)}"
                for n, output in enumerate(spec.outputs)
                if output.id in publishing
            },
        )
        names = {item.source: item.id for item in reversed(spec.inputs)}
        await together(
            *(
                self._fetch(names[source], source, resolver, files[source])
                for source, resolver in fetching.items()
            )
        )  # fmt: skip
        return staged, publishing

    def _make_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="mediapipeline-job-", dir=self._settings.work_dir))

    async def _fetch(self, name: str, source: str, resolver: Resolver, target: Path) -> None:
        with self._settings.trace("mediapipeline.fetch", {"input.id": name}):
            await resolver.fetch(source, target)

    async def _publish(self, name: str, publisher: Publisher, result: ExecutionResult) -> None:
        output = result.outputs[name]
        with self._settings.trace("mediapipeline.publish", {"output.id": name}):
            await publisher.publish(output.path, output.destination, overwrite=self._settings.overwrite)

    # Running

    async def _process(self, plan: ProcessingPlan, staged: Staged, *, last: bool) -> ExecutionResult:
        """Run *plan*; if that is the *last* thing to do, nothing takes it back afterwards."""
        start = partial(self._settings.executor.start, plan, overwrite=self._settings.overwrite)
        async with start(staged=staged) if self._folder is not None else start() as run:
            try:
                async for event in run:
                    await self._heard(event)
                result = await run.result()
            except (asyncio.CancelledError, CancelRequested):
                run.cancel()
                late = await _came_too_late(run)
                if late is None:
                    raise
                result = late
            if last:
                self._done = result
        return result

    async def _heard(self, event: Event) -> None:
        self._settings.on_event(self._record.job.id, event)
        if isinstance(event, StepProgress) and event.run_fraction >= self._record.job.progress + _NOTICEABLE:
            await in_thread(partial(self._record.progress, event.run_fraction))


async def _came_too_late(run: PlanRun) -> ExecutionResult | None:
    """What came of a run that was cancelled when it was done already; None where it was not."""
    over = asyncio.ensure_future(run.result())
    with contextlib.suppress(asyncio.CancelledError):  # once more of the same
        await outlast([over])
    try:
        return over.result()
    except RunCancelledError:
        return None


def _suffix(name: str) -> str:
    """The suffix of a source or destination, if it is one, for a file name of ours."""
    found = Path(name.partition("?")[0].partition("#")[0].rstrip("/")).suffix
    return found if _SUFFIX.fullmatch(found) else ""
