"""Runs a job in its three forms, alternating, and compares; what was found is kept, so that jobs can be run one by one.

Every round runs ours and the expert's commands. The crowd's take many times as long, and no goal is close: they run in
every round for as long as the job's share of time lasts, and once at least.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from benchmarks import kept
from benchmarks.throughput.commands import same_commands, shown
from benchmarks.throughput.job import Job, Size
from benchmarks.throughput.measure import Used, measured
from benchmarks.throughput.media import FOLDER as MEDIA
from benchmarks.throughput.media import make_all
from benchmarks.throughput.shell import Shell
from benchmarks.throughput.statistic import Ratio
from mediapipeline import Executor, Planner
from mediapipeline.executor.events import StepProgress
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.probe import default_prober
from mediapipeline.media.packets import PacketProber
from mediapipeline.media.values import from_dict, to_dict
from mediapipeline.planner.workload import counted

__all__ = ["ROUNDS", "SHORT", "Comparison", "compare", "found_before"]

ROUNDS = 5
SHORT = Size("veryfast", 10)
_SHARE = 45.0  # seconds of a job that the crowd's runs may take


@attrs.frozen(kw_only=True)
class Form:
    """All runs of one form of a job, in the order in which they were; units of `Used`."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    memory: tuple[int, ...]
    first_report: float | None = None

    @classmethod
    def of(cls, runs: list[Used]) -> Form:
        reports = [run.first_report for run in runs if run.first_report is not None]
        return cls(
            wall=tuple(run.wall for run in runs),
            cpu=tuple(run.cpu for run in runs),
            memory=tuple(run.memory for run in runs),
            first_report=statistics.median(reports) if reports else None,
        )


@attrs.frozen(kw_only=True)
class Comparison:
    """What was found about one job.

    Attributes:
        job: Its name.
        size: Length and preset that it was asked for.
        forms: By name: ``ours``, ``expert``, ``crowd``.
        same: What was checked to be the same.
        same_argv: Whether ours and the expert's commands are the same up to labels and order.
        waste: Of ours: `mediapipeline.executor.result.Waste` and its two ratios.
        predicted: Of ours: the plan's `Resources` as numbers.
        used: Of ours: the same of its steps, as they were.
        commands: The expert's.
        engine: Version of FFmpeg.
    """

    job: str
    size: str
    forms: dict[str, Form]
    same: str
    same_argv: bool
    waste: dict[str, float | None]
    predicted: dict[str, float | None]
    used: dict[str, float | None]
    commands: tuple[str, ...]
    engine: str

    def ratio(self, other: str, *, cpu: bool = False) -> Ratio | None:
        """Ours ÷ *other*; None where that did not run."""
        ours, theirs = self.forms["ours"], self.forms.get(other)
        if theirs is None:
            return None
        return Ratio.of(ours.cpu, theirs.cpu) if cpu else Ratio.of(ours.wall, theirs.wall)

    @property
    def added(self) -> float:
        """Seconds of wall time that ours takes more than the expert's, by the median of pairs."""
        pairs = zip(self.forms["ours"].wall, self.forms["expert"].wall, strict=True)
        return statistics.median(a - b for a, b in pairs)


def found_before(job: str, size: Size) -> Comparison | None:
    """What was found before; None where nothing was, or the job or the figures were others then."""
    told = kept.read(_name(job, size))
    try:
        found = None if told is None else from_dict(Comparison, told)
    except ValueError:
        return None
    return found if found is not None and found.size == _shown(size) else None


def _shown(size: Size) -> str:
    return f"{size.seconds} s, {size.preset}" if size.preset else f"{size.seconds} s"


def _name(job: str, size: Size) -> str:
    return f"job-{job}{'-long' if size.long else ''}"


def compare(job: Job, size: Size, rounds: int = ROUNDS) -> Comparison:
    """Run *job*, say how far it is, and keep what was found.

    Raises:
        RuntimeError: A form failed, or they do not give the same.
    """
    runs: dict[str, list[Used]] = {"ours": [], "expert": [], "crowd": []}
    order = ["ours", "expert"]
    spent, same = 0.0, ""
    kept.forget(_name(job.name, size))
    make_all()
    for number in range(rounds):
        random.Random(number).shuffle(order)
        crowd = (not number and job.crowd_long) if size.long else (not number or spent < _SHARE)
        wanted = [*order, "crowd"] if crowd else order
        with tempfile.TemporaryDirectory(dir=MEDIA) as root:
            folders = {}
            for form in wanted:
                folders[form] = Path(root) / form
                folders[form].mkdir()
                began = time.perf_counter()
                used = measured(_work(job, form, folders[form], size), python=form != "expert")
                runs[form].append(used)
                spent += (time.perf_counter() - began) * 2 if form == "crowd" else 0  # and once more as long
                print(f"  {job.name} {number + 1}/{rounds} {form}: {used.wall:.2f} s", flush=True)
            check = job.check_long if size.long and job.check_long is not None else job.check
            same = same or check(folders["ours"], folders["expert"])
    ours, expert = runs["ours"][-1].told, runs["expert"][-1].told
    found = Comparison(
        job=job.name,
        size=_shown(size),
        forms={form: Form.of(used) for form, used in runs.items() if used},
        same=same,
        same_argv=same_commands(ours["commands"], expert["commands"]),
        waste=ours["waste"],
        predicted=ours["predicted"],
        used=ours["used"],
        commands=tuple(shown(command) for command in expert["commands"]),
        engine=default_engine().capabilities.version_text,
    )
    kept.write(_name(job.name, size), to_dict(found))
    return found


def _work(job: Job, form: str, folder: Path, size: Size) -> Callable[[], dict[str, Any]]:
    if form == "ours":
        return lambda: _ours(job, folder, size)
    shell = Shell(folder)

    def run() -> dict[str, Any]:
        (job.expert if form == "expert" else job.crowd)(shell, size)
        return {"first_report": shell.first_report, "commands": shell.commands}

    return run


def _ours(job: Job, folder: Path, size: Size) -> dict[str, Any]:
    """Plan and run, with a prober that knows nothing: probing and planning are part of the work."""
    first: list[float] = []
    prober = default_prober(default_engine().binaries)
    plan = Planner(prober=prober, strategies=job.strategies).plan(job.ours(folder, size))

    def heard(event: object) -> None:
        if isinstance(event, StepProgress) and not first:
            first.append(time.perf_counter())

    result = Executor().run(plan, on_event=heard)

    def later() -> dict[str, Any]:
        work = plan.workload
        if isinstance(prober, PacketProber):
            media = {item.id: item.media for item in plan.inputs}
            files = {item.id: Path(item.source) for item in plan.inputs}
            work = counted(work, media, lambda name, stream, window: prober.index(files[name], stream, window))
        waste = attrs.evolve(result.waste, frames_to_decode=work.decoded)
        memories = [step.peak_memory for step in result.steps if step.peak_memory is not None]
        return {
            "waste": {**attrs.asdict(waste), "decoding": waste.decoding, "encoding": waste.encoding},
            "predicted": {
                name: None if value is None else float(value) for name, value in attrs.asdict(plan.resources).items()
            },
            "used": {
                "cpu_seconds": result.cpu_seconds,
                "duration": sum(step.wall_seconds for step in result.steps),
                "memory": max(memories, default=None),
                "disk_written": float(
                    sum(output.size for output in result.outputs.values()) + result.waste.intermediate_bytes
                ),
            },
        }

    return {
        "first_report": first[0] if first else None,
        "commands": [list(step.argv[1:]) for step in result.steps if step.argv],
        "later": later,
    }
