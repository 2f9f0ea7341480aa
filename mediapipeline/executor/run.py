"""`Run`: a run as asyncio code holds it: its events as they come, its result, and a way to cancel it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mediapipeline.errors import RunCancelledError
from mediapipeline.executor.events import Event, RunCancelled, StepProgress
from mediapipeline.executor.execution import Execution
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.executor.waiting import end_all

__all__ = ["EventBuffer", "Run"]


class EventBuffer:
    """Events that nobody has taken yet. A report of a step's progress replaces the one before, so it does not grow."""

    def __init__(self) -> None:
        self._events: OrderedDict[int, Event] = OrderedDict()
        self._latest: dict[str, int] = {}
        self._number = 0
        self._closed = False
        self._ended = False
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        self._number += 1
        self._ended = self._ended or event.terminal
        if isinstance(event, StepProgress):
            self._events.pop(self._latest.get(event.step, 0), None)
            self._latest[event.step] = self._number
        self._events[self._number] = event
        self._changed.set()

    def close(self) -> None:
        """Nothing comes any more. A run that was cancelled before its first step had no time to say so."""
        if not self._ended:
            self.put(RunCancelled())
        self._closed = True
        self._changed.set()

    async def get(self) -> Event | None:
        """The oldest event; None after the last one."""
        while not self._events:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._events.popitem(last=False)[1]


class Run:
    """A run, from `Executor.start`.

    It runs within ``async with``; leaving the block ends it::

        async with executor.start(plan) as run:
            async for event in run:
                ...
            result = await run.result()

    Events may be taken slowly or not at all, the run does not wait for it. If the block ends before the run does, or
    its task is cancelled, the run is cancelled, and nothing of it is left when the block is over. A failure that the
    block did not ask for with `result` is raised at its end.
    """

    def __init__(self, execution: Callable[[Callable[[Event], None]], Execution]) -> None:
        self._make = execution
        self._events: EventBuffer | None = None
        self._task: asyncio.Task[ExecutionResult] | None = None
        self._asked = False

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise RuntimeError("a run can be entered once; start another one")
        events = self._events = EventBuffer()
        self._task = asyncio.create_task(self._make(events.put).run(), name="mediapipeline-run")
        self._task.add_done_callback(lambda _: events.close())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task = self._started()
        finished = task.done()
        await end_all([task])
        if finished and error is None and not self._asked and not task.cancelled():
            task.result()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        self._started()
        assert self._events is not None
        event = await self._events.get()
        if event is None:
            raise StopAsyncIteration
        return event

    def cancel(self) -> None:
        """Have the run end; `result` raises `RunCancelledError` when nothing of it is left."""
        self._started().cancel()

    async def result(self) -> ExecutionResult:
        """What came of the run, when it is over.

        Raises:
            MediaPipelineError: It failed.
            RunCancelledError: It was cancelled.
        """
        task = self._started()
        await asyncio.wait([task])
        self._asked = True
        if task.cancelled():
            raise RunCancelledError("the run was cancelled; nothing of it is left")
        return task.result()

    def _started(self) -> asyncio.Task[ExecutionResult]:
        if self._task is None:
            raise RuntimeError("the run has not begun: use `async with executor.start(plan) as run`")
        return self._task
