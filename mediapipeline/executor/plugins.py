"""Finding what runs the steps of plugins' own: what the host handed over, then what is installed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib import metadata

from mediapipeline.errors import PluginContractError, PluginLoadError
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps.plugin import StepRunner
from mediapipeline.steps.step import CustomStep

__all__ = ["GROUP", "find_runners"]

GROUP = "mediapipeline.steps"


def find_runners(plan: ProcessingPlan, given: Mapping[str, StepRunner]) -> dict[str, StepRunner]:
    """The runners that *plan* names.

    Args:
        plan: What is to run.
        given: Runners by name, which come before those that are installed. With ``MEDIAPIPELINE_PLUGINS=off`` in the
            environment there are no others.

    Raises:
        PluginLoadError: There is none of that name, or it cannot be imported.
        PluginContractError: What is installed under that name is no runner.
    """
    names = dict.fromkeys(step.runner for step in plan.steps if isinstance(step, CustomStep))
    return {name: given[name] if name in given else _installed(name) for name in names}


def _installed(name: str) -> StepRunner:
    if os.environ.get("MEDIAPIPELINE_PLUGINS", "").strip().lower() == "off":
        raise PluginLoadError(
            f"the plan has a step of {name!r}, and plugins are switched off (MEDIAPIPELINE_PLUGINS=off)"
        )
    points: Iterable[metadata.EntryPoint] = metadata.entry_points(group=GROUP, name=name)
    offers = {point.value: point for point in points}
    if not offers:
        raise PluginLoadError(
            f"the plan has a step of {name!r}, and no installed package runs such steps; install the one that the"
            " operator came with"
        )
    providers = sorted(f"{_distribution(point)}, entry point {point.name} = {point.value}" for point in offers.values())
    if len(offers) > 1:
        raise PluginLoadError(f"steps of {name!r} are run by several packages: {' and '.join(providers)}")
    ((value, point),) = offers.items()
    try:
        runner = point.load()()
    except Exception as error:  # whatever somebody else's module raises
        raise PluginLoadError(
            f"what runs steps of {name!r} cannot be made: {error!r}", provider=providers[0]
        ) from error
    if not callable(getattr(runner, "run", None)):
        raise PluginContractError(f"{value} makes {runner!r}, which has no method run()", provider=providers[0])
    found: StepRunner = runner
    return found


def _distribution(point: metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown distribution"
