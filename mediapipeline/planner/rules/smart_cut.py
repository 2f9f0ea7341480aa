"""The rule `smart_cut`."""

from __future__ import annotations

from fractions import Fraction

import attrs

from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.gops import Layout, Run, lay_out
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import (
    Cut,
    Encode,
    Node,
    NodeId,
    Packets,
    Rewrite,
    Source,
    Splice,
    StreamGraph,
)
from mediapipeline.planner.ticks import tick_before

__all__ = ["smart_cut"]

_EARLY = {"index": Fraction(0), "guess": Fraction(4)}


@rule("copies", needs=("packets",))
def smart_cut(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Copy the whole groups of pictures of a part, and encode only what lies before and after them.

    in:video → cut(5.2s..60s) → encode(libx264; copy h264) → out

    becomes

    s1 = in:video@5.2s → cut(0s..0.8s) → encode(libx264)
    s2 = in:video → packets(6s, 1350)
    s1, s2 → splice() → out
    """
    edits = Rewrite(graph)
    for node in graph.of(Encode):
        cut = graph.input_of(node)
        if not isinstance(cut, Cut) or not cut.exact or cut.kind != "video":
            continue
        source = graph.input_of(cut)
        if not isinstance(source, Source) or source.packets is None:
            continue
        end = None if cut.end is None else source.seek + cut.end
        found = lay_out(source, source.seek + cut.start, end, node, map(graph.__getitem__, graph.consumers[node.id]))
        if isinstance(found, Layout):
            _splice(node, cut, source, found, edits)
            notes(node, f"{found.copied} of {found.frames} frames copied: only what lies between key frames is encoded")
    return edits.graph()


def _splice(node: Encode, cut: Cut, source: Source, found: Layout, edits: Rewrite) -> None:
    assert isinstance(cut.info, VideoStream)  # nothing else has packets
    assert isinstance(source.info, VideoStream)
    parts: list[NodeId] = []
    for number, run in enumerate(found.runs):
        facts = attrs.evolve(
            cut.info, start=Fraction(0), duration=run.frames / (cut.info.frame_rate or Fraction(1)), frames=run.frames
        )
        part = _copied(node, source, run, facts, found=found, edits=edits) if run.copied else None
        if part is None:
            part = _encoded(node, cut, source, run, facts, found=found, edits=edits, number=number)
        edits.put(part)
        parts.append(part.id)
    info = attrs.evolve(cut.info, frames=found.frames)
    edits.put(Splice(id=node.id, kind=node.kind, inputs=tuple(parts), info=info, origin=node.origin))


def _copied(node: Encode, source: Source, run: Run, facts: VideoStream, *, found: Layout, edits: Rewrite) -> Node:
    whole = source
    if source.seek:  # packets are found by their time in the file
        whole = attrs.evolve(source, id=f"{node.id}.whole", seek=Fraction(0))
        edits.put(whole)
    return Packets(
        id=f"{node.id}.packets", kind="video", inputs=(whole.id,), info=facts, origin=node.origin,
        start=run.start, decode=run.decode, frames=run.frames, zero=found.zero,
    )  # fmt: skip


def _encoded(
    node: Encode, cut: Cut, source: Source, run: Run, facts: VideoStream, *, found: Layout, edits: Rewrite, number: int
) -> Node:
    assert isinstance(source.info, VideoStream)
    early = max(Fraction(0), run.start - _EARLY.get(source.access, run.start))
    seek = tick_before(early, source.info) or Fraction(0)
    read = attrs.evolve(source, id=f"{node.id}.{number}.source", seek=seek, packets=None)
    begins = max(seek, found.zero)
    part = attrs.evolve(
        cut, id=f"{node.id}.{number}.cut", inputs=(read.id,), start=run.start - begins, end=run.end - begins, info=facts
    )
    edits.put(read)
    edits.put(part)
    return attrs.evolve(
        node, id=f"{node.id}.{number}", inputs=(part.id,), info=facts, options=found.options,
        pix_fmt=source.info.pix_fmt, two_pass=None, copy_codecs=frozenset(), changes=(), faults=(),
    )  # fmt: skip
