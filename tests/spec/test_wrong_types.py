"""Whatever Python hands to the classes of a job, the answer is problems, and never an exception from inside."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mediapipeline.errors import JobError, Problems, SpecError
from mediapipeline.media import AudioCodec, CodecSettings, VideoCodec
from mediapipeline.spec import Input, JobSpec, Limits, Operation, Output, StreamChoice, load
from mediapipeline.spec.build import JobBuilder
from mediapipeline.spec.load import load_partly

IN: dict[str, Any] = {"id": "in", "source": "in.mp4"}
OUT: dict[str, Any] = {"id": "in", "destination": "out.mp4"}


def job(**parts: Any) -> JobSpec:
    return JobSpec(**{"inputs": (Input(**IN),), "outputs": (Output(**OUT),), **parts})


MAKERS: dict[type, Callable[..., JobSpec]] = {
    JobSpec: job,
    Input: lambda **given: job(inputs=[Input(**{**IN, **given})]),
    Operation: lambda **given: job(operations=[Operation(**{"op": "trim", "input": "in", "output": "a", **given})]),
    Output: lambda **given: job(outputs=[Output(**{**OUT, **given})]),
    Limits: lambda **given: job(limits=Limits(**given)),
    StreamChoice: lambda **given: job(inputs=[Input(**IN, streams=StreamChoice(**given))]),
    CodecSettings: lambda **given: job(outputs=[Output(**OUT, codec=CodecSettings(**given))]),
    VideoCodec: lambda **given: job(outputs=[Output(**OUT, codec=CodecSettings(video=VideoCodec(**given)))]),
    AudioCodec: lambda **given: job(outputs=[Output(**OUT, codec=CodecSettings(audio=AudioCodec(**given)))]),
}
FIELDS = [(cls, field.alias) for cls in MAKERS for field in attrs.fields(cls)]

values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
        st.fractions(), st.builds(object),
        st.sampled_from(["10s", "720p", "2GiB", "2M", "h264", "aac", "video", "in", 10**400, "\ud800", "a\0b"]),
        st.sampled_from([JobSpec, len, ..., Input(**IN), Output(**OUT), StreamChoice(), VideoCodec()]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.tuples(inner),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=2),
        st.sets(st.integers(), max_size=2),
    ),
    max_leaves=4,
)  # fmt: skip


@pytest.mark.parametrize(("cls", "field"), FIELDS, ids=lambda value: getattr(value, "__name__", value))
@settings(max_examples=25)
@given(value=values)
@example(value=["title"])
@example(value=None)
@example(value=5)
def test_every_field_of_every_class(cls: type, field: str, value: Any):
    try:
        made = MAKERS[cls](**{field: value})
    except SpecError:
        return
    problems = Problems()
    loaded = load_partly(made, problems=problems)
    if loaded.spec is not None and not problems:
        held(loaded.spec)
    with suppress(JobError):
        assert load(made.to_dict()) == load(made)
    assert made._repr_mimebundle_()["text/plain"]
    assert repr(made)


def held(spec: JobSpec) -> None:
    """What was read is of the types that are declared."""
    assert all(isinstance(part.id, str) for part in spec.inputs)
    assert all(isinstance(part.id, str) for part in spec.outputs)
    for limit in (spec.limits and spec.limits.max_memory, spec.limits and spec.limits.max_output_size):
        assert limit is None or isinstance(limit, int)
    for output in spec.outputs:
        assert output.codec is None or isinstance(output.codec.video, VideoCodec | None)
        rate = output.codec.video.bitrate if output.codec and output.codec.video else None
        assert rate is None or isinstance(rate, int)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"metadata": ["title"]}, "/metadata"),
        ({"metadata": {"title": 5}}, "/metadata/title"),
        ({"codec": "h264"}, "/codec"),
        ({"codec": CodecSettings(video=5)}, "/codec/video"),  # type: ignore[arg-type]  # that is the test
        ({"id": 5}, "/id"),
        ({"destination": None}, "/destination"),
    ],
)
def test_problems_say_where(given: dict[str, Any], path: str):
    with pytest.raises(SpecError) as caught:
        load(job(outputs=[Output(**{**OUT, **given})]))
    assert [problem.path for problem in caught.value.problems] == [f"/outputs/0{path}"]


def test_what_is_no_part_at_all():
    with pytest.raises(SpecError) as caught:
        load(job(outputs=["out.mp4"], operations=5))
    assert {problem.path for problem in caught.value.problems} == {"/outputs/0", "/operations"}


def test_forms_that_stand_for_a_value_are_read():
    video: Any = {"bitrate": "2M"}
    bounds: Any = {"max_memory": "2GiB"}
    chosen: Any = {"audio": [0]}
    spec = load(
        job(
            inputs=[Input(**IN, duration="1m", streams=StreamChoice(**chosen))],
            outputs=[Output(**OUT, codec=CodecSettings(video=VideoCodec(**video)))],
            limits=Limits(**bounds),
        )
    )
    assert (spec.inputs[0].duration, spec.inputs[0].streams) == (Fraction(60), StreamChoice(audio=(0,)))
    assert spec.limits == Limits(max_memory=2**31)
    codec = spec.outputs[0].codec
    assert codec is not None
    assert codec.video == VideoCodec(bitrate=2_000_000)


BUILT: dict[str, Callable[[JobBuilder, Any], object]] = {
    "source": lambda job, value: job.input(value).write("a.mp4"),
    "destination": lambda job, value: job.input("in.mp4").write(value),
    "name": lambda job, value: job.input("in.mp4").named(value).write("a.mp4"),
    "op": lambda job, value: job.input("in.mp4").op(value).write("a.mp4"),
    "parameter": lambda job, value: job.input("in.mp4").op("trim", start=value).write("a.mp4"),
    "params": lambda job, value: job.op("trim", {"clip": job.input("in.mp4")}, ["clip"], value)["clip"].write("a.mp4"),
    **{
        f"input {name}": lambda job, value, name=name: job.input("in.mp4", **{name: value}).write("a.mp4")  # type: ignore[misc]
        for name in ("id", "format", "streams", "start_offset", "duration", "type")
    },
    **{
        f"write {name}": lambda job, value, name=name: job.input("in.mp4").write("a.mp4", **{name: value})  # type: ignore[misc]
        for name in ("id", "format", "video", "audio", "metadata")
    },
    **{
        f"job {name}": lambda _, value, name=name: JobBuilder(**{name: value}).build()  # type: ignore[misc]
        for name in ("limits", "timeout", "job_id", "user_id", "tags", "priority")
    },
}


@pytest.mark.parametrize("place", BUILT)
@settings(max_examples=25)
@given(value=values)
def test_builders_too(place: str, value: Any):
    job = JobBuilder()
    with suppress(JobError):  # which has problems, or it could not be made
        BUILT[place](job, value)
        load(job.build())
