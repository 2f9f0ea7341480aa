"""Expanding: operators lower themselves, and the job becomes a StreamGraph.

Nothing is optimised here: every operation is done, every stream of an output is encoded unless the job demands a copy.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NoReturn

import attrs

from mediapipeline.errors import MediaPipelineError, PluginContractError
from mediapipeline.ffmpeg.filtergraph import Filter as FilterText
from mediapipeline.ffmpeg.filtergraph import Value
from mediapipeline.graph.graph import BoundOperation
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.media.words import counted
from mediapipeline.operators.lowering import AudioRef, Clip, CoverRef, Lowering, OptionValue, SubtitleRef, VideoRef
from mediapipeline.operators.traits import OPAQUE, POINTWISE, Traits
from mediapipeline.planner.hidden import as_seen, read_apart, seen_until
from mediapipeline.planner.legs import finely_timed
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import (
    Access,
    Choice,
    Concat,
    Custom,
    Cut,
    Filter,
    Frames,
    Measure,
    Node,
    NodeId,
    Retime,
    Sample,
    Source,
    StreamKind,
)
from mediapipeline.steps.late import Case, fields_of
from mediapipeline.steps.measure import Measurement
from mediapipeline.steps.resources import Resources

__all__ = ["GraphBuilder", "input_clip", "lower"]


_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_ACCESS: dict[str, Access] = {
    _MP4: "index",
    "matroska,webm": "index",
    "wav": "index",
    "flac": "index",
    "mpegts": "guess",
    "mp3": "guess",
    "ogg": "guess",
}
_OPEN_GROUPS = frozenset({"mpeg1video", "mpeg2video", "mpeg4"})
"""Their encoders leave groups of pictures open by default. In MP4 FFmpeg goes by when a key frame is decoded, so it
misses what is shown before that and decoded after (measured: up to all B-frames in a row)."""
_COUNTED_FROM_FIRST = frozenset({"mpegts", "mpeg", "ogg"})
"""Formats whose times FFmpeg counts from the first of the streams that it takes, not of all."""
_MPEG_STREAMS = frozenset({"mpegts", "mpeg", "mpegvideo", "h264", "hevc", "m4v"})


class GraphBuilder:
    """Collects the nodes of a StreamGraph; what operators lower to goes through it."""

    def __init__(self) -> None:
        self.nodes: dict[NodeId, Node] = {}
        self.origin = ""
        self.traits: Traits = OPAQUE
        self.decisions: list[Decision] = []

    def new_id(self) -> NodeId:
        return f"n{len(self.nodes)}"

    def add(self, node: Node) -> NodeId:
        self.nodes[node.id] = node
        return node.id

    def filter(
        self,
        inputs: Sequence[str],
        name: str,
        options: Mapping[str, OptionValue],
        info: Stream,
        traits: Traits | None = None,
    ) -> str:
        """Add a filter; see `mediapipeline.operators.lowering.Builder`."""
        given = self._options(name, options)
        if len(inputs) > 1 and (clocked := finely_timed(self.nodes[inputs[0]], self.new_id(), self.origin)) is not None:
            inputs = (self.add(clocked), *inputs[1:])
        return self.add(
            Filter(
                id=self.new_id(), kind=_kind(info), inputs=tuple(inputs), info=info, origin=self.origin,
                name=name, options=given, traits=self.traits if traits is None else traits,
            )
        )  # fmt: skip

    def measure(
        self,
        stream: str,
        filters: Sequence[tuple[str, Mapping[str, OptionValue]]],
        measurement: Measurement,
        info: Stream,
    ) -> str:
        """Add a measurement; see `mediapipeline.operators.lowering.Builder`."""
        given = tuple(FilterText(name, self._options(name, options)) for name, options in filters)
        names = [part.name for part in given]
        unsure = sorted(teller for teller in measurement.tellers if names.count(teller) != 1)
        if unsure:
            raise PluginContractError(f"measure() at {self.origin}: not one filter of it is called {', '.join(unsure)}")
        if len(given) != 1 and (not given or measurement.untold):
            raise PluginContractError(
                f"measure() at {self.origin}: of {len(given)} filters, each field must name the one that tells it (by)"
            )
        return self.add(
            Measure(
                id=self.new_id(), kind=_kind(info), inputs=(stream,), info=info, origin=self.origin,
                filters=given, measurement=measurement,
            )
        )  # fmt: skip

    def choose(self, stream: str, result: str, cases: Sequence[Case], info: Stream) -> str:
        """Add filters that depend on a measurement; see `mediapipeline.operators.lowering.Builder`."""
        measured = self.nodes[result]
        assert isinstance(measured, Measure)  # a `ResultRef` is had of `measure` only
        if not cases or cases[-1].when:
            raise PluginContractError(f"choose() at {self.origin}: the last case must hold always, without conditions")
        unknown = sorted(fields_of(cases) - set(measured.measurement.fields))
        if unknown:
            raise PluginContractError(f"choose() at {self.origin}: nothing measures {', '.join(unknown)}")
        return self.add(
            Choice(
                id=self.new_id(), kind=_kind(info), inputs=(stream, result), info=info, origin=self.origin,
                cases=tuple(cases),
            )
        )  # fmt: skip

    def _options(self, name: str, options: Mapping[str, OptionValue]) -> tuple[tuple[str, Value], ...]:
        given: tuple[tuple[str, Value], ...] = tuple((key, v) for key, v in options.items() if v is not None)
        try:
            FilterText(name, given)
        except ValueError as error:
            raise PluginContractError(f"filter {name!r} at {self.origin}: {error}") from error
        return given

    def cut(self, stream: str, start: Fraction, end: Fraction | None, info: Stream, *, exact: bool) -> str:
        """Add a cut; see `mediapipeline.operators.lowering.Builder`.

        Sound that is cut at its end or later goes on to its end: decoders may give some samples more than files tell.
        """
        source = self.nodes[stream]
        begins, told = source.info.start, source.info.end
        if end is not None and told is not None and end >= told and _kind(info) == "audio":
            end = None
        late = isinstance(source.info, VideoStream) and begins is not None and begins >= start > 0
        return self.add(
            Cut(
                id=self.new_id(), kind=_kind(info), inputs=(stream,), info=info, origin=self.origin,
                start=start, end=end, exact=exact, keeps_first=late and not self._is_whole_file(source),
            )
        )  # fmt: skip

    def _is_whole_file(self, node: Node) -> bool:
        """Whether *node* is all of a file, perhaps filtered: there may be broken pictures before the first."""
        while isinstance(node, Filter) and node.inputs:
            node = self.nodes[node.inputs[0]]
        return isinstance(node, Source)

    def sample(self, stream: str, time: Fraction, info: VideoStream, *, exact: bool) -> str:
        """Add a still; see `mediapipeline.operators.lowering.Builder`."""
        return self.add(
            Sample(
                id=self.new_id(), kind="video", inputs=(stream,), info=info, origin=self.origin, time=time, exact=exact
            )
        )  # fmt: skip

    def retime(self, stream: str, rate: Fraction, info: Stream, *, fill: bool) -> str:
        """Add a change of frame rate; see `mediapipeline.operators.lowering.Builder`."""
        return self.add(
            Retime(
                id=self.new_id(), kind="video", inputs=(stream,), info=info, origin=self.origin, rate=rate, fill=fill
            )
        )  # fmt: skip

    def frames(self, stream: str, count: int, info: Stream) -> str:
        """Add a count of frames; see `mediapipeline.operators.lowering.Builder`."""
        return self.add(
            Frames(id=self.new_id(), kind="video", inputs=(stream,), info=info, origin=self.origin, count=count)
        )

    def concat(self, streams: Sequence[str], info: Stream, made_of: Sequence[str | None] = ()) -> str:
        """Add what joins streams; see `mediapipeline.operators.lowering.Builder`."""
        return self.add(
            Concat(
                id=self.new_id(), kind=_kind(info), inputs=tuple(streams), info=info, origin=self.origin,
                made_of=tuple(made_of),
            )
        )  # fmt: skip

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
        """Add a step of the plugin's own; see `mediapipeline.operators.lowering.Builder`."""
        try:
            told = json.loads(json.dumps(dict(parameters), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise PluginContractError(
                f"step {runner!r} at {self.origin}: its parameters are not what JSON can say: {error}"
            ) from error
        return self.add(
            Custom(
                id=self.new_id(), kind=_kind(info), inputs=tuple(streams), info=info, origin=self.origin,
                runner=runner, parameters=told, resources=resources, opens=opens,
            )
        )  # fmt: skip

    def report(self, text: str) -> None:
        """Say what is left out or changed; see `mediapipeline.operators.lowering.Builder`."""
        self.decisions.append(Decision("planner", self.origin, text, warning=True))

    def source(
        self,
        input: str,  # noqa: A002 - as documents name it
        format: str | None,  # noqa: A002 - as media facts name it
        kind: StreamKind,
        info: Stream,
        *,
        zero: int | None = None,
        first: Fraction = Fraction(0),
        ahead: Fraction = Fraction(0),
    ) -> NodeId:
        """Add a stream of an input, which was found to be of that format; see `Source` for the rest."""
        access = _ACCESS.get(format or "", "scan")
        if format == _MP4 and isinstance(info, VideoStream) and info.codec in _OPEN_GROUPS and info.reorder != 0:
            access = "guess"
        return self.add(
            Source(
                id=self.new_id(), kind=kind, info=info, origin=self.origin, input=input,
                seekable=format not in _MPEG_STREAMS, access=access,
                zero=zero if format in _COUNTED_FROM_FIRST else None, first=first,
                ahead=ahead if format == _MP4 else Fraction(0), leads=_leads(info) if format == _MP4 else Fraction(0),
            )
        )  # fmt: skip


def _leads(info: Stream) -> Fraction:
    """How long pictures are shown before the key frame that they are decoded after, at most."""
    if not isinstance(info, VideoStream) or not info.leading or not info.frame_rate:
        return Fraction(0)
    return info.leading / info.frame_rate


def _kind(info: Stream) -> StreamKind:
    match info:
        case VideoStream():
            return "video"
        case AudioStream():
            return "audio"
        case SubtitleStream():
            return "subtitle"
    raise PluginContractError(f"a data stream cannot be filtered or cut: {info}")


def input_clip(
    build: GraphBuilder,
    id: str,  # noqa: A002 - as documents name it
    info: MediaInfo,
    *,
    zero: int | None = None,
    first: Fraction = Fraction(0),
    ahead: Fraction = Fraction(0),
) -> Clip:
    """The clip that an input file is.

    Args:
        build: Where its streams go.
        id: Of the input.
        info: The streams of it that the job uses, with times from its start.
        zero: The stream of all of the file that begins first, where known.
        first: When the picture of the file begins, whether the job uses it or not.
        ahead: How long before it is shown an index may have that.
    """
    source = partial(build.source, id, info.format, zero=zero, first=first, ahead=ahead)
    video = None if info.video is None else VideoRef(source("video", info.video), info.video)
    if video is not None and video.info.rotation_by_tag:
        video = _turned(build, video)
        info = attrs.evolve(info, video=video.info)
    subtitles = tuple(_seen(build, SubtitleRef(source("subtitle", s), s)) for s in info.subtitles)
    return Clip(
        info=attrs.evolve(info, subtitles=tuple(ref.info for ref in subtitles)),
        video=video,
        audio=tuple(AudioRef(source("audio", s), s) for s in info.audio),
        subtitles=subtitles,
        covers=tuple(CoverRef(source("cover", s), s) for s in info.covers),
    )


def _seen(build: GraphBuilder, cues: SubtitleRef) -> SubtitleRef:
    """*cues* without those that are hidden, or before the clip."""
    if not read_apart(cues.info):
        return cues
    info = as_seen(cues.info)
    return SubtitleRef(build.cut(cues.id, Fraction(0), seen_until(cues.info), info, exact=True), info)


def _turned(build: GraphBuilder, video: VideoRef) -> VideoRef:
    """*video* as players show it, where FFmpeg does not turn it by itself."""
    upright = attrs.evolve(video.info, rotation=0, rotation_by_tag=False)
    turns: dict[int, list[tuple[str, dict[str, OptionValue]]]] = {
        90: [("transpose", {"dir": "clock"})],
        180: [("hflip", {}), ("vflip", {})],
        270: [("transpose", {"dir": "cclock"})],
    }
    build.traits = POINTWISE
    node = video.id
    for name, options in turns.get(video.info.rotation, []):
        node = build.filter([node], name, options, upright)
    return VideoRef(node, upright)


def lower(
    build: GraphBuilder,
    operation: BoundOperation,
    clips: Mapping[str, Sequence[Clip]],
    inferred: Mapping[str, MediaInfo],
    *,
    noop: bool,
) -> dict[str, Clip]:
    """The clips that an operation gives, by output port, as primitives.

    Args:
        build: Where the primitives go.
        operation: The operation.
        clips: The clips at each input port.
        inferred: What the operator says of each output, by port.
        noop: Whether the operator says that it gives its first input back.

    Raises:
        PluginContractError: What `lower` gives is not what `infer` says, or not a clip.
    """
    first = len(build.nodes)
    build.origin, build.traits = operation.path, operation.definition.traits
    work = Lowering(build, clips)
    try:
        made = operation.operator.lower(work)
    except MediaPipelineError:
        raise
    except Exception as error:  # a plugin's method may raise anything
        raise _refusal(operation, f"lower() raised {error!r}") from error
    ports = {operation.definition.outputs[0]: made} if isinstance(made, Clip) else made
    if not isinstance(ports, Mapping):
        _refuse(operation, f"lower() gives {ports!r}, not a Clip")
    each: Collection[object] = ports.values()
    if not all(isinstance(clip, Clip) for clip in each):
        _refuse(operation, f"lower() gives {ports!r}, which are not all clips")
    if set(ports) != set(inferred):
        _refuse(operation, f"lower() gives the ports {sorted(ports)}, and infer() {sorted(inferred)}")
    return {
        port: _with_facts(build, operation, clip, inferred[port], first=first, same=work.clip if noop else None)
        for port, clip in ports.items()
    }


def _refuse(operation: BoundOperation, what: str) -> NoReturn:
    raise _refusal(operation, what)


def _refusal(operation: BoundOperation, what: str) -> PluginContractError:
    provider = type(operation.operator).__module__ + "." + type(operation.operator).__qualname__
    message = f"operator {operation.definition.name!r} at {operation.path}: {what}"
    return PluginContractError(message, provider=provider)


def _with_facts(
    build: GraphBuilder, operation: BoundOperation, clip: Clip, info: MediaInfo, *, first: int, same: Clip | None
) -> Clip:
    """*clip* with the facts that the operator infers, on the nodes that it made."""
    counts = {
        "picture": (int(clip.video is not None), int(info.video is not None)),
        "sound track": (len(clip.audio), len(info.audio)),
        "subtitle track": (len(clip.subtitles), len(info.subtitles)),
        "file": (len(clip.files), len(info.files)),
    }
    for what, (lowered, said) in counts.items():
        if lowered != said:
            _refuse(operation, f"lower() gives {counted(lowered, what)}, infer() says {counted(said, what)}")

    def settle(node: NodeId, facts: Stream, original: NodeId | None) -> None:
        if int(node[1:]) >= first:  # made by this operation, not passed through
            build.nodes[node] = attrs.evolve(build.nodes[node], info=facts, same_as=original)

    video = clip.video
    if video is not None and info.video is not None:
        settle(video.id, info.video, same.video.id if same is not None and same.video is not None else None)
        video = VideoRef(video.id, info.video)
    audio = []
    for at, (track, heard) in enumerate(zip(clip.audio, info.audio, strict=True)):
        settle(track.id, heard, same.audio[at].id if same is not None and at < len(same.audio) else None)
        audio.append(AudioRef(track.id, heard))
    subtitles = []
    for at, (cues, shown) in enumerate(zip(clip.subtitles, info.subtitles, strict=True)):
        settle(cues.id, shown, same.subtitles[at].id if same is not None and at < len(same.subtitles) else None)
        subtitles.append(SubtitleRef(cues.id, shown))
    files = [
        _with_facts(build, operation, each, facts, first=first, same=None)
        for each, facts in zip(clip.files, info.files, strict=True)
    ]
    return attrs.evolve(
        clip, info=info, video=video, audio=tuple(audio), subtitles=tuple(subtitles), files=tuple(files)
    )
