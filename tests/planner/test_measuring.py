"""How measurements are scheduled: what is measured together, what waits for what, and what is shared."""

from __future__ import annotations

from typing import Any

import pytest

from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps import FFmpegStep
from mediapipeline.testing import clip_info
from planning import filters, job, op, plan

CLIPS = {
    "in.mp4": clip_info(duration="60s", audio=["stereo", "mono"]),
    "other.mp4": clip_info(duration="30s", audio=1),
}


def loud(source: str, made: str, **params: Any) -> dict[str, Any]:
    return op("loudnorm", source, made, **params)


def shape(made: ProcessingPlan) -> list[tuple[str, tuple[str, ...], list[str], list[str]]]:
    """Of each step what it waits for, what it measures and what it makes use of."""
    return [
        (each.id, each.needs, list(each.measures), [place.measure for place in each.late])
        for each in made.steps
        if isinstance(each, FFmpegStep)
    ]


def test_tracks_of_one_operation_are_measured_together() -> None:
    made = plan(job(loud("in", "out"), outputs={"out": "out.mp4"}), CLIPS)
    assert shape(made) == [
        ("measure-0", (), ["m0", "m1"], []),
        ("write-out", ("measure-0",), [], ["m0", "m1"]),
    ]
    assert [str(pad) for pad in filters(made).inputs] == ["0:1", "0:2"]


def test_operations_are_measured_by_themselves_and_at_once() -> None:
    document = job(
        loud("in", "a"),
        loud("b0", "b"),
        inputs={"in": "in.mp4", "b0": "other.mp4"},
        outputs={"a": "a.mp4", "b": "b.mp4"},
    )
    assert shape(plan(document, CLIPS)) == [
        ("measure-0", (), ["m0", "m1"], []),
        ("measure-1", (), ["m2"], []),
        ("write-a", ("measure-0",), [], ["m0", "m1"]),
        ("write-b", ("measure-1",), [], ["m2"]),
    ]


def test_a_measurement_of_what_depends_on_another_waits_for_it() -> None:
    document = job(
        loud("b0", "b1"), loud("b1", "b", target_lufs=-23), inputs={"b0": "other.mp4"}, outputs={"b": "b.mp4"}
    )
    made = plan(document, CLIPS)
    assert shape(made) == [
        ("measure-0", (), ["m0"], []),
        ("measure-1", ("measure-0",), ["m1"], ["m0"]),
        ("write-b", ("measure-0", "measure-1"), [], ["m0", "m1"]),
    ]
    assert "late@late0,ebur128@m1=" in filters(made, 1).text()
    assert "late@late0,late@late1" in filters(made, 2).text()


def test_the_same_twice_is_one_and_other_targets_are_not() -> None:
    document = job(
        loud("b0", "x"), loud("b0", "y"), loud("b0", "z", target_lufs=-23),
        inputs={"b0": "other.mp4"}, outputs={"x": "x.mp4", "y": "y.mp4", "z": "z.mp4"},
    )  # fmt: skip
    assert shape(plan(document, CLIPS)) == [
        ("measure-0", (), ["m0"], []),
        ("write-x+y+z", ("measure-0",), [], ["m0", "m0"]),
    ]
    apart = shape(plan(document, CLIPS, rules=()))
    assert [measures for _, _, measures, _ in apart] == [["m0"], ["m1"], ["m2"], []]


def test_a_measurement_sees_what_has_been_done_before() -> None:
    document = job(op("trim", "b0", "part", start="5s", end="9s"), loud("part", "b"),
        inputs={"b0": "other.mp4"}, outputs={"b": "b.mp4"})  # fmt: skip
    made = plan(document, CLIPS)
    before = [filters(made, number).text().partition(last)[0] for number, last in ((0, ",ebur128@m0"), (1, ",late@"))]
    assert before[0].partition("]")[2] == before[1].rpartition("]")[2] != ""


def test_a_first_pass_of_the_picture_does_not_wait_for_the_sound() -> None:
    codec = {"video": {"bitrate": "1M", "two_pass": True}, "audio": "aac"}
    document = job(loud("b0", "b"), inputs={"b0": "other.mp4"}, outputs={"b": {"destination": "b.mp4", "codec": codec}})
    assert shape(plan(document, CLIPS)) == [
        ("measure-0", (), ["m0"], []),
        ("first-pass+b", (), [], []),
        ("write-b", ("first-pass+b", "measure-0"), [], ["m0"]),
    ]


def test_joined_clips_are_measured_whole() -> None:
    document = job(
        op("concat", ["in", "b0"], "all"), loud("all", "out"),
        inputs={"in": "in.mp4", "b0": "other.mp4"}, outputs={"out": "out.mp4"},
    )  # fmt: skip
    made = plan(document, CLIPS)
    measures = shape(made)[0]
    assert measures[0] == "measure-0"
    assert len(filters(made).outputs) == len(measures[2])
    assert "concat" in filters(made).text()


def test_many_targets() -> None:
    targets = {f"c{number}": -70 + number / 10 for number in range(400)}
    document = job(
        *(loud("b0", name, target_lufs=target) for name, target in targets.items()),
        inputs={"b0": "other.mp4"}, outputs={name: f"{name}.mp4" for name in targets},
    )  # fmt: skip
    made = plan(document, CLIPS)
    assert [list(each.measures) for each in made.steps if isinstance(each, FFmpegStep)] == [["m0"], []]


def test_resources_of_a_measurement() -> None:
    made = plan(job(loud("b0", "b"), inputs={"b0": "other.mp4"}, outputs={"b": "b.mp4"}), CLIPS)
    measure = made.steps[0].resources
    assert measure.cpu_seconds
    assert (measure.disk_space, measure.disk_written) == (0, 0)


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_each_measurement_of_a_chain_costs_one_reading(count):
    chain = [op("loudnorm", f"c{n}" if n else "in", f"c{n + 1}") for n in range(count)]
    made = plan(job(*chain, outputs={f"c{count}": "a.mp4"}))
    read = [file.file for each in made.steps if isinstance(each, FFmpegStep) for file in each.command.inputs]
    assert read == ["source:in"] * (count + 1)
