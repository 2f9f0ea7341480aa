"""The long run of the equivalence harness: thousands of random jobs, with a table of which rule did how much.

    python tests/equivalence/fuzz.py [--examples 2000] [--folder .cache/fuzz] [--ffmpeg PATH …]

Examples come in batches, each from a seed of its own. What a batch came to is written down when it is done, so a run
that is interrupted goes on where it was; delete the folder to begin anew. Exit code 1 if outputs differed, or if a rule
was hardly ever done: at least 50 times, on three kinds of files, else nobody knows whether it holds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from equivalence import clips  # noqa: E402 - the path is set above
from equivalence.harness import Bench  # noqa: E402
from equivalence.jobs import jobs, rule_sets  # noqa: E402
from mediapipeline.errors import JobError  # noqa: E402
from mediapipeline.ffmpeg.binary import find_ffmpeg  # noqa: E402
from mediapipeline.planner.optimize import RULES  # noqa: E402
from mediapipeline.planner.rule import Rule  # noqa: E402

_BATCH = 50
_LEAST, _CONTAINERS = 50, 3
_OPTIONAL = frozenset({"smart_cut"})
"""Rules of strategies that are off unless asked for."""


def main() -> int:
    options = argparse.ArgumentParser(description="Compare random jobs with rules and without.")
    options.add_argument("--examples", type=int, default=2000, help="for each FFmpeg (default: 2000)")
    options.add_argument("--folder", type=Path, default=ROOT / ".cache" / "fuzz", help="where results are kept")
    options.add_argument("--ffmpeg", action="append", help="an FFmpeg; may be given several times (default: the usual)")
    args = options.parse_args()
    done: list[dict[str, Any]] = []
    for program in args.ffmpeg or [None]:
        engine = find_ffmpeg(program)
        name = str(engine.ffmpeg).strip("/").replace("/", "-")
        folder = args.folder / name
        for clip in clips.RECIPES:
            clips.make(clip, folder / "work" / "clips", engine)
        bench = Bench(engine, folder / "work")
        for batch in range(-(-args.examples // _BATCH)):
            file = folder / f"batch-{batch}.json"
            if not file.exists():
                file.write_text(json.dumps(run(bench, batch), indent=1))
            found = json.loads(file.read_text())
            done.append(found)
            for each in found["differences"]:
                print(each, flush=True)
            print(f"{name}: {min((batch + 1) * _BATCH, args.examples)} of {args.examples}", file=sys.stderr, flush=True)
        shutil.rmtree(folder / "work")
    return report(done)


def run(bench: Bench, batch: int) -> dict[str, Any]:
    """One batch: what differed, and how often each rule changed something, by the kind of file."""
    differences: list[str] = []
    fired: Counter[str] = Counter()
    compared = 0

    @seed(batch)
    @settings(
        max_examples=_BATCH, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        deadline=None,
    )  # fmt: skip
    @given(job=jobs(), rules=rule_sets())
    def each(job: dict[str, Any], rules: tuple[Rule, ...]) -> None:
        nonlocal compared
        try:
            naive = bench.plan(job, ())
        except JobError:
            return
        try:
            quick = bench.plan(job, rules)
            found = bench.differences(job, naive, quick)
        except Exception as error:  # noqa: BLE001 - a long run goes on, and reports all
            found = [f"{type(error).__name__}: {error}"]
        else:
            suffixes = {source["source"].rpartition(".")[2] for source in job["inputs"]}
            fired.update(f"{rule}.{suffix}" for rule in quick.fired for suffix in suffixes)
        compared += 1
        if found:
            differences.append("\n  ".join([json.dumps(job), ", ".join(r.__name__ for r in rules), *found]))

    each()
    return {"compared": compared, "differences": differences, "fired": fired}


def report(batches: list[dict[str, Any]]) -> int:
    """Print the table, and return the exit code."""
    fired: Counter[str] = Counter()
    for batch in batches:
        fired.update(batch["fired"])
    differing = sum(len(batch["differences"]) for batch in batches)
    suffixes = sorted({key.partition(".")[2] for key in fired})
    print(f"{sum(batch['compared'] for batch in batches)} jobs compared, {differing} differ; jobs that a rule changed:")
    print(f"{'':22}{'all':>6}" + "".join(f"{suffix:>6}" for suffix in suffixes))
    rare = []
    for rule in RULES:
        counts = [fired[f"{rule.__name__}.{suffix}"] for suffix in suffixes]
        print(f"{rule.__name__:22}{sum(counts):6}" + "".join(f"{count:6}" for count in counts))
        if rule.__name__ not in _OPTIONAL and (sum(counts) < _LEAST or sum(map(bool, counts)) < _CONTAINERS):
            rare.append(rule.__name__)
    if rare:
        print(f"hardly ever done, so not tested: {', '.join(rare)}")
    return 1 if differing or rare else 0


if __name__ == "__main__":
    sys.exit(main())
