"""A Python function over every frame: ours against a bare loop over PyAV, and against MoviePy.

All three do the same job on the same clip: decode, call the function with an array of RGB, encode with the same encoder
and settings, without sound; MoviePy by the same FFmpeg as ours. They run in turns, each as a program from nothing, so
that the machine treats them alike; ours plans, runs and verifies. That the results show the same is looked at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from benchmarks.throughput.processes import Used, run
from mediapipeline.ffmpeg.binary import find_ffmpeg
from mediapipeline.testing import make_clip

__all__ = ["Row", "main"]

_ROUNDS = 5
_ENCODER = {"codec": "libx264", "preset": "veryfast", "crf": 23}
_FUNCTION = """
def invert(frame):
    return 255 - frame
"""
_OURS = """
import json, sys
from mediapipeline import Executor, Planner
import mediapipeline_frames
mediapipeline_frames.allow("bench_function:invert")
source, target, encoder = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
job = {
    "inputs": [{"id": "in", "source": source}],
    "operations": [
        {"op": "frames.picture", "input": "in", "output": "x", "params": {"function": "bench_function:invert"}}
    ],
    "outputs": [{"id": "out", "input": "x", "destination": target, "codec": {"video": encoder}}],
}
Executor().run(Planner().plan(job), overwrite=True)
"""
_BARE = """
import json, sys
import av
from bench_function import invert
source, target, encoder = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with av.open(source) as read, av.open(target, "w") as write:
    stream = read.streams.video[0]
    stream.thread_type = "AUTO"
    options = {"preset": encoder["preset"], "crf": str(encoder["crf"])}
    made = write.add_stream(encoder["codec"], rate=stream.average_rate, options=options)
    made.width, made.height, made.pix_fmt = stream.width, stream.height, "yuv420p"
    made.time_base = stream.time_base
    for frame in read.decode(stream):
        new = av.VideoFrame.from_ndarray(invert(frame.to_ndarray(format="rgb24")), format="rgb24")
        new.pts, new.time_base = frame.pts, frame.time_base
        write.mux(made.encode(new))
    write.mux(made.encode(None))
"""
_MOVIEPY = """
import json, sys
from moviepy import VideoFileClip
from bench_function import invert
source, target, encoder = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
settings = ["-crf", str(encoder["crf"])]
with VideoFileClip(source, audio=False) as clip:
    clip.image_transform(invert).write_videofile(
        target, codec=encoder["codec"], preset=encoder["preset"], ffmpeg_params=settings, audio=False, logger=None
    )
"""
_PROGRAMS = {"ours": _OURS, "bare PyAV loop": _BARE, "MoviePy": _MOVIEPY}


@attrs.frozen(kw_only=True)
class Row:
    """What one of the three used: the median run by wall time, and how fast ours was beside it in the median round."""

    name: str
    frames: int
    wall: float
    cpu: float
    memory: int
    ours_is: float

    def told(self) -> dict[str, object]:
        """As it is kept."""
        return attrs.asdict(self)


def main(rounds: int | None = None, *, size: tuple[int, int] = (1280, 720), seconds: int = 20) -> Iterator[Row]:
    """Measure, a row for each of the three."""
    with tempfile.TemporaryDirectory(prefix="frames-") as name:
        folder = Path(name)
        clip = make_clip(folder / "in.mp4", size=size, duration=seconds, rate=25, video_codec="libx264")
        (folder / "bench_function.py").write_text(_FUNCTION)
        os.environ["FFMPEG_BINARY"] = str(find_ffmpeg().ffmpeg)  # what MoviePy runs
        os.environ["PYTHONPATH"] = os.pathsep.join([name, *filter(None, [os.environ.get("PYTHONPATH")])])
        commands = {}
        for number, (program, code) in enumerate(_PROGRAMS.items()):
            target = folder / f"out-{number}.mp4"
            commands[program] = ([sys.executable, "-c", code, str(clip), str(target), json.dumps(_ENCODER)], target)
        used: dict[str, list[Used]] = {program: [] for program in commands}
        for _ in range(1 + (rounds or _ROUNDS)):  # the first one warms up
            for program, (argv, _target) in commands.items():
                used[program].append(run(argv))
        _compared([target for _, target in commands.values()], seconds * 25)
        for program, (_, *runs) in used.items():
            middle = sorted(runs, key=lambda each: each.wall)[len(runs) // 2]
            ratios = sorted(other.wall / own.wall for own, other in zip(used["ours"][1:], runs, strict=True))
            yield Row(
                name=program, frames=seconds * 25, wall=middle.wall, cpu=middle.cpu, memory=middle.memory,
                ours_is=ratios[len(ratios) // 2],
            )  # fmt: skip


def _compared(targets: list[Path], frames: int) -> None:
    """All have every frame, and show about the same: small and gray, no pixel differs by more than a little."""
    import numpy as np

    shown = []
    for target in targets:
        looks = ["-vf", "scale=32:18,format=gray", "-f", "rawvideo", "-"]
        argv = [str(find_ffmpeg().ffmpeg), "-v", "error", "-i", str(target), *looks]
        data = subprocess.run(argv, check=True, capture_output=True).stdout
        shown.append(np.frombuffer(data, "u1").reshape(-1, 18 * 32).astype("i2"))
    for target, each in zip(targets, shown, strict=True):
        if abs(len(each) - frames) > 1:
            raise RuntimeError(f"{target.name} has {len(each)} frames, not {frames}")
        count = min(len(each), len(shown[0]))
        apart = np.abs(each[:count] - shown[0][:count]).mean()
        if apart > 4:
            raise RuntimeError(f"{target.name} shows something else: {apart:.1f} of 255 apart")
