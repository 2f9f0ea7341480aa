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
from mediapipeline.steps.measure import LateChain
from mediapipeline.steps.step import FFmpegStep

__all__ = ["Measuring", "measuring"]


@attrs.frozen
class Measuring:
    """The measurements of a plan.

    Attributes:
        steps: What makes them, in an order in which it can run.
        names: The instance name of each `Measure`, by its id.
    """

    steps: tuple[FFmpegStep, ...]
    names: Mapping[ir.NodeId, str]

    def before(self, late: Sequence[LateChain]) -> tuple[str, ...]:
        """Ids of the steps that must be done before *late* places can be filled."""
        wanted = {each.measure for each in late}
        return tuple(step.id for step in self.steps if wanted & set(step.measures))


def measuring(
    graph: ir.StreamGraph, demuxers: Mapping[str, tuple[str, ...]], machine: Machine, media: Mapping[str, MediaInfo]
) -> Measuring:
    """The steps that make the measurements of *graph*; see `mediapipeline.planner.schedule`."""
    names = {node.id: f"m{number}" for number, node in enumerate(graph.of(ir.Measure))}
    groups: dict[tuple[int, str], list[ir.Measure]] = {}
    if names:
        depths = _depths(graph)
        for node in graph.of(ir.Measure):
            groups.setdefault((depths[node.id], node.origin), []).append(node)
    made = Measuring((), names)
    for number, (_, group) in enumerate(sorted(groups.items(), key=lambda item: item[0][0])):
        build = CommandBuilder(graph, (), {}, demuxers, measured=names, measures=group)
        command = build.build({})
        durations = [node.info.duration for node in group]
        known = [duration for duration in durations if duration is not None]
        step = FFmpegStep(
            id=f"measure-{number}",
            title=f"measure {' and '.join(dict.fromkeys(f'{node.kind} by {node.name}' for node in group))}",
            needs=made.before(build.late),
            command=command,
            duration=max(known, default=Fraction(0)) if len(known) == len(durations) else None,
            operations=build.operations,
            resources=estimate_measures(graph, group, machine, media),
            measures={names[node.id]: node.measurement for node in group},
            late=tuple(build.late),
        )
        made = Measuring((*made.steps, step), names)
    return made


def _depths(graph: ir.StreamGraph) -> dict[ir.NodeId, int]:
    """How many measurements must be done before each node, one after the other."""
    depths: dict[ir.NodeId, int] = {}
    for node in graph:
        depths[node.id] = max((depths[name] + isinstance(graph[name], ir.Measure) for name in node.inputs), default=0)
    return depths
