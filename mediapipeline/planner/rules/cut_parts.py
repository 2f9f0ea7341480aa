"""The rule `cut_parts`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.pacing import Ahead, ahead_of_parts, bounds_of, on_the_clock_of
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Concat, Cut, Node, NodeId, StreamGraph

__all__ = ["cut_parts"]

_Part: TypeAlias = tuple[Node, NodeId | None]
"""A part, or a cut of it, and the stream that it is made of; see `Concat`."""


@rule("exact")
def cut_parts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Join only the parts of which something is kept, and cut only the first and last of them.

    a:video, b:video → concat() → cut(10s..12s) → out    becomes    b:video → cut(0s..2s) → out    where a lasts 10 s

    Only if nothing else takes the whole. Joined frames are counted from 0; where the cut falls between two of them, the
    little that is left before it is cut after joining.
    """
    work = _Work(graph)
    for cut in work:
        whole = work.edits.current(cut.inputs[0])
        if not isinstance(whole, Concat) or work.uses[whole.id] > 1:
            continue
        ahead = ahead_of_parts(whole, cut)
        if ahead is None or (bounds := bounds_of(work.edits.current, whole)) is None:
            continue
        parts = _parts(work.edits, cut, ahead, whole, bounds)
        if not parts:
            continue
        notes(cut, _said(len(parts), len(whole.inputs)))
        work.join(cut if ahead.rest is None else work.split(cut, ahead, parts), whole, parts)
    return work.edits.graph()


def _said(needed: int, joined: int) -> str:
    if needed == joined:
        return "cut before joining: only the first and the last part are cut"
    return f"{needed} of {joined} joined parts {'is' if needed == 1 else 'are'} needed: the rest is not read"


class _Work:
    """Cuts that are still to be looked at, and how many take each stream after the edits so far.

    A part that is now cut may be joined of parts itself, and a stream that a part no longer takes may have one user
    left, which cuts it. Both are looked at again, so that a second time there is nothing to do.
    """

    def __init__(self, graph: StreamGraph) -> None:
        self.edits = Rewrite(graph)
        self.uses = {node: len(users) for node, users in graph.consumers.items()}
        self._graph = graph
        self._queue = [node.id for node in graph.of(Cut)] if graph.of(Concat) else []

    def __iter__(self) -> Iterator[Cut]:
        for name in self._queue:  # it grows
            cut = self.edits.current(name)
            if isinstance(cut, Cut) and cut.id == name and self.uses.get(name):
                yield cut

    def split(self, cut: Cut, ahead: Ahead, parts: Sequence[_Part]) -> Cut:
        """Leave of *cut* what is left to be cut at last, and do the rest before it."""
        start, end = ahead.rest or (Fraction(0), None)
        info = cut_stream(self.edits.current(cut.inputs[0]).info, ahead.start, ahead.end)
        first = attrs.evolve(cut, id=self.edits.unused(cut.id), start=ahead.start, end=ahead.end, info=info)
        self.edits.put(first)
        (alone, _), *others = parts
        rest = cut.info if others else on_the_clock_of(cut.info, alone.info)
        self.edits.put(attrs.evolve(cut, inputs=(first.id,), start=start, end=end, info=rest))
        self.uses[first.id] = 1
        return first

    def join(self, cut: Cut, whole: Concat, parts: Sequence[_Part]) -> None:
        """Put *parts*, one after the other, in the place of *cut*, which cut *whole*."""
        users = self.uses[cut.id]
        for part, _ in parts:
            if isinstance(part, Cut) and part.id not in self.uses:
                self.edits.put(part)
                self._take(part.inputs[0], 1)
                self._queue.append(part.id)
            self._take(part.id, users if len(parts) == 1 else 1)
        self._leave(whole.id)
        if len(parts) == 1:
            self.edits.redirect(cut.id, parts[0][0].id)
            self.uses[cut.id] = 0
        else:
            inputs, made_of = tuple(part.id for part, _ in parts), tuple(each for _, each in parts)
            self.edits.put(attrs.evolve(whole, id=cut.id, inputs=inputs, made_of=made_of, info=cut.info))

    def _take(self, node: NodeId, times: int) -> None:
        self.uses[node] = self.uses.get(node, 0) + times

    def _leave(self, node: NodeId) -> None:
        """One user less takes *node*."""
        left = [node]
        for each in left:
            name = self.edits.target(each)
            self.uses[name] -= 1
            current = self.edits.current(name)
            if not self.uses[name]:
                left += current.inputs
            elif self.uses[name] == 1 and isinstance(current, Concat):
                self._queue += self._graph.consumers.get(name, ())


def _parts(edits: Rewrite, cut: Cut, ahead: Ahead, whole: Concat, bounds: Sequence[Fraction]) -> list[_Part]:
    """What is kept of each part of *whole*."""
    kept: list[_Part] = []
    for number, (leg, begin, end) in enumerate(zip(whole.inputs, bounds, bounds[1:], strict=False)):
        if end <= ahead.start or (ahead.end is not None and ahead.end <= begin):
            continue
        part = edits.current(leg)
        start = max(Fraction(0), ahead.start - begin)
        stop = None if ahead.end is None or ahead.end >= end else ahead.end - begin
        if start == 0 and stop is None:
            kept.append((part, (whole.made_of or whole.inputs)[number]))
        else:
            info = cut_stream(part.info, start, stop)
            part = attrs.evolve(cut, id=f"{cut.id}p{number}", inputs=(part.id,), start=start, end=stop, info=info)
            kept.append((part, part.id))
    return kept
