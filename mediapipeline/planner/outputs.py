"""What an output will hold: which streams of its clip, and what has to be left out.

Whatever the job has and the output cannot hold is reported as a decision; whatever cannot be done as asked is a
problem. Here every stream is encoded, also if a copy would do: copying is a rewrite of the optimiser. `EncodeBuilder`
says by which encoder, and in what format.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import attrs

from mediapipeline.errors import Problem, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.encoders import CODECS
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.media.timeline import paced_stream
from mediapipeline.media.words import counted
from mediapipeline.operators.lowering import AudioRef, Clip, CoverRef, SubtitleRef, VideoRef
from mediapipeline.planner.beginnings import begin_together, earlier
from mediapipeline.planner.copying import CopyBuilder, only_copied
from mediapipeline.planner.encoding import EncodeBuilder
from mediapipeline.planner.expand import GraphBuilder
from mediapipeline.planner.hidden import read_apart
from mediapipeline.planner.request import OutputRequest
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Cut, Node, NodeId, Sink

__all__ = ["OutputBuilder"]


class OutputBuilder:
    """Adds the nodes of one output to a graph."""

    def __init__(
        self, build: GraphBuilder, request: OutputRequest, capabilities: Capabilities, problems: Problems
    ) -> None:
        self._build = build
        self._request = request
        self._problems = problems
        self.decisions: list[Decision] = []
        self._copies = CopyBuilder(build, request.path, request.container, problems, self.decisions)
        self._encodes = EncodeBuilder(build, request, capabilities, problems, self._copies)

    def add(self, clip: Clip) -> None:
        """Add the sink for *clip* and the encoders before it."""
        self._build.origin = self._request.path
        before = len(self._problems)
        nodes: list[NodeId] = [
            *self._video(clip),
            *self._audio(clip.audio),
            *self._subtitles(clip.subtitles),
            *self._covers(clip.covers),
        ]
        if not nodes:
            if len(self._problems) == before:
                self._problem(
                    "nothing-to-write",
                    f"nothing of the clip fits into {self._request.container.name}",
                    f"it takes {self._takes()}",
                )
            return
        if self._request.container.at_once:
            begin_together(self._build, nodes, self._request.container, self._problems)
        self._report_dropped(clip.info)
        media = self._media(clip.info, [self._build.nodes[node] for node in nodes])
        self._build.add(
            Sink(
                id=f"out{len(self._build.nodes)}", kind="video", inputs=tuple(nodes),
                info=self._build.nodes[nodes[0]].info,
                origin=self._request.path, output=self._request.id, part=self._request.part,
                segment=self._request.segment, container=self._request.container.name, media=media,
            )
        )  # fmt: skip

    def _report_dropped(self, info: MediaInfo) -> None:
        """Say what of the whole, rather than of a stream, is left out."""
        container = self._request.container
        if info.chapters and not container.chapters:
            self._left_out(counted(len(info.chapters), "chapter"), f"{container.name} holds none")
        tags = [*info.metadata, *(name for name, value in self._request.metadata if value)]
        if tags and not container.metadata:
            self._left_out(f"the tags {', '.join(dict.fromkeys(tags))}", f"{container.name} holds none")

    # Kinds of streams

    def _video(self, clip: Clip) -> list[NodeId]:
        container, request = self._request.container, self._request
        if clip.info.other_video:
            self._left_out(counted(len(clip.info.other_video), "further picture stream"), "a clip has one picture")
        if clip.video is None:
            if request.video is not None and not request.video.drops:
                self._problem(
                    "no-such-stream", "the output asks for a picture and the clip has none",
                    'leave out "video", or write "video": "none"', at="/codec/video",
                )  # fmt: skip
            return []
        if request.video is None and request.only_asked:
            self._left_out("the picture", "the job gives settings for sound only")
            return []
        if request.video is not None and request.video.drops:
            return []
        if not container.video:
            if request.video is not None:
                hint = 'leave out "video", or write to another container'
                self._problem("codec-container", f"{container.name} holds no picture", hint, at="/codec/video")
            else:
                self._left_out("the picture", f"{container.name} holds sound only")
            return []
        asked = request.video or VideoCodec()
        if asked.copies or only_copied(asked.name):
            return self._copies.on_demand(clip.video, asked, "/codec/video")
        if request.segment is not None and asked.two_pass:
            message = "the pictures of one package are encoded in one process, in one pass"
            self._problem("not-allowed", message, "leave out two_pass", at="/codec/video/two_pass")
            return []
        encoder = self._encodes.encoder(
            asked, container.video, "video", (clip.video.info.width, clip.video.info.height)
        )
        if encoder is None or not asked.check(f"{request.path}/codec/video", self._problems, encoder):
            return []
        one_of_many = container.still and not clip.info.still
        if one_of_many:
            self._left_out("all but the first frame", f"{container.name} holds one picture")
        return [self._encodes.picture(self._paced(clip.video), asked, encoder, one_of_many=one_of_many)]

    def _paced(self, ref: VideoRef) -> VideoRef:
        """The picture with as many frames a second as players of this container show: every second, third, ... one."""
        info, fastest = ref.info, self._request.container.fastest
        if fastest is None or (info.frame_rate or 0) <= fastest or info.codec in self._request.container.video:
            return ref
        assert info.frame_rate is not None  # it is more than some
        rate = info.frame_rate / math.ceil(info.frame_rate / fastest)
        self._left_out(
            "frames",
            f"{rate} a second are kept, as players of {self._request.container.name} show no more than {fastest}",
        )
        paced = paced_stream(info, rate)
        return VideoRef(self._build.retime(ref.id, rate, paced, fill=False), paced)

    def _audio(self, tracks: Sequence[AudioRef]) -> list[NodeId]:
        container, request = self._request.container, self._request
        empty = [track for track in tracks if track.info.duration == 0]
        if empty:
            whose = "its sound" if len(empty) == 1 else "their sound"
            self._left_out(counted(len(empty), "sound track"), f"nothing of {whose} lies in the part")
            tracks = [track for track in tracks if track.info.duration != 0]
        if not tracks:
            if request.audio is not None and not request.audio.drops:
                self._problem(
                    "no-such-stream", "the output asks for sound and the clip has none",
                    'leave out "audio", or write "audio": "none"', at="/codec/audio",
                )  # fmt: skip
            return []
        if request.audio is None and request.only_asked:
            self._left_out("the sound", "the job gives settings for the picture only")
            return []
        if request.audio is not None and request.audio.drops:
            return []
        if not container.audio:
            if request.audio is not None:
                hint = 'leave out "audio", or write to another container'
                self._problem("codec-container", f"{container.name} holds no sound", hint, at="/codec/audio")
            else:
                self._left_out("the sound", f"{container.name} holds pictures only")
            return []
        if container.one_track and len(tracks) > 1:
            self._left_out(counted(len(tracks) - 1, "further sound track"), f"{container.name} holds one")
            tracks = tracks[:1]
        asked = request.audio or AudioCodec()
        if asked.copies or only_copied(asked.name):
            return [node for track in tracks for node in self._copies.on_demand(track, asked, "/codec/audio")]
        encoder = self._encodes.encoder(asked, container.audio, "audio")
        if encoder is None or not asked.check(f"{request.path}/codec/audio", self._problems, encoder):
            return []
        return [self._encodes.sound(track, asked, encoder) for track in tracks]

    def _subtitles(self, tracks: Sequence[SubtitleRef]) -> list[NodeId]:
        container = self._request.container
        nodes = []
        for track in tracks:
            codec = track.info.codec
            cut = isinstance(self._build.nodes[track.id], Cut)
            name = f"subtitles ({track.info.language or 'no language'}, {codec})"
            if track.info.in_parts:
                self._left_out(name, "an edit list takes them apart, and FFmpeg would show them at other times")
                continue
            if not track.info.text:
                if cut:
                    early = "some come before the clip, and " if self._early(track.id) else ""
                    self._left_out(name, f"{early}subtitles of pictures cannot be cut exactly")
                elif not container.takes("subtitle", codec):
                    self._left_out(name, f"{container.name} does not take them")
                else:
                    nodes.append(self._copies.add(track))
                continue
            target = next((c for c in container.subtitles if c in CODECS and CODECS[c].text), None)
            if target is None:
                self._left_out(name, f"{container.name} holds no subtitles of text")
                continue
            kept = codec if container.takes("subtitle", codec) else target
            nodes.append(self._encodes.subtitles(track, kept, target))
        return nodes

    def _early(self, node: NodeId) -> bool:
        """Whether subtitles are cut since their file has some that are hidden, and not because the job says so."""
        found = self._build.nodes[node]
        return isinstance(found, Cut) and read_apart(self._build.nodes[found.inputs[0]].info) is not None

    def _covers(self, covers: Sequence[CoverRef]) -> list[NodeId]:
        if covers and not self._request.container.cover:
            self._left_out("the cover art", f"{self._request.container.name} holds none")
            return []
        if covers and self._request.only_asked and self._request.video is None and self._request.container.video:
            self._left_out("the cover art", "the job gives settings for sound only")
            return []
        return [self._copies.add(cover) for cover in covers]

    # The whole

    def _media(self, clip: MediaInfo, nodes: Sequence[Node]) -> MediaInfo:
        """What the output will be, as far as the clip tells; codecs are settled when the graph is."""
        tags = {**clip.metadata, **dict(self._request.metadata)} if self._request.container.metadata else {}
        ends = [
            node.info.end for node in nodes if isinstance(node.info, VideoStream | AudioStream) and node.kind != "cover"
        ]
        known = [end for end in ends if end is not None]
        duration = max(known) if known and len(known) == len(ends) else clip.duration
        start = Fraction(0)
        if self._request.container.still:
            duration = None
        elif self._request.container.at_once and len(ends) == 1:
            # It begins at once, and the rest of the clip begins so much earlier.
            start = next((node.info.start or start for node in nodes if node.kind in ("audio", "video")), start)
            duration = duration - start if duration is not None else None
            clip = attrs.evolve(clip, chapters=earlier(clip.chapters, start))
        return MediaInfo(
            format=self._request.container.demuxer,
            duration=duration,
            start=start,
            still=self._request.container.still,
            chapters=clip.chapters if self._request.container.chapters else (),
            metadata={key: value for key, value in tags.items() if value},
        )

    def _takes(self) -> str:
        container = self._request.container
        return ", ".join([*container.video, *container.audio, *container.subtitles])

    def _problem(self, code: str, message: str, hint: str | None = None, *, at: str = "") -> None:
        self._problems.extend([Problem(self._request.path + at, code, message, hint, "planning")])

    def _left_out(self, what: str, why: str) -> None:
        self.decisions.append(Decision("output", self._request.path, f"{what} left out: {why}", warning=True))
