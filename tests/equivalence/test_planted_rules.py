"""The harness sees what is wrong: rules with a mistake in them, one each, are caught; without it they pass."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import attrs
import pytest

from equivalence.harness import Bench
from mediapipeline.media.timeline import cut_stream
from mediapipeline.operators.traits import POINTWISE
from mediapipeline.planner.access import seek_sources
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, Rule, rule
from mediapipeline.planner.rules.push_cuts import push_cuts
from mediapipeline.planner.streams import Copy, Cut, Encode, Filter, Source, StreamGraph
from planning import job, op


@rule("exact")
def past_anything(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Take every filter for one of single frames, and cut before it."""
    trusting = Rewrite(graph)
    for node in graph.of(Filter):
        if not node.traits.pointwise:
            trusting.put(attrs.evolve(node, traits=POINTWISE))
    return push_cuts(trusting.graph(), notes)


@rule("exact")
def seek_late(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Seek in pictures as if FFmpeg found every key frame, where it guesses as well."""
    return seek_sources(graph, notes, lambda source: Fraction(0) if source.kind == "video" else None)


@rule("exact")
def cut_a_tick_late(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Merge cuts, and begin a tick of the clock too late."""
    edits = Rewrite(graph)
    for node in graph.of(Cut):
        inner = graph.input_of(node)
        if isinstance(inner, Cut) and inner.end is None and node.info.time_base is not None:
            start = inner.start + node.start + node.info.time_base
            edits.put(attrs.evolve(node, inputs=inner.inputs, start=start, end=inner.start + (node.end or 0)))
    return edits.graph()


@rule("exact")
def drop_mirrors(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Leave out a filter that does something."""
    edits = Rewrite(graph)
    for node in graph.of(Filter):
        if node.name == "hflip":
            edits.redirect(node.id, node.inputs[0])
    return edits.graph()


@rule("exact")
def share_too_much(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Take filters of the same stream for the same, whatever they are."""
    edits = Rewrite(graph)
    first: dict[tuple[str, ...], str] = {}
    for node in graph.of(Filter):
        kept = first.setdefault(node.inputs, node.id)
        if kept != node.id:
            edits.redirect(node.id, kept)
    return edits.graph()


@rule("copies")
def copy_parts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Copy packets of a part that is to be cut exactly."""
    edits = Rewrite(graph)
    for node in graph.of(Encode):
        cut = graph.input_of(node)
        source = graph.input_of(cut)
        if isinstance(cut, Cut) and isinstance(source, Source) and source.info.codec in node.copy_codecs:
            edits.put(attrs.evolve(cut, exact=False, info=cut_stream(source.info, cut.start, cut.end)))
            edits.put(Copy(id=node.id, kind=node.kind, inputs=node.inputs, info=node.info, origin=node.origin))
    return edits.graph()


@rule("within")
def a_sample_late(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Read lossy sound from a second before it is wanted, and cut it one sample too late."""
    graph = seek_sources(graph, notes, lambda source: Fraction(1) if source.kind == "audio" else None)
    edits = Rewrite(graph)
    for node in graph.of(Cut):
        source = graph.input_of(node)
        if isinstance(source, Source) and source.seek and node.start == 1 and node.end is not None:
            sample = Fraction(1, 48_000)
            edits.put(attrs.evolve(node, start=node.start + sample, end=node.end + sample))
    return edits.graph()


def clip_job(clip: str, *operations: dict[str, Any], suffix: str = "mov", **outputs: str) -> dict[str, Any]:
    name = clip.partition(".")[0]
    made = outputs or {"o0": "out"}
    return job(
        *operations,
        inputs={"in": f"clips/{name}.{clip.partition('.')[2]}"},
        outputs={each: {"input": source, "destination": f"{each}.{suffix}"} for each, source in made.items()},
    )


PLANTED: list[tuple[Rule, dict[str, Any], str]] = [
    (
        past_anything,
        clip_job("mp4.mp4", op("backwards", "in", "turned"), op("trim", "turned", "out", start="7s")),
        "frames differ",
    ),
    (seek_late, clip_job("mpg.mpg", op("trim", "in", "out", start="6.2s", duration="1s")), "frames"),
    (
        cut_a_tick_late,
        clip_job("mov-pcm.mov", op("trim", "in", "half", start="2s"), op("trim", "half", "out", start="1s", end="2s")),
        "frames",
    ),
    (drop_mirrors, clip_job("mkv-start.mkv", op("hflip", "in", "out")), "225 of 225 frames differ"),
    (
        share_too_much,
        clip_job("mkv-odd.mkv", op("hflip", "in", "one"), op("vflip", "in", "other"), o0="one", o1="other"),
        "frames differ",
    ),
    (copy_parts, clip_job("mp4.mp4", op("trim", "in", "out", start="3.5s", duration="2s")), "frames"),
    (
        a_sample_late,
        clip_job("m4a.m4a", op("trim", "in", "out", start="3s", duration="0.3s")),
        "sound differs",
    ),
]


@pytest.mark.parametrize(("wrong", "document", "said"), PLANTED, ids=[each.__name__ for each, _, _ in PLANTED])
def test_a_wrong_rule_is_caught(wrong: Rule, document: dict[str, Any], said: str, default_bench: Bench) -> None:
    naive = default_bench.plan(document, ())
    assert default_bench.differences(document, naive, default_bench.plan(document, RULES)) == []
    found = default_bench.differences(document, naive, default_bench.plan(document, (wrong,)))
    assert found
    assert said in "; ".join(found)


def test_a_rule_that_is_never_done_is_caught(default_bench: Bench) -> None:
    restless: Callable[[StreamGraph, Notes], StreamGraph] = lambda graph, notes: StreamGraph(graph.nodes)  # noqa: E731
    restless.__name__ = "restless"
    with pytest.raises(AssertionError, match="restless is not idempotent"):
        default_bench.plan(PLANTED[0][1], (rule("exact")(restless),))
