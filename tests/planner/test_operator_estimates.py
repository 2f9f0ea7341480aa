"""What operators say that they use counts: in the plan, and against the limits of a job."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from mediapipeline.errors import PluginContractError
from mediapipeline.operators import VIDEO, Category, Clip, Facts, Lowering, Operator, Registry, operator
from mediapipeline.steps import Resources
from planning import job, op, plan, problems

_GIGABYTE = 1_000_000_000


@operator("test.held", category=Category.TIMELINE, inputs=VIDEO, requires=["filter:reverse"])
class Held(Operator):
    """Play the picture backwards, which takes all of it into memory."""

    def estimate(self, facts: Facts) -> Resources:
        return Resources(cpu_seconds=Fraction(100), memory=3 * _GIGABYTE)

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "reverse")


@operator("test.silly", category=Category.TIMELINE, inputs=VIDEO)
class Silly(Operator):
    """Say a number where resources are asked for."""

    def estimate(self, facts: Facts) -> Any:
        return 3

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "reverse")


def _job(name: str, **fields: Any) -> dict[str, Any]:
    return job(op(name, "in", "out"), outputs={"out": "out.mp4"}, **fields)


def test_an_operators_own_estimate_stands_in_the_plan() -> None:
    made = plan(_job("test.held"), registry=Registry([Held]))
    assert made.operations[0].resources == Resources(cpu_seconds=Fraction(100), memory=3 * _GIGABYTE)
    assert (made.resources.memory or 0) > 3 * _GIGABYTE
    assert (made.resources.cpu_seconds or 0) > 100


def test_an_operation_that_no_output_needs_uses_nothing() -> None:
    document = job(op("test.held", "in", "aside"), outputs={"out": {"input": "in", "destination": "out.mp4"}})
    assert (plan(document, registry=Registry([Held])).resources.memory or 0) < _GIGABYTE


def test_a_job_that_allows_less_memory_is_refused() -> None:
    (problem,) = problems(_job("test.held", limits={"max_memory": 2 * _GIGABYTE}), registry=Registry([Held]))
    assert problem.code == "over-limit"


def test_what_are_no_resources_is_the_operators_fault() -> None:
    with pytest.raises(PluginContractError, match=r"estimate\(\) of operator 'test.silly' gives 3, not Resources"):
        plan(_job("test.silly"), registry=Registry([Silly]))
