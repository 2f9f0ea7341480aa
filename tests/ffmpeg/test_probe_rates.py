"""Frame rates from time stamps: any rate, in any clock, is found again; unevenness is seen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.ffmpeg.probe_mp3 import gapless_duration, id3_size
from mediapipeline.ffmpeg.probe_rates import Rate, measure_rate, snap

STANDARD = [Fraction(n) for n in (24, 25, 30, 50, 60)] + [Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)]
CLOCKS = [Fraction(1, 1000), Fraction(1, 90000), Fraction(1, 12800), Fraction(1, 1_000_000)]


def stamps(rate: Fraction, clock: Fraction, count: int, first: int = 0) -> list[int]:
    return [first + round(n / rate / clock) for n in range(count)]


def judge(times, clock, **facts):
    given = {"average": None, "base": None, "complete": True, "reorder": 0} | facts
    return measure_rate(time_base=clock, timestamps=times, **given)


@given(
    rate=st.sampled_from(STANDARD),
    clock=st.sampled_from(CLOCKS),
    count=st.integers(2, 240),
    first=st.integers(-1000, 10**9),
)
def test_a_declared_rate_is_confirmed(rate, clock, count, first):
    assert judge(stamps(rate, clock, count, first), clock, average=rate) == Rate(rate, False)


@given(rate=st.sampled_from(STANDARD), clock=st.sampled_from(CLOCKS), count=st.integers(100, 240))
def test_a_standard_rate_is_found_where_nothing_is_declared(rate, clock, count):
    assert judge(stamps(rate, clock, count), clock) == Rate(rate, False)


@given(rate=st.sampled_from(STANDARD), clock=st.sampled_from(CLOCKS), gap=st.integers(1, 58))
def test_a_missing_frame_is_a_variable_rate(rate, clock, gap):
    times = stamps(rate, clock, 60)
    del times[gap]
    verdict = judge(times, clock, average=rate, base=rate)
    assert verdict.vfr is True
    assert verdict.frame_rate < rate


@given(st.permutations(range(8)), st.sampled_from(STANDARD))
def test_the_order_of_the_file_does_not_matter(order, rate):
    times = stamps(rate, Fraction(1, 90000), 8)
    assert judge([times[n] for n in order], Fraction(1, 90000), average=rate) == Rate(rate, False)


def test_frames_that_follow_the_window_are_not_missed():
    times = stamps(Fraction(25), Fraction(1, 1000), 12)
    decoding = [times[0], times[3], times[1], times[2], times[6], times[4], times[5], times[9]]  # 7 and 8 come later
    clock = Fraction(1, 1000)
    assert judge(decoding, clock, average=Fraction(25), complete=False, reorder=1) == Rate(Fraction(25), False)
    assert judge(decoding, clock, average=Fraction(25), complete=True).vfr is True


def test_the_number_of_frames_speaks_of_what_the_window_does_not_show():
    times = stamps(Fraction(25), Fraction(1, 1000), 240)
    facts = {"average": Fraction(20), "complete": False, "duration": Fraction(100)}
    assert judge(times, Fraction(1, 1000), frames=2000, **facts) == Rate(Fraction(20), True)
    assert judge(times, Fraction(1, 1000), frames=2500, **facts) == Rate(Fraction(25), False)


def test_fields_are_not_frames():
    times = stamps(Fraction(50), Fraction(1, 90000), 100)
    facts = {"average": Fraction(25), "base": Fraction(50)}
    assert judge(times, Fraction(1, 90000), interlaced=True, **facts) == Rate(Fraction(25), False)


@given(rate=st.sampled_from(STANDARD), clock=st.sampled_from([12800, 16000, 90000]), count=st.integers(100, 240))
def test_milliseconds_in_a_finer_clock_are_still_milliseconds(rate, clock, count):
    tick = Fraction(1, clock)
    times = [round(Fraction(ms, 1000) / tick) for ms in stamps(rate, Fraction(1, 1000), count)]
    assert judge(times, tick) == Rate(rate, False)
    del times[50]
    assert judge(times, tick, average=rate).vfr is True


@pytest.mark.parametrize(("average", "frames", "length"), [("64000/3003", 8, 9), ("27", 9, 8), ("64000/3003", 9, 10)])
def test_the_length_of_the_last_frame_is_no_evidence(average, frames, length):
    rate, clock = Fraction(24000, 1001), Fraction(1, 24000)
    facts = {"average": Fraction(average), "base": rate, "frames": frames, "duration": length / rate}
    assert judge(stamps(rate, clock, frames), clock, **facts) == Rate(rate, False)


def test_where_a_tick_is_a_frame_one_tick_off_is_a_missing_frame():
    rate = Fraction(25)
    assert judge(list(range(20)), 1 / rate, average=rate) == Rate(rate, False)
    assert judge([0, *range(2, 26)], 1 / rate, average=rate) == Rate(Fraction(24), True)


def test_an_odd_average_of_a_few_frames_gives_way_to_a_standard_rate():
    times = [0, 42, 83, 125, 167, 209, 250, 292, 334]
    assert judge(times, Fraction(1, 1000), average=Fraction(287, 12)) == Rate(Fraction(24000, 1001), False)


def test_an_odd_rate_in_a_fine_clock_is_what_it_says():
    rate, clock = Fraction(2997, 100), Fraction(1, 2997)
    assert judge(stamps(rate, clock, 240), clock, average=rate) == Rate(rate, False)


def test_too_little_to_know():
    assert judge([], Fraction(1, 1000)) == Rate(None, None)
    assert judge([5], Fraction(1, 1000), average=Fraction(25)) == Rate(Fraction(25), None)
    assert judge([], Fraction(1, 25), average=Fraction(25), base=Fraction(25), frames=9) == Rate(Fraction(25), False)


@pytest.mark.parametrize(
    ("reported", "meant"),
    [
        ("19001/317", "60000/1001"),
        ("30000/1001", "30000/1001"),
        ("30", "30"),
        ("2997/100", "2997/100"),
        ("13/7", "13/7"),
    ],
)
def test_only_what_is_a_rounding_snaps(reported, meant):
    assert snap(Fraction(reported)) == Fraction(meant)


def test_zero_is_not_a_rate():
    assert snap(Fraction(0)) is None
    assert snap(None) is None


# ---- the header of MP3


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data):
    assert gapless_duration(data) is None or data[:1] == b"\xff"
    assert id3_size(data) >= 0


@given(st.integers(1, 10**6), st.integers(0, 575), st.integers(0, 575))
def test_padding_is_taken_off(frames, before, after):
    frame = bytearray(b"\xff\xfb\x50\xc4" + bytes(400))
    header = b"Info" + (0xF).to_bytes(4, "big") + frames.to_bytes(4, "big")
    frame[21 : 21 + len(header)] = header
    frame[21 + 120 : 21 + 124] = b"LAME"
    frame[21 + 141 : 21 + 144] = (before << 12 | after).to_bytes(3, "big")
    assert gapless_duration(bytes(frame)) == Fraction(frames * 1152 - before - after, 44100)


def test_the_size_of_a_tag():
    assert id3_size(b"ID3\x04\x00\x00\x00\x00\x02\x01rest") == 10 + 257
    assert id3_size(b"not a tag..") == 0
