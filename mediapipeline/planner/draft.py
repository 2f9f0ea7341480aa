"""`Draft`: one job on its way to a plan, stage by stage, with all that is found wrong with it on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from mediapipeline.errors import ProbeError, Problems
from mediapipeline.graph.build import build, placed
from mediapipeline.graph.graph import BoundOperation, Graph
from mediapipeline.graph.infer import Inferred, infer
from mediapipeline.media.container import CONTAINERS, Container, container_for, container_named, is_folder
from mediapipeline.media.packets import PacketIndex, PacketProber, Times, Window, WindowsProber
from mediapipeline.media.prober import ManyProber, Prober
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.words import counted
from mediapipeline.operators.lowering import Clip
from mediapipeline.params.converter import unstructure
from mediapipeline.planner.assemble import requirements
from mediapipeline.planner.custom import at_once
from mediapipeline.planner.estimate import estimate_nodes, total, with_own
from mediapipeline.planner.expand import GraphBuilder, lower
from mediapipeline.planner.folders import FileToWrite, files_of, planned_outputs
from mediapipeline.planner.gather import with_packets
from mediapipeline.planner.inputs import ProbedInput, expand_input, probe_input
from mediapipeline.planner.landing import land
from mediapipeline.planner.optimize import optimize
from mediapipeline.planner.outputs import OutputBuilder
from mediapipeline.planner.plan import AFTER_RULES, PlannedInput, PlannedOperation, ProcessingPlan, Rewritten
from mediapipeline.planner.readings import read_apart
from mediapipeline.planner.request import OutputRequest
from mediapipeline.planner.rule import Decision, Optimized
from mediapipeline.planner.schedule import schedule
from mediapipeline.planner.spacing import doubts, settled, taken_apart
from mediapipeline.planner.strategies import demanded, unmet
from mediapipeline.planner.streams import Cut, Encode, Node, NodeId, Source, StreamGraph
from mediapipeline.planner.text import render
from mediapipeline.planner.workload import workload
from mediapipeline.sources.staging import Staged
from mediapipeline.spec import Limits, Output
from mediapipeline.spec.job import JobSpec, Loaded
from mediapipeline.steps.resources import Resources

if TYPE_CHECKING:
    from mediapipeline.planner.planner import Planner

__all__ = ["Draft", "Stage", "container_of"]

Stage: TypeAlias = Literal["probing", "planning"]
"""How far the planning of a job has come."""

_NOOP = "it changes nothing"
_READABLE = 2_000
"""Streams, over all steps of the optimiser, that a plan shows."""


class Draft:
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
        """Every stage up to the optimised StreamGraph, as far as the job is sound."""
        self.graph: Graph = build(
            self.spec,
            self.planner.registry,
            self.problems,
            excuses=self.loaded.excuses,
            written=self.loaded.written,
        )
        self.files = self.planner.paths(self.spec, self.problems, self.staged)
        self.containers = {
            path: container_of(path, output, self.problems) for path, output in placed("/outputs", self.spec.outputs)
        }
        on_stage("probing")
        self.inputs = self._probe()
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
        self._optimise()

    def _probe(self) -> dict[str, ProbedInput]:
        """What the inputs are, as far as they can be probed, by id."""
        found: dict[str, ProbedInput] = {}
        if isinstance(self.planner.prober, ManyProber):
            named = [self.files.get(path + "/source") for path, _ in placed("/inputs", self.spec.inputs)]
            self.planner.prober.probe_ahead(file for file in named if file is not None)
        for path, item in placed("/inputs", self.spec.inputs):
            file = self.files.get(path + "/source")
            if file is not None:
                with self.planner.trace("mediapipeline.probe", {"input.id": item.id}):
                    probed = probe_input(path, item, file, self.planner.prober, self.problems)
                if probed is not None:
                    found[item.id] = probed
        return found

    def _optimise(self) -> None:
        """Apply the rules to what outputs need, and report what is in the way of encoding and of strategies."""
        graph, said = settled(read_apart(_needed(StreamGraph(self.build.nodes))), self._packets)
        self.decisions.extend(said)
        if any("packets" in rule.needs for rule in self.planner.rules):
            graph = with_packets(graph, self._packets)
        graph = demanded(graph, self.planner.strategies, self.planner.rules)
        self.given = graph
        with self.planner.trace("mediapipeline.optimize", {}):
            self.optimized = self._optimised(graph)
        landed, said = land(self.optimized.graph, graph, self._packets)
        corrected = () if landed is self.optimized.graph else ((AFTER_RULES, landed),)
        graphs = (("", graph), *self.optimized.trace, *corrected)
        self.optimized = attrs.evolve(
            self.optimized,
            graph=landed,
            decisions=(*self.optimized.decisions, *said),
            trace=graphs if len(graphs) * len(graph) <= _READABLE else (),  # else they are let go
        )
        faults = (fault for node in self.optimized.graph.of(Encode) for fault in node.faults)
        self.problems.extend(dict.fromkeys(faults))
        self.problems.extend(
            unmet(self.optimized.graph, self.planner.strategies, self.planner.rules, self._operators().get)
        )

    def _optimised(self, graph: StreamGraph) -> Optimized:
        """*graph* after the rules; again where what they took for granted does not hold."""
        optimized = optimize(graph, self.planner.rules)
        found = doubts(optimized.graph, self._packets)
        if not found:
            return optimized
        optimized = optimize(taken_apart(graph, found), self.planner.rules)
        if more := doubts(optimized.graph, self._packets):
            optimized = optimize(taken_apart(graph), self.planner.rules)
        said = dict.fromkeys([*found.values(), *more.values()])
        return attrs.evolve(optimized, decisions=(*optimized.decisions, *said))

    def _operators(self) -> dict[str, str]:
        """The name of each operation's operator, by the place of the operation in the job."""
        return {operation.path: operation.definition.name for operation in self.graph.operations}

    def _packets(self, source: Source, windows: Mapping[Window, Times]) -> list[PacketIndex | None]:
        """The packets of *source*, where the prober can tell; times count from the start of the file."""
        file, stream = self.files.get(self.inputs[source.input].path + "/source"), source.info.index
        begin = self.inputs[source.input].media.start or Fraction(0)
        by_clock = {
            (begin + low, None if high is None else begin + high): tuple(begin + time for time in near)
            for (low, high), near in windows.items()
        }
        found = [None] * len(windows) if file is None else _looked_at(self.planner.prober, file, stream, by_clock)
        return [None if index is None else index.moved(-begin) for index in found]

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
        left_out = self._left_out(graph) | self._unused()
        changes = [
            Decision("output", node.origin, text, warning=True) for node in graph.of(Encode) for text in node.changes
        ]
        self.decisions += dict.fromkeys(changes)  # the files of one output have the same
        probes = {name: probed.media for name, probed in self.inputs.items()}
        scheduled = schedule(graph, probes, self.planner.machine)
        costs = estimate_nodes(graph, probes)
        own = {path: said for path, said in self.inferred.estimates.items() if path in costs}
        told = {**costs, **own}
        resources = with_own(total(at_once(scheduled.steps)), costs, own)
        if self._takes_too_much(resources):
            return None
        muxers = [container_named(sink.container).muxer for sink in graph.sinks]
        specs = {output.id: output for output in self.spec.outputs}
        outputs = planned_outputs(graph, specs, scheduled.writers, self._operators().get, self.limits.max_duration)
        return ProcessingPlan(
            requires=requirements(graph, scheduled.steps, muxers),
            inputs=tuple(
                PlannedInput(id=name, source=probed.spec.source, media=probed.media)
                for name, probed in self.inputs.items()
            ),
            operations=tuple(
                _planned(operation, told, left_out.get(operation.path)) for operation in self.graph.operations
            ),
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

    def _takes_too_much(self, resources: Resources) -> bool:
        needed, allowed = resources.memory, self.limits.max_memory
        if needed is None or allowed is None or needed <= allowed:
            return False
        told = f"{needed / 1_000_000:.4g} MB of memory, and the job allows {allowed / 1_000_000:.4g} MB"
        self._over("max_memory", "", f"it needs about {told}")
        return True

    def _trace(self) -> tuple[Rewritten, ...]:
        """How the rules changed the streams, unless there are too many of either to be read."""
        return tuple(Rewritten(by=by, graph=render(graph)) for by, graph in self.optimized.trace)

    def _left_out(self, done: StreamGraph) -> dict[str, str]:
        """The operations of which nothing is left in the graph that is *done*, and why."""
        gone = self.optimized.left_out
        idle: dict[NodeId, None] = {}
        lowered: dict[str, list[Node]] = {}
        for node in reversed(list(self.given)):
            lowered.setdefault(node.origin, []).append(node)
            users = self.given.consumers.get(node.id, ())
            left = _is_idle(node, gone[node.id]) if node.id in gone else bool(users) and all(u in idle for u in users)
            if left and node.id not in done.nodes:
                idle[node.id] = None
        by_path = {operation.path: operation for operation in self.graph.operations}
        busy = {node.origin for node in done}  # rules may have put it elsewhere
        found = {}
        for path in by_path:
            nodes = lowered.get(path, [])
            if nodes and path not in busy and all(node.id in idle for node in nodes):
                twins = dict.fromkeys(gone.get(node.id) for node in nodes)
                names = [name for twin in twins if twin in by_path for name in by_path[twin].outputs.values()]
                found[path] = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} the same" if names else _NOOP
        return found

    def _unused(self) -> dict[str, str]:
        """The operations that no output needs, and why they are not done; says so, and the same of inputs."""
        needed = {output.clip for output in self.graph.outputs}
        found = {}
        for operation in reversed(self.graph.operations):
            if needed.isdisjoint(operation.outputs.values()):
                found[operation.path] = "no output needs it"
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
                data = len(probed.used.data)
                are = "it is" if data == 1 else "they are"
                text = f"{counted(data, 'data stream')} left out: {are} neither picture, sound nor subtitles"
                self.decisions.append(Decision("planner", probed.path, text))
        return found


def _looked_at(
    prober: Prober, file: Path, stream: int, windows: Mapping[Window, Times]
) -> Sequence[PacketIndex | None]:
    """The packets of parts of a stream. It has been probed, so it is media; what cannot be looked at is not known."""
    if isinstance(prober, WindowsProber):
        try:
            return prober.indexes(file, stream, windows)
        except ProbeError:
            if len(windows) < 2:
                return [None] * len(windows)
            each = ({window: near} for window, near in windows.items())  # perhaps it is only one of them
            return [index for one in each for index in _looked_at(prober, file, stream, one)]
    found: list[PacketIndex | None] = []
    for window, near in windows.items():
        try:
            found.append(prober.index(file, stream, window, near) if isinstance(prober, PacketProber) else None)
        except ProbeError:
            found.append(None)
    return found


def _is_idle(node: Node, twin: str | None) -> bool:
    """Whether it was left out as the job has it: a cut may be left out later, once nothing before it is read."""
    return twin is not None or node.same_as is not None or not (isinstance(node, Cut) and node.start > 0)


def _planned(operation: BoundOperation, costs: Mapping[str, Resources], left_out: str | None) -> PlannedOperation:
    return PlannedOperation(
        path=operation.path,
        op=operation.definition.name,
        version=operation.definition.version,
        inputs=tuple(name for names in operation.inputs.values() for name in names),
        outputs=tuple(operation.outputs.values()),
        parameters=unstructure(operation.operator, omit_defaults=True),
        resources=costs.get(operation.path, total(())),
        left_out=left_out,
    )


def container_of(path: str, output: Output, problems: Problems) -> Container | None:
    """The container of an output. What the document itself shows to be wrong is reported when it is loaded."""
    found = container_for(output.destination, output.format)
    if found is None and not is_folder(output.destination) and not problems.under(path):
        problems.add(
            path + "/destination", "unknown-container", f"{output.destination!r} does not tell what kind of file it is",
            f'end it in a suffix such as .mp4, or give "format": {", ".join(CONTAINERS)}', kind="planning",
        )  # fmt: skip
    return found


def _needed(graph: StreamGraph) -> StreamGraph:
    """Without what no output needs."""
    if len(graph.consumers) + len(graph.sinks) == len(graph):
        return graph  # each stream is taken by somebody, and so in the end by an output
    kept = graph.upstream((sink.id for sink in graph.sinks), lambda node: node.inputs)
    return StreamGraph({node.id: node for node in kept})


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
