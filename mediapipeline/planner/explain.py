"""A plan as text for people: what runs, what is copied, what is encoded, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mediapipeline.ffmpeg.filtergraph import InputStream, number_text
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timecode import format_clock
from mediapipeline.media.values import to_dict
from mediapipeline.planner.sharing import shared_by
from mediapipeline.steps.files import Asset, Source
from mediapipeline.steps.late import Case
from mediapipeline.steps.listing import is_listing, members_of
from mediapipeline.steps.pipes import joined
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import FFmpegStep

if TYPE_CHECKING:
    from mediapipeline.planner.plan import PlannedOperation, PlannedOutput, PlannedStream, ProcessingPlan

__all__ = ["describe_media", "describe_parameters", "explain", "explain_json"]

_INPUT = Source("").token
_ASSET = Asset("").token
_INPUTS_SHOWN = 6
_MIGHT_COPY = re.compile(r"; copy [^)]*")
"""The codecs that an encoder might have copied: too many to read."""
_ONLY_KEY_FRAMES = ("skip_frame", "nokey")
_OPERATION = re.compile(r"(?<!\S)/operations/\d+\b")
_KILO = 1000
_FILES_SHOWN = 3


def explain(plan: ProcessingPlan, *, verbose: bool = False) -> str:
    """See `ProcessingPlan.explain`."""
    counts = (("input", plan.inputs), ("operation", plan.operations), ("output", plan.outputs), ("step", plan.steps))
    lines = ["plan: " + ", ".join(f"{len(items)} {word}{'' if len(items) == 1 else 's'}" for word, items in counts)]
    lines += ["", "inputs"]
    for source in plan.inputs:
        lines.append(f"  {source.id}: {source.source}")
        lines.append(f"    {describe_media(source.media)}")
    if plan.operations:
        lines += ["", "operations"]
    width = len(str(len(plan.operations)))
    for number, operation in enumerate(plan.operations, 1):
        parameters = describe_parameters(operation)
        edges = f"{' + '.join(operation.inputs)} → {', '.join(operation.outputs)}"
        done = f" (left out: {operation.left_out})" if operation.left_out else _cost(operation.resources)
        lines.append(f"  {number:>{width}}. {operation.op}({parameters}): {edges}{done}")
    lines += ["", "outputs"]
    for output in plan.outputs:
        lines += _output(output)
    lines += ["", "steps"]
    width = len(str(len(plan.steps)))
    for number, step in enumerate(plan.steps, 1):
        needs = f", after {', '.join(step.needs)}" if step.needs else ""
        lines.append(f"  {number:>{width}}. {step.id}: {step.title}{needs}{_whole_cost(step.resources)}")
        if isinstance(step, FFmpegStep):
            lines += _reads(plan, step)
            lines += _late(step)
    lines += [
        f"  joined by pipes: {', '.join(step.id for step in group)}" for group in joined(plan.steps) if len(group) > 1
    ]
    if plan.decisions:
        lines += ["", "decisions"]
        lines += _decisions(plan)
    if verbose:
        if not plan.trace:
            lines += ["", "streams: left out, there are too many to read"]
        for rewrite in plan.trace:
            lines += ["", f"streams {f'after {rewrite.by}' if rewrite.by else 'as the job says'}"]
            lines += [f"  {_MIGHT_COPY.sub('', line)}" for line in rewrite.graph.splitlines()]
    lines += ["", f"in total{_whole_cost(plan.resources)}"]
    return "\n".join(lines) + "\n"


def explain_json(plan: ProcessingPlan) -> dict[str, Any]:
    """See `ProcessingPlan.explain_json`."""
    return {
        "outputs": [
            {
                "id": output.id,
                "destination": output.destination,
                "step": output.step,
                "streams": [{"how": "copy" if s.encoder is None else "encode", **to_dict(s)} for s in output.streams],
            }
            for output in plan.outputs
        ],
        "steps": [
            {"id": step.id, "title": step.title, "reads": _readings(plan, step) if isinstance(step, FFmpegStep) else []}
            for step in plan.steps
        ],
        "decisions": [to_dict(decision) for decision in plan.decisions],
        "trace": [to_dict(rewrite) for rewrite in plan.trace],
    }


def _readings(plan: ProcessingPlan, step: FFmpegStep) -> list[dict[str, Any]]:
    """Which inputs of the job a step reads, each as often as it is opened, from when on, and for which streams.

    With ``key_frame``, nothing is left out of what is read: it begins with the key frame at that time, or before it.
    """
    taken = _taken(step)
    copied = {
        (pad.input, pad.index)
        for output in step.command.outputs
        for pad, copies in zip(output.maps, output.copied, strict=True)
        if copies and isinstance(pad, InputStream)
    }
    alone = []
    for at, file in enumerate(step.command.inputs):
        if file.file.startswith(_INPUT):
            name = file.file.removeprefix(_INPUT)
            media = next(source.media for source in plan.inputs if source.id == name)
            kinds = dict.fromkeys(stream.kind for stream in media.streams if stream.index in taken.get(at, ()))
            begin = _from_the_start(dict(file.options), media)
            reading = {"input": name, "from": begin, "streams": list(kinds)}
            pictures = [stream.index for stream in media.streams if stream.kind == "video"]
            whole = _ONLY_KEY_FRAMES in file.options or any((at, index) in copied for index in pictures)
            at_key_frame = begin != "0" and whole
            alone.append({**reading, "key_frame": True} if at_key_frame else reading)
    listed = (name for names in _listed(plan, step) for name in names if name is not None)
    return [*alone, *({"input": name, "from": "0"} for name in listed)]


def _from_the_start(options: Mapping[str, object], media: MediaInfo) -> str:
    """When an input is read from, seconds from its start; edges of smart cuts are read by its own clock."""
    begin = str(options.get("ss", "0"))
    if begin == "0" or "seek_timestamp" not in options or not media.start:
        return begin
    return number_text(round(Fraction(begin) - media.start, 3))  # such times are cut to microseconds


def _taken(step: FFmpegStep) -> dict[int, set[int]]:
    """The streams that are taken of each file that a command reads, by their places."""
    chains = () if step.command.graph is None else step.command.graph.chains
    pads = [pad for chain in chains for pad in chain.inputs]
    pads += [pad for output in step.command.outputs for pad in output.maps]
    found: dict[int, set[int]] = {}
    for pad in pads:
        if isinstance(pad, InputStream):
            found.setdefault(pad.input, set()).add(pad.index)
    return found


def _listed(plan: ProcessingPlan, step: FFmpegStep) -> list[list[str | None]]:
    """The inputs in each list of files that a step reads; None for what a step before it has encoded."""
    lists = [file.file for file in step.command.inputs if is_listing(file.demuxers)]
    members = [members_of(plan.assets[name.removeprefix(_ASSET)]) for name in lists]
    return [
        [token.removeprefix(_INPUT) if token.startswith(_INPUT) else None for token in tokens] for tokens in members
    ]


def _reads(plan: ProcessingPlan, step: FFmpegStep) -> Iterable[str]:
    """Where reading does not begin at the start, and what is done once for several outputs."""
    several: dict[str, list[dict[str, Any]]] = {}
    for each in _readings(plan, step):
        if "streams" in each:  # else of a list, of which more is said below
            several.setdefault(each["input"], []).append(each)
    late = [
        f"{name} from {'the key frame at or before ' * ('key_frame' in each)}{each['from']} s"
        + (f" ({', '.join(each['streams'])})" if len(readings) > 1 else "")
        for name, readings in several.items()
        if any(each["from"] != "0" for each in readings)
        for each in readings
    ]
    if late:
        yield f"     reads {', '.join(dict.fromkeys(late))}"
    for names in dict.fromkeys(map(tuple, _listed(plan, step))):
        shown = ", ".join(name or "an edge" for name in names[:_INPUTS_SHOWN])
        shown += ", …" if len(names) > _INPUTS_SHOWN else ""
        yield f"     reads one after the other, packet by packet: {shown}"
    written = [output for output in step.command.outputs if output.file is not None]
    if len(written) > 1:
        shared = shared_by(step.command)
        once = "" if shared == "nothing" else f": what they share is {shared} once"
        yield f"     {len(written)} files from one process{once}"


def _late(step: FFmpegStep) -> Iterable[str]:
    """What a step measures, and what it will do when it knows what others measured."""
    for name, found in step.measures.items():
        yield f"     measures {name}: {', '.join(found.fields)}"
    alike: dict[tuple[Case, ...], list[str]] = {}
    for place in step.late:
        alike.setdefault(place.cases, []).append(place.measure)
    for cases, measures in alike.items():
        yield f"     chosen by {', '.join(measures)}, the first that holds:"
        yield from (f"       {case.told()}" for case in cases)


def _output(output: PlannedOutput) -> Iterable[str]:
    yield f"  {output.id}: {output.destination} ({output.container}{_length(output)})"
    yield from _streams(output.streams, output.media, "    ")
    for file in output.files[:_FILES_SHOWN]:
        yield f"    {file.name}"
        yield from _streams(file.streams, file.media, "      ")
    if len(output.files) > _FILES_SHOWN:
        yield f"    and {len(output.files) - _FILES_SHOWN} more"


def _decisions(plan: ProcessingPlan) -> Iterable[str]:
    ops = {operation.path: operation.op for operation in plan.operations}
    for each in plan.decisions:
        text = _OPERATION.sub(lambda path: f"{ops[path[0]]} ({path[0]})" if path[0] in ops else path[0], each.text)
        subject = f"{ops[each.subject]}, {each.subject}" if each.subject in ops else each.subject
        yield f"  {'! ' if each.warning else ''}{each.by}: {text} ({subject})"


def _length(output: PlannedOutput) -> str:
    if output.files:
        return f", {_files(len(output.files))}"
    if output.media.duration is not None:
        return f", {format_clock(output.media.duration)}"
    checked = output.expectation.duration  # of a part that begins at a key frame, nobody knows how long it is
    return f", at least {format_clock(checked.low)}" if checked is not None and checked.low else ""


def _streams(streams: Iterable[PlannedStream], media: MediaInfo, indent: str) -> Iterable[str]:
    for stream, info in zip(streams, media.streams, strict=True):
        how = f"encode {stream.encoder}" if stream.encoder is not None else "copy"
        yield f"{indent}{stream.kind}: {how} → {_stream(info)}; {stream.reason}"


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"


def describe_parameters(operation: PlannedOperation) -> str:
    """The parameters of an operation that are not left to default, each no longer than can be read."""
    return ", ".join(f"{key}={_shown(value)}" for key, value in operation.parameters.items())


def _shown(value: object) -> str:
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _cost(resources: Resources) -> str:
    parts = []
    if resources.cpu_seconds:
        parts.append(f"{_number(resources.cpu_seconds)} CPU s")
    if resources.memory:
        parts.append(f"{resources.memory / _KILO**2:.0f} MB memory")
    if resources.disk_read:
        parts.append(f"{_bytes(resources.disk_read)} read")
    if resources.disk_written:
        parts.append(f"{_bytes(resources.disk_written)} written")
    return f" (about {', '.join(parts)})" if parts else ""


def _whole_cost(resources: Resources) -> str:
    """The same, with what is not known of the time; for what has a cost of its own."""
    if resources.cpu_seconds is not None:
        return _cost(resources)
    known = _cost(resources)
    return f"{known.removesuffix(')')}; CPU time unknown)" if known else " (CPU time unknown)"


def _number(value: Fraction) -> str:
    return f"{float(value):.2g}" if value < 10 else f"{float(value):.0f}"


def _bytes(value: int) -> str:
    return f"{value / _KILO:.0f} kB" if value < _KILO**2 else f"{value / _KILO**2:.1f} MB"


def describe_media(info: MediaInfo) -> str:
    """One line: length and streams.

    >>> from mediapipeline.media.info import MediaInfo
    >>> describe_media(MediaInfo(duration=Fraction(5), video=VideoStream(index=0, codec="h264", width=64, height=48)))
    '00:00:05, h264 64x48'
    """
    if info.files:
        return f"{_files(len(info.files))}: {describe_media(info.files[0])}" + ", …" * (len(info.files) > 1)
    length = "one picture" if info.still else "length unknown" if info.duration is None else format_clock(info.duration)
    return ", ".join([length, *(_stream(stream) for stream in info.streams)])


def _stream(info: Stream) -> str:
    words = [info.codec or "unknown"]
    match info:
        case VideoStream():
            words.append(f"{info.width}x{info.height}")
            if info.frame_rate is not None and info.frames != 1:
                rate = info.frame_rate
                text = str(rate.numerator) if rate.denominator == 1 else f"{float(rate):.6g}"
                words.append(f"{'about ' if info.vfr else ''}{text} fps")
            if info.rotation:
                words.append(f"rotated {info.rotation}°")
        case AudioStream():
            words += [info.channel_layout or f"{info.channels or '?'} channels"]
            if info.sample_rate is not None:
                words.append(f"{info.sample_rate} Hz")
    if info.language is not None:
        words.append(info.language)
    return " ".join(words)
