"""Reads the text form of a StreamGraph (`mediapipeline.planner.text`), for fixtures of rules.

Facts that the text does not hold come from `clip_info`: a line ``# in: duration=60s video=hevc`` gives its arguments.
A cut works out the facts of what it gives, everything else passes them on.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.ffmpeg.filtergraph import Expr, Value
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import PacketIndex
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timecode import parse_duration
from mediapipeline.media.timeline import cut_stream, from_zero, still_stream
from mediapipeline.operators.traits import OPAQUE, POINTWISE, TIMED
from mediapipeline.planner.streams import (
    Concat,
    Copy,
    Cut,
    Encode,
    Filter,
    Frames,
    Joined,
    JoinedPart,
    Node,
    Packets,
    Retime,
    Sample,
    Shift,
    Sink,
    Source,
    Splice,
    StreamGraph,
)
from mediapipeline.testing import clip_info
from mediapipeline.testing.fakes import steady_packets

_SOURCE = re.compile(
    r"(?P<input>[\w.-]+):(?P<kind>video|audio|subtitle|cover)(\.(?P<index>\d+))?(#(?P<reading>\d+))?"
    r"(@(?P<seek>[\d./]+)s(?P<keys>k)?)?"
)
_STEP = re.compile(r"(?P<name>\w+)\((?P<inside>.*)\)( \{= (?P<same>[^}]+)\})?")
_TRAITS = dict.fromkeys(("hflip", "vflip", "scale", "setsar"), POINTWISE) | {"fade": TIMED, "afade": TIMED}
_CUT = re.compile(r"(?P<start>[\d./]+)s\.\.((?P<end>[\d./]+)s)?(?P<keyframe>, keyframe)?")


def facts(text: str) -> dict[str, MediaInfo]:
    """The inputs that the comments of *text* describe."""
    found = {}
    for name, given in re.findall(r"^# ([\w.-]+): (.*=.*)$", text, re.MULTILINE):
        arguments: dict[str, Any] = dict(pair.split("=") for pair in given.split())
        for key in ("audio", "sample_rate"):
            if key in arguments:
                arguments[key] = int(arguments[key])
        if "subtitles" in arguments:
            arguments["subtitles"] = arguments["subtitles"].split(",")
        if arguments.get("duration") == "unknown":
            arguments["duration"] = None
        clock = arguments.pop("clock", None)
        ticks = arguments.pop("ticks", None)
        gop = arguments.pop("gop", None)
        header = arguments.pop("header", None)
        leading = arguments.pop("leading", None)
        hidden = arguments.pop("hidden", None)
        info = from_zero(clip_info(**arguments))
        if clock is not None:
            info = attrs.evolve(info, audio=tuple(attrs.evolve(s, time_base=Fraction(clock)) for s in info.audio))
        if ticks is not None and info.video is not None:
            even = (1 / (info.video.frame_rate or Fraction(1)) / Fraction(ticks)).denominator == 1
            info = attrs.evolve(info, video=attrs.evolve(info.video, time_base=Fraction(ticks), even=even))
        if gop is not None and info.video is not None:  # as its packets are looked at, which takes more than this
            info = attrs.evolve(
                info, video=attrs.evolve(info.video, profile="High", interlaced=False, vfr=False, reorder=int(gop))
            )
        if leading is not None and info.video is not None:
            info = attrs.evolve(info, video=attrs.evolve(info.video, leading=int(leading)))
        if hidden is not None and info.video is not None:
            cues = tuple(attrs.evolve(s, preroll=Fraction(hidden)) for s in info.subtitles)
            info = attrs.evolve(info, video=attrs.evolve(info.video, preroll=Fraction(hidden)), subtitles=cues)
        found[name] = info if header is None else described(info, header)
    return found


def described(info: MediaInfo, header: str = "aa") -> MediaInfo:
    """*info* with what an MP4 file tells of how its streams are coded; *header* stands for what a decoder is told."""
    video = info.video
    if video is not None:
        video = attrs.evolve(video, profile="High", interlaced=False, extradata=header, preroll=Fraction(0))
    tracks = [(track, Fraction(1024, track.sample_rate or 48000)) for track in info.audio]
    audio = tuple(
        attrs.evolve(track, profile="LC", extradata=header, packet=packet, preroll=packet) for track, packet in tracks
    )
    return attrs.evolve(info, video=video, audio=audio)


def parse(text: str, inputs: dict[str, MediaInfo] | None = None) -> StreamGraph:
    """The graph that *text* shows."""
    return _Parser({} if inputs is None else inputs).graph(text)


class _Parser:
    def __init__(self, inputs: dict[str, MediaInfo]) -> None:
        self.inputs = inputs
        self.nodes: dict[str, Node] = {}
        self.names: dict[str, str] = {}
        self.sinks: dict[str, list[str]] = {}

    def graph(self, text: str) -> StreamGraph:
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                self.line(line.strip())
        for output, streams in self.sinks.items():
            first = self.nodes[streams[0]]
            self.nodes[f"out-{output}"] = Sink(
                id=f"out-{output}", kind="video", inputs=tuple(streams), info=first.info, origin="/outputs/0",
                output=output.split("/")[0], part=output.partition("/")[2] or None, container="mkv", media=MediaInfo(),
            )  # fmt: skip
        return StreamGraph(self.nodes)

    def line(self, line: str) -> None:
        name, equals, chain = line.partition(" = ") if re.match(r"\w+ = ", line) else ("", "", line)
        head, *steps = chain.split(" → ")
        here = [self.start(each) for each in head.split(", ")]
        last = steps if equals else steps[:-1]
        for step in last:
            here = [self.step(step, here)]
        if equals:
            self.names[name] = here[0]
        else:
            self.sinks.setdefault(steps[-1], []).append(here[0])

    def start(self, name: str) -> str:
        if name in self.names:
            return self.names[name]
        match = _SOURCE.fullmatch(name)
        assert match, f"neither a stream of an input nor a name: {name!r}"
        info = self.inputs.setdefault(match["input"], from_zero(clip_info()))
        kind = match["kind"]
        streams = [s for s in info.streams if s.kind == kind]
        stream = next(s for s in streams if match["index"] in (None, str(s.index)))
        packets = _packets(stream)
        if packets is not None and isinstance(stream, VideoStream):
            stream = attrs.evolve(stream, reorder=0)  # as they are
        self.names[name] = self.add(Source, [], kind=kind, info=stream, input=match["input"], origin="/inputs/0",
            seekable=info.format != "mpegts",
            access={"mpegts": "guess", "avi": "scan"}.get(info.format or "", "index"),
            reading=int(match["reading"] or 1) - 1, seek=Fraction(match["seek"] or 0),
            key_frames=match["keys"] is not None, packets=packets,
        )  # fmt: skip
        return self.names[name]

    def add(self, cls: type[Node], inputs: list[str], **fields: Any) -> str:
        node = cls(id=f"n{len(self.nodes)}", inputs=tuple(inputs), **{"origin": "/operations/0", **fields})
        self.nodes[node.id] = node
        return node.id

    def step(self, step: str, inputs: list[str]) -> str:
        source = self.nodes[inputs[0]]
        kind, info = source.kind, source.info
        if step == "copy":
            return self.add(Copy, inputs, kind=kind, info=info)
        if step == "splice()":
            return self.add(Splice, inputs, kind=kind, info=info)
        match = _STEP.fullmatch(step)
        assert match, f"not a step: {step!r}"
        name, inside = match["name"], match["inside"]
        same = {"same_as": self.names[match["same"]]} if match["same"] and name != "concat" else {}
        if name == "cut":
            bounds = _CUT.fullmatch(inside)
            assert bounds, f"not a cut: {inside!r}"
            start, exact = parse_duration(Fraction(bounds["start"])), bounds["keyframe"] is None
            end = None if bounds["end"] is None else Fraction(bounds["end"])
            after = cut_stream(info, start, end, exact=exact)
            return self.add(Cut, inputs, kind=kind, info=after, start=start, end=end, exact=exact, **same)
        if name == "sample":
            time, _, keyframe = inside.partition(", ")
            assert isinstance(info, VideoStream)
            return self.add(
                Sample, inputs, kind=kind, info=still_stream(info), time=Fraction(time.rstrip("s")),
                exact=keyframe != "keyframe", **same,
            )  # fmt: skip
        if name == "retime":
            rate, _, filled = inside.partition(", ")
            assert isinstance(info, VideoStream)
            paced = attrs.evolve(
                info, frame_rate=Fraction(rate), vfr=False, even=True, frames=None, time_base=1 / Fraction(rate)
            )
            return self.add(
                Retime, inputs, kind=kind, info=paced, rate=Fraction(rate), fill=filled == "filled", **same
            )  # fmt: skip
        if name == "frames":
            assert isinstance(info, VideoStream)
            lasts = Fraction(int(inside)) / (info.frame_rate or 1)
            counted = attrs.evolve(info, duration=lasts, time_base=Fraction(1, 1_000_000))
            return self.add(Frames, inputs, kind=kind, info=counted, count=int(inside), **same)
        if name == "shift":
            by = Fraction(inside.rstrip("s"))
            assert isinstance(info, VideoStream | AudioStream)
            later = attrs.evolve(info, start=(info.start or 0) + by)
            return self.add(Shift, inputs, kind=kind, info=later, by=by, **same)
        if name == "concat":
            lengths = [self.nodes[each].info.duration for each in inputs]
            known = [length for length in lengths if length is not None]
            whole = sum(known, Fraction(0)) if len(known) == len(lengths) else None
            made_of = [None if each == "-" else self.start(each) for each in (match["same"] or "").split(", ") if each]
            return self.add(
                Concat, inputs, kind=kind, info=attrs.evolve(info, duration=whole), made_of=tuple(made_of)
            )  # fmt: skip
        if name == "joined":
            parts = tuple(JoinedPart(length=Fraction(each.rstrip("s"))) for each in inside.split(", "))
            return self.add(Joined, inputs, kind=kind, info=info, parts=parts)
        if name == "packets":
            begins, frames = inside.split("s, ")
            return self.add(
                Packets,
                inputs,
                kind=kind,
                info=info,
                start=Fraction(begins),
                after=Fraction(begins),
                frames=int(frames),
            )
        if name == "encode":
            settings, _, copies = inside.partition("; copy ")
            encoder, *options = settings.split(", ")
            given = dict(option.split("=", 1) for option in options)
            pix_fmt = given.pop("pix_fmt", None)
            return self.add(
                Encode, inputs, kind=kind, info=attrs.evolve(info, codec="encoded"), encoder=encoder,
                options=tuple(given.items()), pix_fmt=pix_fmt, copy_codecs=frozenset(copies.split()),
                origin="/outputs/0",
            )  # fmt: skip
        pairs = [pair.split("=", 1) for pair in inside.split(", ") if pair]
        return self.add(
            Filter, inputs, kind=kind, info=info, name=name, options=tuple((key, _value(v)) for key, v in pairs),
            traits=_TRAITS.get(name, OPAQUE), **same,
        )  # fmt: skip


def _packets(info: Stream) -> PacketIndex | None:
    """Those of a picture of which a fixture gives the groups of pictures, kept where nothing else is."""
    return steady_packets(info, info.reorder) if isinstance(info, VideoStream) and info.reorder else None


def _value(text: str) -> Value:
    if text.startswith("`"):
        return Expr(text.strip("`"))
    return int(text) if re.fullmatch(r"-?\d+", text) else text
