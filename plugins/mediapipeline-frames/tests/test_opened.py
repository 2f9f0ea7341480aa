"""Where nothing is to be done to a stream before the function, the process of the function decodes it itself."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest

from mediapipeline import ExecutionError, Executor, Planner, ProcessingPlan
from mediapipeline.operators import Category, Clip, Lowering, Operator, Registry, operator
from mediapipeline.steps import CustomStep, FFmpegStep
from mediapipeline.testing import make_clip
from mediapipeline_frames.allowed import VARIABLE

HERE = Path(__file__).parent


@operator("acme.nothing", category=Category.PICTURE)
class Nothing(Operator):
    """Let FFmpeg look at every frame, so that it has to decode them."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "null")


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv(VARIABLE, "frame_functions:*")


def plan(
    clip: Path, function: str, *before: str, name: str = "out.mkv", codec: str = "ffv1", **params: Any
) -> ProcessingPlan:
    registry = Registry.discover()
    registry.register(Nothing)
    clips = ["in", *(f"c{number}" for number, _ in enumerate(before)), "last"]
    params = {"function": f"frame_functions:{function}", **params}
    uses = [*((each, {}) for each in before), ("frames.picture", params)]
    job = {
        "inputs": [{"id": "in", "source": clip.name}],
        "operations": [
            {"op": use, "input": clips[at], "output": clips[at + 1], "params": given}
            for at, (use, given) in enumerate(uses)
        ],
        "outputs": [{"id": "out", "destination": name, "input": "last", "codec": {"video": {"codec": codec}}}],
    }
    return Planner(base_dir=clip.parent, registry=registry).plan(job)


def step_of(made: ProcessingPlan) -> CustomStep:
    (step,) = (step for step in made.steps if isinstance(step, CustomStep))
    return step


def seen(clip: Path, *before: str, **params: Any) -> list[str]:
    """What the function got: time, shape and digest of every array."""
    file = clip.with_name("-".join(["seen", *before]))
    made = plan(clip, "digested", *before, arguments={"file": str(file)}, **params)
    assert any(step_of(made).opened) is not bool(before)
    assert any(isinstance(step, FFmpegStep) and step.id.startswith("feed") for step in made.steps) is bool(before)
    Executor(base_dir=clip.parent).run(made, overwrite=True)
    return file.read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "recipe", "pixels"),
    [
        ("in.mp4", {"video_codec": "libx264", "vfr": True, "extra": ("-bf", "3")}, "rgb24"),
        ("in.mkv", {"video_codec": "ffv1", "pix_fmt": "yuv422p", "size": (67, 51)}, "rgb24"),
        ("in.mov", {"video_codec": "libx265", "audio": 1, "extra": ("-colorspace", "bt709")}, "rgb24"),
        ("in.webm", {"video_codec": "libvpx-vp9", "extra": ("-colorspace", "bt709", "-color_range", "tv")}, "rgb24"),
        ("in.mkv", {"video_codec": "ffv1", "pix_fmt": "yuv444p", "audio_delay": "1/2s", "audio": 1}, "yuv444p"),
    ],
)
def test_it_gets_the_frames_that_ffmpeg_gives(tmp_path: Path, name: str, recipe: Any, pixels: str) -> None:
    clip = make_clip(tmp_path / name, **{"audio": 0, "duration": 1, **recipe})
    got = seen(clip, pixels=pixels)
    assert got == seen(clip, "acme.nothing", pixels=pixels)
    assert len({line.split()[-1] for line in got}) > 5  # some encoders repeat pictures that hardly change


@pytest.mark.parametrize("pixels", ["rgb24", "yuv444p"])
def test_what_players_mirror_is_mirrored(tmp_path: Path, pixels: str) -> None:
    pix_fmt = "yuv420p" if pixels == "rgb24" else pixels
    clip = make_clip(tmp_path / "in.mp4", video_codec="libx264", audio=0, duration=1, pix_fmt=pix_fmt)
    upright = seen(clip, pixels=pixels)
    data = bytearray(clip.read_bytes())
    at = data.index(b"tkhd") + 44 + 16  # in the matrix, what the row of a pixel is multiplied by
    assert data[at : at + 4] == struct.pack(">i", 1 << 16)
    data[at : at + 4] = struct.pack(">i", -1 << 16)
    clip.write_bytes(data)
    clip.with_name("seen").unlink()
    got = seen(clip, pixels=pixels)
    assert got == seen(clip, "acme.nothing", pixels=pixels)
    assert got != upright


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    options = ("-movflags", "+faststart", "-g", "5")
    return make_clip(tmp_path / "in.mp4", video_codec="libx264", audio=0, duration=1, size=(320, 240), extra=options)


def damage(clip: Path) -> None:
    """Change a little in the middle of the largest picture."""
    with av.open(str(clip)) as container:
        _, at = max((packet.size, packet.pos) for packet in container.demux(video=0) if packet.pos)
    data = bytearray(clip.read_bytes())
    data[at + 2000 : at + 2020] = bytes(range(20))
    clip.write_bytes(data)


def test_damage_is_told(clip: Path) -> None:
    damage(clip)
    result = Executor(base_dir=clip.parent).run(plan(clip, "same"))
    assert any("frames for frame_functions:same are damaged or missing, from " in text for text in result.warnings)


def test_damage_is_the_end_where_the_host_says_so(clip: Path) -> None:
    damage(clip)
    with pytest.raises(ExecutionError, match=r"takes none that are: .*damaged or missing") as caught:
        Executor(base_dir=clip.parent, fail_on_decode_errors=True).run(plan(clip, "same"))
    assert caught.value.step == "custom-0"
    assert [path.name for path in clip.parent.iterdir()] == ["in.mp4"]


def test_what_only_lists_other_files_is_not_followed(clip: Path) -> None:
    """Whoever could put it in the place of the file after it was looked at would have other files decoded."""
    listing, told = clip.with_name("list.mp4"), clip.with_name("told.json")
    listing.write_text(f"ffconcat version 1.0\nfile {clip.name}\n")
    with av.open(str(listing), options={"safe": "0"}) as followed:
        assert followed.format.name == "concat"
    request = {
        "kind": "video", "function": "frame_functions:same", "arguments": {}, "pixels": "rgb24", "carried": "yuv420p",
        "matrix": None, "source": str(listing), "opened": {"index": 0, "demuxers": ["mov", "mp4"]}, "threads": None,
        "target": os.devnull, "told": str(told),
    }  # fmt: skip
    clip.with_name("request.json").write_text(json.dumps(request))
    command = [sys.executable, "-P", "-m", "mediapipeline_frames.worker"]
    done = subprocess.run([*command, clip.with_name("request.json")], check=False)
    assert done.returncode == 1
    assert "it cannot be opened" in json.loads(told.read_text())["unreadable"]


def test_failure_tells_the_frame(clip: Path) -> None:
    with pytest.raises(ExecutionError, match=r"at_three failed at frame 3 \(0\.12 s\): ValueError: not to its liking"):
        Executor(base_dir=clip.parent).run(plan(clip, "at_three"))


def test_who_wants_no_more_ends_it(tmp_path: Path) -> None:
    """A still needs one frame; that nobody reads the others is no failure."""
    clip = make_clip(tmp_path / "in.mp4", video_codec="libx264", audio=0, duration=20, size=(640, 480))
    made = plan(clip, "same", name="out.png", codec="png")
    assert any(step_of(made).opened)
    Executor(base_dir=tmp_path).run(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.png"]


@pytest.mark.parametrize(
    ("name", "recipe", "params"),
    [
        ("in.ts", {"video_codec": "libx264"}, {}),  # does not begin at 0, nor tell all times
        ("in.mp4", {"video_codec": "mpeg4"}, {}),  # is not decoded to the same everywhere
        ("in.mp4", {"video_codec": "libx264", "rotation": 90}, {}),  # FFmpeg turns it
        ("in.mp4", {"video_codec": "libx264"}, {"pixels": "gray"}),  # FFmpeg converts it
    ],
)
def test_what_is_not_as_it_is_in_the_file_comes_through_a_pipe(
    tmp_path: Path, name: str, recipe: Any, params: Any
) -> None:
    clip = make_clip(tmp_path / name, **{"audio": 0, "duration": 1, **recipe})
    made = plan(clip, "same", **params)
    assert not any(step_of(made).opened)
    Executor(base_dir=tmp_path).run(made)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="nothing lists the processes here")
def test_cancelled_nothing_is_left(clip: Path) -> None:
    folder = clip.parent
    made = plan(clip, "slow", arguments={"folder": str(folder)})
    assert any(step_of(made).opened)

    def alive() -> bool:
        """Whether a process has the folder among its arguments; what ends meanwhile has none."""
        return any(str(folder).encode() in command for command in map(_command, Path("/proc").glob("[0-9]*")))

    async def main() -> None:
        async with Executor(base_dir=folder).start(made):
            while not (folder / "began").exists():
                await asyncio.sleep(0.01)
            assert alive()

    asyncio.run(main())
    assert not alive()
    assert sorted(path.name for path in folder.iterdir()) == ["began", "in.mp4"]


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("before", [[], ["acme.nothing"]])
def test_memory_does_not_grow_with_the_clip(tmp_path: Path, before: list[str]) -> None:
    clip = make_clip(tmp_path / "in.mp4", video_codec="libx264", audio=0, duration=20, size=(640, 480))
    result = Executor(base_dir=tmp_path).run(plan(clip, "copied", *before, codec="libx264"))
    (peak,) = (step.peak_memory for step in result.steps if step.id == "custom-0")
    assert peak is None or peak < 20 * 25 * 640 * 480 * 3 / 2  # not half of its frames
