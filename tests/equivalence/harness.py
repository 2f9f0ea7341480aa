"""Runs a job with rules of the optimiser and with none, and holds the outputs against each other.

What is encoded is encoded without loss: a rule of our own, the last, makes FFV1 and PCM of every `Encode`. So frames
and samples can be compared bit by bit, and copies stay copies.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs

from equivalence.decoded import Picture, Sound, decode, delay, picture_differences, sound_differences
from mediapipeline.executor.executor import Executor
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.media.container import CONTAINERS
from mediapipeline.media.encoders import CODECS
from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.operators.registry import Registry
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.rule import Guarantee, Notes, Rule, rule
from mediapipeline.planner.streams import Copy, Encode, Node, Rewrite, Sink, Source, StreamGraph
from mediapipeline.planner.ticks import tells_samples_apart
from outcomes import ffmpeg

__all__ = ["Bench", "Watch", "lossless"]

_PACKED = Fraction(1, 10)
"""Seconds by which a file with copies may be later as a whole, and sound longer: codecs add some at both ends."""


@rule("exact")
def lossless(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Encode everything that is encoded without loss, into a container that takes it."""
    edits = Rewrite(graph)
    for sink in graph.sinks:
        streams = [graph[stream] for stream in sink.inputs]
        if any(isinstance(node, Encode) for node in streams) and sink.container not in ("mov", "mkv"):
            codecs = {node.info.codec for node in streams if isinstance(node, Copy)}
            mov = CONTAINERS["mov"]
            fits = codecs <= {*mov.video, *mov.audio}
            to = "mov" if sink.container in ("mp4", "m4a") and fits else "mkv"
            edits.put(attrs.evolve(sink, container=to, media=attrs.evolve(sink.media, format=CONTAINERS[to].demuxer)))
        for node in streams:
            if isinstance(node, Encode) and node.encoder not in ("ffv1", "pcm_s16le", "subrip"):
                encoder = {"video": "ffv1", "audio": "pcm_s16le"}.get(node.kind, "subrip")
                edits.put(
                    attrs.evolve(
                        node, encoder=encoder, options=(), pix_fmt=_pix_fmt(graph.input_of(node)), two_pass=None,
                        faults=(), info=_unconverted(node, graph.input_of(node), encoder),
                    )
                )  # fmt: skip
    return edits.graph()


def _pix_fmt(source: Node) -> str | None:
    return source.info.pix_fmt if isinstance(source.info, VideoStream) else None


def _unconverted(node: Node, source: Node, encoder: str) -> Stream:
    """Facts of what is encoded without loss: pixels are not brought into another format for it."""
    if isinstance(node.info, VideoStream) and isinstance(source.info, VideoStream):
        return attrs.evolve(node.info, codec=encoder, pix_fmt=source.info.pix_fmt)
    return attrs.evolve(node.info, codec=encoder)


class _Declared:
    """What a rule has, in a class."""

    __name__: str
    guarantee: Guarantee
    needs: tuple[str, ...]


class Watch(_Declared):
    """A rule that keeps an eye on another: how often it changes something, and that it has no more to do at once."""

    def __init__(self, watched: Rule, fired: Counter[str]) -> None:
        self._watched, self._fired = watched, fired
        self.__name__ = watched.__name__
        vars(self).update(vars(watched))  # what the decorator declared

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph:
        after = self._watched(graph, notes)
        if after is not graph:
            self._fired[self.__name__] += 1
            assert self._watched(after, Notes("again")) is after, f"{self.__name__} is not idempotent"
        return after


class _Last(_Declared):
    """`lossless`, remembering the graph that it saw last: the one that is planned."""

    def __init__(self) -> None:
        self.__name__ = lossless.__name__
        vars(self).update(vars(lossless))
        self.graph = StreamGraph({})

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph:
        self.graph = lossless(graph, notes)
        return self.graph


@attrs.frozen(eq=False)
class Planned:
    """A plan, the graph that it was made from, and the rules that had changed that."""

    plan: ProcessingPlan
    graph: StreamGraph
    fired: Counter[str]


class Bench:
    """Where jobs are run with one FFmpeg, in one folder. Probes each clip once."""

    def __init__(self, engine: Engine, folder: Path, registry: Registry | None = None) -> None:
        self._engine = engine
        self._registry = registry
        self._prober = default_engine(engine.ffmpeg).prober
        self._folder = folder

    def plan(self, job: Mapping[str, Any], rules: Sequence[Rule]) -> Planned:
        """The plan of *job*, lossless.

        Raises:
            JobError: There is something wrong with the job.
        """
        fired: Counter[str] = Counter()
        last = _Last()
        planner = Planner(
            registry=self._registry, base_dir=self._folder, ffmpeg=self._engine.ffmpeg, prober=self._prober,
            rules=[*(Watch(each, fired) for each in rules), last],
        )  # fmt: skip
        return Planned(planner.plan(job), last.graph, fired)

    def run(self, planned: Planned, name: str) -> Path:
        """The folder in which the outputs are."""
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        (target / "clips").symlink_to(self._folder / "clips")
        Executor(base_dir=target, ffmpeg=self._engine.ffmpeg).run(planned.plan)
        return target

    def differences(self, job: Mapping[str, Any], naive: Planned, quick: Planned) -> list[str]:
        """Run both, and say where the outputs of *quick* are not those of *naive*."""
        if quick.plan.steps == naive.plan.steps:
            return []
        want, have = self.run(naive, "naive"), self.run(quick, "quick")
        found = []
        for sink in quick.graph.sinks:
            name = quick.plan.output(sink.output).destination
            try:
                said = self._compare(quick.graph, sink, want / name, have / name)
            except AssertionError as error:
                said = [str(error)]
            found += [f"{sink.output}: {each}" for each in said]
        return found

    def _compare(self, graph: StreamGraph, sink: Sink, want: Path, have: Path) -> list[str]:
        nodes = [graph[stream] for stream in sink.inputs if graph[stream].kind in ("video", "audio")]
        expected = decode(want)
        copies = any(isinstance(node, Copy) for node in nodes)
        seen = decode(self._unpacked(have) if copies else have)
        if len(expected) != len(nodes) or len(seen) != len(nodes):
            return [f"{len(nodes)} streams planned, {len(expected)} and {len(seen)} found"]
        found: list[str] = []
        delays: list[Fraction] = []
        for number, (node, one, other) in enumerate(zip(nodes, expected, seen, strict=True)):
            if isinstance(one, Picture) and isinstance(other, Picture):
                said = list(picture_differences(one, other, reach=_PACKED if copies else Fraction(0)))
            elif isinstance(one, Sound) and isinstance(other, Sound):
                reach = _PACKED if copies else _reach(graph, node)
                said = list(sound_differences(one, other, exact=not _lossy(graph, node), reach=reach))
            else:
                said = ["is another kind of stream"]
            if copies and not said:
                delays.append(delay(one, other, _PACKED))
            found += [f"stream {number} ({node.kind}): {each}" for each in said]
        # What is encoded is moved to the grid of frames, by half of one at most; a copy stays where it is.
        if delays and max(delays) - min(delays) > max(_frame(node) for node in nodes) / 2 + Fraction(1, 1000):
            found.append(f"streams are moved against each other: {', '.join(f'{float(d):.4f}' for d in delays)} s")
        return found

    def _unpacked(self, file: Path) -> Path:
        """What this FFmpeg decodes of copies, as it did of their sources."""
        target = file.with_name(f"{file.stem}-unpacked.mov")
        ffmpeg(
            self._engine, "-i", str(file), "-map", "0:v?", "-map", "0:a?", "-c:v", "ffv1", "-c:a", "pcm_s16le",
            "-fps_mode", "passthrough", "-enc_time_base:v", "1/90000", str(target),
        )  # fmt: skip
        return target


def _frame(node: Node) -> Fraction:
    rate = node.info.frame_rate if isinstance(node.info, VideoStream) else None
    return 1 / rate if rate else Fraction(1, 25)


def _reach(graph: StreamGraph, node: Node) -> Fraction:
    """By how much the clock of a file may move lossy sound that is read from its middle: one tick, if it is coarse."""
    sources = [each for each in graph.ancestors(node.id) if isinstance(each, Source) and each.seek]
    ticks = [each.info.time_base or Fraction(0) for each in sources if not tells_samples_apart(each.info)]
    return max(ticks, default=Fraction(0))


def _lossy(graph: StreamGraph, node: Node) -> bool:
    """Whether the sound comes from lossy sound that was copied or read from the middle of a file."""
    sources = [each for each in graph.ancestors(node.id) if isinstance(each, Source)]
    return any((each.seek or isinstance(node, Copy)) and not CODECS[each.info.codec or ""].lossless for each in sources)
