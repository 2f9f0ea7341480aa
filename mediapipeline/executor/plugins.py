"""Finding what runs the steps of plugins' own: what the host handed over, then what is installed."""

from __future__ import annotations

from collections.abc import Mapping

from mediapipeline.errors import PluginContractError, PluginError, PluginLoadError
from mediapipeline.operators.discovery import SWITCH, distribution_of, entry_points, plugins_are_on
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
    faults: list[PluginError] = []  # of packages that cannot even be looked at
    if not plugins_are_on(faults):
        raise PluginLoadError(f"the plan has a step of {name!r}, and plugins are switched off ({SWITCH}=off)")
    points = [point for point in entry_points(GROUP, faults) if point.name == name]
    offers = {(distribution_of(point), point.value): point for point in points}
    if not offers:
        raise PluginLoadError(
            f"the plan has a step of {name!r}, and no installed package runs such steps; install the one that the"
            f" operator came with{''.join(f' ({fault})' for fault in faults)}"
        )
    providers = sorted(
        f"{distribution_of(point)}, entry point {point.name} = {point.value}" for point in offers.values()
    )
    if len(offers) > 1:
        raise PluginLoadError(f"steps of {name!r} are run by several packages: {' and '.join(providers)}")
    (point,) = offers.values()
    try:
        runner = point.load()()
    except (Exception, SystemExit) as error:  # whatever somebody else's module raises, or ends
        raise PluginLoadError(
            f"what runs steps of {name!r} cannot be made: {error!r}", provider=providers[0]
        ) from error
    if not callable(getattr(runner, "run", None)):
        raise PluginContractError(f"{point.value} makes {runner!r}, which has no method run()", provider=providers[0])
    found: StepRunner = runner
    return found
