"""Where reading begins in files without an index, by what packets tell of the key frames."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest

from mediapipeline.planner.machine import Machine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.steps import FFmpegStep
from mediapipeline.testing import Capabilities, FakeProber, clip_info
from planner.notation import described
from planning import job, op


def _plan(document: dict[str, Any], gop: int | None, name: str = "in.ts", **facts: Any) -> ProcessingPlan:
    prober = FakeProber({name: clip_info(duration="600s", **facts)}, gop=gop)
    service = Planner(prober=prober, capabilities=Capabilities.assume("5.1"), machine=Machine(cores=4))
    return service.plan({**document, "inputs": [{"id": "in", "source": name}]})


def _seeks(made: ProcessingPlan) -> list[object]:
    commands = [step.command for step in made.steps if isinstance(step, FFmpegStep)]
    return [dict(source.options).get("ss") for command in commands for source in command.inputs]


def _cut(start: str) -> dict[str, Any]:
    return job(op("trim", "in", "out", start=start, duration="10s"), outputs={"out": "out.mp4"})


@pytest.mark.parametrize(
    ("gop", "start", "expected"),
    [
        (None, "540s", "536"),  # nobody looks at packets
        (50, "540s", "538"),  # the sound needs more than the picture, whose key frame this is
        (50, "541.96s", "539.5"),  # half a second before the key frame at 540 s
        (250, "549s", "539.5"),  # a longer group than rules think of
        (400, "47.9s", "31.5"),
        (250, "6s", None),  # the first group
    ],
)
def test_reading_begins_before_the_key_frame(gop: int | None, start: str, expected: str | None) -> None:
    made = _plan(_cut(start), gop)
    assert _seeks(made) == [expected], "picture and sound are still one reading"
    if gop is not None and expected is not None:
        assert [each.text for each in made.decisions if "key frame to decode from" in each.text]


def test_of_pictures_alone_no_more_is_read_than_up_to_the_key_frame() -> None:
    assert _seeks(_plan(_cut("540s"), 50, audio=0)) == ["539.5"]


def test_what_is_cut_stays_what_it_is() -> None:
    (step,) = _plan(_cut("549s"), 250).steps
    assert isinstance(step, FFmpegStep)
    assert step.command.graph is not None
    assert "trim@op0=start=19.5:end=29.5" in str(step.command.graph)


def test_the_last_graph_is_what_runs() -> None:
    made = _plan(_cut("549s"), 250)
    assert "in:video@539.5s → cut(9.5s..19.5s)" in made.trace[-1].graph
    assert "in:video@545s" in made.trace[-2].graph
    assert "\nstreams after planning\n  in:video@539.5s → " in made.explain(verbose=True)
    assert "after planning" not in _plan(_cut("540s"), None).explain(verbose=True)


def test_stills_are_found_as_well() -> None:
    document = job(
        op("thumbnail", "in", "still", at=["100s", "549s"]), outputs={"still": {"destination": "s/", "format": "jpg"}}
    )
    assert sorted(str(seek) for seek in _seeks(_plan(document, 250))) == ["539.5", "99.5"]


def test_files_with_an_index_are_left_alone() -> None:
    assert _seeks(_plan(_cut("549s"), 250, name="in.mp4", audio=0)) == ["549"]


def test_what_is_read_is_told_from_the_start_of_the_file() -> None:
    """Commands that read the edges of a smart cut have the clock of the file itself."""
    clip = attrs.evolve(described(clip_info(duration="600s")), start=Fraction(4, 3))
    prober = FakeProber({"in.ts": clip}, gop=50)
    made = Planner(
        prober=prober, capabilities=Capabilities.assume("5.1"), machine=Machine(cores=4),
        strategies={"smart_cut": "preferred"},
    ).plan({**_cut("541.96s"), "inputs": [{"id": "in", "source": "in.ts"}]})  # fmt: skip
    assert _seeks(made)[:2] == ["541.333333", "551.333333"]
    assert "     reads in from 540 s (video), in from 550 s (video)\n" in made.explain()
    assert "in:video@540s" in made.trace[-1].graph
