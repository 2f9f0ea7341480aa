"""Runs steps that are joined by pipes: all at once, and when one of them ends, what that means for the others.

A reader that ends well needs no more of who writes to it. A writer that nobody reads any more is not at fault. Where
one fails, its readers fail or end early as well, so the fault is that of the first in the stream. Knows pipes as paths
and nothing of media.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import attrs

from mediapipeline.executor.waiting import end_all
from mediapipeline.steps.plugin import ReaderGone

__all__ = ["Member", "run_joined"]

_GRACE = 2.0  # seconds for what is before a step that has ended to end by itself
_LOOK = 0.1  # seconds after which those are woken who have come to wait in vain


@attrs.frozen(kw_only=True, eq=False)
class Member:
    """One step of several that run together.

    Attributes:
        reads: Paths of the pipes that it reads.
        writes: Paths of the pipes that it writes.
        run: Does it. Raises `ReaderGone` where only that is wrong that nobody reads what it writes.
    """

    reads: frozenset[str]
    writes: frozenset[str]
    run: Callable[[], Coroutine[Any, Any, None]]


async def run_joined(members: Sequence[Member]) -> None:
    """Run *members*, each before those that read what it writes.

    Raises:
        Exception: That of the first in the stream that failed; the others are over by then.
    """
    tasks = {member: asyncio.create_task(member.run()) for member in members}
    running = list(members)
    waker = asyncio.create_task(_wake(tasks))
    try:
        while running:
            await asyncio.wait([tasks[member] for member in running], return_when=asyncio.FIRST_COMPLETED)
            ended = next(member for member in running if tasks[member].done())
            running.remove(ended)
            before = [member for member in _upstream(ended, members) if member in running]
            if not _left_by_its_readers(tasks[ended]) and before:
                # It failed, perhaps because they did; or it needs no more of them.
                await asyncio.wait([tasks[member] for member in before], timeout=_GRACE)
                await end_all(tasks[member] for member in before if not tasks[member].done())
                for member in before:
                    _raise_fault(tasks[member])
                    running.remove(member)
            _raise_fault(tasks[ended])
    finally:
        try:
            await end_all(tasks.values())
        finally:
            waker.cancel()


async def _wake(tasks: Mapping[Member, asyncio.Task[None]]) -> None:
    """See to it that nobody waits for one who has ended to open a pipe, which it never did.

    A process that waits so heeds no request to end.
    """
    while True:
        for member, task in tasks.items():
            if task.done():
                _let_go(member)
        await asyncio.sleep(_LOOK)


def _left_by_its_readers(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and isinstance(task.exception(), ReaderGone)


def _raise_fault(task: asyncio.Task[None]) -> None:
    if task.cancelled() or _left_by_its_readers(task):
        return
    task.result()


def _upstream(member: Member, members: Iterable[Member]) -> list[Member]:
    """Who writes, directly or not, what *member* reads; the first in the stream first."""
    found: list[Member] = []
    wanted = set(member.reads)
    for other in reversed(list(members)):
        if other.writes & wanted:
            found.insert(0, other)
            wanted |= other.reads
    return found


def _let_go(member: Member) -> None:
    """Wake those who wait for *member* to open a pipe: they see its end, or nobody there."""
    if sys.platform == "win32":
        return
    for paths, flags in ((member.writes, os.O_WRONLY), (member.reads, os.O_RDONLY)):
        for path in paths:
            try:
                os.close(os.open(path, flags | os.O_NONBLOCK))
            except OSError:  # nobody waits
                continue
