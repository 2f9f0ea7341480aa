"""Where one operator is tried: its clips, its jobs, and what came of them, each run once.

Everything lies in one temporary folder, which is removed at the end unless a check failed.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from mediapipeline.errors import JobError, MediaPipelineError, Problem, Problems
from mediapipeline.executor.executor import Executor
from mediapipeline.ffmpeg.engine import ReadyEngine, default_engine
from mediapipeline.graph.build import build, placed
from mediapipeline.graph.infer import infer
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Kind, Operator, Registry, Traits
from mediapipeline.planner.inputs import probe_input
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.rule import Notes, Rule, rule
from mediapipeline.planner.streams import StreamGraph
from mediapipeline.spec.load import load_partly
from mediapipeline.testing.contract.clips import CLIPS, STILL, beside
from mediapipeline.testing.contract.content import Content, decode
from mediapipeline.testing.contract.job import Job, Params, holds_anything
from mediapipeline.testing.contract.ran import Planned, Ran, Traces
from mediapipeline.testing.contract.thin import Thin
from mediapipeline.testing.media import ClipRecipe, make_clip

__all__ = ["Look", "Trial", "Written"]

_T = TypeVar("_T")


@attrs.frozen(eq=False)
class Look:
    """What is inferred of a job's clips, and what is wrong with it."""

    clips: Mapping[str, MediaInfo]
    problems: tuple[Problem, ...]


@attrs.frozen(eq=False)
class Written:
    """The cases of an operator, each applied to one clip in one job, and what came of it.

    Attributes:
        ran: None where every case was refused.
        outputs: The ids of the outputs of each case, by the case's place.
        refused: What is wrong with the other cases.
        clips: What is inferred of the clips by which they are made.
    """

    ran: Ran | None
    outputs: Mapping[int, Sequence[str]]
    refused: Mapping[int, Sequence[Problem]]
    clips: Mapping[str, MediaInfo]


class _Place:
    """A folder that the trials with one FFmpeg share: the clips are the same for all."""

    def __init__(self) -> None:
        self.kept = False
        self.decoded: dict[str, Content] = {}
        self.numbers = itertools.count(1)

    @functools.cached_property
    def folder(self) -> Path:
        """Made when something is put there: tests that are collected need none."""
        folder = Path(tempfile.mkdtemp(prefix="mediapipeline-contract-"))
        atexit.register(self._remove, folder)
        return folder

    def _remove(self, folder: Path) -> None:
        if not self.kept:
            shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _place(engine: ReadyEngine) -> _Place:  # noqa: ARG001 - one place for each
    return _Place()


class Trial:
    """An operator on trial.

    Args:
        tried: The operator.
        cases: Parameters that it is tried with.
        others: Recipes of the clips at further ports, by port.
        ffmpeg: The FFmpeg to use; None takes the one that the library would.
        spared: Names of clips that it is not tried on.
        thorough: Whether every case is tried on every clip; otherwise each but the plain one gets two in turn.

    Attributes:
        last: The folder of the job that was planned last, whatever came of it.
    """

    def __init__(
        self,
        tried: type[Operator],
        cases: Sequence[Params],
        others: Mapping[str, tuple[str, ClipRecipe]],
        ffmpeg: str | Path | None = None,
        spared: Collection[str] = (),
        *,
        thorough: bool = False,
    ) -> None:
        self.operator = tried
        self.cases = tuple(cases)
        self._others, self._ffmpeg = others, ffmpeg
        self._spared = frozenset(spared)
        self._thorough = thorough
        self.engine: ReadyEngine = default_engine(ffmpeg)
        self.registry = Registry.discover()
        for cls in (tried, Thin):
            self.registry.register(cls, override=True)
        ports = {f"{port}-beside": beside(wanted) for port, wanted in tried.definition.inputs.items()}
        ports |= {f"{port}-beside": recipe for port, recipe in others.items()}
        self._recipes = {**CLIPS, **ports}
        self._written: dict[str, Written | tuple[MediaPipelineError, Path | None]] = {}
        self._found: dict[Callable[[Trial], list[Any]], list[Any]] = {}
        self._place = _place(self.engine)
        self._number, self._runs = next(self._place.numbers), 0
        self.last: Path | None = None

    @property
    def folder(self) -> Path:
        """What paths of jobs are relative to."""
        return self._place.folder

    def keep(self) -> None:
        """Let the folder stay when the process ends."""
        self._place.kept = True

    @property
    def clips(self) -> list[str]:
        """The names of the clips that the first port may take: those whose kind suits it."""
        port = next(iter(self.operator.definition.inputs.values()))
        found = []
        for name, (suffix, recipe) in CLIPS.items():
            still = suffix == ".png"
            held = Kind(0)
            if recipe.size is not None and suffix != ".wav":
                held |= Kind.IMAGE if still else Kind.VIDEO
            if recipe.audio and not still:
                held |= Kind.AUDIO
            if recipe.subtitles:
                held |= Kind.TEXT
            if held & port.kind and name not in self._spared:
                found.append(name)
        return found

    @property
    def first(self) -> str:
        """The clip for checks that need only one: without any peculiarity, if the first port takes such."""
        return self.clips[0]

    def source(self, name: str) -> str:
        """The path of a clip within the folder; it is made if it is not there."""
        suffix, recipe = self._recipes[name]
        path = self.folder / "clips" / (f"{name}{suffix}" if name in CLIPS else f"{self._number}-{name}{suffix}")
        if not path.exists():
            make_clip(path, recipe, engine=self.engine.binaries)
        return f"clips/{path.name}"

    def media(self, name: str) -> MediaInfo:
        """What was probed of a clip."""
        return self.engine.prober.probe(self.folder / self.source(name))

    def source_decoded(self, name: str) -> Content:
        """What a clip holds."""
        source = self.source(name)
        if source not in self._place.decoded:
            file = self.folder / source, self.media(name)
            self._place.decoded |= decode(self.engine.binaries, {source: file})
        return self._place.decoded[source]

    @functools.cached_property
    def beside_stills(self) -> Trial:
        """The same with stills at those further ports that take other things as well; itself if there are none.

        Traits concern filters of several streams if all but the first are stills.
        """
        further = list(self.operator.definition.inputs.items())[1:]
        taking = [
            port for port, wanted in further
            if wanted.maximum == 1 and wanted.kind & Kind.IMAGE and port not in self._others and beside(wanted) != STILL
        ]  # fmt: skip
        if not taking:
            return self
        others = {**self._others, **dict.fromkeys(taking, STILL)}
        return Trial(self.operator, self.cases, others, self._ffmpeg, self._spared, thorough=self._thorough)

    def job(self) -> Job:
        """A job in the making."""
        return Job(self.operator.definition, self.source)

    def look(self, job: Job) -> Look:
        """What is inferred of the clips of *job*."""
        problems = Problems()
        spec = load_partly({**job.document({}, "x"), "outputs": []}, problems=Problems()).spec
        assert spec is not None  # the document is ours
        graph = build(spec, self.registry, problems)
        inputs = {}
        for path, item in placed("/inputs", spec.inputs):
            probed = probe_input(path, item, self.folder / item.source, self.engine.prober, problems)
            if probed is not None:
                inputs[item.id] = probed.clip
        inferred = infer(graph, inputs, self.engine.capabilities, problems)
        return Look(inferred.clips, tuple(problems))

    def plan(self, document: Mapping[str, Any], rules: Sequence[Rule] = RULES) -> Planned:
        """The plan of a document.

        Raises:
            MediaPipelineError: There is something wrong with it, or with the operator.
        """
        seen: list[StreamGraph] = []

        @rule("exact")
        def look(graph: StreamGraph, notes: Notes) -> StreamGraph:  # noqa: ARG001 - as rules are called
            seen.append(graph)
            return graph

        planner = Planner(
            registry=self.registry, base_dir=self.folder, ffmpeg=self.engine.binaries.ffmpeg,
            prober=self.engine.prober, capabilities=self.engine.capabilities, rules=[look, *rules],
        )  # fmt: skip
        return Planned(planner.plan(document), seen[0])

    def run(self, job: Job, infos: Mapping[str, MediaInfo], rules: Sequence[Rule] = ()) -> Ran:
        """Plan and run *job*, as written: without the optimiser, unless *rules* are given.

        Raises:
            MediaPipelineError: There is something wrong with it, or with the operator.
        """
        folder, document = self.place(job, infos)
        planned = self.plan(document, rules)
        traces = Traces(planned.graph, self.folder, folder)
        result = Executor(base_dir=self.folder, ffmpeg=self.engine.binaries.ffmpeg, prober=self.engine.prober).run(
            planned.plan
        )
        return Ran(folder, document, planned, result, traces.found(), self.engine.binaries)

    def place(self, job: Job, infos: Mapping[str, MediaInfo]) -> tuple[Path, dict[str, Any]]:
        """A folder for a run of *job*, with its document beside what will be written."""
        self._runs += 1
        self.last = folder = self.folder / f"{self._number}-run{self._runs}"
        folder.mkdir()
        document = job.document(infos, folder.name)
        (folder / "job.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
        return folder, document

    def written(self, clip: str) -> Written:
        """What every case makes of one clip.

        Raises:
            MediaPipelineError: There is something wrong with the operator.
        """
        if clip not in self._written:
            try:
                self._written[clip] = self._write(clip)
            except MediaPipelineError as error:
                self._written[clip] = error, self.last
        found = self._written[clip]
        if isinstance(found, tuple):
            refusal, self.last = found
            raise refusal
        return found

    def each_written(self) -> Iterator[tuple[str, Written]]:
        """What every case makes of each clip, but for those that end in an error: one check tells of these."""
        for clip in self.clips:
            try:
                yield clip, self.written(clip)
            except MediaPipelineError:
                continue

    def _chosen(self, clip: str) -> list[int]:
        """The places of the cases that *clip* is tried with."""
        count, first = len(self.cases), self.clips.index(clip) if clip in self.clips else 0
        if self._thorough or not first:
            return list(range(count))
        return sorted({(first + step) % count for step in range(min(2, count))})

    def _write(self, clip: str) -> Written:
        refused: dict[int, list[Problem]] = {}
        chosen = self._chosen(clip)
        while True:
            job, outputs, places = self.job(), dict[int, list[str]](), dict[str, int]()
            source = job.clip(clip)
            for at in chosen:
                if at not in refused:
                    outputs[at] = job.apply(self.cases[at], source, f"case{at}")
                    places[f"/operations/{len(job.operations) - 1}"] = at
            look = self.look(job)
            wrong = {places[path]: path for path in places if any(_below(p, path) for p in look.problems)}
            if not wrong:
                break
            for at, path in wrong.items():
                refused[at] = [
                    attrs.evolve(p, path=p.path.removeprefix(path)) for p in look.problems if _below(p, path)
                ]
        outputs = {at: [n for n in names if holds_anything(look.clips[n])] for at, names in outputs.items()}
        job.write(*(name for names in outputs.values() for name in names))
        try:
            ran = self.run(job, look.clips) if outputs else None
        except JobError as error:
            if not all(problem.path.startswith("/outputs") for problem in error.problems):
                raise
            ran, refused, outputs = None, {at: list(error.problems) for at in outputs}, {}  # no file can hold it
        return Written(ran, outputs, refused, look.clips)

    def remembered(self, find: Callable[[Trial], list[_T]]) -> list[_T]:
        """What *find* finds, found once: for what does not depend on what the operator declares."""
        if find not in self._found:
            self._found[find] = find(self)
        return self._found[find]

    @contextmanager
    def promising(self, traits: Traits) -> Iterator[None]:
        """While it lasts, the operator declares *traits*."""
        declared = self.operator.definition
        self.operator.definition = attrs.evolve(declared, traits=traits)
        try:
            yield
        finally:
            self.operator.definition = declared


def _below(problem: Problem, path: str) -> bool:
    return problem.path == path or problem.path.startswith(path + "/")
