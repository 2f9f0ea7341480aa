"""`CpuBudget`: how many cores the runs of one executor may keep busy, in whichever threads and event loops they are.

First come, first served: a step that needs many cores is not overtaken for ever by steps that need one. It counts what
it is told and measures nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import AsyncIterator

import attrs

__all__ = ["CpuBudget", "machine_cpus"]


def machine_cpus() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@attrs.define(eq=False)
class _Waiter:
    amount: int
    loop: asyncio.AbstractEventLoop
    wake: asyncio.Future[None]
    granted: bool = False


class CpuBudget:
    """A number of cores to be shared.

    Args:
        total: Cores; one at least.
    """

    def __init__(self, total: int) -> None:
        if total < 1:
            raise ValueError(f"at least one core is needed, not {total}")
        self.total = total
        self._free = total
        self._waiting: deque[_Waiter] = deque()
        # Reentrant, because a coroutine that is thrown away may let go of its share while this thread holds the lock.
        self._lock = threading.RLock()

    def share(self, cpus: int) -> int:
        """What someone who asks for *cpus* gets: the whole budget at most."""
        return max(1, min(cpus, self.total))

    @contextlib.asynccontextmanager
    async def take(self, cpus: int) -> AsyncIterator[int]:
        """Hold `share` of *cpus* for as long as the block lasts, after all who asked before."""
        amount = self.share(cpus)
        await self._acquire(amount)
        try:
            yield amount
        finally:
            self._release(amount)

    async def _acquire(self, amount: int) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            if not self._waiting and self._free >= amount:
                self._free -= amount
                return
            waiter = _Waiter(amount, loop, loop.create_future())
            self._waiting.append(waiter)
        try:
            await waiter.wake
        except BaseException:  # cancelled, maybe in the moment in which the share was granted
            with self._lock:
                if waiter.granted:
                    self._free += amount
                elif waiter in self._waiting:  # it is not if its loop was closed
                    self._waiting.remove(waiter)
                self._grant()
            raise

    def _release(self, amount: int) -> None:
        with self._lock:
            self._free += amount
            self._grant()

    def _grant(self) -> None:
        """Wake those at the head of the queue for whom there is enough."""
        while self._waiting and self._waiting[0].amount <= self._free:
            waiter = self._waiting.popleft()
            waiter.granted = True
            self._free -= waiter.amount
            try:
                waiter.loop.call_soon_threadsafe(_wake, waiter.wake)
            except RuntimeError:  # its loop has been closed: nobody waits there any more
                waiter.granted = False
                self._free += waiter.amount


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
