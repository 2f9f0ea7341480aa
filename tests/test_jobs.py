"""The jobs that the library is measured by, from a document to verified files, on every FFmpeg."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import zoo
from mediapipeline.ffmpeg.binary import Engine
from outcomes import ffmpeg, plan_and_run

_AVC = {"video": {"codec": "libx264", "preset": "veryfast", "crf": 28}, "audio": {"codec": "aac", "bitrate": "96k"}}


def _op(op: str, clip: str, output: str, **params: Any) -> dict[str, Any]:
    return {"op": op, "input": clip, "output": output, "params": params}


def _out(id: str, destination: str, clip: str | None = None, **fields: Any) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "destination": destination, **({"input": clip} if clip else {}), **fields}


def _in(source: str, id: str = "in", **fields: Any) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "source": source, **fields}


def test_main_job(shared_media: Path, tmp_path: Path, engine: Engine) -> None:
    shutil.copy(shared_media / "car-detection.mp4", tmp_path)
    job = {
        "inputs": [_in("car-detection.mp4")],
        "operations": [
            _op("trim", "in", "cut", start="00:00:10", duration="00:00:15"),
            _op("scale", "cut", "out", width=1280, height=720, algorithm="lanczos"),
        ],
        "outputs": [
            _out(
                "out",
                "out.mp4",
                codec={
                    "video": {"codec": "libx264", "preset": "medium", "crf": 23},
                    "audio": {"codec": "aac", "bitrate": "128k"},
                },
            )
        ],
    }
    _, result = plan_and_run(job, tmp_path, engine)
    media = result.outputs["out"].media
    assert media.video is not None
    assert (media.video.width, media.video.height, media.video.frame_rate) == (1280, 720, Fraction(25, 2))
    assert media.duration is not None
    assert abs(media.duration - 15) <= Fraction(2, 25)
    # The first frame is the one at 10 s of the source, not one before or after it.
    clip, size = str(tmp_path / "car-detection.mp4"), "scale=64:36,format=gray"
    made = ffmpeg(engine, "-i", str(tmp_path / "out.mp4"), "-frames:v", "1", "-vf", size, "-f", "rawvideo", "-")
    differs = {}
    for offset in ("9.84", "9.92", "10", "10.08", "10.16"):
        frame = ffmpeg(engine, "-ss", offset, "-i", clip, "-frames:v", "1", "-vf", size, "-f", "rawvideo", "-")
        differs[offset] = sum(abs(a - b) for a, b in zip(made, frame, strict=True))
    assert min(differs, key=differs.__getitem__) == "10", differs


def test_one_input_three_sizes(tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path)
    sizes = {"large": "64x48", "middle": "48x36", "small": "32x24"}
    job = {
        "inputs": [_in("plain.mp4")],
        "operations": [
            _op("trim", "in", "cut", start="0.2s"),
            *(_op("scale", "cut", name, size=size) for name, size in sizes.items()),
        ],
        "outputs": [_out(name, f"{name}.mp4", codec=_AVC) for name in sizes],
    }
    plan, result = plan_and_run(job, tmp_path, engine)
    assert len(plan.steps) == 1, "the source is decoded once for all"
    for name, size in sizes.items():
        video = result.outputs[name].media.video
        assert video is not None
        assert f"{video.width}x{video.height}" == size


def test_one_clip_written_twice(tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path)
    job = {
        "inputs": [_in("plain.mp4")],
        "operations": [_op("hflip", "in", "flipped")],
        "outputs": [_out("a", "a.mp4", "flipped"), _out("b", "b.webm", "flipped")],
    }
    plan, result = plan_and_run(job, tmp_path, engine)
    found = {name: output.media for name, output in result.outputs.items()}
    assert {name: media.video.codec for name, media in found.items() if media.video} == {"a": "h264", "b": "vp9"}
    assert {name: media.audio[0].codec for name, media in found.items()} == {"a": "aac", "b": "opus"}
    # Only the picture was flipped, so the sound that MP4 takes as it is was copied.
    a, b = (plan_output.streams[1] for plan_output in plan.outputs)
    assert (a.encoder, b.encoder) == (None, "libopus")


def test_two_inputs(tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path)
    zoo.make("png", tmp_path)
    job = {
        "inputs": [_in("plain.mp4"), _in("png.png", "logo")],
        "operations": [
            _op("scale", "logo", "small", width=16, height=-1),
            {
                "op": "overlay",
                "inputs": {"base": "in", "overlay": "small"},
                "output": "out",
                "params": {"position": "bottom_right", "margin": 2},
            },
        ],
        "outputs": [_out("out", "out.mp4", codec={"video": "libx264", "audio": "aac"})],
    }
    plan_and_run(job, tmp_path, engine)
    last = ffmpeg(
        engine,
        "-ss",
        "0.9",
        "-i",
        str(tmp_path / "out.mp4"),
        "-frames:v",
        "1",
        "-vf",
        "format=gray",
        "-f",
        "rawvideo",
        "-",
    )
    first = ffmpeg(engine, "-i", str(tmp_path / "png.png"), "-vf", "scale=16:12,format=gray", "-f", "rawvideo", "-")
    corner = b"".join(last[64 * y + 46 : 64 * y + 62] for y in range(34, 46))
    assert sum(abs(a - b) for a, b in zip(corner, first, strict=True)) / len(first) < 12, "the logo stays to the end"


def test_diamond(tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path)
    job = {
        "inputs": [_in("plain.mp4")],
        "operations": [
            _op("trim", "in", "cut", start="0.2s", duration="0.6s"),
            _op("hflip", "cut", "left"),
            _op("scale", "cut", "right", width=32, height=24),
            {"op": "overlay", "inputs": ["left", "right"], "output": "out"},
        ],
        "outputs": [_out("out", "out.mkv")],
    }
    plan, _ = plan_and_run(job, tmp_path, engine)
    assert plan.stages == (("/operations/0",), ("/operations/1", "/operations/2"), ("/operations/3",))


@pytest.mark.parametrize(("source", "destination"), [("mp3", "out.m4a"), ("wav", "out.mp3"), ("flac", "out.ogg")])
def test_audio_only(source: str, destination: str, tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make(source, tmp_path)
    job = {
        "inputs": [_in(clip.name)],
        "operations": [_op("trim", "in", "cut", start="0.25s", end="0.75s")],
        "outputs": [_out("out", destination, "cut")],
    }
    _, result = plan_and_run(job, tmp_path, engine)
    assert result.outputs["out"].media.video is None


def test_sound_of_a_film(tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path)
    job = {"inputs": [_in("plain.mp4")], "operations": [], "outputs": [_out("out", "out.mp3", "in")]}
    plan, _ = plan_and_run(job, tmp_path, engine)
    assert any("picture left out" in decision.text for decision in plan.warnings)


@pytest.mark.parametrize("destination", ["out.mp4", "out.mkv", "out.mov", "out.ts"])
def test_no_operations_copies(destination: str, tmp_path: Path, engine: Engine) -> None:
    zoo.make("b-frames", tmp_path)
    job = {"inputs": [_in("b-frames.mp4")], "operations": [], "outputs": [_out("out", destination, "in")]}
    plan, _ = plan_and_run(job, tmp_path, engine)
    assert [stream.encoder for stream in plan.output("out").streams] == [None, None]

    def pictures(name: str) -> list[bytes]:
        # FFmpeg's own checksums; the header names times and codecs, which differ by container.
        text = ffmpeg(engine, "-i", str(tmp_path / name), "-map", "0:v", "-f", "framehash", "-hash", "md5", "-")
        return [line.split(b",")[-1] for line in text.splitlines() if not line.startswith(b"#")]

    assert pictures(destination) == pictures("b-frames.mp4")


def test_two_passes(tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path)
    twice = {"video": {"codec": "libx264", "bitrate": "150k", "two_pass": True}, "audio": "aac"}
    job = {
        "inputs": [_in("plain.mp4")],
        "operations": [_op("hflip", "in", "out")],
        "outputs": [_out("out", "out.mp4", codec=twice)],
    }
    plan, _ = plan_and_run(job, tmp_path, engine)
    assert [step.id for step in plan.steps] == ["first-pass+out", "write-out"]


@pytest.mark.parametrize(
    "name", ["-x.mp4", "a:b'c,d;[e] %03d.mp4", "Übergrößenträger 日本 🎬.mp4", "space at the end ", "--help"]
)
def test_names_of_files(name: str, tmp_path: Path, engine: Engine) -> None:
    zoo.make("plain", tmp_path).rename(tmp_path / name)
    job = {
        "inputs": [_in(name)],
        "operations": [_op("scale", "in", "small", width=32, height=-1)],
        "outputs": [_out("out", f"{name} out", "small", format="mp4")],
    }
    plan_and_run(job, tmp_path, engine)
