"""Runs the jobs in their three forms, alternating, and compares."""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from benchmarks.throughput.jobs import JOBS, Commands, Job
from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.probe import default_prober

__all__ = ["Comparison", "Ratio", "measure"]

_RUNS = 5
FORMS = ("ours", "expert", "crowd")
_DRAWS = 2000


@attrs.frozen
class Ratio:
    """The median of paired ratios, with a 95 % interval by resampling."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        pairs = [a / b for a, b in zip(ours, theirs, strict=True)]
        draw = random.Random(0)
        medians = sorted(statistics.median(draw.choices(pairs, k=len(pairs))) for _ in range(_DRAWS))
        return cls(statistics.median(pairs), medians[_DRAWS // 40], medians[-_DRAWS // 40])


@attrs.frozen(kw_only=True)
class Comparison:
    """One job: seconds of wall and CPU time of every run of each form, and whether the results agree."""

    job: Job
    wall: dict[str, list[float]]
    cpu: dict[str, list[float]]
    same: str

    def ratio(self, other: str, *, cpu: bool = False) -> Ratio:
        times = self.cpu if cpu else self.wall
        return Ratio.of(times["ours"], times[other])


def _cpu_seconds() -> float:
    both = (resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    cpu, wall = _cpu_seconds(), time.perf_counter()
    work()
    return time.perf_counter() - wall, _cpu_seconds() - cpu


def _run_commands(commands: Commands) -> None:
    program = str(default_engine().binaries.ffmpeg)
    for command in commands:
        subprocess.run([program, "-v", "error", "-nostdin", "-y", *command], check=True, stdin=subprocess.DEVNULL)


def _run_ours(job: Job, folder: Path) -> None:
    # Nothing is carried over from the run before: probing and planning are part of the work.
    plan = Planner(prober=default_prober(default_engine().binaries)).plan(job.ours(folder))
    Executor().run(plan)


def _hash(path: Path, how: str) -> list[str]:
    kind = ["-map", "0", "-c", "copy"] if how == "packets" else ["-map", "0:v"]
    command = [
        str(default_engine().binaries.ffmpeg),
        "-v",
        "error",
        "-i",
        str(path),
        *kind,
        "-f",
        "framehash",
        "-hash",
        "md5",
        "-",
    ]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.rsplit(",", 1)[1] for line in lines if not line.startswith("#")]


def _agreement(job: Job, ours: Path, expert: Path) -> str:
    if job.same in ("frames", "packets"):
        if sorted(_hash(ours, job.same)) != sorted(_hash(expert, job.same)):
            raise RuntimeError(f"{job.name}: the {job.same} of ours and the expert's differ")
        return f"same {job.same}"
    prober = default_prober(default_engine().binaries)
    a, b = prober.probe(ours), prober.probe(expert)
    shapes = [[(s.kind, s.codec) for s in m.streams] + [(m.video.width, m.video.height)] for m in (a, b) if m.video]
    if shapes[0] != shapes[1] or abs((a.duration or 0) - (b.duration or 0)) * 1000 > 50:
        raise RuntimeError(f"{job.name}: ours and the expert's differ: {a} {b}")
    return "same streams and duration"


def measure(runs: int = _RUNS) -> Iterator[Comparison]:
    """Every job, *runs* times in each form, alternating."""
    for job in JOBS:
        wall: dict[str, list[float]] = {form: [] for form in FORMS}
        cpu: dict[str, list[float]] = {form: [] for form in FORMS}
        same = ""
        for run in range(runs + 1):  # the first warms the file cache and does not count
            folders = {}
            with tempfile.TemporaryDirectory() as root:
                for form in FORMS:
                    folders[form] = Path(root) / form
                    folders[form].mkdir()
                    work: Callable[[], None]
                    if form == "ours":
                        work = lambda folder=folders[form], job=job: _run_ours(job, folder)  # noqa: E731
                    else:
                        commands = (job.expert if form == "expert" else job.crowd)(folders[form])
                        work = lambda commands=commands: _run_commands(commands)  # noqa: E731
                    seconds = _timed(work)
                    if run:
                        wall[form].append(seconds[0])
                        cpu[form].append(seconds[1])
                if not same:
                    same = _agreement(job, folders["ours"] / job.output, folders["expert"] / job.output)
        yield Comparison(job=job, wall=wall, cpu=cpu, same=same)
