"""How an operator says what it does: in primitives over streams, never in FFmpeg's text.

`Lowering` is what `Operator.lower` gets. It hands out the input clips and takes filters and cuts; labels, quoting,
``split`` and the form of the command are the planner's business. A `str` option is text and always escaped; an
expression that FFmpeg shall evaluate is an explicit `Expr`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias

import attrs

from mediapipeline.errors import PluginContractError
from mediapipeline.ffmpeg.filtergraph import Expr
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.media.timeline import cut_info

__all__ = [
    "AudioRef",
    "Builder",
    "Clip",
    "CoverRef",
    "Expr",
    "Lowering",
    "OptionValue",
    "StreamRef",
    "SubtitleRef",
    "VideoRef",
]

OptionValue: TypeAlias = str | int | float | bool | Fraction | Expr | None
"""A filter option; None leaves the option out."""


@attrs.frozen
class VideoRef:
    """A picture stream in the making: `id` names it, `info` are its facts."""

    id: str
    info: VideoStream


@attrs.frozen
class AudioRef:
    """A sound track in the making."""

    id: str
    info: AudioStream


@attrs.frozen
class SubtitleRef:
    """A subtitle track in the making."""

    id: str
    info: SubtitleStream


@attrs.frozen
class CoverRef:
    """An attached picture; it can be carried along or left out, not filtered."""

    id: str
    info: VideoStream


StreamRef: TypeAlias = VideoRef | AudioRef | SubtitleRef | CoverRef


@attrs.frozen(kw_only=True)
class Clip:
    """What flows along an edge of the job: a picture, all sound tracks, all subtitles, and what is known of the whole.

    An operator that touches only the picture passes the rest through by starting from the clip it was given.
    """

    info: MediaInfo
    video: VideoRef | None = None
    audio: tuple[AudioRef, ...] = ()
    subtitles: tuple[SubtitleRef, ...] = ()
    covers: tuple[CoverRef, ...] = ()

    def with_video(self, video: VideoRef | None) -> Clip:
        return attrs.evolve(self, video=video)

    def with_audio(self, audio: Iterable[AudioRef]) -> Clip:
        return attrs.evolve(self, audio=tuple(audio))

    def with_subtitles(self, subtitles: Iterable[SubtitleRef]) -> Clip:
        return attrs.evolve(self, subtitles=tuple(subtitles))

    @property
    def streams(self) -> tuple[StreamRef, ...]:
        first: tuple[StreamRef, ...] = () if self.video is None else (self.video,)
        return (*first, *self.audio, *self.subtitles, *self.covers)


class Builder(Protocol):
    """Where the primitives go; the planner implements it."""

    def filter(self, inputs: Sequence[str], name: str, options: Mapping[str, OptionValue], info: Stream) -> str:
        """Add a filter over the streams *inputs*; returns the id of the stream that it gives."""
        ...

    def cut(self, stream: str, start: Fraction, end: Fraction | None, info: Stream, *, exact: bool) -> str:
        """Add a cut [start, end) of *stream*; returns the id of the stream that it gives."""
        ...


class Lowering:
    """The work of one operation: its input clips, and the primitives it is made of."""

    def __init__(self, builder: Builder, ports: Mapping[str, Sequence[Clip]]) -> None:
        self._builder = builder
        self._ports = {name: tuple(clips) for name, clips in ports.items()}

    @property
    def clip(self) -> Clip:
        """The clip at the first port."""
        return next(iter(self._ports.values()))[0]

    def __getitem__(self, port: str) -> Clip:
        return self._ports[port][0]

    def all(self, port: str) -> tuple[Clip, ...]:
        """Every clip at a port that takes many, in order."""
        return self._ports[port]

    def video(self, clip: Clip, name: str, /, **options: OptionValue) -> Clip:
        """*clip* with its picture sent through one filter; the rest passes."""
        if clip.video is None:
            raise PluginContractError(
                f"filter {name!r} needs a picture, and this clip has none: name VIDEO at the port"
            )
        return clip.with_video(self.filter(clip.video, name, **options))

    def audio(self, clip: Clip, name: str, /, **options: OptionValue) -> Clip:
        """*clip* with every sound track sent through one filter; the rest passes."""
        return clip.with_audio(self.filter_audio(track, name, **options) for track in clip.audio)

    def filter(self, streams: VideoRef | Sequence[VideoRef], name: str, /, **options: OptionValue) -> VideoRef:
        """The picture that filter *name* makes of one or several pictures.

        Until `Operator.infer` says otherwise for the result, its facts are taken to be those of the first.
        """
        inputs = (streams,) if isinstance(streams, VideoRef) else tuple(streams)
        info = inputs[0].info
        return VideoRef(self._builder.filter([s.id for s in inputs], name, options, info), info)

    def filter_audio(self, streams: AudioRef | Sequence[AudioRef], name: str, /, **options: OptionValue) -> AudioRef:
        """The sound that filter *name* makes of one or several sound tracks; see `filter`."""
        inputs = (streams,) if isinstance(streams, AudioRef) else tuple(streams)
        info = inputs[0].info
        return AudioRef(self._builder.filter([s.id for s in inputs], name, options, info), info)

    def cut(self, clip: Clip, start: Fraction, end: Fraction | None, *, exact: bool = True) -> Clip:
        """The part [start, end) of *clip*: every stream is cut alike, and time `start` becomes 0.

        Args:
            clip: Any clip.
            start: Seconds from the clip's start.
            end: Seconds, or None for all that follows.
            exact: False lets the cut fall on the key frame before `start`, which a copy needs.
        """
        info = cut_info(clip.info, start, end, exact=exact)
        build = self._builder
        video = clip.video
        if video is not None and info.video is not None:
            video = VideoRef(build.cut(video.id, start, end, info.video, exact=exact), info.video)
        audio = [
            AudioRef(build.cut(ref.id, start, end, facts, exact=exact), facts)
            for ref, facts in zip(clip.audio, info.audio, strict=True)
        ]
        subtitles = [
            SubtitleRef(build.cut(ref.id, start, end, facts, exact=exact), facts)
            for ref, facts in zip(clip.subtitles, info.subtitles, strict=True)
        ]
        return attrs.evolve(clip, info=info, video=video, audio=tuple(audio), subtitles=tuple(subtitles))
