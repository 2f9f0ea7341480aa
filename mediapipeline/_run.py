"""`mediapipeline.run`: from a job document to verified files, with the defaults of every service.

For scripts and for a first try. It adds nothing to what `Planner` and `Executor` do; whoever needs other settings than
these uses them directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from mediapipeline.executor.events import Event
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.planner.planner import Planner
from mediapipeline.spec.job import JobSpec
from mediapipeline.spec.load import load, load_file

__all__ = ["run"]


def run(
    job: JobSpec | Mapping[str, Any] | str | PathLike[str],
    *,
    base_dir: str | PathLike[str] | None = None,
    overwrite: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> ExecutionResult:
    """Plan a job, execute it and verify what it made.

    Args:
        job: A `JobSpec`, a document as a mapping, or the path of a JSON file.
        base_dir: Folder that relative sources and destinations are looked up in. Default: the folder of the JSON file,
            otherwise the current one.
        overwrite: Whether outputs that exist already may be replaced.
        on_event: Called with every event of the run, in order.

    Raises:
        JobError: Something is wrong with the job; `problems` lists all of it.
        ExecutionError: The plan failed while it ran. Nothing partial is left under a final name.
    """
    if isinstance(job, str | PathLike):
        path = Path(job)
        spec = load_file(path)
        base = path.parent if base_dir is None else Path(base_dir)
    else:
        spec = job if isinstance(job, JobSpec) else load(job)
        base = Path() if base_dir is None else Path(base_dir)
    plan = Planner(base_dir=base).plan(spec)
    return Executor().run(plan, overwrite=overwrite, on_event=on_event)
