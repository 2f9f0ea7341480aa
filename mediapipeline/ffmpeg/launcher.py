"""Runs a command that the kernel kills when the process that started it dies.

A script of its own, standard library only, started as ``python -I -S launcher.py <parent pid> <command> <argument>…``.
It replaces itself by the command, so the command keeps the process id. This is what a `preexec_fn` would do, which is
unsafe in a host with threads. Nothing imports this module; Linux only.

The kernel sends the signal when the *thread* that started us ends, not only the process: that thread has to outlive
the command.
"""

from __future__ import annotations

import ctypes
import os
import sys

# As the C headers of Linux have them; importing `signal` would cost a third of the 8 ms that all of this takes.
_PR_SET_PDEATHSIG = 1
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25


def main(parent: int, command: list[str]) -> None:
    """Become *command*; returns only by exiting."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) != 0:
        _refuse(ctypes.get_errno())
    if os.getppid() != parent:  # it died before the line above: no signal will ever come
        os._exit(1)
    # Python ignores these at its start, and what is ignored stays so across exec
    for number in (_SIGPIPE, _SIGXFSZ):
        libc.signal(number, None)  # SIG_DFL
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        _refuse(error.errno or 0)


def _refuse(errno: int) -> None:
    """Tell the parent why the command was not started; it looks for exactly this."""
    os.write(2, f"mediapipeline-launcher: errno {errno}\n".encode())
    os._exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
