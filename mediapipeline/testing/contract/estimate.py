"""The check of what an operator estimates: possible, and of the right order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.executor.result import ExecutionResult
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Facts, Operator
from mediapipeline.steps.resources import Resources
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.imagined import UNKNOWN, Imagined, without
from mediapipeline.testing.contract.trial import Trial

__all__ = ["estimates"]

_FACTOR = 20
_CPU = Fraction(1)
_MEMORY = 64_000_000
"""An estimate of a tiny job is wrong only if it is so many times off, beyond a second and what a process needs anyway.
Wide, since machines are slow at times; a slip in a unit (nanoseconds, kilobytes, bits) is far beyond it."""


def estimates(trial: Trial) -> Iterator[Finding]:
    """What the operator estimates is possible, and within a (wide) factor of what a run used."""
    for case in trial.cases:
        yield from _impossible(trial, case)
    written = trial.written(trial.first)
    if written.ran is None:
        return
    cpu, memory = _used(written.ran.result)
    facts = _facts_of(trial, written.clips)
    planned = written.ran.planned.plan.resources.cpu_seconds
    for at in written.outputs:
        said = trial.operator(**trial.cases[at]).estimate(facts)
        if said is None:
            continue
        for text in _far_off(said, planned, cpu, memory):
            yield Finding(text=text, case=trial.cases[at], folder=written.ran.folder)


def _impossible(trial: Trial, case: Mapping[str, Any]) -> Iterator[Finding]:
    imagined, operator = Imagined(trial), trial.operator(**case)
    for what, names in {"everything is known": {}, **UNKNOWN}.items():
        info = without(imagined.first, names)
        if imagined.outcome(case, info) is not None:
            for text in _wrong(operator, imagined.facts(info)):
                yield Finding(text=f"where {what}, {text}", case=case)


def _wrong(operator: Operator, facts: Facts) -> Iterator[str]:
    try:
        said: object = operator.estimate(facts)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises
        yield f"estimate() raises {error!r}"
        return
    if said is None:
        return
    if not isinstance(said, Resources):
        yield f"estimate() gives {said!r}, not Resources"
    elif any(value is not None and value < 0 for value in attrs.astuple(said)):
        yield f"estimate() gives less than nothing: {said}"


def _far_off(said: Resources, planned: Fraction | None, cpu: Fraction, memory: int) -> Iterator[str]:
    if said.cpu_seconds is not None and said.cpu_seconds > _FACTOR * (cpu + _CPU):
        yield f"it estimates {float(said.cpu_seconds):g} CPU seconds, and the whole job used {float(cpu):.2f}"
    if said.memory is not None and said.memory > _FACTOR * (memory + _MEMORY):
        yield f"it estimates {said.memory} bytes of memory, and the whole job used {memory}"
    if planned is not None and cpu > _FACTOR * (planned + _CPU):
        yield f"the job used {float(cpu):.2f} CPU seconds, and {float(planned):g} were to be expected"


def _used(result: ExecutionResult) -> tuple[Fraction, int]:
    return Fraction(result.cpu_seconds or 0), max((step.peak_memory or 0 for step in result.steps), default=0)


def _facts_of(trial: Trial, clips: Mapping[str, MediaInfo]) -> Facts:
    """The facts that the operation on the first clip had."""
    job = trial.job()
    job.apply({}, job.clip(trial.first), "made")
    operation = job.operations[-1]
    names = operation.get("inputs", [operation.get("input")])
    if isinstance(names, dict):
        return Facts({port: [clips[name]] for port, name in names.items()})
    (port,) = trial.operator.definition.inputs
    return Facts({port: [clips[name] for name in names]})
