"""One FFmpeg command from a part of the StreamGraph.

The part is a set of outputs with all that they are made of. Filters in a row become one chain, a stream that several
take is split, streams that are copied are mapped past the filter graph. Nothing is decided here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

import attrs

from mediapipeline.errors import PluginContractError
from mediapipeline.ffmpeg.command import Command, InputFile, Option, OutputFile
from mediapipeline.ffmpeg.demuxers import INPUT_OPTIONS, STILL_DEMUXERS
from mediapipeline.ffmpeg.filtergraph import Chain, Filter, FilterGraph, InputStream, Label, Pad
from mediapipeline.media.container import container_named
from mediapipeline.media.timecode import seconds_text
from mediapipeline.planner import streams as ir
from mediapipeline.planner.feeding import taken_once
from mediapipeline.planner.filters import (
    as_it_is,
    filters_of,
    format_filters,
    has_palettes,
    instance_name,
    palette_filters,
)
from mediapipeline.planner.options import (
    Options,
    clock_of_track,
    last_of_animation,
    on_grid,
    packet_cut,
    pass_options,
    read_along,
    reading_options,
    segment_options,
    stream_options,
)
from mediapipeline.planner.ticks import tells_samples_apart
from mediapipeline.steps.files import Asset, Final
from mediapipeline.steps.files import Source as SourceFile
from mediapipeline.steps.late import LateChain, placeholder
from mediapipeline.steps.listing import DEMUXER, Member, is_listing, listing

__all__ = ["CommandBuilder"]

_Reading = tuple[str, Options, int]
_FRAMES_FROM_ELSEWHERE = (ir.Source, ir.Copy, ir.Sink)
_SAFETY = Fraction(1)
_QUEUE = "0"  # no thread for each input where packets are copied and no picture made: FFmpeg 5.1 hands over one by one


class CommandBuilder:
    """Builds the command for some outputs of a graph.

    Args:
        graph: The optimised graph.
        sinks: Outputs that one process writes.
        extra: Streams that other steps prepare: the file and demuxer to read instead of the node.
        demuxers: What each input may be opened as, by its id.
        listed: Splices that are read from a list of files.
        measured: The instance names of measurements.
        measures: Measurements that this process makes.
        begins: The first time of each input, by its id, where that is not 0.
        taps: Streams that it hands to other steps, and the files that it writes them to, which map nothing yet.

    Attributes:
        operations: JSON Pointer of the operation by the instance name that its filters carry.
        late: Places of the graph that are filled when a measurement is known.
        lists: The texts of lists of files that it reads, by digest.
    """

    def __init__(
        self,
        graph: ir.StreamGraph,
        sinks: Sequence[ir.Sink],
        extra: Mapping[ir.NodeId, tuple[str, str]],
        demuxers: Mapping[str, tuple[str, ...]],
        *,
        listed: Mapping[ir.NodeId, tuple[Member, ...]] = MappingProxyType({}),
        measured: Mapping[ir.NodeId, str] | None = None,
        measures: Sequence[ir.Measure] = (),
        begins: Mapping[str, Fraction | None] | None = None,
        taps: Sequence[tuple[ir.NodeId, OutputFile]] = (),
    ) -> None:
        self._graph = graph
        self._source_demuxers = demuxers
        self._sinks = sinks
        streams = [graph[stream] for sink in sinks for stream in sink.inputs]
        self._copies = any(isinstance(stream, ir.Copy) for stream in streams) and all(
            isinstance(stream, ir.Copy) for stream in streams if stream.kind == "video"
        )
        self._extra = extra
        self._listed = listed
        self._inputs: dict[_Reading, int] = {}
        self._demuxers: dict[_Reading, tuple[str, ...]] = {}
        self._counted: dict[int, tuple[set[int], int]] = {}  # by input: the streams taken, and which times count from
        self._chains: list[_OpenChain] = []
        self._ends: dict[ir.NodeId, _OpenChain] = {}  # chains that one reader may still continue
        self._pads: dict[ir.NodeId, list[Pad]] = {}  # labels and inputs that wait for their readers
        self._takers: Counter[InputStream] = Counter()  # of what is decoded
        self._read_as: dict[ir.NodeId, InputStream] = {}
        self._labels = 0
        self._measured = {} if measured is None else measured
        self._measures = measures
        self._taps = taps
        self._begins = begins or {}
        self.operations: dict[str, str] = {}
        self.late: list[LateChain] = []
        self.lists: dict[str, str] = {}

    def build(self, assets: Mapping[str, str], *, first_pass: bool = False) -> Command:
        """The command.

        Args:
            assets: The chapter file of an output, by the output's id.
            first_pass: Write no file, only the statistics that the encoders of a second pass ask for.
        """
        self._uses = self._count_uses()
        for node in self._needed:
            match node:
                case ir.Cut() | ir.Sample() | ir.Filter() | ir.Retime() | ir.Shift() | ir.Frames() | ir.Concat():
                    self._add(node, filters_of(self._graph, node, self._instance(node)))
                case ir.Measure():
                    name = self._measuring(node)
                    self._add(node, tuple(attrs.evolve(part, instance=name) for part in node.filters))
                case ir.Choice():
                    self._add(node, (self._late(node),))
                case ir.Encode():
                    self._form(node)
                case _:
                    pass
        if first_pass:
            outputs = tuple(self._statistics(sink) for sink in self._sinks)
        else:
            outputs = tuple(self._output(sink, assets.get(sink.output)) for sink in self._sinks)
        if self._measures:
            outputs += (OutputFile(file=None, muxer="null", maps=tuple(self._take(n.id) for n in self._measures)),)
        outputs += tuple(attrs.evolve(file, maps=(self._take(stream),)) for stream, file in self._taps)
        outputs += self._also_read()
        return Command(
            inputs=tuple(self._opened(reading) for reading in self._inputs),
            graph=self._linked(),
            outputs=outputs,
        )

    def _opened(self, reading: _Reading) -> InputFile:
        token, options, _ = reading
        demuxers = self._demuxers[reading]
        if self.lists and not is_listing(demuxers):
            options = (("find_stream_info", None), *options)  # FFmpeg 5.1 goes on not to, once it was told so
        if self._copies and len(self._inputs) > 1:
            options = (("thread_queue_size", _QUEUE), *options)
        return InputFile(file=token, options=options, demuxers=demuxers)

    def _linked(self) -> FilterGraph | None:
        """The chains as one graph."""
        if not self._chains:
            return None
        media = {stream: self._graph[node].info for node, stream in self._read_as.items()}
        return taken_once(FilterGraph(tuple(chain.close() for chain in self._chains)), media, self._label)

    # What is needed, and by how many

    def _filtered_inputs(self, node: ir.Node) -> tuple[ir.NodeId, ...]:
        """The inputs of *node* whose frames it takes within this process."""
        if isinstance(node, _FRAMES_FROM_ELSEWHERE) or node.id in self._extra or node.kind in ("subtitle", "cover"):
            return ()
        return node.streams

    @cached_property
    def _needed(self) -> list[ir.Node]:
        wanted = {stream for sink in self._sinks for stream in sink.inputs} | {node.id for node in self._measures}
        wanted |= {stream for stream, _ in self._taps}
        return [n for n in self._graph.upstream(wanted, self._filtered_inputs) if n.kind in ("video", "audio")]

    @cached_property
    def _decoded(self) -> Counter[ir.NodeId]:
        """The streams whose frames are taken within this process, by how many nodes."""
        return Counter(source for node in self._needed for source in self._filtered_inputs(node))

    def _count_uses(self) -> Counter[ir.NodeId]:
        uses = self._decoded.copy()
        uses.update(stream for sink in self._sinks for stream in sink.inputs)
        uses.update(node.id for node in self._measures)
        uses.update(stream for stream, _ in self._taps)
        return uses

    # Filters

    def _instance(self, node: ir.Node) -> str | None:
        name = instance_name(node.origin)
        if name is not None:
            self.operations[name] = node.origin
        return name

    def _measuring(self, node: ir.Measure) -> str:
        """The name by which the result is told from others."""
        name = self._measured[node.id]
        self.operations[name] = node.origin
        return name

    def _late(self, node: ir.Choice) -> Filter:
        place = LateChain(
            id=f"late{len(self.late)}",
            measure=self._measured[node.inputs[1]],
            cases=node.cases,
            idle="anull" if node.kind == "audio" else "null",
            instance=self._instance(node),
        )
        self.late.append(place)
        return placeholder(place.id)

    def _label(self) -> Label:
        self._labels += 1
        return Label(f"n{self._labels}")

    def _add(self, node: ir.Node, filters: tuple[Filter, ...]) -> None:
        """Append *filters* to what *node* takes, and remember where its stream can be had."""
        uses = self._uses[node.id]
        chain = self._ends.pop(node.streams[0], None) if len(node.streams) == 1 else None
        if not filters and (chain is None or uses > 1):
            if chain is None:  # the stream of an input, or one of a split: hand it on as it is
                (source,) = node.streams
                self._pads[node.id] = [self._take(source) for _ in range(1 if source in self._pads else uses)]
                if len(self._pads[node.id]) == uses:
                    return
                chain = _OpenChain(self._pads.pop(node.id))
                self._chains.append(chain)
            filters = (Filter("anull" if node.kind == "audio" else "null"),)
        if chain is None:
            chain = _OpenChain([self._take(each) for each in node.streams])
            self._chains.append(chain)
        chain.filters.extend(filters)
        if uses == 1:
            self._ends[node.id] = chain
            return
        # Else FFmpeg may convert what is shared into what one of them takes, and back for the others.
        chain.filters.extend(as_it_is(node.info))
        chain.outputs = [self._label() for _ in range(uses)]
        chain.filters.append(Filter("asplit" if node.kind == "audio" else "split", (("outputs", uses),)))
        self._pads[node.id] = list(chain.outputs)

    def _form(self, node: ir.Encode) -> None:
        """Bring frames into the form that the encoder is given; of few colours, each has a palette of its own."""
        self._add(node, format_filters(node, self._graph.input_of(node)))
        if not has_palettes(node):
            return
        chosen, painted = palette_filters()
        both = _OpenChain([self._take(node.id)], [Filter("split", (("outputs", 2),))], [self._label(), self._label()])
        colours = _OpenChain([both.outputs[0]], [chosen], [self._label()])
        pictures = _OpenChain([both.outputs[1], colours.outputs[0]], [painted])
        self._chains += [both, colours, pictures]
        self._ends[node.id] = pictures

    def _take(self, node: ir.NodeId) -> Pad:
        """A pad that carries the stream of *node*, for one reader."""
        found = self._graph[node]
        if isinstance(found, ir.Source):
            begins = self._begins.get(found.input) or Fraction(0)
            file = self._input(found, reading_options(found, begins), found.reading)
            return self._decode(InputStream(file, found.info.index), found.id)
        if isinstance(found, ir.Received):
            token, demuxer = self._extra[node]
            # Times count from the start of the clip, not from the first that comes.
            file = self._file(token, (("f", demuxer), ("seek_timestamp", "1")), (demuxer,))
            return self._decode(InputStream(file, 0), found.id)
        if node in self._ends:
            chain = self._ends.pop(node)
            chain.outputs = [self._label()]
            return chain.outputs[0]
        if self._pads.get(node):
            return self._pads[node].pop(0)
        raise PluginContractError(f"nothing in this process makes the stream {node} of {found.origin}")

    def _decode(self, stream: InputStream, node: ir.NodeId) -> InputStream:
        self._takers[stream] += 1
        self._read_as[node] = stream
        return stream

    def _filtered(self, node: ir.NodeId) -> bool:
        """Whether the graph of filters takes the frames of a source, or will."""
        stream = self._read_as.get(node)
        return stream is not None and (self._takers[stream] > 1 or stream in self._graph_inputs)

    @cached_property
    def _graph_inputs(self) -> frozenset[Pad]:
        """What the filters of all nodes take; to be asked for once they stand."""
        return frozenset(pad for chain in self._chains for pad in chain.inputs)

    def _by_one_graph(self, pad: Pad, kind: str) -> Pad:
        """*pad*, by way of the graph of filters where others take the same frames.

        An output that takes them past it has a graph of its own. FFmpeg 9.0 lets what is ahead of others wait, but only
        sees to it that the first that a stream is fed to goes on: the others, and so all, may wait for ever.
        """
        if not isinstance(pad, InputStream) or self._takers[pad] < 2:
            return pad
        chain = _OpenChain([pad], [Filter("anull" if kind == "audio" else "null")], [self._label()])
        self._chains.append(chain)
        return chain.outputs[0]

    # Files

    def _input(self, source: ir.Source, options: Options, reading: int) -> int:
        demuxers = self._source_demuxers[source.input]
        options = (*INPUT_OPTIONS.get(demuxers[0], ()), *options)
        if STILL_DEMUXERS.issuperset(demuxers):
            # Named, a picture is never taken for a pattern of file names.
            options = (("f", demuxers[0]), *options)
        file = self._file(SourceFile(source.input).token, options, demuxers, reading)
        if source.zero is not None and not source.seek:
            taken, _ = self._counted.setdefault(file, (set(), source.zero))
            taken.add(source.info.index)
        return file

    def _also_read(self) -> tuple[OutputFile, ...]:
        """Outputs that come to nothing, of streams that nobody takes and FFmpeg counts times from if somebody does."""
        return tuple(read_along(file, zero) for file, (taken, zero) in self._counted.items() if zero not in taken)

    def _file(self, token: str, options: Options, demuxers: tuple[str, ...], reading: int = 0) -> int:
        key = (token, options, reading)
        self._demuxers.setdefault(key, demuxers)
        return self._inputs.setdefault(key, len(self._inputs))

    def _mapped(self, node: ir.Node) -> Pad:
        if isinstance(node, ir.Splice) and node.id in self._listed:
            return InputStream(self._list(self._listed[node.id], on_grid(node)), 0)
        if node.id in self._extra:
            token, demuxer = self._extra[node.id]
            reading: Options = (("f", demuxer),)
            if isinstance(node, ir.Splice) and node.begin:
                reading = (("itsoffset", seconds_text(on_grid(node))), *reading)  # it begins at 0 otherwise
            return InputStream(self._file(token, reading, (demuxer,)), 0)
        if isinstance(node, ir.Encode) and node.kind in ("video", "audio"):
            return self._by_one_graph(self._take(node.id), node.kind)
        if isinstance(node, ir.Joined):
            return self._joined(node)
        source = self._graph.input_of(node)
        options: Options = ()
        if isinstance(source, ir.Cut):
            cut, source = source, self._graph.input_of(source)
            options = packet_cut(cut, source)
        if not isinstance(source, ir.Source):
            raise PluginContractError(f"the stream {node.id} of {node.origin} is to be copied and is not an input's")
        which = source.reading
        coarse = source.kind == "audio" and source.id in self._decoded and not tells_samples_apart(source.info)
        if coarse or self._filtered(source.id):
            # Copied from the reading that it is filtered from, FFmpeg 9.0 may wait for ever (see `_by_one_graph`).
            # Copied from one that it is decoded from, FFmpeg 5.1 takes sound to be some samples off.
            which = -1 - which
        return InputStream(self._input(source, options, which), source.info.index)

    def _joined(self, node: ir.Joined) -> InputStream:
        """The stream of a list of files. Each stream has a list of its own, since sound ends at packets."""
        sources = [source for name in node.inputs if isinstance(source := self._graph[name], ir.Source)]
        formats = [self._source_demuxers[source.input] for source in sources]
        begins = [self._begins.get(source.input) or 0 for source in sources]
        members = [
            Member(
                token=SourceFile(source.input).token,
                demuxers=formats[at],
                length=part.length,
                end=None if part.until is None else part.until + begins[at],
            )
            for at, (source, part) in enumerate(zip(sources, node.parts, strict=True))
        ]
        # The packets of all are alike: nothing has to be put into them.
        return InputStream(self._list(members, -node.lead, ("auto_convert", "0")), sources[0].info.index)

    def _list(self, members: Sequence[Member], late: Fraction, *more: Option) -> int:
        """A list of files that begins so *late*, and is read with some more options."""
        text = listing(members)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.lists[digest] = text
        # Looked into, a list would begin at its first packet, heard or not, and all of it would be moved by as much.
        options: Options = (("safe", "0"), *more, ("nofind_stream_info", None), ("f", DEMUXER))
        if late:
            options = (("itsoffset", f"{'-' * (late < 0)}{seconds_text(abs(late))}"), *options)
        demuxers = (DEMUXER, *dict.fromkeys(name for each in members for name in each.demuxers))
        return self._file(Asset(digest).token, options, demuxers)

    def _output(self, sink: ir.Sink, chapters: str | None) -> OutputFile:
        container = container_named(sink.container)
        nodes = [self._graph[stream] for stream in sink.inputs]
        maps = tuple(self._mapped(node) for node in nodes)
        options: list[Option] = []
        for at, node in enumerate(nodes):
            options.extend(stream_options(at, node, container))
            if isinstance(node, ir.Encode) and node.two_pass is not None:
                options.extend(pass_options(at, node.two_pass, sink.output, 2))
            tag = container.tags.get(node.info.codec or "") if node.kind == "video" else None
            if tag is not None:
                options.append((f"tag:{at}", tag))
        # Not plain -1, which would also take the titles of chapters.
        options += [("map_metadata:g", "-1"), ("map_metadata:s", "-1")]
        chapter_input = "-1"
        if chapters is not None:
            chapter_input = str(self._file(chapters, (("f", "ffmetadata"),), ("ffmetadata",)))
        options.append(("map_chapters", chapter_input))
        options.extend(("metadata", f"{key}={value}") for key, value in sink.media.metadata.items())
        options.extend(container.options)
        if sink.segment is not None:
            options.extend(segment_options(sink, sink.segment, container))
        options.extend(clock_of_track(nodes, container))
        options.extend(last_of_animation(nodes, container))
        if container.at_once and sink.media.start is not None and sink.media.start > 0:
            options.append(("output_ts_offset", seconds_text(-sink.media.start)))
        if container.still:
            options.append(("frames:v", "1"))
        elif sink.media.duration is not None:
            # A safety net: the cut itself is made by filters and seeks.
            options.append(("t", seconds_text((sink.media.start or 0) + sink.media.duration + _SAFETY)))
        return OutputFile(
            file=Final(sink.output, sink.part).token, muxer=container.muxer, maps=maps, options=tuple(options)
        )

    def _statistics(self, sink: ir.Sink) -> OutputFile:
        """The first pass for the streams of *sink*, which has no others than those with two."""
        nodes = [self._graph[stream] for stream in sink.inputs]
        maps = tuple(self._mapped(node) for node in nodes)
        options: list[Option] = []
        for at, node in enumerate(nodes):
            options.extend(stream_options(at, node, container_named(sink.container)))
            if isinstance(node, ir.Encode) and node.two_pass is not None:
                options.extend(pass_options(at, node.two_pass, sink.output, 1))
        return OutputFile(file=None, muxer="null", maps=maps, options=tuple(options))


@attrs.define
class _OpenChain:
    inputs: list[Pad]
    filters: list[Filter] = attrs.field(factory=list)
    outputs: list[Label] = attrs.field(factory=list)

    def close(self) -> Chain:
        return Chain(tuple(self.inputs), tuple(self.filters), tuple(self.outputs))
