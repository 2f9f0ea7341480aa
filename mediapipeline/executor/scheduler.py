"""Runs pieces of work as soon as what they need is done and there are cores for them. Knows nothing of media."""

from __future__ import annotations

import asyncio
import graphlib
from collections.abc import Awaitable, Callable, Sequence

import attrs

from mediapipeline.errors import ExecutionError
from mediapipeline.executor.budget import CpuBudget
from mediapipeline.executor.waiting import end_all

__all__ = ["Task", "run_tasks"]


@attrs.frozen(kw_only=True, eq=False)
class Task:
    """A piece of work.

    Attributes:
        id: Unique among those that run together.
        needs: Ids of what must be done before.
        cpus: Cores that it would keep busy.
        run: Does it, with the cores that it is given.
    """

    id: str
    needs: tuple[str, ...]
    cpus: int
    run: Callable[[int], Awaitable[None]]


async def run_tasks(tasks: Sequence[Task], budget: CpuBudget) -> None:
    """Run all of *tasks*. With the first that fails the others are cancelled; when this ends, all are over.

    Raises:
        ExecutionError: They need each other, or something that is not there.
    """
    by_id = {task.id: task for task in tasks}
    sorter = graphlib.TopologicalSorter({task.id: task.needs for task in tasks})
    unknown = sorted({need for task in tasks for need in task.needs} - by_id.keys())
    if unknown or len(by_id) < len(tasks):
        raise ExecutionError(
            f"the plan is broken: it has no step {unknown[0]!r}" if unknown else "two steps have one id"
        )
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        raise ExecutionError(f"the plan is broken: its steps need each other: {' → '.join(error.args[1])}") from error

    running: dict[asyncio.Task[None], str] = {}
    try:
        while sorter.is_active():
            for id_ in sorter.get_ready():
                running[asyncio.create_task(_run(by_id[id_], budget))] = id_
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for each in [each for each in running if each in done]:
                each.result()
                sorter.done(running.pop(each))
    finally:
        await end_all(running)


async def _run(task: Task, budget: CpuBudget) -> None:
    async with budget.take(task.cpus) as cpus:
        await task.run(cpus)
