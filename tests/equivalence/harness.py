"""Runs a job with rules of the optimiser and with none, and holds the outputs against each other.

What is encoded is encoded without loss: a rule of our own, the last, makes FFV1 and PCM of every `Encode`. So frames
and samples can be compared bit by bit, and copies stay copies. A playlist becomes one file; what its muxer does with a
stream is no rule's business. Pictures are what they are: their encoders give the same for the same frame.

Three things are not compared bit by bit: lossy sound that is read from its middle, by level; a still that may be a key
frame, with that key frame; the edges of a smart cut, by structural similarity. A part that may begin at a key frame is
compared from where it has to begin.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

from equivalence.decoded import (
    Cues,
    Picture,
    Sound,
    cue_differences,
    decode,
    delay,
    key_frames,
    picture_differences,
    sound_differences,
)
from equivalence.early import begins_early, from_lead, lead_of, longer_by
from equivalence.joints import joined_differences
from equivalence.operators import registry as every_operator
from mediapipeline.errors import ExecutionError
from mediapipeline.executor.executor import Executor
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.probe_pyav import PyAVProber
from mediapipeline.media.container import CONTAINERS, container_named
from mediapipeline.media.encoders import CODECS
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.operators.registry import Registry
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Guarantee, Need, Notes, Rule, rule
from mediapipeline.planner.streams import (
    Concat,
    Copy,
    Cut,
    Encode,
    Filter,
    Joined,
    Node,
    Packets,
    Retime,
    Sample,
    Sink,
    Source,
    Splice,
    StreamGraph,
)
from mediapipeline.planner.ticks import tells_samples_apart
from outcomes import ffmpeg

__all__ = ["Bench", "Planned", "Watch", "lossless"]

_PACKED = Fraction(1, 10)
"""Seconds by which a file with copies may be later as a whole, and sound longer: codecs add some at both ends."""
_LEADS = (Fraction(0), Fraction(3, 23), Fraction(3, 23) + Fraction(1, 50))
"""FFmpeg seeks by times of decoding, and goes so much further back where frames are reordered.

Where sound begins some milliseconds before time 0, as Opus does, PyAV takes the file to begin at 0, FFmpeg earlier.
"""


@rule("exact")
def lossless(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Encode everything that is encoded without loss, into a container that takes it."""
    edits = Rewrite(graph)
    for sink in graph.sinks:
        streams = [graph[stream] for stream in sink.inputs]
        if container_named(sink.container).still:
            continue
        to = sink.container
        encodes = any(isinstance(node, Encode) for node in streams)
        if sink.segment is not None or (encodes and to not in ("mov", "mkv")):
            to = "mov" if _fits_mov(streams) and (to in ("mp4", "m4a") or _spliced(streams)) else "mkv"
            media = attrs.evolve(sink.media, format=CONTAINERS[to].demuxer)
            edits.put(attrs.evolve(sink, container=to, media=media, segment=None))
        usual = {"video": "ffv1", "subtitle": "mov_text" if to == "mov" else "subrip"}
        for node in streams:
            encoder = _pcm(graph, node) if node.kind == "audio" else usual.get(node.kind)
            if isinstance(node, Encode) and encoder is not None and node.encoder != encoder:
                edits.put(
                    attrs.evolve(
                        node, encoder=encoder, options=(), two_pass=None, faults=(),
                        pix_fmt=(pix_fmt := _pix_fmt(graph, node)), info=_facts(node, encoder, pix_fmt),
                    )
                )  # fmt: skip
    return edits.graph()


def _pix_fmt(graph: StreamGraph, node: Encode) -> str | None:
    """What the encoder would be given; but what may be copied is not converted, as it would not be then."""
    source = graph.input_of(node)
    while source.same_as is not None or isinstance(source, Cut):
        source = graph.input_of(source) if source.same_as is None else graph[source.same_as]
    if isinstance(source, Filter | Retime) or not isinstance(source.info, VideoStream):
        return node.pix_fmt
    return source.info.pix_fmt


def _pcm(graph: StreamGraph, node: Node) -> str:
    """As deep as what is read: cut to 16 bits, the last one is rounded by whether samples were converted before."""
    depths = {each.info.sample_fmt for each in graph.ancestors(node.id) if isinstance(each.info, AudioStream)}
    return "pcm_s32le" if depths & {"s32", "s32p"} else "pcm_s16le"


def _facts(node: Encode, encoder: str, pix_fmt: str | None) -> Stream:
    changed = attrs.evolve(node.info, codec=encoder)
    return attrs.evolve(changed, pix_fmt=pix_fmt) if isinstance(changed, VideoStream) else changed


def _fits_mov(streams: Sequence[Node]) -> bool:
    mov = CONTAINERS["mov"]
    return {node.info.codec for node in streams if isinstance(node, Copy)} <= {*mov.video, *mov.audio, *mov.subtitles}


def _spliced(streams: Sequence[Node]) -> bool:
    return any(isinstance(node, Splice) for node in streams)


class _Declared:
    """What a rule has, in a class."""

    __name__: str
    guarantee: Guarantee
    needs: tuple[Need, ...]


class Watch(_Declared):
    """A rule that keeps an eye on another: of which inputs it changes the use, and that it is through at once."""

    def __init__(self, watched: Rule, fired: dict[str, set[str]]) -> None:
        self._watched, self._fired = watched, fired
        self.__name__ = watched.__name__
        vars(self).update(vars(watched))  # what the decorator declared

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph:
        after = self._watched(graph, notes)
        if after is not graph:
            self._fired.setdefault(self.__name__, set()).update(_touched(graph, after))
            assert self._watched(after, Notes("again")) is after, f"{self.__name__} is not idempotent"
        return after


def _touched(before: StreamGraph, after: StreamGraph) -> set[str]:
    """The inputs of which something that is changed is made."""
    changed = [node.id for node in after if before.nodes.get(node.id) is not node]
    made_of = after.upstream(changed, lambda node: node.inputs)
    return {node.input for node in made_of if isinstance(node, Source)}


class _First(_Declared):
    """Changes nothing; remembers what a round of rules begins with."""

    def __init__(self) -> None:
        self.__name__ = "begin"
        vars(self).update(vars(lossless))
        self.graph = StreamGraph({})

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph:
        self.graph = graph
        return graph


class _Last(_Declared):
    """`lossless`, once the others have nothing more to do; remembers the graph that is planned."""

    def __init__(self, first: _First) -> None:
        self.__name__ = lossless.__name__
        vars(self).update(vars(lossless))
        self._first = first
        self.graph = StreamGraph({})

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph:
        self.graph = lossless(graph, notes) if graph is self._first.graph else graph
        return self.graph


class AtKeyFrames(_Declared):
    """Takes every still that may be a key frame exactly at the last one that lies *lead* before its time.

    Args:
        key_frames: Gives the times of those of an input, from its start.
        lead: Seconds.
    """

    def __init__(self, key_frames: Callable[[str], Sequence[Fraction]], lead: Fraction) -> None:
        self.__name__ = "at_key_frames"
        vars(self).update(vars(lossless))
        self._key_frames, self._lead = key_frames, lead

    def __call__(self, graph: StreamGraph, notes: Notes) -> StreamGraph:
        edits = Rewrite(graph)
        for still in graph.of(Sample):
            if still.exact:
                continue
            above = list(graph.ancestors(still.id))
            (source,) = (node for node in above if isinstance(node, Source))
            cut = sum((node.start for node in above if isinstance(node, Cut)), Fraction(0))
            before = [each for each in self._key_frames(source.input) if each <= still.time + cut - self._lead]
            time = max(Fraction(0), (before[-1] if before else Fraction(0)) - cut)
            edits.put(attrs.evolve(still, time=time, exact=True))
        return edits.graph()


@attrs.frozen(eq=False)
class Planned:
    """A plan, the graph that it was made from, and the rules that had changed that, with the inputs concerned."""

    plan: ProcessingPlan
    graph: StreamGraph
    fired: dict[str, set[str]]


class Bench:
    """Where jobs are run with one FFmpeg, in one folder. Probes each clip once."""

    def __init__(self, engine: Engine, folder: Path, registry: Registry | None = None) -> None:
        self._engine = engine
        self._registry = every_operator() if registry is None else registry
        self._prober = default_engine(engine.ffmpeg).prober
        self._folder = folder
        # Outputs are read back within this process: to start another for each takes longer than all else.
        self._executors = {
            name: Executor(base_dir=folder / name, ffmpeg=engine.ffmpeg, prober=PyAVProber())
            for name in ("naive", "quick")
        }

    def skip_if_not_compared(self) -> None:
        """Skip the test that runs, where this FFmpeg gives other frames for reasons of its own."""
        if (default_engine(self._engine.ffmpeg).capabilities.version or (0,))[0] == 7:
            pytest.skip(
                "7.0 forgets the rate at a setpts: half frames are rounded, and the last kept, by whether there is one"
            )

    def plan(self, job: Mapping[str, Any], rules: Sequence[Rule]) -> Planned:
        """The plan of *job*, lossless.

        Raises:
            JobError: There is something wrong with the job.
        """
        fired: dict[str, set[str]] = {}
        first = _First()
        last = _Last(first)
        planner = Planner(
            registry=self._registry, base_dir=self._folder, ffmpeg=self._engine.ffmpeg, prober=self._prober,
            rules=[first, *(Watch(each, fired) for each in rules), last], strategies={"smart_cut": "preferred"},
        )  # fmt: skip
        return Planned(planner.plan(job), last.graph, fired)

    def run(self, planned: Planned, name: str) -> Path:
        """The folder in which the outputs are."""
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        (target / "clips").symlink_to(self._folder / "clips")
        self._executors[name].run(planned.plan)
        return target

    def differences(self, job: Mapping[str, Any], naive: Planned, quick: Planned) -> list[str]:
        """Run both, and say where the outputs of *quick* are not those of *naive*.

        Raises:
            ExecutionError: *naive* fails.
        """
        if quick.plan.steps == naive.plan.steps:
            return []
        try:
            have = self.run(quick, "quick")
        except ExecutionError as error:
            self.run(naive, "naive")  # what cannot be done without rules either raises here
            return [f"only with rules: {type(error).__name__}: {error}"]
        try:
            want = self.run(naive, "naive")
        except ExecutionError as error:
            error.add_note("only without rules")
            raise
        found = self._differences(naive, quick, quick.graph.sinks, want, have)
        near = [sink for sink in found if any(_at_a_key_frame(each) for each in quick.graph.ancestors(sink.id))]
        sources = {each["id"]: self._folder / each["source"] for each in job["inputs"]}
        for lead in _LEADS if near else ():
            at_keys = AtKeyFrames(lambda name: key_frames(sources[name]), lead)
            want = self.run(self.plan(job, (at_keys,)), "naive")
            found |= (again := self._differences(naive, quick, near, want, have))
            for sink in near:
                if sink not in again:
                    found.pop(sink)
            near = [*again]
        return [f"{sink.output}/{sink.part or ''}: {each}" for sink, said in found.items() for each in said]

    def _differences(
        self, naive: Planned, quick: Planned, sinks: Sequence[Sink], want: Path, have: Path
    ) -> dict[Sink, list[str]]:
        """The outputs that differ, with what does."""
        found = {}
        for sink in sinks:
            name = quick.plan.output(sink.output).destination
            files = [folder / name / (sink.part or "") for folder in (want, have)]
            try:
                said = self._compare(naive.graph, quick.graph, sink, *files)
            except AssertionError as error:
                said = [str(error)]
            if said:
                found[sink] = said
        return found

    def _compare(self, naive: StreamGraph, graph: StreamGraph, sink: Sink, want: Path, have: Path) -> list[str]:
        nodes = [graph[stream] for stream in sink.inputs if graph[stream].kind != "cover"]
        expected = decode(want)
        copies = any(isinstance(node, Copy) for node in nodes)
        seen = decode(self._unpacked(have) if copies else have)
        if copies:
            seen += [each for each in decode(have) if isinstance(each, Cues)]
        if len(expected) != len(nodes) or len(seen) != len(nodes):
            return [f"{len(nodes)} streams planned, {len(expected)} and {len(seen)} found"]
        if copies and len(nodes) == 1 and sink.container in ("ts", "mpg"):  # a stream alone is where the file begins
            expected, seen = [_begun(each) for each in expected], [_begun(each) for each in seen]
        grid = max(map(_off_the_grid, nodes), default=Fraction(0))
        packed = _PACKED
        if any(begins_early(naive, node) for node in nodes):
            grid *= 2  # where the part begins, nobody knows: it may be amid two frames
            pictures = [each for each in (*expected, *seen) if isinstance(each, Picture)]
            lead = lead_of(*pictures) if len(pictures) == 2 else longer_by(expected, seen)
            if lead is None:
                return ["the first frame is not in the part that may begin earlier"]
            if lead < 0:
                # What begins amid two uneven frames of MP4 is read as if it began with the later one.
                grid, packed, lead = max(grid, -lead), max(packed, -lead), Fraction(0)
            both = [from_lead(one, other, lead) for one, other in zip(expected, seen, strict=True)]
            expected, seen = [one for one, _ in both], [other for _, other in both]
        found: list[str] = []
        delays: list[Fraction] = []
        still = container_named(sink.container).still
        for number, (node, one, other) in enumerate(zip(nodes, expected, seen, strict=True)):
            if isinstance(one, Picture) and isinstance(other, Picture):
                reach = packed if copies or still else Fraction(0)
                even = _off_the_grid(node) if isinstance(node, Joined | Splice) else None
                said = list(picture_differences(one, other, reach=reach, copied=_copied(graph, node), even=even))
            elif isinstance(one, Sound) and isinstance(other, Sound) and isinstance(node, Joined):
                said = list(joined_differences(one, other, node, reach=_PACKED))
            elif isinstance(one, Sound) and isinstance(other, Sound):
                reach = _PACKED if copies else _reach(graph, node)
                joints = 0 if copies else _joints(graph, node)
                said = list(sound_differences(one, other, exact=not _lossy(graph, node), reach=reach, joints=joints))
            elif isinstance(one, Cues) and isinstance(other, Cues):
                said = list(cue_differences(one, other, reach=_PACKED if copies else Fraction(0)))
            else:
                said = ["is another kind of stream"]
            at_packets = isinstance(node, Joined) and node.kind == "audio"
            if copies and not said and node.kind != "subtitle" and not at_packets:
                delays.append(delay(one, other, packed))
            found += [f"stream {number} ({node.kind}): {each}" for each in said]
        if delays and max(delays) - min(delays) > grid + Fraction(1, 1000):
            found.append(f"streams are moved against each other: {', '.join(f'{float(d):.4f}' for d in delays)} s")
        return found

    def _unpacked(self, file: Path) -> Path:
        """What this FFmpeg decodes of copies, as it did of their sources, and when: but MPEG streams begin anywhere."""
        target = file.with_name(f"{file.stem}-unpacked.mov")
        times = () if file.suffix in (".ts", ".mpg") else ("-copyts",)
        ffmpeg(
            self._engine, *times, "-i", str(file), "-map", "0:v?", "-map", "0:a?", "-c:v", "ffv1", "-c:a", "pcm_s32le",
            "-fps_mode", "passthrough", "-enc_time_base:v", "1/90000", str(target),
        )  # fmt: skip
        return target


def _begun(stream: Picture | Sound | Cues) -> Picture | Sound | Cues:
    """*stream*, which begins at 0."""
    if not isinstance(stream, Picture) or not stream.times:
        return stream
    return attrs.evolve(stream, times=[time - stream.times[0] for time in stream.times])


def _at_a_key_frame(node: Node) -> bool:
    return isinstance(node, Source) and node.key_frames


def _copied(graph: StreamGraph, node: Node) -> int | None:
    """How many frames of a smart cut are copied; None where it is none, and all are the same."""
    if not isinstance(node, Splice):
        return None
    return sum(part.frames for part in map(graph.__getitem__, node.inputs) if isinstance(part, Packets))


def _off_the_grid(node: Node) -> Fraction:
    """Seconds between the same in what is encoded and in what is copied, at most.

    What is encoded is moved to the grid of frames, by half of one at most; a copy stays where it is. Of two that begin
    amid two frames, versions move one to the frame before and the other to the frame after.
    """
    rate = node.info.frame_rate if isinstance(node.info, VideoStream) else None
    frame = 1 / rate if rate else Fraction(1, 25)
    return frame if ((node.info.start or 0) / frame).denominator == 2 else frame / 2


def _reach(graph: StreamGraph, node: Node) -> Fraction:
    """By how much the clock of a file may move lossy sound that is read from its middle: one tick, if it is coarse."""
    sources = [each for each in graph.ancestors(node.id) if isinstance(each, Source) and each.seek]
    ticks = [each.info.time_base or Fraction(0) for each in sources if not tells_samples_apart(each.info)]
    return max(ticks, default=Fraction(0))


def _joints(graph: StreamGraph, node: Node) -> int:
    return sum(len(each.inputs) - 1 for each in graph.ancestors(node.id) if isinstance(each, Concat))


def _lossy(graph: StreamGraph, node: Node) -> bool:
    """Whether the sound comes from lossy sound that was copied or read from the middle of a file, or is resampled.

    Resampling is rounded by the form of samples that FFmpeg happens to choose for it.
    """
    made_of = list(graph.ancestors(node.id))
    resampled = any(isinstance(each, Filter) and each.name == "aresample" for each in made_of)
    if resampled or (isinstance(node, Encode) and node.sample_rate is not None):
        return True
    sources = [each for each in made_of if isinstance(each, Source)]
    return any((each.seek or isinstance(node, Copy)) and not CODECS[each.info.codec or ""].lossless for each in sources)
