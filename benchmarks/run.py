"""Run both suites, say what is measured as it is, and write the report: ``make bench``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.planning import chains
from benchmarks.report import FOLDER, Report
from benchmarks.throughput import compare, overhead


def main() -> None:
    """Measure everything; a word on the command line (``planning``, ``overhead``, ``jobs``) chooses one suite."""
    chosen = set(sys.argv[1:]) or {"planning", "overhead", "jobs"}
    report = Report()
    if "planning" in chosen:
        for row in chains.measure():
            print(f"{row.name}: {row.seconds * 1e3:.1f} ms", flush=True)
            report.planning.append(row)
    if "overhead" in chosen:
        for cost in overhead.measure():
            print(f"{cost.name}: the executor adds {cost.overhead * 1e3:.0f} ms", flush=True)
            report.overhead.append(cost)
    if "jobs" in chosen:
        for found in compare.measure():
            expert, crowd = found.ratio("expert"), found.ratio("crowd")
            print(f"{found.job.name}: ÷ expert {expert.median:.2f}, ÷ crowd {crowd.median:.2f}", flush=True)
            report.jobs.append(found)
    if chosen == {"planning", "overhead", "jobs"}:
        report.write()
        print(f"written: {FOLDER / 'README.md'}")


if __name__ == "__main__":
    main()
