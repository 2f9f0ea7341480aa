"""What a rule of the optimiser is, and what no rule may change.

A rule is a function from a graph to one that makes the same outputs with less work; where it finds nothing to do, it
returns the very graph that it was given. It goes through the graph once, collects its edits
(`mediapipeline.planner.rewrite`), and says in its `Notes` what it did. It declares what it guarantees:

``exact``
    decoded frames and samples are bit-identical.
``copies``
    coded packets are taken as they are, and what is kept decodes to the same as in the source. Sound that is joined
    this way is at most half a packet away from its place, and fades for one packet at each joint.
``within``
    samples of sound stand at the same places at the same level, but are not bit-identical; a still that may be a key
    frame is that key frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Literal, Protocol, TypeAlias, TypeGuard

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.words import counted
from mediapipeline.planner.streams import Encode, Node, NodeId, StreamGraph

__all__ = ["Decision", "Guarantee", "Need", "Notes", "Optimized", "Rule", "broken", "checked", "promised", "rule"]

Guarantee: TypeAlias = Literal["exact", "copies", "within"]
Need: TypeAlias = Literal["packets"]


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
        self.left_out: dict[NodeId, str | None] = {}

    def __call__(self, node: Node, text: str) -> None:
        self.decisions.append(Decision(self.by, node.origin, text))

    def leave_out(self, node: Node, text: str, *, twin: Node | None = None) -> None:
        """Say that *node* is not done, as it changes nothing, or as its *twin* does the same."""
        self(node, text)
        self.left_out[node.id] = None if twin is None else twin.origin


class Rule(Protocol):
    """A function that was declared with `rule`."""

    __name__: str
    guarantee: Guarantee
    needs: tuple[Need, ...]

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph: ...


def rule(
    guarantee: Guarantee, *, needs: tuple[Need, ...] = ()
) -> Callable[[Callable[[StreamGraph, Notes], StreamGraph]], Rule]:
    """Declare a function to be a rule.

    Args:
        guarantee: What it keeps the same; see the top of this module.
        needs: Facts of sources that are gathered only if a rule names them here.
    """

    def declare(function: Callable[[StreamGraph, Notes], StreamGraph]) -> Rule:
        function.guarantee = guarantee  # type: ignore[attr-defined]  # functions take attributes; Rule names this one
        function.needs = needs  # type: ignore[attr-defined]  # and this one
        return function  # type: ignore[return-value]  # it has what Rule asks for now

    return declare


def checked(given: object) -> tuple[Rule, ...]:
    """The rules in *given*.

    Raises:
        TypeError: It is not a sequence of rules.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"rules= takes a sequence of rules, such as those in planner.optimize.RULES, not {given!r}")
    return tuple(_checked(each) for each in given)


def _checked(each: object) -> Rule:
    if not _is_rule(each):
        raise TypeError(
            f"rules= takes functions declared with @rule, such as those in planner.optimize.RULES, not {each!r}"
        )
    return each


def _is_rule(each: object) -> TypeGuard[Rule]:
    return callable(each) and all(hasattr(each, name) for name in ("__name__", "guarantee", "needs"))


@attrs.frozen
class Optimized:
    """A graph after the rules, and how it came about.

    Attributes:
        graph: The last graph.
        decisions: What the rules did, in order.
        trace: Name of each rule that changed the graph, with the graph it left.
        left_out: The nodes that are not done, each with the origin of the twin that does the same, or None where it
            changes nothing.
    """

    graph: StreamGraph
    decisions: tuple[Decision, ...]
    trace: tuple[tuple[str, StreamGraph], ...]
    left_out: Mapping[NodeId, str | None] = attrs.field(factory=dict)


_Facts: TypeAlias = Mapping[str, object]
Promised: TypeAlias = Mapping[str, tuple[_Facts, ...]]
"""Facts of the streams of each output."""

_NAMED: Mapping[type[Stream], tuple[str, ...]] = {
    VideoStream: ("kind", "width", "height", "frame_rate", "vfr", "duration"),
    AudioStream: ("kind", "channels", "duration"),
}
_OF_OTHERS = ("kind", "language")


def promised(graph: StreamGraph) -> Promised:
    """What each output holds: what no rule may change."""
    return {
        f"{sink.output}/{sink.part or ''}": tuple(_facts(graph, graph[stream]) for stream in sink.inputs)
        for sink in graph.sinks
    }


def broken(expected: Promised, found: Promised) -> str:
    """The first output that two graphs promise differently, and how."""
    name = next(each for each in {**expected, **found} if expected.get(each) != found.get(each))
    before, after = expected.get(name, ()), found.get(name, ())
    if len(before) != len(after):
        return f"{name.rstrip('/')}: {counted(len(after), 'stream')}, not {len(before)}"
    changes = [
        f"{one['kind']}: {fact} {other.get(fact)}, not {value}"
        for one, other in zip(before, after, strict=True)
        for fact, value in one.items()
        if other.get(fact) != value
    ]
    return f"{name.rstrip('/')}: {'; '.join(changes)}"


def _facts(graph: StreamGraph, node: Node) -> _Facts:
    info: Stream = node.info
    if isinstance(node, Encode) and isinstance(info, AudioStream) and node.copy_codecs:
        # What a copy may stand for has fewer channels only where the encoder takes no more: a copy keeps them all.
        before = graph.input_of(node).info
        if isinstance(before, AudioStream):
            info = attrs.evolve(info, channels=before.channels)
    facts = {name: getattr(info, name) for name in _NAMED.get(type(info), _OF_OTHERS)}
    return {**facts, "start": info.start or Fraction(0)}
