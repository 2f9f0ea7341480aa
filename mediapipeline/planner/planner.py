"""`Planner`: from a job to a plan, or to everything that is wrong with the job.

The stages are pure but for the prober that is handed in: reading the document, binding operators, probing, inferring
media, expanding, optimising, scheduling. Each goes on with what the one before left sound, so that one call reports the
mistakes of all.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import attrs

from mediapipeline.errors import JobError, ProbeError, Problem, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.graph.build import build, placed
from mediapipeline.graph.graph import Graph
from mediapipeline.graph.infer import Inferred, infer
from mediapipeline.media.container import CONTAINERS, Container, container_for, container_named, is_folder
from mediapipeline.media.packets import PacketIndex, PacketProber, Window
from mediapipeline.media.prober import ManyProber, Prober
from mediapipeline.media.streams import VideoStream
from mediapipeline.operators.lowering import Clip
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.params.converter import unstructure
from mediapipeline.planner.assemble import requirements
from mediapipeline.planner.custom import at_once
from mediapipeline.planner.estimate import estimate_nodes, total, with_own
from mediapipeline.planner.expand import GraphBuilder, lower
from mediapipeline.planner.folders import FileToWrite, files_of, planned_outputs
from mediapipeline.planner.gather import with_packets
from mediapipeline.planner.inputs import ProbedInput, expand_input, probe_input
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.optimize import RULES, optimize
from mediapipeline.planner.outputs import OutputBuilder, OutputRequest
from mediapipeline.planner.plan import PlannedInput, PlannedOperation, ProcessingPlan, Rewritten
from mediapipeline.planner.readings import read_apart
from mediapipeline.planner.rule import Decision, Rule
from mediapipeline.planner.schedule import schedule
from mediapipeline.planner.strategies import chosen, unmet, without_disabled
from mediapipeline.planner.streams import Encode, Source, StreamGraph
from mediapipeline.planner.text import render
from mediapipeline.planner.workload import workload
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.spec import Limits, Output
from mediapipeline.spec.job import JobSpec, Loaded
from mediapipeline.spec.load import load_partly
from mediapipeline.tracing import Trace, no_trace

__all__ = ["Document", "Planner", "Stage", "Validation"]

Document: TypeAlias = JobSpec | Mapping[str, Any] | str | bytes
"""A job: a `JobSpec`, a document as a mapping, or the text of one."""

Stage: TypeAlias = Literal["probing", "planning"]
"""How far the planning of a job has come."""

_NOTHING = Staged()

_READABLE = 2_000
"""Streams, over all steps of the optimiser, that a plan shows."""


@attrs.frozen
class Validation:
    """What `Planner.validate` found."""

    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {"valid": self.valid, "problems": [problem.to_dict() for problem in self.problems]}

    def raise_if_invalid(self) -> None:
        """Raise the `JobError` that fits, with every problem."""
        if self.problems:
            raise JobError.of(self.problems)


class Planner:
    """Plans jobs. Safe to use from several threads.

    Args:
        registry: Where operators are found; default, everything installed.
        prober: How inputs are probed; default, ffprobe or PyAV, with a cache.
        capabilities: What FFmpeg can do; default, what the FFmpeg that is found says of itself.
        machine: What estimates count on; default, this machine.
        policy: What a job may read and write; default, local files.
        base_dir: Folder that relative paths are looked up in; default, that of the policy, or the working directory.
        rules: The optimiser's rules; ``()`` plans without optimising.
        strategies: What to make of ways of working that not everyone wants, by name: ``disabled``, ``preferred`` or
            ``required``; ``{"stream_copy": "required"}`` refuses a job of which a stream has to be encoded. See
            `mediapipeline.planner.strategies`.
        ffmpeg: The FFmpeg to ask, where *prober* or *capabilities* are left to default.
        trace: Opens a span around what takes time; see `mediapipeline.tracing`.

    Raises:
        ValueError: There is no such strategy, or it has no such value.
    """

    def __init__(
        self,
        *,
        registry: Registry | None = None,
        prober: Prober | None = None,
        capabilities: Capabilities | None = None,
        machine: Machine | None = None,
        policy: SourcePolicy | None = None,
        base_dir: str | PathLike[str] | None = None,
        rules: Sequence[Rule] = RULES,
        strategies: Mapping[str, str] = MappingProxyType({}),
        ffmpeg: str | PathLike[str] | None = None,
        trace: Trace = no_trace,
    ) -> None:
        policy = policy or SourcePolicy()
        self.policy = policy if base_dir is None else attrs.evolve(policy, base_dir=base_dir)
        self.strategies = chosen(strategies)
        self.rules = without_disabled(rules, self.strategies)
        self.machine = machine or Machine()
        self._registry = registry
        self._prober = prober
        self._capabilities = capabilities
        self._ffmpeg = ffmpeg
        self.trace = trace

    @cached_property
    def registry(self) -> Registry:
        return self._registry if self._registry is not None else default_registry()

    @cached_property
    def prober(self) -> Prober:
        if self._prober is not None:
            return self._prober
        from mediapipeline.ffmpeg.engine import default_engine

        return default_engine(self._ffmpeg).prober

    @cached_property
    def capabilities(self) -> Capabilities:
        if self._capabilities is not None:
            return self._capabilities
        from mediapipeline.ffmpeg.engine import default_engine

        return default_engine(self._ffmpeg).capabilities

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """Those of `plan_async`: few, since one job after the other is planned no slower than all at once."""
        return ThreadPoolExecutor(self.machine.cores, thread_name_prefix="mediapipeline-plan")

    def validate(self, document: Document, *, probe: bool = False) -> Validation:
        """Everything that is wrong with a job; nothing is raised for it.

        Args:
            document: The job.
            probe: Whether the inputs are probed, and so whether the operations suit them is checked. Without it no file
                is touched and no FFmpeg needed, and remote inputs need not have been fetched.
        """
        problems = Problems()
        if probe:
            self._plan(document, problems, _NOTHING, _unheard)
        else:
            loaded = load_partly(document, problems=problems)
            if loaded.spec is not None:
                build(loaded.spec, self.registry, problems, excuses=loaded.excuses, written=loaded.written)
                self.paths(loaded.spec, problems, None)
                for path, output in placed("/outputs", loaded.spec.outputs):
                    _container(path, output, problems)
        return Validation(tuple(problems))

    def plan(
        self, document: Document, *, staged: Staged | None = None, on_stage: Callable[[Stage], None] | None = None
    ) -> ProcessingPlan:
        """The plan of a job.

        Args:
            document: The job.
            staged: Local files of inputs that a resolver has fetched. The plan goes on naming their sources.
            on_stage: Told when probing begins, and then planning, if all is well; what it raises ends it.

        Raises:
            JobError: With everything that is wrong with the job; a subclass where all of it is of one kind.
            EngineError: There is no FFmpeg, or it does not answer.
        """
        problems = Problems()
        with self.trace("mediapipeline.plan", {}):
            plan = self._plan(document, problems, staged or _NOTHING, on_stage or _unheard)
        problems.raise_if_any()
        assert plan is not None  # without problems there is a plan
        return plan

    async def plan_async(
        self, document: Document, *, staged: Staged | None = None, on_stage: Callable[[Stage], None] | None = None
    ) -> ProcessingPlan:
        """`plan` for a running event loop, which goes on meanwhile.

        It is done in one of a few threads of this planner, as many as the machine has cores, in which *on_stage* is
        called as well; who waits for his turn holds none. Cancelled, it does not begin, or is finished for nobody.
        """
        import asyncio

        plan = partial(self.plan, document, staged=staged, on_stage=on_stage)
        return await asyncio.wrap_future(self._threads.submit(contextvars.copy_context().run, plan))

    def _plan(
        self, document: Document, problems: Problems, staged: Staged, on_stage: Callable[[Stage], None]
    ) -> ProcessingPlan | None:
        loaded = load_partly(document, problems=problems)
        if loaded.spec is None:
            return None
        job = _Job(self, loaded.spec, loaded, problems, staged)
        job.look_at_everything(on_stage)
        return None if problems else job.plan()

    def paths(self, spec: JobSpec, problems: Problems, staged: Staged | None = _NOTHING) -> dict[str, Path]:
        """The local files of the inputs that the policy allows, by JSON Pointer of the source.

        A source that a resolver serves must be *staged*; with None it may be fetched later.
        """
        read, _ = self.policy.check(
            [(path + "/source", item.source) for path, item in placed("/inputs", spec.inputs)],
            [(path + "/destination", item.destination) for path, item in placed("/outputs", spec.outputs)],
            problems,
        )
        for path, item in placed("/inputs", spec.inputs):
            if staged is None or self.policy.resolver_for(item.source) is None:
                continue
            if item.id in staged.inputs:
                read[path + "/source"] = staged.inputs[item.id]
            else:
                problems.add(
                    path + "/source", "not-fetched", f"{item.source!r} has to be fetched before the job is planned",
                    "run the job with a JobRunner, or hand in the file that your resolver fetched (staged=)",
                    kind="source",
                )  # fmt: skip
        return read


class _Job:
    """One job on its way to a plan."""

    def __init__(self, planner: Planner, spec: JobSpec, loaded: Loaded, problems: Problems, staged: Staged) -> None:
        self.planner = planner
        self.spec = spec
        self.problems = problems
        self.staged = staged
        self.loaded = loaded
        self.decisions: list[Decision] = []
        self.limits = spec.limits or Limits()

    def look_at_everything(self, on_stage: Callable[[Stage], None]) -> None:
        """Every stage up to the StreamGraph, as far as it is sound."""
        self.graph: Graph = build(
            self.spec,
            self.planner.registry,
            self.problems,
            excuses=self.loaded.excuses,
            written=self.loaded.written,
        )
        self.files = files = self.planner.paths(self.spec, self.problems, self.staged)
        self.containers = {
            path: _container(path, output, self.problems) for path, output in placed("/outputs", self.spec.outputs)
        }
        self.inputs: dict[str, ProbedInput] = {}
        on_stage("probing")
        if isinstance(self.planner.prober, ManyProber):
            named = [files.get(path + "/source") for path, _ in placed("/inputs", self.spec.inputs)]
            self.planner.prober.probe_ahead(file for file in named if file is not None)
        for path, item in placed("/inputs", self.spec.inputs):
            file = files.get(path + "/source")
            if file is not None:
                with self.planner.trace("mediapipeline.probe", {"input.id": item.id}):
                    probed = probe_input(path, item, file, self.planner.prober, self.problems)
                if probed is not None:
                    self.inputs[item.id] = probed
        if not self.problems:  # with some, the rest is only done to find more
            on_stage("planning")
        self.inferred: Inferred = infer(
            self.graph,
            {name: probed.clip for name, probed in self.inputs.items()},
            self.planner.capabilities,
            self.problems,
        )
        self._expand()
        self._check_limits()
        graph = read_apart(_needed(StreamGraph(self.build.nodes)))
        if any("packets" in rule.needs for rule in self.planner.rules):
            graph = with_packets(graph, self._packets)
        self.given = graph
        with self.planner.trace("mediapipeline.optimize", {}):
            self.optimized = optimize(graph, self.planner.rules)
        faults = (fault for node in self.optimized.graph.of(Encode) for fault in node.faults)
        self.problems.extend(dict.fromkeys(faults))
        operators = {operation.path: operation.definition.name for operation in self.graph.operations}
        self.problems.extend(unmet(self.optimized.graph, self.planner.strategies, operators.get))

    def _packets(self, source: Source, window: Window, near: tuple[Fraction, ...]) -> PacketIndex | None:
        """The packets of *source*, where the prober can tell; times count from the start of the file."""
        file, prober = self.files.get(self.inputs[source.input].path + "/source"), self.planner.prober
        if file is None or not isinstance(prober, PacketProber):
            return None
        begin = self.inputs[source.input].media.start or Fraction(0)
        low, high = window
        try:
            whole = (begin + low, None if high is None else begin + high)
            found = prober.index(file, source.info.index, whole, tuple(begin + time for time in near))
        except ProbeError:
            return None  # it has been probed, so it is media; what cannot be looked at is not known
        return None if found is None else found.moved(-begin)

    def _expand(self) -> None:
        """Lower every operation whose facts are known, and add the outputs."""
        self.build = GraphBuilder()
        clips: dict[str, Clip] = {name: expand_input(self.build, probed) for name, probed in self.inputs.items()}
        for operation in self.graph.operations:
            inferred = self.inferred.outputs.get(operation.path)
            if inferred is None or not all(name in clips for name in operation.needs):
                continue
            made = lower(
                self.build,
                operation,
                {port: [clips[name] for name in names] for port, names in operation.inputs.items()},
                inferred,
                noop=operation.path in self.inferred.noops,
            )
            clips.update((name, made[port]) for port, name in operation.outputs.items() if port in made)
        self.decisions.extend(self.build.decisions)
        specs = dict(placed("/outputs", self.spec.outputs))
        for output in self.graph.outputs:
            if output.clip in clips:
                self._write(output.path, specs[output.path], clips[output.clip])

    def _write(self, path: str, output: Output, clip: Clip) -> None:
        """Add the files of one output."""
        before, said = len(self.problems), dict[Decision, None]()
        files = files_of(path, output, clip, self.containers.get(path), self.problems)
        for file in files:
            request = _request(path, output, file, among=files)
            writer = OutputBuilder(self.build, request, self.planner.capabilities, self.problems)
            writer.add(file.clip)
            said |= dict.fromkeys(writer.decisions)
            if len(self.problems) > before:
                break  # the others have the same
        self.decisions.extend(said)

    def _check_limits(self) -> None:
        longest, largest = self.limits.max_duration, self.limits.max_resolution
        over: dict[tuple[str, str, str], None] = {}  # the files of one output have the same
        for sink in StreamGraph(self.build.nodes).sinks:
            length = sink.media.duration
            if longest is not None and length is not None and length > longest:
                message = f"it would last {float(length):.6g} s, and the job allows {float(longest):.6g} s"
                over["max_duration", sink.origin, message] = None
            pictures = [
                info for info in (self.build.nodes[n].info for n in sink.inputs) if isinstance(info, VideoStream)
            ]
            for video in pictures:
                if largest is not None and (video.width > largest.width or video.height > largest.height):
                    message = f"it would be {video.width}x{video.height}, and the job allows {largest}"
                    over["max_resolution", sink.origin, message] = None
        for each in over:
            self._over(*each)

    def _over(self, limit: str, path: str, message: str) -> None:
        self.problems.add(path, "over-limit", message, f"raise limits.{limit}, or make less", kind="planning")

    def plan(self) -> ProcessingPlan | None:
        """The plan; only where there are no problems."""
        graph = _needed(self.optimized.graph)
        self._report_unused()
        changes = [
            Decision("output", node.origin, text, warning=True) for node in graph.of(Encode) for text in node.changes
        ]
        self.decisions += dict.fromkeys(changes)  # the files of one output have the same
        probes = {name: probed.media for name, probed in self.inputs.items()}
        scheduled = schedule(graph, probes, self.planner.machine)
        costs = estimate_nodes(graph)
        own = {path: said for path, said in self.inferred.estimates.items() if path in costs}
        resources = with_own(total(at_once(scheduled.steps)), costs, own)
        if self.limits.max_memory is not None and (resources.memory or 0) > self.limits.max_memory:
            message = f"it needs about {resources.memory} bytes of memory, and the job allows {self.limits.max_memory}"
            self._over("max_memory", "", message)
            return None
        muxers = [container_named(sink.container).muxer for sink in graph.sinks]
        specs = {output.id: output for output in self.spec.outputs}
        operators = {operation.path: operation.definition.name for operation in self.graph.operations}
        outputs = planned_outputs(graph, specs, scheduled.writers, operators.get, self.limits.max_duration)
        operations = []
        for operation in self.graph.operations:
            definition = operation.definition
            operations.append(
                PlannedOperation(
                    path=operation.path,
                    op=definition.name,
                    version=definition.version,
                    inputs=tuple(name for names in operation.inputs.values() for name in names),
                    outputs=tuple(operation.outputs.values()),
                    parameters=unstructure(operation.operator, omit_defaults=True),
                    resources=own.get(operation.path) or costs.get(operation.path, total(())),
                )
            )
        return ProcessingPlan(
            requires=requirements(graph, muxers),
            inputs=tuple(
                PlannedInput(id=name, source=probed.spec.source, media=probed.media)
                for name, probed in self.inputs.items()
            ),
            operations=tuple(operations),
            stages=self.graph.stages,
            steps=scheduled.steps,
            outputs=outputs,
            assets=scheduled.assets,
            decisions=(*self.decisions, *self.optimized.decisions),
            trace=self._trace(),
            resources=resources,
            workload=workload(graph),
            timeout=self.spec.timeout,
            max_memory=self.limits.max_memory,
            max_output_size=self.limits.max_output_size,
        )

    def _trace(self) -> tuple[Rewritten, ...]:
        """How the rules changed the streams, unless there are too many of either to be read."""
        graphs = (("", self.given), *self.optimized.trace)
        if len(graphs) * len(self.given) > _READABLE:
            return ()
        return tuple(Rewritten(by=by, graph=render(graph)) for by, graph in graphs)

    def _report_unused(self) -> None:
        """Say which operations and inputs no output needs."""
        needed = {output.clip for output in self.graph.outputs}
        for operation in reversed(self.graph.operations):
            if needed.isdisjoint(operation.outputs.values()):
                text = f"{operation.definition.name} is not done: no output needs it"
                self.decisions.append(Decision("planner", operation.path, text, warning=True))
            else:
                needed.update(operation.needs)
        for name, probed in self.inputs.items():
            if name not in needed:
                self.decisions.append(
                    Decision("planner", probed.path, f"input {name!r} is not read: no output needs it", warning=True)
                )
            elif probed.used.data:
                text = f"{len(probed.used.data)} data stream(s) left out: they are neither picture, sound nor subtitles"
                self.decisions.append(Decision("planner", probed.path, text))


def _unheard(stage: Stage) -> None:
    """What becomes of stages that nobody asked for."""


def _needed(graph: StreamGraph) -> StreamGraph:
    """Without what no output needs."""
    kept = graph.upstream((sink.id for sink in graph.sinks), lambda node: node.inputs)
    return StreamGraph({node.id: node for node in kept})


def _container(path: str, output: Output, problems: Problems) -> Container | None:
    """The container of an output. What the document itself shows to be wrong is reported when it is loaded."""
    found = container_for(output.destination, output.format)
    if found is None and not is_folder(output.destination) and not problems.under(path):
        problems.add(
            path + "/destination", "unknown-container", f"{output.destination!r} does not tell what kind of file it is",
            f'end it in a suffix such as .mp4, or give "format": {", ".join(CONTAINERS)}', kind="planning",
        )  # fmt: skip
    return found


def _request(path: str, output: Output, file: FileToWrite, *, among: Sequence[FileToWrite]) -> OutputRequest:
    codec = output.codec
    # Of a package one file has the sound, and others the pictures: what is asked for is there if one has it.
    others = among if file.segment is not None else ()
    silent = not file.clip.audio and any(other.clip.audio for other in others)
    blank = file.clip.video is None and any(other.clip.video is not None for other in others)
    return OutputRequest(
        path=path,
        id=output.id,
        part=file.name,
        segment=file.segment,
        container=file.container,
        video=codec.video if codec is not None and not blank else None,
        audio=codec.audio if codec is not None and not silent else None,
        only_asked=codec is not None and file.segment is None,
        metadata=tuple((output.metadata or {}).items()),
    )
