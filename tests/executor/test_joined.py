from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from mediapipeline.executor import joined
from mediapipeline.executor.joined import Member, run_joined
from mediapipeline.steps import ReaderGone


class Chain:
    """Members a → b → c by two pipes; each does what it is told, and what it came to is kept."""

    def __init__(self, **works: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.ended: dict[str, str] = {}
        names = list(works)
        self.members = [
            Member(
                reads=frozenset([f"/nowhere/{names[at - 1]}"] if at else []),
                writes=frozenset([f"/nowhere/{name}"] if at < len(names) - 1 else []),
                run=lambda name=name: self._run(name, works[name]),  # type: ignore[misc]  # bound at once
            )
            for at, name in enumerate(names)
        ]

    async def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except BaseException as error:
            self.ended[name] = type(error).__name__
            raise
        self.ended[name] = "done"

    def run(self) -> None:
        asyncio.run(asyncio.wait_for(run_joined(self.members), 20))


def after(seconds: float, error: Exception | None = None) -> Callable[[], Coroutine[Any, Any, None]]:
    async def work() -> None:
        await asyncio.sleep(seconds)
        if error is not None:
            raise error

    return work


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "_GRACE", 0.3)


def test_all_end() -> None:
    chain = Chain(a=after(0), b=after(0.01), c=after(0.02))
    chain.run()
    assert chain.ended == {"a": "done", "b": "done", "c": "done"}


def test_first_in_the_stream_is_at_fault_whoever_fails_first() -> None:
    chain = Chain(a=after(0), b=after(0.1, ValueError("cause")), c=after(0.01, ValueError("consequence")))
    with pytest.raises(ValueError, match="cause"):
        chain.run()


def test_failure_is_not_hidden_by_a_reader_that_ended_well() -> None:
    chain = Chain(a=after(0), b=after(0.05, ValueError("cause")), c=after(0))
    with pytest.raises(ValueError, match="cause"):
        chain.run()


def test_writer_that_nobody_reads_is_not_at_fault() -> None:
    chain = Chain(a=after(0.02, ReaderGone()), b=after(0.01, ReaderGone()), c=after(0))
    chain.run()


def test_reader_is_at_fault_where_its_writers_only_lose_it() -> None:
    chain = Chain(a=after(0.02, ReaderGone()), b=after(0.01, ReaderGone()), c=after(0, ValueError("cause")))
    with pytest.raises(ValueError, match="cause"):
        chain.run()


def test_writer_that_goes_on_for_nobody_is_ended() -> None:
    chain = Chain(a=after(60), b=after(60), c=after(0))
    chain.run()
    assert chain.ended == {"a": "CancelledError", "b": "CancelledError", "c": "done"}


def test_readers_of_one_that_failed_are_ended() -> None:
    chain = Chain(a=after(0, ValueError("cause")), b=after(60), c=after(60))
    with pytest.raises(ValueError, match="cause"):
        chain.run()
    assert set(chain.ended) == {"a", "b", "c"}


def test_cancelled_all_are_over() -> None:
    chain = Chain(a=after(60), b=after(60), c=after(60))

    async def main() -> None:
        task = asyncio.create_task(run_joined(chain.members))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())
    assert set(chain.ended.values()) == {"CancelledError"}


def test_reader_of_a_pipe_that_was_never_opened_sees_its_end(tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    read: list[bytes] = []

    async def reader() -> None:
        read.append(await asyncio.to_thread(Path(pipe).read_bytes))

    async def writer() -> None:
        await asyncio.sleep(0.2)  # the reader waits by now

    members = [
        Member(reads=frozenset(), writes=frozenset([pipe]), run=writer),
        Member(reads=frozenset([pipe]), writes=frozenset(), run=reader),
    ]
    asyncio.run(asyncio.wait_for(run_joined(members), 20))
    assert read == [b""]
