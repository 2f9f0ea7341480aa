"""Assertions about plans hold where they should, and where they do not they show what the plan does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mediapipeline.testing import assert_plan, clip_info, fake_planner
from planning import job, op

CLIPS = {"in.mp4": clip_info(duration="60s", audio=2), "logo.png": clip_info(still=True, video="png", size=(64, 32))}
DOCUMENT = job(
    op("trim", "in", "part", start="10s", end="25s"),
    op("scale", "part", "small", width=1280, height=720),
    inputs={"in": "in.mp4", "logo": "logo.png"},
    outputs={"small": "out.mp4", "in": {"destination": "copy.mkv"}},
)


@pytest.fixture(scope="module")
def plan():
    return fake_planner(CLIPS).plan(DOCUMENT)


def test_what_holds_may_be_said_in_a_row(plan):
    checked = assert_plan(plan)
    same = (
        checked.reads("in", start=10).reads("in", start="9s").reads("in", start=0, times=3).ignores("logo")
        .copies("video", output="in").copies("audio", output="in").encodes("audio", output="small")
        .encodes("video", "libx264", output="small").lacks("subtitle")
        .has_filter("scale", width=1280, height=720).has_filter("scale", w=1280, flags="bicubic")
        .has_filter("atrim", start=pytest.approx(1)).has_filter("asetpts", expr=re.compile(r"PTS-\(1\)"))
        .has_filter("setsar").has_no_filter("crop").applies("seek_video")
        .writes("small", "out.mp4", container="mp4", duration="15s", width=1280, height=720)
        .writes("in", container="mkv", duration=60).runs(steps=2, processes=2)
        .warns("input 'logo' is not read")
    )  # fmt: skip
    assert same is checked
    assert checked.plan is plan


def said(call: Any, plan: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        call(assert_plan(plan))
    return str(raised.value)


SOUND = "aac stereo 48000 Hz"
FILTERS = "trim, scale, setsar, format, atrim, asetpts"
FAULTS = (
    "it goes to 'out.mp4', not to 'a.mp4'; the container is mp4, not mkv; it lasts 15 s, not 14 s; "
    "width is 1280, not 640"
)


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        (lambda p: p.reads("in", start=5), ["'in' is not read from 5 s", "  from 9 s, by write-small"]),
        (lambda p: p.reads("in", times=1), ["'in' is opened 3 times, not once", "  from 0 s, by write-in"]),
        (lambda p: p.reads("logo"), ["'logo' is not read", "  logo: logo.png"]),
        (lambda p: p.reads("film"), ["there is no input 'film'", "  inputs: in, logo"]),
        (lambda p: p.ignores("in"), ["'in' is read", "  from 10 s, by write-small"]),
        (
            lambda p: p.copies("audio"),
            ["not every audio of the outputs is copied", "    video: encode by libx264, not copied: changed by scale",
             f"  small: out.mp4 (00:00:15, h264 1280x720 25 fps, {SOUND}, {SOUND})"],
        ),
        (lambda p: p.copies("video", output="small"), ["no video of 'small' is copied"]),
        (lambda p: p.copies("subtitle"), ["no subtitle of the outputs is copied"]),
        (lambda p: p.encodes("video", output="in"), ["no video of 'in' is encoded",
                                                     "    video: copy, nothing changes it"]),
        (lambda p: p.encodes("video", "libx265", output="small"), ["no video of 'small' is encoded by libx265"]),
        (lambda p: p.copies("video", output="web"), ["there is no output 'web'", "  outputs: small, in"]),
        (lambda p: p.lacks("audio"), ["there is audio in the outputs"]),
        (lambda p: p.lacks("audio", output="web"), ["there is no output 'web'"]),
        (
            lambda p: p.has_filter("scale", width=640, interl=1),
            ["there is no filter scale with width=640, interl=1",
             "  scale w=1280 h=720 flags=bicubic  (write-small): width is 1280, not 640, interl is not set"],
        ),
        (lambda p: p.has_filter("crop"), ["there is no filter crop", f"  other filters: {FILTERS}"]),
        (lambda p: p.has_no_filter("setsar"), ["there is a filter setsar", "  setsar sar=1  (write-small)"]),
        (lambda p: p.applies("fuse"), ["the rule fuse changes nothing"]),
        (lambda p: p.runs(steps=1), ["2 steps, not 1", "  write-small: encode small", "  write-in: copy in"]),
        (lambda p: p.runs(processes=5), ["2 runs of FFmpeg, not 5"]),
        (
            lambda p: p.writes("small", "a.mp4", container="mkv", duration=14, width=640),
            [f"'small' is not what was expected: {FAULTS}"],
        ),
        (lambda p: p.warns("subtitles"), ["no warning has 'subtitles' in it"]),
        (lambda p: p.warns_of_nothing(), ["there are warnings",
                                          "  input 'logo' is not read: no output needs it (/inputs/1)"]),
    ],
)  # fmt: skip
def test_what_does_not_hold_shows_what_the_plan_does(plan, call, lines):
    text = said(call, plan).splitlines()
    assert text[0] == lines[0]
    for line in lines[1:]:
        assert line in text


def test_filters_that_are_chosen_late_are_filters():
    made = fake_planner(CLIPS).plan(job(op("loudnorm", "in", "out"), outputs={"out": "out.mp4"}))
    assert_plan(made).has_filter("ebur128").has_filter("loudnorm", I=-16).copies("video")


def test_folders_are_their_files():
    made = fake_planner(CLIPS).plan(
        job(op("thumbnail", "in", "t", count=3), outputs={"t": {"destination": "t/", "format": "png"}})
    )
    assert_plan(made).encodes("video", "png", output="t").lacks("audio")


def test_unknown_lengths_are_told():
    made = fake_planner({"in.ts": clip_info(duration=None)}).plan(
        job(inputs={"in": "in.ts"}, outputs={"in": "out.mp4"})
    )
    assert "it lasts nobody knows how long, not 3 s" in said(lambda p: p.writes("in", duration=3), made)
    assert_plan(made).warns_of_nothing()


def test_what_is_read_is_what_is_explained() -> None:
    spec = job(op("trim", "in", "a", start="0.5s"), outputs={"a": "a.mp4"})
    made = fake_planner({"in.mp4": clip_info(duration="60s")}).plan(spec)
    readings = [reading for step in made.explain_json()["steps"] for reading in step["reads"]]
    for reading in readings:
        assert_plan(made).reads(reading["input"], start=reading["from"], times=len(readings))
    assert [(each["from"], each["streams"]) for each in readings] == [("0.5", ["video"]), ("0", ["audio"])]
    assert "reads in from 0.5 s (video), in from 0 s (audio)" in made.explain()
