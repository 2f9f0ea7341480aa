"""How the streams of an output are encoded: by which encoder, in what format, and what that changes or forbids.

Whether a stream is encoded at all is up to the optimiser; what is said here holds if it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from mediapipeline.errors import Problem, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.filtergraph import number_text
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.encoders import ENCODERS, Encoder, encoders_for
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.operators.lowering import AudioRef, SubtitleRef, VideoRef
from mediapipeline.planner import pixels
from mediapipeline.planner.copying import CopyBuilder
from mediapipeline.planner.expand import GraphBuilder
from mediapipeline.planner.options import sees_through
from mediapipeline.planner.request import OutputRequest
from mediapipeline.planner.streams import Encode, NodeId

__all__ = ["EncodeBuilder"]

_NOT_THAT = "leave that out"
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


class EncodeBuilder:
    """Adds the nodes of those streams of one output that are encoded.

    Args:
        build: The graph.
        request: What is asked of the output.
        capabilities: What this FFmpeg can do.
        problems: Where to say what cannot be encoded as asked.
        copies: Knows what the output can hold as a copy.
    """

    def __init__(
        self,
        build: GraphBuilder,
        request: OutputRequest,
        capabilities: Capabilities,
        problems: Problems,
        copies: CopyBuilder,
    ) -> None:
        self._build = build
        self._request = request
        self._capabilities = capabilities
        self._problems = problems
        self._copies = copies

    def encoder(
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

    def picture(self, ref: VideoRef, asked: VideoCodec, encoder: Encoder, *, one_of_many: bool) -> NodeId:
        """Encode a picture: all of it, or its first frame where it is *one_of_many*."""
        info = ref.info
        pix_fmt, changes, faults = self._pix_fmt(info, asked, encoder)
        options = asked.options(encoder, info.frame_rate if info.vfr is False else None, pix_fmt)
        segment = self._request.segment
        if segment is not None:
            options = (*options, ("force_key_frames", f"expr:gte(t,n_forced*{number_text(segment)})"))
        copyable = _copyable(asked.name, self._request.container.video)
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
                changes=tuple(changes),
                faults=(*self._lacking(encoder, "video"), *faults, *self._not_taken(info, encoder, pix_fmt)),
            )
        )  # fmt: skip

    def _pix_fmt(
        self, info: VideoStream, asked: VideoCodec, encoder: Encoder
    ) -> tuple[str | None, list[str], list[Problem]]:
        """The pixel format to encode in, what changes with it, and what is wrong with one that was asked for."""
        container = self._request.container
        uncoded = container.uncoded if encoder.codec == "rawvideo" else ()
        if asked.pix_fmt is not None:
            return asked.pix_fmt, [], list(self._unfit(asked.pix_fmt, encoder, uncoded))
        taken = uncoded or tuple(name for name in asked.pix_fmts(encoder) if not self._loses_alpha(encoder, name))
        chosen = pixels.choose(info.pix_fmt, taken, encoder.playable)
        if not pixels.loses(info.pix_fmt, chosen):
            return chosen, [], []
        why = (
            f"{container.name} does not keep the transparency of {encoder.codec}"
            if self._loses_alpha(encoder, info.pix_fmt)
            else "so that players can be expected to show it"
            if info.pix_fmt in encoder.pix_fmts
            else f"{container.name} takes nothing nearer of what is not coded"
            if uncoded
            else "the encoder's limit"
        )
        change = f"the picture becomes {chosen} from {info.pix_fmt}: {why}; set codec.video.pix_fmt to choose"
        return chosen, [change], []

    def _unfit(self, pix_fmt: str, encoder: Encoder, uncoded: tuple[str, ...]) -> Iterator[Problem]:
        """What this container cannot keep of a pixel format that the job asks for."""
        name = self._request.container.name
        if uncoded and pix_fmt not in uncoded:
            message = f"{name} does not take {encoder.codec} in {pix_fmt}"
            hint = f"it takes {', '.join(uncoded)}; leave out pix_fmt, or ask for ffv1, which loses nothing either"
            yield self._fault("codec-container", message, hint, at="/codec/video/pix_fmt")
        if self._loses_alpha(encoder, pix_fmt):
            message = f"{name} does not keep the transparency that {encoder.codec} has beside the picture"
            yield self._fault(
                "codec-container", message, "leave out pix_fmt, or write webm or mkv", at="/codec/video/pix_fmt"
            )

    def _not_taken(self, info: VideoStream, encoder: Encoder, pix_fmt: str | None) -> Iterator[Problem]:
        """What of the picture's size and rate an encoder does not take."""
        if encoder.name in pixels.EVEN_ONLY and (info.width % 2 or info.height % 2) and pixels.subsampled(pix_fmt):
            message = f"{encoder.name} in {pix_fmt} takes no odd sizes, and the picture is {info.width}x{info.height}"
            yield self._fault("odd-size", message, "scale or crop it to even sizes")
        if not encoder.fits(info.width, info.height):
            low, high = encoder.sizes
            message = f"{encoder.name} takes widths and heights of {low} to {high}, not {info.width}x{info.height}"
            yield self._fault("unsupported-size", message, "scale the picture, or ask for another codec")
        if encoder.frame_rates and (info.vfr is not False or info.frame_rate not in encoder.frame_rates):
            what = "one that varies" if info.vfr or info.frame_rate is None else f"{info.frame_rate} a second"
            message = f"{encoder.name} takes the frame rates of broadcasting only, and the picture has {what}"
            yield self._fault("unsupported-rate", message, "change the rate with the operator fps")

    def _pinned(
        self, asked: VideoCodec, info: VideoStream, encoder: Encoder, *, one_of_many: bool
    ) -> tuple[str | None, str | None]:
        """Why a picture would have to be encoded even if nothing changed it, and what would help."""
        if one_of_many:
            return "one picture of many is taken", "write another container"
        if self._request.segment is not None:
            return "every segment has to begin with a key frame", None
        uncopyable = self._copies.uncopyable(info)
        if uncopyable is not None:
            return uncopyable, "write another container"
        return _missed(asked, info, asked.missed_by(info, encoder)), _NOT_THAT

    def _loses_alpha(self, encoder: Encoder, pix_fmt: str | None) -> bool:
        """Whether transparency would lie beside the picture, and this container tells nobody to look there."""
        return not self._request.container.transparency and sees_through(encoder.codec, pix_fmt) is not None

    def _deep_enough(self, encoder: Encoder, track: AudioRef, asked: AudioCodec) -> Encoder:
        """The encoder for a track: if it is one of plain samples that the job did not name, one that keeps 24 bits."""
        deep = ENCODERS["pcm_s24le"]
        if asked.name is not None or encoder.name != "pcm_s16le" or deep.codec not in self._request.container.audio:
            return encoder
        if any(source.sample_fmt in ("s32", "s32p") for source in self._heard(track.id)):
            return deep if self._capabilities.has(f"encoder:{deep.name}") else encoder
        return encoder

    def _heard(self, node: NodeId) -> Iterator[AudioStream]:
        """The tracks of inputs that a track is made from; filters in between have sample formats of their own."""
        seen, ahead = {node}, [node]
        while ahead:
            found = self._build.nodes[ahead.pop()]
            if isinstance(found.info, AudioStream) and not found.inputs:
                yield found.info
            ahead += [each for each in found.inputs if each not in seen]
            seen.update(found.inputs)

    def sound(self, ref: AudioRef, asked: AudioCodec, encoder: Encoder) -> NodeId:
        """Encode a sound track."""
        info, encoder = ref.info, self._deep_enough(encoder, ref, asked)
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
        unheard = self._copies.unheard(info)
        pinned = unheard or _missed(asked, info, asked.missed_by(info))
        copyable = _copyable(asked.name, self._request.container.audio)
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
                pinned=None if asked.forces_encoding else pinned,
                unpinned=_NOT_THAT if unheard is None else "write another container", changes=tuple(changes),
                faults=self._lacking(encoder, "audio"),
            )
        )  # fmt: skip

    def subtitles(self, ref: SubtitleRef, codec: str | None, target: str) -> NodeId:
        """Encode subtitles of text as *codec* where there is an encoder for it, else as *target*."""
        encoder = ENCODERS[codec if codec is not None and codec in ENCODERS else target]
        return self._build.add(
            Encode(
                id=self._build.new_id(), kind="subtitle", inputs=(ref.id,), origin=self._request.path,
                info=attrs.evolve(ref.info, codec=encoder.codec), encoder=encoder.name,
                copy_codecs=frozenset(self._request.container.subtitles), faults=self._lacking(encoder, None),
            )
        )  # fmt: skip

    def _lacking(self, encoder: Encoder, kind: str | None) -> tuple[Problem, ...]:
        """The problem if this FFmpeg lacks *encoder*, which was chosen as it has no other of the codec either."""
        if self._capabilities.has(f"encoder:{encoder.name}"):
            return ()
        message = f"this FFmpeg ({self._capabilities.version_text}) does not have {encoder.name}"
        hint = "install a fuller build, or ask for another codec"
        return (self._fault("missing-encoder", message, hint, at="" if kind is None else f"/codec/{kind}"),)

    def _problem(self, code: str, message: str, hint: str | None = None, *, at: str = "") -> None:
        self._problems.extend([self._fault(code, message, hint, at=at)])

    def _fault(self, code: str, message: str, hint: str | None = None, *, at: str = "") -> Problem:
        return Problem(self._request.path + at, code, message, hint, "planning")


def _copyable(asked: str | None, taken: tuple[str, ...]) -> frozenset[str]:
    return frozenset(taken) if asked is None else frozenset({asked} & set(taken))


def _missed(asked: VideoCodec | AudioCodec, info: VideoStream | AudioStream, what: str | None) -> str | None:
    """Why a copy would not do for *what* is asked for; if the codec is another one, that is the reason."""
    other = what is not None and asked.name is not None and info.codec not in (None, asked.name)
    return f"the job asks for {asked.name}" if other else what
