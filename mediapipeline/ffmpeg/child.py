"""One child process: drained, waited for, and ended with all that it started.

The mechanics under `process`: platform differences end here. Nothing here knows of limits, progress or FFmpeg.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from mediapipeline.ffmpeg.starting import spawn

__all__ = ["Child", "Tail", "end_group"]

_READ = 64 * 1024
_SETTLE = 2.0  # seconds for what a dead process leaves: its children to vanish, its pipes to close


# --------------------------------------------------------------------------------------------------------------- ending


def end_group(process: subprocess.Popen[bytes], *, force: bool) -> None:
    """Have the process and everything in its group end, at once if by *force*."""
    if sys.platform == "win32":
        process.kill()
        return
    # ESRCH: all gone. EPERM: macOS says so of a group in which only the dead are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if force:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGTERM)
            os.killpg(process.pid, signal.SIGCONT)  # a stopped process takes the request when it goes on


def _group_is_gone(group: int) -> bool:
    """Whether nobody of the group is alive. The dead may wait for a long time for an init that does not reap."""
    if sys.platform == "win32":
        return True
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return sys.platform == "linux" and not any(map(functools.partial(_is_alive_in, group), Path("/proc").iterdir()))


def _is_alive_in(group: int, entry: Path) -> bool:
    if not entry.name.isdecimal():
        return False
    try:
        stat = (entry / "stat").read_bytes()
    except OSError:  # gone meanwhile
        return False
    state, _, pgrp = stat[stat.rindex(b")") + 2 :].split()[:3]
    return int(pgrp) == group and state not in b"ZX"


def _reap(process: subprocess.Popen[bytes]) -> tuple[int | None, float | None]:
    """Wait for the process, once: exit code and CPU seconds, each None where there is no saying."""
    if sys.platform == "win32":
        return process.wait(), None
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except ChildProcessError:
        process.returncode = -1  # unknown, but over: it must never be waited for again
        return None, None
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


# ------------------------------------------------------------------------------------------------------------- draining


class Tail:
    """The end of a text of any length, and the first lines in it that speak of an error.

    Causes come first and consequences last, so that the end alone can hide the cause.
    """

    _KEPT = 64 * 1024
    _HEAD = 8 * 1024
    _LINE = 2 * 1024
    _ERROR = re.compile(rb"\[(?:error|fatal|panic)\]|error|fail|invalid|cannot|unable|not found|no such", re.IGNORECASE)
    _CONTROL = {code: "\ufffd" for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\t\n"} | {13: "\n"}

    def __init__(self) -> None:
        self._tail = bytearray()
        self._dropped = 0  # bytes before the tail
        self._line = b""  # the beginning of a line whose end has not come yet
        self._head: list[tuple[int, bytes]] = []  # with the place of each
        self._head_room = self._HEAD

    def add(self, data: bytes) -> None:
        self._tail += data
        if self._head_room > 0:
            self._look_for_errors(data)
        if len(self._tail) > 2 * self._KEPT:  # now and then, not every time
            self._dropped += len(self._tail) - self._KEPT
            del self._tail[: -self._KEPT]

    def _look_for_errors(self, data: bytes) -> None:
        text = self._line + data
        place = self._dropped + len(self._tail) - len(text)
        end = text.rfind(b"\n") + 1
        at = 0
        while self._head_room > 0 and (found := self._ERROR.search(text, at, end)):
            start, at = text.rfind(b"\n", 0, found.start()) + 1, text.index(b"\n", found.start()) + 1
            line = text[start : min(at, start + self._LINE)].rstrip()
            self._head.append((place + start, line))
            self._head_room -= len(line)
        self._line = text[end : end + self._LINE]

    def text(self) -> str:
        """At most 64 KiB from the end, whole lines where there are any; control characters replaced."""
        excess = max(len(self._tail) - self._KEPT, 0)
        if not self._dropped and not excess:
            return self._clean(self._tail)
        newline = self._tail.find(b"\n", excess)
        start = excess if newline < 0 else newline + 1
        dropped = self._dropped + start
        first = [line for at, line in self._head if at < dropped]
        return self._clean(
            b"\n".join([*first, f"[… {dropped} bytes in all before this …]".encode(), self._tail[start:]])
        )

    def _clean(self, data: bytes | bytearray) -> str:
        # What media say of themselves is printed as it is: escape sequences must not reach someone's terminal
        return data.decode("utf-8", "replace").replace("\r\n", "\n").translate(self._CONTROL)


class _Pipe:
    """Reads one pipe to its end, on the loop; in a thread where the loop cannot watch files."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pipe: IO[bytes], take: Callable[[bytes], None]) -> None:
        self.closed = False
        self._loop = loop
        self._pipe = pipe
        self._take = take
        self._threaded = False
        fd = pipe.fileno()
        if sys.platform != "win32":
            try:
                os.set_blocking(fd, False)
                loop.add_reader(fd, self._ready)
                return
            except NotImplementedError:
                os.set_blocking(fd, True)
        self._threaded = True
        self._room = threading.Semaphore(4)  # a loop that is behind holds up the child, and fills no memory
        threading.Thread(target=self._read_in_thread, name="mediapipeline-read", daemon=True).start()

    def _ready(self) -> None:
        try:
            data = os.read(self._pipe.fileno(), _READ)
        except (BlockingIOError, InterruptedError):
            return
        if data:
            self._take(data)
        else:
            self.close()

    def _read_in_thread(self) -> None:
        data = b"."
        while data:
            self._room.acquire()
            data = os.read(self._pipe.fileno(), _READ)
            try:
                self._loop.call_soon_threadsafe(self._arrived, data)
            except RuntimeError:  # the loop has been closed
                break
        self._pipe.close()

    def _arrived(self, data: bytes) -> None:
        self._room.release()
        if data and not self.closed:
            self._take(data)
        else:
            self.closed = True

    def close(self) -> None:
        """Read no more. A thread closes its pipe by itself, when it comes to the end."""
        if not self.closed and not self._threaded:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
        self.closed = True


# -------------------------------------------------------------------------------------------------------- on the loop


class Child:
    """A process on the running event loop.

    Works by callbacks, with no task of its own: a loop that shuts down cancels every task, and what cleans up must not
    be among them.

    Attributes:
        ended: Done when the process itself has ended.
        gone: Done when nothing of it is left: it is reaped, its group empty, its pipes read to the end.
        exit_code: None before the end, and where someone else took the exit status.
        cpu_seconds: None before the end, and where the platform does not say.
        wall_seconds: From start to end.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        *,
        stdout: Callable[[bytes], None],
        stderr: Callable[[bytes], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self.exit_code: int | None = None
        self.cpu_seconds: float | None = None
        self.wall_seconds = 0.0
        self._started = time.monotonic()
        self._force: asyncio.TimerHandle | None = None
        self._pidfd: int | None = None
        self._process = process = spawn(argv, env, cwd)
        assert process.stdout is not None
        assert process.stderr is not None
        self._pipes: list[_Pipe] = []
        try:
            for pipe, take in ((process.stdout, stdout), (process.stderr, stderr)):
                self._pipes.append(_Pipe(self._loop, pipe, take))
            self._await_exit()
        except BaseException:  # out of threads or file descriptors
            end_group(process, force=True)
            process.wait()
            raise

    @property
    def pid(self) -> int:
        """Its own until `ended`."""
        return self._process.pid

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def _await_exit(self) -> None:
        """Have `_exited` called on the loop, once, when the process has ended."""
        if sys.platform == "linux":
            try:
                self._pidfd = os.pidfd_open(self.pid)
                self._loop.add_reader(self._pidfd, self._reap)
                return
            except (OSError, NotImplementedError):  # an old kernel, a sandbox, a loop that cannot watch files
                self._drop_pidfd(watched=False)
        threading.Thread(target=self._wait_in_thread, name="mediapipeline-wait", daemon=True).start()

    def _reap(self) -> None:
        # The children that it leaves have to go before it is reaped: until then the group's number is ours for sure
        end_group(self._process, force=True)
        self._exited(*_reap(self._process))

    def _wait_in_thread(self) -> None:
        status = _reap(self._process)
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._exited, *status)

    def _exited(self, exit_code: int | None, cpu_seconds: float | None) -> None:
        if self.ended.done():
            return
        if self._pidfd is None and sys.platform != "win32":
            end_group(self._process, force=True)
        self._drop_pidfd(watched=True)
        if self._force is not None:
            self._force.cancel()
        self.exit_code, self.cpu_seconds, self.wall_seconds = exit_code, cpu_seconds, self.elapsed
        self.ended.set_result(None)
        self._settle(time.monotonic() + _SETTLE, 0.001)

    def _settle(self, deadline: float, pause: float) -> None:
        """Wait for what is left to vanish. Bounded: whoever left the group may hold a pipe for ever."""
        over = time.monotonic() > deadline
        if over or (all(pipe.closed for pipe in self._pipes) and _group_is_gone(self.pid)):
            for pipe in self._pipes:
                pipe.close()
            if not self.gone.done():
                self.gone.set_result(None)
        else:
            self._loop.call_later(pause, self._settle, deadline, min(2 * pause, 0.05))

    def stop(self, grace: float) -> None:
        """Ask the group to end, and end it by force after *grace* seconds."""
        if not self.ended.done() and self._force is None:
            end_group(self._process, force=False)
            self._force = self._loop.call_later(grace, self.kill)

    def kill(self) -> None:
        """End the group by force."""
        if not self.ended.done():
            end_group(self._process, force=True)

    def close(self) -> None:
        """Let go of everything. If the process is still there (its loop was torn down), it ends here and now."""
        if self._force is not None:
            self._force.cancel()
        if not self.ended.done():
            end_group(self._process, force=True)
            if self._pidfd is not None:
                _reap(self._process)
        self._drop_pidfd(watched=True)
        for pipe in self._pipes:
            pipe.close()

    def _drop_pidfd(self, *, watched: bool) -> None:
        if self._pidfd is None:
            return
        if watched and not self._loop.is_closed():
            self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = None
