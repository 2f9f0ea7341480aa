from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from typing import Any

import pytest

from mediapipeline.errors import PluginContractError
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Category, Clip, Lowering, Operator, operator
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps import CustomStep, FFmpegStep, FileStream, Resources
from mediapipeline.steps.pipes import joined, pipes_read, pipes_written
from mediapipeline.testing import clip_info
from planning import job, op, plan
from tee import registry, tee

REGISTRY = registry()
PICTURE = {"in.mp4": clip_info(duration="60s", audio=0)}


def planned(*operations: dict[str, Any], clips: Any = PICTURE, **fields: Any) -> ProcessingPlan:
    return plan(job(*operations, **fields), clips, registry=REGISTRY)


def ids(made: ProcessingPlan) -> list[str]:
    return [step.id for step in made.steps]


def command(made: ProcessingPlan, name: str) -> FFmpegStep:
    (found,) = (step for step in made.steps if step.id == name)
    assert isinstance(found, FFmpegStep)
    return found


def test_stream_goes_through_pipes_from_process_to_process() -> None:
    made = planned(op("hflip", "in", "f"), tee("f", "t", note="x"), op("vflip", "t", "v"), outputs={"v": "v.mp4"})
    assert ids(made) == ["feed-0-0", "custom-0", "write-v"]
    step = made.steps[1]
    assert isinstance(step, CustomStep)
    assert (step.runner, step.operation, step.parameters) == ("acme.tee", "/operations/1", {"note": "x"})
    assert pipes_written(made.steps[0]) == step.inputs
    assert pipes_read(made.steps[2]) == (step.output,)
    assert [[each.id for each in group] for group in joined(made.steps)] == [ids(made)]
    assert "hflip" in str(command(made, "feed-0-0").command.graph)
    assert "vflip" not in str(command(made, "feed-0-0").command.graph)
    assert "vflip" in str(command(made, "write-v").command.graph)


def test_cut_before_is_read_from_there_and_none_crosses() -> None:
    made = planned(
        op("trim", "in", "a", start="20s", end="50s"), tee("a", "t"), op("trim", "t", "b", start="10s"),
        outputs={"b": "b.mp4"},
    )  # fmt: skip
    assert ("ss", "20") in command(made, "feed-0-0").command.inputs[0].options
    (source,) = command(made, "write-b").command.inputs
    assert "ss" not in dict(source.options)
    assert made.output("b").media.duration == Fraction(20)


def test_outputs_that_share_a_result_share_a_process() -> None:
    made = planned(tee("in", "t"), op("hflip", "t", "h"), outputs={"t": "t.mp4", "h": "h.mp4"})
    assert ids(made) == ["feed-0-0", "custom-0", "write-t+h"]


def test_what_several_processes_need_is_kept() -> None:
    twice = {"video": {"codec": "libx264", "bitrate": "1M", "two_pass": True}}
    made = planned(tee("in", "t"), outputs={"t": {"destination": "t.mp4", "codec": twice}})
    assert ids(made) == ["feed-0-0", "custom-0", "keep-0", "first-pass+t", "write-t"]
    assert command(made, "first-pass+t").needs == ("keep-0",)
    assert command(made, "write-t").needs == ("first-pass+t", "keep-0")
    assert [len(group) for group in joined(made.steps)] == [3, 1, 1]
    assert (made.resources.disk_space or 0) > 60 * 25 * 1920 * 1080


def test_measured_result_is_kept_and_measured_before() -> None:
    clips = {"in.mp4": clip_info(duration="60s", size=None)}
    made = planned(tee("in", "t"), op("loudnorm", "t", "n"), clips=clips, outputs={"n": "n.m4a"})
    assert ids(made) == ["feed-0-0", "custom-0", "keep-0", "measure-0", "write-n"]
    assert command(made, "measure-0").needs == ("keep-0",)


def test_one_after_the_other_is_one_stream_of_processes() -> None:
    made = planned(tee("in", "a"), tee("a", "b"), outputs={"b": "b.mp4"})
    assert ids(made) == ["feed-0-0", "custom-0", "feed-1-0", "custom-1", "write-b"]
    assert len(joined(made.steps)) == 1


def test_memory_of_what_runs_together_adds_up() -> None:
    made = planned(tee("in", "t"), outputs={"t": "t.mp4"})
    assert made.resources.memory == sum(step.resources.memory or 0 for step in made.steps)
    assert made.resources.cpu_seconds == sum(step.resources.cpu_seconds or 0 for step in made.steps)


def test_plan_comes_back_from_json() -> None:
    made = planned(tee("in", "t", note='"quoted" and \\ more'), outputs={"t": "t.mp4"})
    assert ProcessingPlan.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_explain_names_the_step() -> None:
    text = planned(tee("in", "t"), outputs={"t": "t.mp4"}).explain(verbose=True)
    assert 'in:video → step acme.tee(note="none") → encode(' in text
    assert "1. feed-0-0: read for acme.tee" in text
    assert "joined by pipes: feed-0-0, custom-0, write-t" in text


def test_script_says_that_it_cannot_do_it_and_does_nothing(tmp_path) -> None:
    script = planned(tee("in", "t", note="it's"), outputs={"t": "t.mp4"}).to_shell()
    assert "with FFmpeg alone" not in script
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "run the plan with mediapipeline" in done.stderr
    assert """/operations/0: a plugin does this and no command can: acme.tee {"note": "it's"}""" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_needs_of_the_plan_are_stated() -> None:
    assert {"muxer:nut", "demuxer:nut", "encoder:rawvideo", "encoder:pcm_f64le", "encoder:ffv1"} <= set(
        planned(tee("in", "t"), outputs={"t": "t.mp4"}).requires
    )
    assert "muxer:nut" not in planned(op("hflip", "in", "h"), outputs={"h": "h.mp4"}).requires


def one_operator(lower: Any) -> Any:
    @operator("acme.one", category=Category.PICTURE)
    class One(Operator):
        """One."""

        def lower(self, work: Lowering) -> Clip:
            return lower(work)

    found = registry()
    found.register(One)
    return found


def test_operator_says_what_its_step_uses() -> None:
    said = Resources(cpu_seconds=Fraction(7), memory=5)
    known = one_operator(
        lambda work: work.clip.with_video(work.custom_video(work.clip.video, "acme.tee", {}, resources=said))
    )
    made = plan(job(op("acme.one", "in", "o"), outputs={"o": "o.mp4"}), PICTURE, registry=known)
    assert made.steps[1].resources.cpu_seconds == 7
    assert made.steps[1].resources.memory == 5
    assert made.operations[0].resources.cpu_seconds == 7


def opening(clip: MediaInfo, *before: dict[str, Any], pix_fmt: str = "yuv420p") -> CustomStep:
    """The step of a runner that opens files, over *clip* and what is done *before*."""

    def lower(work: Lowering) -> Clip:
        assert work.clip.video is not None
        form = work.filter(work.clip.video, "format", pix_fmts=pix_fmt)
        return work.clip.with_video(work.custom_video(form, "acme.tee", {}, opens=True))

    last = before[-1]["output"] if before else "in"
    made = plan(job(*before, op("acme.one", last, "o"), outputs={"o": "o.mp4"}), {"in.mp4": clip},
                registry=one_operator(lower))  # fmt: skip
    (step,) = (step for step in made.steps if isinstance(step, CustomStep))
    assert any(each.id.startswith("feed-") for each in made.steps) is not any(step.opened)
    assert ProcessingPlan.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    return step


def test_runner_that_opens_files_is_given_the_file_where_nothing_is_done_before() -> None:
    step = opening(PICTURE["in.mp4"])
    assert step.inputs == ("source:in",)
    assert step.opened == (FileStream(index=0, demuxers=("mov", "mp4", "m4a", "3gp", "3g2", "mj2")),)
    assert step.title == "acme.tee, which reads in itself"
    assert (step.resources.cpu_seconds or 0) > 0


@pytest.mark.parametrize(
    ("changes", "before", "pix_fmt"),
    [
        ({}, [op("hflip", "in", "f")], "yuv420p"),
        ({}, [op("trim", "in", "t", start="1s", end="2s")], "yuv420p"),
        ({}, [], "rgb24"),
        ({"rotation": 90}, [], "yuv420p"),
        ({"format": "mpegts"}, [], "yuv420p"),
        ({"start": "1s"}, [], "yuv420p"),
    ],
)
def test_it_has_a_pipe_where_something_is_to_be_done_or_times_are_not_told(
    changes: Any, before: Any, pix_fmt: str
) -> None:
    step = opening(clip_info(**{"duration": "60s", "audio": 0, **changes}), *before, pix_fmt=pix_fmt)
    assert step.opened == (None,)
    assert step.inputs == pipes_read(step)


@pytest.mark.parametrize(
    ("lower", "said"),
    [
        (lambda work: work.clip.with_video(work.custom_video(work.clip.video, "x.y", {"a": object()})), "JSON"),
        (lambda work: work.clip.with_video(work.custom_video(work.clip.video, "x.y", {"a": float("nan")})), "JSON"),
        (lambda work: work.clip.with_audio([work.custom_audio(work.clip.video, "x.y", {})]), "of what form"),
        (lambda work: work.clip.with_video(work.custom_video(work.clip.audio[0], "x.y", {})), "of what form"),
    ],
)
def test_mistakes_of_an_author(lower: Any, said: str) -> None:
    with pytest.raises(PluginContractError, match=said):
        plan(job(op("acme.one", "in", "o"), outputs={"o": "o.mp4"}), registry=one_operator(lower))
