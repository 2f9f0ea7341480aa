"""The long run of the equivalence harness: thousands of random jobs, with a table of which rule did how much.

    python tests/equivalence/fuzz.py [--examples 2000] [--folder .cache/fuzz] [--ffmpeg PATH …]

Examples come in batches, each from a seed of its own. Half of the jobs of a batch are aimed at the rules that have had
the least to do so far. What a batch came to is written down when it is done, by FFmpeg, so a run that is interrupted
goes on where it was, and the table says how much of it is of the planner as it stands; delete the folder to begin anew.
Exit code 1 if outputs differed, if a job that was planned failed, with rules or without, or if a rule was
hardly ever done: at least 50 times, on three kinds of files, else nobody knows whether it holds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from equivalence import clips  # noqa: E402 - the path is set above
from equivalence.harness import Bench, Planned  # noqa: E402
from equivalence.jobs import any_jobs, rule_sets  # noqa: E402
from mediapipeline.errors import ExecutionError, JobError  # noqa: E402
from mediapipeline.ffmpeg.binary import find_ffmpeg  # noqa: E402
from mediapipeline.ffmpeg.engine import default_engine  # noqa: E402
from mediapipeline.planner.optimize import RULES  # noqa: E402
from mediapipeline.planner.rule import Rule  # noqa: E402

_BATCH = 50
_LEAST, _CONTAINERS = 50, 3
_AIMED = 3
"""So many rules, of those that have had the least to do, are aimed at by half of the jobs of a batch."""


def main() -> int:
    options = argparse.ArgumentParser(description="Compare random jobs with rules and without.")
    options.add_argument("--examples", type=int, default=2000, help="for each FFmpeg (default: 2000)")
    options.add_argument("--folder", type=Path, default=ROOT / ".cache" / "fuzz", help="where results are kept")
    options.add_argument("--ffmpeg", action="append", help="an FFmpeg; may be given several times (default: the usual)")
    args = options.parse_args()
    failed = False
    for program in args.ffmpeg or [None]:
        engine = find_ffmpeg(program)
        version = ".".join(map(str, default_engine(engine.ffmpeg).capabilities.version or ("unknown",)))
        folder = args.folder / f"ffmpeg-{version}"
        for clip in clips.RECIPES:
            clips.make(clip, folder / "work" / "clips", engine)
        bench = Bench(engine, folder / "work")
        done: list[dict[str, Any]] = []
        for batch in range(-(-args.examples // _BATCH)):
            file = folder / f"batch-{batch}.json"
            if not file.exists():
                found = run(bench, batch, rarest(done))
                file.with_suffix(".part").write_text(json.dumps(found, indent=1))
                file.with_suffix(".part").rename(file)
            done.append(json.loads(file.read_text()))
            for each in done[-1]["differences"]:
                print(each, flush=True)
            for each in done[-1]["failures"]:
                print(f"fails: {each}", flush=True)
            told = f"{version}: {min((batch + 1) * _BATCH, args.examples)} of {args.examples}"
            differ, fail = (sum(len(each[what]) for each in done) for what in ("differences", "failures"))
            print(f"{told}, {differ} differ, {fail} fail", file=sys.stderr, flush=True)
        failed |= not report(version, done)
        shutil.rmtree(folder / "work")
    return 1 if failed else 0


def rarest(done: list[dict[str, Any]]) -> tuple[str, ...]:
    """The rules that have had the least to do, by jobs and by kinds of files."""
    fired = _sums(done)
    kinds = Counter(key.partition(".")[0] for key in fired if "." in key)

    def had(rule: Rule) -> tuple[bool, int]:
        return kinds[rule.__name__] >= _CONTAINERS, fired[rule.__name__]

    return tuple(each.__name__ for each in sorted(RULES, key=had)[:_AIMED])


def run(bench: Bench, batch: int, aims: Sequence[str]) -> dict[str, Any]:
    """One batch: what differed, and in how many jobs each rule changed something, by the kind of file.

    Files are those that are read; for rules that copy those that are written.
    """
    differences: list[str] = []
    failures: list[str] = []
    fired: Counter[str] = Counter()
    compared = alike = 0

    @seed(batch)
    @settings(
        max_examples=_BATCH, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        deadline=None,
    )  # fmt: skip
    @given(job=any_jobs(aims), rules=rule_sets(aims))
    def each(job: dict[str, Any], rules: tuple[Rule, ...]) -> None:
        nonlocal compared, alike
        try:
            naive = bench.plan(job, ())
        except JobError:
            return
        try:
            quick = bench.plan(job, rules)
            found = bench.differences(job, naive, quick)
        except ExecutionError as error:
            failures.append("\n  ".join([json.dumps(job), str(error), *getattr(error, "__notes__", ())]))
            return
        except Exception as error:  # noqa: BLE001 - a long run goes on, and reports all
            found = [f"{type(error).__name__}: {error}", *traceback.format_exc().splitlines()[-4:]]
        else:
            fired.update(_fired(job, rules, quick))
            alike += quick.plan.steps == naive.plan.steps
        compared += 1
        if found:
            differences.append("\n  ".join([json.dumps(job), ", ".join(r.__name__ for r in rules), *found]))

    each()
    return {
        "planner": _planner(), "compared": compared, "alike": alike, "differences": differences, "failures": failures,
        "fired": fired,
    }  # fmt: skip


def _planner() -> str:
    """A checksum of what makes plans."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "mediapipeline" / "planner").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _fired(job: Mapping[str, Any], rules: Sequence[Rule], quick: Planned) -> Iterator[str]:
    """Each rule that changed something, and each with the kinds of files."""
    read = {source["id"]: source["source"].rpartition(".")[2] for source in job["inputs"]}
    written = {output["destination"].rpartition(".")[2] for output in job["outputs"] if "." in output["destination"]}
    for rule in rules:
        touched = quick.fired.get(rule.__name__)
        if touched is not None:
            yield rule.__name__
            kinds = written if rule.guarantee == "copies" else {read[name] for name in touched}
            yield from (f"{rule.__name__}.{kind}" for kind in kinds)


def _sums(batches: list[dict[str, Any]]) -> Counter[str]:
    fired: Counter[str] = Counter()
    for batch in batches:
        fired.update(batch["fired"])
    return fired


def report(version: str, batches: list[dict[str, Any]]) -> bool:
    """Print the table; whether all is well."""
    fired = _sums(batches)
    differing = sum(len(batch["differences"]) for batch in batches)
    suffixes = sorted({key.partition(".")[2] for key in fired} - {""})
    compared = sum(batch["compared"] for batch in batches)
    alike = sum(batch["alike"] for batch in batches)
    failing = [failure for batch in batches for failure in batch["failures"]]
    without = sum(failure.endswith("only without rules") for failure in failing)
    now = sum(batch["compared"] for batch in batches if batch["planner"] == _planner())
    print(f"FFmpeg {version}: {compared} jobs compared, {now} of them with this planner; {differing} differ")
    print(f"{alike} of them have the same plan with rules and without")
    print(f"{len(failing) - without} more fail with rules and without, and {without} only without")
    print("Jobs that a rule changed:")
    print(f"{'':22}{'all':>6}" + "".join(f"{suffix:>6}" for suffix in suffixes))
    rare = []
    for rule in RULES:
        counts = [fired[f"{rule.__name__}.{suffix}"] for suffix in suffixes]
        jobs_changed = fired[rule.__name__]
        print(f"{rule.__name__:22}{jobs_changed:6}" + "".join(f"{count or '':>6}" for count in counts))
        if jobs_changed < _LEAST or sum(map(bool, counts)) < _CONTAINERS:
            rare.append(rule.__name__)
    if rare:
        print(f"hardly ever done, so not tested: {', '.join(rare)}")
    return not differing and not failing and not rare


if __name__ == "__main__":
    sys.exit(main())
