"""`Graph`: the operations of a job in an order in which they can be done.

An edge is a clip, named as the job names it. A graph is a value; `mediapipeline.graph.build` makes it from a job.
"""

from __future__ import annotations

import graphlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import attrs

from mediapipeline.operators.base import Definition, Operator

__all__ = ["BoundOperation", "BoundOutput", "Graph", "stages"]

_K = TypeVar("_K", bound=Hashable)


@attrs.frozen(kw_only=True)
class BoundOperation:
    """An operation of the job with its operator.

    Attributes:
        path: JSON Pointer into the job: ``/operations/3``.
        operator: The operator with its parameters.
        inputs: Names of the clips at each port, in the order of the ports.
        outputs: Name of the clip that each output port gives.
    """

    path: str
    operator: Operator
    inputs: Mapping[str, tuple[str, ...]] = attrs.field(hash=False)
    outputs: Mapping[str, str] = attrs.field(hash=False)

    @property
    def definition(self) -> Definition:
        return self.operator.definition

    @property
    def needs(self) -> tuple[str, ...]:
        """Every clip that it takes, each once."""
        return tuple(dict.fromkeys(name for names in self.inputs.values() for name in names))


@attrs.frozen(kw_only=True)
class BoundOutput:
    """An output of the job with the clip that it writes."""

    path: str
    id: str
    clip: str


@attrs.frozen(kw_only=True)
class Graph:
    """The operations of a job, every one after those that make its inputs.

    Attributes:
        inputs: Ids of the inputs, with their JSON Pointers.
        operations: In an order in which they can be done; equals keep the order of the document.
        outputs: In the order of the document.
        stages: Paths of the operations by distance from the inputs: those of one stage do not need each other.
    """

    inputs: Mapping[str, str] = attrs.field(hash=False)
    operations: tuple[BoundOperation, ...]
    outputs: tuple[BoundOutput, ...]
    stages: tuple[tuple[str, ...], ...]


def stages(dependencies: Mapping[_K, Iterable[_K]]) -> tuple[tuple[_K, ...], ...]:
    """Keys in stages: each stage needs only what stands in the stages before it.

    >>> stages({"trim": [], "scale": ["trim"], "mix": ["trim"], "join": ["scale", "mix"]})
    (('trim',), ('scale', 'mix'), ('join',))

    Args:
        dependencies: What each key needs. Order within a stage is the order of the keys here.

    Raises:
        graphlib.CycleError: `args[1]` is the cycle, its first element repeated at the end.
    """
    sorter = graphlib.TopologicalSorter(dependencies)
    sorter.prepare()
    place: dict[_K, int] = {}
    for key, needed in dependencies.items():
        place.setdefault(key, len(place))
        for other in needed:
            place.setdefault(other, len(place))
    found = []
    while sorter.is_active():
        ready: Sequence[_K] = sorted(sorter.get_ready(), key=place.__getitem__)
        found.append(tuple(ready))
        sorter.done(*ready)
    return tuple(found)
