"""What a job cannot do without, counted from its streams."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import attrs
import pytest

from mediapipeline.media.packets import CodedPacket, PacketIndex
from mediapipeline.media.timeline import from_zero
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.rule import Rule
from mediapipeline.planner.workload import Decoding, Workload, counted, workload
from mediapipeline.testing import clip_info
from planner.notation import parse
from planning import job, op, plan

SECONDS = Fraction
LONG = clip_info(duration="60s", rate="25")
CLIPS = {"in.mp4": LONG, "other.mp4": LONG}
AVC = {"video": {"codec": "libx264", "crf": 23}}


def planned(
    *operations: dict[str, Any],
    rules: Sequence[Rule] = RULES,
    codec: dict[str, Any] | None = AVC,
    outputs: tuple[str, ...] = ("out.mp4",),
    **more: Any,
) -> ProcessingPlan:
    fields = {} if codec is None else {"codec": codec}
    made = {path.partition(".")[0].strip("/"): {"destination": path, **fields} for path in outputs}
    return plan(job(*operations, outputs=made, **more), CLIPS, rules=rules)


def cut(source: str, made: str, start: str, end: str) -> dict[str, Any]:
    return op("trim", source, made, start=start, end=end)


def packets(gop: int, reorder: int = 0, frames: int = 1500) -> PacketIndex:
    """Groups of *gop* pictures at 25 a second; with *reorder*, each P-frame is stored before two that show earlier."""
    order = list(range(frames))
    if reorder:
        order = [
            shown
            for first in range(0, frames, gop)
            for shown in [first, *(n for at in range(first + 1, first + gop - 2, 3) for n in (at + 2, at, at + 1))]
        ]
    coded = tuple(CodedPacket(n * 512, None, n % gop == 0) for n in order)
    return PacketIndex(stream=0, time_base=Fraction(1, 12800), packets=coded, begins=True, ends=True)


def looked_at(made: ProcessingPlan, index: PacketIndex, reorder: int = 0) -> Workload:
    assert LONG.video is not None
    media = attrs.evolve(LONG, video=attrs.evolve(LONG.video, reorder=reorder))
    return counted(made.workload, {"in": media, "other": media}, lambda *asked: index)


@pytest.mark.parametrize("rules", [RULES, ()], ids=["optimised", "as it stands"])
def test_what_is_wanted_does_not_depend_on_how_it_is_read(rules: Sequence[Rule]) -> None:
    made = planned(
        op("scale", "in", "small", width=64, height=48), cut("small", "out", "10s", "12s"), rules=rules
    ).workload
    assert made == Workload(
        decode=(Decoding(input="in", stream=0, parts=((SECONDS(10), SECONDS(12)),)),), encode=50
    )  # fmt: skip


def test_a_beginning_is_counted_without_a_look_at_packets() -> None:
    assert planned(cut("in", "out", "0s", "2s")).workload.decoded == 50
    assert planned(op("hflip", "in", "out")).workload.decoded == 1500


def test_copies_need_no_frames() -> None:
    made = plan(job(outputs={"out": {"destination": "out.mp4", "input": "in"}}), CLIPS)
    assert made.workload == Workload(encode=0)


def test_parts_that_touch_are_one_and_none_counts_twice() -> None:
    made = planned(
        cut("in", "a", "10s", "12s"), cut("in", "b", "11s", "14s"), cut("in", "c", "40s", "41s"),
        outputs=("a.mp4", "b.mp4", "c.mp4"),
    )  # fmt: skip
    (told,) = made.workload.decode
    assert told.parts == ((SECONDS(10), SECONDS(14)), (SECONDS(40), SECONDS(41)))
    assert made.workload.encode == 50 + 75 + 25
    assert looked_at(made, packets(gop=50)).decoded == 100 + 25


def test_decoding_begins_at_the_key_frame_before() -> None:
    made = planned(cut("in", "out", "11.2s", "12.2s"))
    assert made.workload.decoded is None
    assert looked_at(made, packets(gop=50)).decoded == 30 + 25
    assert looked_at(made, packets(gop=1)).decoded == 25


def test_frames_that_are_decoded_before_they_are_shown_have_to_be() -> None:
    made = planned(cut("in", "out", "4s", "4.12s"))  # the pictures 100, 101, 102 of 100, 103, 101, 102, 106, 104, …
    assert looked_at(made, packets(gop=100, reorder=1), reorder=1).decoded == 4 + 1


def test_nothing_after_a_still_has_to_come_out_of_the_decoder() -> None:
    stills = op("thumbnail", "in", "out", at=["4.04s", "8.12s"])  # the pictures 101 and 203
    made = plan(job(stills, outputs={"out": {"destination": "out/", "format": "png"}}), CLIPS)
    assert looked_at(made, packets(gop=100, reorder=1), reorder=1).decoded == 2 + 4


def test_packets_that_nobody_knows_are_no_guess() -> None:
    made = planned(cut("in", "out", "10s", "12s"))
    some = attrs.evolve(packets(gop=50, frames=260), ends=False)  # up to 10.4 s
    assert looked_at(made, some).decoded is None
    late = packets(gop=50)
    late = attrs.evolve(late, packets=late.packets[251:], begins=False)
    assert looked_at(made, late).decoded is None


def test_of_joined_clips_only_what_is_kept_has_to_be_decoded() -> None:
    text = "s1 = in:video\ns2 = other:video\ns1, s2 → concat() → cut(58s..61s) → encode(libx264) → out"
    made = workload(parse(text, {"in": from_zero(LONG), "other": from_zero(LONG)}))
    parts = {told.input: told.parts for told in made.decode}
    assert parts == {"in": ((SECONDS(58), None),), "other": ((SECONDS(0), SECONDS(1)),)}


def test_key_frames_that_will_do_are_one_frame_each() -> None:
    made = plan(
        job(
            op("thumbnail", "in", "out", at=["10s", "20s", "30s"], snap="keyframe"),
            outputs={"out": {"destination": "out/", "format": "png"}},
        ),
        CLIPS,
    )
    (told,) = made.workload.decode
    assert told.keys == (10, 20, 30)
    assert made.workload.decoded == 3
    assert looked_at(made, packets(gop=50)).decoded == 3


def test_two_passes_encode_twice() -> None:
    codec = {"video": {"codec": "libx264", "bitrate": "1M", "two_pass": True}}
    assert planned(cut("in", "out", "0s", "2s"), codec=codec).workload.encode == 100


def test_a_filter_that_promises_nothing_may_look_at_any_frame() -> None:
    (told,) = workload(parse("in:video → reverse() → cut(10s..12s) → encode(libx264) → out")).decode
    assert told.parts == ((SECONDS(0), None),)
    (told,) = workload(parse("in:video → hflip() → cut(10s..12s) → encode(libx264) → out")).decode
    assert told.parts == ((SECONDS(10), SECONDS(12)),)


def test_a_plan_carries_it_in_its_json() -> None:
    made = planned(cut("in", "a", "10s", "12s"), cut("in", "b", "0s", "1s"), outputs=("a.mp4", "b.mp4"))
    assert ProcessingPlan.from_dict(made.to_dict()).workload == made.workload
