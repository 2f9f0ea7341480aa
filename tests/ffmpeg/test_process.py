from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mediapipeline.errors import EngineError, FFmpegNotFoundError
from mediapipeline.ffmpeg import starting
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.child import Tail
from mediapipeline.ffmpeg.process import ProcessLimits, ProcessResult, Sample, run_process, run_tool
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.ffmpeg.watch import Watch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the children of these tests are POSIX programs")

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
LIVE = ["-hide_banner", "-nostdin", "-nostats", "-v", "level+warning", "-stats_period", "0.1", "-progress", "pipe:1"]
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=30", "-f", "null", "-"]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture
def ffmpeg(engine: Engine) -> Path:
    return engine.ffmpeg


@pytest.fixture
def one_ffmpeg(default_engine: Engine) -> Path:
    """For what does not depend on the version."""
    return default_engine.ffmpeg


class NoReaders(asyncio.SelectorEventLoop):
    """A loop that cannot watch files, as the one of Windows."""

    def add_reader(self, fd: Any, callback: Any, *args: Any) -> NoReturn:  # type: ignore[override]  # never generic
        raise NotImplementedError


@pytest.fixture(params=[asyncio.SelectorEventLoop, NoReaders], ids=["readers", "threads"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine on either kind of loop, and sees to it that nothing of it is left."""
    before = {fd.name for fd in Path("/proc/self/fd").iterdir()} if sys.platform == "linux" else set[str]()
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run
    if sys.platform == "linux":
        assert until(lambda: {fd.name for fd in Path("/proc/self/fd").iterdir()} <= before), "descriptors are left open"


SHORT = ProcessLimits(grace=0.3)  # some builds of FFmpeg do not end when asked to


def python(code: str, *args: object) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *map(str, args)]


def shell(code: str, *args: object) -> list[str]:
    return ["/bin/sh", "-c", code, "sh", *map(str, args)]


def until(condition: Callable[[], bool]) -> bool:
    """Whether *condition* comes true in good time."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def alive(pid: int) -> bool:
    """Whether there is such a process that is not dead already."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(") ")[2][0] not in "ZX"


def read_pid(path: Path) -> int:
    assert until(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def assert_group_gone(group: int) -> None:
    """Nobody of the group is alive; the dead are for init to bury."""
    left = []
    for entry in Path("/proc").glob("[0-9]*"):  # not every system has ps
        try:
            stat, command = (entry / "stat").read_text(), (entry / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, pgrp = stat.rpartition(") ")[2].split()[:3]
        if int(pgrp) == group and state not in "ZX":
            left.append(command)
    assert left == []


async def cancel_when(
    condition: Callable[[], bool], work: Coroutine[Any, Any, ProcessResult], *, times: int = 1
) -> None:
    """Start *work*, cancel it when *condition* holds, and expect nothing but the cancellation."""
    task = asyncio.ensure_future(work)
    while not condition():
        assert not task.done(), task.result()
        await asyncio.sleep(0.01)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await task


# ------------------------------------------------------------------------------------------------------------ results


def test_a_run_reports_how_it_went(run: Any, ffmpeg: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    argv = [str(ffmpeg), *LIVE, "-f", "lavfi", "-i", "testsrc2=d=2:s=320x240", "-c:v", "mpeg4", "-y", "out.mkv"]
    result = run(run_process(argv, env=ENV, cwd=tmp_path, on_progress=seen.append))
    assert (result.exit_code, result.ended, result.stderr) == (0, "exit", "")
    assert seen
    assert result.last_progress == seen[-1]
    assert seen[-1].done
    assert seen[-1].frame == 50
    assert seen[-1].total_size == (tmp_path / "out.mkv").stat().st_size
    assert 0 < result.cpu_seconds < 60
    assert 0 < result.wall_seconds < 60


def test_a_failure_is_a_result_with_what_ffmpeg_said(run: Any, one_ffmpeg: Path, tmp_path: Path) -> None:
    argv = [str(one_ffmpeg), *LIVE, "-i", "file:/nothere.mp4", "-f", "null", "-"]
    result = run(run_process(argv, env=ENV, cwd=tmp_path))
    assert result.exit_code not in {0, 127}
    assert "No such file or directory" in result.stderr
    assert result.ended == "exit"


@pytest.mark.parametrize("code", [0, 1, 127, 255])
def test_exit_codes_come_through(run: Any, tmp_path: Path, code: int) -> None:
    assert run(run_process(shell(f"exit {code}"), env=ENV, cwd=tmp_path)).exit_code == code


def test_a_death_by_signal_is_negative(run: Any, tmp_path: Path) -> None:
    result = run(run_process(shell("kill -SEGV $$"), env=ENV, cwd=tmp_path))
    assert (result.exit_code, result.ended) == (-signal.SIGSEGV, "exit")


def test_environment_folder_and_arguments_are_as_given(run: Any, tmp_path: Path) -> None:
    odd = ["", "a b", "'\"$(id)", "\n", "äé—", "\udcff", "-I", "--"]
    code = """if 1:
        import os, sys
        sys.stderr.write(ascii((sys.argv[1:], sorted(os.environ.items()), os.getcwd())))
    """
    result = run(run_process(python(code, *odd), env=ENV | {"A": "b"}, cwd=tmp_path))
    assert result.stderr == ascii((odd, sorted({**ENV, "A": "b"}.items()), str(tmp_path.resolve())))


@on_linux
@pytest.mark.parametrize("quick", [True, False])
def test_both_launchers_become_the_program(quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not quick:
        monkeypatch.setattr(starting, "_setpriv", list)
    elif not starting._setpriv():
        pytest.skip("there is no setpriv that works")
    said = run_tool(shell("echo $$ $PPID $# $3; exit 3", "a", "b c", "d;e"), env=ENV, timeout=10)
    assert said.exit_code == 3
    assert said.stdout.split()[1:] == [str(os.getpid()).encode(), b"3", b"d;e"]
    with pytest.raises(FFmpegNotFoundError):
        run_tool(["/nothere/ffprobe"], env=ENV, timeout=10)


@on_linux
def test_a_launcher_whose_host_is_dead_starts_nothing(tmp_path: Path) -> None:
    for command in (starting._setpriv(), [sys.executable, "-I", "-S", str(starting._LAUNCHER)]):
        if command:
            done = subprocess.run([*command, "1", "/bin/touch", str(tmp_path / "started")], check=False)
            assert done.returncode == 1
    assert not (tmp_path / "started").exists()


@on_linux
def test_only_programs_of_this_machine_are_started_by_a_shell(tmp_path: Path) -> None:
    odd = tmp_path / "program"
    odd.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xff\xff" + bytes(44))
    odd.chmod(0o755)
    with pytest.raises(EngineError, match=r"cannot start .*Exec format error"):
        run_tool([str(odd)], env=ENV, timeout=10)


def test_what_a_shell_says_of_a_program_that_it_cannot_become() -> None:
    with pytest.raises(EngineError, match="cannot start 'x': Permission denied"):
        starting.check_started(["x"], 126, "4242: 1: exec: /mnt/x: Permission denied\n")


@on_linux
def test_the_child_starts_like_any_other(run: Any, tmp_path: Path) -> None:
    # Its own session, no input, no descriptor of ours, and no signal ignored or blocked because Python had it so
    def said(code: str) -> list[str]:
        result = run(run_process(shell(code), env=ENV, cwd=tmp_path))
        assert isinstance(result.stderr, str)
        return result.stderr.split()

    held, other = os.pipe()
    os.set_inheritable(held, True)
    try:
        assert said("exec ls /proc/self/fd >&2") == ["0", "1", "2", "3"]  # 3 is the folder that is listed
    finally:
        os.close(held)
        os.close(other)
    look = "exec sed -n 's/^\\(Sig[BI].*:\\).\\(.*\\)/\\1\\2/p' /proc/self/status >&2"
    # Under nohup, or in the background of a shell, this process has some ignored itself.
    plain = subprocess.run(shell(look), env=ENV, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said(look) == plain.stderr.split()
    assert said("exec readlink /proc/self/fd/0 >&2") == ["/dev/null"]
    session, pid = said("read -r _ _ _ _ _ session _ < /proc/$$/stat; echo $session $$ >&2")
    assert session == pid


def test_a_missing_program_is_said_to_be_missing(run: Any, tmp_path: Path) -> None:
    with pytest.raises(FFmpegNotFoundError, match="/nothere/ffmpeg"):
        run(run_process(["/nothere/ffmpeg"], env=ENV, cwd=tmp_path))
    with pytest.raises(FFmpegNotFoundError, match="/nothere/ffprobe"):
        run_tool(["/nothere/ffprobe"], env=ENV, timeout=10)


def test_what_is_no_program_is_said_to_be_none(run: Any, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(EngineError, match=r"cannot start .*Permission denied"):
        run(run_process([str(tmp_path / "text")], env=ENV, cwd=tmp_path))
    (tmp_path / "text").chmod(0o755)
    with pytest.raises(EngineError, match=r"cannot start .*Exec format error"):
        run(run_process([str(tmp_path / "text")], env=ENV, cwd=tmp_path))


def test_a_missing_folder_is_not_taken_for_a_missing_program(run: Any, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="working folder") as caught:
        run(run_process(shell("true"), env=ENV, cwd=tmp_path / "nothere"))
    assert not isinstance(caught.value, FFmpegNotFoundError)


def test_a_command_that_is_too_long_is_an_error_with_the_reason(run: Any, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Argument list too long"):
        run(run_process(shell("true", "x" * 4_000_000), env=ENV, cwd=tmp_path))


def test_a_stolen_exit_status_is_an_error_and_no_guess(run: Any, tmp_path: Path) -> None:
    old = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps by itself
    try:
        with pytest.raises(EngineError, match="exit status"):
            run(run_process(shell("exit 3"), env=ENV, cwd=tmp_path))
    finally:
        signal.signal(signal.SIGCHLD, old)


@on_linux
def test_peak_memory_is_that_of_the_child(tmp_path: Path) -> None:
    code = "x = bytearray(150_000_000); del x; import time; time.sleep(0.5)"
    result = asyncio.run(run_process(python(code), env=ENV, cwd=tmp_path))
    assert result.peak_memory is not None
    assert 150_000_000 < result.peak_memory < 190_000_000


@on_linux
def test_cpu_time_is_that_of_the_child_and_of_what_it_waited_for(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    result = asyncio.run(run_process([sys.executable, "-I", "-c", code], env=ENV, cwd=tmp_path))
    assert result.cpu_seconds is not None
    assert 0.3 <= result.cpu_seconds < 5


# ------------------------------------------------------------------------------------------------------------ output


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("piece", [b"x", b"warning\n", b"\0\xff\n", b"[error] \n"])
def test_a_flood_of_output_harms_nothing(run: Any, tmp_path: Path, stream: int, piece: bytes) -> None:
    code = "import os\nfor _ in range(100): os.write({}, {!r} * {})"
    result = run(run_process(python(code.format(stream, piece, 65536 // len(piece))), env=ENV, cwd=tmp_path))
    assert result.exit_code == 0
    assert len(result.stderr) < 80 * 1024
    assert (len(result.stderr) > 60 * 1024) == (stream == 2)
    assert result.last_progress is None


def test_the_first_errors_outlive_a_long_tail() -> None:
    tail = Tail()
    said = [b"[warning] nothing\n"] * 20_000 + [b"[h264 @ 0x1] [error] the cause\n"] + [b"[warning] more\n"] * 100_000
    text = b"".join(said)
    for start in range(0, len(text), 4099):
        tail.add(text[start : start + 4099])
    lines = tail.text().splitlines()
    assert lines[0] == "[h264 @ 0x1] [error] the cause"
    assert "before this" in lines[1]
    assert set(lines[2:]) == {"[warning] more"}
    assert len(tail.text()) < 66 * 1024


def test_an_error_that_is_in_the_tail_is_not_said_twice() -> None:
    tail = Tail()
    tail.add(b"warning\n" * 50_000 + b"[error] once\n")
    assert tail.text().count("[error] once") == 1


def test_a_short_text_is_as_it_was_but_for_control_characters() -> None:
    tail = Tail()
    tail.add("ä\tb\r\nc\rd \x1b[31mred\x07\n\xff".encode() + b"\xff")
    assert tail.text() == "ä\tb\nc\nd \ufffd[31mred\ufffd\nÿ\ufffd"


def test_a_child_that_leaves_the_group_cannot_hold_up_the_end(run: Any, tmp_path: Path) -> None:
    # It keeps the pipes open, and a session of its own is out of reach
    argv = shell("setsid sh -c 'echo $$ > pid; exec sleep 60' & while [ ! -s pid ]; do sleep 0.01; done; exit 4")
    try:
        result = run(run_process(argv, env=ENV, cwd=tmp_path))
        assert result.exit_code == 4
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(read_pid(tmp_path / "pid"), signal.SIGKILL)


# ------------------------------------------------------------------------------------------------------- cancelling


def test_cancelling_ends_ffmpeg(run: Any, ffmpeg: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    argv = shell('echo $$ > pid; exec "$@"', ffmpeg, *LIVE, *ENDLESS)
    run(
        cancel_when(lambda: bool(seen), run_process(argv, env=ENV, cwd=tmp_path, on_progress=seen.append, limits=SHORT))
    )
    assert_group_gone(read_pid(tmp_path / "pid"))


@pytest.mark.parametrize("times", [1, 4])
def test_no_process_of_the_group_is_left(run: Any, tmp_path: Path, times: int) -> None:
    # Neither leader nor child ends by itself, and the task is cancelled again while it waits
    code = (
        "trap '' TERM; sh -c \"trap '' TERM; while :; do sleep 0.1; done\" & echo $$ > pid; while :; do sleep 0.1; done"
    )
    work = run_process(shell(code), env=ENV, cwd=tmp_path, limits=ProcessLimits(grace=0.3))
    run(cancel_when((tmp_path / "pid").exists, work, times=times))
    assert_group_gone(read_pid(tmp_path / "pid"))


def test_children_that_the_leader_leaves_are_ended(run: Any, tmp_path: Path) -> None:
    result = run(run_process(shell("sleep 60 & sleep 60 & echo $$ > pid"), env=ENV, cwd=tmp_path))
    assert (result.exit_code, result.ended) == (0, "exit")
    assert_group_gone(read_pid(tmp_path / "pid"))


def test_a_stopped_child_can_be_cancelled(run: Any, one_ffmpeg: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []

    def stopped() -> bool:
        if seen:
            os.kill(read_pid(tmp_path / "pid"), signal.SIGSTOP)
        return bool(seen)

    argv = shell('echo $$ > pid; exec "$@"', one_ffmpeg, *LIVE, *ENDLESS)
    run(cancel_when(stopped, run_process(argv, env=ENV, cwd=tmp_path, on_progress=seen.append, limits=SHORT)))
    assert_group_gone(read_pid(tmp_path / "pid"))


def test_cancelled_at_once_leaves_nothing(run: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        for delay in (0, 0.001, 0.005, 0.01, 0.02):
            work = run_process(shell("echo $$ >> pids; sleep 60"), env=ENV, cwd=tmp_path)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(work, delay)

    run(scenario())
    pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
    for pid in pids:
        assert_group_gone(int(pid))


def test_a_loop_that_shuts_down_leaves_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        code = "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done"
        work = run_process(shell(code), env=ENV, cwd=tmp_path, limits=ProcessLimits(grace=0.2))
        task = asyncio.ensure_future(work)
        assert await asyncio.to_thread(until, (tmp_path / "pid").exists)
        task.cancel()
        await asyncio.sleep(0.05)  # ends in the midst of it: every task is cancelled now

    asyncio.run(scenario())
    assert_group_gone(read_pid(tmp_path / "pid"))


def test_a_loop_that_is_thrown_away_leaves_nothing(tmp_path: Path) -> None:
    loop = asyncio.SelectorEventLoop()
    coroutine = run_process(shell("echo $$ > pid; exec sleep 60"), env=ENV, cwd=tmp_path)

    async def start() -> None:
        coroutine.send(None)

    loop.run_until_complete(start())
    pid = read_pid(tmp_path / "pid")
    assert alive(pid)
    coroutine.close()
    loop.close()
    assert_group_gone(pid)


def test_an_error_in_a_callback_ends_the_run_and_comes_through(run: Any, one_ffmpeg: Path, tmp_path: Path) -> None:
    def fail(_: Progress) -> None:
        raise LookupError("mine")

    argv = shell('echo $$ > pid; exec "$@"', one_ffmpeg, *LIVE, *ENDLESS)
    with pytest.raises(LookupError, match="mine"):
        run(run_process(argv, env=ENV, cwd=tmp_path, on_progress=fail))
    assert_group_gone(read_pid(tmp_path / "pid"))


def test_an_error_in_a_callback_is_not_lost_when_the_run_is_over(run: Any, tmp_path: Path) -> None:
    def fail(_: Progress) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(run_process(shell("echo progress=end"), env=ENV, cwd=tmp_path, on_progress=fail))


# ------------------------------------------------------------------------------------------------------------ limits


def test_time_out(run: Any, ffmpeg: Path, tmp_path: Path) -> None:
    argv = shell('echo $$ > pid; exec "$@"', ffmpeg, *LIVE, *ENDLESS)
    result = run(run_process(argv, env=ENV, cwd=tmp_path, limits=ProcessLimits(timeout=0.5, grace=0.3)))
    assert result.ended == "timeout"
    assert_group_gone(read_pid(tmp_path / "pid"))


@on_linux
def test_memory_is_bounded(tmp_path: Path) -> None:
    code = "import time\nx = []\nwhile True: x.append(bytearray(5_000_000)); time.sleep(0.01)"
    result = asyncio.run(run_process(python(code), env=ENV, cwd=tmp_path, limits=ProcessLimits(memory=100_000_000)))
    assert (result.ended, result.exit_code) == ("memory", -signal.SIGKILL)
    assert result.peak_memory is not None
    assert result.peak_memory > 100_000_000


@on_linux
def test_a_stopped_ffmpeg_stalls(run: Any, ffmpeg: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if not progress.done:
            os.kill(read_pid(tmp_path / "pid"), signal.SIGSTOP)

    argv = shell('echo $$ > pid; exec "$@"', ffmpeg, *LIVE, *ENDLESS)
    result = run(run_process(argv, env=ENV, cwd=tmp_path, on_progress=stop, limits=ProcessLimits(stall=0.7, grace=0.3)))
    assert result.ended == "stalled"
    assert_group_gone(read_pid(tmp_path / "pid"))


@on_linux
def test_an_ffmpeg_that_never_gets_its_input_stalls(ffmpeg: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in.ts")
    argv = [str(ffmpeg), *LIVE, "-i", "file:in.ts", "-f", "null", "-"]
    limits = ProcessLimits(startup=0.7, stall=60, grace=0.3)
    assert asyncio.run(run_process(argv, env=ENV, cwd=tmp_path, limits=limits)).ended == "stalled"


@on_linux
def test_busy_without_progress_is_no_stall(ffmpeg: Path, tmp_path: Path) -> None:
    # `reverse` reports nothing until its input ends: 1.2 s of work here, several times the limit
    source = "testsrc2=s=1280x720:r=30,setpts=N/30/TB,gblur=sigma=20,reverse"
    argv = [str(ffmpeg), *LIVE, "-f", "lavfi", "-i", source, "-t", "0.1", "-f", "null", "-"]
    limits = ProcessLimits(stall=0.3, startup=0.3, timeout=1.2, grace=0)
    assert asyncio.run(run_process(argv, env=ENV, cwd=tmp_path, limits=limits)).ended == "timeout"


def test_limits_that_are_not_reached_change_nothing(run: Any, one_ffmpeg: Path, tmp_path: Path) -> None:
    samples: list[Sample] = []
    limits = ProcessLimits(timeout=60, startup=30, stall=30, memory=2**32)
    argv = [str(one_ffmpeg), *LIVE, "-re", "-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-f", "null", "-"]
    result = run(run_process(argv, env=ENV, cwd=tmp_path, limits=limits, on_sample=samples.append))
    assert (result.ended, result.exit_code) == ("exit", 0)
    if sys.platform == "linux":
        assert result.peak_memory == samples[-1].peak_memory
        assert [s.cpu_seconds for s in samples] == sorted(s.cpu_seconds for s in samples)


def test_signs_of_life() -> None:
    def sample(cpu: float) -> Sample:
        return Sample(wall_seconds=0, cpu_seconds=cpu, memory=1, peak_memory=1)

    watch = Watch(ProcessLimits(startup=5, stall=2))
    assert watch.judge(1, sample(0.1), None) is None
    assert watch.judge(5.9, sample(0.1), Progress(frame=0)) is None, "nothing produced yet: start-up counts"
    assert watch.judge(6, sample(0.2), Progress(frame=0)) is None, "CPU time is a sign"
    assert watch.judge(7, sample(0.2), Progress(total_size=10)) is None, "so is growth"
    assert watch.judge(8.9, sample(0.2), Progress(total_size=10)) is None
    assert watch.judge(8.95, sample(0.2), Progress(total_size=10, frame=1)) is None
    assert watch.judge(10.9, sample(0.201), Progress(total_size=9, frame=1)) is None
    assert watch.judge(10.95, sample(0.201), Progress(total_size=9, frame=1)) == "stalled", "less is no growth"

    unknown = Watch(ProcessLimits(stall=1))
    assert unknown.judge(100, None, None) is None, "where the CPU time is unknown nothing can be said"


# ------------------------------------------------------------------------------------------------------- the host


@on_linux
def test_ffmpeg_dies_with_its_host(ffmpeg: Path, tmp_path: Path) -> None:
    code = """if 1:
        import asyncio, pathlib, sys
        from mediapipeline.ffmpeg.process import run_process
        asyncio.run(run_process(sys.argv[2:], env={}, cwd=pathlib.Path(sys.argv[1])))
    """
    argv = shell('echo $$ > pid; exec "$@"', ffmpeg, *LIVE, *ENDLESS)
    host = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), *argv], cwd=Path(__file__).parents[2])
    try:
        child = read_pid(tmp_path / "pid")
        assert alive(child)
    finally:
        host.kill()
        host.wait()
    assert until(lambda: not alive(child))


@on_linux
def test_a_tool_dies_with_its_host(tmp_path: Path) -> None:
    code = """if 1:
        import sys
        from mediapipeline.ffmpeg.process import run_tool
        run_tool(sys.argv[1:], env={}, timeout=60)
    """
    argv = shell("echo $$ > $1; exec sleep 60", tmp_path / "pid")
    host = subprocess.Popen([sys.executable, "-c", code, *argv], cwd=Path(__file__).parents[2])
    try:
        child = read_pid(tmp_path / "pid")
    finally:
        host.kill()
        host.wait()
    assert until(lambda: not alive(child))


def test_runs_in_many_loops_and_threads_at_once(tmp_path: Path) -> None:
    found: dict[int, int] = {}

    def work(number: int) -> None:
        async def several() -> list[ProcessResult]:
            argv = shell(f"sleep 0.1; exit {number}")
            return list(await asyncio.gather(*(run_process(argv, env=ENV, cwd=tmp_path) for _ in range(3))))

        codes = {result.exit_code for result in asyncio.run(several())}
        if codes == {run_tool(shell(f"exit {number}"), env=ENV, timeout=30).exit_code}:
            found[number] = codes.pop()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number for number in range(6)}


# ------------------------------------------------------------------------------------------------------- short calls


def test_a_tool_answers(ffmpeg: Path) -> None:
    result = run_tool([str(ffmpeg), "-version"], env=ENV, timeout=30)
    assert result.exit_code == 0
    assert result.stdout.startswith(b"ffmpeg version")


def test_a_tool_may_fail() -> None:
    result = run_tool(shell("printf 'a\\0b'; echo why >&2; exit 3"), env=ENV, timeout=30)
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"a\0b", "why\n")


@pytest.mark.parametrize(
    "code",
    [
        "sleep 60",
        "exec >&- 2>&-; sleep 60",  # silent, but there
        "sleep 60 & exit 0",  # gone, but its child holds the pipes
        "kill -STOP $$",
        "trap '' TERM; while :; do sleep 0.1; done",
    ],
)
def test_a_tool_that_takes_too_long_is_ended(tmp_path: Path, code: str) -> None:
    with pytest.raises(EngineError, match="did not answer") as caught:
        run_tool(shell(f"echo $$ > {tmp_path}/pid; {code}"), env=ENV, timeout=0.4)
    assert caught.value.retryable
    pid = read_pid(tmp_path / "pid")
    assert until(lambda: not alive(pid))


def test_a_tool_that_says_too_much_is_ended(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="more than 100000 bytes"):
        run_tool(shell(f"echo $$ > {tmp_path}/pid; exec cat /dev/zero"), env=ENV, timeout=30, max_output=100_000)
    assert_group_gone(read_pid(tmp_path / "pid"))


def test_a_tool_may_say_just_so_much() -> None:
    result = run_tool(shell("head -c 100000 /dev/zero"), env=ENV, timeout=30, max_output=100_000)
    assert len(result.stdout) == 100_000
