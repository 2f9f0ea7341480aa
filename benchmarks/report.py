"""The report of a run: Markdown tables and a chart, in ``benchmarks/results``."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.planning.chains import Row as PlanningRow
from benchmarks.throughput.compare import FORMS, Comparison
from benchmarks.throughput.overhead import Row as OverheadRow
from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["FOLDER", "Report"]

FOLDER = Path(__file__).with_name("results")
_COLOURS = {"ours": "#2b6cb0", "expert": "#38a169", "crowd": "#a0aec0"}
_WIDTH, _LABELS, _BAR, _GAP = 760, 250, 12, 14


def _table(head: str, numbers: int, rows: Iterable[Sequence[str]]) -> str:
    columns = head.count("|") + 1
    rule = "|".join(["---"] + ["---:"] * numbers + ["---"] * (columns - numbers - 1))
    return "\n".join([f"| {head} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)])


class Report:
    """Collects the rows of all suites and writes them down."""

    def __init__(self) -> None:
        self.planning: list[PlanningRow] = []
        self.overhead: list[OverheadRow] = []
        self.jobs: list[Comparison] = []

    def markdown(self) -> str:
        """Every table, with what it was measured on."""
        version = default_engine().capabilities.version_text
        machine = f"Python {platform.python_version()}, FFmpeg {version}, {os.cpu_count()} cores, {platform.machine()}"
        parts = [
            "# Benchmarks",
            (
                f"Written by `make bench`: {machine}. Figures are medians of alternating runs in one session; ratios"
                " carry"
                " over to other machines, seconds do not."
            ),
            "## Jobs",
            ("*ours* plans, probes, runs and verifies a job document; *expert* is the best FFmpeg command known for it;"
            " *crowd* is what is usually found: one command a step, filters instead of seeks. The commands stand in"
            " `benchmarks/throughput/jobs.py`."),
            "![Wall time of each job by form](jobs.svg)",
            _table(
                "job | ours | expert | crowd | ours ÷ expert (95 %) | the same in CPU | ours ÷ crowd | results",
                6,
                map(self._job, self.jobs),
            ),
            "## What the executor adds",
            _table(
                "job | bare FFmpeg | `Executor.run` | adds | CPU, bare | CPU, ours | memory of the host",
                6,
                (
                    (
                        row.name, f"{row.bare_wall * 1e3:.0f} ms", f"{row.ours_wall * 1e3:.0f} ms",
                        f"{row.overhead * 1e3:.0f} ms", f"{row.bare_cpu:.2f} s", f"{row.ours_cpu:.2f} s",
                        f"{row.memory / 2**20:.0f} MiB",
                    )
                    for row in self.overhead
                ),
            ),
            "## Planning",
            _table(
                "what | time | per operation",
                2,
                (
                    (
                        row.name, f"{row.seconds * 1e3:.1f} ms",
                        "" if row.per_operation is None else f"{row.per_operation * 1e6:.0f} µs",
                    )
                    for row in self.planning
                ),
            ),
        ]  # fmt: skip
        return "\n\n".join(parts) + "\n"

    def _job(self, found: Comparison) -> list[str]:
        medians = [f"{statistics.median(found.wall[form]):.2f} s" for form in FORMS]
        expert, cpu, crowd = found.ratio("expert"), found.ratio("expert", cpu=True), found.ratio("crowd")
        interval = f"{expert.median:.2f} ({expert.low:.2f} to {expert.high:.2f})"
        return [found.job.name, *medians, interval, f"{cpu.median:.2f}", f"{crowd.median:.2f}", found.same]

    def chart(self) -> str:
        """Wall time of every job by form, each job to its own longest."""
        height = _GAP + len(self.jobs) * (3 * _BAR + _GAP)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif">'
        ]
        for place, found in enumerate(self.jobs):
            top = _GAP + place * (3 * _BAR + _GAP)
            longest = max(statistics.median(times) for times in found.wall.values())
            parts.append(f'<text x="0" y="{top + 2 * _BAR}" font-size="13">{escape(found.job.name)}</text>')
            for line, form in enumerate(FORMS):
                seconds = statistics.median(found.wall[form])
                width = max(1.0, seconds / longest * (_WIDTH - _LABELS - 130))
                y = top + line * _BAR
                bar = f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" fill="{_COLOURS[form]}"/>'
                beside, below = _LABELS + width + 6, y + _BAR - 3
                label = f'<text x="{beside:.1f}" y="{below}" font-size="10">{form} {seconds:.2f} s</text>'
                parts += [bar, label]
        return "\n".join([*parts, "</svg>"]) + "\n"

    def write(self) -> None:
        """Write ``README.md`` and ``jobs.svg`` into `FOLDER`."""
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / "README.md").write_text(self.markdown(), encoding="utf-8")
        (FOLDER / "jobs.svg").write_text(self.chart(), encoding="utf-8")
