"""`Execution`: one run of a plan from its first check to its published outputs.

It lives on the event loop of its caller. When `run` returns or raises, cancelled or not, no process of it is left, no
workspace, and under the final names there is either all or nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Literal

import attrs

from mediapipeline.errors import MediaPipelineError, OutputError, StepTimeoutError
from mediapipeline.executor.budget import CpuBudget, machine_cpus
from mediapipeline.executor.cache import CachedSteps, StepCache
from mediapipeline.executor.causes import early_end
from mediapipeline.executor.events import (
    Event,
    Published,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    Verified,
    Warning,  # noqa: A004 - see there
)
from mediapipeline.executor.gauge import Gauge
from mediapipeline.executor.joined import Member, run_joined
from mediapipeline.executor.layout import Layout
from mediapipeline.executor.meter import RunMeter
from mediapipeline.executor.plugins import find_runners
from mediapipeline.executor.preflight import (
    Places,
    check_features,
    check_inputs,
    check_space,
    check_targets,
    find_places,
)
from mediapipeline.executor.publish import Publication
from mediapipeline.executor.result import ExecutionResult, FileResult, OutputResult, StepResult, Waste
from mediapipeline.executor.runner import StepDispatcher
from mediapipeline.executor.scheduler import Task, run_tasks
from mediapipeline.executor.tools import Tools
from mediapipeline.executor.verify import Checked, Thoroughness, Verifier
from mediapipeline.executor.waiting import in_thread
from mediapipeline.planner.plan import PlannedOutput, ProcessingPlan
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.steps.files import Final, parse_token
from mediapipeline.steps.pipes import joined, pipes_read, pipes_written
from mediapipeline.steps.plugin import StepRunner
from mediapipeline.steps.step import FFmpegStep, Step
from mediapipeline.tracing import Trace

__all__ = ["Execution", "KeepWorkspace", "Settings"]

_log = logging.getLogger(__name__)

KeepWorkspace = Literal["never", "on_failure", "always"]


@attrs.frozen(kw_only=True)
class Settings:
    """What holds for every run of an executor.

    Attributes:
        tools: Finds FFmpeg and what goes with it; may take a while, and may fail.
        policy: Which files may be read and written.
        budget: The cores, shared by all runs.
        verify: How thoroughly outputs are looked at.
        keep_workspace: When a run leaves its workspace behind.
        fail_on_decode_errors: Whether damaged media are a failure, and not a warning.
        step_runners: What runs steps of plugins' own, by name, before what is installed.
        cache: Keeps what steps have written; None for none.
        trace: Opens a span around what takes time.
    """

    tools: Callable[[], Tools]
    policy: SourcePolicy
    budget: CpuBudget
    verify: Thoroughness
    keep_workspace: KeepWorkspace
    fail_on_decode_errors: bool
    step_runners: Mapping[str, StepRunner]
    cache: StepCache | None
    trace: Trace

    def threads(self, cpus: int) -> int | None:
        """Threads for work that was given *cpus* cores; None where it may have the machine."""
        return cpus if self.budget.total < machine_cpus() else None


class Execution:
    """One run.

    Args:
        settings: The executor's.
        plan: What to run.
        emit: Takes the events; if it raises, the run ends.
        overwrite: Whether outputs that exist may be replaced.
        checksums: Whether digests of the outputs are asked for.
        staged: Local files that stand for what the plan names.
    """

    def __init__(
        self,
        settings: Settings,
        plan: ProcessingPlan,
        emit: Callable[[Event], None],
        *,
        overwrite: bool,
        checksums: bool,
        staged: Staged,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._emit_to: Callable[[Event], None] | None = emit
        self._overwrite = overwrite
        self._checksums = checksums
        self._staged = staged
        self._meter = RunMeter(plan.steps)
        self._steps: dict[str, StepResult] = {}
        self._checked: dict[str, Checked] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self._warnings: list[str] = []

    async def run(self) -> ExecutionResult:
        """Run the plan, once.

        Raises:
            MediaPipelineError: It failed.
            asyncio.CancelledError: The task was cancelled.
        """
        attributes = {"run.steps": len(self._plan.steps), "run.outputs": len(self._plan.outputs)}
        with self._settings.trace("mediapipeline.run", attributes):
            return await self._run()

    async def _run(self) -> ExecutionResult:
        started = time.monotonic()
        try:
            self._emit(
                RunStarted(
                    steps=tuple(step.id for step in self._plan.steps), outputs=tuple(o.id for o in self._plan.outputs)
                )
            )
            async with _deadline(self._plan.timeout):
                places = await self._work()
        except asyncio.CancelledError:
            self._emit(RunCancelled())
            raise
        except Exception as error:
            self._emit(RunFailed(error=_described(error)))
            raise
        for output in self._plan.outputs:
            names = tuple(file.name for file in output.files)
            self._emit(Published(output=output.id, destination=output.destination, files=names))
        result = self._result(places, time.monotonic() - started)
        self._emit(RunFinished(wall_seconds=result.wall_seconds))
        return result

    def _emit(self, event: Event) -> None:
        if self._emit_to is None:
            return
        try:
            self._emit_to(event)
        except BaseException:
            self._emit_to = None  # whoever fails on one event is not troubled with how it ends
            raise

    async def _work(self) -> Places:
        tools, places, runners = await in_thread(self._prepare)
        layout = Layout(self._plan, places)
        published: Publication | None = None
        try:
            await in_thread(layout.open)
            gauge = Gauge(
                max_memory=self._plan.max_memory,
                max_output_size=self._plan.max_output_size,
                finals=layout.finals.values(),
            )
            await run_tasks(self._tasks(tools, layout, gauge, runners), self._settings.budget)
            gauge.sizes()
            with self._settings.trace("mediapipeline.publish", {}):
                published = await self._publish(layout, places)
        finally:
            # Once the outputs are there, it is too late for a cancellation, or for the time to run out.
            await in_thread(lambda: self._leave(layout, published), heed=published is None)
        return places

    def _prepare(self) -> tuple[Tools, Places, Mapping[str, StepRunner]]:
        """What must hold before anything is made."""
        places = find_places(self._plan, self._settings.policy, self._staged)
        check_inputs(self._plan, places)
        check_targets(self._plan, places, overwrite=self._overwrite)
        tools = self._settings.tools()
        check_features(self._plan, tools.features)
        runners = find_runners(self._plan, self._settings.step_runners)
        check_space(self._plan, places)
        return tools, places, runners

    def _leave(self, layout: Layout, published: Publication | None) -> None:
        if published is not None:
            published.settle()
        keep = self._settings.keep_workspace
        for path in layout.close(keep=keep == "always" or (keep == "on_failure" and published is None)):
            _log.warning("the workspace is kept: %s", path)

    # What runs

    def _tasks(self, tools: Tools, layout: Layout, gauge: Gauge, runners: Mapping[str, StepRunner]) -> list[Task]:
        runner = StepDispatcher(
            tools,
            layout,
            gauge,
            runners,
            CachedSteps(self._settings.cache, self._plan, tools.features, layout.paths),
            max_memory=self._plan.max_memory,
            fail_on_decode_errors=self._settings.fail_on_decode_errors,
        )
        verifier = Verifier(tools, layout.home, self._settings.verify)
        cpus = {step.id: step.cpus for step in self._plan.steps}
        groups = joined(self._plan.steps)
        names = {step.id: f"step:{group[0].id}" for group in groups for step in group}
        writers = _writers(self._plan)
        tasks = [self._group_task(group, names, runner, layout, gauge) for group in groups]
        for output in self._plan.outputs:
            file = layout.finals[output.id]
            wanted = cpus.get(output.step, 1) if self._settings.verify == "full" else 1
            after = tuple(dict.fromkeys(names.get(step, f"step:{step}") for step in writers[output.id]))
            tasks.append(self._check_task(output, after, file, verifier, wanted))
        return tasks

    def _group_task(
        self, group: Sequence[Step], names: Mapping[str, str], runner: StepDispatcher, layout: Layout, gauge: Gauge
    ) -> Task:
        """Steps that run together; mostly one."""
        own = names[group[0].id]
        needs = (names.get(need, f"step:{need}") for step in group for need in step.needs)

        async def run(cpus: int) -> None:
            if len(group) == 1:
                await self._run_step(group[0], cpus, runner, gauge)
                return
            members = [
                Member(
                    reads=frozenset(layout.paths[token] for token in pipes_read(step)),
                    writes=frozenset(layout.paths[token] for token in pipes_written(step)),
                    run=partial(self._run_step, step, min(step.cpus, cpus), runner, gauge),
                )
                for step in group
            ]
            await run_joined(members)
            for step in group:
                if step.id not in self._steps:  # its readers had enough of it
                    self._end_step(StepResult(id=step.id, wall_seconds=self._meter.elapsed(step.id, time.monotonic())))

        return Task(
            id=own,
            needs=tuple(dict.fromkeys(need for need in needs if need != own)),
            cpus=sum(step.cpus for step in group),
            run=run,
        )

    async def _run_step(self, step: Step, cpus: int, runner: StepDispatcher, gauge: Gauge) -> None:
        self._meter.start(step.id, time.monotonic())
        self._emit(StepStarted(step=step.id, title=step.title, cpus=cpus))
        attributes: dict[str, str | int] = {"step.id": step.id, "step.title": step.title, "step.cpus": cpus}
        with self._settings.trace("mediapipeline.step", attributes):
            result = await runner.run(
                step,
                threads=self._settings.threads(cpus),
                on_progress=lambda report: self._emit(self._meter.progress(step.id, report, time.monotonic())),
                on_warning=lambda text: self._warn(text, step.id),
            )
        gauge.sizes(step.id)
        self._end_step(result)

    def _end_step(self, result: StepResult) -> None:
        self._steps[result.id] = result
        fraction = self._meter.finish(result.id)
        self._emit(StepFinished(step=result.id, wall_seconds=result.wall_seconds, run_fraction=fraction))

    def _check_task(
        self, output: PlannedOutput, after: tuple[str, ...], file: Path, verifier: Verifier, cpus: int
    ) -> Task:
        async def run(cpus: int) -> None:
            with self._settings.trace("mediapipeline.verify", {"output.id": output.id}):
                try:
                    checked = await verifier.verify(output, file, threads=self._settings.threads(cpus))
                except OutputError as error:
                    why = early_end(self._warnings, self._plan.inputs)
                    if why is None:
                        raise
                    explained = OutputError(f"{error}\n{why}", output=error.output, step=error.step)
                    explained.differences = error.differences
                    raise explained from error
            if self._checksums:
                for name in [each.name for each in output.files] or [""]:
                    self._digests[output.id, name] = await in_thread(partial(_sha256, file / name))
            self._checked[output.id] = checked
            self._emit(Verified(output=output.id, checks=checked.checks))

        return Task(id=f"verify:{output.id}", needs=after, cpus=cpus, run=run)

    def _warn(self, text: str, subject: str) -> None:
        self._warnings.append(text)
        self._emit(Warning(text=text, subject=subject))

    # What comes out

    async def _publish(self, layout: Layout, places: Places) -> Publication:
        publication = Publication(layout.ready(), overwrite=self._overwrite)

        def publish() -> None:
            check_inputs(self._plan, places)  # one that changed meanwhile may have been read half and half
            publication.publish()

        try:
            await in_thread(publish)
        except asyncio.CancelledError:  # in the very last moment: nobody will be told that the outputs are there
            await in_thread(publication.take_back)
            raise
        return publication

    def _result(self, places: Places, wall_seconds: float) -> ExecutionResult:
        steps = tuple(self._steps[step.id] for step in self._plan.steps)
        times = [step.cpu_seconds for step in steps]
        known = [seconds for seconds in times if seconds is not None]
        return ExecutionResult(
            outputs={
                output.id: OutputResult(
                    id=output.id,
                    path=places.outputs[output.id],
                    destination=output.destination,
                    media=self._checked[output.id].media,
                    size=self._checked[output.id].size,
                    checks=self._checked[output.id].checks,
                    sha256=self._digests.get((output.id, "")),
                    files=tuple(
                        FileResult(
                            name=file.name,
                            media=found.media,
                            size=found.size,
                            sha256=self._digests.get((output.id, file.name)),
                        )
                        for file, found in zip(output.files, self._checked[output.id].files, strict=True)
                    ),
                )
                for output in self._plan.outputs
            },
            steps=steps,
            warnings=tuple(self._warnings),
            wall_seconds=wall_seconds,
            cpu_seconds=sum(known) if len(known) == len(times) else None,
            waste=self._waste(steps),
        )

    def _waste(self, steps: Sequence[StepResult]) -> Waste:
        processes = [step for step in steps if step.argv]
        return Waste(
            frames_decoded=_sum(step.frames_decoded for step in processes),
            frames_to_decode=self._plan.workload.decoded,
            frames_encoded=_sum(step.frames_encoded for step in processes),
            frames_to_encode=self._plan.workload.encode,
            processes=len(processes),
            intermediate_bytes=sum(step.intermediate_bytes for step in steps),
        )


def _writers(plan: ProcessingPlan) -> Mapping[str, list[str]]:
    """The steps that must be done before each output is there: those that write it need not wait for each other."""
    found = {output.id: [output.step] for output in plan.outputs}
    for step in plan.steps:
        if isinstance(step, FFmpegStep):
            finals = {parse_token(file.file) for file in step.command.outputs if file.file is not None}
            for output in {final.id for final in finals if isinstance(final, Final)}:
                found[output].append(step.id)
    return found


def _sum(counts: Iterable[int | None]) -> int | None:
    each = list(counts)
    known = [count for count in each if count is not None]
    return sum(known) if len(known) == len(each) else None


@asynccontextmanager
async def _deadline(timeout: Fraction | None) -> AsyncIterator[None]:  # noqa: ASYNC109 - it is what asyncio.timeout is given
    limit = asyncio.timeout(None if timeout is None else float(timeout))
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        allowed = f"{float(timeout or 0):g} s"
        raise StepTimeoutError(f"the job took longer than the {allowed} that it may (timeout)") from error


def _described(error: Exception) -> dict[str, object]:
    if isinstance(error, MediaPipelineError):
        return error.to_dict()
    return {"type": type(error).__name__, "message": str(error), "retryable": False}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
