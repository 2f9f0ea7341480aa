"""A plan as a Mermaid flowchart: the job's operations, with what is copied, encoded, decoded once and not done at all.

Labels hold what users wrote: whatever ends a label or begins markup is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.planner.explain import describe_parameters
from mediapipeline.planner.sharing import decoded_once
from mediapipeline.steps.files import Final, Source, parse_token
from mediapipeline.steps.step import FFmpegStep

if TYPE_CHECKING:
    from mediapipeline.planner.plan import PlannedOutput, ProcessingPlan

__all__ = ["mermaid", "remarks"]

_MOST_DRAWN = 100  # of inputs, of operations and of outputs; Mermaid itself draws no more than 500 arrows
_WIDEST = 48  # characters of the parameters of an operation
_MOST_NAMED = 6
"""Outputs that a line names, and lines of a title."""


def mermaid(plan: ProcessingPlan) -> str:
    """See `ProcessingPlan.to_mermaid`."""
    lines = ["flowchart LR"]
    made: dict[str, str] = {}
    inputs, operations = plan.inputs[:_MOST_DRAWN], plan.operations[:_MOST_DRAWN]
    outputs = plan.outputs[:_MOST_DRAWN]
    more = sum(map(len, (plan.inputs, plan.operations, plan.outputs))) - len(inputs) - len(operations) - len(outputs)
    if more:
        lines.append(f'  more["… and {more:,} more"]')
    for number, source in enumerate(inputs):
        made[source.id] = f"in{number}"
        lines.append(f"  in{number}[/{_quoted(f'{source.id}: {source.source}')}/]")
    said = remarks(plan)
    for number, operation in enumerate(operations):
        given = shorten(describe_parameters(operation), _WIDEST, placeholder=" …")
        told = [operation.op, *([given] if given else []), *said.get(operation.path, ())]
        lines.append(f"  op{number}[{_quoted(*told)}]")
        read = [clip for clip in operation.inputs if clip in made][:_MOST_DRAWN]
        lines += [f"  {made[clip]} -->|{_quoted(clip)}| op{number}" for clip in read]
        made.update((clip, f"op{number}") for clip in operation.outputs)
    for number, (title, together) in enumerate(_processes(plan, outputs)):
        lines += [f"  subgraph process{number} [{title}]", *(f"    {each}" for each in together), "  end"]
    for number, output in enumerate(outputs):
        lines.append(f"  out{number}[({_quoted(f'{output.id}: {output.destination}')})]")
        streams = output.streams or [stream for file in output.files for stream in file.streams]
        ways = dict.fromkeys(f"{stream.kind}: {stream.way}" for stream in streams)
        if output.clip in made:
            lines.append(f"  {made[output.clip]} -->|{_quoted(', '.join(ways))}| out{number}")
    return "\n".join(lines) + "\n"


def remarks(plan: ProcessingPlan) -> Mapping[str, Sequence[str]]:
    """What else is to be known of operations, by path: that they are not done, or measure first."""
    found: dict[str, list[str]] = {}
    for operation in plan.operations:
        if operation.left_out is not None:
            found.setdefault(operation.path, []).append(f"left out: {operation.left_out}")
    steps = [step for step in plan.steps if isinstance(step, FFmpegStep)]
    measured = (step.operations.get(name) for step in steps for name in step.measures)
    for path in dict.fromkeys(measured):
        if path is not None:
            found.setdefault(path, []).append("measures in a pass of its own first")
    return found


def _processes(plan: ProcessingPlan, outputs: Sequence[PlannedOutput]) -> Iterable[tuple[str, list[str]]]:
    """What is written together: a title, and the names of outputs; of one output where its files share decoding."""
    writers: dict[str, list[FFmpegStep]] = {}
    for step in plan.steps:
        if isinstance(step, FFmpegStep):
            for name in _written(file.file for file in step.command.outputs):
                writers.setdefault(name, []).append(step)
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, output in enumerate(outputs):
        groups.setdefault(tuple(step.id for step in writers.get(output.id, ())), []).append(number)
    for numbers in groups.values():
        steps = writers.get(outputs[numbers[0]].id, [])
        shared = list(dict.fromkeys(line for step in steps for line in _shared(plan, step)))
        if steps and (len(numbers) > 1 or shared):
            process = "one process" if len(steps) == 1 else f"{len(steps)} processes"
            shown = [*shared[:_MOST_NAMED], *["…"] * (len(shared) > _MOST_NAMED)]
            yield _quoted(process, *shown), [f"out{number}" for number in numbers]


def _shared(plan: ProcessingPlan, step: FFmpegStep) -> Iterable[str]:
    """What *step* decodes once, and for which outputs."""
    media = {source.id: source.media for source in plan.inputs}
    for stream, files in decoded_once(step.command).items():
        name = _input(step, stream)
        if name is not None:
            kind = next(each.kind for each in media[name].streams if each.index == stream.index)
            takers = [f"{output} ({count} files)" if count > 1 else output for output, count in _written(files).items()]
            shown = ", ".join(takers[:_MOST_NAMED]) + ", …" * (len(takers) > _MOST_NAMED)
            yield f"{kind} of {name} decoded once for {shown}"


def _input(step: FFmpegStep, stream: InputStream) -> str | None:
    """The input of the job that *stream* is of; None where it is of what another step made."""
    token = step.command.inputs[stream.input].file
    source = parse_token(token)
    return source.id if isinstance(source, Source) else None


def _written(tokens: Iterable[str | None]) -> dict[str, int]:
    """The outputs of which *tokens* are files, and how many of each."""
    found: dict[str, int] = {}
    for token in tokens:
        file = None if token is None else parse_token(token)
        if isinstance(file, Final):
            found[file.id] = found.get(file.id, 0) + 1
    return found


def _quoted(*lines: str) -> str:
    """Lines of text inside Mermaid's quotes; entities stand for what would end them, or begin a directive (``%%``)."""
    escaped = (
        line.replace("#", "#35;").replace("%", "#37;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
        for line in lines
    )
    return f'"{"<br/>".join(escaped)}"'
