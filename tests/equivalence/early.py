"""Parts that may begin earlier than they have to: what is wanted is in them, in its place, and not much follows it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from equivalence.decoded import Cues, Picture, Sound
from mediapipeline.planner.streams import Copy, Cut, Encode, Node, StreamGraph

__all__ = ["begins_early", "from_lead", "lead_of", "longer_by"]

_AFTER = 4
"""Frames that may follow: packets are counted as they are decoded."""

_SETTLED = Fraction(1, 8)
"""Seconds that the sound of a few packets lasts."""

_Decoded: TypeAlias = Picture | Sound | Cues


def begins_early(without_rules: StreamGraph, node: Node) -> bool:
    """Whether *node* copies packets of what is encoded *without_rules*, from a cut that may fall on key frames."""
    encoded = without_rules.nodes.get(node.id)
    if not isinstance(node, Copy) or not isinstance(encoded, Encode):
        return False
    source = without_rules.input_of(encoded)
    while isinstance(source, Cut) and source.exact:
        source = without_rules.input_of(source)
    return isinstance(source, Cut)


def lead_of(one: Picture, other: Picture) -> Fraction | None:
    """Seconds by which what *one* shows is later in *other*; None where its first frame is not there."""
    if not one.frames:
        return Fraction(0)
    begin = _place(one, other)
    return None if begin is None else other.times[begin] - one.times[0]


def longer_by(one: Sequence[_Decoded], other: Sequence[_Decoded]) -> Fraction:
    """Seconds by which the first sound of *other* is longer than that of *one*, which has no picture to go by."""
    lengths = [
        next((Fraction(s.samples.shape[1], s.rate) for s in each if isinstance(s, Sound)), Fraction(0))
        for each in (one, other)
    ]
    longer = lengths[1] - lengths[0]
    return longer if longer > _SETTLED else Fraction(0)


def _place(one: Picture, other: Picture) -> int | None:
    """Where the frames of *one* are in *other*, of which some may be the same; None where the first is nowhere."""
    places = [at for at, frame in enumerate(other.frames) if frame == one.frames[0]]

    def alike(begin: int) -> int:
        return sum(a == b for a, b in zip(one.frames, other.frames[begin:], strict=False))

    return max(places, key=alike, default=None)


def from_lead(one: _Decoded, other: _Decoded, lead: Fraction) -> tuple[_Decoded, _Decoded]:
    """Both, *other* from *lead* seconds on and without the frames that follow the last of *one*.

    Of sound without what the first packets decode to: that depends on those before them.
    """
    if isinstance(one, Picture) and isinstance(other, Picture):
        kept = list(range((_place(one, other) or 0) if one.frames else len(other.frames), len(other.frames)))
        kept = kept[: len(one.frames)] if len(kept) <= len(one.frames) + _AFTER else kept
        shown = attrs.evolve(
            other, times=[other.times[at] - lead for at in kept], frames=[other.frames[at] for at in kept],
            luma=[other.luma[at] for at in kept],
        )  # fmt: skip
        return one, shown
    if isinstance(one, Sound) and isinstance(other, Sound):
        return _heard_from(one, _SETTLED), _heard_from(attrs.evolve(other, start=other.start - lead), _SETTLED)
    if not isinstance(other, Cues):
        return one, other  # another kind of stream, as will be said
    return one, Cues([(start - lead, end - lead, text) for start, end, text in other.shown if end > lead])


def _heard_from(sound: Sound, time: Fraction) -> Sound:
    before = max(0, round((time - sound.start) * sound.rate))
    return attrs.evolve(sound, start=sound.start + Fraction(before, sound.rate), samples=sound.samples[:, before:])
