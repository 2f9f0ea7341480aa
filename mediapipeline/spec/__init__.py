"""What the user asks: the job as a value, and the ways from a document to it."""

from __future__ import annotations

from mediapipeline.spec.job import Input, JobSpec, Limits, Loaded, Operation, Output, Reference, StreamChoice
from mediapipeline.spec.load import load, load_file, load_partly

__all__ = [
    "Input",
    "JobSpec",
    "Limits",
    "Loaded",
    "Operation",
    "Output",
    "Reference",
    "StreamChoice",
    "load",
    "load_file",
    "load_partly",
]
