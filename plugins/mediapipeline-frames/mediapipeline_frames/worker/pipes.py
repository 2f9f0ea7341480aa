"""Pipes that hold more, and threads that work ahead of the function and behind it."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["Behind", "ahead", "widen"]

_AHEAD = 2  # frames that wait to be worked on, and to be written
_PIPE = 1024 * 1024  # bytes that a pipe should hold; Linux gives 64 KiB otherwise


def widen(path: str, flags: int) -> None:
    """Let the pipe at *path*, which is open, hold more: fewer turns between the processes."""
    if sys.platform != "linux":
        return
    import fcntl

    handle = os.open(path, flags | os.O_NONBLOCK)
    try:
        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, _PIPE)
    except OSError:  # more than this user may have: a matter of speed only
        return
    finally:
        os.close(handle)


class Behind:
    """Does something with what it is given, in a thread, a few behind."""

    def __init__(self, work: Callable[[Any], object]) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(_AHEAD)
        self._error: Exception | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._work(item)
                except Exception as error:  # noqa: BLE001 - raised where the others are put
                    self._error = error

    def put(self, item: Any) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put(item)

    def close(self) -> None:
        """Wait until all of it is done."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error


def ahead(source: Iterable[Any]) -> Iterator[Any]:
    """What *source* gives, a few of it made before they are asked for."""
    ready: queue.Queue[Any] = queue.Queue(_AHEAD)

    def read() -> None:
        try:
            for item in source:
                ready.put(item)
            ready.put(None)
        except Exception as error:  # noqa: BLE001 - raised where they are asked for
            ready.put(error)

    threading.Thread(target=read, daemon=True).start()
    while (item := ready.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item
