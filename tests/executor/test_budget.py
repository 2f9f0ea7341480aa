from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.executor.budget import CpuBudget


def test_shares() -> None:
    budget = CpuBudget(4)
    assert [budget.share(cpus) for cpus in (0, 1, 4, 99)] == [1, 1, 4, 4]
    with pytest.raises(ValueError, match="at least one"):
        CpuBudget(0)


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3), st.none() | st.integers(0, 2)), max_size=12),
)
def test_first_come_first_served_and_nothing_is_lost(total: int, wants: list[tuple[int, int, int | None]]) -> None:
    """Each wants some cores for some turns of the loop, and may be cancelled some turns after the one before."""

    async def main() -> None:
        budget = CpuBudget(total)
        used, order = 0, []

        async def hold(number: int, cpus: int, turns: int) -> None:
            nonlocal used
            async with budget.take(cpus) as got:
                order.append(number)
                used += got
                assert used <= total
                try:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                finally:
                    used -= got

        tasks = [asyncio.create_task(hold(number, cpus, turns)) for number, (cpus, turns, _) in enumerate(wants)]
        for task, (_, _, patience) in zip(tasks, wants, strict=True):
            if patience is not None:
                for _ in range(patience):
                    await asyncio.sleep(0)
                task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {type(None), asyncio.CancelledError}
        assert order == sorted(order)
        assert used == 0
        async with asyncio.timeout(60), budget.take(total) as got:  # all of it is there again
            assert got == total

    asyncio.run(main())


def test_across_threads_and_loops() -> None:
    budget = CpuBudget(2)
    lock = threading.Lock()
    used = most = 0

    async def hold() -> None:
        nonlocal used, most
        async with budget.take(1):
            with lock:
                used += 1
                most = max(most, used)
            await asyncio.sleep(0.001)
            with lock:
                used -= 1

    async def several() -> None:
        await asyncio.gather(*(hold() for _ in range(20)))

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_a_loop_that_died_while_waiting_takes_nothing_with_it() -> None:
    budget = CpuBudget(1)

    async def wait() -> None:
        async with budget.take(1):
            raise AssertionError("it was never free")

    async def main() -> None:
        async with budget.take(1):
            loop = asyncio.new_event_loop()
            task = loop.create_task(wait())
            thread = threading.Thread(target=loop.run_until_complete, args=(asyncio.sleep(0.01),))
            thread.start()
            thread.join()
            task._log_destroy_pending = False  # type: ignore[attr-defined] # the loop dies on purpose
            loop.close()
        async with asyncio.timeout(60), budget.take(1):
            pass

    asyncio.run(main())
