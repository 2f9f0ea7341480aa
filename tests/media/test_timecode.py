from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.media.timecode import (
    DURATION_PATTERN,
    LONGEST,
    TIMECODE_PATTERN,
    Timecode,
    format_clock,
    format_time,
    parse_duration,
    parse_frame_rate,
    parse_rational,
    seconds_text,
    to_microseconds_floor,
)

NTSC = Fraction(30000, 1001)
NTSC60 = Fraction(60000, 1001)

DURATIONS = [
    ("90", Fraction(90)),
    ("90.5", Fraction(181, 2)),
    (".5", Fraction(1, 2)),
    ("  90  ", Fraction(90)),
    ("1001/30000", Fraction(1001, 30000)),
    ("0", Fraction(0)),
    ("1000000000", Fraction(10**9)),
    ("1h30m", Fraction(5400)),
    ("1h 30m 5.5s", Fraction(10811, 2)),
    ("90s", Fraction(90)),
    ("1.5 s", Fraction(3, 2)),
    ("5min", Fraction(300)),
    ("30sec", Fraction(30)),
    ("500ms", Fraction(1, 2)),
    ("20us", Fraction(1, 50000)),
    ("20µs", Fraction(1, 50000)),
    ("1m500ms", Fraction(121, 2)),
    ("00:01:30.5", Fraction(181, 2)),
    ("100:00:00", Fraction(360000)),
    ("1:30", Fraction(90)),
    ("90:00", Fraction(5400)),
    ("PT1M30S", Fraction(90)),
    ("PT0.5S", Fraction(1, 2)),
    ("PT2H", Fraction(7200)),
    ("P1D", Fraction(86400)),
    ("P1DT1S", Fraction(86401)),
]
NUMBERS = [
    (5, Fraction(5)),
    (0.1, Fraction(1, 10)),
    (5e-7, Fraction(1, 2_000_000)),
    (1e9, Fraction(10**9)),
    (-0.0, Fraction(0)),
    (Decimal("0.1"), Fraction(1, 10)),
    (Fraction(1001, 30000), Fraction(1001, 30000)),
]


@pytest.mark.parametrize(("value", "seconds"), [*DURATIONS, *NUMBERS])
def test_durations_are_exact(value, seconds):
    parsed = parse_duration(value)
    assert parsed == seconds
    assert isinstance(parsed, Fraction)


NO_DURATIONS = [
    ("", "empty"),
    ("   ", "empty"),
    ("10x", "write seconds"),
    ("1e3", "write seconds"),
    ("1m1h", "write seconds"),
    ("1h30", "write seconds"),
    ("1h1h", "write seconds"),
    ("5.", "write seconds"),
    ("1_000", "write seconds"),
    ("\u0663", "write seconds"),
    ("1 30", "write seconds"),
    ("nan", "write seconds"),
    ("10s\n5", "write seconds"),
    ("00:61:00", "write seconds"),
    ("00:00:60", "write seconds"),
    ("1:5", "write seconds"),
    ("P", "write seconds"),
    ("PT", "write seconds"),
    ("P1DT", "write seconds"),
    ("P1M", "write seconds"),
    ("P1W", "write seconds"),
    ("pt5m", "write seconds"),
    ("01:02:03:04", "counts frames"),
    ("1/0", "divides by zero"),
    ("-5", "negative"),
    ("-1h", "negative"),
    (-1, "negative"),
    (-0.5, "negative"),
    (Fraction(-1, 25), "negative"),
    (True, "true is not"),
    (None, "null is not"),
    ([1], "an array is not"),
    (float("nan"), "NaN"),
    (float("inf"), "Infinity"),
    (float("-inf"), "Infinity"),
    (Decimal("sNaN"), "not a duration"),
    ("1000000000.1", "longer than"),
    (10**400, "longer than"),
    (10**5000, "longer than"),
    (1e300, "not that many digits"),
    (Decimal("1e999999999"), "not that many digits"),
    (Decimal("1e-999999999"), "as small as"),
    (5e-324, "as small as"),
    ("9" * 5000, "5000 characters"),
    ("1." + "0" * 100 + "1", "finer"),
    ("1/" + "7" * 60, "finer"),
    (Fraction(1, 10**30), "finer"),
]


@pytest.mark.parametrize(("value", "said"), NO_DURATIONS, ids=range(len(NO_DURATIONS)))
def test_what_is_no_duration_is_refused_in_a_sentence(value, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        parse_duration(value)
    assert len(str(caught.value)) < 300


times = st.fractions(min_value=0, max_value=LONGEST, max_denominator=10**12)


@given(times)
def test_the_json_form_is_read_back(seconds):
    assert parse_duration(format_time(seconds)) == parse_rational(format_time(seconds)) == seconds


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_a_float_is_its_shortest_decimal(number):
    assert parse_duration(number) == Fraction(repr(number))


@given(times)
def test_clock_is_read_back_to_the_microsecond(seconds):
    assert abs(parse_duration(format_clock(seconds)) - seconds) <= Fraction(1, 2_000_000)


@given(st.fractions(min_value=-LONGEST, max_value=LONGEST, max_denominator=10**9))
def test_text_for_ffmpeg_is_never_later_and_never_a_microsecond_early(seconds):
    assert 0 <= seconds - Fraction(seconds_text(seconds)) < Fraction(1, 1_000_000)
    assert Fraction(seconds_text(seconds)) * 1_000_000 == to_microseconds_floor(seconds)


def _fault(parse, text) -> str | None:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return None


@given(st.text(alphabet="0123456789.:;/hmsuµPTDHMS -", max_size=24))
def test_text_is_read_or_refused_and_the_schema_agrees(text):
    for parse, pattern in ((parse_duration, DURATION_PATTERN), (Timecode.parse, TIMECODE_PATTERN)):
        matches = re.search(pattern, text) is not None
        fault = _fault(parse, text)
        beyond_patterns = fault is not None and re.search("divides by zero|longer than|finer", fault)
        assert beyond_patterns or matches == (fault is None)


@pytest.mark.parametrize(
    ("seconds", "clock", "decimal"),
    [
        (Fraction(0), "00:00:00", "0"),
        (Fraction(10), "00:00:10", "10"),
        (Fraction(181, 2), "00:01:30.5", "90.5"),
        (Fraction(360000), "100:00:00", "360000"),
        (Fraction(1001, 30000), "00:00:00.033367", "0.033366"),
        (Fraction(59_999_999_9, 10**7), "00:01:00", "59.999999"),
        (Fraction(-1, 2), "-00:00:00.5", "-0.5"),
        (Fraction(-1, 10**8), "00:00:00", "-0.000001"),
    ],
)
def test_forms_for_people_and_for_ffmpeg(seconds, clock, decimal):
    assert (format_clock(seconds), seconds_text(seconds)) == (clock, decimal)


@pytest.mark.parametrize("text", ["", "1.5", "1/0", "1/", "/2", "+1", "--1", "1/-2", "nan", "9" * 5000, "\u0661"])
def test_what_is_no_rational(text):
    with pytest.raises(ValueError, match=r"write \"5\""):
        parse_rational(text)


def test_rationals_may_be_negative():
    assert parse_rational("-1/25") == Fraction(-1, 25)


@pytest.mark.parametrize(
    ("text", "rate", "seconds"),
    [
        ("00:00:01:12", Fraction(25), Fraction(37, 25)),
        ("00:00:01:12", Fraction(24000, 1001), Fraction(36 * 1001, 24000)),
        ("01:00:00:00", NTSC, Fraction(108000 * 1001, 30000)),
        ("00:00:01:119", Fraction(120), Fraction(239, 120)),
        # SMPTE ST 12-1: two numbers less in every minute but each tenth
        ("00:00:59;29", NTSC, Fraction(1799 * 1001, 30000)),
        ("00:01:00;02", NTSC, Fraction(1800 * 1001, 30000)),
        ("00:09:59;29", NTSC, Fraction(17981 * 1001, 30000)),
        ("00:10:00;00", NTSC, Fraction(17982 * 1001, 30000)),
        ("01:00:00;00", NTSC, Fraction(107892 * 1001, 30000)),
        ("24:00:00;00", NTSC, Fraction(2589408 * 1001, 30000)),
        ("00:01:00;04", NTSC60, Fraction(3600 * 1001, 60000)),
        ("01:00:00;00", NTSC60, Fraction(215784 * 1001, 60000)),
    ],
)
def test_frames_become_exact_seconds(text, rate, seconds):
    timecode = Timecode(text)
    assert timecode.needs_rate
    assert timecode.seconds is None
    assert timecode.resolve(rate) == seconds


def _drop_frame(number, nominal):
    """The timecode of a frame, counted up frame by frame as a camera does; an oracle that shares no arithmetic."""
    each, minute, second, frame = nominal // 15, 0, 0, 0
    for _ in range(number):
        frame += 1
        if frame == nominal:
            frame, second = 0, second + 1
        if second == 60:
            second, minute = 0, minute + 1
            frame = each if minute % 10 else 0
    return f"{minute // 60:02}:{minute % 60:02}:{second:02};{frame:02}"


@pytest.mark.parametrize("nominal", [30, 60])
@pytest.mark.parametrize("number", [0, 1, 1799, 1800, 1801, 3597, 3598, 3599, 17981, 17982, 17983, 19782, 36000, 40000])
def test_drop_frame_agrees_with_counting(number, nominal):
    rate = Fraction(nominal * 1000, 1001)
    assert Timecode(_drop_frame(number, nominal)).resolve(rate) == number / rate


@pytest.mark.parametrize(
    ("text", "rate", "said"),
    [
        ("00:00:01:12", None, "the frame rate is not known"),
        ("00:00:01:12", Fraction(0), "the frame rate is not known"),
        ("00:00:01:25", Fraction(25), "has no frame 25"),
        ("00:00:01:30", NTSC, "has no frame 30"),
        ("00:01:00;00", NTSC, "does not exist"),
        ("00:01:00;01", NTSC, "does not exist"),
        ("00:11:00;03", NTSC60, "first 4 numbers"),
        ("00:00:01;12", Fraction(25), "is drop-frame"),
        ("00:00:01;12", Fraction(30), "is drop-frame"),
        ("00:00:01;12", Fraction(24000, 1001), "is drop-frame"),
    ],
)
def test_frames_that_do_not_exist(text, rate, said):
    with pytest.raises(ValueError, match=said):
        Timecode(text).resolve(rate)


@pytest.mark.parametrize("value", ["1:2:3:4", "00:00:61:00", "00:00:00:1", "9" * 20 + ":00:00:00", "", "x", "9" * 5000])
def test_what_is_no_timecode(value):
    with pytest.raises(ValueError):  # noqa: PT011 - each with a sentence of its own, tested above
        Timecode.parse(value)


@given(
    st.one_of(
        times,
        st.integers(0, 10**9),
        st.floats(1e-6, 1e9),
        st.sampled_from([text for text, _ in DURATIONS]),
        st.from_regex(r"\A[0-9]{2}:[0-5][0-9]:[0-5][0-9][:;][0-9]{2}\Z"),
    )
)
def test_timecodes_are_read_back(value):
    timecode = Timecode.parse(value)
    again = Timecode.parse(str(timecode))
    assert again == timecode
    assert hash(again) == hash(timecode)
    assert again.text == timecode.text
    if isinstance(value, str):
        assert str(timecode) == value
    if not timecode.needs_rate:
        assert timecode.resolve(None) == parse_duration(value)


def test_timecodes_are_equal_by_meaning():
    assert Timecode("90s") == Timecode("00:01:30") == Timecode.parse(90)
    assert Timecode("00:00:01:00") != Timecode("00:00:01;00")
    assert Timecode("00:00:01:00") != Timecode("00:00:01")
    same = Timecode("5")
    assert Timecode.parse(same) is same


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (25, Fraction(25)),
        ("25", Fraction(25)),
        ("30000/1001", NTSC),
        (NTSC, NTSC),
        ("23.976", Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("23.976024", Fraction(24000, 1001)),
        ("29.97", NTSC),
        (29.97, NTSC),
        (Decimal("29.970"), NTSC),
        ("59.94", NTSC60),
        ("119.88", Fraction(120000, 1001)),
        ("2997/100", Fraction(2997, 100)),
        ("29.9", Fraction(299, 10)),
        ("29.96", Fraction(2996, 100)),
        ("30.00", Fraction(30)),
        ("12.5", Fraction(25, 2)),
        ("0.1", Fraction(1, 10)),
    ],
)
def test_frame_rates(value, rate):
    assert parse_frame_rate(value) == rate


@pytest.mark.parametrize(
    "value",
    ["", "0", 0, -25, "-25", "1/0", "0/1", "1001", 1e9, float("nan"), True, None, "ntsc", "25fps", 10**400, "9" * 5000,
     "1/4294967297", "3.14159265358979"],
)  # fmt: skip
def test_what_is_no_frame_rate(value):
    with pytest.raises(ValueError, match=r"frame rate|zero|digits"):
        parse_frame_rate(value)
