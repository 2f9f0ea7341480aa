"""What a planner offers to its host: staged files, stages, spans, and planning beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pytest

import planning
from mediapipeline.errors import JobError, SourceNotAllowedError
from mediapipeline.planner.planner import Planner
from mediapipeline.sources import SourcePolicy, Staged
from mediapipeline.testing import clip_info


class Storage:
    """A resolver and publisher that planning must never ask to do anything."""

    schemes = frozenset({"s3"})

    async def fetch(self, source: str, target: Path) -> None:
        raise AssertionError(source)

    async def publish(self, path: Path, destination: str, *, overwrite: bool) -> None:
        raise AssertionError(destination)


POLICY = SourcePolicy(resolvers=(Storage(),), publishers=(Storage(),))
CLIPS = {"fetched-0.mp4": clip_info(duration="8s"), "in.mp4": clip_info(duration="60s")}
REMOTE = {
    "inputs": [{"id": "in", "source": "s3://bucket/in.mp4"}],
    "outputs": [{"id": "out", "input": "in", "destination": "s3://bucket/out.mkv"}],
}


@pytest.mark.parametrize(
    "rules", ["none", "seek_video", None, 1, ["seek_video"], [None], [len], [lambda graph, notes: graph]]
)
def test_what_is_no_rule_is_refused_at_once(rules):
    with pytest.raises(TypeError, match=r"^rules= takes .*, such as those in planner\.optimize\.RULES, not "):
        Planner(rules=rules)


def test_a_remote_input_is_planned_from_its_staged_file():
    service = planning.planner(CLIPS, policy=POLICY)
    plan = service.plan(REMOTE, staged=Staged(inputs={"in": Path("/srv/fetched-0.mp4")}))
    assert plan.inputs[0].source == "s3://bucket/in.mp4"
    assert plan.outputs[0].media.duration == 8
    assert "/work" not in str(plan.to_dict()), "a plan names files as the job does"


def test_a_remote_input_that_nobody_fetched_is_refused():
    service = planning.planner(CLIPS, policy=POLICY)
    with pytest.raises(SourceNotAllowedError) as caught:
        service.plan(REMOTE)
    assert [(p.path, p.code) for p in caught.value.problems] == [("/inputs/0/source", "not-fetched")]
    assert service.validate(REMOTE, probe=True).problems == caught.value.problems
    assert service.validate(REMOTE).valid, "it may be fetched later"


def test_a_scheme_that_nobody_serves_is_refused_even_if_something_is_staged():
    service = planning.planner(CLIPS)
    with pytest.raises(JobError) as caught:
        service.plan(REMOTE, staged=Staged(inputs={"in": "/srv/fetched-0.mp4"}))
    assert {p.code for p in caught.value.problems} == {"scheme-not-allowed"}


LOCAL = {"inputs": [{"id": "in", "source": "in.mp4"}], "outputs": [{"id": "o", "input": "in", "destination": "o.mp4"}]}


def test_stages_are_told_in_order():
    stages: list[str] = []
    planning.planner(CLIPS).plan(LOCAL, on_stage=stages.append)
    assert stages == ["probing", "planning"]


def test_spans_nest():
    spans: list[str] = []
    depth = ContextVar("depth", default=0)

    @contextmanager
    def trace(name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        spans.append(f"{depth.get()} {name} {dict(attributes)}")
        before = depth.set(depth.get() + 1)
        try:
            yield
        finally:
            depth.reset(before)

    async def main() -> None:
        with trace("request", {}):
            await planning.planner(CLIPS, trace=trace).plan_async(LOCAL)

    asyncio.run(main())
    assert spans == [
        "0 request {}",
        "1 mediapipeline.plan {}",
        "2 mediapipeline.probe {'input.id': 'in'}",
        "2 mediapipeline.optimize {}",
    ]


def test_planning_beside_a_loop_gives_the_same_plan_and_the_same_problems():
    service = planning.planner(CLIPS)
    assert asyncio.run(service.plan_async(LOCAL)) == service.plan(LOCAL)
    with pytest.raises(JobError) as caught:
        asyncio.run(service.plan_async({"inputs": [], "outputs": []}))
    assert {p.code for p in caught.value.problems} == {"empty"}


def test_a_hundred_that_wait_hold_no_thread_each():
    service = planning.planner(CLIPS)  # of a machine with four cores
    gate, full = threading.Event(), threading.Event()
    inside: set[str] = set()

    def on_stage(stage: str) -> None:
        inside.add(threading.current_thread().name)
        if len(inside) == 4:
            full.set()
        gate.wait(20)

    async def main() -> None:
        before = threading.active_count()
        tasks = [asyncio.create_task(service.plan_async(LOCAL, on_stage=on_stage)) for _ in range(100)]
        await asyncio.to_thread(full.wait, 20)
        assert threading.active_count() - before <= 4 + 1  # and the one that waits here
        tasks[-1].cancel()  # has not begun
        tasks[0].cancel()  # has begun, and is finished for nobody
        ended = await asyncio.gather(tasks[0], tasks[-1], return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended)
        gate.set()
        plans = await asyncio.gather(*tasks[1:-1])
        assert len({id(plan) for plan in plans}) == 98

    asyncio.run(main())
    assert len(inside) == 4
