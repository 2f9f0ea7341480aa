"""Flowcharts show what is done: what is decoded once, what measures first, and what is not done at all."""

from __future__ import annotations

from typing import Any

import pytest

from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.testing import clip_info
from planning import job, op, plan

H264 = {"video": "libx264", "audio": "copy"}


def drawn(*operations: dict[str, Any], **outputs: Any) -> list[str]:
    return [line.strip() for line in made(*operations, **outputs).to_mermaid().splitlines()]


def made(*operations: dict[str, Any], **outputs: Any) -> ProcessingPlan:
    return plan(job(*operations, outputs=outputs), {"in.mp4": clip_info(duration="20s", size="320x180")})


def titles(lines: list[str]) -> list[str]:
    return [line.partition(" [")[2].strip('"]') for line in lines if line.startswith("subgraph")]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (
            op("scale", "in", "out", width=320, height=180),
            "scale<br/>width=320, height=180<br/>left out: it changes nothing",
        ),
        (op("trim", "in", "out", start="0s", end="20s"), "trim<br/>end=20s<br/>left out: it changes nothing"),
        (op("trim", "in", "out", start="5s"), "trim<br/>start=5s"),  # nothing before it is read, so no cut is left
        (op("trim", "in", "out", end="19s"), "trim<br/>end=19s"),
        (op("loudnorm", "in", "out"), "loudnorm<br/>measures in a pass of its own first"),
    ],
)
def test_operations_that_are_not_done_and_that_measure(operation: dict[str, Any], said: str) -> None:
    assert f'op0["{said}"]' in drawn(operation, out="out.mp4")


def test_parameters_are_told_as_far_as_they_can_be_read() -> None:
    (line,) = (
        line
        for line in drawn(op("concat", ["in", "in"], "out", size="640x360", background="#202020", fps=25), out="a.mp4")
        if line.startswith("op0[")
    )
    assert line == 'op0["concat<br/>size=640x360, fps=25, background=#35;202020"]'
    stills = op("thumbnail", "in", "out", at=[f"{at}s" for at in range(12)], width=320, height=180)
    lines = drawn(stills, out={"destination": "o/", "format": "png"})
    assert 'op0["thumbnail<br/>at=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], …"]' in lines


def test_what_users_wrote_is_no_directive() -> None:
    drawing = plan(
        {**job(outputs={"in": "out.mkv"}), "inputs": [{"id": "in", "source": '%%{init: {"theme": "dark"}}%%.mp4'}]},
        {'%%{init: {"theme": "dark"}}%%.mp4': clip_info()},
    ).to_mermaid()
    assert "%%" not in drawing


def test_twins_are_done_once() -> None:
    twins = [
        each for name in "ab" for each in (op("trim", "in", f"{name}1", start="4s"), op("hflip", f"{name}1", name))
    ]
    plan_of_twins = made(*twins, a="a.mp4", b="b.mkv")
    lines = plan_of_twins.to_mermaid()
    assert lines.count("left out") == 2
    assert '["trim<br/>start=4s<br/>left out: a1 is the same"]' in lines
    assert '["hflip<br/>left out: a is the same"]' in lines
    assert "left out: a is the same" in plan_of_twins._repr_mimebundle_()["image/svg+xml"]


def test_what_no_output_needs() -> None:
    assert 'op0["hflip<br/>left out: no output needs it"]' in drawn(op("hflip", "in", "unused"), **{"in": "out.mkv"})


def test_what_stands_elsewhere_is_done() -> None:
    """The cut goes before the filter, and is the same as another there; the filter is not."""
    lines = drawn(
        op("trim", "in", "part", start="4s", end="6s"), op("hflip", "in", "mirror"),
        op("trim", "mirror", "again", start="4s", end="6s"), part="a.mp4", again="b.mkv",
    )  # fmt: skip
    assert 'op1["hflip"]' in lines


def test_a_process_tells_what_it_decodes_once() -> None:
    lines = drawn(
        op("hflip", "in", "a"), op("vflip", "in", "b"), op("volume", "in", "c", gain_db=-6),
        op("volume", "in", "d", gain_db=-3),
        a={"destination": "a.mkv", "codec": H264}, b={"destination": "b.mkv", "codec": H264},
        c={"destination": "c.mp4"}, d={"destination": "d.mp4"},
    )  # fmt: skip
    assert titles(lines) == [
        "one process<br/>video of in decoded once for a, b", "one process<br/>audio of in decoded once for c, d",
    ]  # fmt: skip


def test_files_of_one_output_share_as_well() -> None:
    lines = drawn(op("scale", "in", "small", width=160, height=90), op("hls", ["in", "small"], "out"), out="out/")
    assert titles(lines) == ["one process<br/>video of in decoded once for out (2 files)"]
    stills = drawn(op("thumbnail", "in", "out", count=6), out={"destination": "out/", "format": "jpg"})
    assert titles(stills) == ["one process<br/>video of in decoded once for out (6 files)"]


def test_outputs_that_share_nothing_have_no_box() -> None:
    assert titles(drawn(op("hflip", "in", "a"), a="a.mp4", **{"in": "in.mkv"})) == []


def test_what_users_wrote_is_no_markup() -> None:
    lines = drawn(op("hflip", "in", "a"), a='a<br/>"#b.mp4')
    assert 'out0[("a: a#lt;br/#gt;#quot;#35;b.mp4")]' in lines
