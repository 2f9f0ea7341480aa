"""The tests of `publishing.py`, as an application would have them: no FFmpeg, no files, no waiting.

Run them with ``pytest docs/examples/uploads``. Everything that they use comes from `mediapipeline.testing`, or is a
fixture of its pytest plugin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from publishing import RENDITIONS, Publishing, PublishingError, job_for

from mediapipeline.errors import ExecutionError, StalledError, StepTimeoutError
from mediapipeline.testing import DryRunExecutor, assert_plan, clip_info

CLIPS = {
    "upload.mp4": clip_info(duration="60s", size="1920x1080"),
    "phone.mov": clip_info(duration="20s", size="1080x1920", rotation=90, rate="30000/1001"),
    "small.mp4": clip_info(duration="8s", size="320x180"),
    "odd.mkv": clip_info(duration="8s", size="641x361", video="vp9", audio_codec="opus"),
    "silent.mp4": clip_info(duration="8s", audio=0),
    "podcast.mp3": clip_info(duration="600s", size=None, audio_codec="mp3"),
    "film.mkv": clip_info(duration="90m", audio=["5.1", "stereo"], languages=["eng", "deu"], subtitles=["subrip"]),
    "logo.png": clip_info(still=True, video="png", size="128x64", pix_fmt="rgba"),
}
WITH_PICTURE = ["upload.mp4", "phone.mov", "small.mp4", "odd.mkv", "silent.mp4", "film.mkv"]
WITH_BOTH = [name for name in WITH_PICTURE if name != "silent.mp4"]


@pytest.fixture
def planner(media_planner):
    return media_planner(CLIPS)


@pytest.fixture
def publishing(planner, dry_executor):
    return Publishing(planner, dry_executor)


# What is planned


@pytest.mark.parametrize("source", WITH_BOTH)
def test_every_upload_becomes_every_file(planner, source):
    plan = planner.plan(job_for(source))
    assert {output.id for output in plan.outputs} == {"hd", "sd", "poster", "sound"}


@pytest.mark.parametrize("source", WITH_PICTURE)
@pytest.mark.parametrize("name", RENDITIONS)
def test_renditions_fit_their_box(planner, source, name):
    video = planner.plan(job_for(source, sound=False)).output(name).media.video
    assert video is not None
    width, height = RENDITIONS[name]
    assert video.width <= width
    assert video.height <= height
    assert video.width == width or video.height == height
    assert video.width % 2 == video.height % 2 == 0


@pytest.mark.parametrize("source", WITH_BOTH)
def test_sound_that_nobody_touched_is_not_encoded_again(planner, source):
    assert_plan(planner.plan(job_for(source))).copies("audio", output="hd").copies("audio", output="sd")


def test_a_whole_upload_is_read_from_its_start(planner):
    assert_plan(planner.plan(job_for("upload.mp4"))).reads("upload", start=0).applies("copy_untouched")


def test_a_part_is_sought_and_not_decoded_from_the_start(planner):
    plan = planner.plan(job_for("upload.mp4", start="30s", end="45s"))
    assert_plan(plan).reads("upload", start=30).writes("hd", duration=15).writes("sd", duration=15)


def test_renditions_share_their_decoding(planner):
    plan = planner.plan(job_for("upload.mp4", sound=False))
    assert plan.output("hd").step == plan.output("sd").step


def test_the_logo_is_laid_over_and_read_once_for_both_sizes(planner):
    plan = planner.plan(job_for("upload.mp4", logo="logo.png", sound=False))
    assert_plan(plan).reads("logo").has_filter("overlay").encodes("video", "libx264", output="hd")


def test_no_logo_no_overlay(planner):
    assert_plan(planner.plan(job_for("upload.mp4"))).has_no_filter("overlay")


def test_sound_for_listeners_has_no_picture(planner):
    plan = planner.plan(job_for("upload.mp4"))
    assert_plan(plan).writes("sound", "sound.m4a", container="m4a", duration=60).lacks("video", output="sound")


def test_the_poster_is_one_picture(planner):
    assert_plan(planner.plan(job_for("upload.mp4"))).writes("poster", "poster.png").lacks("audio", output="poster")


def test_subtitles_are_not_lost_without_a_word(planner):
    plan = planner.plan(job_for("film.mkv", start="10s", end="20s"))
    assert plan.output("hd").media.subtitles or plan.warnings


def test_a_phone_held_upright_stays_upright(planner):
    video = planner.plan(job_for("phone.mov")).output("hd").media.video
    assert video is not None
    assert video.width < video.height


def test_a_plan_can_be_kept(planner):
    plan = planner.plan(job_for("upload.mp4"))
    assert type(plan).from_dict(plan.to_dict()) == plan


# What is refused


@pytest.mark.parametrize(
    ("source", "options", "reason"),
    [
        ("podcast.mp3", {}, "needs video"),
        ("missing.mp4", {}, "no such file"),
        ("upload.mp4", {"start": "2m"}, "nothing is left from"),
        ("upload.mp4", {"start": "50s", "end": "40s"}, "end"),
        ("upload.mp4", {"start": "soon"}, "soon"),
        ("upload.mp4", {"logo": "podcast.mp3"}, "needs video or image"),
        ("upload.mp4", {"logo": "missing.png"}, "no such file"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_runs(publishing, dry_executor, source, options, reason):
    with pytest.raises(PublishingError) as raised:
        publishing.publish(source, **options)
    assert any(reason in each for each in raised.value.reasons)
    assert dry_executor.runs == []


def test_everything_that_is_wrong_is_told_at_once(publishing):
    with pytest.raises(PublishingError) as raised:
        publishing.publish("missing.mp4", logo="gone.png", start="soon")
    assert len(raised.value.reasons) == 3


# What happens when it runs


@pytest.mark.parametrize("source", WITH_BOTH)
def test_where_the_files_are(publishing, source):
    files = publishing.publish(source)
    assert {name: Path(path).name for name, path in files.items()} == {
        "hd": "hd.mp4", "sd": "sd.mp4", "poster": "poster.png", "sound": "sound.m4a",
    }  # fmt: skip


def test_outputs_of_an_earlier_try_are_replaced(publishing, dry_executor):
    publishing.publish("upload.mp4")
    assert dry_executor.runs[0].overwrite


def test_progress_goes_up_to_the_end(publishing):
    seen: list[int] = []
    publishing.publish("upload.mp4", on_progress=seen.append)
    assert seen == sorted(set(seen))
    assert (seen[0], seen[-1]) == (0, 100)


@pytest.mark.parametrize("failures", [1, 2])
def test_what_passes_is_tried_again(publishing, dry_executor, failures):
    dry_executor.fail(0, "No space left on device", retryable=True, times=failures)
    assert "hd" in publishing.publish("upload.mp4")
    assert [run.outcome for run in dry_executor.runs] == ["run-failed"] * failures + ["run-finished"]


def test_not_for_ever(publishing, dry_executor):
    dry_executor.stall(0)
    with pytest.raises(PublishingError, match="try again later") as raised:
        publishing.publish("upload.mp4")
    assert isinstance(raised.value.__cause__, StalledError)
    assert len(dry_executor.runs) == 3


def test_a_damaged_upload_is_tried_once(publishing, dry_executor):
    dry_executor.fail(-1, "Invalid data found when processing input")
    with pytest.raises(PublishingError, match="the upload is damaged"):
        publishing.publish("upload.mp4")
    assert len(dry_executor.runs) == 1


def test_an_output_that_is_not_what_was_planned_is_not_shown(publishing, dry_executor):
    dry_executor.spoil("sd", "duration: planned 60 s, found 12 s")
    with pytest.raises(PublishingError, match="the upload is damaged"):
        publishing.publish("upload.mp4")


@pytest.mark.parametrize("error", [StepTimeoutError("took too long"), StalledError("stands still")])
def test_errors_that_say_that_they_pass(publishing, dry_executor, error):
    dry_executor.fail(0, error, times=1)
    assert "hd" in publishing.publish("upload.mp4")


def test_errors_of_ones_own(publishing, dry_executor):
    dry_executor.fail(0, ExecutionError("the disk is on fire"))
    with pytest.raises(PublishingError) as raised:
        publishing.publish("upload.mp4")
    assert str(raised.value.__cause__) == "the disk is on fire"


def test_an_interrupt_is_no_failure_of_the_upload(publishing, dry_executor):
    dry_executor.cancel(0)
    with pytest.raises(KeyboardInterrupt):
        publishing.publish("upload.mp4")


def test_progress_stops_where_it_fails(publishing, dry_executor):
    seen: list[int] = []
    dry_executor.fail(0, at=0.5)
    with pytest.raises(PublishingError):
        publishing.publish("upload.mp4", on_progress=seen.append)
    assert max(seen) < 100


def test_one_try_where_one_is_asked_for(planner, dry_executor):
    dry_executor.stall()
    with pytest.raises(PublishingError):
        Publishing(planner, dry_executor, tries=1).publish("upload.mp4")
    assert len(dry_executor.runs) == 1


def test_the_quiet_way(planner):
    executor: Any = DryRunExecutor(base_dir="/srv/site")
    assert Publishing(planner, executor).publish("upload.mp4")["hd"] == "/srv/site/hd.mp4"
