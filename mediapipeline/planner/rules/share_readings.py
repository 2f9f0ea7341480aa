"""The rule `share_readings`."""

from __future__ import annotations

from typing import NamedTuple

import attrs

from mediapipeline.planner.access import APART
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Concat, Cut, NodeId, Source, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["share_readings"]


@rule("exact")
def share_readings(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Read parts of one file in one go, if they are joined in the order of the file and lie close together.

    s1 = in:video → cut(0s..2s)
    s2 = in:video#2 → cut(3s..5s)
    s1, s2 → concat() → out

    becomes

    s1 = in:video → cut(0s..2s)
    s2 = in:video → cut(3s..5s)
    s1, s2 → concat() → out

    On its own, the second part would be decoded from the key frame before it on, which is often read for the first as
    well. Where FFmpeg cannot seek, it would be decoded from the start, so there the parts need not lie close together.
    Nothing waits in memory: each part is over when the next begins.
    """
    edits = Rewrite(graph)
    wholes = graph.of(Concat)
    cuts = _cuts(graph) if wholes else {}
    for whole in wholes:
        before: _Reading | None = None
        moved = 0
        for leg in whole.inputs:
            here = _reading(graph, edits, cuts[leg]) if leg in cuts else None
            if here is not None and before is not None and _follows(before, here):
                by = here.source.seek - before.source.seek
                cut = here.cut
                end = None if cut.end is None else cut.end + by
                joined = attrs.evolve(cut, inputs=(before.source.id,), start=cut.start + by, end=end)
                edits.put(joined)
                here = _Reading(before.source, joined)
                moved += 1
            before = here
        if moved:
            notes(whole, f"{moved + 1} parts read in one go: they lie close together, in the order of the file")
    return edits.graph()


class _Reading(NamedTuple):
    source: Source
    cut: Cut


def _cuts(graph: StreamGraph) -> dict[NodeId, Cut]:
    """The last cut before each stream, where every node since then has one input only."""
    found: dict[NodeId, Cut] = {}
    for node in graph:
        if isinstance(node, Cut):
            found[node.id] = node
        elif len(node.inputs) == 1 and node.inputs[0] in found:
            found[node.id] = found[node.inputs[0]]
    return found


def _reading(graph: StreamGraph, edits: Rewrite, node: Cut) -> _Reading | None:
    """The part of a source that *node* cuts, where nothing else takes it."""
    if not node.exact or node.same_as is not None:
        return None
    cut = edits.current(node.id)
    source = graph.input_of(node)
    if not isinstance(source, Source) or source.key_frames or not isinstance(cut, Cut):
        return None
    return _Reading(source, cut) if len(graph.consumers[source.id]) == 1 or cut.inputs != node.inputs else None


def _follows(before: _Reading, here: _Reading) -> bool:
    """Whether the second is a later part of the same stream, close enough, and a reading of its own so far."""
    one, other = before.source, here.source
    if one.id == other.id or (one.input, one.info.index, one.kind) != (other.input, other.info.index, other.kind):
        return False
    if before.cut.end is None or not all(on_a_tick(each.seek, each.info) for each in (one, other)):
        return False
    gap = other.seek + here.cut.start - (one.seek + before.cut.end)
    return one.seek <= other.seek + here.cut.start and gap >= 0 and (gap <= APART or one.access == "scan")
