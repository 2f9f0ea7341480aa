"""Estimates follow the plan that is made, not the job that is asked for. How far they are off is for the benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

from mediapipeline.executor.executor import Executor
from mediapipeline.planner import costs
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.rule import Rule
from mediapipeline.steps.resources import Resources
from mediapipeline.testing import FakeProber, clip_info, make_clip
from planner.notation import described
from planning import job, op, plan

PIXELS = 640 * 360
CLIPS = {"in.mp4": clip_info(duration="600s", size="640x360", rate="25", audio=0)}
AVC = {"video": {"codec": "libx264", "preset": "veryfast", "crf": 23}}


def estimated(
    *operations: dict[str, Any], codec: dict[str, Any] | None = AVC, rules: Sequence[Rule] = RULES
) -> Resources:
    fields = {"destination": "out.mp4", "input": operations[-1]["output"] if operations else "in"}
    return plan(
        job(*operations, outputs={"out": fields | ({} if codec is None else {"codec": codec})}), CLIPS, rules=rules
    ).resources


def cpu(used: Resources) -> float:
    assert used.cpu_seconds is not None
    return float(used.cpu_seconds)


def test_a_whole_clip_costs_its_pixels_and_a_process() -> None:
    pixels = PIXELS * 25 * 600
    each = costs.DECODE["h264"] + costs.FILTER["hflip"] + costs.ENCODE["libx264"] * costs.PRESET["veryfast"]
    assert cpu(estimated(op("hflip", "in", "out"))) == pytest.approx(
        pixels * each * 1e-9 + costs.START / 1000, rel=0.01
    )


def test_what_the_rules_save_is_not_counted() -> None:
    cut = op("trim", "in", "out", start="500s", duration="10s")
    with_rules, without = estimated(cut), estimated(cut, rules=())
    frames = PIXELS * 25 * costs.DECODE["h264"] * 1e-9
    assert cpu(without) - cpu(with_rules) == pytest.approx(frames * (510 - 11), rel=0.02)  # a second to get there
    assert with_rules.disk_written == without.disk_written
    assert estimated(codec=None).cpu_seconds < with_rules.cpu_seconds  # type: ignore[operator]  # both are known


def test_filters_that_touch_no_pixel_are_free_and_scaling_costs_what_goes_in() -> None:
    small = op("scale", "in", "out", width=64, height=36)
    pixels = PIXELS * 25 * 600
    each = costs.DECODE["h264"] + costs.FILTER["scale"]
    assert cpu(estimated(small)) == pytest.approx(pixels * each * 1e-9 + costs.START / 1000, rel=0.25)


def test_a_copy_costs_its_packets_and_the_opening_of_the_file() -> None:
    clips = {"in.mp4": clip_info(duration="600s", size="640x360", rate="25", audio=1)}
    pictures, sounds = 600 * 25, 600 * 48000 / 1024
    expected = (costs.START + costs.OPEN) / 1000 + (pictures + sounds) * (costs.READ + costs.COPY) / 1e9
    whole = plan(job(outputs={"out": {"destination": "out.mkv", "input": "in"}}), clips).resources
    assert cpu(whole) == pytest.approx(expected, abs=0.002)


def test_each_still_that_is_sought_costs_its_opening_and_little_more() -> None:
    times = ["100s", "300s", "500s"]
    stills = job(op("thumbnail", "in", "out", at=times), outputs={"out": {"destination": "out/", "format": "jpg"}})
    frames = 25 * PIXELS * costs.DECODE["h264"] / 1e9  # a second to get there
    expected = costs.START / 1000 + 3 * (costs.OPEN / 1000 + frames)
    assert cpu(plan(stills, CLIPS).resources) == pytest.approx(expected, rel=0.1)


def test_memory_is_that_of_the_frames_held() -> None:
    copy, encode = estimated(codec=None), estimated(op("hflip", "in", "out"))
    assert copy.memory == costs.PROCESS_MEMORY
    frames = costs.DECODER_FRAMES + costs.ENCODER_FRAMES["veryfast"]
    assert encode.memory == pytest.approx(costs.PROCESS_MEMORY + frames * PIXELS * 1.5, rel=0.01)
    slower = estimated(op("hflip", "in", "out"), codec={"video": {"codec": "libx264", "preset": "slow", "crf": 23}})
    assert slower.memory > encode.memory  # type: ignore[operator]  # both are known


@pytest.mark.parametrize("codec", [None, {"video": {"codec": "libx264", "bitrate": "400k"}}])
def test_bytes_are_about_those_of_the_file(tmp_path: Path, codec: dict[str, Any] | None) -> None:
    make_clip(
        tmp_path / "in.mp4", duration="4s", size=(160, 120), video_codec="libx264", extra=["-b:v", "400k", "-bf", "0"]
    )
    fields = {"destination": "out.mkv", "input": "in"} | ({} if codec is None else {"codec": codec})
    made = Planner(base_dir=tmp_path).plan(job(outputs={"out": fields}))
    result = Executor(base_dir=tmp_path).run(made)
    assert made.resources.disk_written == pytest.approx(result.outputs["out"].size, rel=0.5)
    assert made.resources.disk_read == pytest.approx((tmp_path / "in.mp4").stat().st_size, rel=0.01)


def test_of_a_smart_cut_only_the_packets_that_are_copied_are_read() -> None:
    long = attrs.evolve(CLIPS["in.mp4"], size=600_000_000)  # a megabyte a second
    cut = job(op("trim", "in", "out", start="100.3s", duration="10s"), outputs={"out": "out.mp4"})
    prober = FakeProber({"in.mp4": described(long)}, gop=50)
    used = plan(cut, prober=prober, strategies={"smart_cut": "required"}).resources
    assert used.disk_read is not None
    assert 10_000_000 < used.disk_read < 14_000_000  # the edges from their key frames on


def test_samples_that_are_written_down_without_loss_are_counted(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mp4", duration="4s", size=(64, 64), audio=1, audio_codec="aac")
    made = Planner(base_dir=tmp_path).plan(job(outputs={"out": {"destination": "out.wav", "input": "in"}}))
    result = Executor(base_dir=tmp_path).run(made)
    assert made.resources.disk_written == pytest.approx(result.outputs["out"].size, rel=0.05)


@pytest.mark.parametrize(
    "operations",
    [
        (),
        (op("hflip", "in", "out"),),
        (op("trim", "in", "part", start="60s", duration="10s"), op("hflip", "part", "out")),
        (op("trim", "in", "part", start="500s"), op("loudnorm", "part", "out")),
    ],
)
def test_streams_without_a_length_are_taken_to_last_as_long_as_their_file(
    operations: tuple[dict[str, Any], ...],
) -> None:
    told = clip_info(duration="600s", size="640x360", rate="25")
    assert told.video is not None
    untold = attrs.evolve(
        told, video=attrs.evolve(told.video, duration=None), audio=(attrs.evolve(told.audio[0], duration=None),)
    )
    fields = {"destination": "out.mkv", "input": operations[-1]["output"] if operations else "in"}
    document = job(*operations, outputs={"out": fields})
    one, other = (plan(document, {"in.mp4": clip}).resources for clip in (told, untold))
    assert cpu(other) == pytest.approx(cpu(one), rel=0.02)
    assert other.disk_written == pytest.approx(one.disk_written, rel=0.02)


def test_what_is_not_known_makes_no_figure() -> None:
    clips = {"in.mp4": clip_info(duration=None, size="640x360", rate="25", audio=0)}
    document = job(op("hflip", "in", "out"), outputs={"out": {"destination": "out.mp4", "codec": AVC}})
    used = plan(document, clips).resources
    assert (used.cpu_seconds, used.duration, used.disk_written) == (None, None, None)
    assert used.memory is not None
    assert "CPU time unknown" in plan(document, clips).explain()


def test_time_is_that_of_the_cores_that_encoders_can_use() -> None:
    used = estimated(op("hflip", "in", "out"))
    assert used.duration == pytest.approx(Fraction(used.cpu_seconds or 0) / 4, rel=0.01)
