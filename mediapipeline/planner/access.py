"""Access paths: where in a file reading begins.

As a database chooses between a scan and index look-ups, a file is read from its start, or from the key frame before
each part that is wanted. Parts that overlap or lie close together are read in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import attrs

from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.rule import Notes
from mediapipeline.planner.streams import Copy, Cut, NodeId, Rewrite, Source, StreamGraph
from mediapipeline.planner.ticks import on_a_tick, tick_before

__all__ = ["seek_sources"]

_APART = Fraction(5)
"""Seconds between two parts that are worth a seek: about what is decoded from the key frame before the second on."""


def seek_sources(graph: StreamGraph, notes: Notes, lead_of: Callable[[Source], Fraction | None]) -> StreamGraph:
    """Let sources of which only parts are wanted be read from near these parts on.

    Args:
        graph: The graph.
        notes: Takes what was done.
        lead_of: Seconds before a part that reading has to begin; None where seeking will not do.
    """
    edits = Rewrite(graph)
    for source in graph.of(Source):
        lead = lead_of(source)
        if lead is None or not on_a_tick(source.seek, source.info):
            continue  # a second seek adds to the first, which must not have been rounded
        users = [graph[user] for user in graph.consumers.get(source.id, ())]
        cuts = [node for node in users if isinstance(node, Cut) and node.exact]
        if not cuts or len(cuts) + sum(isinstance(node, Copy) for node in users) != len(users):
            continue
        for number, group in enumerate(_groups(cuts)):
            begins = tick_before(max(Fraction(0), source.seek + group[0].start - lead), source.info)
            if begins is None or begins <= source.seek:
                continue
            moved = _from(source, begins, f"{source.id}x{number}" if number or len(cuts) < len(users) else source.id)
            edits.put(moved)
            for cut in group:
                edits.put(_later(cut, moved, begins - source.seek))
            if source.kind == "video":
                notes(group[0], f"{source.input} read from {float(begins):.6g} s on, not from the start")
    return edits.graph()


def _groups(cuts: list[Cut]) -> list[list[Cut]]:
    """The parts that are read in one go, each in order."""
    ordered = sorted(cuts, key=lambda cut: cut.start)
    groups = [[ordered[0]]]
    reached = ordered[0].end
    for cut in ordered[1:]:
        if reached is not None and cut.start > reached + _APART:
            groups.append([])
        groups[-1].append(cut)
        reached = None if reached is None or cut.end is None else max(reached, cut.end)
    return groups


def _from(source: Source, begins: Fraction, id: NodeId) -> Source:  # noqa: A002
    info = cut_stream(source.info, begins - source.seek, None)
    return attrs.evolve(source, id=id, seek=begins, info=info)


def _later(cut: Cut, source: Source, by: Fraction) -> Cut:
    return attrs.evolve(cut, inputs=(source.id,), start=cut.start - by, end=None if cut.end is None else cut.end - by)
