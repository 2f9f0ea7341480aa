"""What an output will hold: which streams of its clip, by which encoder, and what has to be left out.

Everything that the job has and the output cannot hold is a reported decision; everything that cannot be done as asked
is a problem. Streams that need not be encoded are encoded all the same here: copying them is a rewrite of the
optimiser.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import attrs

from mediapipeline.errors import Problem, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.filtergraph import number_text
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.container import Container
from mediapipeline.media.encoders import CODECS, ENCODERS, Encoder, encoders_for
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.media.timeline import paced_stream
from mediapipeline.media.words import counted
from mediapipeline.operators.lowering import AudioRef, Clip, CoverRef, SubtitleRef, VideoRef
from mediapipeline.planner import pixels
from mediapipeline.planner.beginnings import begin_together, earlier
from mediapipeline.planner.copying import CopyBuilder, only_copied
from mediapipeline.planner.expand import GraphBuilder
from mediapipeline.planner.hidden import read_apart
from mediapipeline.planner.options import sees_through
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Cut, Encode, Node, NodeId, Sink

__all__ = ["OutputBuilder", "OutputRequest"]

_NOT_THAT = "leave that out"
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


@attrs.frozen(kw_only=True)
class OutputRequest:
    """What a job asks of one output.

    Attributes:
        path: JSON Pointer of the output.
        video: How pictures are to be coded; None is as fits best.
        audio: How sound is to be coded; None is as fits best.
        part: Name of the file, where the output is a folder of several.
        segment: Seconds of a segment, each of which begins with a key frame; None where the file is one piece.
        only_asked: Whether a kind of stream without settings is left out (the job gave settings for the other kind).
        metadata: Tags that the job sets, over those of the clip; an empty value takes a tag away.
    """

    path: str
    id: str
    part: str | None = None
    segment: Fraction | None = None
    container: Container
    video: VideoCodec | None = None
    audio: AudioCodec | None = None
    only_asked: bool = False
    metadata: tuple[tuple[str, str], ...] = ()


class OutputBuilder:
    """Adds the nodes of one output to a graph."""

    def __init__(
        self, build: GraphBuilder, request: OutputRequest, capabilities: Capabilities, problems: Problems
    ) -> None:
        self._build = build
        self._request = request
        self._capabilities = capabilities
        self._problems = problems
        self.decisions: list[Decision] = []
        self._copies = CopyBuilder(build, request.path, request.container, problems, self.decisions)

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
        encoder = self._encoder(asked, container.video, "video", (clip.video.info.width, clip.video.info.height))
        if encoder is None or not asked.check(f"{request.path}/codec/video", self._problems, encoder):
            return []
        one_of_many = container.still and not clip.info.still
        if one_of_many:
            self._left_out("all but the first frame", f"{container.name} holds one picture")
        return [self._encode_video(self._paced(clip.video), asked, encoder, one_of_many=one_of_many)]

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

    def _encode_video(self, ref: VideoRef, asked: VideoCodec, encoder: Encoder, *, one_of_many: bool) -> NodeId:
        info, container = ref.info, self._request.container
        uncoded = container.uncoded if encoder.codec == "rawvideo" else ()
        taken = uncoded or tuple(name for name in asked.pix_fmts(encoder) if not self._loses_alpha(encoder, name))
        pix_fmt = asked.pix_fmt or pixels.choose(info.pix_fmt, taken, encoder.playable)
        changes = []
        faults = list(self._lacking(encoder, "video"))
        if uncoded and asked.pix_fmt is not None and pix_fmt not in uncoded:
            message = f"{container.name} does not take {encoder.codec} in {pix_fmt}"
            hint = f"it takes {', '.join(uncoded)}; leave out pix_fmt, or ask for ffv1, which loses nothing either"
            faults.append(self._fault("codec-container", message, hint, at="/codec/video/pix_fmt"))
        if asked.pix_fmt is not None and self._loses_alpha(encoder, asked.pix_fmt):
            message = f"{container.name} does not keep the transparency that {encoder.codec} has beside the picture"
            hint = "leave out pix_fmt, or write webm or mkv"
            faults.append(self._fault("codec-container", message, hint, at="/codec/video/pix_fmt"))
        if asked.pix_fmt is None and pixels.loses(info.pix_fmt, pix_fmt):
            why = (
                f"{container.name} does not keep the transparency of {encoder.codec}"
                if self._loses_alpha(encoder, info.pix_fmt)
                else "so that players can be expected to show it"
                if info.pix_fmt in encoder.pix_fmts
                else f"{container.name} takes nothing nearer of what is not coded"
                if uncoded
                else "the encoder's limit"
            )
            changes.append(
                f"the picture becomes {pix_fmt} from {info.pix_fmt}: {why}; set codec.video.pix_fmt to choose"
            )
        if encoder.name in pixels.EVEN_ONLY and (info.width % 2 or info.height % 2) and pixels.subsampled(pix_fmt):
            message = f"{encoder.name} in {pix_fmt} takes no odd sizes, and the picture is {info.width}x{info.height}"
            faults.append(self._fault("odd-size", message, "scale or crop it to even sizes"))
        if not encoder.fits(info.width, info.height):
            low, high = encoder.sizes
            message = f"{encoder.name} takes widths and heights of {low} to {high}, not {info.width}x{info.height}"
            faults.append(self._fault("unsupported-size", message, "scale the picture, or ask for another codec"))
        if encoder.frame_rates and (info.vfr is not False or info.frame_rate not in encoder.frame_rates):
            what = "one that varies" if info.vfr or info.frame_rate is None else f"{info.frame_rate} a second"
            message = f"{encoder.name} takes the frame rates of broadcasting only, and the picture has {what}"
            faults.append(self._fault("unsupported-rate", message, "change the rate with the operator fps"))
        options = asked.options(encoder, info.frame_rate if info.vfr is False else None, pix_fmt)
        segment = self._request.segment
        if segment is not None:
            options = (*options, ("force_key_frames", f"expr:gte(t,n_forced*{number_text(segment)})"))
        copyable = self._copyable(asked.name, self._request.container.video)
        pinned, unpinned = self._pinned(asked, info, encoder, one_of_many=one_of_many)
        if pinned is not None or asked.forces_encoding:
            copyable = frozenset()
        tick, rate = self._request.container.tick, info.frame_rate
        moved = tick is not None and rate is not None and (1 / (rate * tick)).denominator != 1
        after = attrs.evolve(
            info, codec=encoder.codec, pix_fmt=encoder.read_as.get(pix_fmt or "", pix_fmt),
            vfr=True if moved else info.vfr, rotation=0, bit_rate=asked.bitrate, profile=None,
            reorder=None, leading=None, extradata=None, preroll=None, delay=None,
        )  # fmt: skip
        if one_of_many:
            after = attrs.evolve(after, start=None, duration=None, frame_rate=None, vfr=None, frames=1)
        return self._build.add(
            Encode(
                id=self._build.new_id(), kind="video", inputs=(ref.id,), info=after, origin=self._request.path,
                encoder=encoder.name, options=options, pix_fmt=pix_fmt,
                two_pass=encoder.statistics if asked.two_pass else None,
                copy_codecs=copyable, pinned=None if asked.forces_encoding else pinned, unpinned=unpinned,
                changes=tuple(changes), faults=tuple(faults),
            )
        )  # fmt: skip

    def _pinned(
        self, asked: VideoCodec, info: VideoStream, encoder: Encoder, *, one_of_many: bool
    ) -> tuple[str | None, str | None]:
        """Why a picture cannot be copied, whatever it is made of, and what would help."""
        if one_of_many:
            return "one picture of many is taken", "write another container"
        if self._request.segment is not None:
            return "every segment begins with a key frame", None
        uncopyable = self._copies.uncopyable(info)
        if uncopyable is not None:
            return uncopyable, "write another container"
        return _missed(asked, info, asked.missed_by(info, encoder)), _NOT_THAT

    def _loses_alpha(self, encoder: Encoder, pix_fmt: str | None) -> bool:
        """Whether transparency would lie beside the picture, and this container tells nobody to look there."""
        return not self._request.container.transparency and sees_through(encoder.codec, pix_fmt) is not None

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
        encoder = self._encoder(asked, container.audio, "audio")
        if encoder is None or not asked.check(f"{request.path}/codec/audio", self._problems, encoder):
            return []
        return [self._encode_audio(track, asked, self._deep_enough(encoder, track, asked)) for track in tracks]

    def _deep_enough(self, encoder: Encoder, track: AudioRef, asked: AudioCodec) -> Encoder:
        """The encoder for a track: of plain samples that nobody asked for, one that keeps 24 bits where there are."""
        deep = ENCODERS["pcm_s24le"]
        if asked.name is not None or encoder.name != "pcm_s16le" or deep.codec not in self._request.container.audio:
            return encoder
        if any(source.sample_fmt in ("s32", "s32p") for source in self._heard(track.id)):
            return deep if self._capabilities.has(f"encoder:{deep.name}") else encoder
        return encoder

    def _heard(self, node: NodeId) -> Iterator[AudioStream]:
        """The tracks of the inputs that a track is made from: filters compute in formats of their own."""
        seen, ahead = {node}, [node]
        while ahead:
            found = self._build.nodes[ahead.pop()]
            if isinstance(found.info, AudioStream) and not found.inputs:
                yield found.info
            ahead += [each for each in found.inputs if each not in seen]
            seen.update(found.inputs)

    def _encode_audio(self, ref: AudioRef, asked: AudioCodec, encoder: Encoder) -> NodeId:
        info = ref.info
        rate = asked.sample_rate or (None if info.sample_rate is None else encoder.sample_rate(info.sample_rate))
        channels, layout = info.channels, info.channel_layout
        wanted = asked.channels
        changes = []
        if (
            wanted is None
            and channels is not None
            and encoder.max_channels is not None
            and channels > encoder.max_channels
        ):
            wanted = encoder.max_channels
            before = layout or f"{channels} channels"
            changes.append(
                f"the sound becomes {_LAYOUTS.get(wanted, wanted)} from {before}: all that {encoder.name} takes"
            )
        if asked.sample_rate is None and rate is not None and info.sample_rate is not None and rate < info.sample_rate:
            changes.append(f"the sound becomes {rate} Hz from {info.sample_rate} Hz: all that {encoder.name} takes")
        if wanted is not None and wanted != channels:
            channels, layout = wanted, _LAYOUTS.get(wanted, f"{wanted}c")
        pinned = _missed(asked, info, asked.missed_by(info))
        copyable = self._copyable(asked.name, self._request.container.audio)
        after = attrs.evolve(
            info, codec=encoder.codec, sample_rate=rate, channels=channels, channel_layout=layout,
            sample_fmt=None, bit_rate=asked.bitrate, profile=None, extradata=None, preroll=None, packet=None,
        )  # fmt: skip
        return self._build.add(
            Encode(
                id=self._build.new_id(), kind="audio", inputs=(ref.id,), info=after, origin=self._request.path,
                encoder=encoder.name, options=asked.options(encoder, channels),
                sample_rate=rate if rate != info.sample_rate else None,
                channel_layout=layout if channels != info.channels else None,
                copy_codecs=frozenset() if asked.forces_encoding or pinned is not None else copyable,
                pinned=None if asked.forces_encoding else pinned, unpinned=_NOT_THAT, changes=tuple(changes),
                faults=self._lacking(encoder, "audio"),
            )
        )  # fmt: skip

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
            nodes.append(self._encode_subtitles(track, kept, target))
        return nodes

    def _early(self, node: NodeId) -> bool:
        """Whether subtitles are cut since their file has some that are hidden, and not because the job says so."""
        found = self._build.nodes[node]
        return isinstance(found, Cut) and read_apart(self._build.nodes[found.inputs[0]].info) is not None

    def _encode_subtitles(self, ref: SubtitleRef, codec: str | None, target: str) -> NodeId:
        encoder = ENCODERS[codec if codec is not None and codec in ENCODERS else target]
        return self._build.add(
            Encode(
                id=self._build.new_id(), kind="subtitle", inputs=(ref.id,), origin=self._request.path,
                info=attrs.evolve(ref.info, codec=encoder.codec), encoder=encoder.name,
                copy_codecs=frozenset(self._request.container.subtitles), faults=self._lacking(encoder, None),
            )
        )  # fmt: skip

    def _covers(self, covers: Sequence[CoverRef]) -> list[NodeId]:
        if covers and not self._request.container.cover:
            self._left_out("the cover art", f"{self._request.container.name} holds none")
            return []
        if covers and self._request.only_asked and self._request.video is None and self._request.container.video:
            self._left_out("the cover art", "the job gives settings for sound only")
            return []
        return [self._copies.add(cover) for cover in covers]

    # Parts

    def _encoder(
        self, asked: VideoCodec | AudioCodec, taken: tuple[str, ...], kind: str, size: tuple[int, int] = (1, 1)
    ) -> Encoder | None:
        """The encoder to use, for pictures of that *size*; or None with a problem."""
        container = self._request.container
        codec = asked.name or taken[0]
        if codec not in taken:
            self._problem(
                "codec-container", f"{container.name} does not take {codec}", f"it takes {', '.join(taken)}",
                at=f"/codec/{kind}",
            )  # fmt: skip
            return None
        named = asked.encoder if asked.pins_encoder else None
        choices = (named,) if named is not None else tuple(encoders_for(codec))
        there = [each for each in choices if self._capabilities.has(f"encoder:{each.name}")] or choices[:1]
        return next((each for each in there if each.fits(*size)), there[0])

    def _lacking(self, encoder: Encoder, kind: str | None) -> tuple[Problem, ...]:
        """What is to be said where this FFmpeg has not got *encoder*, nor another one of its codec."""
        if self._capabilities.has(f"encoder:{encoder.name}"):
            return ()
        message = f"this FFmpeg ({self._capabilities.version_text}) has not got {encoder.name}"
        hint = "install a fuller build, or ask for another codec"
        return (self._fault("missing-encoder", message, hint, at="" if kind is None else f"/codec/{kind}"),)

    def _copyable(self, asked: str | None, taken: tuple[str, ...]) -> frozenset[str]:
        return frozenset(taken) if asked is None else frozenset({asked} & set(taken))

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
        self._problems.extend([self._fault(code, message, hint, at=at)])

    def _fault(self, code: str, message: str, hint: str | None = None, *, at: str = "") -> Problem:
        return Problem(self._request.path + at, code, message, hint, "planning")

    def _left_out(self, what: str, why: str) -> None:
        self.decisions.append(Decision("output", self._request.path, f"{what} left out: {why}", warning=True))


def _missed(asked: VideoCodec | AudioCodec, info: VideoStream | AudioStream, what: str | None) -> str | None:
    """Why a copy would not have *what* is asked for: of another codec, that is the reason."""
    other = what is not None and asked.name is not None and info.codec not in (None, asked.name)
    return f"the job asks for {asked.name}" if other else what
