"""Runs one step, and says in the library's own errors what went wrong.

What a failure means is `mediapipeline.ffmpeg.diagnosis`'s to know; here it is brought together with the plan: which
operation of the job the filter belongs to, which output is concerned.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from mediapipeline.errors import ExecutionError, FFmpegFailedError, StalledError
from mediapipeline.executor.binding import bind
from mediapipeline.executor.budget import machine_cpus
from mediapipeline.executor.cache import CachedSteps
from mediapipeline.executor.custom import run_custom
from mediapipeline.executor.gauge import Gauge, memory_message
from mediapipeline.executor.layout import Layout
from mediapipeline.executor.log import LOG_LEVEL, frame_counts, notable, undecoded
from mediapipeline.executor.result import MeasurementResult, StepResult, Taken
from mediapipeline.executor.tools import Tools
from mediapipeline.executor.waiting import in_thread
from mediapipeline.ffmpeg.command import Command
from mediapipeline.ffmpeg.diagnosis import decode_warnings, diagnose
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.process import ProcessLimits, ProcessResult, Sample, run_process
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.media.words import counted
from mediapipeline.steps.cues import cut_cues
from mediapipeline.steps.files import Work, parse_token
from mediapipeline.steps.hls import Variant, master_playlist
from mediapipeline.steps.late import fill
from mediapipeline.steps.measure import MEASURE_LOG_LEVEL
from mediapipeline.steps.pipes import pipes_read, pipes_written
from mediapipeline.steps.plugin import ReaderGone, StepRunner
from mediapipeline.steps.step import CustomStep, CutCuesStep, FFmpegStep, JoinFilesStep, PlaylistStep, Step

__all__ = ["StepDispatcher"]


_PIECE = 1024 * 1024  # bytes that are copied at once

# FFmpeg 5.1 ends with 0 when the disk is full in the moment in which it writes the last of a file (measured).
_NOT_WRITTEN = re.compile(
    r"\[(?:error|fatal)\] (?:Error (?:writing trailer|closing file)|av_interleaved_write_frame\(\))"
)
# What FFmpeg says of a pipe whose reader has gone, in the versions that name it and those that give its number.
_NOBODY_READS = re.compile(r"Broken pipe|Error number -32 occurred")


class StepDispatcher:
    """Runs the steps of one run.

    Args:
        tools: What to run them with.
        layout: Where their files are.
        gauge: What they may use together.
        runners: What runs the steps of plugins' own, by name.
        cached: What earlier runs have left of steps.
        max_memory: Bytes that one process may have resident.
        fail_on_decode_errors: Whether damaged media are a failure, and not a warning.
    """

    def __init__(
        self,
        tools: Tools,
        layout: Layout,
        gauge: Gauge,
        runners: Mapping[str, StepRunner],
        cached: CachedSteps,
        *,
        max_memory: int | None,
        fail_on_decode_errors: bool,
    ) -> None:
        self._tools = tools
        self._layout = layout
        self._gauge = gauge
        self._runners = runners
        self._cached = cached
        self._fail_on_decode_errors = fail_on_decode_errors
        self._measured: dict[str, Mapping[str, float]] = {}
        self._limits = ProcessLimits(startup=tools.startup_timeout, stall=tools.stall_timeout, memory=max_memory)

    async def run(
        self,
        step: Step,
        *,
        threads: int | None,
        on_progress: Callable[[Progress], None],
        on_warning: Callable[[str], None],
    ) -> StepResult:
        """Run *step*.

        Args:
            step: What to run.
            threads: Threads that FFmpeg may use for each of its parts; None leaves it to FFmpeg.
            on_progress: Called with every report of FFmpeg.
            on_warning: Called with what was wrong with the media, a sentence each.

        Raises:
            ExecutionError: It failed.
            ReaderGone: Nobody reads any more what it writes to a pipe.
        """
        result = await self._run(step, threads, on_progress, on_warning)
        left = [Path(self._layout.paths[token]) for token in _written(step) if isinstance(parse_token(token), Work)]
        return attrs.evolve(result, intermediate_bytes=sum(file.stat().st_size for file in left if file.exists()))

    async def _run(
        self,
        step: Step,
        threads: int | None,
        on_progress: Callable[[Progress], None],
        on_warning: Callable[[str], None],
    ) -> StepResult:
        match step:
            case FFmpegStep():
                return await self._take_or_run(step, threads, on_progress, on_warning)
            case CutCuesStep():
                self._cached.note(step)
                return await in_thread(lambda: self._cut_cues(step))
            case PlaylistStep():
                return await in_thread(lambda: self._list(step))
            case JoinFilesStep():
                self._cached.note(step)
                return await in_thread(lambda: self._join_files(step))
            case CustomStep():
                return await run_custom(
                    step, self._runners[step.runner], self._layout, self._gauge,
                    threads=threads, max_memory=self._limits.memory, on_progress=on_progress, on_warning=on_warning,
                    on_damage=lambda text: self._damaged(step, text, on_warning),
                )  # fmt: skip

    async def _take_or_run(
        self,
        step: FFmpegStep,
        threads: int | None,
        on_progress: Callable[[Progress], None],
        on_warning: Callable[[str], None],
    ) -> StepResult:
        """Take what an earlier run has left of *step*; otherwise run it, and leave it if nothing was wrong."""
        started = time.monotonic()
        command, taken = self._filled(step)
        key = self._cached.key(step, command)
        kept = await self._cached.take(key, command)
        if kept is not None:
            self._measured |= kept.measured
            measurements = tuple(self._measurement(step, name) for name in step.measures)
            return StepResult(
                id=step.id, wall_seconds=time.monotonic() - started, cpu_seconds=0.0, cached=True,
                measurements=measurements, taken=taken,
            )  # fmt: skip
        warnings: list[str] = []

        def warned(text: str) -> None:
            warnings.append(text)
            on_warning(text)

        result = await self._run_ffmpeg(step, threads, on_progress, warned)
        if not warnings:
            await self._cached.keep(key, command, {name: self._measured[name] for name in step.measures})
        return result

    async def _run_ffmpeg(
        self,
        step: FFmpegStep,
        threads: int | None,
        on_progress: Callable[[Progress], None],
        on_warning: Callable[[str], None],
    ) -> StepResult:
        def sampled(sample: Sample) -> None:
            self._gauge.memory(step.id, sample.memory or 0)
            self._gauge.sizes(step.id)

        command, taken = self._filled(step)
        argv = bind(
            command,
            binary=str(self._tools.engine.ffmpeg),
            paths=self._layout.paths,
            features=self._tools.features,
            graph_file=self._layout.graph_file,
            threads=threads,
            shares=step.shares,
            cores=machine_cpus(),
            log_level=MEASURE_LOG_LEVEL if step.measures else LOG_LEVEL,
        )
        try:
            result = await run_process(
                argv,
                env=environment(self._layout.home),
                cwd=self._layout.root,
                on_progress=on_progress,
                limits=self._limits if not _waits(step) else ProcessLimits(memory=self._limits.memory),
                on_sample=sampled,
            )
        finally:
            self._gauge.memory(step.id, 0)
        self._check(step, command, argv, result)
        measurements = self._read(step, result.stderr)
        complaints = decode_warnings(notable(result.stderr))
        if not complaints and (count := undecoded(result.stderr)):
            complaints = (f"{counted(count, 'packet')} could not be decoded",)
        for text in complaints:
            self._damaged(step, text, on_warning)
        counts = frame_counts(result.stderr)
        return StepResult(
            id=step.id,
            cpu_seconds=result.cpu_seconds,
            wall_seconds=result.wall_seconds,
            peak_memory=result.peak_memory,
            frames_decoded=counts.decoded,
            frames_encoded=counts.encoded,
            argv=tuple(argv),
            measurements=measurements,
            taken=taken,
        )

    def _damaged(self, step: Step, text: str, on_warning: Callable[[str], None]) -> None:
        if self._fail_on_decode_errors:
            raise ExecutionError(f"the media are damaged, and this executor takes none that are: {text}", step=step.id)
        on_warning(text)

    def _filled(self, step: FFmpegStep) -> tuple[Command, tuple[Taken, ...]]:
        """The command of *step* with what depends on measurements, and what that is."""
        try:
            command, cases = fill(step.command, step.late, self._measured)
        except ValueError as error:
            raise ExecutionError(f"what was measured does not tell what to do: {error}", step=step.id) from error
        taken = [
            Taken(
                measurement=place.measure, operation=step.operations.get(place.instance or "", ""), case=cases[place.id]
            )
            for place in step.late
        ]
        return command, tuple(taken)

    def _read(self, step: FFmpegStep, stderr: str) -> tuple[MeasurementResult, ...]:
        """What the filters of *step* measured; it is kept for the steps that wait for it."""
        found = []
        for name, measurement in step.measures.items():
            try:
                values = measurement.read(stderr, name)
            except ValueError as error:
                raise ExecutionError(
                    f"what was measured for {step.operations.get(name, name)} cannot be read: {error}", step=step.id
                ) from error
            self._measured[name] = values
            found.append(self._measurement(step, name))
        return tuple(found)

    def _measurement(self, step: FFmpegStep, name: str) -> MeasurementResult:
        return MeasurementResult(id=name, operation=step.operations.get(name, ""), values=self._measured[name])

    def _check(self, step: FFmpegStep, command: Command, argv: list[str], result: ProcessResult) -> None:
        """Raise what *result* means, if it is not success."""
        stderr = notable(result.stderr)
        if result.ended == "stalled":
            raise StalledError(
                f"FFmpeg used no processor time and produced nothing for too long (after"
                f" {result.wall_seconds:.0f} s); it was ended",
                step=step.id,
            )
        if result.ended == "memory":
            raise FFmpegFailedError(
                argv=argv, exit_code=result.exit_code, stderr=stderr, step=step.id,
                cause=memory_message(self._limits.memory or 0),
            )  # fmt: skip
        if result.exit_code == 0 and not _NOT_WRITTEN.search(stderr):
            return
        if pipes_written(step) and _NOBODY_READS.search(stderr):
            raise ReaderGone
        graph = "" if command.graph is None else command.graph.text(self._layout.paths)
        found = diagnose(stderr, result.exit_code, graph=graph)
        raise FFmpegFailedError(
            argv=argv,
            exit_code=result.exit_code,
            stderr=stderr,
            cause=found.cause,
            step=step.id,
            operator=step.operations.get(found.instance) if found.instance is not None else None,
            retryable=found.retryable,
        )

    def _list(self, step: PlaylistStep) -> StepResult:
        started = time.monotonic()
        cpu = time.thread_time()
        target = Path(self._layout.paths[step.target])
        variants = [
            Variant(
                Path(self._layout.paths[rung.playlist]).name, rung.width, rung.height,
                None if rung.frame_rate is None else str(rung.frame_rate),
            )
            for rung in step.variants
        ]  # fmt: skip
        sound = None if step.sound is None else Path(self._layout.paths[step.sound]).name
        try:
            target.write_text(master_playlist(target.parent, variants, sound), encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ExecutionError(f"the playlist cannot be written: {error}", step=step.id) from error
        return StepResult(id=step.id, cpu_seconds=time.thread_time() - cpu, wall_seconds=time.monotonic() - started)

    def _join_files(self, step: JoinFilesStep) -> StepResult:
        started = time.monotonic()
        cpu = time.thread_time()
        try:
            with Path(self._layout.paths[step.target]).open("wb") as whole:
                for source in step.sources:
                    part = Path(self._layout.paths[source])
                    with part.open("rb") as file:
                        shutil.copyfileobj(file, whole, _PIECE)
                    part.unlink()  # the space is wanted for what follows
        except OSError as error:
            raise ExecutionError(f"the parts cannot be joined: {error.strerror or error}", step=step.id) from error
        return StepResult(id=step.id, cpu_seconds=time.thread_time() - cpu, wall_seconds=time.monotonic() - started)

    def _cut_cues(self, step: CutCuesStep) -> StepResult:
        started = time.monotonic()
        cpu = time.thread_time()
        try:
            with open(self._layout.paths[step.source], encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123 - Path.read_text takes no newline in 3.11
                text = file.read()
            with open(self._layout.paths[step.target], "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
                file.write(cut_cues(text, step.start, step.end))
        except OSError as error:
            raise ExecutionError(f"subtitles cannot be cut: {error.strerror or error}", step=step.id) from error
        return StepResult(id=step.id, cpu_seconds=time.thread_time() - cpu, wall_seconds=time.monotonic() - started)


def _waits(step: Step) -> bool:
    """Whether others may keep it waiting, for as long as they need."""
    return bool(pipes_read(step) or pipes_written(step))


def _written(step: Step) -> set[str]:
    """Tokens of the files that *step* writes by itself."""
    match step:
        case FFmpegStep():
            return {output.file for output in step.command.outputs if output.file is not None}
        case CutCuesStep() | JoinFilesStep():
            return {step.target}
        case _:
            return set()
