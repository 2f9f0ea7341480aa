"""Validates, probes, plans and executes media jobs on FFmpeg.

The names below are the library's front door; the rest of the public names live in `mediapipeline.errors`, `.media`,
`.params`, `.steps`, `.operators`, `.sources` and `.testing`. Everything is imported on first use (PEP 562), so that
``import mediapipeline`` starts no process, reads no file and costs next to nothing. Nothing inside the library imports
from here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediapipeline._run import run
    from mediapipeline.errors import (
        EngineError,
        ExecutionError,
        JobError,
        MediaPipelineError,
        PluginError,
        Problem,
    )
    from mediapipeline.executor.executor import Executor
    from mediapipeline.executor.result import ExecutionResult
    from mediapipeline.graph.schema import job_schema
    from mediapipeline.media.info import MediaInfo
    from mediapipeline.planner.plan import ProcessingPlan
    from mediapipeline.planner.planner import Planner
    from mediapipeline.spec.build import JobBuilder
    from mediapipeline.spec.job import JobSpec
    from mediapipeline.spec.parts import Input, Operation, Output

__all__ = [
    "EngineError",
    "ExecutionError",
    "ExecutionResult",
    "Executor",
    "Input",
    "JobBuilder",
    "JobError",
    "JobSpec",
    "MediaInfo",
    "MediaPipelineError",
    "Operation",
    "Output",
    "Planner",
    "PluginError",
    "Problem",
    "ProcessingPlan",
    "__version__",
    "job_schema",
    "run",
]

__version__ = "0.1.0"

# Nothing is printed unless the host sets up logging: Python itself would print warnings that nobody handles.
logging.getLogger(__name__).addHandler(logging.NullHandler())

# Where each name is defined. A test holds this table, the imports above and __all__ against each other.
_DEFINED_IN = {
    "EngineError": "mediapipeline.errors",
    "ExecutionError": "mediapipeline.errors",
    "ExecutionResult": "mediapipeline.executor.result",
    "Executor": "mediapipeline.executor.executor",
    "Input": "mediapipeline.spec.parts",
    "JobBuilder": "mediapipeline.spec.build",
    "JobError": "mediapipeline.errors",
    "JobSpec": "mediapipeline.spec.job",
    "MediaInfo": "mediapipeline.media.info",
    "MediaPipelineError": "mediapipeline.errors",
    "Operation": "mediapipeline.spec.parts",
    "Output": "mediapipeline.spec.parts",
    "Planner": "mediapipeline.planner.planner",
    "PluginError": "mediapipeline.errors",
    "Problem": "mediapipeline.errors",
    "ProcessingPlan": "mediapipeline.planner.plan",
    "job_schema": "mediapipeline.graph.schema",
    "run": "mediapipeline._run",
}

if not TYPE_CHECKING:  # a type checker that saw __getattr__ would accept every misspelt name

    def __getattr__(name: str) -> object:
        module = _DEFINED_IN.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(module), name)
        return value

    def __dir__() -> list[str]:
        return sorted(set(globals()) | set(__all__))
