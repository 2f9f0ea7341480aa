"""A folder of clips, made smaller: one job each, two at a time, the short ones first.

    python docs/examples/batch.py IN OUT [--workers 2]

What fails for a reason that may pass (a full disk, a process that hangs) is tried again by itself. Ctrl-C ends the jobs
that run; what is done is done, and nothing half-made is left.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mediapipeline import Executor, Planner
from mediapipeline.jobs import Job, JobQuery, JobRunner, JobStatus

SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".ts"}


def job(clip: Path, out: Path) -> dict[str, Any]:
    """A quarter of the picture, and the sound as it is."""
    return {
        "inputs": [{"id": "in", "source": str(clip)}],
        "operations": [{"op": "scale", "input": "in", "output": "small", "params": {"width": 320}}],
        "outputs": [{"id": "small", "destination": str(out / f"{clip.stem}.mp4"), "codec": {"video": "libx264"}}],
    }


def submit_all(runner: JobRunner, clips: Mapping[str, Path], out: Path) -> None:
    """Small files first: the less a job reads, the greater its priority."""
    for name, clip in clips.items():
        runner.submit(job(clip, out), id=name, priority=-clip.stat().st_size)


def every_job(runner: JobRunner) -> list[Job]:
    """All jobs of the store, page by page."""
    found: list[Job] = []
    query = JobQuery(limit=50)
    while True:
        page = runner.store.list(query)
        found += page.jobs
        if page.cursor is None:
            return found
        query = JobQuery(limit=50, cursor=page.cursor)


def report(jobs: list[Job]) -> Counter[JobStatus]:
    """Print what failed, and how many came to which end."""
    for each in jobs:
        if each.status is JobStatus.FAILED:
            print(f"{each.id}: {each.failure}", file=sys.stderr)
    counts = Counter(each.status for each in jobs)
    print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    return counts


def show(change: Job) -> None:
    begun = change.status is JobStatus.PROCESSING and change.progress == 0
    put_back = change.status is JobStatus.PENDING and change.started_at is not None
    if begun or put_back or change.terminal:
        print(f"{change.status:>10}  {change.id}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make every clip of a folder smaller.")
    parser.add_argument("source", type=Path, metavar="IN")
    parser.add_argument("target", type=Path, metavar="OUT")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(arguments)
    args.target.mkdir(parents=True, exist_ok=True)
    clips = {clip.name: clip for clip in sorted(args.source.iterdir()) if clip.suffix in SUFFIXES}
    runner = JobRunner(
        planner=Planner(), executor=Executor(), workers=args.workers, overwrite=True, on_change=show
    )  # fmt: skip
    submit_all(runner, clips, args.target)
    try:
        runner.run()
    except KeyboardInterrupt:
        report(every_job(runner))
        return 130
    return 0 if set(report(every_job(runner))) <= {JobStatus.COMPLETED} else 1


if __name__ == "__main__":
    raise SystemExit(main())
