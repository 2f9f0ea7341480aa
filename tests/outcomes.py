"""What every run has to show, whatever the job: the outputs are what the plan said, and nothing else is left."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs

from mediapipeline import Executor, Planner
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner.plan import PlannedFile, PlannedOutput, ProcessingPlan

__all__ = ["differences", "ffmpeg", "plan_and_run"]

_FIFTY_MS = Fraction(1, 20)


def plan_and_run(job: Mapping[str, Any], folder: Path, engine: Engine) -> tuple[ProcessingPlan, ExecutionResult]:
    """Plan and run *job* in *folder* with *engine*, and hold every output against what the plan inferred."""
    before = {path.name for path in folder.iterdir()}
    plan = Planner(base_dir=folder, ffmpeg=engine.ffmpeg).plan(job)
    result = Executor(base_dir=folder, ffmpeg=engine.ffmpeg).run(plan)
    for output in plan.outputs:
        came = result.outputs[output.id]
        files = zip(output.files, came.files, strict=True) if output.files else [(output, came)]
        found = [difference for each, file in files for difference in differences(each, file.media)]
        assert not found, f"{output.id}: {'; '.join(found)}\n{plan.explain()}"
    made = {Path(output.destination).name for output in plan.outputs}
    assert {path.name for path in folder.iterdir()} == before | made
    return plan, result


def differences(planned: PlannedOutput | PlannedFile, media: MediaInfo) -> list[str]:
    """Where *media*, as a prober saw it, is not what the plan inferred: each field that the plan knows."""
    want = planned.media
    found = []
    pairs: list[tuple[Stream, Stream]] = [
        *zip([_as_planned(planned)] if want.video else [], [media.video] if media.video else [], strict=False),
        *zip(want.audio, media.audio, strict=False),
        *zip(want.subtitles, media.subtitles, strict=False),
    ]
    counts = [(len(m.audio), len(m.subtitles), len(m.covers), m.video is not None) for m in (want, media)]
    if counts[0] != counts[1]:
        found.append(f"streams {counts[0]} planned, {counts[1]} found")
    start = media.start or Fraction(0)
    for expected, seen in pairs:
        found += _stream(expected, seen, start)
    if want.duration is not None and media.duration is not None and not want.still:
        tolerance = _tolerance(want.video)
        if abs(want.duration + (want.start or 0) - media.duration) > tolerance + _gap(want.video):
            found.append(f"duration {want.duration} planned, {media.duration} found")
    return found


def _as_planned(planned: PlannedOutput | PlannedFile) -> VideoStream:
    """The picture, without what nobody promises of a copy: other containers keep its packets and count otherwise."""
    video = planned.media.video
    assert video is not None
    return video if planned.streams[0].encoder is not None else attrs.evolve(video, frame_rate=None)


def _tolerance(stream: Stream | None) -> Fraction:
    if isinstance(stream, VideoStream) and stream.frame_rate:
        # A cut between two frames is moved to the encoder's grid, by half a frame at most.
        between = ((stream.start or 0) * stream.frame_rate).denominator != 1
        return max(_FIFTY_MS, 1 / stream.frame_rate) + (1 / (2 * stream.frame_rate) if between else 0)
    return _FIFTY_MS


def _gap(stream: Stream | None) -> Fraction:
    """What is not known of where the first and the last frame of a varying rate are: the zoo's longest gap is three."""
    return 2 * Fraction(3, 25) if isinstance(stream, VideoStream) and stream.vfr else Fraction(0)


def _stream(expected: Stream, seen: Stream, start: Fraction) -> list[str]:
    fields = ["codec", "language"]
    if isinstance(expected, VideoStream):
        fields += ["width", "height"]
        if expected.vfr is False:
            fields.append("frame_rate")
    elif isinstance(expected, AudioStream):
        fields += ["sample_rate", "channels"]
    found = []
    for field in fields:
        want, have = getattr(expected, field), getattr(seen, field)
        if want is not None and have is not None and want != have:
            found.append(f"{expected.kind} {field} {want} planned, {have} found")
    if expected.end is not None and seen.end is not None:
        off = abs(expected.end - (seen.end - start))
        if expected.kind in ("video", "audio") and off > _tolerance(expected) + _gap(expected):
            found.append(f"{expected.kind} end {float(expected.end):.4f} planned, {float(seen.end - start):.4f} found")
    return found


def ffmpeg(engine: Engine, *arguments: str) -> bytes:
    """What FFmpeg prints, for looking at outputs."""
    command = [str(engine.ffmpeg), "-v", "error", "-nostdin", "-y", *arguments]
    env = environment(Path(tempfile.gettempdir()))
    return subprocess.run(command, check=True, capture_output=True, timeout=60, env=env).stdout
