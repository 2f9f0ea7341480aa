"""Sound that was joined at whole packets: each clip is in its place to within half of one, and sounds the same."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import attrs

from equivalence.decoded import Sound, sound_differences
from mediapipeline.media.streams import AudioStream
from mediapipeline.planner.streams import Joined

__all__ = ["joined_differences"]

_BESIDE = 4
"""Packets at either end of a clip that are not compared: at a joint the sound of both is heard."""


def joined_differences(one: Sound, other: Sound, node: Joined, *, reach: Fraction) -> Iterator[str]:
    """Where the clips of *other*, which are joined packets, differ from those of *one*.

    Args:
        one: The whole, joined to the sample.
        other: The same of copied packets.
        node: What was planned.
        reach: Seconds by which codecs and containers move what is copied.
    """
    assert isinstance(node.info, AudioStream)  # pictures are joined exactly
    packet = node.info.packet or Fraction(0)
    if abs(one.samples.shape[1] - other.samples.shape[1]) > 2 * reach * one.rate:
        yield f"{one.samples.shape[1]} and {other.samples.shape[1]} samples"
    here = Fraction(0)
    for number, part in enumerate(node.parts, 1):
        bounds = here + _BESIDE * packet, here + part.length - _BESIDE * packet
        if bounds[0] < bounds[1]:
            pieces = (_piece(sound, *bounds) for sound in (one, other))
            said = sound_differences(*pieces, exact=False, reach=reach + packet / 2)
            yield from (f"clip {number}: {each}" for each in said)
        here += part.length


def _piece(sound: Sound, start: Fraction, end: Fraction) -> Sound:
    samples = sound.samples[:, round(start * sound.rate) : round(end * sound.rate)]
    return attrs.evolve(sound, start=Fraction(0), samples=samples)
