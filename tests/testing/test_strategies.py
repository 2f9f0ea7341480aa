"""Drawn jobs can be planned, drawn media could be, and both shrink to what a person would write."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from mediapipeline import JobSpec
from mediapipeline.media.info import MediaInfo
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.testing import SAMPLE_CLIPS, DryRunExecutor, clip_info, fake_planner, job_specs, media_infos

FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(spec=job_specs())
def test_every_job_is_planned_by_the_matching_planner_and_runs_dry(spec):
    assert isinstance(spec, JobSpec)
    plan = fake_planner().plan(spec)
    assert set(DryRunExecutor().run(plan).outputs) == {output.id for output in spec.outputs}


@FEW
@given(info=media_infos(), data=st.data())
def test_jobs_over_any_media(info, data):
    clips = {"a.mkv": info, "b.mp4": clip_info(duration="3s")}
    assert isinstance(fake_planner(clips).plan(data.draw(job_specs(clips, max_operations=2))), ProcessingPlan)


@FEW
@given(info=media_infos())
def test_media_could_be(info):
    assert info.video is not None or info.audio
    assert [stream.index for stream in info.streams] == list(range(len(info.streams)))
    assert MediaInfo in type(info).__mro__
    for stream in info.streams:
        assert stream.duration is None or stream.duration > 0
    if info.still:
        assert (info.audio, info.duration) == ((), None)


@FEW
@given(info=media_infos(picture=True, sound=False, known=True), other=media_infos(picture=False))
def test_media_as_they_are_asked_for(info, other):
    assert info.video is not None
    assert info.audio == ()
    assert None not in (info.duration, info.start, info.video.frame_rate, info.video.vfr, info.video.pix_fmt)
    assert not info.still
    assert other.video is None
    assert other.audio


def test_they_shrink():
    spec = find(job_specs(max_operations=1, max_outputs=1), lambda _: True, settings=FEW)
    assert [item.source for item in spec.inputs] == ["in.mp4"]
    assert spec.operations == ()
    assert [output.destination for output in spec.outputs] == ["out0.mkv"]
    info = find(media_infos(), lambda _: True, settings=FEW)
    assert info.video is not None
    assert (info.video.width, info.video.height, info.duration) == (64, 64, 1)
    assert [track.channel_layout for track in info.audio] == ["stereo"]


@pytest.mark.parametrize("wanted", ["trim", "scale", "hflip", "vflip", "fps", "volume", "overlay", "concat"])
def test_every_operator_is_drawn(wanted):
    quickly = settings(phases=[Phase.generate])
    found = find(job_specs(operators=[wanted]), lambda each: bool(each.operations), settings=quickly)
    assert found.operations[0].op == wanted


def test_what_is_asked_for_is_checked():
    with pytest.raises(ValueError, match="not known here: explode"):
        job_specs(operators=["trim", "explode"])
    with pytest.raises(ValueError, match="there are no clips"):
        job_specs({})
    assert all(isinstance(info, MediaInfo) for info in SAMPLE_CLIPS.values())


def test_hypothesis_is_imported_only_by_who_asks():
    code = "import sys; from mediapipeline.testing import fake_planner, DryRunExecutor, assert_plan, clip_info; "
    code += "fake_planner(); print('hypothesis' in sys.modules, 'pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False"]
