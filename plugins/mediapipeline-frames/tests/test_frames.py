from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mediapipeline_frames
from mediapipeline import ExecutionError, Executor, JobError, Planner, ProcessingPlan
from mediapipeline.testing import make_clip
from mediapipeline_frames import allow
from mediapipeline_frames.allowed import VARIABLE, is_allowed

HERE = Path(__file__).parent
LUMA = "extractplanes=y"
LOSSLESS = {"video": {"codec": "ffv1"}, "audio": {"codec": "flac"}}


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv(VARIABLE, "frame_functions:*")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Late sound, no constant rate, three channels' worth of trouble."""
    return make_clip(
        tmp_path / "in.mkv", audio=["stereo"], duration=2, vfr=True, audio_codec="flac", audio_delay="1/2s"
    )


def plan(clip: Path, *uses: tuple[str, dict[str, Any]], codec: Any = LOSSLESS) -> ProcessingPlan:
    operations, last = [], "in"
    for number, (name, params) in enumerate(uses):
        function = params["function"] if ":" in params["function"] else f"frame_functions:{params['function']}"
        given = {**params, "function": function}
        operations.append({"op": name, "input": last, "output": f"c{number}", "params": given})
        last = f"c{number}"
    out = {"id": "out", "destination": "out.mkv", "input": last, "codec": codec}
    job = {"inputs": [{"id": "in", "source": clip.name}], "operations": operations, "outputs": [out]}
    return Planner(base_dir=clip.parent).plan(job)


def run(clip: Path, *uses: tuple[str, dict[str, Any]], **more: Any) -> Any:
    return Executor(base_dir=clip.parent).run(plan(clip, *uses, **more), overwrite=True)


def _ffmpeg() -> Path:
    from mediapipeline.ffmpeg.binary import find_ffmpeg  # in tests only: what a reader would have on the command line

    return find_ffmpeg().ffmpeg


def frames(path: Path, kind: str, *filters: str) -> list[str]:
    """Time and digest of every frame, or of every thousand samples."""
    argv = [str(_ffmpeg()), "-v", "error", "-i", path, "-map", f"0:{kind}"]
    chain = ",".join(filters or ["null" if kind == "v" else "asetnsamples=1000"])
    argv += [
        f"-{kind}f",
        chain,
        "-fps_mode",
        "passthrough",
        "-enc_time_base:v",
        "1/90000",
        "-c:a",
        "pcm_s32le",
        "-f",
        "framehash",
        "-",
    ]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    rows = [[word.strip() for word in line.split(",")] for line in said.splitlines() if not line.startswith("#")]
    return [f"{time},{digest}" for _, _, time, _, _, digest in rows]


def test_what_is_given_back_as_it_is_stays_as_it_is(clip: Path) -> None:
    run(clip, ("frames.picture", {"function": "same", "pixels": "yuv444p"}), ("frames.sound", {"function": "same"}))
    # Where the samples of chroma lie is not in the stream, so between 4:4:4 and 4:2:0 they may move.
    assert frames(clip.with_name("out.mkv"), "v", LUMA) == frames(clip, "v", LUMA)
    assert frames(clip.with_name("out.mkv"), "a") == frames(clip, "a")


@pytest.mark.parametrize("pixels", ["rgb24", "rgba", "gray", "rgb48", "gray16", "yuv444p"])
def test_every_form_of_pixels_has_its_own_arrays(clip: Path, tmp_path: Path, pixels: str) -> None:
    shape = {"rgb24": (48, 64, 3), "rgba": (48, 64, 4), "rgb48": (48, 64, 3), "yuv444p": (3, 48, 64)}
    seen = tmp_path / "seen"
    seen.mkdir()
    use = {"function": "noted", "arguments": {"folder": str(seen)}, "pixels": pixels}
    run(clip, ("frames.picture", use), ("frames.picture", {"function": "copied", "pixels": pixels}))
    kind = "uint16" if "16" in pixels or "48" in pixels else "uint8"
    assert {file.read_text() for file in seen.iterdir()} == {f"{shape.get(pixels, (48, 64))} {kind}"}
    assert len(list(seen.iterdir())) == len(frames(clip, "v"))
    times = [line.split(",")[0] for line in frames(clip.with_name("out.mkv"), "v")]
    assert times == [line.split(",")[0] for line in frames(clip, "v")]


def test_twice_inverted_is_what_it_was(clip: Path) -> None:
    use = ("frames.picture", {"function": "invert", "pixels": "yuv444p"})
    run(clip, use, use)
    assert frames(clip.with_name("out.mkv"), "v", LUMA) == frames(clip, "v", LUMA)


def test_time_number_and_arguments_reach_the_function(clip: Path) -> None:
    use = {"function": "lighten_late", "arguments": {"limit": "1/2"}, "pixels": "yuv444p"}
    run(clip, ("frames.picture", use))
    before = {line.split(",")[0]: line for line in frames(clip, "v", LUMA)}
    after = {line.split(",")[0]: line for line in frames(clip.with_name("out.mkv"), "v", LUMA)}
    changed = {int(time) for time in before if before[time] != after[time]}
    assert changed == {int(time) for time in before if int(time) >= 45_000}
    assert changed


def test_blocks_of_sound(clip: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    run(clip, ("frames.sound", {"function": "heard", "arguments": {"folder": str(seen)}, "block": 10_000}))
    said = [file.read_text() for file in sorted(seen.iterdir())]
    assert said[:-1] == ["(10000, 2) float64 48000"] * 9
    assert said[-1] == "(6000, 2) float64 48000"


def test_gain_is_a_gain(clip: Path) -> None:
    run(clip, ("frames.sound", {"function": "gain", "arguments": {"gain": 2.0}}))
    assert frames(clip.with_name("out.mkv"), "a") == frames(clip, "a", "volume=2:precision=double", "asetnsamples=1000")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("at_three", r"frame_functions:at_three failed at frame 3 \(0\.\d+ s\): ValueError: not to its liking"),
        ("cropped", "failed at frame 0 .*returned uint8 of 2 x 64 x 3: give back uint8 of 48 x 64 x 3"),
        ("floats", "returned float32 of 48 x 64 x 3: give back uint8"),
        ("nothing", "returned NoneType, not an array"),
        ("missing", "cannot be imported: AttributeError"),
        ("NUMBER", "it is not a function"),
        ("exits", "SystemExit: 3"),
    ],
)
def test_failure_tells_the_frame_and_where_it_was_raised(clip: Path, function: str, said: str) -> None:
    with pytest.raises(ExecutionError, match=said) as caught:
        run(clip, ("frames.picture", {"function": function}))
    assert caught.value.operator == "/operations/0"
    assert [path.name for path in clip.parent.iterdir()] == ["in.mkv"]
    if function == "at_three":
        trace = str(caught.value)
        assert "frame_functions.py" in trace
        assert 'raise ValueError("not to its liking")' in trace
        assert "mediapipeline_frames" not in trace


def test_module_that_is_not_there_is_told(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no_such.filters:blur")
    with pytest.raises(ExecutionError, match="failed: there is no module no_such where the host finds its") as caught:
        run(clip, ("frames.picture", {"function": "no_such.filters:blur"}))
    assert "Traceback" not in str(caught.value)


def test_arguments_that_do_not_fit_are_told(clip: Path) -> None:
    with pytest.raises(ExecutionError, match=r"TypeError.*unexpected keyword argument 'no_such'"):
        run(clip, ("frames.picture", {"function": "same", "arguments": {"no_such": 1}}))


def _alive(word: str) -> list[str]:
    """The commands of the processes that are alive and have *word* among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # gone meanwhile
            continue
        if word in command:  # the dead have no command
            found.append(command)
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="nothing lists the processes here")
def test_cancelled_nothing_is_left(clip: Path, tmp_path: Path) -> None:
    made = plan(clip, ("frames.picture", {"function": "slow", "arguments": {"folder": str(tmp_path)}}))

    async def main() -> None:
        async with Executor(base_dir=clip.parent).start(made):
            while not (tmp_path / "began").exists():
                await asyncio.sleep(0.01)
            assert _alive(str(tmp_path))

    asyncio.run(main())
    assert _alive(str(tmp_path)) == []
    assert sorted(path.name for path in clip.parent.iterdir()) == ["began", "in.mkv"]


class TestAllowed:
    def test_a_job_cannot_name_what_the_host_does_not_allow(self, clip: Path) -> None:
        with pytest.raises(JobError) as caught:
            plan(clip, ("frames.picture", {"function": "os:system"}))
        (problem,) = caught.value.problems
        assert (problem.path, problem.code) == ("/operations/0/params/function", "function-not-allowed")

    def test_neither_can_a_plan_that_was_made_elsewhere(self, clip: Path) -> None:
        data = json.dumps(plan(clip, ("frames.picture", {"function": "same"})).to_dict())
        forged = ProcessingPlan.from_dict(json.loads(data.replace("frame_functions:same", "os:system")))
        with pytest.raises(ExecutionError, match="does not allow jobs to run os:system"):
            Executor(base_dir=clip.parent).run(forged)

    def test_a_module_stands_for_what_it_defines_itself(self, clip: Path) -> None:
        with pytest.raises(ExecutionError, match="is not defined in frame_functions"):
            run(clip, ("frames.picture", {"function": "Path"}))

    @pytest.mark.parametrize("name", ["a:_b", "a", "a:b.c", "a b:c", "../a:b", ":b", "a:*", "a.:b", "a:b\n"])
    def test_what_is_no_name_is_never_allowed(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(VARIABLE, f"{name},a:*")
        assert not is_allowed(name)

    @pytest.mark.parametrize("name", ["a", "a:", "*", "*:*", "a:_b", ""])
    def test_what_is_no_name_cannot_be_allowed(self, name: str) -> None:
        with pytest.raises(ValueError, match="not the name of a function"):
            allow(name)

    def test_allowed_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mediapipeline_frames.allowed._allowed", set())
        monkeypatch.delenv(VARIABLE)
        allow("a.b:c")
        assert is_allowed("a.b:c")
        assert not is_allowed("a.b:d")
        assert not is_allowed("a:c")


def test_deep_pictures_are_told_to_lose_bits(clip: Path) -> None:
    deep = make_clip(clip.with_name("deep.mkv"), pix_fmt="yuv420p10le", video_codec="ffv1", audio=1)
    assert any(
        "gets 8 of the bits" in each.text for each in plan(deep, ("frames.picture", {"function": "same"})).warnings
    )
    assert not plan(deep, ("frames.picture", {"function": "same", "pixels": "rgb48"})).warnings


def test_import_is_light() -> None:
    code = "import sys, mediapipeline_frames; print('numpy' in sys.modules, 'av' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.split() == ["False", "False"]
    assert mediapipeline_frames.__all__ == ["FramesRunner", "Picture", "Sound", "allow"]


def test_duration_and_rate_are_kept(clip: Path) -> None:
    made = plan(clip, ("frames.picture", {"function": "same"}))
    assert made.output("out").media.duration == Fraction(5, 2)


@pytest.mark.parametrize("pixels", ["rgb24", "rgba"])
@pytest.mark.parametrize("space", ["bt709", "smpte170m"])
def test_colours_come_back_as_they_were(tmp_path: Path, pixels: str, space: str) -> None:
    """There and back by the same matrix, which arrays do not tell."""
    tags = ("-colorspace", space, "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv", "-crf", "1")
    clip = make_clip(tmp_path / "in.mkv", video_codec="libx264", audio=1, extra=tags)
    made = run(clip, ("frames.picture", {"function": "copied", "pixels": pixels}))
    assert made.outputs["out"].media.video.color.space == space

    def planes(path: Path) -> np.ndarray[Any, Any]:
        argv = [str(_ffmpeg()), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
        return np.frombuffer(subprocess.run(argv, check=True, capture_output=True).stdout, "u1").astype("i2")

    before, after = planes(clip), planes(clip.with_name("out.mkv"))
    assert abs(before.astype("f8").mean() - after.mean()) < 1
    assert np.abs(before - after).mean() < 3
