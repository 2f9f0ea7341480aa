from __future__ import annotations

import asyncio
import itertools
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.process import run_process
from mediapipeline.ffmpeg.progress import Progress, ProgressParser

# As FFmpeg 5.1, 7.0 and 9.0 wrote them
FIRST_5 = b"""frame=1
fps=0.00
stream_0_0_q=0.0
bitrate=N/A
total_size=48
out_time_us=0
out_time_ms=0
out_time=00:00:00.000000
dup_frames=0
drop_frames=0
speed=   0x
progress=continue
"""
FIRST_7 = FIRST_5.replace(b"time_us=0", b"time_us=N/A").replace(b"time_ms=0", b"time_ms=N/A").replace(b"   0x", b"N/A")
FIRST_7 = FIRST_7.replace(b"time=00:00:00.000000", b"time=N/A")
LAST_5 = b"""frame=23
fps=12.50
stream_0_0_q=28.0
bitrate= 110.5kbits/s
total_size=12512
out_time_us=905578
out_time_ms=905578
out_time=00:00:00.905578
dup_frames=3
drop_frames=4
speed=0.96x
progress=end
"""
LAST_9 = b"""bitrate=  90.7kbits/s
total_size=N/A
out_time_us=2000000
out_time_ms=2000000
out_time=00:00:02.000000
dup_frames=0
drop_frames=0
speed=2.04e+03x
progress=end
"""


def parse(text: bytes) -> list[Progress]:
    return ProgressParser().feed(text)


def test_a_report() -> None:
    assert parse(LAST_5) == [
        Progress(
            frame=23,
            fps=12.5,
            bit_rate=110_500,
            total_size=12_512,
            out_time=Fraction(905_578, 1_000_000),
            speed=0.96,
            dup=3,
            drop=4,
            done=True,
        )
    ]


def test_what_is_not_known_is_none() -> None:
    assert parse(FIRST_7) == [Progress(frame=1, fps=0.0, total_size=48, dup=0, drop=0)]
    assert parse(FIRST_5) == [Progress(frame=1, fps=0.0, total_size=48, out_time=Fraction(0), speed=0.0, dup=0, drop=0)]
    assert parse(b"progress=continue\n") == [Progress()]


def test_sound_has_no_frames_and_speed_may_be_huge() -> None:
    (report,) = parse(LAST_9)
    assert (report.frame, report.total_size, report.speed, report.out_time) == (None, None, 2040.0, Fraction(2))


@pytest.mark.parametrize(
    ("lines", "time"),
    [
        (b"out_time_us=1500000\nout_time_ms=9\nout_time=00:00:09.0", Fraction(3, 2)),
        (b"out_time_ms=1500000", Fraction(3, 2)),
        (b"out_time=01:02:03.500000", Fraction(7447, 2)),
        (b"out_time=100:00:00.000000", Fraction(360_000)),
        (b"out_time_us=-9223372036854775808", Fraction(0)),
        (b"out_time=-00:00:00.021333", Fraction(0)),
        (b"out_time_us=N/A\nout_time=-577014:32:22.770000", Fraction(0)),
        (b"out_time_us=\nout_time=N/A", None),
        (b"out_time_us=12e", None),
    ],
)
def test_times(lines: bytes, time: Fraction | None) -> None:
    assert [report.out_time for report in parse(lines + b"\nprogress=continue\n")] == [time]


def test_time_never_goes_back() -> None:
    text = b"".join(
        b"out_time_us=%s\nprogress=continue\n" % t for t in (b"-5", b"2000000", b"1000000", b"N/A", b"3000000")
    )
    assert [report.out_time for report in parse(text)] == [0, 2, 2, 2, 3]


def test_garbage_between_the_lines_is_passed_over() -> None:
    noise = (
        b"\0\xff\n=\n==\nframe\nframe=\x80\nout_time=::\n\n speed = \r\n"
        + b"x" * 10_000
        + b"\n"
        + b"frame="
        + b"9" * 5000
        + b"\n"
    )
    assert parse(noise + LAST_5) == parse(LAST_5)
    assert parse(b"frame=-1\nfps=nan\nspeed=infx\nbitrate=1e400kbits/s\ntotal_size=1.5\nprogress=continue\n") == [
        Progress()
    ]


def test_a_line_without_an_end_fills_no_memory() -> None:
    parser = ProgressParser()
    for _ in range(1000):
        assert parser.feed(b"frame=1" * 1000) == []
    assert len(parser._line) < 10_000
    assert parser.feed(b"\n" + LAST_5) == parse(LAST_5)


@given(
    cuts=st.lists(st.integers(0, len(FIRST_5 + FIRST_7 + LAST_5)), max_size=12), end=st.sampled_from([b"\n", b"\r\n"])
)
def test_pieces_of_any_size_say_the_same(cuts: list[int], end: bytes) -> None:
    text = (FIRST_5 + FIRST_7 + LAST_5).replace(b"\n", end)
    parser = ProgressParser()
    found = []
    for start, stop in itertools.pairwise([0, *sorted(cuts), len(text)]):
        found += parser.feed(text[start:stop])
    assert found == parse(text)
    assert len(found) == 3


@given(st.lists(st.binary(max_size=40) | st.sampled_from([*LAST_5.splitlines(keepends=True), b"out_time_us=-1\n"])))
def test_anything_is_read_and_time_never_goes_back(pieces: list[bytes]) -> None:
    parser = ProgressParser()
    reports = [report for piece in pieces for report in parser.feed(piece)]
    times = [report.out_time for report in reports if report.out_time is not None]
    assert times == sorted(times)
    assert all(time >= 0 for time in times)


def test_real_runs(engine: Engine, tmp_path: Path) -> None:
    seen: list[Progress] = []
    source = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1.2"]
    options = ["-v", "error", "-nostats", "-nostdin", "-stats_period", "0.1", "-progress", "pipe:1"]
    argv = [str(engine.ffmpeg), *options, *source, "-c:v", "mpeg4", "-y", "out.mkv"]
    asyncio.run(run_process(argv, env={}, cwd=tmp_path, on_progress=seen.append))
    assert [report.done for report in seen] == [False] * (len(seen) - 1) + [True]
    assert len(seen) > 2
    times = [report.out_time for report in seen if report.out_time is not None]
    assert times == sorted(times)
    last = seen[-1]
    assert (last.frame, last.dup, last.drop) == (30, 0, 0)
    assert last.out_time is not None
    assert abs(last.out_time - Fraction(6, 5)) <= Fraction(1, 25)
    assert last.total_size == (tmp_path / "out.mkv").stat().st_size
    assert last.bit_rate is not None
    assert last.speed is not None
