from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediapipeline.errors import FFmpegFailedError, OutputError, RunCancelledError
from mediapipeline.executor.events import (
    Event,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgress,
    StepStarted,
    Verified,
)
from mediapipeline.executor.run import EventBuffer

ROOT = Path(__file__).resolve().parent.parent.parent


def test_events_and_result(bench) -> None:
    async def main() -> None:
        async with bench.executor().start(bench.plan("a.mp4")) as run:
            events = [event async for event in run]
            result = await run.result()
        assert [type(event) for event in (events[0], events[-1])] == [RunStarted, RunFinished]
        assert result.outputs["a"].size > 0
        assert [event async for event in run] == []

    asyncio.run(main())
    bench.assert_left("a.mp4")


def test_a_consumer_that_takes_nothing_holds_up_nothing(bench) -> None:
    async def main() -> None:
        async with bench.executor().start(bench.plan("a.mp4")) as run:
            await run.result()
            kinds = [type(event) async for event in run]
        assert kinds[-1] is RunFinished
        assert kinds.count(StepProgress) == 1

    asyncio.run(main())
    bench.assert_left("a.mp4")


def test_progress_that_nobody_takes_does_not_pile_up() -> None:
    async def main() -> None:
        events = EventBuffer()
        events.put(RunStarted(steps=("a", "b"), outputs=()))
        for number in range(10_000):
            events.put(StepProgress(step="ab"[number % 2], frame=number))
        events.put(RunCancelled())
        events.close()
        assert len(events) == 4
        found = [await events.get() for _ in range(5)]
        assert [getattr(event, "frame", None) for event in found] == [None, 9998, 9999, None, None]
        assert isinstance(found[3], RunCancelled)

    asyncio.run(main())


def test_a_failure_that_nobody_asks_for_is_raised(bench) -> None:
    plan = bench.plan("a.mp4", outputs=(bench.output("a.mp4", expectation=bench.loose("audio")),))

    async def ignoring() -> list[Event]:
        async with bench.executor().start(plan) as run:
            return [event async for event in run]

    async def asking() -> None:
        async with bench.executor().start(plan) as run:
            with pytest.raises(OutputError):
                await run.result()
            events = [event async for event in run]
            assert isinstance(events[-1], RunFailed)
            assert events[-1].error["type"] == "OutputError"

    with pytest.raises(OutputError, match=r"planned 1 \(audio\), found 2 \(video, audio\)"):
        asyncio.run(ignoring())
    asyncio.run(asking())
    bench.assert_left()


@pytest.mark.parametrize("moment", [RunStarted, StepStarted, StepProgress])
def test_cancelled_by_its_own_method(bench, moment: type) -> None:
    async def main() -> list[Event]:
        events = []
        async with bench.executor().start(bench.endless()) as run:
            async for event in run:
                events.append(event)
                if isinstance(event, moment):
                    run.cancel()
                    run.cancel()
            with pytest.raises(RunCancelledError):
                await run.result()
            bench.assert_left()
        return events

    events = asyncio.run(main())
    assert [event for event in events if event.terminal] == [RunCancelled()]
    bench.assert_left()


def test_cancelled_before_it_begins(bench) -> None:
    async def main() -> list[Event]:
        async with bench.executor().start(bench.endless()) as run:
            run.cancel()
            return [event async for event in run]

    assert asyncio.run(main()) == [RunCancelled()]


@pytest.mark.parametrize("moment", [StepFinished, Verified])
def test_cancelled_while_it_is_verified_or_published(bench, moment: type) -> None:
    async def main() -> bool:
        async with bench.executor().start(bench.plan("a.mp4", "b.mkv")) as run:
            async for event in run:
                if isinstance(event, moment):
                    run.cancel()
            try:
                await run.result()
            except RunCancelledError:
                return False
            return True

    assert not asyncio.run(main())
    bench.assert_left()


def test_leaving_the_block_early_ends_the_run(bench) -> None:
    async def main() -> None:
        async with bench.executor().start(bench.endless()) as run:
            async for event in run:
                if isinstance(event, StepProgress):
                    break
        bench.assert_left()

        async with bench.executor().start(bench.endless()):
            pass
        bench.assert_left()

    async def failing() -> None:
        async with bench.executor().start(bench.endless()) as run:
            async for event in run:
                if isinstance(event, StepProgress):
                    raise ZeroDivisionError

    asyncio.run(main())
    with pytest.raises(ZeroDivisionError):
        asyncio.run(failing())
    bench.assert_left()


def test_cancelling_the_task_around_it_ends_the_run(bench) -> None:
    async def work(begun: asyncio.Event) -> None:
        async with bench.executor().start(bench.endless()) as run:
            async for event in run:
                if isinstance(event, StepProgress):
                    begun.set()

    async def main() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(work(begun))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # impatient
        with pytest.raises(asyncio.CancelledError):
            await task
        bench.assert_left()

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await work(asyncio.Event())
        bench.assert_left()

    asyncio.run(main())


def test_a_loop_that_is_torn_down_ends_its_runs(bench) -> None:
    async def main() -> None:
        run = bench.executor().start(bench.endless())
        await run.__aenter__()
        async for event in run:
            if isinstance(event, StepProgress):
                return

    asyncio.run(main())
    bench.assert_left()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_many_runs_share_the_cores_and_need_few_threads(bench) -> None:
    count = 32
    executor = bench.executor(cpus=2)
    most = 0
    threads = before = threading.active_count()

    async def one(number: int) -> None:
        async with executor.start(bench.plan(f"n{number}.mp4")) as run:
            await run.result()

    async def look() -> None:
        nonlocal most, threads
        while True:
            most = max(most, len(bench.processes()))
            threads = max(threads, threading.active_count())
            await asyncio.sleep(0.01)

    async def main() -> None:
        looking = asyncio.create_task(look())
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(one(number))
        looking.cancel()

    asyncio.run(main())
    assert 1 <= most <= 4  # for each core a step, or what verifies: one process that probes and one that reads
    # Processes are watched by the loop. What blocks has a small pool, and a tool that verifies two readers.
    assert threads - before <= min(32, (os.cpu_count() or 1) + 4) + 2 * 2
    bench.assert_left(*(f"n{number}.mp4" for number in range(count)))


def test_runs_of_several_threads_share_the_cores(bench) -> None:
    executor = bench.executor(cpus=2)
    lock = threading.Lock()
    running = most = 0

    def on_event(event: Event) -> None:
        nonlocal running, most
        with lock:
            running += isinstance(event, StepStarted)
            most = max(most, running)
            running -= isinstance(event, StepFinished)

    threads = [
        threading.Thread(target=executor.run, args=(bench.plan(f"n{number}.mp4"),), kwargs={"on_event": on_event})
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= 2
    bench.assert_left(*(f"n{number}.mp4" for number in range(8)))


def test_misuse_is_told(bench) -> None:
    run = bench.executor().start(bench.plan("a.mp4"))
    with pytest.raises(RuntimeError, match="async with"):
        run.cancel()

    async def twice() -> None:
        async with run, run:
            pass

    with pytest.raises(RuntimeError, match="once"):
        asyncio.run(twice())
    bench.assert_left()


# Another process as the host

SCRIPT = """
import signal, sys, threading, asyncio
sys.path[:0] = [{root!r}]
signal.signal(signal.SIGINT, signal.default_int_handler)
import json
from collections.abc import Iterator
from pathlib import Path
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.events import StepProgress
from mediapipeline.planner.plan import ProcessingPlan

plan = ProcessingPlan.from_dict(json.loads(Path({plan!r}).read_text()))
executor = Executor(ffmpeg={ffmpeg!r})
told = False

def on_event(event):
    global told
    if isinstance(event, StepProgress) and not told:
        told = True
        print("running", flush=True)
    if event.terminal:
        print(event.kind, flush=True)

async def inside():
    executor.run(plan, on_event=on_event)

try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def host(bench, call: str) -> subprocess.Popen[str]:
    plan = bench.folder / "plan.json"
    plan.write_text(json.dumps(bench.endless().to_dict()))
    script = SCRIPT.format(root=str(ROOT), plan=str(plan), ffmpeg=str(bench.engine.ffmpeg), call=call)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("call", ["executor.run(plan, on_event=on_event)", "asyncio.run(inside())"])
def test_an_interrupt_cancels_cleanly(bench, call: str) -> None:
    process = host(bench, call)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert said.split() == ["run-cancelled", "interrupted"]
    assert process.returncode == 0
    bench.assert_left()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a kernel that tells children of the death of their parent")
def test_after_the_host_was_killed_the_next_run_sweeps(bench, until) -> None:
    process = host(bench, "executor.run(plan, on_event=on_event)")
    (left,) = bench.out.iterdir()
    bench.executor().run(bench.plan("a.mp4"))
    assert left.exists()  # a living run is left alone
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: not bench.processes())
    assert sorted(entry.name for entry in bench.out.iterdir()) == [left.name, "a.mp4"]
    bench.executor().run(bench.plan("b.mp4"))
    bench.assert_left("a.mp4", "b.mp4")


FULL = """
import resource, signal, sys, json
sys.path[:0] = [{root!r}]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from collections.abc import Iterator
from pathlib import Path
from mediapipeline.errors import MediaPipelineError
from mediapipeline.executor.executor import Executor
from mediapipeline.planner.plan import ProcessingPlan
plan = ProcessingPlan.from_dict(json.loads(Path({plan!r}).read_text()))
try:
    Executor(ffmpeg={ffmpeg!r}).run(plan)
except MediaPipelineError as error:
    print(json.dumps(error.to_dict()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.wav"])
def test_no_room_for_an_output(bench, name: str, monkeypatch) -> None:
    plan = bench.folder / "plan.json"
    fields = {} if name != "a.wav" else {"output_options": (), "maps": bench.step(name).command.outputs[0].maps[1:]}
    made = bench.plan(steps=(bench.step(name, **fields),), outputs=(bench.output(name, expectation=bench.loose()),))
    plan.write_text(json.dumps(made.to_dict()))
    bench.executor()._settings.tools()  # what FFmpeg can do is on disk now, and need not be written
    script = FULL.format(root=str(ROOT), plan=str(plan), ffmpeg=str(bench.engine.ffmpeg))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    error = json.loads(done.stdout)
    assert error["type"] in {"FFmpegFailedError", "OutputError"}
    bench.assert_left()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", folder], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no disk of our own can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_full_disk(bench, small_disk: Path, name: str) -> None:
    step = bench.step(name, input_options=(("stream_loop", "9"),))
    output = bench.output(name, destination=str(small_disk / name), expectation=bench.loose("video", "audio"))
    with pytest.raises((FFmpegFailedError, OutputError)):
        bench.executor().run(bench.plan(steps=(step,), outputs=(output,)))
    assert list(small_disk.iterdir()) == []
    bench.assert_left()


def test_an_error_survives_json(bench) -> None:
    broken = bench.step("a.mp4", output_options=(("c:0", "copy"), ("c:1", "mov_text")))
    with pytest.raises(FFmpegFailedError) as caught:
        bench.executor().run(bench.plan(steps=(broken,), outputs=(bench.output("a.mp4"),)))
    again = FFmpegFailedError.from_dict(caught.value.to_dict())
    assert isinstance(again, FFmpegFailedError)
    assert (again.argv, again.step) == (caught.value.argv, "write-a")
