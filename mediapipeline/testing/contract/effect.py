"""The check that every parameter counts: two values of it that are far apart give other facts, frames or samples.

Values are those of the cases, of the declaration (choices, examples, limits), and some that suit the type. Whether a
value may matter at all is seen in the plan, for every clip; whether it does, in what comes out.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.errors import JobError, MediaPipelineError, Problems
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.timecode import format_time, parse_duration
from mediapipeline.params import ParameterInfo, parameters, structure
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps import Resources, Step
from mediapipeline.testing.contract.content import differences
from mediapipeline.testing.contract.failed import failed
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.ran import Ran
from mediapipeline.testing.contract.trial import Trial, Written

__all__ = ["every_parameter_counts"]

_SUITING: Mapping[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "duration": ("1/5", "3/5"),
    "timecode": ("1/5", "3/5"),
    "resolution": ("32x32", "40x24"),
    "string": ("abc", "red", "#00ff00", "12"),
}
"""Values to try of a type, where they are legal."""
_MOST_VALUES = 8
_RUN_AT_ONCE = 2
"""Of the values of one parameter that make another plan, so many are run on a clip."""
_MOST_RUNS = 3
"""Clips on which they are."""


@attrs.frozen
class _Change:
    """A case with another value of one parameter."""

    parameter: ParameterInfo
    at: int
    """The place of the case that it changes."""
    before: Any
    now: Any
    case: Mapping[str, Any]

    @property
    def output(self) -> str:
        """A name for what comes of it."""
        digest = zlib.crc32(_shown(self.case).encode())
        return f"{self.parameter.name}_{self.at}_{digest:08x}"

    @property
    def declared(self) -> bool:
        """Whether the declaration says that FFmpeg takes the value: a text may be anything."""
        return not isinstance(self.now, str) or self.now in self.parameter.choices

    def __str__(self) -> str:
        return f"{self.parameter.name}={_shown(self.before)} and {self.parameter.name}={_shown(self.now)}"


def every_parameter_counts(trial: Trial, unseen: Mapping[str, str]) -> Iterator[Finding]:
    """Every parameter has two values that make a difference, but for those of which *unseen* says why it does not."""
    search = _Search(trial, [info for info in parameters(trial.operator) if info.name not in unseen])
    if search.left and trial.clips:
        trial.written(trial.first)  # where that fails there is nothing to compare with
    for clip in trial.clips:
        if search.left:
            search.look_at(clip)
    yield from search.findings
    for name in search.left:
        known = f"where no clip of the contract shows what it does, say so in the contract: unseen = {{{name!r}: '…'}}"
        if name in search.ran:
            change, ran = search.ran[name]
            yield Finding(
                text=f"{name!r} changes nothing that is seen or heard: {change} give the same frames and samples",
                case=change.case, folder=ran.folder, outputs=(change.output,), rules="all",
                hint=f"look at what the filter makes of it; {known}",
            )  # fmt: skip
        elif name in search.planned:
            change = search.planned[name]
            yield Finding(
                text=f"{name!r} changes nothing: {change} give the same plan", case=change.case,
                hint=f"use self.{name} in lower(), and in infer() if it changes facts; {known}",
            )  # fmt: skip
        else:
            yield Finding(
                text=f"no clip takes two values of {name!r} that are known, so that nobody sees what it does",
                hint=f"add a case that sets {name!r}, or examples=(…) to its Param; {known}",
            )  # fmt: skip


def _changes(trial: Trial, info: ParameterInfo) -> Iterator[_Change]:
    """Each case with each other legal value of a parameter."""
    default = () if info.required else (info.default,)
    given = [case[info.name] for case in trial.cases if info.name in case]
    values: list[Any] = []
    parts = [part for value in given if isinstance(value, list | tuple) for part in (value[:1], value[::-1])]
    for value in itertools.chain(given, info.choices, info.examples, _far_apart(info), _suiting(info), default, parts):
        if value not in values:
            values.append(value)
    bases = [structure(trial.operator, dict(case), path="", problems=Problems()) for case in trial.cases]
    for value in values[:_MOST_VALUES]:  # each first with every case: it may matter in one only
        for at, (case, base) in enumerate(zip(trial.cases, bases, strict=True)):
            made = {**case, info.name: value}
            other = structure(trial.operator, made, path="", problems=Problems())
            if base is not None and other is not None and other != base:
                yield _Change(info, at, case.get(info.name, info.default), value, made)


def _far_apart(info: ParameterInfo) -> Iterator[Any]:
    """Numbers and times at the limits of a parameter, and between them."""
    kinds = info.type.split(" | ")
    if not {"int", "float", "duration"} & set(kinds):
        return
    low, high = _limit(info, "ge", "gt"), _limit(info, "le", "lt")
    usual = Fraction(info.default) if isinstance(info.default, int | float) else Fraction(1)
    if low is None:
        low = usual - abs(usual) if high is None else high - abs(usual) - 1
    if high is None:
        high = low + 2 * abs(usual) + 1
    for share in (Fraction(1), Fraction(0), Fraction(3, 4), Fraction(1, 4)):
        value = low + (high - low) * share
        if "duration" in kinds:
            yield format_time(value)
        else:
            yield float(value) if "float" in kinds else round(value)


def _limit(info: ParameterInfo, *names: str) -> Fraction | None:
    found = next((info.constraints[name] for name in names if name in info.constraints), None)
    if found is None or isinstance(found, str):
        return None if found is None else parse_duration(found)
    return Fraction(found)


def _suiting(info: ParameterInfo) -> Iterator[Any]:
    for kind in info.type.split(" | "):
        if info.text == "frame rate":
            yield from (10, 20)
        else:
            yield from _SUITING.get(kind, ())


class _Search:
    """Looks for values that make a difference, clip by clip.

    Attributes:
        left: What may still be tried of the parameters of which no difference was seen.
        planned: Two values of a parameter that were planned alike.
        ran: Two values that were planned otherwise, and gave the same.
        findings: Values that make the job fail.
    """

    def __init__(self, trial: Trial, infos: Sequence[ParameterInfo]) -> None:
        self._trial = trial
        self._runs = 0
        self.left = {info.name: list(_changes(trial, info)) for info in infos}
        self.planned: dict[str, _Change] = {}
        self.ran: dict[str, tuple[_Change, Ran]] = {}
        self.findings: list[Finding] = []

    def look_at(self, clip: str) -> None:
        """See which parameters make a difference on a clip."""
        try:
            written = self._trial.written(clip)
        except MediaPipelineError:
            return  # there is nothing to compare with, which another check tells
        before = {at: _plan(self._trial, clip, self._trial.cases[at]) for at in written.outputs}
        to_run = []
        for name in list(self.left):
            found = self._planned_otherwise(clip, name, before)
            if found is None:
                del self.left[name]
            else:
                to_run += found
        if not to_run or self._runs == _MOST_RUNS:
            return
        self._runs += 1
        for change, ran in _runs(self._trial, clip, to_run):
            self._tell(change, clip, written, ran)

    def _planned_otherwise(
        self, clip: str, name: str, before: Mapping[int, ProcessingPlan | None]
    ) -> list[_Change] | None:
        """Values that make another plan and do not show in its facts; None where one does."""
        found: list[_Change] = []
        for change in self.left[name]:
            plan = before.get(change.at)  # the clip may not suit the case
            after = None if plan is None else _plan(self._trial, clip, change.case)
            if plan is None or after is None:
                continue
            if _facts(plan) != _facts(after):
                return None
            if _steps(plan) == _steps(after):
                self.planned.setdefault(name, change)
            else:
                found.append(change)
            if len(found) == _RUN_AT_ONCE:
                break
        return found

    def _tell(self, change: _Change, clip: str, written: Written, ran: Ran | MediaPipelineError) -> None:
        name = change.parameter.name
        if isinstance(ran, Ran):
            if _differ(written, change, ran):
                self.left.pop(name, None)
            else:
                self.ran.setdefault(name, (change, ran))
        elif change.declared and name in self.left:
            del self.left[name]
            text = f"{name}={_shown(change.now)} is legal, and the job fails"
            self.findings.append(failed(ran, text=text, case=change.case, clip=clip, folder=self._trial.last))


def _plan(trial: Trial, clip: str, case: Mapping[str, Any]) -> ProcessingPlan | None:
    """The plan of one use of the operator; None where it is refused."""
    job = trial.job()
    made = job.apply(case, job.clip(clip), "made")
    look = trial.look(job)
    if look.problems:
        return None
    job.write(*made)
    try:
        return trial.plan(job.document(look.clips, "effect")).plan
    except JobError:
        return None


def _steps(plan: ProcessingPlan) -> list[Step]:
    """What is done, whatever it is expected to take."""
    return [attrs.evolve(step, resources=Resources()) for step in plan.steps]


def _facts(plan: ProcessingPlan) -> list[tuple[MediaInfo, ...]]:
    return [(output.media, *(file.media for file in output.files)) for output in plan.outputs]


def _runs(trial: Trial, clip: str, changes: Sequence[_Change]) -> Iterator[tuple[_Change, Ran | MediaPipelineError]]:
    """Each change with the run that it was part of: all of them in one, or where that fails each in one of its own."""
    if not changes:
        return
    try:
        ran = _run(trial, clip, changes)
    except MediaPipelineError as error:
        if len(changes) == 1:
            yield changes[0], error
            return
        for change in changes:
            yield from _runs(trial, clip, [change])
    else:
        yield from ((change, ran) for change in changes)


def _run(trial: Trial, clip: str, changes: Sequence[_Change]) -> Ran:
    job = trial.job()
    source = job.clip(clip)
    for change in changes:
        job.write(*job.apply(change.case, source, change.output))
    return trial.run(job, trial.look(job).clips, RULES)  # a rule may be what makes use of a parameter


def _differ(written: Written, change: _Change, ran: Ran) -> bool:
    assert written.ran is not None  # it has outputs
    outputs = [name for name in ran.result.outputs if name == change.output or name.startswith(f"{change.output}_")]
    for before, now in zip(written.outputs[change.at], outputs, strict=True):
        one, other = written.ran.all_decoded(before), ran.all_decoded(now)
        if one.keys() != other.keys():
            return True
        if any(list(differences(one[part], other[part], ("one", "the other"))) for part in one):
            return True
    return False


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
