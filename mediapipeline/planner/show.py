"""A plan as notebooks and reports show it: a drawing, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mediapipeline.display import Flow, FlowEdge, FlowNode, Markup, problem_list, table
from mediapipeline.errors import Problem
from mediapipeline.planner.explain import describe_media
from mediapipeline.planner.mermaid import mermaid, remarks

if TYPE_CHECKING:
    from mediapipeline.planner.plan import PlannedOutput, ProcessingPlan

__all__ = ["flow_of", "mimebundle", "outputs_table", "problems_bundle"]


def flow_of(plan: ProcessingPlan) -> Flow:
    """The drawing of a plan: what each output copies and encodes stands at its arrow."""
    nodes = [FlowNode(id=f"in:{part.id}", lines=(part.id, part.source), kind="input") for part in plan.inputs]
    makers = {part.id: f"in:{part.id}" for part in plan.inputs}
    edges: list[FlowEdge] = []
    said = remarks(plan)
    for operation in plan.operations:
        given = ", ".join(f"{name}={value}" for name, value in operation.parameters.items() if value is not None)
        lines = (operation.op, *([given] if given else []), *said.get(operation.path, ()))
        nodes.append(FlowNode(id=operation.path, lines=lines, kind="operation"))
        edges += [
            FlowEdge(source=makers[clip], target=operation.path, label=clip) for clip in dict.fromkeys(operation.inputs)
        ]
        makers.update((clip, operation.path) for clip in operation.outputs)
    for output in plan.outputs:
        id_ = f"out:{output.id}"
        nodes.append(FlowNode(id=id_, lines=(output.id, output.destination), kind="output"))
        edges.append(FlowEdge(source=makers[output.clip], target=id_, label=", ".join(_ways(output))))
    return Flow(nodes=tuple(nodes), edges=tuple(edges))


def outputs_table(plan: ProcessingPlan) -> Markup:
    """What each output will be, and how its streams come about."""
    rows = [
        (output.id, output.destination, describe_media(output.media), "; ".join(_ways(output)))
        for output in plan.outputs
    ]
    return table(("output", "destination", "what it will be", "how"), rows)


def mimebundle(plan: ProcessingPlan) -> dict[str, str]:
    """The forms in which a notebook can show a plan."""
    drawing = flow_of(plan).to_svg()
    return {
        "text/plain": plan.explain(),
        "text/html": f"{drawing}{outputs_table(plan)}",
        "image/svg+xml": drawing,
        "text/vnd.mermaid": mermaid(plan),
    }


def problems_bundle(problems: Sequence[Problem]) -> dict[str, str]:
    """The forms in which a notebook can show what is wrong with a job."""
    if not problems:
        return {"text/plain": "valid"}
    return {"text/plain": "\n".join(map(str, problems)), "text/html": problem_list(problems)}


def _ways(output: PlannedOutput) -> list[str]:
    streams = output.streams or [stream for file in output.files for stream in file.streams]
    return list(dict.fromkeys(f"{stream.kind}: {stream.way}" for stream in streams))
