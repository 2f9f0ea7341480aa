"""``trim``: what is left of a clip, and what cannot be cut."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest

from mediapipeline.media.timecode import Timecode
from mediapipeline.operators import Facts
from mediapipeline.standard.timeline.trim import Trim
from mediapipeline.steps import CutCuesStep
from mediapipeline.testing import clip_info
from planning import allowed, filters, job, op, picture, plan, problems


@pytest.mark.parametrize(
    ("params", "start", "duration"),
    [
        ({}, 0, 10),
        ({"start": "2s"}, 2, 8),
        ({"start": "2s", "end": "5s"}, 2, 3),
        ({"start": "2s", "duration": "5s"}, 2, 5),
        ({"start": "00:00:02.52", "end": "00:00:05"}, Fraction(63, 25), Fraction(62, 25)),
        ({"start": "1/3s", "end": "2/3s"}, None, None),
        ({"end": "30s"}, 0, 10),
        ({"start": "9s", "duration": "5s"}, 9, 1),
        ({"start": "00:00:02:05", "end": "00:00:04:00"}, Fraction(11, 5), Fraction(9, 5)),
        ({"start": "20s", "duration": "3s", "clamp": True}, 7, 3),
        ({"start": "20s", "end": "22s", "clamp": True}, 8, 2),
        ({"start": "20s", "duration": "30s", "clamp": True}, 0, 10),
        ({"start": "20s", "clamp": True}, 10 - Fraction(1, 25), Fraction(1, 25)),
        ({"start": "2s", "duration": "3s", "clamp": True}, 2, 3),
    ],
)
def test_what_is_left(params, start, duration):
    document = job(op("trim", "in", "part", **params), outputs={"part": "part.mkv"})
    if start is None:  # documents write times as decimals
        assert [p.path for p in problems(document)] == ["/operations/0/params/start", "/operations/0/params/end"]
        return
    made = plan(document, {"in.mp4": clip_info()})
    media = made.output("part").media
    assert media.duration == duration
    assert picture(media).duration == media.audio[0].duration == duration
    assert duration in allowed(made, "part")
    if duration != 10:
        assert picture(media).frames is None
    if start:
        as_written = plan(document, {"in.mp4": clip_info()}, rules=())
        just_between = "" if start.denominator == 1 else "+0.0001"  # two ticks: to the later one
        assert f"asetpts@op0=expr=round(PTS-({start})/TB{just_between})" in as_written.to_shell()


@pytest.mark.parametrize(
    ("params", "clip", "path", "code"),
    [
        ({"start": "10s"}, {}, "/start", "start-beyond-end"),
        ({"start": "5s", "end": "5s"}, {}, "/end", "empty-range"),
        ({"start": "5s", "end": "2s"}, {}, "/end", "empty-range"),
        ({"start": "5s", "end": "2s", "clamp": True}, {}, "/end", "empty-range"),
        ({"start": "0.01s", "end": "0.03s"}, {}, "/start", "no-frame-left"),
        ({"start": "00:00:02:05"}, {"size": None}, "/start", "timecode-needs-rate"),
        ({"start": "00:00:02:05"}, {"rate": None, "vfr": None}, "/start", "timecode-needs-rate"),
        ({"end": "00:00:02:05"}, {"vfr": True}, "/end", "timecode-needs-rate"),
        ({"start": "00:00:02:25"}, {}, "/start", "bad-timecode"),
        ({"start": "00:00:02;05"}, {}, "/start", "bad-timecode"),
        ({"end": "5s", "duration": "5s"}, {}, "/end", "exclusive-parameters"),
        ({"start": "-1s"}, {}, "/start", "bad-timecode"),
        ({"duration": "0s"}, {}, "/duration", "out-of-range"),
        ({"accuracy": "exact"}, {}, "/accuracy", "not-a-choice"),
        ({"stop": "5s"}, {}, "/stop", "unknown-parameter"),
    ],
)
def test_what_cannot_be_cut(params, clip, path, code):
    document = job(op("trim", "in", "part", **params), outputs={"part": "part.mkv"})
    (found,) = problems(document, {"in.mp4": clip_info(**clip)})
    assert found.path == f"/operations/0/params{path}" or (
        code == "exclusive-parameters" and found.path.endswith("params")
    )
    assert found.code == code
    assert found.hint or found.kind == "spec"


def test_both_timecodes_are_looked_at():
    document = job(op("trim", "in", "part", start="00:00:02:25", end="00:00:03:30"), outputs={"part": "part.mkv"})
    assert [p.path[-5:] for p in problems(document)] == ["start", "s/end"]


def test_frames_are_counted_by_the_rate_of_the_clip():
    document = job(op("trim", "in", "part", start="00:00:01:00"), outputs={"part": "part.mkv"})
    made = plan(document, {"in.mp4": clip_info(rate="30000/1001", duration="10.01s")})
    assert made.output("part").media.audio[0].duration == Fraction("10.01") - 30 * Fraction(1001, 30000)


def test_at_key_frames_times_are_not_known_beforehand():
    trim = Trim(start=Timecode.parse("2s"), end=Timecode.parse("6s"), accuracy="keyframe")
    info = trim.infer(Facts({"clip": [clip_info(chapters=[("0s", "5s", "One")])]}))
    assert (info.duration, picture(info).start, picture(info).duration) == (None, None, None)
    assert info.chapters == ()
    document = job(op("trim", "in", "part", start="2s", end="6s", accuracy="keyframe"), outputs={"part": "part.mkv"})
    expected = allowed(plan(document, {"in.mp4": clip_info()}), "part")
    assert Fraction(4) in expected, "what was asked for"
    assert Fraction(6) in expected, "everything from the beginning"
    assert Fraction(7) not in expected
    assert Fraction(3) not in expected


def test_every_stream_is_cut_alike(golden):
    clip = clip_info(audio=2, subtitles=["subrip", "ass"], languages=["eng", "deu", "eng", "deu"])
    document: dict[str, Any] = job(op("trim", "in", "part", start="2s", end="6s"), outputs={"part": "part.mkv"})
    made = plan(document, {"in.mp4": clip}, rules=())
    assert {(s.start, s.end) for s in made.steps if isinstance(s, CutCuesStep)} == {(2, 6)}
    graph = filters(made, -1)
    cuts = [dict(part.options) for chain in graph.chains for part in chain.filters if part.name in ("trim", "atrim")]
    assert cuts == [{"start": 2, "end": 6}] * 3
    assert [s.language for s in made.output("part").media.subtitles] == ["eng", "deu"]


@pytest.mark.parametrize("accuracy", ["frame", "keyframe"])
@pytest.mark.parametrize(
    ("part", "left"),
    [({"end": "4s"}, 0), ({"end": "4.1s"}, 1), ({"start": "4s"}, 1), ({"start": "6s"}, 0), ({"start": "5.9s"}, 1)],
)
def test_sound_of_which_nothing_is_in_the_part_is_left_out(part, left, accuracy):
    clip = clip_info()
    (sound,) = clip.audio
    late = attrs.evolve(clip, audio=(attrs.evolve(sound, start=Fraction(4), duration=Fraction(2)),))
    document = job(op("trim", "in", "part", accuracy=accuracy, **part), outputs={"part": "part.mkv"})
    made = plan(document, {"in.mp4": late})
    assert sum(stream.kind == "audio" for stream in made.output("part").streams) == left
    assert any("is left out" in decision.text for decision in made.decisions) == (not left)


@pytest.mark.parametrize(
    ("part", "path", "code"),
    [
        ({"start": "3s"}, "start", "no-sound-left"),
        ({"start": "5s", "end": "3s"}, "end", "empty-range"),  # in which there would be no sound either
        ({"start": "12s"}, "start", "start-beyond-end"),
    ],
)
def test_a_part_without_sound_of_a_clip_without_picture_is_refused_once(part, path, code):
    clip = clip_info(size=None)
    (sound,) = clip.audio
    short = attrs.evolve(clip, audio=(attrs.evolve(sound, duration=Fraction(2)),))
    (found,) = problems(job(op("trim", "in", "part", **part), outputs={"part": "part.wav"}), {"in.mp4": short})
    assert (found.path, found.code) == (f"/operations/0/params/{path}", code)
