"""The rule `copy_concat`."""

from __future__ import annotations

import attrs

from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.planner.joining import Joint, lay_out
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Concat, Encode, Joined, StreamGraph

__all__ = ["copy_concat"]


@rule("copies")
def copy_concat(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Join files packet by packet if all that a decoder is told at their beginnings is alike.

    a:video, b:video → concat() → encode(libx264) → out    becomes    a:video, b:video → joined(10s, 5s) → out

    Sound is joined at whole packets, so chosen that no clip's is more than half a packet away from its picture.
    """
    edits = Rewrite(graph)
    for node in graph.of(Encode):
        whole = graph.input_of(node)
        if not isinstance(whole, Concat) or not node.copy_codecs:
            continue
        found = lay_out(graph, node)
        if not isinstance(found, Joint):
            continue
        names = tuple(source.id for source in found.sources)
        first, info = found.sources[0].info, whole.info
        if isinstance(first, VideoStream) and isinstance(info, VideoStream):
            info = attrs.evolve(
                info, codec=first.codec, profile=first.profile, frames=found.frames, color=first.color,
                interlaced=first.interlaced, reorder=first.reorder, extradata=first.extradata,
                time_base=first.time_base,
            )  # fmt: skip
            notes(node, f"{len(names)} clips joined by copying their packets: a decoder cannot tell them apart")
        elif isinstance(first, AudioStream) and isinstance(info, AudioStream):
            info = attrs.evolve(
                info, codec=first.codec, profile=first.profile, extradata=first.extradata, packet=first.packet,
                preroll=first.preroll, bit_rate=first.bit_rate,
            )  # fmt: skip
            apart = f"{float(found.apart * 1000):.3g} ms"
            notes(node, f"sound of {len(names)} clips joined at whole packets, at most {apart} from their pictures")
        edits.put(
            Joined(id=node.id, kind=node.kind, inputs=names, info=info, origin=node.origin, parts=found.parts,
                   lead=found.lead)
        )  # fmt: skip
    return edits.graph()
