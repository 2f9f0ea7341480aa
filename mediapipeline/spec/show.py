"""A job as notebooks show it: a drawing of its clips, and its outputs."""

from __future__ import annotations

from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from mediapipeline.display import Flow, FlowEdge, FlowNode, problem_list, table
from mediapipeline.errors import Problems, SpecError

if TYPE_CHECKING:
    from mediapipeline.spec.job import JobSpec

__all__ = ["flow_of", "mimebundle"]


def flow_of(spec: JobSpec) -> Flow:
    """The drawing of a job; a reference to nothing leads nowhere, and operations in a circle are left out."""
    nodes = [FlowNode(id=f"in:{part.id}", lines=(part.id, part.source), kind="input") for part in spec.inputs]
    makers = {part.id: f"in:{part.id}" for part in spec.inputs}
    edges: list[FlowEdge] = []
    for number in _in_order(spec):
        operation, id_ = spec.operations[number], f"op:{number}"
        shown = ", ".join(f"{name}={value}" for name, value in operation.params.items())
        nodes.append(FlowNode(id=id_, lines=(operation.op, *([shown] if shown else [])), kind="operation"))
        edges += [
            FlowEdge(source=makers[read.clip], target=id_, label=read.clip)
            for read in operation.reads
            if read.clip in makers
        ]
        makers.update((made.clip, id_) for made in operation.makes)
    for output in spec.outputs:
        id_ = f"out:{output.id}"
        nodes.append(FlowNode(id=id_, lines=(output.id, output.destination), kind="output"))
        if output.clip in makers:
            edges.append(FlowEdge(source=makers[output.clip], target=id_, label=output.clip))
    return Flow(nodes=tuple(nodes), edges=tuple(edges))


def _in_order(spec: JobSpec) -> list[int]:
    """The numbers of the operations, each after all that it needs."""
    made = {clip.clip: number for number, operation in enumerate(spec.operations) for clip in operation.makes}
    needs = {
        number: {made[read.clip] for read in operation.reads if read.clip in made}
        for number, operation in enumerate(spec.operations)
    }
    sorter = TopologicalSorter(needs)
    with suppress(CycleError):  # what is in a circle never becomes ready; whoever plans the job says what it is
        sorter.prepare()
    order: list[int] = []
    while ready := sorter.get_ready():
        order += sorted(ready)
        sorter.done(*ready)
    return order


def mimebundle(spec: JobSpec) -> dict[str, str]:
    """The forms in which a notebook can show a job: as much of it as is sound, and what is wrong with the rest."""
    problems = Problems()
    sound = spec.parse(spec, problems).spec
    if sound is None:  # not even that
        return {"text/plain": str(SpecError(problems))}
    found = _sound(sound)
    if not problems:
        return found
    wrong = "".join(f"\n{problem}" for problem in problems)
    return {
        **found,
        "text/plain": f"{found['text/plain']}; wrong with it:{wrong}",
        "text/html": f"{found['text/html']}{problem_list(list(problems))}",
    }


def _sound(spec: JobSpec) -> dict[str, str]:
    parts = (("input", spec.inputs), ("operation", spec.operations), ("output", spec.outputs))
    counts = ", ".join(f"{len(items)} {word}{'' if len(items) == 1 else 's'}" for word, items in parts)
    rows = [(output.id, output.destination, output.clip) for output in spec.outputs]
    drawing = flow_of(spec).to_svg()
    return {
        "text/plain": f"JobSpec: {counts}",
        "text/html": f"{drawing}{table(('output', 'destination', 'clip'), rows)}",
        "image/svg+xml": drawing,
    }
