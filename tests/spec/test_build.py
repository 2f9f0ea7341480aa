"""A job built in Python is the job that its document says."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import pytest

import mediapipeline.spec.fluent
from fluent import source
from mediapipeline import JobBuilder, JobSpec
from mediapipeline.errors import SpecError
from mediapipeline.media import MediaInfo, Resolution, VideoCodec
from mediapipeline.operators import AV, VIDEO, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.params import Param
from mediapipeline.spec.build import ClipBuilder
from planning import plan, problems


@operator("test.vignette", category=Category.PICTURE)
class Vignette(Operator):
    """Darken the corners."""

    angle: Annotated[float, Param("Lens angle")] = 0.5

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vignette", angle=self.angle)


@operator("test.split", category=Category.PICTURE, inputs={"clip": AV, "mask": VIDEO}, outputs=("left", "right"))
class Split(Operator):
    """Split it."""

    def infer(self, facts: Facts) -> dict[str, MediaInfo]:
        return {"left": facts["clip"], "right": facts["clip"]}

    def lower(self, work: Lowering) -> dict[str, Clip]:
        return {"left": work["clip"], "right": work["clip"]}


def test_the_main_job():
    job = JobBuilder()
    clip = job.input("in.mp4").trim(start="10s", duration="15s").scale(size="1280x720", algorithm="lanczos")
    clip.write("out.mp4", video={"codec": "libx264", "preset": "medium", "crf": 23}, audio="aac")
    document = {
        "inputs": [{"id": "in", "source": "in.mp4"}],
        "operations": [
            {"op": "trim", "input": "in", "output": "trim", "params": {"start": "10s", "duration": "15s"}},
            {"op": "scale", "input": "trim", "output": "scale", "params": {"size": "1280x720", "algorithm": "lanczos"}},
        ],
        "outputs": [
            {
                "id": "out",
                "input": "scale",
                "destination": "out.mp4",
                "codec": {"video": {"codec": "libx264", "preset": "medium", "crf": 23}, "audio": "aac"},
            }
        ],
    }
    assert job.build() == JobSpec.from_dict(document)
    assert plan(job.build().to_dict()).explain() == plan(document).explain()


def test_a_clip_goes_several_ways():
    job = JobBuilder()
    clip = job.input("in.mp4").hflip()
    clip.scale(size="720p").write("out/large.mp4").write("out/large.webm")
    clip.scale(size="360p").write("small.mp4")
    spec = job.build()
    assert [(op.op, op.input, op.output) for op in spec.operations] == [
        ("hflip", "in", "hflip"),
        ("scale", "hflip", "scale"),
        ("scale", "hflip", "scale-2"),
    ]
    assert [(output.id, output.input) for output in spec.outputs] == [
        ("large", "scale"),
        ("large-2", "scale"),
        ("small", "scale-2"),
    ]
    assert problems(spec.to_dict()) == []


def test_names_are_made_of_what_names_are_made_of():
    job = JobBuilder()
    for path in ["a b.mp4", "a?b.mp4", "dir/ä.mp4", "/", "C:\\x\\clip.mov", "s3://bucket/key.mp4", "x" * 300]:
        job.input(Path(path) if "ä" in path else path)
    assert [part.id for part in job.build().inputs] == ["a_b", "a_b-2", "clip", "clip-2", "clip-3", "key", "x" * 100]


def test_names_that_are_asked_for():
    job = JobBuilder()
    job.input("in.mp4", id="source").hflip().named("mirror").write("out.mp4", id="web")
    spec = job.build()
    assert (spec.inputs[0].id, spec.operations[0].output, spec.outputs[0].id) == ("source", "mirror", "web")


def test_a_name_that_is_asked_for_is_given():
    job = JobBuilder()
    job.input("a.mp4").write("x/out.mp4").hflip().write("y.mp4", id="out")
    job.input("b.mp4", id="a").hflip().named("hflip-2").hflip().hflip()
    spec = job.build()
    assert [part.id for part in spec.inputs] == ["a-2", "a"]
    assert [operation.output for operation in spec.operations] == ["hflip", "hflip-2", "hflip-3", "hflip-4"]
    assert [(output.id, output.destination) for output in spec.outputs] == [("out-2", "x/out.mp4"), ("out", "y.mp4")]


def test_a_name_that_is_asked_for_twice_is_a_problem():
    job = JobBuilder()
    job.input("in.mp4").hflip().named("a").hflip().named("a").write("o.mp4", id="o").write("p.mp4", id="o")
    found = {(p.path, p.code) for p in problems(job.build().to_dict())}
    assert found >= {("/operations/1/output", "duplicate-name"), ("/outputs/1/id", "duplicate-id")}


def test_names_after_urls_say_nothing_of_their_queries():
    job = JobBuilder()
    for url in ["https://h/b/key.mp4?cred=AK/20/s3&sig=a.b", "file:///a/my%20clip.mp4#t", "s3://bucket/a?b"]:
        job.input(url)
    assert [part.id for part in job.build().inputs] == ["key", "my_clip", "a"]


def test_an_operator_of_no_good_name_is_one_problem():
    job = JobBuilder()
    job.input("in.mp4").op("my op").write("o.mp4")
    assert [p.code for p in problems(job.build().to_dict())] == ["unknown-operator"]


def test_what_was_handed_in_may_change_afterwards():
    video, streams, metadata = {"codec": "h264"}, {"audio": [0]}, {"title": "a"}
    job = JobBuilder()
    job.input("in.mp4", streams=streams).write("o.mp4", video=video, metadata=metadata)
    before = job.build()
    video["codec"], streams["audio"], metadata["title"] = "none", [5], "b"
    assert job.build() == before
    assert before.outputs[0].metadata == {"title": "a"}


def test_several_clips():
    job = JobBuilder()
    one, two, logo = job.input("in.mp4"), job.input("in.mp4"), job.input("logo.png", type="image")
    one.concat(two, fit="cover").overlay(logo, position="top_right").write("out.mp4")
    concat, overlay = job.build().operations
    assert concat.inputs == ("in", "in-2")
    assert overlay.inputs == ("concat", "logo")


def test_operators_of_others():
    job = JobBuilder()
    clip = job.input("in.mp4")
    clip.apply(Vignette(angle=1.2)).op("test.vignette", angle=1.2).apply(Vignette()).write("out.mp4")
    first, second, third = job.build().operations
    assert first.params == second.params == {"angle": 1.2}
    assert third.params == {}
    assert [first.output, second.output, third.output] == ["vignette", "vignette-2", "vignette-3"]


def test_ports_by_name():
    job = JobBuilder()
    clip = job.input("in.mp4")
    made = job.op("test.split", {"clip": clip, "mask": clip.hflip()}, ["left", "right"])
    made["left"].write("left.mp4")
    made["right"].write("right.mp4")
    operation = job.build().operations[1]
    assert operation.inputs == {"clip": "in", "mask": "hflip"}
    assert operation.outputs == {"left": "test.split-left", "right": "test.split-right"}
    assert problems(job.build().to_dict(), registry=Registry([*map(default_registry().load, ["hflip"]), Split])) == []


def test_values_of_python():
    job = JobBuilder(timeout=Fraction(1, 3), limits={"max_duration": "2h"}, tags=["a"], priority=3)
    clip = job.input("in.mp4", start_offset=Decimal("0.1"), streams={"audio": [0]})
    clip.trim(start=Fraction(1001, 30000)).scale(size=Resolution(64, 48)).write(
        "out.mp4", video=VideoCodec(codec="h264")
    )
    spec = job.build()
    assert JobSpec.from_dict(spec.to_dict()) == spec
    assert [op.params for op in spec.operations] == [{"start": "1001/30000"}, {"size": "64x48"}]
    assert problems(spec.to_dict()) == []


def test_mistakes_are_those_of_the_document():
    job = JobBuilder()
    job.input("in.mp4").trim(start="soon").op("tirm").write("out.xyz")
    assert [(p.path, p.code) for p in problems(job.build().to_dict())] == [
        ("/outputs/0/destination", "unknown-container"),
        ("/operations/0/params/start", "bad-timecode"),
        ("/operations/1/op", "unknown-operator"),
    ]


def test_times_are_checked_where_they_are_written():
    with pytest.raises(SpecError, match='/duration: "soon"'):
        JobBuilder().input("in.mp4", duration="soon")


def test_codec_settings_are_checked_where_they_are_written():
    clip = JobBuilder().input("in.mp4")
    with pytest.raises(SpecError, match="crf"):
        clip.write("out.mp4", video={"codec": "h264", "crf": 99})


def test_clips_of_another_job_are_refused():
    with pytest.raises(ValueError, match="another job"):
        JobBuilder().input("a.mp4").concat(JobBuilder().input("b.mp4"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Vignette, "not the class Vignette: make it with its parameters, .apply(Vignette(…))"),
        ("scale", "not 'scale'; an operator of that name is used by .op(…)"),
        (None, "not None"),
    ],
)
def test_what_is_no_operator_is_not_applied(given, said):
    with pytest.raises(TypeError, match=re.escape(said) + "$"):
        JobBuilder().input("a.mp4").apply(given)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scael", "a clip has no operator 'scael': did you mean 'scale'?"),
        ("tint", "used by its name, .op('vendor.tint', …), or its class, .apply(Tint(…))"),
        ("_tint", "_tint"),
    ],
)
def test_an_operator_that_a_clip_does_not_have(name, said):
    clip = JobBuilder().input("a.mp4")
    with pytest.raises(AttributeError, match=re.escape(said) + "$"):
        getattr(clip, name)
    assert not hasattr(clip, name)
    assert copy.copy(clip) is not clip


@pytest.mark.parametrize(
    ("name", "said"),
    [("trim", "its clips have: job.input('in.mp4').trim(…)"), ("inptu", "did you mean 'input'?"), ("xyz", "no 'xyz'")],
)
def test_what_a_job_does_not_have(name, said):
    with pytest.raises(AttributeError, match=re.escape(said) + "$"):
        getattr(JobBuilder(), name)


@pytest.mark.parametrize(
    ("given", "said"), [("b.mp4", "job.input('b.mp4') makes one"), (5, "not 5: parameters are given by name")]
)
def test_what_is_no_clip_is_told(given, said):
    with pytest.raises(TypeError, match=re.escape(said)):
        JobBuilder().input("a.mp4").concat(given)


def test_a_job_goes_on_after_it_was_built():
    job = JobBuilder()
    clip = job.input("in.mp4")
    clip.write("a.mp4")
    before = job.build()
    clip.hflip().write("b.mp4")
    assert (len(before.outputs), len(job.build().outputs)) == (1, 2)


def test_methods_are_up_to_date(golden):
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "mediapipeline/spec/fluent.py", "-"]
    done = subprocess.run(ruff, input=source(default_registry()), capture_output=True, encoding="utf-8", check=True)
    golden(mediapipeline.spec.fluent.__file__, done.stdout)  # an absolute path stays where it is


def what_mypy_sees(clip: ClipBuilder) -> None:
    """Never called: the type check fails where one of these is no mistake any more."""
    clip.trim(begin="1s")  # type: ignore[call-arg]
    clip.trim(start=None)  # type: ignore[arg-type]
    clip.scale(algorithm="fast")  # type: ignore[arg-type]
    clip.fps()  # type: ignore[call-arg]
    clip.overlay()  # type: ignore[call-arg]
    clip.hflip(5)  # type: ignore[call-arg]
    clip.concat("other.mp4")  # type: ignore[arg-type]
