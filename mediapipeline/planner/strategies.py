"""Strategies: ways of working that not everyone wants, each with a name and three values.

``preferred`` works that way where it can be done and is worth it, and the plan says where not; ``disabled`` never does
unless the job itself demands it; ``required`` does whatever the cost, and every place where it cannot be done is a
planning problem. `STRATEGIES` lists them all. Another strategy is another entry: its rules, and what is a problem where
it is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import attrs

from mediapipeline.errors import Problem
from mediapipeline.media.fields import closest
from mediapipeline.planner.assemble import OperatorAt, cause, why_encoded
from mediapipeline.planner.cuttable import PROVEN
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Rule
from mediapipeline.planner.streams import Concat, Cut, Encode, Sink, Source, StreamGraph
from mediapipeline.planner.wanted import is_cut_exactly

__all__ = ["STRATEGIES", "Choice", "Strategy", "chosen", "demanded", "unmet", "without_disabled"]

Choice: TypeAlias = Literal["disabled", "preferred", "required"]
_CHOICES: tuple[Choice, ...] = get_args(Choice)


@attrs.frozen(kw_only=True)
class Strategy:
    """One way of working.

    Attributes:
        summary: What it is, in a line for people.
        rules: Names of the rules that work that way; they are left out where it is disabled.
        unmet: The problems of a graph, after the rules, where it is required and was not done.
        demand: Marks an encoder for the rules, where the strategy is not disabled.
        default: What it is unless something else is said.
    """

    name: str
    summary: str
    rules: frozenset[str]
    unmet: Callable[[StreamGraph, OperatorAt], Iterable[Problem]]
    demand: Callable[[StreamGraph, Encode, Choice], Encode] | None = None
    default: Choice = "preferred"


def _encoded(graph: StreamGraph, operator_at: OperatorAt) -> Iterator[Problem]:
    """A problem for every stream that is encoded."""
    for sink in graph.sinks:
        streams = [graph[name] for name in sink.inputs]
        for node in streams:
            if isinstance(node, Encode):
                alike = [each for each in streams if each.kind == node.kind]
                which = node.kind if len(alike) == 1 else f"{node.kind} {alike.index(node) + 1}"
                found = cause(graph, node, sink.container, operator_at)
                preferred = "plan with stream_copy=preferred"
                yield Problem(
                    node.origin + (f"/codec/{node.kind}" if node.kind in ("video", "audio") else ""), "cannot-copy",
                    f"stream_copy is required, and {which} has to be encoded: {found.text}",
                    preferred if found.hint is None else f"{found.hint}, or {preferred}", "planning",
                )  # fmt: skip


def _cut_and_encoded(graph: StreamGraph, operator_at: OperatorAt) -> Iterator[Problem]:
    """A problem for every picture that is cut exactly, or joined of such parts, and encoded as a whole."""
    for sink in graph.sinks:
        for node in (graph[name] for name in sink.inputs):
            if isinstance(node, Encode) and node.partly and not node.faults:  # those are problems by themselves
                yield Problem(
                    f"{node.origin}/codec/video", "cannot-copy",
                    "smart_cut is required, and the picture has to be encoded: "
                    + why_encoded(graph, node, sink.container, operator_at),
                    f"{_way_out(graph, node, sink)}plan with smart_cut=preferred", "planning",
                )  # fmt: skip


def _way_out(graph: StreamGraph, node: Encode, sink: Sink) -> str:
    """Everything that the job has to change for a picture to be cut by copies; empty where nothing would help."""
    source = graph.input_of(node)
    while source.inputs:
        source = graph.input_of(source)
    if source.info.codec != "h264":
        return ""
    steps = []
    if sink.container not in PROVEN:
        steps.append(f"write {', '.join(PROVEN[:-1])} or {PROVEN[-1]}")
    if not isinstance(graph.input_of(node), Cut | Source | Concat):
        steps.append("leave out what changes it")
    if not node.copy_codecs and node.pinned is None:
        steps.append("leave out the settings of the codec")
    elif node.copy_codecs and "h264" not in node.copy_codecs and sink.container in PROVEN:
        steps.append("leave out the codec")
    return f"{', and '.join(steps)}, or " if steps else ""


def _in_parts(graph: StreamGraph, node: Encode, choice: Choice) -> Encode:
    """*node*, marked to have frames copied if what it encodes is cut exactly."""
    if not is_cut_exactly(graph, node):
        return node
    return attrs.evolve(node, partly=True, at_any_cost=choice == "required")


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        strategy.name: strategy
        for strategy in (
            Strategy(
                name="stream_copy",
                summary="copy the coded packets of streams that nothing changes, or that are only joined",
                rules=frozenset({"copy_untouched", "copy_concat"}),
                unmet=_encoded,
            ),
            Strategy(
                name="smart_cut",
                summary="copy the whole groups of pictures of an exact cut, and encode only its edges",
                rules=frozenset({"smart_cut"}),
                unmet=_cut_and_encoded,
                demand=_in_parts,
                default="disabled",
            ),
        )
    }
)
"""Every strategy by name."""


def chosen(given: Mapping[str, str]) -> Mapping[str, Choice]:
    """A value for every strategy: what is given, else its default.

    >>> dict(chosen({"stream_copy": "required"}))["stream_copy"]
    'required'

    Raises:
        ValueError: There is no such strategy, or it does not take such a value; the message says what there is.
        TypeError: *given* is not a mapping.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f'strategies= takes a mapping such as {{"smart_cut": "preferred"}}, not {given!r}')
    for name, value in given.items():
        if name not in STRATEGIES:
            near = closest(str(name), STRATEGIES)
            hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(STRATEGIES)}"
            raise ValueError(f"there is no strategy {name!r}; {hint}")
        if value not in _CHOICES:
            raise ValueError(f"{name} may be {', '.join(_CHOICES[:-1])} or {_CHOICES[-1]}, not {value!r}")
    asked = {name: choice for name, value in given.items() for choice in _CHOICES if choice == value}
    return MappingProxyType({name: asked.get(name, strategy.default) for name, strategy in STRATEGIES.items()})


def without_disabled(rules: Sequence[Rule], choices: Mapping[str, Choice]) -> tuple[Rule, ...]:
    """*rules* without those of strategies that are disabled."""
    left_out = {rule for name, choice in choices.items() if choice == "disabled" for rule in STRATEGIES[name].rules}
    return tuple(rule for rule in rules if rule.__name__ not in left_out)


def demanded(graph: StreamGraph, choices: Mapping[str, Choice], rules: Sequence[Rule]) -> StreamGraph:
    """*graph* marked for the *rules*: with strategies that are required, or preferred and have a rule among them."""
    names = {rule.__name__ for rule in rules}
    for name, choice in choices.items():
        demand = STRATEGIES[name].demand
        taken = choice == "required" or (choice == "preferred" and not names.isdisjoint(STRATEGIES[name].rules))
        if taken and demand is not None:
            edits = Rewrite(graph)
            for node in graph.of(Encode):
                told = demand(graph, node, choice)
                if told is not node:
                    edits.put(told)
            graph = edits.graph()
    return graph


def unmet(
    graph: StreamGraph, choices: Mapping[str, Choice], rules: Sequence[Rule], operator_at: OperatorAt
) -> Iterator[Problem]:
    """The problems of strategies that are required and, after the *rules*, were not carried out everywhere."""
    names = {rule.__name__ for rule in rules}
    for name, choice in choices.items():
        if choice != "required":
            continue
        needed = STRATEGIES[name].rules
        for problem in dict.fromkeys(STRATEGIES[name].unmet(graph, operator_at)):  # files of one output have the same
            if needed.isdisjoint(names):
                message = f"{name} is required, and no rule that does it is applied: {', '.join(sorted(needed))}"
                yield attrs.evolve(problem, message=message, hint=f"plan with all rules, or with {name}=preferred")
            else:
                yield problem
