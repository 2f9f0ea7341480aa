"""The rule `share_streams`."""

from __future__ import annotations

from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import (
    Choice,
    Concat,
    Cut,
    Filter,
    Measure,
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
    """
    edits = Rewrite(graph)
    first: dict[tuple[object, ...], NodeId] = {}
    for node in graph:
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
