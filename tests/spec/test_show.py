"""Any job can be drawn, also one that is wrong."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from documents import FULL
from mediapipeline import JobBuilder, JobSpec
from mediapipeline.spec.show import flow_of
from planning import job, op


def arrows(spec: JobSpec) -> set[tuple[str, str]]:
    flow = flow_of(spec)
    ET.fromstring(flow.to_svg())
    return {(edge.source, edge.target) for edge in flow.edges}


def test_a_job():
    assert arrows(JobSpec.from_dict(FULL)) == {
        ("in:in", "op:0"), ("op:0", "op:1"), ("in:logo", "op:1"), ("op:1", "op:2"), ("op:0", "op:2"),
        ("op:2", "out:result.mp4"), ("op:2", "out:list"),
    }  # fmt: skip


def test_operations_in_any_order():
    spec = JobSpec.from_dict(job(op("hflip", "a", "b"), op("hflip", "in", "a"), outputs={"b": "b.mp4"}))
    assert arrows(spec) == {("in:in", "op:1"), ("op:1", "op:0"), ("op:0", "out:b")}


def test_a_circle_and_a_reference_to_nothing():
    circle = [op("hflip", "a", "b"), op("hflip", "b", "a"), op("hflip", "in", "c"), op("hflip", "none", "d")]
    spec = JobSpec.from_dict(job(*circle, outputs={"a": "a.mp4", "c": "c.mp4", "d": "d.mp4"}))
    assert arrows(spec) == {("in:in", "op:2"), ("op:2", "out:c"), ("op:3", "out:d")}


def test_in_a_notebook():
    builder = JobBuilder()
    builder.input("in.mp4").trim(start="1s").write("out.mp4")
    shown = builder.build()._repr_mimebundle_()
    assert builder._repr_mimebundle_() == shown
    assert shown["text/plain"] == "JobSpec: 1 input, 1 operation, 1 output"
    assert "trim" in shown["text/html"]


def test_what_is_wrong_with_it_is_shown_beside_what_is_sound():
    builder = JobBuilder()
    builder.input("in.mp4").trim(start="1s").write("out.xyz")
    shown = builder._repr_mimebundle_()
    assert "[unknown-container]" in shown["text/plain"]
    assert "trim" in shown["text/html"]
    assert "/outputs/0/destination" in shown["text/html"]
    assert "outputs" in JobSpec(outputs=5)._repr_mimebundle_()["text/plain"]  # type: ignore[arg-type]  # that is the test


def test_a_builder_that_cannot_build_says_why():
    assert "/timeout" in JobBuilder(timeout="soon")._repr_mimebundle_()["text/plain"]
