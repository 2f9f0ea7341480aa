"""Access paths: where in a file reading begins.

As a database chooses between a scan and index look-ups, a file is read from its start, or from the key frame before
each part that is wanted. Parts that overlap or lie close together are read in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeGuard

import attrs

from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes
from mediapipeline.planner.streams import Copy, Cut, Node, NodeId, Sample, Source, StreamGraph
from mediapipeline.planner.ticks import on_a_tick, tick_before

__all__ = ["APART", "is_refreshed", "open_groups", "picture_lead", "seek_sources"]

APART = Fraction(5)
"""Seconds between two parts from which on a seek pays: about what is decoded from the key frame before the second."""

_EARLY = Fraction(4)
"""Seconds. Without an index FFmpeg guesses where to read from, by measurement up to a group of pictures too late."""
_DROPPED = frozenset({"hevc", "vvc"})
"""Codecs whose decoders drop pictures shown before the key frame that they begin at, and whose encoders leave groups of
pictures open by default."""
_MOST_REORDERED = 16


def picture_lead(source: Source) -> Fraction | None:
    """How many seconds before a wanted picture reading has to begin; None where seeking will not do.

    In open groups of pictures, some are decoded after a key frame but shown before it, and need what comes before the
    key frame. In MP4 FFmpeg goes by the time at which key frames are decoded, so it begins with the one after such a
    picture, which is then missing or broken. The same goes for every picture that is shown before a key frame that is
    decoded already, if the index has times of decoding only (`Source.ahead`). If probing has not seen a second key
    frame, groups are taken to be closed, except those of `_DROPPED`. Pictures that are refreshed bit by bit can be
    decoded only from the first one on.
    """
    if is_refreshed(source.info):
        return None
    return {"index": _leading(source.info) + source.ahead, "guess": _EARLY}.get(source.access)


def is_refreshed(info: Stream) -> bool:
    """Whether key frames are known not to show all of the picture."""
    return isinstance(info, VideoStream) and info.refreshed is True


def open_groups(info: Stream) -> bool:
    """Whether pictures are known to be shown before the key frame that they are decoded after."""
    return isinstance(info, VideoStream) and bool(info.leading)


def _leading(info: Stream) -> Fraction:
    if not isinstance(info, VideoStream) or not info.frame_rate:
        return Fraction(0)
    frames = info.leading or 0
    if info.codec in _DROPPED:
        frames = max(frames, _MOST_REORDERED if info.reorder is None else info.reorder)
    elif not frames:
        return Fraction(0)
    return (1 + frames) / info.frame_rate


def seek_sources(graph: StreamGraph, notes: Notes, lead_of: Callable[[Source], Fraction | None]) -> StreamGraph:
    """Read sources of which only parts are wanted from just before these parts on.

    Args:
        graph: The graph.
        notes: Takes what was done.
        lead_of: Seconds before a part that reading has to begin; None where seeking will not do.
    """
    edits = Rewrite(graph)
    for source in graph.of(Source):
        lead = lead_of(source)
        if lead is None or not on_a_tick(source.seek, source.info):
            continue  # a second seek adds to the first, which must not have been rounded
        users = [graph[user] for user in graph.consumers.get(source.id, ())]
        parts = [node for node in users if _is_part(node)]
        if not any(isinstance(node, Cut) for node in parts):
            continue
        if len(parts) + sum(isinstance(node, Copy) for node in users) != len(users):
            continue
        for number, group in enumerate(_groups(parts)):
            begins = tick_before(max(Fraction(0), source.seek + _span(group[0])[0] - lead), source.info)
            # Before its first frame there is nothing to skip, and FFmpeg would count times differently from there.
            if begins is None or begins <= source.seek + (source.info.start or 0):
                continue
            if begins < source.first and source.access == "index":
                continue
            moved = _from(source, begins, f"{source.id}x{number}" if number or len(parts) < len(users) else source.id)
            edits.put(moved)
            for part in group:
                edits.put(_later(part, moved, begins - source.seek))
            what = source.input if source.kind == "video" else f"sound of {source.input}"
            notes(group[0], f"{what} read from {float(begins):.6g} s on, not from the start")
    return edits.graph()


def _is_part(node: Node) -> TypeGuard[Cut | Sample]:
    """Whether it takes an exact part; a still counts as a part that ends where it begins."""
    return isinstance(node, Cut | Sample) and node.exact


def _span(part: Cut | Sample) -> tuple[Fraction, Fraction | None]:
    return (part.start, part.end) if isinstance(part, Cut) else (part.time, part.time)


def _groups(parts: list[Cut | Sample]) -> list[list[Cut | Sample]]:
    """The parts in order, in groups that are read in one go."""
    ordered = sorted(parts, key=lambda part: _span(part)[0])
    groups = [[ordered[0]]]
    reached = _span(ordered[0])[1]
    for part in ordered[1:]:
        start, end = _span(part)
        if reached is not None and start > reached + APART:
            groups.append([])
        groups[-1].append(part)
        reached = None if reached is None or end is None else max(reached, end)
    return groups


def _from(source: Source, begins: Fraction, id: NodeId) -> Source:  # noqa: A002
    info = cut_stream(source.info, begins - source.seek, None)
    return attrs.evolve(source, id=id, seek=begins, info=info)


def _later(part: Cut | Sample, source: Source, by: Fraction) -> Cut | Sample:
    if isinstance(part, Sample):
        return attrs.evolve(part, inputs=(source.id,), time=part.time - by)
    end = None if part.end is None else part.end - by
    return attrs.evolve(part, inputs=(source.id,), start=part.start - by, end=end)
