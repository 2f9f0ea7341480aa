"""Planning grows with the number of operations, whatever the shape of the job.

Counted, not timed: calls of functions, Python's and C's. What a job of few operations fills for the first time (caches
of texts and figures) is filled before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from counted import calls
from mediapipeline.testing import clip_info
from planning import job, op, plan

_MEDIA = {"in.mp4": clip_info(duration="9000s", audio=1), "b.mp4": clip_info(duration="9000s", audio=1)}


def _parts(count: int) -> list[dict[str, Any]]:
    return [op("trim", "in", f"p{n}", start=f"{9 * n}s", duration="3s") for n in range(count)]


def _join(left: str, right: str, made: str, kind: str = "concat") -> dict[str, Any]:
    return {"op": kind, "inputs": [left, right], "output": made}


def _leaning(count: int, kind: str = "concat") -> list[dict[str, Any]]:
    """Each part joined to all before it."""
    names = ["p0", *(f"j{n}" for n in range(1, count))]
    return [*_parts(count), *(_join(names[n - 1], f"p{n}", names[n], kind) for n in range(1, count))]


def _balanced(count: int) -> list[dict[str, Any]]:
    """Parts joined two by two, and what comes of them again."""
    steps = _parts(count)
    for at in range(count - 1):  # it takes two that nobody took before
        left, right = (steps[2 * at + n]["output"] for n in range(2))
        steps.append(_join(left, right, f"j{at}"))
    return steps


def _laid_over(count: int) -> list[dict[str, Any]]:
    """Pictures of all sizes, one on top of the other."""
    names = ["in", *(f"v{n}" for n in range(count))]
    steps: list[dict[str, Any]] = []
    for n in range(count):
        steps.append(op("scale", "b", f"s{n}", width=64 + 2 * n, height=36))
        steps.append({"op": "overlay", "inputs": {"base": names[n], "overlay": f"s{n}"}, "output": names[n + 1]})
    return steps


@pytest.mark.parametrize(
    "shape",
    [_leaning, lambda count: _leaning(count, "mix"), _balanced, _laid_over],
    ids=["joined one by one", "mixed", "joined two by two", "laid over each other"],
)
def test_calls_per_operation_stay_the_same(shape: Callable[[int], list[dict[str, Any]]]) -> None:
    few, many = _calls(shape(15)), _calls(shape(60))
    assert many < 4.4 * few


def test_a_part_of_what_is_nested_deeply_takes_no_more_calls_per_operation() -> None:
    """A cut gets down to the clips a few levels a round, and there are not as many rounds as levels."""

    def nested(count: int) -> list[dict[str, Any]]:
        joined = [_join("in" if n == 0 else f"j{n - 1}", "in", f"j{n}") for n in range(count)]
        return [*joined, op("trim", f"j{count - 1}", "part", start="500.01s", end="501s")]

    assert _calls(nested(160)) < 2.2 * _calls(nested(80))


def test_calls_per_still_stay_the_same() -> None:
    def stills(count: int) -> int:
        outputs: dict[str, Any] = {"out": {"destination": "out/", "format": "jpg"}}
        return _calls([op("thumbnail", "in", "out", at=[f"{9 * n}s" for n in range(count)])], outputs)

    assert stills(100) < 4.4 * stills(25)


def _calls(steps: list[dict[str, Any]], outputs: dict[str, Any] | None = None) -> int:
    inputs = {"in": "in.mp4", "b": "b.mp4"}
    wanted = job(*steps, inputs=inputs, outputs=outputs or {steps[-1]["output"]: "out.mp4"})
    plan(wanted, _MEDIA)
    return calls(lambda: plan(wanted, _MEDIA))
