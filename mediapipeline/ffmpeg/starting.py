"""Starting a program so that it has a group of its own, and ends with this process whatever becomes of it.

The mechanics under `child` and `process`: what platforms need for it differs here. Nothing here knows of FFmpeg.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mediapipeline.errors import EngineError, FFmpegNotFoundError

__all__ = ["check_started", "spawn"]

_LAUNCHER = Path(__file__).with_name("launcher.py")
_REFUSED = re.compile(r"mediapipeline-launcher: errno (\d+)\n")
_WORKS = 7  # an exit code that nothing else gives
_START = '[ "$PPID" = "$0" ] || exit 1; unset PWD OLDPWD; exec "$@"'
_NOT_EXECUTED = re.compile(r"[^\n]*\bexec: [^\n]*: ([^:\n]+)\n")
_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*t?d?")


def spawn(argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """Start *argv* in a new session, without input, its output and errors on pipes.

    Raises:
        FFmpegNotFoundError: There is no such program; where a launcher starts it, `check_started` tells that instead.
        EngineError: It cannot be started.
    """
    try:
        return subprocess.Popen(
            [*_launcher(argv[0]), *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,  # ignored on Windows
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise EngineError(f"there is no working folder {str(cwd)!r}") from error
        raise _not_started(argv[0], error) from error
    except (OSError, ValueError) as error:
        raise _not_started(argv[0], error) from error


def _launcher(program: str) -> list[str]:
    """What makes the kernel end the child when this thread ends.

    Where there is `setpriv` it does so in 2 ms, and a shell looks whether this process is still there and becomes the
    program. A shell does not tell why a file is no program, and runs what it cannot execute as a script of its own: so
    that is for programs of this machine only. Otherwise a script of ours does it in 9 ms, with an ordinary interpreter:
    not in a frozen program, nor in a host that embeds Python.
    """
    if sys.platform != "linux":
        return []
    if _is_native(program) and (quick := _setpriv()):
        return [*quick, str(os.getpid())]
    usable = (
        not getattr(sys, "frozen", False)
        and _INTERPRETER.fullmatch(Path(sys.executable or "").name)
        and _LAUNCHER.is_file()
    )
    return [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())] if usable else []


@functools.cache
def _setpriv() -> list[str]:
    """How a program is started by `setpriv`, but for the number of this process; empty where that does not work."""
    program = next((path for path in ("/usr/bin/setpriv", "/bin/setpriv") if os.access(path, os.X_OK)), None)
    if program is None:
        return []
    command = [program, "--pdeathsig", "KILL", "/bin/sh", "-c"]
    try:
        tried = [*command, f'[ "$PPID" = "$0" ] && exit {_WORKS}', str(os.getpid())]
        done = subprocess.run(tried, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [*command, _START] if done.returncode == _WORKS else []


def _is_native(program: str) -> bool:
    """Whether it is an executable file for the processor of this machine."""
    try:
        return os.access(program, os.X_OK) and _machine(program) == _machine("/proc/self/exe") is not None
    except OSError:
        return False


def _machine(program: str) -> tuple[bytes, bytes] | None:
    """Word size and byte order, and the processor, by the header of an ELF file."""
    with open(program, "rb") as file:  # noqa: PTH123 - three times as fast as by a Path
        head = file.read(20)
    return (head[4:6], head[18:20]) if head[:4] == b"\x7fELF" else None


def check_started(argv: Sequence[str], exit_code: int, stderr: str) -> None:
    """Raise what `spawn` would have raised, had the launcher not been in between."""
    if exit_code == 127 and (refused := _REFUSED.fullmatch(stderr)):
        number = int(refused[1])
        raise _not_started(argv[0], OSError(number, os.strerror(number)))
    if exit_code in (126, 127) and (refused := _NOT_EXECUTED.fullmatch(stderr)):
        raise _not_started(argv[0], OSError(0, refused[1]))


def _not_started(program: str, error: OSError | ValueError) -> EngineError:
    if isinstance(error, FileNotFoundError):
        return FFmpegNotFoundError(f"there is no program {program!r}")
    reason = error.strerror if isinstance(error, OSError) else str(error)
    found = EngineError(f"cannot start {program!r}: {reason}")
    # Too many processes or files, or too little memory, just now
    found.retryable = isinstance(error, BlockingIOError) or getattr(error, "errno", None) in {12, 23, 24}
    return found
