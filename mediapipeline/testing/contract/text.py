"""The check that text stays text: no string that a user gives becomes part of a graph, an expression or a path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mediapipeline.errors import MediaPipelineError, Problems
from mediapipeline.ffmpeg.filtergraph import Expr
from mediapipeline.params import ParameterInfo, parameters, structure
from mediapipeline.planner.streams import Filter
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.trial import Trial

__all__ = ["NASTY", "text_stays_text"]

NASTY = (
    "it's",
    'say "no"',
    "a:b",
    "a,b;c",
    "[v][0:a]",
    "%{pts} %{expr:1+1} 100%",
    "back\\slash\\",
    "'];[in]null[out",
    "two\nlines",
    "../../etc/passwd",
    "-i x.mp4",
    " space ",
    "$(id) `id`",
    "ünïcödé",
)
"""What users write, by mistake or not."""

_EVALUATED: Mapping[str, frozenset[str]] = {
    name: frozenset(options.split())
    for name, options in {
        "aeval": "exprs", "aevalsrc": "exprs", "afade": "", "aselect": "expr", "asetpts": "expr", "asetnsamples": "",
        "boxblur": "luma_radius lr chroma_radius cr alpha_radius ar", "crop": "w out_w h out_h x y",
        "drawbox": "x y w width h height t thickness", "drawgrid": "x y w width h height t thickness",
        "drawtext": "x y alpha fontsize fontcolor_expr expansion textfile fontfile",
        "eq": "contrast brightness saturation gamma gamma_r gamma_g gamma_b gamma_weight", "fps": "fps start_time",
        "geq": "lum_expr lum cb_expr cb cr_expr cr alpha_expr a red_expr r green_expr g blue_expr b",
        "hue": "h s H b", "lut": "c0 c1 c2 c3 y u v r g b a", "lutrgb": "r g b a", "lutyuv": "y u v a",
        "overlay": "x y", "pad": "width w height h x y", "pan": "args", "rotate": "angle a out_w ow out_h oh",
        "scale": "w width h height size s", "select": "expr e", "setpts": "expr", "settb": "expr tb",
        "vignette": "angle a x0 y0", "volume": "volume", "zoompan": "zoom z x y d",
        # Not evaluated but obeyed, or read as the name of a file.
        "sendcmd": "commands c filename f", "asendcmd": "commands c filename f", "movie": "filename",
        "amovie": "filename", "subtitles": "filename f force_style", "ass": "filename f", "lut3d": "file",
        "metadata": "file key value expr", "ametadata": "file key value expr", "curves": "psfile",
    }.items()
}  # fmt: skip
"""Options whose text FFmpeg evaluates, obeys, or opens as a file, by filter."""


def text_stays_text(trial: Trial) -> Iterator[Finding]:
    """Whatever is written into a parameter that takes text is refused as a problem, or is only text."""
    fields = [info.name for info in parameters(trial.operator) if _takes_text(info)]
    tried: list[tuple[str, str, dict[str, Any]]] = []
    for field in fields:
        for case in trial.cases:
            for text in NASTY:
                spoilt = _spoilt(trial, case, field, text)
                if spoilt is not None:
                    tried.append((field, text, spoilt))
            break  # the first case will do for each text
    runnable = []
    for field, text, case in tried:
        findings = list(_in_the_graph(trial, field, text, case))
        yield from findings
        if not findings:
            runnable.append((field, text, case))
    yield from _when_run(trial, runnable)


def _takes_text(info: ParameterInfo) -> bool:
    return "string" in info.type or any(_takes_text(field) for field in info.fields) or info.text.startswith("str")


def _spoilt(trial: Trial, case: Mapping[str, Any], field: str, text: str) -> dict[str, Any] | None:
    """*case* with *text* where the parameter *field* takes text; None where its declaration refuses that."""
    given = case.get(field)
    forms: list[Any] = [text, [text], {"text": text}]
    if isinstance(given, dict):
        forms = [{**given, key: text} for key, value in given.items() if isinstance(value, str)] or forms
    for form in forms:
        made = {**case, field: form}
        if structure(trial.operator, made, path="", problems=Problems()) is not None:
            return made
    return None


def _in_the_graph(trial: Trial, field: str, text: str, case: Mapping[str, Any]) -> Iterator[Finding]:
    """Where *text* is more than text among the filters that the operator lowers to."""
    job = trial.job()
    names = job.apply(case, job.clip(trial.first), "made")
    look = trial.look(job)
    if look.problems:
        return  # refused, with a reason
    job.write(*names)
    folder, document = trial.place(job, look.clips)
    try:
        graph = trial.plan(document, ()).graph
    except MediaPipelineError as error:
        yield Finding(
            text=f"{json.dumps(text)} in {field!r} ends in an error rather than in a problem: {error}", case=case,
            folder=folder, hint="limit what the parameter takes with a pattern",
        )  # fmt: skip
        return
    for node in graph.of(Filter):
        for option, value in node.options:
            written = value.text if isinstance(value, Expr) else value
            if not isinstance(written, str) or text.strip() not in written:
                continue
            if isinstance(value, Expr):
                why = "becomes part of an expression"
                hint = "a str option is text and always escaped; build an Expr from numbers and names of your own only"
            elif option == "enable" or option in _EVALUATED.get(node.name, ()):
                why = "is evaluated by FFmpeg, or opened as a file"
                hint = "take a number, a Literal or a parameter with a pattern there"
            elif (node.name, option) == ("drawtext", "text") and dict(node.options).get("expansion") != "none":
                why, hint = "is expanded by FFmpeg: %{…} in it is obeyed", 'give drawtext expansion="none"'
            else:
                continue
            yield Finding(
                text=f"{json.dumps(text)} in {field!r} {why}: option {option} of filter {node.name}", case=case,
                folder=folder, hint=hint,
            )  # fmt: skip


def _when_run(trial: Trial, tried: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[Finding]:
    """Run all of them in one job; where that fails, each in one of its own."""
    if not tried:
        return
    try:
        _run(trial, [case for _, _, case in tried])
    except MediaPipelineError as error:
        for field, text, case in tried:
            try:
                _run(trial, [case])
            except MediaPipelineError as alone:
                yield Finding(
                    text=f"{json.dumps(text)} in {field!r} makes the run fail: {alone}", case=case, folder=trial.last,
                    hint="refuse with a pattern, or with a Problem in check(), what FFmpeg does not take",
                )  # fmt: skip
                return
        yield Finding(text=f"texts in one job make it fail: {error}", folder=trial.last)


def _run(trial: Trial, cases: Sequence[Mapping[str, Any]]) -> None:
    job = trial.job()
    source = job.clip("short" if "short" in trial.clips else trial.first)
    for at, case in enumerate(cases):
        mark = job.mark()
        names = job.apply(case, source, f"text{at}")
        if trial.look(job).problems:
            job.back_to(mark)
        else:
            job.write(*names)
    if job.written:
        trial.run(job, trial.look(job).clips)
