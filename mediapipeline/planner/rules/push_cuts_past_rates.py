"""The rule `push_cuts_past_rates`."""

from __future__ import annotations

import attrs

from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.pacing import ahead_of_frames, ahead_of_rate, merges, on_the_clock_of
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Frames, Node, Retime, StreamGraph

__all__ = ["push_cuts_past_rates"]


@rule("exact")
def push_cuts_past_rates(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Cut before frames are repeated, left out or counted, so that no others are looked at.

    in:video → retime(10) → cut(5s..9s) → out    becomes    in:video → cut(5s..9.14s) → retime(10) → cut(0s..4s) → out

    A little more than the part is kept first: which frame is shown at its end depends on the one after it, and at its
    beginning on the one before it, unless there is a frame right then. Where nobody knows how far frames are apart,
    they are taken to be near each other, which planning then looks at (`Retime.near`). Cuts are made before counting
    only where frames are known to be evenly spaced.
    """
    edits = Rewrite(graph)
    for cut in graph.of(Cut):
        here: Cut | None = None if _waits(graph, cut) else cut
        while here is not None:
            before = edits.current(here.inputs[0])
            if len(graph.consumers.get(before.id, ())) != 1:
                break
            here = _moved(edits, before, here, notes)
            while here is not None and _is_plain(graph, before := edits.current(here.inputs[0])):
                here = _swapped(edits, before, here)
    return edits.graph()


def _is_plain(graph: StreamGraph, node: Node) -> bool:
    """Whether a cut that got this far may go on: `push_cuts` would do it, one round later."""
    alone = len(graph.consumers.get(node.id, ())) == 1 and node.same_as is None
    return alone and graph.frame_by_frame(node) and len(node.inputs) == 1


def _swapped(edits: Rewrite, node: Node, cut: Cut) -> Cut:
    source = edits.current(node.inputs[0])
    kept = cut_stream(source.info, cut.start, cut.end)
    first = attrs.evolve(cut, id=node.id, inputs=node.inputs, info=kept)
    edits.put(first)
    edits.put(attrs.evolve(node, id=cut.id, inputs=(first.id,), info=cut_stream(node.info, cut.start, cut.end)))
    return first


def _waits(graph: StreamGraph, cut: Cut) -> bool:
    """Whether another cut follows that will be made one with it."""
    users = [graph[name] for name in graph.consumers.get(cut.id, ())]
    return len(users) == 1 and isinstance(users[0], Cut) and merges(graph.__getitem__, cut, users[0])


def _moved(edits: Rewrite, before: Node, cut: Cut, notes: Notes) -> Cut | None:
    """Put *cut* before *before*, if that can be; returns it as it is there.

    The last of what there is then keeps the id that is taken.
    """
    if not isinstance(before, Frames | Retime):
        return None
    source = edits.current(before.inputs[0])
    made: Frames | Retime
    if isinstance(before, Frames) and (ahead := ahead_of_frames(source, before, cut)) is not None:
        made = attrs.evolve(before, count=before.count if ahead.count is None else ahead.count)
    elif isinstance(before, Retime) and (ahead := ahead_of_rate(source, before, cut)) is not None:
        made = attrs.evolve(before, near=ahead.near)
        notes(cut, "cut before frames are repeated or left out: no others are looked at")
    else:
        return None
    kept = cut_stream(source.info, ahead.start, ahead.end)
    first = attrs.evolve(cut, id=before.id, inputs=before.inputs, start=ahead.start, end=ahead.end, info=kept)
    edits.put(first)
    name = cut.id if ahead.rest is None else edits.unused(cut.id)
    info = cut_stream(before.info, ahead.start, ahead.end)
    edits.put(attrs.evolve(made, id=name, inputs=(first.id,), info=info))
    if ahead.rest is not None:
        start, end = ahead.rest
        edits.put(attrs.evolve(cut, inputs=(name,), start=start, end=end, info=on_the_clock_of(cut.info, info)))
    return first
