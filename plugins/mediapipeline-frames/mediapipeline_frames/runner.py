"""Runs the steps: a process for each, which the executor ends with the run, and what its failures mean."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from mediapipeline.errors import ExecutionError
from mediapipeline.steps import CustomStep, ReaderGone, StepContext
from mediapipeline_frames.allowed import is_allowed

__all__ = ["FramesRunner"]

_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""glibc: keep what a frame took for the next, rather than have the system clear new memory for each."""
_NOBODY_READS = 32  # the exit code of the worker that lost its reader


class FramesRunner:
    """Runs Python functions over the frames of a stream, each in a process of its own."""

    async def run(self, step: CustomStep, context: StepContext) -> None:
        """See `mediapipeline.steps.StepRunner`.

        Raises:
            ExecutionError: The function failed, or is not allowed: plans may have been made elsewhere.
        """
        name = step.parameters.get("function")
        if not isinstance(name, str) or not is_allowed(name):
            raise self._failed(step, f"the host does not allow jobs to run {name}")
        if not sys.executable:
            raise self._failed(step, "this program embeds Python, and there is no interpreter to run functions with")
        request, told = context.folder / "request.json", context.folder / "told.json"
        (opened,) = step.opened or (None,)
        request.write_text(
            json.dumps(
                {
                    **step.parameters,
                    "source": str(context.path(step.inputs[0])),
                    "target": str(context.path(step.output)),
                    "opened": None if opened is None else {"index": opened.index, "demuxers": opened.demuxers},
                    "threads": context.threads,
                    "told": str(told),
                }
            )
        )
        # -P: the working directory must not shadow modules of the host.
        argv = [sys.executable, "-P", "-m", "mediapipeline_frames.worker", str(request)]
        env = {"PYTHONPATH": _module_path(), "PYTHONUNBUFFERED": "1", **_MEMORY}
        outcome = await context.run_process(argv, env=env)
        if outcome.exit_code == _NOBODY_READS:
            raise ReaderGone
        said: dict[str, Any] = json.loads(told.read_text()) if told.exists() else {}
        if "fault" in said:
            raise self._failed(step, _fault(name, said["fault"]))
        if "unreadable" in said:
            raise self._failed(step, f"the stream for {name} cannot be read: {said['unreadable']}")
        if outcome.exit_code != 0:
            ended = f"signal {-outcome.exit_code}" if outcome.exit_code < 0 else f"exit code {outcome.exit_code}"
            text = outcome.stderr.strip()
            raise self._failed(step, f"the process of {name} ended with {ended}" + (f"\n{text}" if text else ""))
        if "damaged" in said:
            context.damaged(
                f"{said['damaged']} frames for {name} are damaged or missing, from {said['first']:.6g} s on"
            )

    @staticmethod
    def _failed(step: CustomStep, message: str) -> ExecutionError:
        return ExecutionError(message, step=step.id, operator=step.operation)


def _module_path() -> str:
    """Where the host finds its modules."""
    return os.pathsep.join(dict.fromkeys(os.path.abspath(folder) for folder in sys.path))


def _fault(name: str, fault: dict[str, Any]) -> str:
    where = "" if fault["number"] is None else f" at {fault['unit']} {fault['number']} ({float(fault['time']):.6g} s)"
    trace = "\n".join(f"  | {line}" for line in fault["trace"].splitlines())
    return f"{name} failed{where}: {fault['message']}" + (f"\n{trace}" if trace else "")
