"""The report of what was measured: Markdown tables in ``benchmarks/results``, beside the chart."""

from __future__ import annotations

import os
import platform
import statistics
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks import kept
from benchmarks.chart import chart
from benchmarks.throughput.compare import SHORT, Comparison, found_before
from benchmarks.throughput.job import Job
from benchmarks.throughput.jobs import BESIDE, JOBS
from benchmarks.throughput.statistic import Ratio, geometric_mean
from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["write"]

FOLDER = Path(__file__).with_name("results")
_PARITY = 1.02
_HALF = 0.5
_ENOUGH = 10  # seconds


def write() -> Path:
    """Write ``README.md`` and ``jobs.svg``, of what has been measured so far; where."""
    FOLDER.mkdir(exist_ok=True)
    found, beside = _measured(JOBS), _measured(BESIDE)
    text = "\n\n".join(_parts(found, beside, _measured((*JOBS, *BESIDE), long=True))) + "\n"
    (FOLDER / "README.md").write_text(text, encoding="utf-8")
    (FOLDER / "jobs.svg").write_text(chart(found), encoding="utf-8")
    return FOLDER / "README.md"


_Rows = Sequence[tuple[Job, Comparison]]


def _measured(jobs: Iterable[Job], *, long: bool = False) -> _Rows:
    """The jobs that were measured, with what was found."""
    sizes = ((job, job.long if long else SHORT) for job in jobs)
    compared = ((job, found_before(job.name, size)) for job, size in sizes if size is not None)
    return [(job, made) for job, made in compared if made is not None]


def _parts(found: _Rows, beside: _Rows, long: _Rows) -> Iterator[str]:
    version = default_engine().capabilities.version_text
    yield "# Benchmarks"
    yield (
        f"Written by `make bench`: FFmpeg {version}, {os.cpu_count()} cores, {platform.machine()},"
        f" Python {_python()}. Ratios carry over to other machines, seconds do not."
    )
    yield "## Jobs"
    yield (
        "*ours* plans, probes, runs and verifies a job document; *expert* is the fastest way known to do the same by"
        " hand ([below](#what-the-experts-run); a better one is welcome); *crowd* is what is usually found: one command"
        " a step, filters instead of seeks, MoviePy, ffmpeg-python ([the code](../throughput/jobs)). All three"
        " alternate. A ratio is the median of pairs, with the interval that holds it with 95 %"
        f"; ours and the expert's ran {_runs(found)} times."
    )
    yield "![How many times as long as the expert's commands each form of a job takes](jobs.svg)"
    yield _jobs(found)
    yield from _together(found)
    if beside:
        yield from _beside(beside)
    missing = [job.name for job in JOBS if job.name not in {each.name for each, _ in found}]
    if missing:
        yield f"Not measured: {', '.join(missing)}."
    if long:
        yield from _parity(long)
    yield from _smartcut()
    yield "## What they need, and what they waste"
    yield (
        "*Memory* is that of all processes together, with Python's where it takes part. *Decoded* and *encoded* are"
        " frames ÷ the frames that had to be ([what that means](../../mediapipeline/planner/workload.py)): figures that"
        " need no clock."
    )
    yield _needs(found)
    yield "## Estimates"
    yield "What plans predict ÷ what was used; the model is fitted by `python benchmarks/run.py fit`."
    yield _estimates(found)
    yield from _overhead()
    yield from _planning()
    yield "## What the experts run"
    shown = [*found, *beside]
    yield from (f"**{job.title}**\n\n```sh\n" + "\n".join(made.commands) + "\n```" for job, made in shown)


def _python() -> str:
    """Its version, and whether it is as fast as it may be."""
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    slow = "" if "--enable-optimizations" in options else ", built without optimizations"
    return platform.python_version() + slow


def _table(head: str, numbers: int, rows: Iterable[Sequence[str]]) -> str:
    columns = head.count("|") + 1
    rule = "|".join(["---"] + ["---:"] * numbers + ["---"] * (columns - numbers - 1))
    return "\n".join([f"| {head} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)])


def _jobs(found: _Rows) -> str:
    rows = []
    for job, made in found:
        medians = [_seconds(statistics.median(made.forms[f].wall)) for f in ("ours", "expert", "crowd")]
        ratios = [str(made.ratio("expert")), str(made.ratio("expert", cpu=True))]
        rows.append([job.title, *medians, *ratios, _plain(made, "crowd"), made.same + _same_command(made)])
    head = (
        "job | ours | expert | crowd | ours ÷ expert, wall | ours ÷ expert, CPU | ours ÷ crowd, wall | the same in all"
    )
    return _table(head, 6, rows)


def _same_command(made: Comparison) -> str:
    return "; ours runs the expert's commands" if made.same_argv else ""


def _plain(made: Comparison, other: str, *, cpu: bool = False) -> str:
    ratio = made.ratio(other, cpu=cpu)
    return "" if ratio is None else f"{ratio.median:.2f}"


def _together(found: _Rows) -> Iterator[str]:
    if not found:
        return
    lines = []
    for other, cpu, words in (
        ("expert", False, "ours ÷ expert, wall"),
        ("expert", True, "ours ÷ expert, CPU"),
        ("crowd", False, "ours ÷ crowd, wall"),
    ):
        ratios = {job.name: ratio.median for job, made in found if (ratio := made.ratio(other, cpu=cpu)) is not None}
        worst = max(ratios, key=lambda name: ratios[name])
        mean = geometric_mean(ratios.values())
        lines.append([words, f"{mean:.2f}", f"{ratios[worst]:.2f} ({worst})"])
    yield _table("over all jobs | geometric mean | worst", 2, lines)
    slow = [
        f"{job.name} ({_plain(made, 'crowd')}; the expert's own: {_of_crowd(made):.2f})"
        for job, made in found
        if job.rewrite and (ratio := made.ratio("crowd")) is not None and ratio.median >= _HALF
    ]
    rewritten = sum(job.rewrite for job, _ in found)
    yield (
        f"Not below half the crowd's time: {', '.join(slow)}."
        if slow
        else f"Below half the crowd's time: each of the {rewritten} that have a rewrite."
    )
    added = statistics.median(made.added for _, made in found)
    yield (
        f"Most of these jobs are short, so that they can be repeated: what planning, probing, verifying and publishing"
        f" add shows. It does not grow with a job: the median is {added:.2f} s."
    )


def _beside(beside: _Rows) -> Iterator[str]:
    """Jobs of a clip that is light to read."""
    yield (
        "What is saved by reading a clip once for several outputs depends on how much reading is: of a phone's 4K it is"
        " the larger part. Of a clip that is light to read, most of the time of the same jobs is the encoding of the"
        " same pictures, which all three do alike:"
    )
    yield _jobs(beside)


def _smartcut() -> Iterator[str]:
    rows = kept.read("smartcut")
    if not rows:
        return
    yield "## Smart cut"
    yield (
        "Against the package [smartcut](https://pypi.org/project/smartcut/) (`python benchmarks/run.py smartcut`), in"
        " turns: started as programs, and called in a process that has imported everything. Every frame of both results"
        " is compared with the source's."
    )
    columns = list(rows[0])
    yield _table(" | ".join(columns), 4, ([row[column] for column in columns] for row in rows))


def _runs(found: _Rows) -> str:
    counts = sorted({len(made.forms["ours"].wall) for _, made in found})
    return f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else "".join(map(str, counts))


def _of_crowd(made: Comparison) -> float:
    return Ratio.of(made.forms["expert"].wall, made.forms["crowd"].wall).median


def _parity(long: _Rows) -> Iterator[str]:
    yield "## Parity"
    yield (
        f"The same jobs made so long that the expert's commands take {_ENOUGH} s and more"
        f" (`python benchmarks/run.py parity`), each {_runs(long)} times. *Parity* is the same commands up to labels"
        f" and order, or intervals of wall and CPU time that include {_PARITY} or less. Copies are too short for it,"
        " however long the clip: there the commands tell. The crowd's took part once, where they do not take several"
        " times as long; where both encode the same for ten seconds, what is saved on reading is the smaller part."
    )
    rows = []
    for job, made in long:
        medians = [_seconds(statistics.median(made.forms[f].wall)) for f in ("ours", "expert")]
        ratios = [str(made.ratio("expert")), str(made.ratio("expert", cpu=True))]
        rows.append(
            [job.title_long or job.title, made.size, *medians, *ratios, _plain(made, "crowd"), _verdict(job, made)]
        )
    head = (
        "job | length, preset | ours | expert | ours ÷ expert, wall | ours ÷ expert, CPU | ours ÷ crowd, wall | parity"
    )
    yield _table(head, 6, rows)
    verdicts = {job.name: _verdict(job, made) for job, made in long}
    faster = [job.name for job, made in long if (ratio := made.ratio("expert")) is not None and ratio.high < 1]
    held = sum(verdict.startswith("yes") for verdict in verdicts.values())
    yield f"Parity: {held} of {len(long)}; wall time below the expert's: {', '.join(faster) or 'none'}."


def _verdict(job: Job, made: Comparison) -> str:
    wall, cpu = made.ratio("expert"), made.ratio("expert", cpu=True)
    assert wall is not None
    assert cpu is not None
    if made.same_argv:
        return "yes: same commands"
    if statistics.median(made.forms["expert"].wall) < _ENOUGH:
        return f"too short{f': {job.other}' if job.other else ''}"
    over = [name for name, ratio in (("wall", wall), ("CPU", cpu)) if ratio.low > _PARITY]
    if over:
        return f"no: {' and '.join(over)}{f'; {job.other}' if job.other else ''}"
    return "yes: interval"


def _needs(found: _Rows) -> str:
    rows = []
    for job, made in found:
        memory = [_bytes(max(made.forms[f].memory)) for f in ("ours", "expert", "crowd")]
        first = [_maybe(made.forms[f].first_report, _seconds) for f in ("ours", "expert")]
        waste = [_maybe(made.waste.get(name), "{:.2f}".format) for name in ("decoding", "encoding")]
        more = [
            _maybe(made.waste.get("processes"), "{:.0f}".format),
            _maybe(made.waste.get("intermediate_bytes"), _bytes),
        ]
        rows.append([job.title, *memory, *first, *waste, *more])
    head = "job | memory, ours | expert | crowd | first progress, ours | expert"
    head += " | decoded | encoded | processes | between steps"
    return _table(head, 9, rows)


def _estimates(found: _Rows) -> str:
    rows = []
    for job, made in found:
        pairs = (("cpu_seconds", "cpu_seconds"), ("duration", "duration"), ("memory", "memory"), ("disk_written",) * 2)
        rows.append([job.title, *(_share(made.predicted.get(a), made.used.get(b)) for a, b in pairs)])
    return _table("job | CPU time | wall time | memory | bytes written", 4, rows)


def _share(predicted: float | None, used: float | None) -> str:
    return f"{predicted / used:.2f}" if predicted is not None and used else ""


def _overhead() -> Iterator[str]:
    rows = kept.read("overhead")
    if rows:
        yield "## What the executor adds"
        yield "The same command, by itself and by `Executor.run`, which also checks inputs, verifies and publishes."
        yield _table(
            "job | bare FFmpeg | `Executor.run` | CPU, bare | CPU, ours | memory of the host",
            5,
            (
                (
                    row["name"], _seconds(row["bare_wall"]), _seconds(row["ours_wall"]), _seconds(row["bare_cpu"]),
                    _seconds(row["ours_cpu"]), _bytes(row["memory"]),
                )
                for row in rows
            ),
        )  # fmt: skip


def _planning() -> Iterator[str]:
    rows = kept.read("planning")
    if rows:
        yield "## Planning"
        yield _table(
            "what | time | per operation",
            2,
            (
                (
                    row["name"], f"{row['seconds'] * 1e3:.1f} ms",
                    "" if row["per_operation"] is None else f"{row['per_operation'] * 1e6:.0f} µs",
                )
                for row in rows
            ),
        )  # fmt: skip


def _maybe(value: float | None, how: object) -> str:
    return "" if value is None else how(value)  # type: ignore[operator]  # a format, or one of those below


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _bytes(value: float) -> str:
    return f"{value / 1e6:.0f} MB" if value else "0"
