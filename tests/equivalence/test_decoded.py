"""What the harness takes for the same, and what not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from equivalence.decoded import Picture, Sound, picture_differences, sound_differences

_MILLISECOND = Fraction(1, 1000)


def tone(samples: int, first: int = 0) -> Sound:
    heard = np.sin(np.arange(first, first + samples) * 2 * np.pi * 440 / 48_000)
    return Sound(start=Fraction(0), rate=48_000, samples=heard[np.newaxis], tick=Fraction(1, 48_000))


@pytest.mark.parametrize(("samples", "late", "same"), [(48, 48, True), (4800, 24, True), (4800, 55, False)])
def test_sound_that_is_moved_by_less_than_a_tick_is_the_same(samples: int, late: int, same: bool) -> None:
    """As far as it is longer than that: of a millisecond, nothing need be left where it was."""
    found = list(sound_differences(tone(samples), tone(samples, late), exact=False, reach=_MILLISECOND))
    assert (found == []) is same, found


@pytest.mark.parametrize(("change", "said"), [(0, None), (4, None), (60, "structural similarity")])
def test_edges_of_a_smart_cut_are_alike(change: int, said: str | None) -> None:
    rows = np.random.default_rng(1).integers(64, 192, (48, 64)).astype(np.uint8)
    noise = np.random.default_rng(2).integers(-change, change + 1, rows.shape)
    edge = (rows.astype(int) + noise).astype(np.uint8)

    def picture(first: np.ndarray) -> Picture:
        luma = [first, rows]
        return Picture(
            times=[Fraction(0), Fraction(1)], frames=[each.tobytes() for each in luma], luma=luma, tick=_MILLISECOND
        )

    found = list(picture_differences(picture(rows), picture(edge), copied=1))
    assert (found == []) is (said is None), found
    assert said is None or said in found[0]
