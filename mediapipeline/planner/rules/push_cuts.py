"""The rule `push_cuts`."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.streams import Stream
from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.shifts import later, told
from mediapipeline.planner.streams import Cut, Filter, Node, NodeId, Shift, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["push_cuts"]

_Run: TypeAlias = list[Cut | Shift | Filter]


@rule("exact")
def push_cuts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Cut before filtering, so that only what is kept is filtered.

    in:video → hflip() → cut(5s..9s) → out    becomes    in:video → cut(5s..9s) → hflip() → out

    Only past filters that make each frame of one frame, perhaps with a still laid over it, and that nothing else takes
    from. Those that go by the time get the times of the whole. A cut passes stills if no frame can be before time 0
    after it: stills are not seen there.
    """
    edits = Rewrite(graph)
    seen: set[NodeId] = set()
    for node in reversed(list(graph)):
        if node.id not in seen:
            run = _run(graph, node)
            seen.update(each.id for each in run)
            if len(run) > 1 and _out_of_order(run):
                source = edits.current(run[0].inputs[0])
                edits.put_row(_cuts_first(run, source), source.id, run[-1].id, [each.id for each in run[:-1]])
                filters = dict.fromkeys(each.name for each in run if isinstance(each, Filter))
                names = ", ".join([*filters][:3]) + (", …" if len(filters) > 3 else "")
                notes(run[-1], f"cut before {names}: what is not kept is not filtered")
    return edits.graph()


def _run(graph: StreamGraph, last: Node) -> _Run:
    """Cuts and filters in a row, ending with *last*, that may stand in any order as long as each kind keeps its own."""
    run: _Run = []
    node, on_ticks, from_zero = last, True, True
    while isinstance(node, Cut | Shift | Filter) and _movable(graph, node):
        if run and len(graph.consumers[node.id]) > 1:
            break
        if isinstance(node, Filter) and not (on_ticks if node.traits.timed else from_zero or len(node.inputs) == 1):
            break
        if isinstance(node, Cut):
            on_ticks = on_ticks and on_a_tick(node.start, node.info)
            from_zero = from_zero and on_ticks and node.exact
        run.append(node)
        node = graph.input_of(node)
    return run[::-1]


def _movable(graph: StreamGraph, node: Cut | Shift | Filter) -> bool:
    if node.same_as is not None or node.kind not in ("video", "audio"):
        return False
    return not isinstance(node, Filter) or graph.frame_by_frame(node, timed=True)


def _out_of_order(run: _Run) -> bool:
    filters = [isinstance(node, Filter) for node in run if not isinstance(node, Shift)]
    return filters != sorted(filters)


def _cuts_first(run: _Run, source: Node) -> list[Node]:
    """The nodes of *run* in their new order, each with its facts; their ids and first inputs are yet to be given.

    A filter that goes by the time gets frames with the times that they had there before.
    """
    cuts, filters, rest = _sorted(run)
    made: list[Node] = []
    info = source.info
    for cut in cuts:
        info = cut_stream(info, cut.start, cut.end, exact=cut.exact)
        made.append(attrs.evolve(cut, info=info))
    return made + told([(node, kept.zero, kept.of(node.info)) for node, kept in filters], info, rest)


@attrs.frozen
class _Kept:
    """What the cuts after a filter leave of what it gives: from `zero` to `end`, in its times.

    Attributes:
        zero: What is at 0 after the last cut of the run, whether that comes after the filter or before it.
        end: None for all.
        exact: Whether all of them are.
        cut: Whether there is one.
    """

    zero: Fraction
    end: Fraction | None
    exact: bool
    cut: bool

    def of(self, info: Stream) -> Stream:
        """The facts of what is left, counted from `zero`."""
        if not self.cut:
            return later(info, -self.zero)
        return cut_stream(info, self.zero, self.end, exact=self.exact)


def _sorted(run: _Run) -> tuple[list[Cut], list[tuple[Filter, _Kept]], Fraction]:
    """The cuts, with bounds by the times that each has if they come first; the filters; and what is shifted at last."""
    cuts: list[Cut] = []
    found: list[tuple[Filter, Fraction, int]] = []
    zero = moved = Fraction(0)  # what is at 0 after the last cut, by the times before the run; what was shifted since
    left: list[tuple[Fraction | None, bool]] = []  # until when, by the times before the run, and whether exactly
    for node in run:
        if isinstance(node, Filter):
            found.append((node, moved - zero, len(cuts)))
        elif isinstance(node, Shift):
            moved += node.by
        else:
            start, end = node.start - moved, None if node.end is None else node.end - moved
            cuts.append(attrs.evolve(node, start=start, end=end))
            left.append((None if end is None else zero + end, node.exact))
            zero, moved = zero + start, Fraction(0)
    until: list[tuple[Fraction | None, bool]] = [(None, True)]  # by each cut and those after it, the last first
    for end, exact in reversed(left):
        ends = [each for each in (end, until[-1][0]) if each is not None]
        until.append((min(ends, default=None), exact and until[-1][1]))
    filters: list[tuple[Filter, _Kept]] = []
    for node, by, before in found:
        end, exact = until[len(cuts) - before]
        end = None if end is None else end + by
        filters.append((node, _Kept(zero + by, end, exact, before < len(cuts))))
    return cuts, filters, moved
