"""The harness sees what is wrong with copies, joints and stills: each rule with one small mistake more is caught."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest

from equivalence.clips import RECIPES
from equivalence.harness import Bench
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, Rule, rule
from mediapipeline.planner.rules.copy_concat import copy_concat
from mediapipeline.planner.rules.cut_parts import cut_parts
from mediapipeline.planner.rules.merge_cuts import merge_cuts
from mediapipeline.planner.rules.push_samples import push_samples
from mediapipeline.planner.rules.sample_by_seek import sample_by_seek
from mediapipeline.planner.rules.sample_key_frames import sample_key_frames
from mediapipeline.planner.rules.smart_cut import smart_cut
from mediapipeline.planner.streams import (
    Concat,
    Cut,
    Encode,
    Joined,
    Node,
    Packets,
    Sample,
    Source,
    Splice,
    StreamGraph,
)
from mediapipeline.testing.media import make_clip
from planning import job, op

FRAME = Fraction(1, 25)
GROUP = Fraction(1)
"""Seconds from one key frame of the clips to the next."""

Mistake: TypeAlias = Callable[[StreamGraph, Node], Node | None]
"""What a wrong rule leaves instead of a node that it has put there; None of what it puts rightly."""


def mistaken(right: Rule, mistake: Mistake) -> Rule:
    """*right* with a *mistake* in what it changes."""

    def wrong(graph: StreamGraph, notes: Notes) -> StreamGraph:
        after = right(graph, notes)
        edits = Rewrite(after)
        for node in after:
            instead = mistake(after, node) if graph.nodes.get(node.id) is not node else None
            if instead is not None:
                edits.put(instead)
        return edits.graph()

    wrong.__name__ = f"{right.__name__}_{mistake.__name__}"
    return rule(right.guarantee, needs=right.needs)(wrong)


def frame_less(graph: StreamGraph, node: Node) -> Node | None:
    if not isinstance(node, Packets):
        return None
    assert isinstance(node.info, VideoStream)
    info = attrs.evolve(node.info, duration=(node.frames - 1) * FRAME, frames=node.frames - 1)
    return attrs.evolve(node, frames=node.frames - 1, info=info)


def group_late(graph: StreamGraph, node: Node) -> Node | None:
    if not isinstance(node, Packets):
        return None
    after = None if node.after is None else node.after + GROUP
    return attrs.evolve(node, start=node.start + GROUP, after=after or node.start)


def edge_late(graph: StreamGraph, node: Node) -> Node | None:
    """Encode the edges from a frame later on: as many frames, and nearly the same."""
    if not isinstance(node, Cut) or node.end is None or not _taken_by(graph, node, Encode):
        return None
    return attrs.evolve(node, start=node.start + FRAME, end=node.end + FRAME)


def turned_round(graph: StreamGraph, node: Node) -> Node | None:
    """Parts in the wrong order."""
    if isinstance(node, Concat):
        return attrs.evolve(node, inputs=node.inputs[::-1], made_of=node.made_of[::-1])
    if isinstance(node, Joined):
        return attrs.evolve(node, inputs=node.inputs[::-1])
    return attrs.evolve(node, inputs=node.inputs[::-1]) if isinstance(node, Splice) else None


def first_twice(graph: StreamGraph, node: Node) -> Node | None:
    """One part in the place of another."""
    if not isinstance(node, Concat | Joined):
        return None
    return attrs.evolve(node, inputs=(node.inputs[0],) * len(node.inputs), **_made_of_nothing(node))


def one_dropped(graph: StreamGraph, node: Node) -> Node | None:
    if isinstance(node, Concat):
        return attrs.evolve(node, inputs=node.inputs[:-1], made_of=node.made_of[:-1])
    return attrs.evolve(node, inputs=node.inputs[:-1], parts=node.parts[:-1]) if isinstance(node, Joined) else None


def second_late(graph: StreamGraph, node: Node) -> Node | None:
    """A gap of a frame before the second of what is joined."""
    if not isinstance(node, Joined):
        return None
    first, *others = node.parts
    return attrs.evolve(node, parts=(attrs.evolve(first, length=first.length + FRAME), *others))


def part_late(graph: StreamGraph, node: Node) -> Node | None:
    """What is kept of a part from a frame later on."""
    if not isinstance(node, Cut) or not node.start:
        return None
    return attrs.evolve(node, start=node.start + FRAME, end=None if node.end is None else node.end + FRAME)


def still_late(graph: StreamGraph, node: Node) -> Node | None:
    return attrs.evolve(node, time=node.time + FRAME) if isinstance(node, Sample) else None


def still_early(graph: StreamGraph, node: Node) -> Node | None:
    return attrs.evolve(node, time=node.time - FRAME) if isinstance(node, Sample) and node.time >= FRAME else None


def read_late(graph: StreamGraph, node: Node) -> Node | None:
    return attrs.evolve(node, seek=node.seek + FRAME) if isinstance(node, Source) and node.seek else None


def read_early(graph: StreamGraph, node: Node) -> Node | None:
    return attrs.evolve(node, seek=node.seek - FRAME) if isinstance(node, Source) and node.seek else None


def key_frame_late(graph: StreamGraph, node: Node) -> Node | None:
    return attrs.evolve(node, seek=node.seek + GROUP) if isinstance(node, Source) and node.key_frames else None


def key_frame_early(graph: StreamGraph, node: Node) -> Node | None:
    return attrs.evolve(node, seek=node.seek - GROUP) if isinstance(node, Source) and node.key_frames else None


def _taken_by(graph: StreamGraph, node: Node, kind: type[Node]) -> bool:
    return any(isinstance(graph[user], kind) for user in graph.consumers.get(node.id, ()))


def _made_of_nothing(node: Node) -> dict[str, Any]:
    return {"made_of": ()} if isinstance(node, Concat) else {}


def document(*operations: dict[str, Any], to: str = "o0.mp4", other: str | None = None) -> dict[str, Any]:
    inputs = {"in": "clips/mp4.mp4"} | ({} if other is None else {"other": f"clips/{other}"})
    codec = {"codec": {"video": "h264", "audio": "aac"}} if to.endswith(".mkv") else {}
    return job(*operations, inputs=inputs, outputs={"o0": {"input": "out", "destination": to, **codec}})


PART = document(op("trim", "in", "out", start="1.52s", end="6.4s"))
PARTS = document(
    op("trim", "in", "one", start="0.88s", end="4.12s"), op("trim", "in", "two", start="4.88s", end="8.12s"),
    op("concat", ["one", "two"], "out"), to="o0.mkv",
)  # fmt: skip
JOINED = document(op("concat", ["in", "other"], "out"), other="mirrored.mp4")
CUT = document(
    op("concat", ["in", "other", "in"], "all"), op("trim", "all", "out", start="7s", end="20s"), other="mirrored.mp4",
)  # fmt: skip
STILL = document(
    op("trim", "in", "part", start="2s"), op("hflip", "part", "turned"),
    op("thumbnail", "turned", "out", at=["3.12s"]), to="o0.png",
)  # fmt: skip
SOUGHT = document(op("thumbnail", "in", "out", at=["7.12s"]), to="o0.png")
NEAR = document(op("thumbnail", "in", "out", at=["5.52s"], snap="keyframe"), to="o0.png")

_REFUSED, _FRAMES = "is not what was planned", "frames differ"
_EDGES, _COPIED = "structural similarity", "frames are copied, and 0 are the same"

PLANTED: list[tuple[Rule, dict[str, Any], dict[Mistake, str]]] = [
    (smart_cut, PART, {frame_less: _REFUSED, group_late: _COPIED, edge_late: _EDGES}),
    (smart_cut, PARTS, {frame_less: _REFUSED, group_late: _COPIED, edge_late: _EDGES, turned_round: _COPIED}),
    (
        copy_concat,
        JOINED,
        {turned_round: _FRAMES, first_twice: _FRAMES, one_dropped: _REFUSED, second_late: "moved against each other"},
    ),
    (cut_parts, CUT, {turned_round: _FRAMES, first_twice: _REFUSED, one_dropped: _REFUSED, part_late: "325 frames"}),
    (push_samples, STILL, {still_late: _FRAMES, still_early: _FRAMES}),
    (sample_by_seek, SOUGHT, {read_late: _FRAMES, read_early: _FRAMES}),
    (sample_key_frames, NEAR, {key_frame_late: _FRAMES, key_frame_early: _FRAMES}),
]
"""Rules, jobs for them, and what is said of each mistake."""

NAMES = [f"{right.__name__}-{number}" for number, (right, _, _) in enumerate(PLANTED)]
MISTAKES = [
    pytest.param(right, planned, mistake, said, id=f"{name}-{mistake.__name__}")
    for name, (right, planned, mistakes) in zip(NAMES, PLANTED, strict=True)
    for mistake, said in mistakes.items()
]


@pytest.fixture(scope="module")
def planted_bench(bench: Bench, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench with a clip more, which decoders take for the same and eyes do not."""
    folder: Path = bench._folder / "clips"
    suffix, recipe = RECIPES["mp4"]
    make_clip(folder / f"mirrored{suffix}", attrs.evolve(recipe, extra=(*recipe.extra, "-vf", "hflip")), engine=engine)
    return bench


@pytest.mark.parametrize(("right", "planned"), [each[:2] for each in PLANTED], ids=NAMES)
def test_without_a_mistake_all_is_well(right: Rule, planned: dict[str, Any], planted_bench: Bench) -> None:
    planted_bench.skip_if_not_compared()
    quick = planted_bench.plan(planned, (merge_cuts, right))
    assert right.__name__ in quick.fired
    assert planted_bench.differences(planned, planted_bench.plan(planned, ()), quick) == []


@pytest.mark.parametrize(("right", "planned", "mistake", "said"), MISTAKES)
def test_a_mistake_is_caught(
    right: Rule, planned: dict[str, Any], mistake: Mistake, said: str, planted_bench: Bench
) -> None:
    planted_bench.skip_if_not_compared()
    wrong = planted_bench.plan(planned, (merge_cuts, mistaken(right, mistake)))
    assert said in "; ".join(planted_bench.differences(planned, planted_bench.plan(planned, ()), wrong))
