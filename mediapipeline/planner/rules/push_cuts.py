"""The rule `push_cuts`."""

from __future__ import annotations

from fractions import Fraction

import attrs

from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Filter, Node, NodeId, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["push_cuts"]


@rule("exact")
def push_cuts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Cut before filtering, so that only what is kept is filtered.

    in:video → hflip() → cut(5s..9s) → out    becomes    in:video → cut(5s..9s) → hflip() → out

    Only past filters that make each frame of one frame, perhaps with a still laid over it, and that nothing else takes
    from. A cut passes stills if no frame can be before time 0 after it: stills are not seen there.
    """
    edits = Rewrite(graph)
    seen: set[NodeId] = set()
    for node in reversed(list(graph)):
        if node.id not in seen:
            run = _run(graph, node)
            seen.update(each.id for each in run)
            if len(run) > 1 and _out_of_order(run):
                _reorder(run, edits)
                filters = dict.fromkeys(each.name for each in run if isinstance(each, Filter))
                names = ", ".join([*filters][:3]) + (", …" if len(filters) > 3 else "")
                notes(run[-1], f"cut before {names}: what is not kept is not filtered")
    return edits.graph()


def _run(graph: StreamGraph, last: Node) -> list[Cut | Filter]:
    """Cuts and filters in a row, ending with *last*, that may stand in any order as long as each kind keeps its own."""
    run: list[Cut | Filter] = []
    node, all_from_zero = last, True
    while isinstance(node, Cut | Filter) and _movable(graph, node) and (not run or len(graph.consumers[node.id]) == 1):
        if len(node.inputs) > 1 and not all_from_zero:
            break
        all_from_zero = all_from_zero and _from_zero(node)
        run.append(node)
        node = graph.input_of(node)
    return run[::-1]


def _movable(graph: StreamGraph, node: Cut | Filter) -> bool:
    if node.same_as is not None or node.kind not in ("video", "audio"):
        return False
    return isinstance(node, Cut) or graph.frame_by_frame(node)


def _from_zero(node: Cut | Filter) -> bool:
    """Whether no frame is before time 0 because of *node*."""
    return isinstance(node, Filter) or (node.exact and on_a_tick(node.start, node.info))


def _out_of_order(run: list[Cut | Filter]) -> bool:
    kinds = [isinstance(node, Filter) for node in run]
    return kinds != sorted(kinds)


def _reorder(run: list[Cut | Filter], edits: Rewrite) -> None:
    """Put the cuts first. The ids stay where they are, so that whoever takes the last stream still does."""
    cuts = [node for node in run if isinstance(node, Cut)]
    remaining = _remaining(run)
    source = run[0].inputs[0]
    info = None
    for place, node in zip(run, [*cuts, *(node for node in run if isinstance(node, Filter))], strict=True):
        if isinstance(node, Cut):
            before = edits.current(source).info if info is None else info
            info = cut_stream(before, node.start, node.end, exact=node.exact)
        else:
            info = node.info
            if node.id in remaining:
                start, end, exact = remaining[node.id]
                info = cut_stream(node.info, start, end, exact=exact)
        edits.put(attrs.evolve(node, id=place.id, inputs=(source, *node.inputs[1:]), info=info))
        source = place.id


def _remaining(run: list[Cut | Filter]) -> dict[NodeId, tuple[Fraction, Fraction | None, bool]]:
    """For each filter, the cuts after it as one."""
    found: dict[NodeId, tuple[Fraction, Fraction | None, bool]] = {}
    start, end, exact, any_cut = Fraction(0), None, True, False
    for node in reversed(run):
        if isinstance(node, Cut):
            ends = [each for each in (node.end, None if end is None else node.start + end) if each is not None]
            start, end, exact, any_cut = node.start + start, min(ends, default=None), exact and node.exact, True
        elif any_cut:
            found[node.id] = (start, end, exact)
    return found
