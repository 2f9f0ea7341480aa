"""Parts of what was joined, or brought to another frame rate, are those of the whole, however its frames are timed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.rule import Rule
from mediapipeline.testing import make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op

AVC: dict[str, Any] = {"video_codec": "libx264", "gop": 25}
FOLLOWING = op("concat", ["in", "in"], "c")
JOINED = op("concat", ["in", "in"], "a")


def steady(folder: Path, engine: Engine, suffix: str, rate: str) -> Path:
    return make_clip(folder / f"in{suffix}", duration="8s", size=(32, 24), rate=rate, **AVC)


def with_a_gap(folder: Path, engine: Engine, suffix: str, rate: str) -> Path:
    """Matroska does not tell how many frames there are, and its beginning does not show that some are missing."""
    whole = make_clip(folder / "whole.mkv", duration="16s", size=(32, 24), rate=rate, **AVC)
    missing = ["-vf", "select='not(between(t,11,12.99))'", "-fps_mode", "vfr", "-c:v", "libx264", "-g", "25"]
    ffmpeg(engine, "-i", str(whole), *missing, str(folder / f"in{suffix}"))
    return folder / f"in{suffix}"


def uneven(folder: Path, engine: Engine, suffix: str, rate: str) -> Path:
    whole = make_clip(folder / "whole.mkv", duration="8s", size=(32, 24), rate=rate, **AVC)
    fewer = ["-vf", "select='not(between(mod(n,11),5,7))'", "-fps_mode", "vfr", "-c:v", "libx264", "-g", "25"]
    ffmpeg(engine, "-i", str(whole), *fewer, str(folder / f"in{suffix}"))
    return folder / f"in{suffix}"


def rounded(folder: Path, engine: Engine, suffix: str, rate: str) -> Path:
    """What was rounded to milliseconds is no longer where the rate says, whatever the clock it was copied to."""
    whole = make_clip(folder / "whole.mkv", duration="8s", size=(32, 24), rate=rate, **AVC)
    ffmpeg(engine, "-i", str(whole), "-c", "copy", str(folder / f"in{suffix}"))
    return folder / f"in{suffix}"


@pytest.mark.parametrize(
    ("made", "suffix", "rate", "operations", "part"),
    [
        (steady, ".mp4", "25", [JOINED], {"start": "5s", "end": "6s"}),
        (steady, ".mp4", "25", [JOINED], {"start": "9.013s", "end": "9.9s"}),
        (steady, ".mp4", "30", [op("fps", "in", "a", fps="12")], {"start": "4.4321s", "end": "6.6s"}),
        (steady, ".ts", "30000/1001", [op("fps", "in", "a", fps="25")], {"start": "5.01s", "end": "6.5s"}),
        (steady, ".avi", "24", [op("fps", "in", "a", fps="12")], {"start": "5s", "end": "6s"}),
        (steady, ".avi", "24", [op("fps", "in", "a", fps="60")], {"start": "5s", "end": "6s"}),
        (steady, ".mp4", "24", [FOLLOWING, op("fps", "c", "a", fps="12")], {"start": "5s", "end": "6s"}),
        (steady, ".ts", "50", [op("fps", "in", "c", fps="12"), op("fps", "c", "a", fps="30")], {"start": "2.9029s"}),
        (steady, ".mp4", "30000/1001", [JOINED], {"end": "0.033367s"}),
        (steady, ".mp4", "30", [op("trim", "in", "t", end="3.3333s"), op("concat", ["t", "in"], "a")],
         {"start": "3.466667s", "end": "5.2s"}),
        (rounded, ".ts", "30000/1001", [JOINED], {"start": "5.1051s", "end": "6s"}),
        (rounded, ".mp4", "30000/1001", [JOINED], {"start": "5.1051s", "end": "6s"}),
        (rounded, ".mp4", "30000/1001", [op("trim", "in", "t", start="3.3s"), op("concat", ["t", "in"], "a")],
         {"end": "1.7s"}),
        (steady, ".mkv", "30", [JOINED], {"start": "5.01s", "end": "6s"}),
        (steady, ".mkv", "30000/1001", [JOINED], {"start": "13.1s", "end": "13.6s"}),
        (steady, ".mkv", "24000/1001", [op("fps", "in", "a", fps="25")], {"start": "5.1051s", "end": "6s"}),
        (uneven, ".mkv", "25", [JOINED], {"start": "5.2s", "end": "6.2s"}),
        (uneven, ".mp4", "30000/1001", [op("fps", "in", "a", fps="24")], {"start": "4.4321s", "end": "6.6s"}),
        (uneven, ".ts", "24", [FOLLOWING, op("fps", "c", "a", fps="12")], {"start": "12.5s"}),
        (with_a_gap, ".mkv", "25", [JOINED], {"start": "12.5s", "end": "14s"}),
        (with_a_gap, ".mkv", "25", [JOINED], {"start": "9s", "end": "11.5s"}),
        (with_a_gap, ".mkv", "25", [op("fps", "in", "a", fps="10")], {"start": "12.5s", "end": "14s"}),
        (with_a_gap, ".mp4", "25", [op("fps", "in", "a", fps="10")], {"start": "10.1s", "end": "12.3s"}),
        (with_a_gap, ".mkv", "25", [op("fps", "in", "a", fps="25")], {"start": "10s", "end": "14s"}),
        (with_a_gap, ".mkv", "25", [op("fps", "in", "a", fps="25")], {"start": "11.6s", "end": "12.2s"}),
    ],
)  # fmt: skip
def test_a_part_is_that_of_the_whole(
    made: Any, suffix: str, rate: str, operations: list[dict[str, Any]], part: dict[str, str], tmp_path: Path,
    engine: Engine,
) -> None:  # fmt: skip
    clip = made(tmp_path, engine, suffix, rate)
    assert_the_same([*operations, op("trim", "a", "b", **part)], clip, engine)


def assert_the_same(operations: list[dict[str, Any]], clip: Path, engine: Engine, *others: str) -> None:
    """Hold the frames of ``b`` with rules against those without; *others* are clips that are written as well."""
    found = []
    rule_sets: list[tuple[str, tuple[Rule, ...]]] = [("with", RULES), ("without", ())]
    for name, rules in rule_sets:
        folder = clip.parent / name
        folder.mkdir()
        outputs = {
            each: {"input": each, "destination": f"{each}.mkv", "codec": {"video": {"codec": "ffv1"}}}
            for each in (*others, "b")
        }
        document = job(*operations, inputs={"in": str(clip)}, outputs=outputs)
        plan = Planner(base_dir=folder, ffmpeg=engine.ffmpeg, rules=rules).plan(document)
        Executor(base_dir=folder, ffmpeg=engine.ffmpeg).run(plan)
        raw = ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
        found.append(ffmpeg(engine, "-i", str(folder / "b.mkv"), *raw))
    with_rules, without = found
    assert with_rules
    assert with_rules == without


def test_what_is_shared_is_looked_at_as_well(tmp_path: Path, engine: Engine) -> None:
    """The cut that is made for the one output is just that which the job asks for, for the other."""
    clip = with_a_gap(tmp_path, engine, ".mp4", "25")
    operations = [
        op("trim", "in", "t", start="12.1s"), op("fps", "t", "u", fps="10"), op("concat", ["u", "u"], "x"),
        op("fps", "in", "v", fps="10"), op("trim", "v", "b", start="12.7s"),
    ]  # fmt: skip
    assert_the_same(operations, clip, engine, "x")


PACED = op("fps", "in", "a", fps="10")


@pytest.mark.parametrize(
    ("made", "suffix", "rate", "operation", "known"),
    [
        (steady, ".mp4", "25", JOINED, True),
        (steady, ".mp4", "25", PACED, True),
        (steady, ".mkv", "30000/1001", JOINED, False),
        (steady, ".mkv", "30000/1001", PACED, False),
        (steady, ".ts", "25", JOINED, True),
        (uneven, ".mp4", "25", PACED, False),
    ],
)
def test_it_is_read_from_where_it_begins(
    made: Any, suffix: str, rate: str, operation: dict[str, Any], known: bool, tmp_path: Path, engine: Engine
) -> None:
    clip = made(tmp_path, engine, suffix, rate)
    document = job(
        operation, op("trim", "a", "b", start="6.5s", end="7.5s"), inputs={"in": str(clip)}, outputs={"b": "out.mkv"}
    )
    plan, result = plan_and_run(document, tmp_path, engine)
    assert plan.inputs[0].media.video is not None
    assert (plan.inputs[0].media.video.even is True) == known
    assert "push_cuts_past_rates" in {each.by for each in plan.decisions}
    assert (result.waste.frames_decoded or 0) < 90, "there are nearly two hundred up to its end"


def test_where_frames_are_missing_it_is_said_that_all_is_read(tmp_path: Path, engine: Engine) -> None:
    clip = with_a_gap(tmp_path, engine, ".mkv", "25")
    document = job(
        JOINED, op("trim", "a", "b", start="12.5s", end="14s"), inputs={"in": str(clip)}, outputs={"b": "out.mkv"}
    )
    made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(document)
    assert "push_cuts_past_rates" not in {each.by for each in made.decisions}
    (said,) = [each.text for each in made.decisions if (each.by, each.subject) == ("planner", "/operations/0")]
    assert said.startswith("in is decoded from where reading begins, not from where the part does")


@pytest.mark.parametrize(("made", "copied"), [(steady, True), (with_a_gap, False)])
def test_the_rate_that_a_file_begins_with_is_not_taken_for_that_of_all(
    made: Any, copied: bool, tmp_path: Path, engine: Engine
) -> None:
    clip = made(tmp_path, engine, ".mkv", "25")
    document = job(op("fps", "in", "a", fps="25"), inputs={"in": str(clip)}, outputs={"a": "out.mp4"})
    plan, result = plan_and_run(document, tmp_path, engine)
    assert ("copy_untouched" in {each.by for each in plan.decisions}) == copied
    video = result.outputs["a"].media.video
    assert video is not None
    assert video.frames == (200 if copied else 400)
    assert copied == (not any("lacks frames" in each.text for each in plan.decisions))
