"""Scheduling measurements: the processes that must be done before what depends on them can be said.

Measurements of one operation that do not wait for each other are made by one process, which decodes nothing but what
they look at, through the same filters that the stream has passed where their result is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.planner import streams as ir
from mediapipeline.planner.command import CommandBuilder
from mediapipeline.planner.estimate import estimate_measures
from mediapipeline.planner.machine import Machine
from mediapipeline.steps.late import LateChain
from mediapipeline.steps.step import FFmpegStep

__all__ = ["Measuring", "measuring"]


@attrs.frozen
class Measuring:
    """The measurements of a plan.

    Attributes:
        steps: What makes them, in an order in which it can run.
        names: The instance name of each `Measure`, by its id.
        makers: Id of the step that makes each measurement, by its instance name.
    """

    steps: Sequence[FFmpegStep]
    names: Mapping[ir.NodeId, str]
    makers: Mapping[str, str]

    def before(self, late: Sequence[LateChain]) -> tuple[str, ...]:
        """Ids of the steps that must be done before *late* places can be filled."""
        return tuple(dict.fromkeys(self.makers[each.measure] for each in late))


def measuring(
    graph: ir.StreamGraph,
    demuxers: Mapping[str, tuple[str, ...]],
    machine: Machine,
    media: Mapping[str, MediaInfo],
    extra: Mapping[ir.NodeId, tuple[str, str]],
) -> Measuring:
    """The steps that make the measurements of *graph*; see `mediapipeline.planner.schedule`.

    *extra* are streams that other steps prepare; see `CommandBuilder`.
    """
    names = {node.id: f"m{number}" for number, node in enumerate(graph.of(ir.Measure))}
    steps: list[FFmpegStep] = []
    makers: dict[str, str] = {}
    made = Measuring(steps, names, makers)
    for number, group in enumerate(_groups(graph)):
        build = CommandBuilder(graph, (), extra, demuxers, measured=names, measures=group)
        command = build.build({})
        durations = [node.info.duration for node in group]
        known = [duration for duration in durations if duration is not None]
        step = FFmpegStep(
            id=f"measure-{number}",
            title=f"measure {' and '.join(dict.fromkeys(f'{node.kind} by {_meters(node)}' for node in group))}",
            needs=made.before(build.late),
            command=command,
            duration=max(known, default=Fraction(0)) if len(known) == len(durations) else None,
            operations=build.operations,
            resources=estimate_measures(graph, group, machine, media),
            measures={names[node.id]: node.measurement for node in group},
            late=tuple(build.late),
        )
        steps.append(step)
        makers.update((name, step.id) for name in step.measures)
    return made


def _meters(node: ir.Measure) -> str:
    """The filters of *node* that tell something; the others prepare what they look at."""
    told = node.measurement.tellers
    return " and ".join(dict.fromkeys(part.name for part in node.filters if part.name in told or not told))


def _groups(graph: ir.StreamGraph) -> list[list[ir.Measure]]:
    """What can be measured together; those that wait for fewer others come first."""
    measures = graph.of(ir.Measure)
    if not measures:
        return []
    depths: dict[ir.NodeId, int] = {}  # how many must be done before each node, one after the other
    for node in graph:
        depths[node.id] = max((depths[name] + isinstance(graph[name], ir.Measure) for name in node.inputs), default=0)
    groups: dict[tuple[int, str], list[ir.Measure]] = {}
    for measure in measures:
        groups.setdefault((depths[measure.id], measure.origin), []).append(measure)
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]
