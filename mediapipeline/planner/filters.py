"""The filters of FFmpeg that a node of the StreamGraph stands for. Nothing is known here of the command around them."""

from __future__ import annotations

import math
from fractions import Fraction

from mediapipeline.ffmpeg.filtergraph import Expr, Filter, Value
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timecode import to_microseconds_floor
from mediapipeline.planner import streams as ir
from mediapipeline.planner.options import read_late
from mediapipeline.planner.ticks import MICROSECOND, in_microseconds, ticks_coarsely

__all__ = [
    "as_it_is", "filters_of", "format_filters", "has_palettes", "instance_name", "palette_filters",
]  # fmt: skip

_MADE = ("yuv", "gray", "rgb", "bgr", "gbr")
_UNPAINTED = "bgra"
"""What palettes are made of, and for."""
_AMID = Fraction(3, 8)
"""Of a frame: from so far off on, clocks may tell of each frame another one that it is nearer to."""
_LATER = "+0.0001"
"""Of a tick: more than floating point is off by, and less than any fraction of a tick that times really are."""
_GUESSED = {1: "mono", 2: "stereo"}
"""The layouts that FFmpeg takes so many channels to have, where nobody says."""


def instance_name(origin: str) -> str | None:
    """The name that the filters of an operation carry in FFmpeg's messages: ``op3`` for ``/operations/3``.

    >>> instance_name("/operations/3"), instance_name("/outputs/0/codec")
    ('op3', None)
    """
    head, _, rest = origin.removeprefix("/operations/").partition("/")
    return f"op{head}" if origin.startswith("/operations/") and head.isdigit() and not rest else None


def filters_of(graph: ir.StreamGraph, node: ir.Node, name: str | None) -> tuple[Filter, ...]:
    """What *node* becomes, of those whose filters depend on the graph alone; *name* is that of its operation."""
    match node:
        case ir.Cut():
            return _cut_filters(node, graph.input_of(node), name)
        case ir.Sample():
            return _still_filters(node, graph.input_of(node), name)
        case ir.Filter():
            return (*_clock_of(graph, node, name), Filter(node.name, node.options, name))
        case ir.Retime():
            return _retime_filters(graph, node, name)
        case ir.Shift():
            return _shift_filters(node, name)
        case ir.Frames():
            return _frames_filters(node, name)
        case ir.Concat():
            return _concat_filters(node, name)
    raise TypeError(f"{node!r} is not filters of its own")


def _clock_of(graph: ir.StreamGraph, node: ir.Filter, name: str | None) -> tuple[Filter, ...]:
    """What gives a finer clock to a filter that goes by the time: as the bounds of a cut, it rounds to ticks."""
    alone = node.traits.timed and len(node.inputs) == 1
    return (_finely(name),) if alone and ticks_coarsely(graph.input_of(node).info) else ()


def _finely(name: str | None) -> Filter:
    return Filter("settb", (("expr", Expr("AVTB")),), name)


def _cut_filters(cut: ir.Cut, source: ir.Node, name: str | None) -> tuple[Filter, ...]:
    """What leaves a part, at time 0; nothing where it is the whole.

    Where its first picture is known to be kept, only the times are changed. FFmpeg 5.1 may take it to be a tick earlier
    where times are negative at first (`read_late`), and a bound of just that time would leave it out.
    """
    late = read_late(source)
    end = None if cut.end is None else cut.end + late
    return _part_filters(cut, name, cut.info, cut.start + late, end, bounded=not cut.keeps_first)


def _still_filters(still: ir.Sample, source: ir.Node, name: str | None) -> tuple[Filter, ...]:
    """The frame alone: the output takes no more than the first, but filters would go on with all that follow."""
    if isinstance(source, ir.Source) and source.key_frames:
        return (Filter("setpts", (("expr", Expr("PTS-STARTPTS")),), name),)
    alone = Filter("trim", (("end_frame", 1),), name)
    return (*_part_filters(still, name, source.info, still.time + read_late(source), None), alone)


def _part_filters(
    node: ir.Node, name: str | None, info: Stream, start: Fraction, end: Fraction | None, *, bounded: bool = True
) -> tuple[Filter, ...]:
    prefix = "a" if node.kind == "audio" else ""
    bounds: list[tuple[str, Value]] = []
    if start and bounded:
        bounds.append(("start", _floored(start)))
    if end is not None:
        bounds.append(("end", _floored(end)))
    if not bounds and not start:
        return ()
    filters = [_finely(name)] if ticks_coarsely(info) else []
    if bounds:
        filters.append(Filter(f"{prefix}trim", tuple(bounds), name))
    if start:
        filters.append(_moved(node, -start, name))
    return tuple(filters)


def _shift_filters(shift: ir.Shift, name: str | None) -> tuple[Filter, ...]:
    """What tells all times later."""
    return (_moved(shift, shift.by, name),)


def _moved(node: ir.Node, by: Fraction, name: str | None) -> Filter:
    """Rounded, because FFmpeg computes in floating point and truncates: 1000.9999 would be one tick early.

    What is just between two ticks goes to the later one, wherever reading began: by itself, FFmpeg rounds it away from
    0, and floating point makes a little more or less of it.
    """
    later = "" if by.denominator == 1 else _LATER
    expr = Expr(f"round(PTS{'-' if by < 0 else '+'}({abs(by)})/TB{later})")
    return Filter("asetpts" if node.kind == "audio" else "setpts", (("expr", expr),), name)


def _floored(time: Fraction) -> Fraction:
    return to_microseconds_floor(time) * MICROSECOND


def _retime_filters(graph: ir.StreamGraph, node: ir.Retime, name: str | None) -> tuple[Filter, ...]:
    """The filter repeats the last frame up to the end that it hears of.

    After what ends before its source does, that is the time of whatever frame FFmpeg had read by then (measured: with
    several outputs, 0.6 s of a part of 0.15 s), so the frames of a part are counted; the end is rounded up, for a part
    of less than half a frame is none otherwise. After a filter of several pictures FFmpeg 5.1 takes the last frame to
    end where it begins: there it is shown once more, and the frames are counted as well.
    """
    options: tuple[tuple[str, Value], ...] = (("fps", node.rate), ("round", "near"))
    before = graph.input_of(node)
    while _ends_with_its_input(before):
        before = graph.input_of(before)
    several = isinstance(before, ir.Filter) and len(before.inputs) > 1
    ends_early = isinstance(before, ir.Cut | ir.Filter | ir.Frames) and not several
    # What changes nothing is told to have the clock of its input, not the coarse one that the filter gives.
    clocked = (Filter("settb", (("expr", Expr("AVTB")),), name),) if node.same_as is not None or node.fine else ()
    lasts = node.info.duration
    if lasts is None and isinstance(before, ir.Cut) and (until := _cut_until(graph, before)) is not None:
        # Where it begins may depend on key frames, if it is copied; here it is not.
        lasts = max(until, 1 / node.rate)
    again = (Filter("tpad", (("stop_mode", "clone"), ("stop", 1)), name),) if several else ()
    if node.fill:  # what follows counts the frames of a part
        return (*again, Filter("fps", (*options, ("start_time", 0)), name), *clocked)
    given = graph.input_of(node).info.duration
    barely = given is not None and given * node.rate < 1  # of less than half a frame the filter makes none
    if lasts is None or not (several or ends_early or barely):
        return (Filter("fps", options, name), *clocked)
    paced = Filter("fps", (*options, ("eof_action", "pass")), name)
    frames = round(lasts * node.rate) + round((node.info.start or 0) * node.rate)
    counted = Filter("trim", (("end", _floored(frames / node.rate)),), name)
    return *again, paced, counted, *clocked


def _cut_until(graph: ir.StreamGraph, cut: ir.Cut) -> Fraction | None:
    """How long the part lasts at most that *cut* and those just before it leave."""
    node: ir.Node = cut
    begins, ends = Fraction(0), list[Fraction]()
    while isinstance(node, ir.Cut):
        begins += node.start
        ends += [] if node.end is None else [node.end - begins]
        node = graph.input_of(node)
    return min(ends, default=None)


def _ends_with_its_input(node: ir.Node) -> bool:
    """Whether the end that FFmpeg tells of *node* is what it tells of its one input."""
    if isinstance(node, ir.Cut):
        return node.end is None
    if isinstance(node, ir.Shift):
        return True
    return isinstance(node, ir.Filter) and len(node.inputs) == 1 and node.name != "trim"


def _frames_filters(node: ir.Frames, name: str | None) -> tuple[Filter, ...]:
    """The last frame may stand for longer than one of the rate, and versions differ in how long.

    Times are told in microseconds after that, so that they can be cut between two frames. Where a frame lasts no whole
    number of them, each is brought to its place before: a cut may have moved it by a time that is none either.
    """
    rate = (node.info.frame_rate if isinstance(node.info, VideoStream) else None) or Fraction(1)
    held = math.ceil(node.count / rate / MICROSECOND) * MICROSECOND
    placed = (Filter("fps", (("fps", rate), ("round", "near"), ("start_time", 0)), name),)
    return (
        *(() if in_microseconds(1 / rate) else placed),
        Filter("tpad", (("stop_mode", "clone"), ("stop_duration", held)), name),
        Filter("trim", (("end_frame", node.count),), name),
        _finely(name),
    )


def _concat_filters(node: ir.Concat, name: str | None) -> tuple[Filter, ...]:
    """The filter takes a picture to last as long as those before it on average, so time is counted anew."""
    sound = node.kind == "audio"
    joined = Filter("concat", (("n", len(node.inputs)), ("v", int(not sound)), ("a", int(sound))), name)
    if isinstance(node.info, VideoStream):
        counted = Filter("setpts", (("expr", Expr(f"round(N/({node.info.frame_rate})/TB)")),), name)
        # It changes no frame, but FFmpeg 7.0 forgets the rate at ``setpts``, and with it how long the last one lasts.
        return joined, counted, Filter("fps", (("fps", node.info.frame_rate or 25),), name)
    # Its clock is one of microseconds, and what converts samples after it gives them the clock of samples: a cut before
    # that would round times to other ones than a cut after it.
    clocked = Filter("asettb", (("expr", Expr("1/sr")),), name)
    return joined, clocked, Filter("asetpts", (("expr", Expr("round(N/SR/TB)")),), name)


def format_filters(node: ir.Encode, source: ir.Node) -> tuple[Filter, ...]:
    """What brings frames into the form that the encoder is to be given; nothing where they have it already."""
    if node.kind == "video":
        decoded = (
            source.info.pix_fmt if isinstance(source, ir.Source) and isinstance(source.info, VideoStream) else None
        )
        wanted = _UNPAINTED if has_palettes(node) else node.pix_fmt
        placed = _onto_grid(source.info)
        if wanted in (None, decoded):
            return placed
        asked = Filter("format", (("pix_fmts", wanted),))
        given = source.info.pix_fmt if isinstance(source.info, VideoStream) else None
        # Converted here, and not wherever FFmpeg likes: turned first, rows of odd pictures are others.
        converted = () if given == wanted else (*as_it_is(source.info), Filter("scale"))
        return (*placed, *converted, asked)
    options: list[tuple[str, Value]] = []
    if node.sample_rate is not None:
        options.append(("sample_rates", node.sample_rate))
    if node.channel_layout is not None:
        options.append(("channel_layouts", node.channel_layout))
    # Converted here, and not wherever FFmpeg likes: before it drops what comes before the place that it sought to, and
    # parts of a sample with that (9.0: half of one, of 32 kHz).
    formed = (Filter("aresample"), Filter("aformat", tuple(options))) if options else ()
    return (Filter("aresample", (("async", 1), ("first_pts", 0))), *formed) if node.fill else formed


def _onto_grid(info: Stream) -> tuple[Filter, ...]:
    """What moves evenly spaced pictures that begin amid two frames to the nearer of both, or the later, as encoders do.

    It rounds the time of each. Where a clock does not tell the times of frames exactly, some went to the frame before
    and some to the one after, near a half, which made a gap. Where it does, all go the same way by themselves.
    """
    if not isinstance(info, VideoStream) or not info.frame_rate or info.vfr is not False or not info.start:
        return ()
    if info.time_base is None or (info.frame_rate * info.time_base).numerator == 1:
        return ()
    off = info.start - Fraction((2 * info.start * info.frame_rate + 1) // 2) / info.frame_rate
    if abs(off * info.frame_rate) < _AMID:
        return ()
    return (Filter("setpts", (("expr", Expr(f"round(PTS-({off})/TB)")),)),)


def has_palettes(node: ir.Encode) -> bool:
    """Whether its pictures get a palette each, of the colours in them; FFmpeg by itself has one for all pictures."""
    return node.pix_fmt == "pal8"


def palette_filters() -> tuple[Filter, Filter]:
    """What makes the palette of a picture, and what paints the picture with it: no picture waits for those after it."""
    return Filter("palettegen", (("stats_mode", "single"),)), Filter("paletteuse", (("new", True),))


def as_it_is(info: Stream) -> tuple[Filter, ...]:
    """A filter that holds a stream to the format that it has, where that is known and FFmpeg can make it.

    Samples of a form that nobody knows are what most filters make of any: floating point, which 24 bits fit into.
    """
    if isinstance(info, VideoStream) and info.pix_fmt is not None and info.pix_fmt.startswith(_MADE):
        return (Filter("format", (("pix_fmts", info.pix_fmt),)),)
    if isinstance(info, AudioStream):
        layout = info.channel_layout or _GUESSED.get(info.channels or 0)
        form = (
            ("sample_fmts", info.sample_fmt or "fltp"),
            ("sample_rates", info.sample_rate),
            ("channel_layouts", layout),
        )
        return (Filter("aformat", tuple((name, value) for name, value in form if value is not None)),)
    return ()
