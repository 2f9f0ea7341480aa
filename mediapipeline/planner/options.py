"""The options of FFmpeg that say how an input is read and how a stream of an output is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from mediapipeline.ffmpeg.command import Option, OutputFile
from mediapipeline.ffmpeg.filtergraph import File, InputStream
from mediapipeline.media.container import Container
from mediapipeline.media.encoders import ENCODERS
from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.media.timecode import seconds_text
from mediapipeline.planner import streams as ir
from mediapipeline.planner.ticks import PACKETS_EARLY
from mediapipeline.steps.files import Work

__all__ = [
    "Options", "clock_of_track", "decoder_for", "last_of_animation", "on_grid", "packet_cut", "pass_options",
    "read_late", "reading_options", "sees_through", "segment_options", "stream_options",
]  # fmt: skip

Options: TypeAlias = tuple[Option, ...]

_OWN_CLOCKS = frozenset({"mp4", "mov"})
_TOLD_APART = 45_000
"""Ticks a second that those of a transport stream are rounded to without a doubt."""

_GUESSED_AT_MOST = Fraction(10)
"""Seconds, more than FFmpeg reads too early where it guesses."""

_SEES_THROUGH = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders of codecs that FFmpeg's own decoders leave the transparency out of."""


def decoder_for(info: Stream) -> str | None:
    """The decoder that has to be named for a stream, where FFmpeg's choice would lose something of it."""
    return sees_through(info.codec, info.pix_fmt) if isinstance(info, VideoStream) else None


def sees_through(codec: str | None, pix_fmt: str | None) -> str | None:
    """The decoder to name for pictures with transparency that lies beside them; None for all others."""
    return _SEES_THROUGH.get(codec or "") if (pix_fmt or "").startswith("yuva") else None


def reading_options(source: ir.Source, begins: Fraction) -> Options:
    """How an input is read: by which decoder, from where on, and what of it; *begins* is its first time."""
    decoder = decoder_for(source.info)
    return (*(() if decoder is None else (("c:v", decoder),)), *_place(source, begins))


def _place(source: ir.Source, begins: Fraction) -> Options:
    if not source.key_frames:
        sought: Options = (("ss", seconds_text(source.seek)),) if source.seek else ()
        return (("itsoffset", seconds_text(late)), *sought) if (late := read_late(source)) else sought
    # Told by the clock of the file: shown key frames only, FFmpeg takes it to begin when another stream does.
    at: Options = (("seek_timestamp", "1"), ("ss", seconds_text(source.seek + begins)))
    return (("noaccurate_seek", None), ("skip_frame", "nokey"), *at)


def read_late(source: ir.Node) -> Fraction:
    """By how many seconds the frames of a source come later than its seek says; parts of it are cut so much later.

    Where FFmpeg guesses where to read from, it begins a little early. FFmpeg 5.1 takes what is decoded before -0.1 s in
    such a file for a gap in its times, and closes that: it moves all that follows, by a tick where frames are evenly
    spaced, and by as much as the times of two frames differ from the usual where they are not. Nor may it be by just as
    much as is skipped: FFmpeg 5.1 then counts times from the first stream that is taken.
    """
    if not isinstance(source, ir.Source) or not source.seek or source.access != "guess" or source.key_frames:
        return Fraction(0)
    # No more than 10 s: from there on it would be taken for a gap again.
    return _GUESSED_AT_MOST if source.seek != _GUESSED_AT_MOST else _GUESSED_AT_MOST - 1


def packet_cut(cut: ir.Cut, source: ir.Node) -> Options:
    """How an input is read of which the packets of a part are copied."""
    options: list[tuple[str, str | None]] = []
    sound = source if cut.kind == "audio" and isinstance(source, ir.Source) else None
    if sound is not None and (not sound.seekable or cut.start < sound.first):
        # A seek may lead behind the first packet, so it leads to before it; what comes before time 0 is left out.
        early = min(cut.start, PACKETS_EARLY) if not sound.seekable else cut.start
        options += [("itsoffset", seconds_text(-early))] if early else []
        options += [("ss", seconds_text(cut.start - early))] if cut.start > early else []
    elif cut.start:
        # The key frame that is shown by then is found by when it is decoded.
        ahead = min(source.ahead + source.leads, cut.start) if isinstance(source, ir.Source) else Fraction(0)
        options += [("itsoffset", seconds_text(-ahead))] if ahead else []
        options += [("ss", seconds_text(cut.start - ahead))] if cut.start > ahead else []
    if cut.end is not None:
        options.append(("t", seconds_text(cut.end - cut.start)))
    return tuple(options)


def read_along(file: int, stream: int) -> OutputFile:
    """An output that comes to nothing, of a stream of an input: FFmpeg counts times from it if it is taken.

    It ends by time: of one that ends by a number of packets, FFmpeg 5.1 goes on reading to the end of the file.
    """
    options: Options = (("c", "copy"), ("t", "0.001"))
    return OutputFile(file=None, muxer="null", maps=(InputStream(file, stream),), options=options)


def stream_options(at: int, node: ir.Node, container: Container) -> list[tuple[str, str | None]]:
    """The options of one stream of an output, by its place in the file."""
    options: list[tuple[str, str | None]] = []
    if isinstance(node, ir.Encode):
        options.append((f"c:{at}", node.encoder))
        options.extend((f"{key}:{at}", value) for key, value in node.options)
        if isinstance(node.info, VideoStream) and node.kind == "video" and node.info.frames != 1:
            options.append((f"fps_mode:{at}", "cfr" if node.fill else "vfr"))
            options.append((f"enc_time_base:{at}", _clock(node)))
    else:
        options.append((f"c:{at}", "copy"))
        if container.numbers and isinstance(node.info, VideoStream) and node.info.vfr is False and node.info.frame_rate:
            # Otherwise that of the file, by which there would be pictures without content in between (9.0: 1,000 fps).
            options.append((f"time_base:{at}", str(1 / node.info.frame_rate)))
        if isinstance(node, ir.Copy) and node.clipped:
            options.append((f"copypriorss:{at}", "0"))
        needed = container.copy_filters.get(node.info.codec or "")
        if needed is not None:
            options.append((f"bsf:{at}", needed))
        if decoder_for(node.info) is not None:
            options.append((f"metadata:s:{at}", "alpha_mode=1"))  # without it nobody looks for the transparency
    info = node.info
    if info.language is not None:
        options.append((f"metadata:s:{at}", f"language={info.language}"))
    if info.title is not None:
        options.append((f"metadata:s:{at}", f"title={info.title}"))
    flags = ["attached_pic"] if node.kind == "cover" else [f for f in ("default", "forced") if getattr(info, f)]
    options.append((f"disposition:{at}", "+".join(flags) or "0"))
    return options


def pass_options(at: int, how: str, output: str, number: int) -> list[Option]:
    """What makes an encoder write the statistics of a pass, or read them."""
    name = f"pass-{output}-{at}"
    if how == "x265-params":
        # It takes no path of its own; steps run in the folder of their work files.
        return [(f"x265-params:{at}", f"pass={number}:stats={name}.log")]
    return [(f"pass:{at}", str(number)), (f"passlogfile:{at}", File(Work(name).token))]


def segment_options(sink: ir.Sink, length: Fraction, container: Container) -> Options:
    """A playlist that is complete, of files that are called after it."""
    stem = (sink.part or "").rpartition(".")[0]
    header = () if container.header is None else (("hls_fmp4_init_filename", f"{stem}{container.header}"),)
    return (
        ("hls_time", seconds_text(length)), ("hls_list_size", "0"), ("hls_playlist_type", "vod"),
        ("hls_flags", "independent_segments"),
        # Each playlist has a muxer of its own, which would move its stream by as much as this one needs.
        ("avoid_negative_ts", "disabled"),
        *header,
    )  # fmt: skip


def _clock(node: ir.Encode) -> str:
    """The encoder's unit of time.

    One frame where the rate is constant: FFmpeg's own choice, but for 7.0, which forgets the rate at ``setpts``. Fine
    where it varies: with FFmpeg's choice, frames would be moved and dropped.
    """
    info = node.info
    steady = isinstance(info, VideoStream) and info.vfr is False and info.frame_rate
    return str(1 / steady) if steady else f"1/{ENCODERS[node.encoder].ticks}"


def on_grid(splice: ir.Splice) -> Fraction:
    """When a whole begins, in whole frames, as an encoder has it: of half frames, converters make a mess."""
    rate = splice.info.frame_rate if isinstance(splice.info, VideoStream) else None
    return math.floor(splice.begin * rate + Fraction(1, 2)) / rate if rate else splice.begin


def last_of_animation(nodes: Sequence[ir.Node], container: Container) -> list[Option]:
    """How long the last frame is shown: FFmpeg takes the time of the one before, and 5.1 a tenth where it is alone."""
    if container.tick is None or not isinstance(info := nodes[0].info, VideoStream) or info.vfr or not info.frame_rate:
        return []
    return [("final_delay", str(max(2, round(1 / (info.frame_rate * container.tick)))))]


def clock_of_track(nodes: Sequence[ir.Node], container: Container) -> list[Option]:
    """A clock that a frame of a spliced picture is a whole number of ticks of: a transport stream rounds to its own."""
    rates = [n.info.frame_rate for n in nodes if isinstance(n, ir.Splice) and isinstance(n.info, VideoStream)]
    if container.muxer not in _OWN_CLOCKS or not rates or rates[0] is None:
        return []
    return [("video_track_timescale", str(rates[0].numerator * max(1, _TOLD_APART // rates[0].numerator)))]
