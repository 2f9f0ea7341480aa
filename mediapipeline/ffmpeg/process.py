"""Running FFmpeg and its like, and ending them.

`run_process` is for runs that take their time. It lives on the event loop of its caller, in whichever thread that runs,
and keeps these promises: output is always drained and never hoarded, limits hold, and when it returns or raises
(cancelled as often as you like) no process of the run is left, children of the child included. `run_tool` is for short
questions, from any thread. On Linux both die with their host.

What is run is the caller's business, and so is what the outcome means: a non-zero exit is a result here, no error.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import attrs

from mediapipeline.errors import EngineError
from mediapipeline.ffmpeg.child import Child, Tail, end_group
from mediapipeline.ffmpeg.progress import Progress, ProgressParser
from mediapipeline.ffmpeg.starting import check_started, spawn
from mediapipeline.ffmpeg.watch import Ended, ProcessLimits, Sample, Watch, read_proc

__all__ = ["Ended", "ProcessLimits", "ProcessResult", "Sample", "ToolResult", "run_process", "run_tool"]

_NO_LIMITS = ProcessLimits()


@attrs.frozen(kw_only=True)
class ProcessResult:
    """How a process ended."""

    exit_code: int
    """Negative is the signal that ended it."""
    stderr: str
    """The last 64 KiB; where there was more, the first lines that speak of an error come before them."""
    cpu_seconds: float | None
    """User and system time, of children that it waited for too; None where the platform does not say."""
    wall_seconds: float
    peak_memory: int | None
    """Bytes resident at most, as sampled; None where the platform does not say or the run was too short."""
    ended: Ended
    last_progress: Progress | None


@attrs.frozen(kw_only=True)
class ToolResult:
    """What a short call said."""

    exit_code: int
    """Negative is the signal that ended it."""
    stdout: bytes
    stderr: str


async def run_process(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_progress: Callable[[Progress], None] | None = None,
    limits: ProcessLimits = _NO_LIMITS,
    on_sample: Callable[[Sample], None] | None = None,
) -> ProcessResult:
    """Run *argv* to its end, or to that of its limits.

    Args:
        argv: The command, its program an absolute path. Its standard output is read as ``-progress pipe:1``.
        env: The whole environment.
        cwd: The working folder.
        on_progress: Called on the loop with every report. If it raises, the process is ended and the error passed on.
        limits: When to end it; none by default.
        on_sample: Called on the loop every 50 to 200 ms where there is ``/proc``; errors likewise.

    Raises:
        FFmpegNotFoundError: There is no such program.
        EngineError: It cannot be started, or someone else in this process took its exit status.
        asyncio.CancelledError: The task was cancelled; the process is gone by then.
    """
    run = _Run(argv, env, cwd, on_progress, on_sample)
    try:
        ended = await run.watch(Watch(limits))
        if ended == "memory":  # what eats memory by the gigabyte gets no time to say goodbye
            run.child.kill()
        elif ended != "exit":
            run.child.stop(float(limits.grace))
        await _outlast(run.child.gone)
    except asyncio.CancelledError:
        run.child.stop(float(limits.grace))
        await _outlast(run.child.gone)
        raise
    except Exception:
        run.child.kill()
        await _outlast(run.child.gone)
        raise
    finally:
        run.child.close()
    return run.result(argv, ended)


async def _outlast(future: asyncio.Future[None]) -> None:
    """Wait for *future* no matter how often the task is cancelled, and be cancelled only then."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


class _Run:
    """A child, what it says, and what is seen of it."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        on_progress: Callable[[Progress], None] | None,
        on_sample: Callable[[Sample], None] | None,
    ) -> None:
        self._on_progress = on_progress
        self._on_sample = on_sample
        self._parser = ProgressParser()
        self._last_progress: Progress | None = None
        self._stderr = Tail()
        self._peak: int | None = None
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._failure: Exception | None = None
        self.child = Child(argv, env, cwd, stdout=self._progressed, stderr=self._stderr.add)

    async def watch(self, watch: Watch) -> Ended:
        """Until the process has ended, or has to."""
        child = self.child
        while True:
            await asyncio.wait(
                [child.ended, self._failed],
                timeout=watch.next_look(child.elapsed),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._failure is not None:
                raise self._failure
            if child.ended.done():
                return "exit"
            sample = self._sample()
            if sample is not None and self._on_sample is not None:
                self._on_sample(sample)
            verdict = watch.judge(child.elapsed, sample, self._last_progress)
            if verdict is not None:
                return verdict

    def _sample(self) -> Sample | None:
        seen = read_proc(self.child.pid)
        if seen is None:
            return None
        cpu, memory, peak = seen
        if peak is not None:
            self._peak = max(peak, self._peak or 0)
        return Sample(wall_seconds=self.child.elapsed, cpu_seconds=cpu, memory=memory, peak_memory=self._peak)

    def _progressed(self, data: bytes) -> None:
        for report in self._parser.feed(data):
            self._last_progress = report
            if self._on_progress is None or self._failure is not None:
                continue
            try:
                self._on_progress(report)
            except Exception as error:  # noqa: BLE001 - the caller's own, raised again where the caller is
                self._failure = error
                self._failed.set_result(None)

    def result(self, argv: Sequence[str], ended: Ended) -> ProcessResult:
        child = self.child
        if self._failure is not None:  # while the rest of the output was read
            raise self._failure
        if child.exit_code is None:
            raise EngineError(
                "someone else in this process took the exit status of FFmpeg (a SIGCHLD handler that waits for every"
                " child, or SIGCHLD set to be ignored): how it ended is not known"
            )
        stderr = self._stderr.text()
        check_started(argv, child.exit_code, stderr)
        return ProcessResult(
            exit_code=child.exit_code,
            stderr=stderr,
            cpu_seconds=child.cpu_seconds,
            wall_seconds=child.wall_seconds,
            peak_memory=self._peak,
            ended=ended,
            last_progress=self._last_progress,
        )


def run_tool(
    argv: Sequence[str], *, env: Mapping[str, str], timeout: float, max_output: int = 64 * 1024 * 1024
) -> ToolResult:
    """Ask a program something that it answers within *timeout* seconds and *max_output* bytes.

    Safe to call from any thread, at the same time too; blocks it.

    Raises:
        FFmpegNotFoundError: There is no such program.
        EngineError: It cannot be started, took too long or said too much; it is gone by then.
    """
    deadline = time.monotonic() + timeout
    process = spawn(argv, env)
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = bytearray(), Tail()
    too_much = threading.Event()

    def keep(data: bytes) -> None:
        stdout.extend(data[: max_output + 1 - len(stdout)])
        if len(stdout) > max_output and not too_much.is_set():
            too_much.set()
            end_group(process, force=True)

    readers = [_reader(process.stdout, keep), _reader(process.stderr, stderr.add)]
    exit_code: int | None = None
    try:
        for reader in readers:
            reader.join(max(deadline - time.monotonic(), 0))
        if not any(reader.is_alive() for reader in readers):
            with contextlib.suppress(subprocess.TimeoutExpired):
                exit_code = process.wait(max(deadline - time.monotonic(), 0))
    finally:
        if process.returncode is None:
            end_group(process, force=True)
            process.wait()
        for reader in readers:
            reader.join(1)  # not for ever: whoever left the group may hold a pipe
    if too_much.is_set():
        raise EngineError(f"{argv[0]!r} said more than {max_output} bytes")
    if exit_code is None:
        error = EngineError(f"{argv[0]!r} did not answer within {timeout:g} s")
        error.retryable = True
        raise error
    check_started(argv, exit_code, stderr.text())
    return ToolResult(exit_code=exit_code, stdout=bytes(stdout), stderr=stderr.text())


def _reader(pipe: IO[bytes], take: Callable[[bytes], None]) -> threading.Thread:
    def drain() -> None:
        with pipe:
            while data := pipe.read(64 * 1024):
                take(data)

    thread = threading.Thread(target=drain, name="mediapipeline-read", daemon=True)
    thread.start()
    return thread
