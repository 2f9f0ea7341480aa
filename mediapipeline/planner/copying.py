"""Streams that an output takes as they are: because the job demands it, or because nothing else can be done with them.

What is copied to save work is a matter of the optimiser, not of this.
"""

from __future__ import annotations

import attrs

from mediapipeline.errors import Problem, Problems
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.container import CONTAINERS, Container
from mediapipeline.media.encoders import encoders_for
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.operators.lowering import AudioRef, CoverRef, SubtitleRef, VideoRef
from mediapipeline.planner.expand import GraphBuilder
from mediapipeline.planner.hidden import brought_to_light
from mediapipeline.planner.options import decoder_for
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Concat, Copy, Cut, Node, NodeId, Source
from mediapipeline.planner.ticks import PACKETS_EARLY

__all__ = ["CopyBuilder", "only_copied"]


class CopyBuilder:
    """Adds the nodes of the streams of one output that are copied.

    Args:
        build: The graph.
        path: JSON Pointer of the output.
        container: What it is written to.
        problems: Where to say what cannot be copied.
        decisions: Where to say what is copied otherwise than it was cut.
    """

    def __init__(
        self, build: GraphBuilder, path: str, container: Container, problems: Problems, decisions: list[Decision]
    ) -> None:
        self._build = build
        self._path = path
        self._container = container
        self._problems = problems
        self._decisions = decisions

    def on_demand(self, ref: VideoRef | AudioRef, asked: VideoCodec | AudioCodec, at: str) -> list[NodeId]:
        """A copy that the job demands, or a problem where it can't be."""
        container, node = self._container, self._build.nodes[ref.id]
        taken = container.video if isinstance(ref, VideoRef) else container.audio
        node = _unchanged(self._build, node)
        cut = None
        # No packet can be divided: sound that is cut exactly and copied begins with the first whole one.
        exactly = isinstance(ref, AudioRef) and isinstance(node, Cut) and node.exact
        if isinstance(node, Cut) and (exactly or not node.exact):
            cut, node = attrs.evolve(node, exact=False), _unchanged(self._build, self._build.nodes[node.inputs[0]])
        if not isinstance(node, Source):
            self._problem(
                "cannot-copy", f"codec {asked.codec!r} needs the stream as it is, and {node.origin} changes it",
                _instead(ref, node, asked), at=at,
            )  # fmt: skip
            return []
        if cut is not None and not node.seekable and not exactly:
            where = f"the key frames of {node.input!r} are not found by seeking"
            message = f"codec {asked.codec!r} needs the stream as it is, and {where}"
            self._problem("cannot-copy", message, "let it be encoded, or bring the input into MP4 first", at=at)
            return []
        if ref.info.codec not in taken:
            self._problem("codec-container", f"{container.name} does not take {ref.info.codec}",
                          f"it takes {', '.join(taken)}", at=at)  # fmt: skip
            return []
        why = self.uncopyable(ref.info) if isinstance(ref, VideoRef) else self.unheard(ref.info)
        if why is not None:
            self._problem("cannot-copy", why, "let it be encoded, or write another container", at=at)
            return []
        missed = _missed(ref, asked)
        if missed is not None and ref.info.codec == asked.name:
            message = f"{asked.codec} can only be copied, not encoded: {missed}"
            self._problem("cannot-copy", message, "leave that setting out, or ask for another codec", at=at)
            return []
        hidden = brought_to_light(node.info, container)
        if hidden is not None and not (exactly and cut is not None and cut.start >= PACKETS_EARLY):
            other = "" if brought_to_light(node.info, CONTAINERS["mp4"]) else ", or write MP4"
            self._problem("cannot-copy", hidden, f"let it be encoded{other}", at=at)
            return []
        if not asked.copies and ref.info.codec != asked.name:
            message = f"{asked.codec} can only be copied, not encoded, and the clip holds {ref.info.codec}"
            self._problem("no-encoder", message, "ask for another codec", at=at)
            return []
        taken_from = node.id
        if cut is not None:
            taken_from = self._build.add(attrs.evolve(cut, id=self._build.new_id(), inputs=(node.id,)))
            if exactly:
                text = "the sound is cut at whole packets: the job wants it copied, and no packet can be divided"
                self._decisions.append(Decision("output", self._path, text))
        return [self.add(attrs.evolve(ref, id=taken_from), clipped=exactly)]

    def add(self, ref: VideoRef | AudioRef | SubtitleRef | CoverRef, *, clipped: bool = False) -> NodeId:
        """A copy of the stream as it is."""
        node = self._build.nodes[ref.id]
        return self._build.add(
            Copy(
                id=self._build.new_id(), kind=node.kind, inputs=(ref.id,), info=ref.info, origin=self._path,
                clipped=clipped,
            )
        )  # fmt: skip

    def uncopyable(self, info: VideoStream) -> str | None:
        """Why this output cannot hold a picture as it is, whatever its codec; None where it can."""
        container = self._container
        if info.rotation and not container.rotation:
            return f"{container.name} does not keep the rotation of a copied picture"
        if info.reorder != 0 and not container.reorders:
            return f"{container.name} does not tell when pictures are shown that are decoded in another order"
        if info.codec == "rawvideo" and info.pix_fmt not in container.uncoded:
            return f"{container.name} does not take pictures that are not coded in {info.pix_fmt}"
        if decoder_for(info) is not None and not container.transparency:
            return f"{container.name} does not keep the transparency that lies beside a copied picture"
        return None

    def unheard(self, info: AudioStream) -> str | None:
        """Why this output cannot hold sound as it is, whatever its codec; None where it can."""
        if info.codec == "aac" and info.extradata is None and not self._container.bare_aac:
            return f"{self._container.name} does not take AAC as transport streams have it"
        return None

    def _problem(self, code: str, message: str, hint: str, *, at: str) -> None:
        self._problems.extend([Problem(self._path + at, code, message, hint, "planning")])


def _instead(ref: VideoRef | AudioRef, node: Node, asked: VideoCodec | AudioCodec) -> str:
    """What can be done where *node* is in the way of a copy of *ref*."""
    if isinstance(node, Cut):
        how = ", exactly or at key frames" if isinstance(ref, AudioRef) else ", at key frames (accuracy: keyframe)"
        return f"cut once{how}, or let it be encoded"
    if isinstance(node, Concat) and asked.copies:
        return "name a codec instead: whole files that are alike are joined by their packets, all else is encoded"
    return "leave that out, or let it be encoded"


def only_copied(codec: str | None) -> bool:
    """Whether there is no encoder of *codec*, so that only streams that have it already can have it."""
    return codec is not None and not encoders_for(codec)


def _missed(ref: VideoRef | AudioRef, asked: VideoCodec | AudioCodec) -> str | None:
    """What of the settings the stream does not have as it is."""
    if isinstance(ref, VideoRef) and isinstance(asked, VideoCodec):
        return asked.missed_by(ref.info)
    return asked.missed_by(ref.info) if isinstance(ref, AudioRef) and isinstance(asked, AudioCodec) else None


def _unchanged(build: GraphBuilder, node: Node) -> Node:
    """The node whose stream *node* hands on as it is."""
    while True:
        if node.same_as is not None:
            node = build.nodes[node.same_as]
        elif isinstance(node, Cut) and _keeps_all(build, node):
            node = build.nodes[node.inputs[0]]
        else:
            return node


def _keeps_all(build: GraphBuilder, cut: Cut) -> bool:
    end = build.nodes[cut.inputs[0]].info.end
    return cut.start == 0 and (cut.end is None or (end is not None and cut.end >= end))
