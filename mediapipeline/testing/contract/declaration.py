"""Checks of what an operator declares: documentation, JSON forms, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mediapipeline.errors import MediaPipelineError, Problem, Problems, SpecError
from mediapipeline.params import ParameterInfo, json_schema, parameters, structure, unstructure
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.trial import Trial

__all__ = ["documented", "refused", "requirements_declared", "round_trip"]

Params = Mapping[str, Any]
Invalid = Params | tuple[Params, str]

_LONGEST = 100
"""Characters of a summary: lists show it on one line."""


def documented(trial: Trial) -> Iterator[Finding]:
    """The docstring and the documentation of every parameter say something, and the schema is JSON."""
    definition = trial.operator.definition
    if len(definition.summary) > _LONGEST:
        yield Finding(
            text=f"the first line of its docstring has {len(definition.summary)} characters",
            hint=f"say what it does in one sentence of at most {_LONGEST}; details go below",
        )
    if not re.search(r"[.!?]$", definition.summary):
        yield Finding(
            text=f"the first line of its docstring is no sentence: {definition.summary!r}",
            hint="end it with a full stop; it stands alone in lists",
        )
    for path, parameter in _all(parameters(trial.operator)):
        if not parameter.doc.strip():
            yield Finding(
                text=f"parameter {path!r} has no documentation", hint='write Annotated[…, Param("What it is for")]'
            )
        elif parameter.doc.strip().casefold() == parameter.name.replace("_", " ").casefold():
            yield Finding(text=f"the documentation of {path!r} only repeats its name: {parameter.doc!r}")
    try:
        json.dumps(json_schema(trial.operator), allow_nan=False)
    except (TypeError, ValueError) as error:
        yield Finding(text=f"its schema is not JSON: {error}")


def _all(infos: Sequence[ParameterInfo], path: str = "") -> Iterator[tuple[str, ParameterInfo]]:
    for info in infos:
        yield path + info.name, info
        yield from _all(info.fields, f"{path}{info.name}.")


def round_trip(trial: Trial) -> Iterator[Finding]:
    """Every case is accepted, written as JSON, and read again as the same."""
    for case in trial.cases:
        problems = Problems()
        made = structure(trial.operator, dict(case), path="", problems=problems)
        if made is None:
            yield Finding(text="this case is not accepted: " + _listed(list(problems)), case=case)
            continue
        for omit in (False, True):
            written = unstructure(made, omit_defaults=omit)
            try:
                text = json.dumps(written, allow_nan=False)
            except (TypeError, ValueError) as error:
                yield Finding(text=f"its parameters are not written as JSON: {error}", case=case)
                break
            again = structure(trial.operator, json.loads(text), path="", problems=problems)
            if again != made:
                what = _listed(list(problems)) if again is None else repr(again)
                yield Finding(
                    text=f"its parameters change on the way through JSON: {text} is read as {what}", case=case,
                    hint="every parameter has to be one of the declared fields, and comparable",
                )  # fmt: skip
                break


def refused(trial: Trial, invalid: Sequence[Invalid]) -> Iterator[Finding]:
    """What has to be refused is, with the path of the parameter, from a document and in Python."""
    for each in invalid:
        case, path = each if isinstance(each, tuple) else (each, None)
        problems = Problems()
        structure(trial.operator, dict(case), path="", problems=problems)
        early = list(problems)
        try:
            found = early or _refused_at_planning(trial, case)
        except MediaPipelineError as error:
            yield Finding(text=f"this ends in an error rather than in a problem: {error}", case=case)
            continue
        if not found:
            yield Finding(
                text="this is accepted, and has to be refused", case=case,
                hint="limit the parameter (ge, le, pattern, …), add a rule, or yield a Problem in check()",
            )  # fmt: skip
            continue
        wanted = [path] if path is not None else _paths(case)
        if not case and path is None:
            continue  # what is needed and missing may be any of the parameters
        if not any(problem.path in wanted or problem.path.startswith(tuple(f"{w}/" for w in wanted if w))
                   for problem in found):  # fmt: skip
            yield Finding(
                text=f"it is refused at {', '.join(repr(p.path) for p in found)}, and wrong is "
                f"{' or '.join(map(repr, wanted))}: {_listed(found)}",
                case=case, hint="the path of a Problem is relative to the parameters: '/start'",
            )  # fmt: skip
        if not early:
            yield from _unhelpful(found, case)
        else:
            try:
                trial.operator(**case)
            except SpecError:
                pass
            except TypeError as error:
                yield Finding(text=f"in Python it is refused with a TypeError: {error}", case=case)
            else:
                yield Finding(text="it is refused in a document and accepted in Python", case=case)


def _paths(case: Params) -> list[str]:
    """Where a problem of *case* may be: at what it says; as a whole where it says several things."""
    given = [f"/{name}" for name in case]
    return given if len(given) == 1 else [*given, ""]


def _refused_at_planning(trial: Trial, case: Params) -> list[Problem]:
    job = trial.job()
    job.apply(case, job.clip(trial.first), "made")
    path = f"/operations/{len(job.operations) - 1}"
    below = [p for p in trial.look(job).problems if p.path.startswith(path)]
    return [Problem(p.path.removeprefix(path).removeprefix("/params"), p.code, p.message, p.hint) for p in below]


def _unhelpful(problems: Sequence[Problem], case: Params) -> Iterator[Finding]:
    for problem in problems:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem.code):
            yield Finding(text=f"the code of a problem is not kebab-case: {problem.code!r}", case=case)
        if not problem.message.strip() or not (problem.hint or "").strip():
            yield Finding(
                text=f"a problem has no {'hint' if problem.message.strip() else 'message'}: {problem}", case=case,
                hint="say what would be right: Problem(path, code, message, hint)",
            )  # fmt: skip


def _listed(problems: Sequence[Problem]) -> str:
    return "; ".join(map(str, problems))


def requirements_declared(trial: Trial) -> Iterator[Finding]:
    """What the operator lowers to is what it says that FFmpeg must have."""
    from mediapipeline.planner.streams import Choice, Filter, Measure

    said = set(trial.operator.definition.requires)
    for clip, written in trial.each_written():
        if written.ran is None:
            continue
        used: set[str] = set()
        for node in written.ran.planned.graph:
            if not node.origin.startswith("/operations"):
                continue
            if isinstance(node, Filter):
                used.add(f"filter:{node.name}")
            elif isinstance(node, Measure):
                used |= {f"filter:{part.name}" for part in node.filters}
            elif isinstance(node, Choice):
                used |= {f"filter:{part.name}" for chosen in node.cases for part in chosen.filters}
        if missing := sorted(used - said):
            yield Finding(
                text=f"it uses what it does not require: {', '.join(missing)}", clip=clip, folder=written.ran.folder,
                hint="name it in requires=[…], so that an FFmpeg without it is found out when the job is planned",
            )  # fmt: skip
            return
