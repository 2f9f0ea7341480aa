"""Against the package `smartcut`, which does the same with the libraries of FFmpeg in one process.

Both make the same cuts of the same clip, in turns, and both results are looked at frame by frame. It is measured
twice: as programs, both with their modules compiled as pip leaves them, and called in a process that has imported
everything. smartcut pins its version of PyAV, so it lives in an environment of its own, which is made when it is
needed.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import attrs

from benchmarks.installed import environment
from benchmarks.throughput.media import FOLDER, clip
from benchmarks.throughput.statistic import Ratio
from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.probe import default_prober

__all__ = ["Row", "Seen", "main", "measure"]

_VERSION = "smartcut==1.7"
_HOME = Path(__file__).resolve().parents[2] / ".cache" / "smartcut"
_ROUNDS = 7
_STRATEGIES = {"smart_cut": "required"}

_THEIRS = """
import json, resource, sys
from fractions import Fraction
from smartcut.cut_video import (
    AudioExportInfo, AudioExportSettings, VideoExportMode, VideoExportQuality, VideoSettings, smart_cut,
)
from smartcut.media_container import MediaContainer

def used():
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)

print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    before = used()
    source = MediaContainer(asked["source"])
    sound = AudioExportInfo(output_tracks=[AudioExportSettings(codec="passthru")] * len(source.audio_tracks))
    video = VideoSettings(VideoExportMode.SMARTCUT, VideoExportQuality.NORMAL, "copy")
    parts = [(Fraction(start), Fraction(end)) for start, end in asked["parts"]]
    error = smart_cut(source, parts, asked["target"], audio_export_info=sound, video_settings=video, log_level="error")
    source.close()
    if error is not None:
        raise error
    print(used() - before, flush=True)
"""
"""What its command line does, without the progress bar."""


@attrs.frozen(kw_only=True)
class Cut:
    """What is kept of a clip; parts begin and end with frames, so that nobody has to repeat one."""

    name: str
    sound: bool
    parts: tuple[tuple[str, str], ...]

    @property
    def source(self) -> Path:
        return clip("long.mp4") if self.sound else _silent()

    def job(self, target: Path) -> dict[str, Any]:
        """The document of ours. Sound is copied by packet, as theirs is."""
        operations: list[dict[str, Any]] = [
            {"op": "trim", "input": "in", "output": f"part{at}", "params": {"start": f"{start}s", "end": f"{end}s"}}
            for at, (start, end) in enumerate(self.parts)
        ]
        if len(self.parts) > 1:
            inputs = [each["output"] for each in operations]
            operations.append({"op": "concat", "inputs": inputs, "output": "joined"})
        codec = {"video": "h264"} | ({"audio": "copy"} if self.sound else {})
        made = operations[-1]["output"]
        return {
            "inputs": [{"id": "in", "source": str(self.source)}],
            "operations": operations,
            "outputs": [{"id": "out", "input": made, "destination": str(target), "codec": codec}],
        }


_CUTS = (
    Cut(name="one part of ten minutes, sound copied", sound=True, parts=(("5.36", "591.76"),)),
    Cut(
        name="three parts of ten minutes, no sound", sound=False,
        parts=(("20.44", "190.12"), ("230.68", "400.2"), ("420.52", "590.84")),
    ),
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Seen:
    """What a result is.

    Attributes:
        frames: How many there are.
        wanted: How many there should be.
        same: How many of them are bit for bit those of the source, at the same place.
        gaps: Frames that do not last as long as all others.
    """

    frames: int
    wanted: int
    same: int
    gaps: int

    def __str__(self) -> str:
        return f"{self.frames} of {self.wanted} frames, {self.same} bit for bit, {self.gaps} gaps"


@attrs.frozen(kw_only=True)
class Row:
    """One cut, in one of the two ways: seconds of every run of both, and what the results are."""

    name: str
    called: bool
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    our_cpu: tuple[float, ...]
    their_cpu: tuple[float, ...]
    our_result: Seen
    their_result: Seen

    @property
    def wall(self) -> Ratio:
        return Ratio.of(self.ours, self.theirs)

    @property
    def cpu(self) -> Ratio:
        return Ratio.of(self.our_cpu, self.their_cpu)

    def told(self) -> dict[str, str]:
        """The row of a table."""
        return {
            "cut": f"{self.name}, {'called' if self.called else 'as programs'}",
            "ours": f"{statistics.median(self.ours):.2f} s",
            "smartcut": f"{statistics.median(self.theirs):.2f} s",
            "ours ÷ smartcut, wall": str(self.wall),
            "ours ÷ smartcut, CPU": str(self.cpu),
            "our result": str(self.our_result),
            "its result": str(self.their_result),
        }


def _silent() -> Path:
    path = FOLDER / "long-silent.mp4"
    if not path.exists():
        made = path.with_name("making-long-silent.mp4")
        _ffmpeg("-i", str(clip("long.mp4")), "-map", "0:v", "-c", "copy", str(made))
        made.rename(path)
    return path


def _ffmpeg(*words: str) -> str:
    program = str(default_engine().binaries.ffmpeg)
    done = subprocess.run(
        [program, "-v", "error", "-nostdin", "-y", *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def _environment() -> Path:
    """The folder of the programs of the environment that smartcut is in."""
    programs = _HOME / ("Scripts" if sys.platform == "win32" else "bin")
    if not (programs / "smartcut").exists():
        print(f"making an environment for {_VERSION}", flush=True)
        venv.create(_HOME, with_pip=True, clear=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "-q", _VERSION], check=True)
    return programs


# Looking at results


def _frames(path: Path) -> list[tuple[int, str]]:
    """Time, in ticks, and hash of every frame."""
    text = _ffmpeg("-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-")
    rows = (line.split(",") for line in text.splitlines() if not line.startswith("#"))
    return [(int(row[2]), row[-1].strip()) for row in rows]


def _seen(path: Path, wanted: list[str]) -> Seen:
    found = _frames(path)
    lengths = sorted(later - earlier for (earlier, _), (later, _) in pairwise(found))
    usual = max((len(list(alike)), length) for length, alike in groupby(lengths))[1]
    return Seen(
        frames=len(found),
        wanted=len(wanted),
        same=sum(a == b for (_, a), b in zip(found, wanted, strict=False)),
        gaps=sum(length != usual for length in lengths),
    )


def _wanted(cut: Cut) -> list[str]:
    """The hashes of the frames that should come out, as the source has them."""
    found = _frames(cut.source)
    rate = Fraction(25)
    return [
        text
        for start, end in cut.parts
        for at, (_, text) in enumerate(found)
        if Fraction(start) <= at / rate < Fraction(end)
    ]


# Running


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _program(command: list[str], cwd: Path) -> float:
    before = _children()
    subprocess.run(command, check=True, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, capture_output=True)
    return _children() - before


def _our_program(cut: Cut, folder: Path) -> float:
    document = folder / "job.json"
    document.write_text(json.dumps(cut.job(folder / "ours.mp4")))
    strategies = [word for name, value in _STRATEGIES.items() for word in ("--strategy", f"{name}={value}")]
    command = [sys.executable, "-m", "mediapipeline", "run", str(document), *strategies, "--overwrite"]
    return _program([*command, "--progress", "none"], folder)


def _our_call(cut: Cut, folder: Path) -> float:
    before, own = _children(), time.process_time()
    # Nothing is carried over from the run before: probing and planning are part of the work.
    prober = default_prober(default_engine().binaries)
    plan = Planner(prober=prober, strategies=_STRATEGIES).plan(cut.job(folder / "ours.mp4"))
    Executor().run(plan, overwrite=True)
    return _children() - before + time.process_time() - own


class _Theirs:
    """smartcut, waiting in a process for what to cut."""

    def __init__(self, programs: Path) -> None:
        self._process = subprocess.Popen(
            [programs / "python", "-c", _THEIRS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("smartcut has ended")
        return line

    def call(self, cut: Cut, folder: Path) -> float:
        assert self._process.stdin is not None
        asked = {"source": str(cut.source), "parts": cut.parts, "target": str(folder / "theirs.mp4")}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        self._process.communicate()


def _their_program(programs: Path, cut: Cut, folder: Path) -> float:
    keep = ",".join(time for part in cut.parts for time in part)
    command = [str(programs / "smartcut"), str(cut.source), str(folder / "theirs.mp4"), "-k", keep]
    return _program([*command, "--log-level", "error"], folder)


def measure(rounds: int = _ROUNDS) -> Iterator[Row]:
    """Every cut in both ways; who goes first changes from round to round."""
    programs = _environment()
    theirs = _Theirs(programs)
    try:
        for cut in _CUTS:
            wanted = _wanted(cut)
            ways: Mapping[bool, dict[str, Callable[[Path], float]]] = {
                False: {
                    "ours": lambda folder, cut=cut: _our_program(cut, folder),
                    "theirs": lambda folder, cut=cut: _their_program(programs, cut, folder),
                },
                True: {
                    "ours": lambda folder, cut=cut: _our_call(cut, folder),
                    "theirs": lambda folder, cut=cut: theirs.call(cut, folder),
                },
            }
            for called, way in ways.items():
                with tempfile.TemporaryDirectory(dir=FOLDER) as made:
                    folder = Path(made)
                    yield _row(cut, called=called, way=way, folder=folder, wanted=wanted, rounds=rounds)
    finally:
        theirs.close()


def _row(
    cut: Cut, *, called: bool, way: dict[str, Callable[[Path], float]], folder: Path, wanted: list[str], rounds: int
) -> Row:
    wall: dict[str, list[float]] = {name: [] for name in way}
    cpu: dict[str, list[float]] = {name: [] for name in way}
    for number in range(rounds + 1):  # the first warms the file cache and does not count
        for name in sorted(way, reverse=bool(number % 2)):
            os.sync()  # nobody waits for what the other has written
            start = time.perf_counter()
            used = way[name](folder)
            if number:
                wall[name].append(time.perf_counter() - start)
                cpu[name].append(used)
    seen = {name: _seen(folder / f"{name}.mp4", wanted) for name in way}
    ours = seen["ours"]
    if ours.frames != ours.wanted or ours.gaps or ours.same < len(wanted) * 9 // 10:
        raise RuntimeError(f"{cut.name}: ours is {ours}")
    return Row(
        name=cut.name, called=called, ours=tuple(wall["ours"]), theirs=tuple(wall["theirs"]),
        our_cpu=tuple(cpu["ours"]), their_cpu=tuple(cpu["theirs"]), our_result=ours, their_result=seen["theirs"],
    )  # fmt: skip


def main(rounds: int | None = None) -> list[Row]:
    """Measure, and print as it goes."""
    rows = []
    for row in measure(rounds or _ROUNDS):
        way = "called" if row.called else "as programs"
        print(f"{row.name}, {way}: ours ÷ smartcut {row.wall} in wall time, {row.cpu} in CPU time", flush=True)
        print(f"  ours: {row.our_result}; smartcut: {row.their_result}", flush=True)
        rows.append(row)
    return rows
