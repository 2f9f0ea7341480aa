"""`Executor`: runs plans, blocking or with asyncio, with one budget of cores over all of its runs."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import attrs

from mediapipeline.executor.budget import CpuBudget, machine_cpus
from mediapipeline.executor.cache import StepCache
from mediapipeline.executor.events import Event
from mediapipeline.executor.execution import Execution, KeepWorkspace, Settings
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.executor.run import Run
from mediapipeline.executor.tools import Tools
from mediapipeline.executor.verify import Thoroughness
from mediapipeline.ffmpeg.binary import find_ffmpeg
from mediapipeline.ffmpeg.detect import capabilities
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.media.prober import Prober
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.steps.plugin import StepRunner
from mediapipeline.tracing import Trace, no_trace

__all__ = ["Executor"]

_POLL_SECONDS = 0.1


def _known(name: str, value: object, choices: object) -> None:
    """Refuse what would mean nothing, and be found out by nobody."""
    known = get_args(choices)
    if value not in known:
        raise ValueError(f"{name} is one of {', '.join(map(repr, known))}, not {value!r}")


class Executor:
    """Runs plans. Safe to share between threads and event loops; to make one starts no process and touches no file.

    Args:
        cpus: Cores for all runs together, however many there are at a time; all that the process may use where None.
            With fewer than that, FFmpeg is told to use no more threads for a decoder, an encoder or a filter graph
            than its step was given cores.
        ffmpeg: Path or name of the FFmpeg to use; None looks for one.
        prober: Reads outputs back; None takes the ffprobe that belongs to the FFmpeg, else PyAV.
        policy: Which files may be read and written; None is any local file.
        base_dir: Folder that relative paths of jobs are looked up in; None is that of the policy, else the current one.
        verify: How outputs are looked at before they are published: ``standard`` reads every packet, ``full`` decodes
            every frame.
        keep_workspace: When a run leaves its folder behind (``.mediapipeline-kept-…``), for a closer look.
        startup_timeout: Seconds that a process may show no sign of life before it has produced anything; None is no
            limit.
        stall_timeout: The same for later on.
        fail_on_decode_errors: Whether damaged media fail a run; otherwise they are warnings of the result.
        step_runners: What runs steps of plugins' own, by name; what is not in it is looked for among what is installed
            (entry-point group ``mediapipeline.steps``), unless ``MEDIAPIPELINE_PLUGINS=off``.
        cache: Keeps what steps have written for runs that do the same; None for none. Such a step is not run again, and
            its outputs are verified like any others. See `mediapipeline.executor.cache`.
        trace: Opens a span around what takes time; see `mediapipeline.tracing`.

    Raises:
        ValueError: *cpus* is less than one, or *verify* or *keep_workspace* is none of its words.
    """

    def __init__(
        self,
        *,
        cpus: int | None = None,
        ffmpeg: str | Path | None = None,
        prober: Prober | None = None,
        policy: SourcePolicy | None = None,
        base_dir: str | PathLike[str] | None = None,
        verify: Thoroughness = "standard",
        keep_workspace: KeepWorkspace = "never",
        startup_timeout: float | None = 60,
        stall_timeout: float | None = 60,
        fail_on_decode_errors: bool = False,
        step_runners: Mapping[str, StepRunner] = MappingProxyType({}),
        cache: StepCache | None = None,
        trace: Trace = no_trace,
    ) -> None:
        self._ffmpeg = ffmpeg
        self._prober = prober
        self._startup_timeout = startup_timeout
        self._stall_timeout = stall_timeout
        self._tools: Tools | None = None
        _known("verify", verify, Thoroughness)
        _known("keep_workspace", keep_workspace, KeepWorkspace)
        self._lock = threading.Lock()
        policy = SourcePolicy() if policy is None else policy
        self._settings = Settings(
            tools=self._find_tools,
            policy=policy if base_dir is None else attrs.evolve(policy, base_dir=base_dir),
            budget=CpuBudget(machine_cpus() if cpus is None else cpus),
            verify=verify,
            keep_workspace=keep_workspace,
            fail_on_decode_errors=fail_on_decode_errors,
            step_runners=dict(step_runners),
            cache=cache,
            trace=trace,
        )

    def start(
        self,
        plan: ProcessingPlan,
        *,
        overwrite: bool = False,
        checksums: bool = False,
        staged: Staged | None = None,
    ) -> Run:
        """A run for ``async with``; see `Run`.

        Args:
            plan: What to run.
            overwrite: Whether outputs that exist may be replaced.
            checksums: Whether the result has SHA-256 digests of the outputs.
            staged: Local files that stand for what the plan names, where a host fetches and publishes.
        """

        def execution(emit: Callable[[Event], None]) -> Execution:
            return self._execution(plan, emit, overwrite=overwrite, checksums=checksums, staged=staged)

        return Run(execution)

    def run(
        self,
        plan: ProcessingPlan,
        *,
        on_event: Callable[[Event], None] | None = None,
        overwrite: bool = False,
        checksums: bool = False,
        staged: Staged | None = None,
    ) -> ExecutionResult:
        """Run *plan* and wait for it.

        An interrupt (Ctrl-C) cancels the run, and is raised when nothing of it is left.

        Args:
            plan: What to run.
            on_event: Called with every event, one at a time; in a thread of ours if this one has a running event loop.
                What it raises cancels the run and is raised here.
            overwrite: Whether outputs that exist may be replaced.
            checksums: Whether the result has SHA-256 digests of the outputs.
            staged: Local files that stand for what the plan names, where a host fetches and publishes.

        Raises:
            JobError: The policy refuses a file of the plan.
            EngineError: There is no FFmpeg, or not the one that the plan needs.
            ExecutionError: The run failed. Nothing partial is left under a final name.
        """
        execution = self._execution(plan, on_event or _ignore, overwrite=overwrite, checksums=checksums, staged=staged)
        return _run_beside(execution) if _has_loop() else asyncio.run(_main(execution))

    def _execution(
        self,
        plan: ProcessingPlan,
        emit: Callable[[Event], None],
        *,
        overwrite: bool,
        checksums: bool,
        staged: Staged | None,
    ) -> Execution:
        return Execution(
            self._settings, plan, emit, overwrite=overwrite, checksums=checksums, staged=staged or Staged()
        )

    def _find_tools(self) -> Tools:
        with self._lock:
            if self._tools is None:
                engine = find_ffmpeg(self._ffmpeg)
                self._tools = Tools(
                    engine=engine,
                    features=capabilities(engine),
                    prober=default_engine(engine.ffmpeg).prober if self._prober is None else self._prober,
                    startup_timeout=self._startup_timeout,
                    stall_timeout=self._stall_timeout,
                )
            return self._tools


def _ignore(event: Event) -> None:
    """What becomes of events that nobody asked for."""


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _main(execution: Execution) -> ExecutionResult:
    result = await execution.run()
    task = asyncio.current_task()
    if task is not None and task.cancelling():  # an interrupt that came too late for the run is not lost
        raise asyncio.CancelledError
    return result


class _Beside:
    """A run in a thread of its own, for callers whose thread has a running event loop, as in a notebook."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[ExecutionResult] | None = None
        self._begun = threading.Event()
        self.over = threading.Event()
        self.result: ExecutionResult | None = None
        self.error: BaseException | None = None

    def main(self) -> None:
        try:
            self.result = asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - raised again where the caller is
            self.error = error
        finally:
            self._begun.set()
            self.over.set()

    async def _main(self) -> ExecutionResult:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._begun.set()
        return await _main(self._execution)

    def cancel(self) -> None:
        self._begun.wait()
        if self._loop is not None and self._task is not None:
            try:
                self._loop.call_soon_threadsafe(self._task.cancel)
            except RuntimeError:  # its loop has been closed: it is over
                return


def _run_beside(execution: Execution) -> ExecutionResult:
    beside = _Beside(execution)
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(beside.main,), name="mediapipeline-run")
    outer = asyncio.current_task()
    requests = outer.cancelling() if outer is not None else 0
    interrupted: BaseException | None = None
    thread.start()
    while not beside.over.is_set():
        try:
            beside.over.wait(_POLL_SECONDS)
            # asyncio turns an interrupt into a request to the outer task, which this call keeps from hearing it
            if interrupted is None and outer is not None and outer.cancelling() > requests:
                interrupted = asyncio.CancelledError()
                beside.cancel()
        except KeyboardInterrupt as error:
            interrupted = error
            beside.cancel()
    thread.join()
    if interrupted is not None:
        raise interrupted
    if beside.error is not None:
        raise beside.error
    assert beside.result is not None
    return beside.result
