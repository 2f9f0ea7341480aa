"""Rules of the optimiser change how outputs are made, never what they are: random jobs, really run.

``make fuzz`` does the same thousands of times; see ``fuzz.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from equivalence.harness import Bench
from equivalence.jobs import AIMS, any_jobs, rule_sets
from mediapipeline.errors import JobError
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.rule import Rule

_MANY, _FEW = 100, 8


def test_outputs_are_the_same_with_rules_and_without(bench: Bench, engine: Engine, default_engine: Engine) -> None:
    bench.skip_if_not_compared()

    @settings(
        max_examples=_MANY if engine == default_engine else _FEW,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
    )
    @given(job=any_jobs(), rules=rule_sets())
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
@given(job=any_jobs(), data=st.data())
def test_the_order_of_rules_makes_no_other_plan(default_bench: Bench, job: dict[str, Any], data: st.DataObject) -> None:
    from mediapipeline.planner.optimize import RULES

    try:
        one = default_bench.plan(job, RULES)
    except JobError:
        assume(False)
        return
    other = default_bench.plan(job, tuple(data.draw(st.permutations(RULES))))
    assert _what_runs(one.plan.steps) == _what_runs(other.plan.steps)


def test_aims_are_of_rules_and_a_rule_needs_none() -> None:
    from mediapipeline.planner.optimize import RULES

    assert set(AIMS) <= {each.__name__ for each in RULES}
    any_jobs(["a_rule_of_tomorrow"]).validate()


def _what_runs(value: Any) -> Any:
    """*value* without what may differ: whose name a filter bears that stands for two, and what is estimated."""
    if attrs.has(type(value)):
        fields = [each.name for each in attrs.fields(type(value))]
        return [(name, _what_runs(getattr(value, name))) for name in fields if name not in _TOLD]
    if isinstance(value, Mapping):
        return {key: _what_runs(each) for key, each in value.items()}
    return [_what_runs(each) for each in value] if isinstance(value, list | tuple) else value


_TOLD = frozenset({"instance", "operations", "resources"})
