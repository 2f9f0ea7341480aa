"""A host that has threads and no event loop, such as a desktop application: a pool, one executor, futures.

`Work.start` returns at once. What it returns can be waited for, asked how far it is, and cancelled from any thread.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mediapipeline import ExecutionResult, Executor, Planner
from mediapipeline.executor.events import Event, StepProgress


class Cancelled(Exception):
    """Somebody wanted the job to end; nothing of it is left."""


class Ticket:
    """One job on its way."""

    def __init__(self) -> None:
        self.progress = 0.0
        self._cancelled = threading.Event()
        self._future: Future[ExecutionResult] = Future()

    def cancel(self) -> None:
        """Have it end. `result` raises `Cancelled` when nothing of it is left."""
        self._cancelled.set()
        self._future.cancel()  # if its turn has not come

    def result(self, timeout: float | None = None) -> ExecutionResult:
        """What came of it, when it is over."""
        return self._future.result(timeout)

    def heard(self, event: Event) -> None:
        if self._cancelled.is_set():
            raise Cancelled  # what a callback raises ends the run, and comes out of `Executor.run`
        if isinstance(event, StepProgress):
            self.progress = event.run_fraction


class Work:
    """Runs jobs in threads. All of them share the cores of one executor.

    Args:
        folder: Where relative paths of jobs are looked up.
        threads: How many jobs at a time.
        cpus: Cores for all of them; None is all there are.
    """

    def __init__(self, folder: Path, *, threads: int = 4, cpus: int | None = None) -> None:
        self.planner = Planner(base_dir=folder)
        self.executor = Executor(base_dir=folder, cpus=cpus)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="media")

    def start(self, document: dict[str, Any]) -> Ticket:
        """Plan and run a job, when there is a thread for it."""
        ticket = Ticket()

        def run() -> ExecutionResult:
            return self.executor.run(self.planner.plan(document), on_event=ticket.heard)

        ticket._future = self._threads.submit(run)  # noqa: SLF001 - of the same module
        return ticket

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
