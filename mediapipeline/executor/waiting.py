"""Waiting that leaves nothing behind: for threads that cannot be interrupted, and for tasks that fail together.

Whoever waits here may be cancelled, as often as you like; it is told so only when what it waits for is over. Knows
nothing of plans and processes.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["end_all", "in_thread", "outlast", "together"]

_T = TypeVar("_T")


async def outlast(futures: Iterable[asyncio.Future[Any]]) -> None:
    """Wait until all *futures* are done, and be cancelled only then. What came of them is for the caller to ask."""
    waiting = set(futures)
    cancelled: asyncio.CancelledError | None = None
    while waiting:
        try:
            _, waiting = await asyncio.wait(waiting)
        except asyncio.CancelledError as error:
            cancelled = error
            waiting = {future for future in waiting if not future.done()}
    if cancelled is not None:
        raise cancelled


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """The few that all runs share, in whichever event loops they are; each loop would have a pool of its own."""
    return ThreadPoolExecutor(min(32, (os.cpu_count() or 1) + 4), thread_name_prefix="mediapipeline")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads stay with the parent


async def in_thread(function: Callable[[], _T], *, heed: bool = True) -> _T:
    """What *function* returns, run where it may block. It is never abandoned half-way.

    Args:
        function: Takes its time.
        heed: False where it is too late to be cancelled: who tries meanwhile is not heard.
    """
    try:
        future = asyncio.get_running_loop().run_in_executor(_threads(), function)
    except (
        RuntimeError
    ):  # the interpreter or the loop is shutting down and takes no more work: what is left is tidying up
        return function()
    try:
        await outlast([future])
    except asyncio.CancelledError:
        if heed:
            if not future.cancelled():
                future.exception()  # asked for, so that the loop does not report it as forgotten
            raise
    return future.result()


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* and wait until they are over; what they fail with now is a consequence and no news."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    try:
        await outlast(ending)
    finally:
        for task in ending:
            if task.done() and not task.cancelled():
                task.exception()  # asked for, so that the loop does not report it as forgotten


async def together(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Results in order. If one fails the others are cancelled, and the first failure is raised when all are over."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    if not tasks:
        return []
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task in done:
                task.result()
    finally:
        await end_all(tasks)
    return [task.result() for task in tasks]
