"""A `RunReport` as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from mediapipeline.display import Bar, Markup, escaped, gantt, page, picture, preformatted, table
from mediapipeline.errors import Problems
from mediapipeline.ffmpeg.engine import ReadyEngine, default_engine
from mediapipeline.ffmpeg.look import look
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.show import flow_of, outputs_table
from mediapipeline.report.facts import RunReport
from mediapipeline.sources.policy import SourcePolicy

__all__ = ["Looks", "looks", "to_html"]

Looks: TypeAlias = Mapping[str, bytes]
"""A PNG for each input and each output, by ``input ID`` or ``output ID``."""

_UNKNOWN = "–"
_MOST_LOOKS = 12


def to_html(report: RunReport, looks: Looks | None = None) -> str:
    """The page.

    Args:
        report: What it is about.
        looks: Pictures of what went in and what came out; see `looks`.
    """
    plan, result = report.plan, report.result
    sections: list[tuple[str, list[Markup]]] = [("What came of it", list(_outcome(report)))]
    if plan is not None:
        sections += [
            ("The plan", [Markup(f'<div class="scroll">{flow_of(plan).to_svg()}</div>'), outputs_table(plan)]),
            ("When it ran", [_times(report)] if report.spans else []),
            ("Predicted and measured", [_resources(report)]),
        ]
    shown = [picture(png, name) for name, png in (looks or {}).items()]
    for what, there in (
        ("inputs", len(plan.inputs) if plan is not None else 0),
        ("outputs", len(result.outputs) if result is not None else 0),
    ):
        if shown and there > _MOST_LOOKS:
            shown.append(Markup(f"<p>… and {there - _MOST_LOOKS:,} more {what}</p>"))
    sections.append(("Before and after", shown))
    if plan is not None:
        rows = [(decision.by, decision.subject, decision.text) for decision in plan.decisions]
        warnings = [(d.subject, d.text) for d in plan.warnings]
        warnings += [("the run", text) for text in (result.warnings if result is not None else ())]
        sections += [
            ("Warnings", [table(("of", "what"), warnings)] if warnings else []),
            ("Decisions", [table(("by", "about", "what"), rows)] if rows else []),
            ("The plan in words", [preformatted(plan.explain())]),
            ("The plan as a shell script", [preformatted(plan.to_shell())]),
        ]
    return page(f"mediapipeline: {_ended(report)} in {report.wall_seconds:.2f} s", sections)


def looks(report: RunReport, base_dir: Path, *, engine: ReadyEngine | None = None) -> dict[str, bytes]:
    """A look at the first dozen of the inputs, and of the outputs, that are files here. FFmpeg runs, once for each.

    Args:
        report: Of a run that is over.
        base_dir: Folder that relative sources were looked up in.
        engine: The FFmpeg that decodes; default, the one that is found.

    Raises:
        EngineError: There is no FFmpeg.
    """
    engine = engine or default_engine()
    policy, refused = SourcePolicy(base_dir=base_dir), Problems()  # what is refused is no file here, and is not shown
    found: dict[str, bytes] = {}
    for source in report.plan.inputs[:_MOST_LOOKS] if report.plan is not None else ():
        path = policy.input_path(source.source, "", refused)
        if path is not None and path.is_file() and (png := look(path, source.media, engine=engine)) is not None:
            found[f"input {source.id}"] = png
    outputs = report.result.outputs.values() if report.result is not None else ()
    for output in islice(outputs, _MOST_LOOKS):
        if output.path.is_file() and (png := look(output.path, output.media, engine=engine)) is not None:
            found[f"output {output.id}"] = png
    return found


def _ended(report: RunReport) -> str:
    if report.error is not None:
        return "cancelled" if report.error.get("type") == "RunCancelledError" else "failed"
    return "done" if report.result is not None else "not run"


def _outcome(report: RunReport) -> Iterator[Markup]:
    if report.error is not None:
        yield Markup(f'<div class="bad">{preformatted(str(report.error.get("message", "it failed")))}</div>')
    if report.result is not None:
        rows = [
            (output.id, output.destination, f"{output.size:,}", "; ".join(output.checks))
            for output in report.result.outputs.values()
        ]
        yield table(("output", "file", "bytes", "verified"), rows, numbers=[2])
    elif report.error is None:
        yield escaped("nothing was run")


def _times(report: RunReport) -> Markup:
    assert report.plan is not None
    titles = {step.id: step.title for step in report.plan.steps}
    bars = [
        Bar(label=titles.get(span.step, span.step), start=span.start, end=span.end, failed=not span.finished)
        for span in report.spans
    ]
    return Markup(f'<div class="scroll">{gantt(bars, total=report.wall_seconds)}</div>')


def _resources(report: RunReport) -> Markup:
    plan, result = report.plan, report.result
    assert plan is not None
    used = {step.id: step for step in result.steps} if result is not None else {}
    rows: list[tuple[object, ...]] = []
    for step in plan.steps:
        mine, planned = used.get(step.id), step.resources
        rows.append((
            step.title,
            _seconds(planned.cpu_seconds), _seconds(mine.cpu_seconds if mine else None),
            _seconds(planned.duration), _seconds(mine.wall_seconds if mine else None),
            _megabytes(planned.memory), _megabytes(mine.peak_memory if mine else None),
        ))  # fmt: skip
    total = (
        "in total",
        _seconds(plan.resources.cpu_seconds), _seconds(result.cpu_seconds if result else None),
        _seconds(plan.resources.duration), _seconds(result.wall_seconds if result else None),
        _megabytes(plan.resources.memory), None,
    )  # fmt: skip
    head = (
        "step", "CPU s, predicted", "measured", "wall s, predicted", "measured", "memory MB, predicted", "measured",
    )  # fmt: skip
    lines = [_written(plan, report), *_waste(report)]
    words = "".join(f"<p>{escaped(line)}</p>" for line in lines)
    return Markup(f"{table(head, rows, numbers=range(1, 7), foot=total)}{words}")


def _waste(report: RunReport) -> Iterator[str]:
    waste = report.result.waste if report.result is not None else None
    if waste is None:
        return
    for what, done, needed in (
        ("decoded", waste.frames_decoded, waste.frames_to_decode),
        ("encoded", waste.frames_encoded, waste.frames_to_encode),
    ):
        if done is not None:
            yield f"frames {what}: {done}" + ("" if needed is None else f", of which {needed} had to be")
    yield f"processes: {waste.processes}; bytes of intermediate files: {waste.intermediate_bytes}"


def _written(plan: ProcessingPlan, report: RunReport) -> str:
    sizes = [output.size for output in report.result.outputs.values()] if report.result is not None else []
    measured = f", measured {_megabytes(sum(sizes))} MB in outputs" if sizes else ""
    return f"written to disk: predicted {_megabytes(plan.resources.disk_written)} MB{measured}"


def _seconds(value: float | Fraction | None) -> str:
    return _UNKNOWN if value is None else f"{float(value):.2f}"


def _megabytes(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value / 1e6:.1f}"
