"""`Trace`: the seam for tracing and timing: a function that opens a span around a piece of work.

Planner, executor and job runner take one and call it around what takes time; what a span is, is the host's business. It
is the form that OpenTelemetry's tracers have already (``docs/how-to/observe.md``). The spans:

==========================  ==========================================================  ============================
name                        around                                                      attributes
==========================  ==========================================================  ============================
``mediapipeline.job``       one attempt at a job, by a job runner                       ``job.id``, ``job.attempt``
``mediapipeline.fetch``     fetching one input                                          ``input.id``
``mediapipeline.plan``      planning, probing included
``mediapipeline.probe``     probing one input                                           ``input.id``
``mediapipeline.optimize``  the rules of the optimiser
``mediapipeline.run``       a run, from its first check to its published outputs        ``run.steps``, ``run.outputs``
``mediapipeline.step``      a step, from the moment in which it has its cores           ``step.id``, ``step.title``,
                                                                                        ``step.cpus``
``mediapipeline.verify``    looking at one output                                       ``output.id``
``mediapipeline.publish``   giving outputs their final names; by a publisher, one       ``output.id`` with a publisher
==========================  ==========================================================  ============================

Spans nest by context variables, across the threads and tasks of the library too. This module imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

__all__ = ["Trace", "no_trace"]

Trace: TypeAlias = Callable[[str, Mapping[str, str | int]], AbstractContextManager[object]]
"""Opens a span of that name and with these attributes for as long as its ``with`` block lasts.

The block may end with any exception, cancellation included, which must be passed on.
"""


def no_trace(name: str, attributes: Mapping[str, str | int]) -> AbstractContextManager[object]:  # noqa: ARG001 - a Trace
    """The trace of those who want none."""
    return nullcontext()
