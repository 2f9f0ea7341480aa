"""What a rule of the optimiser is, and the driver that applies rules until nothing changes.

A rule is a function from a graph to a graph. It declares what it guarantees:

``exact``
    decoded frames and samples are bit-identical;
``copies``
    coded packets are taken as they are; the decoded content of what is kept is the same as in the source. Sound that
    is joined like that is at most half a packet from its place, and fades for one packet at each joint.

``within``
    sound whose samples stand at the same places at the same level, not identical bit for bit; of a still that may be
    a key frame, that frame.

The driver records who changed what, and refuses a rule that changes the media of an output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal, Protocol, TypeAlias

import attrs

from mediapipeline.errors import RuleError
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner.streams import Encode, Node, StreamGraph

__all__ = ["Decision", "Guarantee", "Notes", "Optimized", "Rule", "apply", "rule"]

Guarantee: TypeAlias = Literal["exact", "copies", "within"]


@attrs.frozen
class Decision:
    """Something that the planner decided, for `explain`.

    Attributes:
        by: The rule, or the stage of planning.
        subject: JSON Pointer of the part of the job.
        text: What was decided and why, in one sentence.
        warning: Whether something that the job has is left out or changed without being asked for.
    """

    by: str
    subject: str
    text: str
    warning: bool = False


class Notes:
    """Where a rule says what it did."""

    def __init__(self, by: str) -> None:
        self.by = by
        self.decisions: list[Decision] = []

    def __call__(self, node: Node, text: str) -> None:
        self.decisions.append(Decision(self.by, node.origin, text))


class Rule(Protocol):
    """A function made a rule by `rule`."""

    __name__: str
    guarantee: Guarantee
    needs: tuple[str, ...]

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph: ...


def rule(
    guarantee: Guarantee, *, needs: tuple[str, ...] = ()
) -> Callable[[Callable[[StreamGraph, Notes], StreamGraph]], Rule]:
    """Declare a function a rule.

    Args:
        guarantee: What it keeps.
        needs: Facts that are gathered only for rules that name them: ``packets``, of sources.
    """

    def declare(function: Callable[[StreamGraph, Notes], StreamGraph]) -> Rule:
        function.guarantee = guarantee  # type: ignore[attr-defined]  # functions take attributes; Rule names this one
        function.needs = needs  # type: ignore[attr-defined]  # and this one
        return function  # type: ignore[return-value]  # it has what Rule asks for now

    return declare


@attrs.frozen
class Optimized:
    """A graph after the rules, and how it came about.

    Attributes:
        graph: The last graph.
        decisions: What the rules did, in order.
        trace: Name of each rule that changed the graph, with the graph it left.
    """

    graph: StreamGraph
    decisions: tuple[Decision, ...]
    trace: tuple[tuple[str, StreamGraph], ...]


_ROUNDS = 20


def apply(graph: StreamGraph, rules: Sequence[Rule]) -> Optimized:
    """Apply *rules* in order, again and again, until none changes the graph.

    Raises:
        RuleError: A rule changed the media of an output, or the rules do not come to an end.
    """
    decisions: list[Decision] = []
    trace: list[tuple[str, StreamGraph]] = []
    expected = _outputs(graph)
    for _ in range(_ROUNDS):
        before = graph
        for each in rules:
            notes = Notes(each.__name__)
            after = each(graph, notes)
            if after is not graph:
                if _outputs(after) != expected:
                    raise RuleError("it changed what an output holds", rule=each.__name__)
                trace.append((each.__name__, after))
                decisions.extend(notes.decisions)
                graph = after
        if graph is before:
            return Optimized(graph, tuple(dict.fromkeys(decisions)), tuple(trace))
    raise RuleError(f"the graph still changes after {_ROUNDS} rounds", rule=trace[-1][0])


_Facts: TypeAlias = tuple[object, ...]


def _outputs(graph: StreamGraph) -> dict[str, tuple[_Facts, ...]]:
    """What each output holds: what no rule may change."""
    return {
        f"{sink.output}/{sink.part or ''}": tuple(_facts(graph, graph[stream]) for stream in sink.inputs)
        for sink in graph.sinks
    }


def _facts(graph: StreamGraph, node: Node) -> _Facts:
    info: Stream = node.info
    if isinstance(node, Encode) and isinstance(info, AudioStream) and node.copy_codecs:
        # What a copy may stand for has fewer channels only where the encoder takes no more: a copy keeps them all.
        before = graph.input_of(node).info
        if isinstance(before, AudioStream):
            info = attrs.evolve(info, channels=before.channels)
    start = info.start or Fraction(0)
    match info:
        case VideoStream():
            return (info.kind, info.width, info.height, info.frame_rate, info.vfr, start, info.duration)
        case AudioStream():
            return (info.kind, info.channels, start, info.duration)
    return (info.kind, info.language, start)
