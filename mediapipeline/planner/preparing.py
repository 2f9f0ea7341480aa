"""Streams that are made before the process begins that writes them: cues that are cut, and splices.

Each is made once, however many outputs take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import attrs

from mediapipeline.ffmpeg.command import Command, InputFile, OutputFile
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import Stream
from mediapipeline.planner import streams as ir
from mediapipeline.planner.estimate import LITTLE
from mediapipeline.planner.hidden import has_hidden_cues
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.options import Options
from mediapipeline.planner.splicing import Spliced, listed_parts, splice_steps
from mediapipeline.steps.files import Source, Work
from mediapipeline.steps.listing import Member
from mediapipeline.steps.step import CutCuesStep, FFmpegStep, Step

__all__ = ["Preparing"]

_CUE_FILES = {"ass": ("ass", "ass"), "ssa": ("ass", "ass")}  # what keeps styles; all other text becomes SubRip


class Preparing:
    """What is prepared for the processes of a job.

    Args:
        graph: The optimised graph.
        demuxers: What each input may be opened as, by its id.
        machine: What estimates count on.
        media: What each input was found to be, by its id.
    """

    def __init__(
        self,
        graph: ir.StreamGraph,
        demuxers: Mapping[str, tuple[str, ...]],
        machine: Machine,
        media: Mapping[str, MediaInfo],
    ) -> None:
        self._graph = graph
        self._demuxers = demuxers
        self._machine = machine
        self._media = media
        self._cues: dict[ir.NodeId, _Cues] = {}
        self._splices: dict[ir.NodeId, Spliced] = {}

    @property
    def listed(self) -> dict[ir.NodeId, tuple[Member, ...]]:
        """Splices that are read from a list of files."""
        return listed_parts(self._splices)

    def prepare(self, node: ir.Node, steps: list[Step]) -> tuple[tuple[str, str], tuple[str, ...]] | None:
        """The file of *node* and its demuxer, and the steps to wait for, which are added to *steps* where they are new.

        None where it is not prepared.
        """
        if node.kind == "subtitle" and isinstance(cut := self._graph.input_of(node), ir.Cut):
            made = self._cues.get(cut.id)
            if made is None:
                made = self._cues[cut.id] = _cue_steps(self._graph, cut, len(self._cues), self._demuxers, self._media)
                steps.extend(made.steps)
            return (made.token, made.muxer), (made.steps[-1].id,)
        if isinstance(node, ir.Splice):
            spliced = self._splices.get(node.id)
            if spliced is None:
                spliced = self._splices[node.id] = splice_steps(
                    self._graph, node, len(self._splices), self._demuxers, machine=self._machine, media=self._media
                )
                steps.extend(spliced.steps)
            return (spliced.token, spliced.muxer), spliced.needs
        return None


@attrs.frozen
class _Cues:
    steps: tuple[Step, ...]
    token: str
    muxer: str


def _cue_steps(
    graph: ir.StreamGraph,
    cut: ir.Node,
    number: int,
    demuxers: Mapping[str, tuple[str, ...]],
    media: Mapping[str, MediaInfo],
) -> _Cues:
    """Steps that extract a text track, and cut it as often as the graph says."""
    cuts: list[ir.Cut] = []
    node: ir.Node = cut
    while isinstance(node, ir.Cut):
        cuts.insert(0, node)
        node = graph.input_of(node)
    assert isinstance(node, ir.Source)  # operators cannot filter subtitles; only cuts stand between
    muxer, codec = _CUE_FILES.get(node.info.codec or "", ("srt", "subrip"))
    token = Work(f"cues-{number}.{muxer}").token
    reading, writing, zero = _whole(node.info, media[node.input])
    extract = FFmpegStep(
        id=f"extract-cues-{number}",
        title=f"extract subtitles {node.info.language or number}",
        resources=attrs.evolve(LITTLE, disk_read=media[node.input].size),
        command=Command(
            inputs=(InputFile(file=Source(node.input).token, options=reading, demuxers=demuxers[node.input]),),
            outputs=(
                OutputFile(
                    file=token,
                    muxer=muxer,
                    maps=(InputStream(0, node.info.index),),
                    options=(("c:0", codec), *writing),
                ),
            ),
        ),
    )
    steps: list[Step] = [extract]
    for at, each in enumerate(cuts):
        late = Fraction(0) if at else zero
        target = Work(f"cues-{number}-{at}.{muxer}").token
        steps.append(
            CutCuesStep(
                id=f"cut-cues-{number}-{at}", title=f"cut subtitles {node.info.language or number}",
                needs=(steps[-1].id,), source=token, target=target, start=each.start + late,
                end=None if each.end is None else each.end + late, resources=LITTLE,
            )
        )  # fmt: skip
        token = target
    return _Cues(tuple(steps), token, muxer)


def _whole(info: Stream, media: MediaInfo) -> tuple[Options, Options, Fraction]:
    """How cues are read and written so that none is lost or moved, and which of the times that come is 0."""
    if not has_hidden_cues(info):
        return (), (), Fraction(0)
    as_they_are: Options = (("avoid_negative_ts", "disabled"),)
    if not (media.format or "").startswith("mov,"):
        return (), as_they_are, Fraction(0)
    # Past the edit list FFmpeg takes all to begin earlier: so its times are not counted from there.
    return (("seek_timestamp", "1"), ("advanced_editlist", "0")), as_they_are, media.start or Fraction(0)
