"""The rule `drop_noops`."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.hidden import read_apart
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Concat, Cut, Filter, Frames, Node, NodeId, Retime, Source, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["drop_noops"]


@rule("exact")
def drop_noops(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Leave out what changes nothing: streams that are declared the same as another, and cuts that keep everything.

    in:video → scale(w=640) {= in:video} → out    becomes    in:video → out    where it is that wide already
    """
    edits = Rewrite(graph)
    over: dict[NodeId, Fraction] = {}
    late: set[NodeId] = set()
    for node in graph:
        same = node.same_as
        if same is not None:
            notes.leave_out(node, "left out: it changes nothing")
        elif isinstance(node, Cut) and _keeps_everything(source := edits.current(node.inputs[0]), node, over, late):
            read = " that is read" if isinstance(source, Source) and source.seek else ""
            notes.leave_out(node, f"cut of {node.kind} left out: it keeps everything{read}")
            same = source.id
        if same is not None:
            edits.redirect(node.id, same)
            end, is_late = over.get(same), same in late
        else:
            end, is_late = _over(node, over), _late(node, late)
        if end is not None:
            over[node.id] = end
        if is_late:
            late.add(node.id)
    return edits.graph()


def _keeps_everything(source: Node, cut: Cut, over: dict[NodeId, Fraction], late: set[NodeId]) -> bool:
    if cut.start or read_apart(source.info):
        return False
    told = None if source.id in late else source.info.end
    ends = [end for end in (told, over.get(source.id)) if end is not None]
    return cut.end is None or (bool(ends) and cut.end >= min(ends))


def _over(node: Node, over: dict[NodeId, Fraction]) -> Fraction | None:
    """The time after which cuts leave no frame of *node*, however long its source is; None where they do not tell."""
    if isinstance(node, Filter) and node.traits.pointwise and len(node.inputs) == 1:
        return over.get(node.inputs[0])
    if not isinstance(node, Cut) or not node.exact or not on_a_tick(node.start, node.info):
        return None
    ends = [end for end in (node.end, over.get(node.inputs[0])) if end is not None]
    return min(ends) - node.start if ends else None


def _late(node: Node, late: set[NodeId]) -> bool:
    """Whether the last frame or sample of *node* may begin as late as its facts say that it ends.

    A cut between two ticks moves what it leaves to the next tick, which may be where the next cut ends. Of evenly
    spaced frames, the last begins long before.
    """
    if isinstance(node.info, VideoStream) and node.info.frame_rate and node.info.vfr is False:
        return False
    if isinstance(node, Cut) and not on_a_tick(node.start, node.info):
        return True
    return not late.isdisjoint(node.streams) and not isinstance(node, Concat | Frames | Retime)
