"""Plans made by hand, and the invariant of every run: nothing is left but what was asked for."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mediapipeline.executor.executor import Executor
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.command import Command, InputFile, Option, OutputFile
from mediapipeline.ffmpeg.demuxers import SAFE_DEMUXERS
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.ffmpeg.probe import default_prober
from mediapipeline.media.info import MediaInfo
from mediapipeline.planner.plan import PlannedInput, PlannedOutput, ProcessingPlan
from mediapipeline.steps.expectation import Expectation, Range, StreamExpectation
from mediapipeline.steps.step import FFmpegStep, Step
from mediapipeline.testing.media import make_clip

MUXERS = {".mp4": "mp4", ".mkv": "matroska", ".ts": "mpegts", ".aac": "adts", ".wav": "wav", ".mp3": "mp3"}
ENDLESS: tuple[Option, ...] = (("stream_loop", "-1"), ("re", None))


def expectation(**changes: Any) -> Expectation:
    """What a copy of the clip is."""
    video = StreamExpectation(
        kind="video", codec="h264", width=64, height=48, frame_rate=Fraction(25),
        end=Range.around(Fraction(1), Fraction(1, 20)),
    )  # fmt: skip
    audio = StreamExpectation(
        kind="audio", codec="aac", sample_rate=48000, channels=1, end=Range.around(Fraction(1), Fraction(1, 20))
    )
    fields: dict[str, Any] = {
        "streams": (video, audio),
        "duration": Range.around(Fraction(1), Fraction(1, 20)),
    }
    return Expectation(**fields | changes)


def loose(*kinds: Any) -> Expectation:
    """Streams of these kinds, whatever they are."""
    return Expectation(streams=tuple(StreamExpectation(kind=kind) for kind in kinds))


class Bench:
    """A folder with a clip in it, plans over that clip, and an executor."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.engine = engine
        self.clip = make_clip(folder / "in" / "clip.mp4", engine=engine, audio=1, video_codec="libx264")
        self.out = folder / "out"
        self.out.mkdir()
        self.folder = folder
        self.prober = default_prober(engine)
        self.media = self.prober.probe(self.clip)

    loose = staticmethod(loose)

    def executor(self, **options: Any) -> Executor:
        return Executor(ffmpeg=self.engine.ffmpeg, **options)

    def input(self, path: Path | None = None, id: str = "in") -> PlannedInput:  # noqa: A002
        path = path or self.clip
        return PlannedInput(id=id, source=str(path), media=self.prober.probe(path))

    def step(self, *outputs: str, id: str | None = None, **fields: Any) -> FFmpegStep:  # noqa: A002
        """Copies the clip to each of *outputs*, names of files."""
        options: tuple[Option, ...] = fields.pop("input_options", ())
        written: tuple[Option, ...] = fields.pop("output_options", (("c", "copy"),))
        maps = fields.pop("maps", (InputStream(0, 0), InputStream(0, 1)))
        command = fields.pop("command", None) or Command(
            inputs=(InputFile(file="source:in", options=options, demuxers=SAFE_DEMUXERS),),
            outputs=tuple(
                OutputFile(file=f"final:{Path(name).stem}", muxer=MUXERS[Path(name).suffix], maps=maps, options=written)
                for name in outputs
            ),
        )
        fields = {"duration": Fraction(1), **fields}
        return FFmpegStep(id=id or f"write-{Path(outputs[0]).stem}", title="write", command=command, **fields)

    def output(self, name: str, step: str | None = None, **changes: Any) -> PlannedOutput:
        fields: dict[str, Any] = {
            "id": Path(name).stem,
            "destination": str(self.out / name),
            "clip": "clip",
            "container": Path(name).suffix[1:],
            "media": MediaInfo(),
            "streams": (),
            "expectation": expectation(),
            "step": step or f"write-{Path(name).stem}",
        }
        return PlannedOutput(**fields | changes)

    def plan(
        self, *names: str, steps: tuple[Step, ...] = (), outputs: tuple[PlannedOutput, ...] = (), **fields: Any
    ) -> ProcessingPlan:
        """A plan that copies the clip to each of *names*, a process for each."""
        return ProcessingPlan(
            inputs=fields.pop("inputs", (self.input(),)),
            operations=(),
            stages=(),
            steps=steps or tuple(self.step(name) for name in names),
            outputs=outputs or tuple(self.output(name) for name in names),
            **fields,
        )

    def endless(self, name: str = "end.mkv", **fields: Any) -> ProcessingPlan:
        """A plan that runs until it is stopped."""
        fields = {"duration": Fraction(1000), "input_options": ENDLESS, **fields}
        return self.plan(steps=(self.step(name, **fields),), outputs=(self.output(name),))

    def processes(self) -> list[int]:
        """Processes that have to do with the folder, this one apart."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                try:
                    alive = (entry / "stat").read_text().rpartition(") ")[2][0] not in "ZX"
                    if alive and str(self.folder).encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def assert_left(self, *names: str) -> None:
        """Nothing is left of any run but files of these names."""
        assert sorted(entry.name for entry in self.out.iterdir()) == sorted(names)
        assert sorted(entry.name for entry in self.clip.parent.iterdir()) == [self.clip.name]
        if sys.platform == "linux":
            assert self.processes() == []
            opened = []
            for entry in Path("/proc/self/fd").iterdir():
                try:
                    opened.append(str(entry.readlink()))
                except OSError:
                    continue
            assert [name for name in opened if str(self.folder) in name] == []


@pytest.fixture
def bench(tmp_path: Path, default_engine: Engine) -> Bench:
    return Bench(tmp_path, default_engine)


@pytest.fixture
def bench_of_each(tmp_path: Path, engine: Engine) -> Bench:
    """A bench for every FFmpeg at hand."""
    return Bench(tmp_path, engine)


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits until something comes true, and returns it."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.01)
        raise AssertionError("it did not come true")

    return wait
