"""From an upload to what a site shows: code of an application, as `test_publishing.py` beside it tests it.

An upload becomes two sizes for the page, its sound for listeners and a picture for lists. What may be tried again is
tried again; what may not says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mediapipeline import ExecutionError, Executor, JobError, Planner

__all__ = ["RENDITIONS", "Publishing", "PublishingError", "job_for"]

RENDITIONS: Mapping[str, tuple[int, int]] = {"hd": (1280, 720), "sd": (640, 360)}


class PublishingError(Exception):
    """An upload cannot be shown; `reasons` are for whoever sent it."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


def job_for(
    source: str, *, start: str | None = None, end: str | None = None, logo: str | None = None, sound: bool = True
) -> dict[str, Any]:
    """The job for an upload: part of it, with a logo on it, as wanted."""
    inputs = [{"id": "upload", "source": source}]
    operations: list[dict[str, Any]] = []
    clip = "upload"
    if start is not None or end is not None:
        times = {key: value for key, value in (("start", start), ("end", end)) if value is not None}
        operations.append({"op": "trim", "input": clip, "output": "part", "params": times})
        clip = "part"
    if logo is not None:
        inputs.append({"id": "logo", "source": logo})
        place = {"position": "top_right", "margin": 16}
        operations.append(
            {"op": "overlay", "inputs": {"base": clip, "overlay": "logo"}, "output": "branded", "params": place}
        )
        clip = "branded"
    outputs: list[dict[str, Any]] = []
    for name, (width, height) in RENDITIONS.items():
        box = {"width": width, "height": height, "fit": "contain"}
        operations.append({"op": "scale", "input": clip, "output": name, "params": box})
        outputs.append({"id": name, "destination": f"{name}.mp4"})
    operations.append({"op": "thumbnail", "input": clip, "output": "poster", "params": {"at": ["0s"]}})
    outputs.append({"id": "poster", "destination": "poster.png"})
    if sound:
        outputs.append({"id": "sound", "input": clip, "destination": "sound.m4a"})
    return {"inputs": inputs, "operations": operations, "outputs": outputs}


class Publishing:
    """Publishes uploads.

    Args:
        planner: Plans the jobs.
        executor: Runs them.
        tries: How often a job is tried whose failure may pass.
    """

    def __init__(self, planner: Planner, executor: Executor, *, tries: int = 3) -> None:
        self._planner = planner
        self._executor = executor
        self._tries = tries

    def publish(
        self, source: str, *, on_progress: Callable[[int], None] | None = None, **options: Any
    ) -> dict[str, str]:
        """Where each of the files is, by name; *on_progress* is called with whole percents, each once.

        Raises:
            PublishingError: It cannot be done.
        """
        try:
            plan = self._planner.plan(job_for(source, **options))
        except JobError as error:
            raise PublishingError(*(problem.message for problem in error.problems)) from error
        shown = [-1]

        def report(event: Any) -> None:
            percent = round(100 * getattr(event, "run_fraction", 0))
            if on_progress is not None and percent > shown[0]:
                shown[0] = percent
                on_progress(percent)

        for attempt in range(1, self._tries + 1):
            try:
                result = self._executor.run(plan, on_event=report, overwrite=True)
            except ExecutionError as error:
                if not error.retryable:
                    raise PublishingError("the upload is damaged") from error
                if attempt == self._tries:
                    raise PublishingError("try again later") from error
            else:
                return {name: str(output.path) for name, output in result.outputs.items()}
        raise AssertionError("at least one try is made")
