"""The rule `smart_cut`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.planner.access import picture_lead
from mediapipeline.planner.gops import Layout, Part, Run, lay_out
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import (
    Cut,
    Encode,
    Frames,
    Node,
    NodeId,
    Packets,
    Retime,
    Shift,
    Source,
    Splice,
    StreamGraph,
)
from mediapipeline.planner.ticks import tick_before
from mediapipeline.planner.wanted import wanted_parts

__all__ = ["smart_cut"]


@rule("copies", needs=("packets",))
def smart_cut(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Copy the whole groups of pictures in a part, and encode only what lies before and after them.

    in:video → cut(5.2s..60s) → encode(libx264; copy h264) → out

    becomes

    s1 = in:video@5.2s → cut(0s..0.8s) → encode(libx264)
    s2 = in:video → packets(6s, 1350)
    s1, s2 → splice() → out

    The same is done with parts that are joined, of one source or of several that are alike.
    """
    edits = Rewrite(graph)
    for node in graph.of(Encode):
        parts = wanted_parts(graph, node)
        if parts is None:
            continue
        found = lay_out(parts, node, map(graph.__getitem__, graph.consumers[node.id]))
        if isinstance(found, Layout):
            _Splicer(node, edits, parts, found).splice(graph.input_of(node).info)
            cost = "" if found.worth else "; no cheaper than encoding everything, but required"
            whole = found.copied == found.frames
            how = "it is cut at key frames" if whole else "only what lies between key frames is encoded"
            said = f"{found.copied} of {found.frames} frames copied: {how}{cost}"
            notes(node, said)
    return edits.graph()


class _Splicer:
    """Puts a splice of runs in the place of an encoder."""

    def __init__(self, node: Encode, edits: Rewrite, parts: Sequence[Part], layout: Layout) -> None:
        self._node = node
        self._edits = edits
        self._parts = parts
        self._layout = layout

    def splice(self, whole: Stream) -> None:
        node, first = self._node, self._parts[0].source.info
        assert isinstance(whole, VideoStream)
        assert isinstance(first, VideoStream)  # nothing else has packets
        made: list[NodeId] = []
        for number, run in enumerate(self._layout.runs):
            source = self._parts[run.part].source
            rate = first.frame_rate or Fraction(1)
            facts = attrs.evolve(first, start=Fraction(0), duration=run.frames / rate, frames=run.frames)
            name = f"{node.id}.{number}"
            made.append(
                self._copied(name, source, run, facts) if run.copied else self._encoded(name, source, run, facts)
            )
        info = attrs.evolve(
            whole, codec=first.codec, profile=first.profile, color=first.color, interlaced=first.interlaced,
            pix_fmt=first.pix_fmt, frames=self._layout.frames,
        )  # fmt: skip
        begin = self._layout.begin if len(self._parts) == 1 else whole.start or Fraction(0)
        self._edits.put(
            Splice(
                id=node.id, kind=node.kind, inputs=tuple(made), info=info, origin=node.origin,
                delay=self._layout.delay, retimed=self._layout.retimed, begin=begin,
            )
        )  # fmt: skip

    def _copied(self, name: NodeId, source: Source, run: Run, facts: VideoStream) -> NodeId:
        # Packets are found by their time in the file.
        whole = attrs.evolve(source, id=f"{name}.whole", seek=Fraction(0))
        facts = attrs.evolve(facts, time_base=source.info.time_base)
        self._edits.put(whole)
        return self._add(
            Packets(
                id=f"{name}.packets", kind="video", inputs=(whole.id,), info=facts, origin=self._node.origin,
                start=run.start, after=run.after, frames=run.frames,
            )
        )  # fmt: skip

    def _encoded(self, name: NodeId, source: Source, run: Run, facts: VideoStream) -> NodeId:
        lead = picture_lead(source)
        early = Fraction(0) if lead is None else max(Fraction(0), run.start - lead)
        early = early if run.entry is None else min(early, max(Fraction(0), run.entry - source.ahead))
        seek = tick_before(early, source.info) or Fraction(0)
        origin = self._node.origin
        read = attrs.evolve(source, id=f"{name}.source", seek=seek, packets=None)
        if run.entry is not None:
            read = attrs.evolve(read, access="scan")  # no other rule knows where decoding can begin
        self._edits.put(read)
        last = self._add(
            Cut(
                id=f"{name}.cut", kind="video", inputs=(read.id,), info=facts, origin=origin,
                start=run.start - seek, end=run.end - seek,
            )
        )  # fmt: skip
        rate = facts.frame_rate or Fraction(1)
        if run.lead:  # what is there first is shown from time 0 on
            late = attrs.evolve(facts, start=run.lead / rate)
            last = self._add(
                Shift(id=f"{name}.late", kind="video", inputs=(last,), info=late, origin=origin, by=run.lead / rate)
            )
            last = self._add(
                Retime(
                    id=f"{name}.filled", kind="video", inputs=(last,), info=facts, origin=origin, rate=rate, fill=True
                )
            )  # fmt: skip
            last = self._add(
                Frames(  # FFmpeg 5.1 repeats the last to when what was read ended
                    id=f"{name}.counted", kind="video", inputs=(last,), info=facts, origin=origin, count=run.frames
                )
            )
        return self._add(
            attrs.evolve(
                self._node, id=name, inputs=(last,), info=attrs.evolve(facts, codec=self._node.info.codec),
                options=self._layout.options, pix_fmt=facts.pix_fmt, two_pass=None, copy_codecs=frozenset(),
                changes=(), faults=(), partly=False, at_any_cost=False,
            )
        )  # fmt: skip

    def _add(self, node: Node) -> NodeId:
        self._edits.put(node)
        return node.id
