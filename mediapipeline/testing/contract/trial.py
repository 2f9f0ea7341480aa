"""Where one operator is tried: its clips, its jobs, and what came of them, each run once.

A `Job` collects inputs, operations and outputs as a user would write them, so that whatever fails can be handed on as a
document. Everything lies in one temporary folder, which is removed at the end unless a check failed.
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
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, TypeVar

import attrs

from mediapipeline.errors import JobError, MediaPipelineError, Problem, Problems
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.result import ExecutionResult, FileResult, OutputResult
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.engine import ReadyEngine, default_engine
from mediapipeline.graph.build import build, placed
from mediapipeline.graph.infer import infer
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Category, Clip, Expr, Facts, Kind, Lowering, Operator, Registry, Traits, operator
from mediapipeline.params import Param
from mediapipeline.planner.inputs import probe_input
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import PlannedFile, PlannedOutput, ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.rule import Notes, Rule, rule
from mediapipeline.planner.streams import StreamGraph
from mediapipeline.spec.load import load_partly
from mediapipeline.testing.contract.clips import CLIPS, beside
from mediapipeline.testing.contract.decoded import Decoded, decode
from mediapipeline.testing.media import ClipRecipe, make_clip

__all__ = ["THIN", "WINDOW", "Job", "Look", "Planned", "Ran", "Trial", "Written"]

_T = TypeVar("_T")
Params = Mapping[str, Any]

WINDOW = (Fraction(1, 10), Fraction(2, 5))
"""The part of a clip, in seconds, whose sound `THIN` may leave."""
THIN = "contract.thin"


@operator(THIN, category=Category.PICTURE, requires=["filter:select", "filter:volume"])
class _Thin(Operator):
    """Leave every other frame, which keeps its time."""

    sound: Annotated[bool, Param("Whether only the middle of the sound is left as well")] = False

    def infer(self, facts: Facts) -> MediaInfo:
        video = facts.clip.video
        if video is None:
            return facts.clip
        return attrs.evolve(facts.clip, video=attrs.evolve(video, vfr=True, frames=None, duration=None))

    def lower(self, work: Lowering) -> Clip:
        clip, (start, end) = work.clip, WINDOW
        if clip.video is not None:
            clip = work.video(clip, "select", expr=Expr("not(mod(n,2))"))
        if not self.sound:
            return clip
        return work.audio(clip, "volume", volume=0, enable=Expr(f"not(between(t,{float(start)},{float(end)}))"))


@attrs.frozen(eq=False)
class Look:
    """What is inferred of a job's clips, and what is wrong with it."""

    clips: Mapping[str, MediaInfo]
    problems: tuple[Problem, ...]


@attrs.frozen(eq=False)
class Planned:
    """A plan, and the streams that it was made from."""

    plan: ProcessingPlan
    graph: StreamGraph


@attrs.frozen(eq=False)
class Ran:
    """A job that was run: `folder` has its outputs and the job itself, `stray` is what it wrote elsewhere."""

    folder: Path
    document: Mapping[str, Any]
    planned: Planned
    result: ExecutionResult
    stray: tuple[Path, ...]
    _engine: Engine
    _decoded: dict[str, Decoded] = attrs.field(factory=dict, init=False)

    def files(self, output: str) -> Iterator[tuple[str, PlannedOutput | PlannedFile, OutputResult | FileResult]]:
        """Path (within the folder), plan and result of each file of an output."""
        planned, came = self.planned.plan.output(output), self.result.outputs[output]
        name = Path(planned.destination).name
        if not planned.files:
            yield name, planned, came
        else:
            for part, file in zip(planned.files, came.files, strict=False):
                yield f"{name}/{part.name}", part, file

    def decoded(self, name: str) -> Decoded:
        """What a file of an output holds; not a playlist, which has nothing of its own."""
        if not self._decoded:
            every = [each for output in self.result.outputs for each in self.files(output)]
            self._decoded.update(
                decode(
                    self._engine,
                    {name: (self.folder / name, came.media) for name, planned, came in every if not _listed(planned)},
                )
            )
        return self._decoded[name]

    def all_decoded(self, output: str) -> dict[str, Decoded]:
        """What every file of an output holds; playlists have none of their own."""
        return {
            name.removeprefix(output): self.decoded(name)
            for name, planned, _ in self.files(output)
            if not _listed(planned)
        }


def _listed(planned: PlannedOutput | PlannedFile) -> bool:
    """Whether it is a playlist of files."""
    return isinstance(planned, PlannedFile) and planned.segment is not None


@attrs.frozen(eq=False)
class Written:
    """The cases of an operator, each applied to one clip in one job, and what came of it.

    Attributes:
        ran: None where every case was refused.
        outputs: The ids of the outputs of each case, by the case's place.
        refused: What is wrong with the other cases.
        clips: What is inferred of the clips by which they are made.
    """

    job: Job
    ran: Ran | None
    outputs: Mapping[int, Sequence[str]]
    refused: Mapping[int, Sequence[Problem]]
    clips: Mapping[str, MediaInfo]


class Job:
    """A job in the making, over the clips of a trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.inputs: dict[str, str] = {}
        self.operations: list[dict[str, Any]] = []
        self.written: list[str] = []

    def clip(self, name: str) -> str:
        """The id of the clip called *name*, which becomes an input."""
        found = name.replace("-", "_")
        self.inputs[found] = self._trial.source(name)
        return found

    def do(self, op: str, clip: str, made: str, **params: Any) -> str:
        """Add one operation with one input; returns *made*."""
        self.operations.append({"op": op, "input": clip, "output": made, "params": params})
        return made

    def chain(self, operations: Sequence[tuple[str, Params]], clip: str, made: str) -> str:
        """Add *operations*, ``(op, params)``, one after the other; returns the name of what the last gives."""
        for number, (op, params) in enumerate(operations):
            clip = self.do(op, clip, f"{made}{number}", **params)
        return clip

    def apply(self, case: Params, clip: str, made: str, *, through: Sequence[tuple[str, Params]] = ()) -> list[str]:
        """Add the operator under test, with *clip* at its first port; returns the names of the clips that it gives.

        Args:
            case: Parameters.
            clip: For the first port; the others get a clip of their own.
            made: How the result is called, or what the names of several begin with.
            through: Operations, ``(op, params)``, that the clips of the other ports go through first.
        """
        definition = self._trial.operator.definition
        ports: dict[str, list[str]] = {}
        for at, (port, wanted) in enumerate(definition.inputs.items()):
            count = max(wanted.minimum, 1)
            wanting = count if at else count - 1
            others = [self.clip(f"{port}-beside")] * wanting if wanting else []
            if wanted.kind & (Kind.VIDEO | Kind.AUDIO):
                others = [self.chain(through, each, f"{made}_{port}{n}_") for n, each in enumerate(others)]
            ports[port] = others if at else [clip, *others]
        single = len(ports) == 1
        clips = next(iter(ports.values()))
        inputs: dict[str, Any] = (
            ({"input": clips[0]} if len(clips) == 1 else {"inputs": clips})
            if single
            else {"inputs": {port: names[0] for port, names in ports.items()}}
        )
        outs = definition.outputs
        made_by_port = {port: made if len(outs) == 1 else f"{made}_{port}" for port in outs}
        outputs = {"output": made} if len(outs) == 1 else {"outputs": made_by_port}
        self.operations.append({"op": definition.name, **inputs, **outputs, "params": dict(case)})
        return list(made_by_port.values())

    def write(self, *clips: str) -> None:
        """Let *clips* be written, each to an output of its name."""
        self.written += clips

    def document(self, infos: Mapping[str, MediaInfo], folder: str) -> dict[str, Any]:
        """The job as a document, its outputs in *folder*: without loss, in a form that suits *infos*."""
        return {
            "inputs": [{"id": name, "source": source} for name, source in self.inputs.items()],
            "operations": self.operations,
            "outputs": [_output(name, infos.get(name), folder) for name in dict.fromkeys(self.written)],
        }


def _output(name: str, info: MediaInfo | None, folder: str) -> dict[str, Any]:
    path = f"{folder}/{name}"
    if info is not None and info.files:
        still = all(file.still for file in info.files)
        form = {"format": "png"} if still else {}
        alone = still and len(info.files) == 1
        return {"id": name, "destination": f"{path}.png" if alone else f"{path}/", **({} if alone else form)}
    if info is not None and info.still:
        return {"id": name, "destination": f"{path}.png"}
    # Of a track of which nothing lies in a part, nothing is written.
    heard = info is None or any(track.duration != 0 for track in info.audio)
    codec = {
        **({"video": "ffv1"} if info is None or info.video is not None else {}),
        **({"audio": "pcm_s16le"} if heard else {}),
    }
    return {"id": name, "destination": f"{path}.mkv", **({"codec": codec} if codec else {})}


class _Place:
    """A folder that the trials with one FFmpeg share: the clips are the same for all."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mediapipeline-contract-"))
        self.kept = False
        self.decoded: dict[str, Decoded] = {}
        self.numbers = itertools.count(1)
        atexit.register(self._remove)

    def _remove(self) -> None:
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)


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
        self._spared = frozenset(spared)
        self._thorough = thorough
        self.engine: ReadyEngine = default_engine(ffmpeg)
        self.registry = Registry.discover()
        for cls in (tried, _Thin):
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

    def source_decoded(self, name: str) -> Decoded:
        """What a clip holds."""
        source = self.source(name)
        if source not in self._place.decoded:
            file = self.folder / source, self.media(name)
            self._place.decoded |= decode(self.engine.binaries, {source: file})
        return self._place.decoded[source]

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
        named = _named(planned.graph)
        before = _state(named), _listing(self.folder)
        result = Executor(base_dir=self.folder, ffmpeg=self.engine.binaries.ffmpeg, prober=self.engine.prober).run(
            planned.plan
        )
        after = _state(named), _listing(self.folder)
        stray = [path for path, seen in after[0].items() if before[0].get(path) != seen]
        stray += [path for path in sorted(after[1] - before[1]) if folder not in path.parents]
        return Ran(folder, document, planned, result, tuple(stray), self.engine.binaries)

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
            job, outputs, places = Job(self), dict[int, list[str]](), dict[str, int]()
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
        job.write(*(name for names in outputs.values() for name in names))
        try:
            ran = self.run(job, look.clips) if outputs else None
        except JobError as error:
            if not all(problem.path.startswith("/outputs") for problem in error.problems):
                raise
            ran, refused, outputs = None, {at: list(error.problems) for at in outputs}, {}  # no file can hold it
        return Written(job, ran, outputs, refused, look.clips)

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


def _named(graph: StreamGraph) -> set[Path]:
    """The files that options of filters may name: relative ones are looked up where this process is."""
    from mediapipeline.planner.streams import Filter

    texts = {value for node in graph.of(Filter) for _, value in node.options if isinstance(value, str)}
    return {Path(text).absolute() for text in texts if ("/" in text or "." in text) and "\0" not in text}


def _state(paths: set[Path]) -> dict[Path, tuple[int, int] | None]:
    found: dict[Path, tuple[int, int] | None] = {}
    for path in paths:
        try:
            seen = path.stat()
        except OSError:
            found[path] = None
        else:
            found[path] = seen.st_mtime_ns, seen.st_size
    return found


def _listing(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "clips" not in path.parts}
