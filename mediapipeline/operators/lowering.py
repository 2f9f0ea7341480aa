"""How an operator says what it does: in primitives over streams, never in FFmpeg's text.

`Lowering` is what `Operator.lower` gets. It hands out the input clips and takes filters and cuts; labels, quoting,
``split`` and the form of the command are the planner's business. A `str` option is text and always escaped; an
expression that FFmpeg shall evaluate is an explicit `Expr`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import attrs

from mediapipeline.errors import PluginContractError
from mediapipeline.ffmpeg.filtergraph import Expr
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.media.timeline import cut_info, is_left, still_stream
from mediapipeline.operators.form import (
    Form,
    SoundForm,
    has_form,
    has_sound_form,
    joined,
    late_picture,
    part_length,
    sound_facts,
)
from mediapipeline.operators.parts import PartBuilder, held_to_its_end, in_sound_form, picture_part, sound_part
from mediapipeline.operators.traits import Traits
from mediapipeline.steps.late import Case, Condition, Late, LateFilter
from mediapipeline.steps.measure import Measurement, Told
from mediapipeline.steps.resources import Resources

__all__ = [
    "AudioRef",
    "Builder",
    "Case",
    "Clip",
    "Condition",
    "CoverRef",
    "Expr",
    "Late",
    "LateFilter",
    "Lowering",
    "Measurement",
    "OptionValue",
    "Package",
    "ResultRef",
    "StreamRef",
    "SubtitleRef",
    "Told",
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


@attrs.frozen
class ResultRef:
    """What a measurement will give; it is known when the plan runs."""

    id: str


StreamRef: TypeAlias = VideoRef | AudioRef | SubtitleRef | CoverRef


@attrs.frozen(kw_only=True)
class Package:
    """How a clip of several files is written, where its operator says so rather than the output's format.

    Attributes:
        container: Name of the container, of those that only operators choose.
        segment: Seconds of a segment; every one begins with a key frame.
    """

    container: str
    segment: Fraction


@attrs.frozen(kw_only=True)
class Clip:
    """What flows along an edge of the job: a picture, all sound tracks, all subtitles, and what is known of the whole.

    An operator that touches only the picture passes the rest through by starting from the clip it was given.

    Attributes:
        files: The clip of each file, of what is several files rather than one; then it holds nothing else.
        package: How these are written, where the output does not say.
    """

    info: MediaInfo
    video: VideoRef | None = None
    audio: tuple[AudioRef, ...] = ()
    subtitles: tuple[SubtitleRef, ...] = ()
    covers: tuple[CoverRef, ...] = ()
    files: tuple[Clip, ...] = ()
    package: Package | None = None

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


class Builder(PartBuilder, Protocol):
    """Where the primitives go; the planner implements it."""

    def filter(
        self,
        inputs: Sequence[str],
        name: str,
        options: Mapping[str, OptionValue],
        info: Stream,
        traits: Traits | None = None,
    ) -> str:
        """Add a filter over the streams *inputs*; returns the id of the stream that it gives.

        *traits* are those of the filter, where they are not the operator's.
        """
        ...

    def retime(self, stream: str, rate: Fraction, info: Stream, *, fill: bool) -> str:
        """Add a change of frame rate; returns the id of the stream that it gives."""
        ...

    def frames(self, stream: str, count: int, info: Stream) -> str:
        """Add what leaves so many frames of a constant rate, the last repeated if there are fewer; returns the id."""
        ...

    def concat(self, streams: Sequence[str], info: Stream, made_of: Sequence[str | None] = ()) -> str:
        """Add what joins *streams*, which are alike; returns the id of the stream that it gives.

        *made_of* are the streams that these are made of, as far as they had the form of the whole before.
        """
        ...

    def custom(
        self,
        streams: Sequence[str],
        runner: str,
        parameters: Mapping[str, Any],
        info: Stream,
        resources: Resources | None,
        *,
        opens: bool = False,
    ) -> str:
        """Add a step of the plugin's own over *streams*; returns the id of the stream that it gives."""
        ...

    def report(self, text: str) -> None:
        """Say that something is left out or changed without being asked for."""
        ...

    def measure(
        self,
        stream: str,
        filters: Sequence[tuple[str, Mapping[str, OptionValue]]],
        measurement: Measurement,
        info: Stream,
    ) -> str:
        """Add filters that measure *stream* before anything is made of it; returns the id of their result."""
        ...

    def choose(self, stream: str, result: str, cases: Sequence[Case], info: Stream) -> str:
        """Add the filters of the first of *cases* that holds; returns the id of the stream that they give."""
        ...

    def cut(self, stream: str, start: Fraction, end: Fraction | None, info: Stream, *, exact: bool) -> str:
        """Add a cut [start, end) of *stream*; returns the id of the stream that it gives."""
        ...

    def sample(self, stream: str, time: Fraction, info: VideoStream, *, exact: bool) -> str:
        """Add the still of *stream* at *time*; returns the id of the stream that it gives."""
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

    def still(self, video: VideoRef, time: Fraction, *, exact: bool = True) -> VideoRef:
        """One picture of *video*: the first frame that begins at *time* or later, as a cut there would begin with.

        Args:
            video: Any picture stream.
            time: Seconds from the clip's start.
            exact: False allows the key frame before *time* instead.
        """
        info = still_stream(video.info)
        return VideoRef(self._builder.sample(video.id, time, info, exact=exact), info)

    def held(self, video: VideoRef) -> VideoRef:
        """*video* with its last frame held until it ends, for filters of several pictures.

        Such as ``overlay`` forget the last frame of all but the first as soon as they have read it, however long it is
        to be seen.
        """
        return VideoRef(held_to_its_end(self._builder, video.id, video.info), video.info)

    def measure(
        self,
        stream: VideoRef | AudioRef,
        filters: str | Sequence[tuple[str, Mapping[str, OptionValue]]],
        measurement: Measurement,
        /,
        **options: OptionValue,
    ) -> ResultRef:
        """Let filters measure the whole of a stream, in a run of its own before anything is made of it.

        Args:
            stream: What is measured, with all that has been done to it so far.
            filters: The name of a filter that gives one stream for one; or several in a row, each with its options.
                What the last one gives is thrown away. Several filters may tell something, as long as the stream
                passes through them: ``measurement`` says which tells what.
            measurement: What they tell.
            options: Those of the filter, where it is one.
        """
        if not isinstance(filters, str) and options:
            raise PluginContractError("measure(): the options of filters in a row stand with each of them")
        row = [(filters, options)] if isinstance(filters, str) else list(filters)
        return ResultRef(self._builder.measure(stream.id, row, measurement, stream.info))

    def choose_audio(self, track: AudioRef, result: ResultRef, cases: Sequence[Case]) -> AudioRef:
        """The sound that the first of *cases* gives that holds for what was measured; the last must hold always."""
        return AudioRef(self._builder.choose(track.id, result.id, cases, track.info), track.info)

    def choose_video(self, video: VideoRef, result: ResultRef, cases: Sequence[Case]) -> VideoRef:
        """The picture that the first of *cases* gives; see `choose_audio`."""
        return VideoRef(self._builder.choose(video.id, result.id, cases, video.info), video.info)

    def custom_video(
        self,
        streams: VideoRef | AudioRef | Sequence[VideoRef | AudioRef],
        runner: str,
        parameters: Mapping[str, Any],
        /,
        *,
        info: VideoStream | None = None,
        resources: Resources | None = None,
        opens: bool = False,
    ) -> VideoRef:
        """The picture that a step of the plugin's own makes of one or several streams.

        The step gets the streams as they are here, pictures uncompressed in the pixel format that a ``format`` filter
        before gives them, through pipes; see `mediapipeline.steps.StepRunner`.

        Args:
            streams: What it reads, one at least.
            runner: Its name in the entry-point group ``mediapipeline.steps``, of the form ``vendor.name``.
            parameters: What it is told, as JSON can say it.
            info: Facts of what it gives, where they differ from those of the first stream, or that is sound.
            resources: What it is expected to use; None leaves the estimate to the planner.
            opens: Whether the runner can decode what the streams are coded in, frame for frame as FFmpeg does. A stream
                that nothing has to be done to before is then given to it as the file that it is in; see
                `mediapipeline.steps.CustomStep.opened`.
        """
        inputs = (streams,) if isinstance(streams, VideoRef | AudioRef) else tuple(streams)
        facts = inputs[0].info if info is None else info
        if not isinstance(facts, VideoStream):
            raise PluginContractError(f"step {runner!r} makes a picture of sound: say of what form it is (info)")
        made = self._builder.custom([s.id for s in inputs], runner, parameters, facts, resources, opens=opens)
        return VideoRef(made, facts)

    def custom_audio(
        self,
        streams: VideoRef | AudioRef | Sequence[VideoRef | AudioRef],
        runner: str,
        parameters: Mapping[str, Any],
        /,
        *,
        info: AudioStream | None = None,
        resources: Resources | None = None,
    ) -> AudioRef:
        """The sound that a step of the plugin's own makes of one or several streams; see `custom_video`."""
        inputs = (streams,) if isinstance(streams, VideoRef | AudioRef) else tuple(streams)
        facts = inputs[0].info if info is None else info
        if not isinstance(facts, AudioStream):
            raise PluginContractError(f"step {runner!r} makes sound of a picture: say of what form it is (info)")
        return AudioRef(self._builder.custom([s.id for s in inputs], runner, parameters, facts, resources), facts)

    def retime(self, clip: Clip, rate: Fraction, info: VideoStream) -> Clip:
        """*clip* with *rate* frames a second, repeated and left out as need be; *info* are the facts of its picture."""
        if clip.video is None:
            raise PluginContractError("a change of frame rate needs a picture, and this clip has none")
        return clip.with_video(VideoRef(self._builder.retime(clip.video.id, rate, info, fill=False), info))

    def sound_in(self, track: AudioRef, form: SoundForm) -> AudioRef:
        """*track* in *form*, with silence where it has gaps and before it begins."""
        length = track.info.end
        return AudioRef(in_sound_form(self._builder, track.id, track.info, form), sound_facts(form, track.info, length))

    def report(self, text: str) -> None:
        """Tell the user, in one sentence, that something is left out or changed without being asked for."""
        self._builder.report(text)

    def concat(self, clips: Sequence[Clip], form: Form) -> Clip:
        """*clips* one after the other, each brought into *form* and made as long as its part of the whole.

        The facts of the result are those of `mediapipeline.operators.form.joined`, which `Operator.infer` gives as
        well. How long each clip is must be known (`part_length`). Subtitles, and the chapters of all clips but the
        first, are left out.
        """
        ends = [Fraction(0)]
        for clip in clips:
            length = part_length(clip.info, form)
            if length is None:
                raise PluginContractError("only clips of known length can be joined: check() must refuse others")
            ends.append(ends[-1] + length)
        if len(clips) < 2:
            raise PluginContractError(f"two clips at least can be joined, not {len(clips)}")
        info, build = joined([clip.info for clip in clips], form), self._builder
        late = [late_picture(clip.info, form) for clip in clips]
        clips = [self.cut(clip, by, None) if by else clip for clip, by in zip(clips, late, strict=True)]
        parts = list(zip(clips, ends, ends[1:], strict=False))
        video, audio = None, []
        if form.picture is not None and info.video is not None:
            pictures = [
                picture_part(
                    build, None if clip.video is None else (clip.video.id, clip.video.info), form.picture, begin, end
                )
                for clip, begin, end in parts
            ]
            made_of = [
                None if clip.video is None or not has_form(clip.video.info, form.picture) else clip.video.id
                for clip in clips
            ]
            video = VideoRef(build.concat(pictures, info.video, made_of), info.video)
        for at, (sound, facts) in enumerate(zip(form.sound, info.audio, strict=True)):
            tracks, heard = [], list[str | None]()
            for clip, begin, end in parts:
                track = clip.audio[at] if at < len(clip.audio) else None
                stream = None if track is None else (track.id, track.info)
                tracks.append(sound_part(build, stream, sound, begin, end))
                heard.append(track.id if track is not None and has_sound_form(track.info, sound) else None)
            audio.append(AudioRef(build.concat(tracks, facts, heard), facts))
        return Clip(info=info, video=video, audio=tuple(audio), covers=clips[0].covers)

    def cut(self, clip: Clip, start: Fraction, end: Fraction | None, *, exact: bool = True) -> Clip:
        """The part [start, end) of *clip*: every stream is cut alike, and time `start` becomes 0.

        Sound of which nothing is in that part is left out, and the plan says so.

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
        pairs = zip(clip.audio, clip.info.audio, strict=True)
        heard = [ref for ref, facts in pairs if is_left(facts, start, end)]
        if len(heard) < len(clip.audio):
            self.report("sound that begins after the part, or ends before it, is left out")
        audio = [
            AudioRef(build.cut(ref.id, start, end, facts, exact=exact), facts)
            for ref, facts in zip(heard, info.audio, strict=True)
        ]
        subtitles = [
            SubtitleRef(build.cut(ref.id, start, end, facts, exact=exact), facts)
            for ref, facts in zip(clip.subtitles, info.subtitles, strict=True)
        ]
        return attrs.evolve(clip, info=info, video=video, audio=tuple(audio), subtitles=tuple(subtitles))
