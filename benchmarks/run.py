"""Measure, and write the report: ``make bench``.

python benchmarks/run.py                      everything, about a quarter of an hour on two cores
python benchmarks/run.py --resume             what is not there yet of it
python benchmarks/run.py jobs deep-trim       one job again, or several
python benchmarks/run.py parity               ours and the experts' commands on jobs of ten seconds and more; 25 min
python benchmarks/run.py planning | overhead  one suite
python benchmarks/run.py smartcut             smart cuts against the package smartcut
python benchmarks/run.py frames               a Python function over frames, against PyAV and MoviePy
python benchmarks/run.py fit                  measure this machine for the estimates of plans, and write them down
python benchmarks/run.py report               write the report of what is there
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import kept
from benchmarks.planning import chains
from benchmarks.report import write
from benchmarks.throughput import fit, frames, overhead, smartcut
from benchmarks.throughput.compare import SHORT, compare, found_before
from benchmarks.throughput.jobs import BESIDE, JOBS

SUITES = ("planning", "overhead", "jobs", "parity", "smartcut", "frames", "fit", "report")


def main() -> int:
    """Run what the command line asks for; 1 where a job failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", choices=SUITES, help="default: planning, overhead and jobs")
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=", ".join(job.name for job in (*JOBS, *BESIDE)))
    parser.add_argument("--resume", action="store_true", help="leave out what has been measured")
    parser.add_argument("--rounds", type=int, default=None, help="runs of ours and of the expert's commands; default 5")
    asked = parser.parse_args()
    known = [job.name for job in (*JOBS, *BESIDE) if asked.suite != "parity" or job.long is not None]
    unknown = set(asked.jobs) - set(known)
    if unknown:
        parser.error(f"there is no job {', '.join(sorted(unknown))} to measure; there are {', '.join(known)}")
    chosen = {asked.suite} if asked.suite else {"planning", "overhead", "jobs"}
    began = time.monotonic()
    failed = False
    if "fit" in chosen:
        fit.main()
        return 0
    if "planning" in chosen and not (asked.resume and kept.read("planning")):
        _planning()
    if "overhead" in chosen and not (asked.resume and kept.read("overhead")):
        _overhead()
    if "jobs" in chosen:
        failed |= _jobs(asked.jobs, asked.rounds, resume=asked.resume)
    if "smartcut" in chosen:
        kept.write("smartcut", [row.told() for row in smartcut.main(asked.rounds)])
    if "frames" in chosen:
        _frames(asked.rounds)
    if "parity" in chosen:
        failed |= _jobs(asked.jobs, asked.rounds, resume=asked.resume, long=True)
    print(f"written: {write()} ({time.monotonic() - began:.0f} s)")
    return int(failed)


def _frames(rounds: int | None) -> None:
    rows = []
    for row in frames.main(rounds):
        print(
            f"{row.name}: {row.wall:.2f} s, {row.frames / row.wall:.0f} frames a second, {row.cpu:.1f} CPU s,"
            f" {row.memory / 1e6:.0f} MB; ours has {row.ours_is:.2f} of its speed", flush=True,
        )  # fmt: skip
        rows.append(row.told())
    kept.write("frames", rows)


def _planning() -> None:
    rows = []
    for row in chains.measure():
        print(f"{row.name}: {row.seconds * 1e3:.1f} ms", flush=True)
        rows.append(row)
    kept.write("planning", rows)


def _overhead() -> None:
    rows = []
    for row in overhead.measure():
        print(f"{row.name}: the executor adds {row.overhead * 1e3:.0f} ms", flush=True)
        rows.append(row)
    kept.write("overhead", rows)


def _jobs(names: Sequence[str], rounds: int | None, *, resume: bool, long: bool = False) -> bool:
    """Whether one failed; the others are measured all the same."""
    failed = False
    for job in (*JOBS, *BESIDE):
        size = job.long if long else SHORT
        if size is None or (names and job.name not in names):
            continue
        if resume and found_before(job.name, size) is not None:
            continue
        print(f"{job.name}: {job.title}", flush=True)
        try:
            found = compare(job, size, **({} if rounds is None else {"rounds": rounds}))
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are measured all the same
            print(f"  FAILED: {type(error).__name__}: {error}", flush=True)
            failed = True
            continue
        expert, crowd = found.ratio("expert"), found.ratio("crowd")
        print(f"  ÷ expert {expert}" + (f", ÷ crowd {crowd}" if crowd else ""), flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
