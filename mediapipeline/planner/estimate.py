"""What work costs: a small model over the StreamGraph.

Every node costs CPU time for each pixel (sample, packet) that it looks at, and every process for its start. The figures
are measured (`mediapipeline.planner.costs`) and need to be right only within a small factor. Memory is that of a
process that copies, plus the frames that decoders and encoders hold. Where a duration is unknown, so is the cost.
Costs are counted in whole picoseconds: of jobs with thousands of operations, fractions would take as long as the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import attrs

from mediapipeline.media.encoders import CODECS, ENCODERS
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner import costs
from mediapipeline.planner import streams as ir
from mediapipeline.planner.filters import has_palettes
from mediapipeline.planner.lengths import is_untold, with_lengths
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.opened import bytes_read, lead_of, opened_by, packets_in, packets_read
from mediapipeline.steps.resources import Resources

__all__ = [
    "LITTLE",
    "estimate_custom",
    "estimate_kept",
    "estimate_measures",
    "estimate_nodes",
    "estimate_packets",
    "estimate_sinks",
    "processor_cores",
    "total",
    "with_own",
]

LITTLE = Resources(
    cpu_seconds=Fraction(1, 20),
    memory=40_000_000,
    disk_space=100_000,
    disk_read=100_000,
    disk_written=100_000,
    duration=Fraction(1, 20),
)
"""What a step takes that reads and writes a text, such as subtitles."""

_FREE = frozenset(
    """
    setsar setdar settb setpts asettb asetpts trim atrim null anull split asplit tpad apad setparams setrange concat
    copy acopy sidedata asidedata metadata ametadata
    """.split()
)  # no pixel is touched by them
_ONLY_CHOOSE = (ir.Cut, ir.Sample, ir.Retime, ir.Shift, ir.Frames, ir.Concat, ir.Received)
_NO_CODING = frozenset({"rawvideo", "wrapped_avframe"})
_CUSTOM = 10  # nanoseconds a pixel, where the operator does not say
_PALETTE = 100  # nanoseconds a pixel, to choose the colours of its picture and to paint it with them
_PICO = 1_000_000_000_000
_LOOKING_AHEAD = frozenset({"libx264", "libx265", "libvpx", "libvpx-vp9", "libaom-av1", "libsvtav1"})
_FEW = 3  # frames that other encoders hold
_FRAME = Fraction(3, 2)  # bytes a pixel
_LOSSLESS = 1  # bytes a pixel, coded without loss
_SAMPLE = 16  # bits a sample, coded without loss
_BITS = Fraction(1, 10)  # coded bits a pixel, where no bit rate is given


def _amount(info: Stream, duration: Fraction | None) -> int | None:
    """Whole pixels or samples in *duration* seconds of a stream."""
    if isinstance(info, VideoStream):
        pixels, rate = info.width * info.height, info.frame_rate
        if info.frames == 1:
            return pixels
        if duration is None or rate is None:
            return None
        return duration.numerator * rate.numerator * pixels // (duration.denominator * rate.denominator)
    if duration is None:
        return None
    if isinstance(info, AudioStream):
        return duration.numerator * (info.sample_rate or 48000) * (info.channels or 2) // duration.denominator
    return 0


def _read_until(graph: ir.StreamGraph, source: ir.Source, members: set[str]) -> Fraction | None:
    """Seconds of a source that are decoded: to the last end of its cuts, or to its own end."""
    ends: list[Fraction | None] = []
    for user in graph.consumers.get(source.id, ()):
        node = graph[user]
        if user in members and not isinstance(node, ir.Copy):
            if isinstance(node, ir.Sample):
                ends.append(node.time * (not source.key_frames))
            else:
                ends.append(node.end if isinstance(node, ir.Cut) and node.end is not None else source.info.end)
    if not ends:  # it is handed on as it is
        return source.info.end
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    return min(max(known), source.info.end) if source.info.end is not None else max(known)


def _cost(graph: ir.StreamGraph, node: ir.Node, members: set[str]) -> int | None:
    """CPU picoseconds of one node; None where unknown."""
    if node.kind not in ("video", "audio") or _costs_nothing(graph, node):
        return 0
    per_unit: int
    amount = _amount(node.info, node.info.duration)
    match node:
        case ir.Source():
            until = _read_until(graph, node, members)
            amount = _amount(node.info, None if until is None else until + lead_of(node))
            other = costs.DECODE_OTHER if node.kind == "video" else costs.DECODE_SOUND
            per_unit = _picos(costs.DECODE.get(node.info.codec or "", other))
        case ir.Filter():
            amount = _larger(graph, node, amount)
            per_unit = _filtering(node.kind, node.name)
        case ir.Measure():
            amount = _larger(graph, node, amount)
            per_unit = _measuring(node)
        case ir.Choice():
            per_unit = _picos(costs.FILTER_OTHER if node.kind == "video" else costs.SOUND_FILTER_OTHER)
        case ir.Custom(resources=Resources(cpu_seconds=Fraction() as seconds)):
            return int(seconds * _PICO)
        case ir.Custom():
            per_unit = _picos(_CUSTOM if node.kind == "video" else costs.SOUND_FILTER_OTHER)
        case ir.Encode():
            per_unit = _encoding(node)
        case ir.Copy() | ir.Splice():
            return int(packets_in(node.info, node.info.duration) * _picos(costs.COPY))
        case _:
            return 0
    return None if amount is None else amount * per_unit


def _costs_nothing(graph: ir.StreamGraph, node: ir.Node) -> bool:
    """Whether it touches no pixel and no sample, as most of the nodes that joined parts are made of."""
    if isinstance(node, ir.Filter):
        return node.name in _FREE or (node.name == "format" and _in_that_format(graph, node))
    return isinstance(node, _ONLY_CHOOSE)


def _filtering(kind: str, name: str) -> int:
    """Picoseconds that a filter takes for a pixel or a sample."""
    if kind == "audio":
        return _picos(costs.SOUND_FILTER.get(name, costs.SOUND_FILTER_OTHER))
    return _picos(costs.FILTER.get(name, costs.FILTER_OTHER))


def _measuring(node: ir.Measure) -> int:
    """Picoseconds that filters in a row take for a pixel or a sample of their input, also if they change its rate."""
    taken, many = Fraction(0), Fraction(1)
    for part in node.filters:
        before, rate = many, dict(part.options).get("sample_rate")
        if isinstance(node.info, AudioStream) and isinstance(rate, int):
            many = Fraction(rate, node.info.sample_rate or 48000)
        taken += max(before, many) * _filtering(node.kind, part.name)
    return int(taken)


def _in_that_format(graph: ir.StreamGraph, node: ir.Node) -> bool:
    """Whether nothing is converted, as far as is known."""
    source = graph.nodes.get(node.inputs[0])
    before = source.info if source is not None else None
    return isinstance(before, VideoStream) and before.pix_fmt is not None and before.pix_fmt == _pix_fmt(node)


def _pix_fmt(node: ir.Node) -> str | None:
    return node.info.pix_fmt if isinstance(node.info, VideoStream) else None


@lru_cache
def _picos(nanoseconds: float) -> int:
    return round(nanoseconds * 1000)


def _encoding(node: ir.Encode) -> int:
    """Picoseconds a pixel or a sample."""
    if node.encoder in _NO_CODING or node.encoder.startswith("pcm_"):
        return 0
    if node.kind == "audio":
        return _picos(costs.ENCODE_SOUND)
    usual = _picos(costs.ENCODE.get(node.encoder, costs.ENCODE_OTHER))
    if has_palettes(node):
        usual += _picos(_PALETTE)
    return round(usual * costs.PRESET.get(_preset(node), 1))


def _preset(node: ir.Encode) -> str:
    return dict(node.options).get("preset", "medium")


def _larger(graph: ir.StreamGraph, node: ir.Node, amount: int | None) -> int | None:
    """The pixels that go in, or those that come out: whichever are more."""
    source = graph.nodes.get(node.inputs[0]) if node.inputs else None
    if source is None or amount is None or _as_many(source.info, node.info):
        return amount
    taken = _amount(source.info, node.info.duration)
    return None if taken is None else max(amount, taken)


def _as_many(one: Stream, other: Stream) -> bool:
    """Whether two streams surely have as many pixels, or samples, a second."""
    if isinstance(one, AudioStream) and isinstance(other, AudioStream):
        return (one.sample_rate, one.channels) == (other.sample_rate, other.channels)
    return one is other


def _held(node: ir.Node) -> int:
    """Bytes of the frames that a decoder or an encoder holds."""
    if not isinstance(node.info, VideoStream):
        return 0
    frames: float = 0
    if isinstance(node, ir.Source):
        frames = costs.DECODER_FRAMES
    elif isinstance(node, ir.Encode):
        ahead = node.encoder in _LOOKING_AHEAD
        frames = costs.ENCODER_FRAMES.get(_preset(node), costs.ENCODER_FRAMES["medium"]) if ahead else _FEW
    else:
        return 0
    return int(node.info.width * node.info.height * _FRAME * round(frames))


def _members(graph: ir.StreamGraph, sinks: Sequence[ir.Node]) -> list[ir.Node]:
    """What a process for *sinks* works on."""
    return graph.upstream((sink.id for sink in sinks), lambda n: () if isinstance(n, ir.Copy) else n.streams)


def estimate_sinks(
    graph: ir.StreamGraph, sinks: Sequence[ir.Node], machine: Machine, media: Mapping[str, MediaInfo]
) -> Resources:
    """What writing *sinks* in one process uses on *machine*; *media* holds the facts of inputs by their ids."""
    nodes = _members(graph, sinks)
    if any(is_untold(node.info) for node in nodes):
        graph = with_lengths(graph, sinks, media)
        nodes = _members(graph, sinks)
    members = {node.id for node in nodes}
    each = [_cost(graph, node, members) for node in nodes if not isinstance(node, ir.Sink)]
    known = None if any(cost is None for cost in each) else [cost for cost in each if cost]
    files = opened_by(graph, sinks)
    start = Fraction(costs.START, 1000) + Fraction(len(files) * _picos(costs.OPEN), 1_000_000)
    reading = int(packets_read(files, media) * _picos(costs.READ))
    cpu = start + Fraction(sum(known, reading), _PICO) if known is not None else None
    memory = costs.PROCESS_MEMORY + sum(map(_held, nodes))
    sizes = [_size(graph, sink) for sink in sinks]
    written = sum(size for size in sizes if size is not None) if None not in sizes else None
    duration = None if cpu is None else max(cpu / min(machine.cores, processor_cores(graph, sinks)), Fraction(1, 20))
    return Resources(
        cpu_seconds=_rounded(cpu), memory=memory, disk_space=written, disk_read=bytes_read(files, media),
        disk_written=written, duration=_rounded(duration),
    )  # fmt: skip


def estimate_measures(
    graph: ir.StreamGraph, measures: Sequence[ir.Node], machine: Machine, media: Mapping[str, MediaInfo]
) -> Resources:
    """What *measures*, or other streams that become no file, use in one process: nothing is written."""
    return attrs.evolve(estimate_sinks(graph, measures, machine, media), disk_space=0, disk_written=0)


def estimate_custom(node: ir.Custom) -> Resources:
    """What a step of a plugin's own uses: what its operator says, and a guess where it says nothing."""
    said = Resources() if node.resources is None else node.resources
    cost = _cost(ir.StreamGraph({node.id: node}), node, set())
    seconds = None if cost is None else Fraction(cost, _PICO)
    return attrs.evolve(
        said,
        cpu_seconds=_rounded(seconds),
        memory=2 * costs.PROCESS_MEMORY if said.memory is None else said.memory,
        disk_space=said.disk_space or 0,
        disk_read=said.disk_read or 0,
        disk_written=said.disk_written or 0,
        duration=_rounded(seconds) if said.duration is None else said.duration,
    )


def estimate_packets(infos: Sequence[Stream]) -> Resources:
    """What writing the packets of streams to files uses, in one process."""
    size = sum(int(bits / 8) for info in infos if (bits := _coded(info)) is not None)
    packets = sum(packets_in(info, info.duration) for info in infos)
    cpu = _rounded(Fraction(costs.START, 1000) + Fraction(int(packets * _picos(costs.COPY)), _PICO))
    return Resources(
        cpu_seconds=cpu, memory=costs.PROCESS_MEMORY, disk_space=size, disk_read=size, disk_written=size, duration=cpu
    )


def _coded(info: Stream) -> Fraction | None:
    """Bits of packets, roughly."""
    if info.duration is None:
        return None
    if info.bit_rate is not None:
        return info.bit_rate * info.duration
    amount = _amount(info, info.duration)
    return amount * _BITS if isinstance(info, VideoStream) and amount is not None else 128_000 * info.duration


def estimate_kept(node: ir.Custom) -> Resources:
    """What writing the stream of *node* to a file uses, without loss."""
    amount = _amount(node.info, node.info.duration)
    per_unit, size = (_picos(costs.ENCODE["ffv1"]), _LOSSLESS) if node.kind == "video" else (_picos(1), 8)
    seconds = None if amount is None else _rounded(Fraction(amount * per_unit, _PICO))
    written = None if amount is None else int(amount * size)
    return Resources(
        cpu_seconds=seconds, memory=costs.PROCESS_MEMORY, disk_space=written, disk_read=0, disk_written=written,
        duration=seconds,
    )  # fmt: skip


def _rounded(value: Fraction | None) -> Fraction | None:
    """To the millisecond: an estimate is not exact, and long fractions are no use to anybody."""
    return None if value is None else Fraction(round(value * 1000), 1000)


def _size(graph: ir.StreamGraph, sink: ir.Node) -> int | None:
    """Bytes that an output will have, roughly."""
    bits = Fraction(0)
    for stream in sink.inputs:
        node = graph[stream]
        duration, info = node.info.duration, node.info
        if node.kind in ("subtitle", "cover"):
            continue
        if duration is None:
            return None
        asked = dict(node.options).get("b") if isinstance(node, ir.Encode) else None
        if asked is not None and asked != "0":
            bits += int(asked) * duration
        elif isinstance(node, ir.Copy) and info.bit_rate is not None:
            bits += info.bit_rate * duration
        elif isinstance(info, VideoStream):
            amount = _amount(info, duration)
            if amount is None:
                return None
            bits += amount * _BITS
        elif (codec := CODECS.get(info.codec or "")) is not None and codec.lossless:
            bits += (_amount(info, duration) or 0) * _SAMPLE
        else:
            bits += 128_000 * duration
    return int(bits / 8)


def _one_frame(info: Stream) -> bool:
    return isinstance(info, VideoStream) and info.frames == 1


def processor_cores(graph: ir.StreamGraph, sinks: Sequence[ir.Node]) -> int:
    """Cores that a process for *sinks* keeps busy."""
    encoders = [
        ENCODERS[node.encoder]
        for sink in sinks
        for node in (graph[stream] for stream in sink.inputs)
        if isinstance(node, ir.Encode) and node.encoder in ENCODERS and not _one_frame(node.info)
    ]
    return max([1, *(encoder.threads for encoder in encoders if encoder.kind == "video")])


def estimate_nodes(graph: ir.StreamGraph, media: Mapping[str, MediaInfo]) -> Mapping[str, Resources]:
    """What the nodes of each origin (an operation, an input, an output) use, by JSON Pointer."""
    if any(is_untold(node.info) for node in graph):
        graph = with_lengths(graph, graph.sinks, media)
    members = set(graph.nodes)
    found: dict[str, int | None] = {}
    for node in graph:
        if isinstance(node, ir.Sink):
            continue
        before, cost = found.setdefault(node.origin, 0), _cost(graph, node, members)
        if before is not None and cost != 0:
            found[node.origin] = None if cost is None else before + cost
    return {
        origin: Resources(cpu_seconds=None if cost is None else _rounded(Fraction(cost, _PICO)))
        for origin, cost in found.items()
    }


def with_own(whole: Resources, costs: Mapping[str, Resources], own: Mapping[str, Resources]) -> Resources:
    """*whole* with what operators say of themselves.

    Args:
        whole: What all steps use.
        costs: What the operations were taken to use, by path.
        own: What their operators say in place of that, beyond decoding and encoding.
    """
    cpu, memory = whole.cpu_seconds, whole.memory
    for path, said in own.items():
        if cpu is not None and said.cpu_seconds is not None:
            cpu += said.cpu_seconds - (costs[path].cpu_seconds or 0)
    if memory is not None:
        memory += max((said.memory or 0 for said in own.values()), default=0)
    return attrs.evolve(whole, cpu_seconds=cpu, memory=memory)


def total(parts: Iterable[Resources]) -> Resources:
    """The sum of *parts*; the memory of the largest. What is unknown of one is unknown of the whole."""
    each = list(parts)

    def added(values: list[Fraction | None]) -> Fraction | None:
        known = [value for value in values if value is not None]
        return sum(known, Fraction(0)) if len(known) == len(values) else None

    def bytes_added(values: list[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    memories = [part.memory for part in each]
    return Resources(
        cpu_seconds=added([part.cpu_seconds for part in each]),
        memory=None if None in memories else max((m for m in memories if m is not None), default=0),
        disk_space=bytes_added([part.disk_space for part in each]),
        disk_read=bytes_added([part.disk_read for part in each]),
        disk_written=bytes_added([part.disk_written for part in each]),
        duration=added([part.duration for part in each]),
    )
