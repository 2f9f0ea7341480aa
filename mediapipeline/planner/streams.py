"""The StreamGraph: the one form of a job that the optimiser works on.

One node is one stream (or, for a `Sink`, one output). A node refers to its inputs by id, carries the facts of the
stream it gives, and never changes; a rule makes a new graph (`mediapipeline.planner.rewrite`). Nodes are equal only if
they are the same node: two that say the same remain two until a rule shares them. Nothing here knows FFmpeg's command
line or any operator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar, cast

import attrs

from mediapipeline.errors import Problem
from mediapipeline.ffmpeg.filtergraph import Filter as FilterText
from mediapipeline.ffmpeg.filtergraph import Value
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import PacketIndex
from mediapipeline.media.streams import Stream
from mediapipeline.media.timeline import is_still
from mediapipeline.operators.traits import OPAQUE, Traits
from mediapipeline.steps.late import Case
from mediapipeline.steps.measure import Measurement
from mediapipeline.steps.resources import Resources

__all__ = [
    "Access",
    "Choice",
    "Concat",
    "Copy",
    "Custom",
    "Cut",
    "Encode",
    "Filter",
    "Frames",
    "Joined",
    "JoinedPart",
    "Measure",
    "Node",
    "NodeId",
    "Packets",
    "Received",
    "Retime",
    "Sample",
    "Shift",
    "Sink",
    "Source",
    "Splice",
    "StreamGraph",
    "StreamKind",
]

NodeId: TypeAlias = str
Access: TypeAlias = Literal["index", "guess", "scan"]
StreamKind: TypeAlias = Literal["video", "audio", "subtitle", "cover"]


@attrs.frozen(kw_only=True, eq=False)
class Node:
    """What all nodes have.

    Attributes:
        id: Unique in the graph; also the label in FFmpeg's filter graph.
        kind: What flows out of it.
        inputs: Ids of the nodes it takes its streams from.
        info: Facts of the stream it gives, times counted from the clip's start.
        origin: JSON Pointer of the part of the job that it comes from.
        same_as: Id of the stream that this one equals frame for frame, where an operator says that it changes nothing.
    """

    id: NodeId
    kind: StreamKind
    inputs: tuple[NodeId, ...] = ()
    info: Stream
    origin: str
    same_as: NodeId | None = None

    @property
    def streams(self) -> tuple[NodeId, ...]:
        """The inputs whose frames it takes: all but the result of a `Measure`."""
        return self.inputs


@attrs.frozen(kw_only=True, eq=False)
class Source(Node):
    """A stream of an input file; `info.index` is its place in the file.

    Attributes:
        input: Id of the input.
        seekable: Whether FFmpeg finds the key frame before a time when it copies: not in MPEG streams, of which it
            would copy nothing up to the next one.
        access: How FFmpeg finds the packets of a time when it decodes: by an ``index``, exactly; by a ``guess``, which
            may be late; or not at all (``scan``).
        seek: Seconds from the start of the file from which it is read; that time is 0 in the stream.
        key_frames: Whether only key frames are decoded, from the one before `seek` on.
        reading: Tells several readings of one file apart; see `mediapipeline.planner.readings`.
        packets: Those of the parts that may be copied, if they were looked at, with times from the start of the file.
        zero: Index of the stream that begins first in the file, where FFmpeg would otherwise count times from the first
            stream that is taken.
        first: When the picture of the file begins. A seek in a file with an index reads nothing from before that, not
            of any stream.
        ahead: Seconds by which the index has a key frame before it is shown; FFmpeg seeks by the index.
        leads: The same beyond that, where groups of pictures are open: as long as what is shown before the key frame
            that it is decoded after, at most.
    """

    input: str
    seekable: bool = True
    access: Access = "scan"
    seek: Fraction = Fraction(0)
    key_frames: bool = False
    reading: int = 0
    packets: PacketIndex | None = None
    zero: int | None = None
    first: Fraction = Fraction(0)
    ahead: Fraction = Fraction(0)
    leads: Fraction = Fraction(0)


@attrs.frozen(kw_only=True, eq=False)
class Cut(Node):
    """Keep ``start <= time < end``, with `start` as the new time 0; unless `exact`, it may fall on key frames.

    Attributes:
        keeps_first: Whether only times are changed at the beginning, as the first frame is known to be no earlier than
            `start`: by a clock that rounds it may be told a little earlier, and a bound would leave it out.
    """

    start: Fraction
    end: Fraction | None
    exact: bool = True
    keeps_first: bool = False

    def bounds_of(self, start: Fraction, end: Fraction | None) -> tuple[Fraction, Fraction | None]:
        """When a part of what it keeps begins and ends, by the times of what it is cut from."""
        ends = [each for each in (self.end, None if end is None else self.start + end) if each is not None]
        return self.start + start, min(ends, default=None)


@attrs.frozen(kw_only=True, eq=False)
class Sample(Node):
    """A still: the first frame at `time` or later; unless `exact`, it may be the key frame before."""

    time: Fraction
    exact: bool = True


@attrs.frozen(kw_only=True, eq=False)
class Filter(Node):
    """One FFmpeg filter; without inputs, one that generates pictures or sound, for as long as its options say."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    traits: Traits = OPAQUE


@attrs.frozen(kw_only=True, eq=False)
class Retime(Node):
    """Repeat or leave out frames so that there are `rate` a second; with `fill`, from time 0 on.

    Attributes:
        near: Seconds that a rule took its frames to be apart at most, where a part of them begins and ends; that is yet
            to be looked at (`mediapipeline.planner.spacing`).
        apart: Whether they may be further apart than that, so that rules are to leave cuts behind it.
        fine: Whether times are told in microseconds after it, whatever the clock that its facts name.
    """

    rate: Fraction
    fill: bool = False
    near: Fraction | None = None
    apart: bool = False
    fine: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Frames(Node):
    """Exactly `count` frames of a constant rate, from time 0 on: the last is repeated if there are fewer."""

    count: int


@attrs.frozen(kw_only=True, eq=False)
class Shift(Node):
    """Tell every time `by` seconds later, or earlier where that is negative; the frames are the same.

    Only within the work on a part: a filter that goes by the time gets the times that the whole has.
    """

    by: Fraction


@attrs.frozen(kw_only=True, eq=False)
class Concat(Node):
    """One stream after the other.

    They are alike in size, pixel format, rate and clock (in sample rate, format and layout), and each ends where its
    part of the result does. Time is counted in frames (samples), so that no error adds up.

    `made_of` holds, for each part, the stream that it is made of if that has the form of the whole already and only its
    length may have to change, else None. If it is empty, the parts are made of the inputs.
    """

    made_of: tuple[NodeId | None, ...] = ()


@attrs.frozen(kw_only=True, eq=False)
class Measure(Node):
    """FFmpeg filters in a row that measure; `kind` is what they look at. It gives a result, for a `Choice`."""

    filters: tuple[FilterText, ...]
    measurement: Measurement


@attrs.frozen(kw_only=True, eq=False)
class Choice(Node):
    """Filters that are chosen, and their options filled in, when a `Measure` is done.

    The first input is the stream, the second the `Measure`. The first of `cases` that holds is taken.
    """

    cases: tuple[Case, ...]

    @property
    def streams(self) -> tuple[NodeId, ...]:
        return self.inputs[:1]


@attrs.frozen(kw_only=True, eq=False)
class Custom(Node):
    """What a plugin does to streams in a step of its own; no rule moves anything across it, or shares or merges it.

    Attributes:
        runner: Name of what runs the step; see `mediapipeline.steps.plugin`.
        parameters: What it is told, as JSON can say it.
        resources: What it is expected to use, where the operator says so.
        opens: Whether the runner can read a stream of a file by itself.
    """

    runner: str
    parameters: Mapping[str, Any]
    resources: Resources | None = None
    opens: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Received(Node):
    """The stream of a `Custom` as the processes after it get it: from a pipe or a file, not by their own work."""


@attrs.frozen(kw_only=True, eq=False)
class Encode(Node):
    """Encode a stream.

    Attributes:
        encoder: FFmpeg's encoder.
        options: Encoder options without stream specifiers: ``("crf", "23")``.
        pix_fmt: What the encoder is given; None leaves it to FFmpeg.
        sample_rate: Hz, where it differs from the input's.
        channel_layout: Where it differs from the input's.
        two_pass: How the statistics of a first pass are named to the encoder, where two are asked for.
        copy_codecs: Codecs that the container takes and the job accepts, so that a copy of one would do as well.
        partly: Whether it holds an exact part of a source, of which frames are to be copied if that can be done.
        at_any_cost: Whether they are to be copied even if that is no cheaper than encoding everything.
        pinned: Why no copy would do, although the job accepts one; part of a sentence.
        unpinned: What to change in the job so that a copy would do; None where nothing would help.
        fill: Whether a stream that begins late is filled from time 0 on, with its first picture or with silence.
        changes: What encoding loses without being asked to, one sentence each; a copy loses nothing.
        faults: What makes encoding impossible; a copy may be possible all the same.
    """

    encoder: str
    options: tuple[tuple[str, str], ...] = ()
    pix_fmt: str | None = None
    sample_rate: int | None = None
    channel_layout: str | None = None
    two_pass: str | None = None
    copy_codecs: frozenset[str] = frozenset()
    partly: bool = False
    at_any_cost: bool = False
    pinned: str | None = None
    unpinned: str | None = None
    fill: bool = False
    changes: tuple[str, ...] = ()
    faults: tuple[Problem, ...] = ()


@attrs.frozen(kw_only=True, eq=False)
class Copy(Node):
    """Take the coded packets as they are; if `clipped`, without those that begin before time 0 of a cut."""

    clipped: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Packets(Copy):
    """A part of a `Splice`: as many packets of a source as `frames` says, from the IDR picture shown at `start` on.

    All times are seconds from the start of the file. `after` is later than every key frame before that picture, but not
    later than the picture is decoded; it is None if nothing comes before.
    """

    start: Fraction
    after: Fraction | None
    frames: int


@attrs.frozen(kw_only=True, eq=False)
class Splice(Copy):
    """Coded pictures of several parts, each encoded or `Packets`, one after the other, and copied as a whole.

    Pictures are decoded `delay` frames before they are shown. If `retimed`, the parts do not agree on that or do not
    tell their times exactly, so that all times are counted anew. The first frame is shown at `begin`, in seconds, as
    the packets tell: in a file with a coarse clock, the frame rate alone might tell another frame.
    """

    delay: int = 0
    retimed: bool = False
    begin: Fraction = Fraction(0)


@attrs.frozen(kw_only=True)
class JoinedPart:
    """A file of a `Joined`.

    Attributes:
        length: Seconds after which the next begins.
        packets: How many packets that are heard are taken, if not all are.
        until: Seconds from the start of the file before which these packets are decoded.
    """

    length: Fraction
    packets: int | None = None
    until: Fraction | None = None


@attrs.frozen(kw_only=True, eq=False)
class Joined(Copy):
    """The coded packets of one file after the other; see `mediapipeline.planner.joining`.

    In each file, what the part begins with is at `lead`, seconds from the start of the file.
    """

    parts: tuple[JoinedPart, ...]
    lead: Fraction = Fraction(0)


@attrs.frozen(kw_only=True, eq=False)
class Sink(Node):
    """An output file: its streams are the inputs, in the order of the file.

    `media` is what it will hold, apart from the streams; what is at `media.start` in the clip is at 0 in the file. If
    the output is a folder of several files, each has a sink, and `part` is its name. With `segment`, the file is a
    playlist of segments of that many seconds, which lie beside it.
    """

    output: str
    part: str | None = None
    segment: Fraction | None = None
    container: str
    media: MediaInfo


_N = TypeVar("_N", bound=Node)


@attrs.frozen(eq=False, slots=False)
class StreamGraph:
    """Nodes by id, in an order in which every node comes after its inputs."""

    nodes: Mapping[NodeId, Node]

    def __getitem__(self, node: NodeId) -> Node:
        return self.nodes[node]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def of(self, kind: type[_N]) -> tuple[_N, ...]:
        """Every node of one class or its subclasses, in order."""
        held = [each for each in self._classes if issubclass(each, kind)]
        if held == [kind]:
            return cast("tuple[_N, ...]", self._classes[kind])
        return tuple(node for node in self if isinstance(node, kind)) if held else ()

    @cached_property
    def _classes(self) -> Mapping[type[Node], tuple[Node, ...]]:
        """The nodes by class: rules ask for a few of many, again and again."""
        found: dict[type[Node], list[Node]] = defaultdict(list)
        for node in self:
            found[type(node)].append(node)
        return {each: tuple(nodes) for each, nodes in found.items()}

    @property
    def sinks(self) -> tuple[Sink, ...]:
        return self.of(Sink)

    @cached_property
    def consumers(self) -> Mapping[NodeId, tuple[NodeId, ...]]:
        """Who takes each node's stream; a node that takes it twice stands twice."""
        found: dict[NodeId, tuple[NodeId, ...]] = {}
        shared: dict[NodeId, list[NodeId]] = {}  # most have one user, and need no list
        for node in self:
            for source in node.inputs:
                if source not in found:
                    found[source] = (node.id,)
                else:
                    shared.setdefault(source, [*found[source]]).append(node.id)
        found.update((source, tuple(users)) for source, users in shared.items())
        return found

    @cached_property
    def of_parts(self) -> frozenset[NodeId]:
        """Streams that are parts, cut or read from a later time on, and all that is made of them."""
        found: set[NodeId] = set()
        for node in self:
            begins_later = isinstance(node, Cut) or (isinstance(node, Source) and node.seek > 0)
            if begins_later or not found.isdisjoint(node.inputs):
                found.add(node.id)
        return frozenset(found)

    def input_of(self, node: Node) -> Node:
        """The first input of *node*."""
        return self.nodes[node.inputs[0]]

    def frame_by_frame(self, node: Node, *, timed: bool = False) -> bool:
        """Whether *node* makes each frame of one of its first input's: others may then be left out before it.

        With *timed*, it may go by the time of that frame as well.
        """
        if not isinstance(node, Filter) or not (node.traits.pointwise or (timed and node.traits.timed)):
            return False
        return self.beside_stills(node)

    def beside_stills(self, node: Node) -> bool:
        """Whether all that *node* takes, but its first input, are stills."""
        return bool(node.inputs) and all(is_still(self.nodes[name].info) for name in node.inputs[1:])

    @cached_property
    def _places(self) -> Mapping[NodeId, int]:
        return {node: place for place, node in enumerate(self.nodes)}

    def upstream(self, roots: Iterable[NodeId], inputs: Callable[[Node], Iterable[NodeId]]) -> list[Node]:
        """The roots and what they are made from as far as *inputs* leads, in the order of the graph."""
        found = set(roots)
        waiting = list(found)
        reached: list[NodeId] = []
        while waiting:  # the last first: one branch after the other is nearly the order that is wanted
            current = waiting.pop()
            reached.append(current)
            for source in inputs(self.nodes[current]):
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        reached.reverse()
        reached.sort(key=self._places.__getitem__)
        return [self.nodes[name] for name in reached]

    def ancestors(self, node: NodeId) -> Iterator[Node]:
        """The node and everything it is made from, each once, nearest first."""
        seen = {node}
        queue = [node]
        for current in queue:
            yield self.nodes[current]
            for source in self.nodes[current].inputs:
                if source not in seen:
                    seen.add(source)
                    queue.append(source)
