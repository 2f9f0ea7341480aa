"""The rule `share_streams`."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from mediapipeline.media.streams import VideoStream
from mediapipeline.operators.traits import Traits
from mediapipeline.planner.pacing import ahead_of_frames, ahead_of_parts, ahead_of_rate, bounds_of
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import (
    Choice,
    Concat,
    Cut,
    Filter,
    Frames,
    Measure,
    Node,
    NodeId,
    Retime,
    Sample,
    Shift,
    Source,
    StreamGraph,
)
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["share_streams"]

_Key: TypeAlias = tuple[object, ...]


@rule("exact")
def share_streams(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Do what is asked for twice only once.

    in:video → scale(w=640) → encode(libx264) → a
    in:video → scale(w=640) → encode(libvpx-vp9) → b

    becomes

    s1 = in:video → scale(w=640)
    s1 → encode(libx264) → a
    s1 → encode(libvpx-vp9) → b

    Streams that are joined of the same parts are shared although each part but the first is read on its own. What a cut
    or a change of rate alone takes, and may yet be done before, is not shared: then there is less to do for each.
    """
    edits = Rewrite(graph)
    waiting = _waiting(graph)
    first: dict[_Key, NodeId] = {}
    numbers: dict[_Key, int] = {}
    contents: dict[NodeId, int] = {}
    for node in graph:
        work = _work(node)
        if work is None:
            contents[node.id] = numbers.setdefault((node.id,), len(numbers))
            continue
        content = numbers.setdefault((*work, *map(contents.__getitem__, node.inputs)), len(numbers))
        contents[node.id] = content
        if node.id in waiting or not (node.inputs or isinstance(node, Source)):
            continue  # generated sound and pictures would wait in memory for the last that needs them
        match node:
            case Source():
                key: _Key = (content, node.reading)
            case Concat():
                key = (content, edits.target(node.inputs[0]))
            case _:
                key = (content, *map(edits.target, node.inputs))
        kept = first.setdefault(key, node.id)
        if kept != node.id:
            twin = graph[kept]
            notes.leave_out(node, _shared(graph, node, twin), twin=twin)
            edits.redirect(node.id, kept)
            same = edits.current(kept)
            if isinstance(node, Retime) and isinstance(same, Retime) and node.near is not None:
                edits.put(attrs.evolve(same, near=node.near))  # what is taken for granted of one is so of both
    return edits.graph()


def _shared(graph: StreamGraph, node: Node, kept: Node) -> str:
    """What to say of *node*, whose work *kept* does."""
    if isinstance(node, Source):
        return f"{node.kind} of {node.input} read once, for all that take it"
    if node.origin == kept.origin:
        return f"{node.kind} made once, though asked for more than once"
    outputs = {sink.origin: f"output {sink.output} ({sink.origin})" for sink in graph.sinks}
    return f"{node.kind} shared with {outputs.get(kept.origin, kept.origin)}, which does the same"


def _work(node: Node) -> _Key | None:
    """What *node* does with its inputs, in whatever reading; None where it is not to be shared."""
    match node:
        case Source():
            return ("source", node.input, node.info.index, node.kind, node.seek, node.key_frames)
        case Cut():
            return ("cut", node.start, node.end, node.exact, node.keeps_first)
        case Filter():
            return ("filter", node.kind, node.name, node.options)
        case Retime():
            return ("retime", node.rate, node.fill, node.apart, node.fine)
        case Shift():
            return ("shift", node.by)
        case Frames():
            return ("frames", node.count)
        case Sample():
            return ("sample", node.time, node.exact)
        case Concat():
            return ("concat", node.kind)
        case Measure():
            return ("measure", node.filters, node.measurement)
        case Choice():
            return ("choose", node.cases)
    return None


def _waiting(graph: StreamGraph) -> set[NodeId]:
    """Streams with one user, which may yet be moved before them, so that fewer frames are filtered or joined."""
    cut: dict[NodeId, Cut | None] = {}  # with the cut that may yet move before it; None: each part will get its own
    paced: set[NodeId] = set()
    for node in reversed(list(graph)):
        users = graph.consumers.get(node.id, ())
        if len(users) != 1 or node.same_as is not None:
            continue
        user = graph[users[0]]
        if user.same_as is None and graph.frame_by_frame(node) and (user.id in paced or _leaves_out(user, node)):
            paced.add(node.id)
        if user.same_as is None and (isinstance(user, Cut) or user.id in cut):
            by = user if isinstance(user, Cut) else cut[user.id]
            if _passes(graph, by, node):
                cut[node.id] = None if isinstance(node, Concat) else by
    return paced.union(cut)


def _passes(graph: StreamGraph, cut: Cut | None, node: Node) -> bool:
    """Whether *cut*, or cuts that are not known yet, may be moved before *node*."""
    match node:
        case Concat():
            known = bounds_of(graph.__getitem__, node) is not None
            return cut is None or (known and ahead_of_parts(node, cut) is not None)
        case Retime():
            return cut is None or ahead_of_rate(graph.input_of(node), node, cut) is not None
        case Frames():
            return cut is None or ahead_of_frames(graph.input_of(node), node, cut) is not None
        case Filter(traits=Traits(timed=True)) if cut is not None and not on_a_tick(cut.start, cut.info):
            return False
    return graph.frame_by_frame(node, timed=True)


def _leaves_out(user: Node, node: Node) -> bool:
    rate = node.info.frame_rate if isinstance(node.info, VideoStream) else None
    return isinstance(user, Retime) and rate is not None and user.rate < rate
