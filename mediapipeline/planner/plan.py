"""`ProcessingPlan`: everything that running a job takes, as a value.

A plan can be written as JSON and run on another machine: it holds no clock time, no random id and no path but those
that the job itself names. What it rests on is stated, so that a machine that lacks it says why it cannot run the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.values import from_dict, to_dict
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.workload import Workload
from mediapipeline.steps.expectation import Expectation
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import Step

__all__ = [
    "AFTER_RULES",
    "FORMAT_VERSION",
    "PlannedFile",
    "PlannedInput",
    "PlannedOperation",
    "PlannedOutput",
    "PlannedStream",
    "ProcessingPlan",
    "Rewritten",
]

FORMAT_VERSION = 1
AFTER_RULES = "planning"
"""What changes streams after the rules, in a trace: no rule has its name."""


def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    return dict(value)


@attrs.frozen(kw_only=True)
class PlannedInput:
    """An input of the job.

    Attributes:
        source: As the job names it.
        media: What the prober saw.
    """

    id: str
    source: str
    media: MediaInfo


@attrs.frozen(kw_only=True)
class PlannedOperation:
    """An operation of the job.

    Attributes:
        path: JSON Pointer into the job.
        op: Name of the operator.
        version: Version of the operator.
        inputs: Names of the clips that it takes, port by port; one that it takes twice is there twice.
        outputs: Names of the clips that it gives.
        parameters: As a job would write them.
        resources: What it is expected to use beyond reading and writing files.
        left_out: Why nothing is done for it, in a few words; None where something is.
    """

    path: str
    op: str
    version: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: Mapping[str, Any] = attrs.field(converter=_mapping, hash=False)
    resources: Resources = Resources()
    left_out: str | None = None


@attrs.frozen(kw_only=True)
class PlannedStream:
    """How one stream of an output comes about.

    Attributes:
        kind: ``video``, ``audio``, ``subtitle`` or ``cover``.
        encoder: FFmpeg's encoder, or None where the stream is copied.
        codec: What the stream will be.
        reason: Why it is copied, or why it is not.
        edges_encoded: Whether it is copied but for what lies between key frames at the ends of its parts.
    """

    kind: str
    encoder: str | None
    codec: str | None
    reason: str
    edges_encoded: bool = False

    @property
    def way(self) -> str:
        """What a drawing says of it: its encoder, ``copy``, or ``copy (edges encoded)``."""
        if self.encoder is not None:
            return self.encoder
        return "copy (edges encoded)" if self.edges_encoded else "copy"


@attrs.frozen(kw_only=True)
class PlannedFile:
    """One file of an output of several.

    Attributes:
        name: Within the folder that is the output.
        segment: Seconds of a segment, if it is a playlist of files beside it, which are together what is planned.
        media: What it will be.
        streams: How each of its streams comes about.
        expectation: What is checked before it is published.
    """

    name: str
    media: MediaInfo
    streams: tuple[PlannedStream, ...]
    expectation: Expectation
    segment: Fraction | None = None


@attrs.frozen(kw_only=True)
class PlannedOutput:
    """An output of the job: a file, or a folder of files.

    Attributes:
        destination: As the job names it; a folder ends in a slash.
        clip: Name of the clip that it writes.
        container: Name of the container.
        media: What it will be.
        streams: How each of its streams comes about.
        expectation: What is checked before it is published.
        step: Id of the step that writes it, or the last of it.
        files: What is in it if it is a folder: all files, and then `streams` and `expectation` are empty.
        index: Name of the file in it that names the others.
    """

    id: str
    destination: str
    clip: str
    container: str
    media: MediaInfo
    streams: tuple[PlannedStream, ...]
    expectation: Expectation
    step: str
    files: tuple[PlannedFile, ...] = ()
    index: str | None = None


@attrs.frozen(kw_only=True)
class Rewritten:
    """The streams of a job after a rule changed them.

    Attributes:
        by: The rule; empty for what the rules were given, `AFTER_RULES` for what packets told of where to read from.
        graph: The text form of `mediapipeline.planner.text`.
    """

    by: str
    graph: str


@attrs.frozen(kw_only=True)
class ProcessingPlan:
    """A job, planned: what runs, what comes out, and why it is done like this.

    Attributes:
        requires: What FFmpeg must have: ``filter:scale``, ``encoder:libx264``.
        stages: JSON Pointers of the operations, as the job sees them: those of one stage do not need each other.
        steps: What runs, in an order in which it can run; see `Step.needs`.
        assets: Small texts that commands read, by digest.
        trace: How the optimiser got there; empty for jobs so large that nobody would read it.
        resources: The sum over all steps.
        workload: The frames that have to be decoded and encoded, however it is done.
        timeout: Seconds that the whole may take.
        max_memory: Bytes that a process may use.
    """

    format_version: int = FORMAT_VERSION
    requires: tuple[str, ...] = ()
    inputs: tuple[PlannedInput, ...]
    operations: tuple[PlannedOperation, ...]
    stages: tuple[tuple[str, ...], ...]
    steps: tuple[Step, ...]
    outputs: tuple[PlannedOutput, ...]
    assets: Mapping[str, str] = attrs.field(factory=dict, converter=_mapping, hash=False)
    decisions: tuple[Decision, ...] = ()
    trace: tuple[Rewritten, ...] = ()
    resources: Resources = Resources()
    workload: Workload = Workload()
    timeout: Fraction | None = None
    max_memory: int | None = None
    max_output_size: int | None = None

    def output(self, id: str) -> PlannedOutput:  # noqa: A002 - the word that a job uses
        """The output of that id.

        Raises:
            KeyError: There is none.
        """
        for output in self.outputs:
            if output.id == id:
                return output
        raise KeyError(id)

    @property
    def warnings(self) -> tuple[Decision, ...]:
        """What the job has and the outputs will not have."""
        return tuple(decision for decision in self.decisions if decision.warning)

    def explain(self, *, verbose: bool = False) -> str:
        """What runs, what is copied and what is encoded, and why, as text for people.

        Args:
            verbose: Show the streams as well, after each rule that changed them; the last ones are those that run.
        """
        from mediapipeline.planner.explain import explain

        return explain(self, verbose=verbose)

    def explain_json(self) -> dict[str, Any]:
        """What `explain` says, for programs: how each stream comes about and why, and every decision."""
        from mediapipeline.planner.explain import explain_json

        return explain_json(self)

    def to_mermaid(self) -> str:
        """The job as a Mermaid flowchart, with what is copied, encoded, decoded once for several files, or not done."""
        from mediapipeline.planner.mermaid import mermaid

        return mermaid(self)

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The FFmpeg commands, with inputs and outputs as the job names them and work files under ``work/``."""
        from mediapipeline.planner.shell import commands

        return commands(self)

    def to_shell(self) -> str:
        """A shell script that makes the outputs without this library."""
        from mediapipeline.planner.shell import script

        return script(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: a drawing, and what comes out."""
        from mediapipeline.planner.show import mimebundle

        return mimebundle(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; `format_version` is always in it."""
        return {"format_version": self.format_version, **to_dict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ProcessingPlan:
        """The plan that `to_dict` wrote.

        Raises:
            ValueError: The data are not a plan, or of a format that this version does not read.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"a plan is an object, not {data!r}")
        version = data.get("format_version")
        if version != FORMAT_VERSION or version is True:
            raise ValueError(f"plan format {version!r} is not readable here; this library reads {FORMAT_VERSION}")
        return from_dict(cls, data)
