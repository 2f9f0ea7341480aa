"""Rules of the optimiser change how outputs are made, never what they are: random jobs, really run.

``make fuzz`` does the same thousands of times; see ``fuzz.py``.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from equivalence.harness import Bench
from equivalence.jobs import jobs, rule_sets
from mediapipeline.errors import JobError
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.engine import default_engine as default_engine_of
from mediapipeline.planner.rule import Rule

_MANY, _FEW = 100, 8


def test_outputs_are_the_same_with_rules_and_without(bench: Bench, engine: Engine, default_engine: Engine) -> None:
    if (default_engine_of(engine.ffmpeg).capabilities.version or (0,))[0] == 7:
        pytest.skip("7.0 forgets the frame rate at a setpts, so that half frames are rounded by whether there is one")

    @settings(
        max_examples=_MANY if engine == default_engine else _FEW,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
    )
    @given(job=jobs(), rules=rule_sets())
    def same(job: dict[str, Any], rules: tuple[Rule, ...]) -> None:
        try:
            naive = bench.plan(job, ())
        except JobError:
            assume(False)
            return
        quick = bench.plan(job, rules)
        found = bench.differences(job, naive, quick)
        assert not found, "\n".join([*found, f"changed by {', '.join(quick.fired)}", quick.plan.explain()])

    same()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(job=jobs(), data=st.data())
def test_the_order_of_rules_makes_no_other_plan(default_bench: Bench, job: dict[str, Any], data: st.DataObject) -> None:
    from mediapipeline.planner.optimize import RULES

    try:
        one = default_bench.plan(job, RULES)
    except JobError:
        assume(False)
        return
    other = default_bench.plan(job, tuple(data.draw(st.permutations(RULES))))
    assert one.plan.steps == other.plan.steps
