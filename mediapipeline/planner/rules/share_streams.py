"""The rule `share_streams`."""

from __future__ import annotations

from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import (
    Choice,
    Concat,
    Cut,
    Filter,
    Measure,
    Node,
    NodeId,
    Retime,
    Rewrite,
    Source,
    StreamGraph,
)

__all__ = ["share_streams"]


@rule("exact")
def share_streams(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Do what is asked for twice only once.

    in:video → scale(w=640) → encode(libx264) → a
    in:video → scale(w=640) → encode(libvpx-vp9) → b

    becomes

    s1 = in:video → scale(w=640)
    s1 → encode(libx264) → a
    s1 → encode(libvpx-vp9) → b

    But not what only a cut, or a change of rate, takes that may stand before it: then less of each is to be done.
    """
    edits = Rewrite(graph)
    first: dict[tuple[object, ...], NodeId] = {}
    waiting = _waiting(graph)
    for node in graph:
        if node.id in waiting:
            continue
        inputs = tuple(edits.target(source) for source in node.inputs)
        match node:
            case Source():
                work: tuple[object, ...] = (
                    "source",
                    node.input,
                    node.info.index,
                    node.kind,
                    node.seek,
                    node.key_frames,
                    node.reading,
                )
            case Cut():
                work = ("cut", inputs, node.start, node.end, node.exact)
            case Filter() if node.inputs:
                work = ("filter", inputs, node.name, node.options)
            case Retime():
                work = ("retime", inputs, node.rate, node.fill)
            case Concat():
                work = ("concat", inputs)
            case Measure():
                work = ("measure", inputs, node.name, node.options, node.measurement)
            case Choice():
                work = ("choose", inputs, node.cases)
            case _:
                continue
        kept = first.setdefault(work, node.id)
        if kept != node.id:
            notes(node, f"{node.kind} shared with {graph[kept].origin}, which does the same")
            edits.redirect(node.id, kept)
    return edits.graph()


def _waiting(graph: StreamGraph) -> set[NodeId]:
    """What somebody alone takes that may yet come before it, where fewer frames are then filtered or joined."""
    found: set[NodeId] = set()
    for node in reversed(list(graph)):
        users = graph.consumers.get(node.id, ())
        if len(users) != 1 or node.same_as is not None:
            continue
        (user,) = (graph[each] for each in users)
        if isinstance(node, Filter) and node.traits.pointwise and len(node.inputs) == 1:
            if user.same_as is None and (user.id in found or isinstance(user, Cut) or _leaves_out(user, node)):
                found.add(node.id)
        elif isinstance(node, Concat) and isinstance(user, Cut) and user.exact and _whole(user, node):
            found.add(node.id)
    return found


def _leaves_out(user: Node, node: Node) -> bool:
    rate = node.info.frame_rate if isinstance(node.info, VideoStream) else None
    return isinstance(user, Retime) and rate is not None and user.rate < rate


def _whole(cut: Cut, joined: Concat) -> bool:
    """Whether *cut* begins with a frame, or a sample, of *joined*."""
    info = joined.info
    rate = (
        info.frame_rate
        if isinstance(info, VideoStream)
        else info.sample_rate
        if isinstance(info, AudioStream)
        else None
    )
    return rate is not None and (cut.start * rate).denominator == 1
