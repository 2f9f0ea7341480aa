"""The rule `sample_by_seek`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.timeline import cut_stream
from mediapipeline.media.words import counted
from mediapipeline.planner.access import APART, open_groups, picture_lead
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Copy, Sample, Source, StreamGraph
from mediapipeline.planner.ticks import on_a_tick, tick_before

__all__ = ["sample_by_seek"]


@rule("exact")
def sample_by_seek(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Read each still from the key frame before it on, not from the start of the file.

    in:video → sample(60s) → out    becomes    in:video@60s → sample(0s) → out

    Stills that lie close together are read in one go. Where the whole is decoded anyway, nothing would be saved.
    """
    edits = Rewrite(graph)
    for source in graph.of(Source):
        lead = picture_lead(source)
        users = [graph[user] for user in graph.consumers.get(source.id, ())]
        stills = [node for node in users if isinstance(node, Sample) and _by_time(source, node)]
        if (
            lead is None
            or source.key_frames
            or not on_a_tick(source.seek, source.info)
            or len(stills) + sum(isinstance(node, Copy) for node in users) < len(users)
        ):
            continue
        moved: list[int] = []
        for number, group in enumerate(_groups(stills)):
            begins = tick_before(max(Fraction(0), source.seek + group[0].time - lead), source.info)
            if begins is None or begins <= (source.seek or source.info.start or 0):
                continue
            by = begins - source.seek
            reader = attrs.evolve(
                source, id=f"{source.id}s{number}", seek=begins, info=cut_stream(source.info, by, None)
            )
            edits.put(reader)
            for still in group:
                edits.put(attrs.evolve(still, inputs=(reader.id,), time=still.time - by))
            moved.append(len(group))
        if moved:
            notes(stills[0], f"{source.input}: {counted(sum(moved), 'still')} read {_from_where(moved)}")
    return edits.graph()


def _from_where(readings: Sequence[int]) -> str:
    """What is said of *readings*, each with a number of stills."""
    if len(readings) == 1:
        return f"from the key frame before {'it' if readings == [1] else 'the first of them'}, not from the start"
    if sum(readings) == len(readings):
        return "each from the key frame before it, not in one scan"
    return f"in {len(readings)} goes, each from a key frame, not in one scan"


def _by_time(source: Source, still: Sample) -> bool:
    """Whether *still* has to be found by its time: it may not be a key frame, or no index would find that."""
    return still.exact or source.access != "index" or source.seek > 0 or source.ahead > 0 or open_groups(source.info)


def _groups(stills: Sequence[Sample]) -> list[list[Sample]]:
    groups: list[list[Sample]] = []
    for still in sorted(stills, key=lambda each: each.time):
        if not groups or still.time > groups[-1][-1].time + APART:
            groups.append([])
        groups[-1].append(still)
    return groups
