"""What the harness takes for the same, and what not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from equivalence.decoded import Picture, Sound, delay, picture_differences, sound_differences

_MILLISECOND = Fraction(1, 1000)


def tone(samples: int, first: float = 0, hertz: tuple[float, ...] = (440,)) -> Sound:
    heard = [np.sin((first + np.arange(samples)) * 2 * np.pi * each / 48_000) for each in hertz]
    return Sound(start=Fraction(0), rate=48_000, samples=np.stack(heard), tick=Fraction(1, 48_000))


@pytest.mark.parametrize(("samples", "late", "same"), [(48, 48, True), (4800, 24, True), (4800, 55, False)])
def test_sound_that_is_moved_by_less_than_a_tick_is_the_same(samples: int, late: int, same: bool) -> None:
    """As far as it is longer than that: of a millisecond, nothing need be left where it was."""
    found = list(sound_differences(tone(samples), tone(samples, late), exact=False, reach=_MILLISECOND))
    assert (found == []) is same, found


@pytest.mark.parametrize("late", [0, 0.36, -0.36])
def test_a_tone_lies_where_it_is_though_another_period_fits_better(late: float) -> None:
    """Four periods of 440 Hz are 436.36 samples; of the other channel that is amid two."""
    one, other = tone(48_000, hertz=(440, 523)), tone(48_000, late, hertz=(440, 523))
    reach = Fraction(1, 10)
    assert list(sound_differences(one, other, exact=False, reach=reach)) == []
    assert delay(one, other, reach) == 0


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


@pytest.mark.parametrize(("gap", "same"), [(Fraction(0), True), (Fraction(1, 50), True), (Fraction(1, 25), False)])
def test_no_frame_lies_between_parts_that_are_joined(gap: Fraction, same: bool) -> None:
    """All of a copy may come later, by less than the *reach*; a part of it may not."""
    luma = [np.zeros((48, 64), np.uint8)] * 4
    frames = [b"1", b"2", b"3", b"4"]
    times = [Fraction(at, 25) for at in range(4)]
    one = Picture(times=times, frames=frames, luma=luma, tick=_MILLISECOND)
    late = [time + Fraction(1, 50) + (gap if at > 1 else 0) for at, time in enumerate(times)]
    other = Picture(times=late, frames=frames, luma=luma, tick=_MILLISECOND)
    found = list(picture_differences(one, other, reach=Fraction(1, 10), even=Fraction(1, 50)))
    assert (found == []) is same, found
