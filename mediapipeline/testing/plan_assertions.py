"""`assert_plan`: what a test expects of a plan, in words of the job, with failures that show what the plan does.

Each method checks one thing and returns the same object, so that they can be written in a row. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NoReturn, Self

import attrs

from mediapipeline.ffmpeg.command import InputFile
from mediapipeline.ffmpeg.filtergraph import Expr, number_text
from mediapipeline.media.container import container_named
from mediapipeline.media.timecode import TimeValue, parse_duration
from mediapipeline.planner.explain import describe_media
from mediapipeline.planner.plan import PlannedFile, PlannedOutput, PlannedStream, ProcessingPlan
from mediapipeline.steps.files import Source
from mediapipeline.steps.step import FFmpegStep

__all__ = ["PlanAssertions", "assert_plan"]

_LONG = {"width": "w", "height": "h"}
"""Names of options for people, and those that filters have for the same."""


def assert_plan(plan: ProcessingPlan) -> PlanAssertions:
    """Check *plan*: ``assert_plan(plan).reads("in", start=10).copies("audio").has_filter("scale", width=1280)``."""
    return PlanAssertions(plan)


@attrs.frozen
class _Used:
    """A filter in the graph of a step."""

    step: str
    name: str
    options: dict[str, Any]

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{key}={_text(value)}" for key, value in self.options.items())])


@attrs.frozen
class _Read:
    """A file that a step opens, and where it begins to read it."""

    step: str
    start: Fraction

    def __str__(self) -> str:
        return f"from {_seconds(self.start)} s, by {self.step}"


class PlanAssertions:
    """What can be expected of a plan; see `assert_plan`. Every method raises `AssertionError`."""

    def __init__(self, plan: ProcessingPlan) -> None:
        self.plan = plan

    # What is read

    def reads(self, input: str, *, start: TimeValue | None = None, times: int | None = None) -> Self:  # noqa: A002 - the word that a job uses
        """The input of that id is read.

        Args:
            input: Its id.
            start: Where reading it begins, of its picture or of its sound: FFmpeg seeks to there.
            times: How often it is opened.
        """
        __tracebackhide__ = True
        found = self._reads(input)
        if not found:
            self._fail(f"{input!r} is not read", [f"{item.id}: {item.source}" for item in self.plan.inputs])
        if start is not None and parse_duration(start) not in {each.start for each in found}:
            wanted = _seconds(parse_duration(start))
            self._fail(f"{input!r} is not read from {wanted} s", map(str, found))
        if times is not None and len(found) != times:
            self._fail(f"{input!r} is opened {_times(len(found))}, not {_times(times)}", map(str, found))
        return self

    def ignores(self, input: str) -> Self:  # noqa: A002 - the word that a job uses
        """The input of that id is in the job, and no step reads it."""
        __tracebackhide__ = True
        if found := self._reads(input):
            self._fail(f"{input!r} is read", map(str, found))
        return self

    # What becomes of streams

    def copies(self, kind: str, *, output: str | None = None) -> Self:
        """Every stream of *kind* (``video``, ``audio``, ``subtitle``, ``cover``) is copied, and there is one."""
        __tracebackhide__ = True
        return self._all(kind, output, "copied", lambda stream: stream.encoder is None)

    def encodes(self, kind: str, encoder: str | None = None, *, output: str | None = None) -> Self:
        """Every stream of *kind* is encoded, by *encoder* where that is given, and there is one."""
        __tracebackhide__ = True
        if encoder is None:
            return self._all(kind, output, "encoded", lambda stream: stream.encoder is not None)
        return self._all(kind, output, f"encoded by {encoder}", lambda stream: stream.encoder == encoder)

    def lacks(self, kind: str, *, output: str | None = None) -> Self:
        """There is no stream of *kind*."""
        __tracebackhide__ = True
        found = self._streams(output)
        if any(stream.kind == kind for stream in found):
            self._fail(f"there is {kind} in {_whose(output)}", self._described(output))
        return self

    # How

    def has_filter(self, name: str, **options: Any) -> Self:
        """Some step filters by *name* with these options.

        Args:
            name: FFmpeg's name of the filter.
            options: Values: numbers, texts, anything that compares (`pytest.approx`), or a compiled pattern. ``width``
                and ``height`` also stand for ``w`` and ``h``.
        """
        __tracebackhide__ = True
        used = list(self._filters())
        alike = [each for each in used if each.name == name]
        faults = [[_fault(each, key, value) for key, value in options.items()] for each in alike]
        if not any(not any(found) for found in faults):
            wanted = f" with {', '.join(f'{key}={value}' for key, value in options.items())}" if options else ""
            shown = [
                f"{each}  ({each.step}): {', '.join(filter(None, found))}"
                for each, found in zip(alike, faults, strict=True)
            ]
            others = ", ".join(dict.fromkeys(each.name for each in used if each.name != name)) or "none"
            self._fail(f"there is no filter {name}{wanted}", [*shown, f"other filters: {others}"])
        return self

    def has_no_filter(self, name: str) -> Self:
        """No step filters by *name*."""
        __tracebackhide__ = True
        if found := [each for each in self._filters() if each.name == name]:
            self._fail(f"there is a filter {name}", (f"{each}  ({each.step})" for each in found))
        return self

    def applies(self, rule: str) -> Self:
        """A rule of the optimiser (`mediapipeline.planner.optimize.RULES`) changed something."""
        __tracebackhide__ = True
        by = dict.fromkeys(decision.by for decision in self.plan.decisions)
        if rule not in by:
            self._fail(f"the rule {rule} changes nothing", [f"rules that do: {', '.join(by) or 'none'}"])
        return self

    def runs(self, *, steps: int | None = None, processes: int | None = None) -> Self:
        """There are so many steps, so many of which run FFmpeg."""
        __tracebackhide__ = True
        ffmpegs = [step for step in self.plan.steps if isinstance(step, FFmpegStep)]
        if steps is not None and len(self.plan.steps) != steps:
            self._fail(f"{len(self.plan.steps)} steps, not {steps}", self._steps())
        if processes is not None and len(ffmpegs) != processes:
            self._fail(f"{len(ffmpegs)} runs of FFmpeg, not {processes}", self._steps())
        return self

    # What comes out

    def writes(
        self,
        output: str,
        destination: str | None = None,
        *,
        container: str | None = None,
        duration: TimeValue | None = None,
        tolerance: TimeValue = "50ms",
        **picture: Any,
    ) -> Self:
        """The output of that id is written.

        Args:
            output: Its id.
            destination: As the job names it.
            container: Name of the container.
            duration: Seconds that it is to last.
            tolerance: Seconds by which that may be off.
            picture: Fields of `mediapipeline.media.VideoStream`: ``width=1280, height=720``.
        """
        __tracebackhide__ = True
        found = self._output(output)
        faults = []
        if destination is not None and found.destination != destination:
            faults.append(f"it goes to {found.destination!r}, not to {destination!r}")
        if container is not None and found.container != container_named(container).name:
            faults.append(f"the container is {found.container}, not {container}")
        length = found.media.duration
        if duration is not None:
            wanted = parse_duration(duration)
            if length is None or abs(length - wanted) > parse_duration(tolerance):
                faults.append(f"it lasts {'nobody knows how long' if length is None else f'{_seconds(length)} s'}, "
                              f"not {_seconds(wanted)} s")  # fmt: skip
        for field, value in picture.items():
            actual = getattr(found.media.video, field, None)
            if actual != value:
                faults.append(f"{field} is {actual}, not {value}")
        if faults:
            self._fail(f"{output!r} is not what was expected: {'; '.join(faults)}", self._described(output))
        return self

    def warns(self, text: str) -> Self:
        """A warning of the plan has *text* in it: something is left out or changed without being asked for."""
        __tracebackhide__ = True
        if not any(text in decision.text for decision in self.plan.warnings):
            self._fail(f"no warning has {text!r} in it", self._warnings())
        return self

    def warns_of_nothing(self) -> Self:
        """Nothing is left out or changed without being asked for."""
        __tracebackhide__ = True
        if self.plan.warnings:
            self._fail("there are warnings", self._warnings())
        return self

    # What the plan has

    def _all(self, kind: str, output: str | None, how: str, holds: Any) -> Self:
        __tracebackhide__ = True
        streams = self._streams(output)
        found = [stream for stream in streams if stream.kind == kind]
        if not found or not all(holds(stream) for stream in found):
            what = "not every" if any(holds(stream) for stream in found) else "no"
            self._fail(f"{what} {kind} of {_whose(output)} is {how}", self._described(output))
        return self

    def _output(self, id_: str) -> PlannedOutput:
        __tracebackhide__ = True
        found = [output for output in self.plan.outputs if output.id == id_]
        if not found:
            self._fail(f"there is no output {id_!r}", [f"outputs: {', '.join(o.id for o in self.plan.outputs)}"])
        return found[0]

    def _files(self, output: str | None) -> list[tuple[PlannedOutput, PlannedOutput | PlannedFile]]:
        __tracebackhide__ = True
        wanted = self.plan.outputs if output is None else (self._output(output),)
        return [(each, file) for each in wanted for file in each.files or (each,)]

    def _streams(self, output: str | None) -> list[PlannedStream]:
        __tracebackhide__ = True
        found = self._files(output)  # out here: a frame of a comprehension is not hidden
        return [stream for _, file in found for stream in file.streams]

    def _reads(self, input_: str) -> list[_Read]:
        __tracebackhide__ = True
        if input_ not in {item.id for item in self.plan.inputs}:
            self._fail(f"there is no input {input_!r}", [f"inputs: {', '.join(i.id for i in self.plan.inputs)}"])
        token = Source(input_).token
        return [
            _Read(step.id, _start(file))
            for step in self.plan.steps
            if isinstance(step, FFmpegStep)
            for file in step.command.inputs
            if file.file == token
        ]

    def _filters(self) -> Iterator[_Used]:
        for step in self.plan.steps:
            if not isinstance(step, FFmpegStep):
                continue
            for chain in () if step.command.graph is None else step.command.graph.chains:
                yield from (_Used(step.id, part.name, dict(part.options)) for part in chain.filters)
            for case in (case for late in step.late for case in late.cases):
                yield from (_Used(step.id, part.name, dict(part.options)) for part in case.filters)

    # What is told

    def _described(self, output: str | None) -> Iterator[str]:
        for each, file in self._files(output):
            name = "" if isinstance(file, PlannedOutput) else file.name
            yield f"{each.id}: {each.destination}{name} ({describe_media(file.media)})"
            for stream in file.streams:
                how = "copy" if stream.encoder is None else f"encode by {stream.encoder}"
                yield f"  {stream.kind}: {how}, {stream.reason}"

    def _steps(self) -> Iterator[str]:
        return (f"{step.id}: {step.title}" for step in self.plan.steps)

    def _warnings(self) -> Iterator[str]:
        if not self.plan.warnings:
            yield "there is no warning"
        yield from (f"{decision.text} ({decision.subject})" for decision in self.plan.warnings)

    def _fail(self, what: str, shown: Iterable[str]) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError("\n".join([what, *(f"  {line}" for line in shown)]))


def _start(file: InputFile) -> Fraction:
    found = dict(file.options).get("ss")
    return Fraction(found) if isinstance(found, str) else Fraction(0)


def _fault(used: _Used, key: str, wanted: Any) -> str | None:
    """What is wrong with an option, if anything is."""
    name = key if key in used.options else _LONG.get(key, key)
    if name not in used.options:
        return f"{key} is not set"
    actual = used.options[name]
    return None if _same(actual, wanted) else f"{key} is {_text(actual)}, not {wanted}"


def _same(actual: Any, wanted: Any) -> bool:
    if isinstance(wanted, re.Pattern):
        return wanted.search(_text(actual)) is not None
    if isinstance(wanted, str) and not isinstance(actual, str):
        return _text(actual) == wanted
    return bool(actual == wanted)


def _text(value: Any) -> str:
    if isinstance(value, Expr):
        return value.text
    return number_text(value) if isinstance(value, Fraction | float) else str(value)


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6g}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _whose(output: str | None) -> str:
    return "the outputs" if output is None else repr(output)
