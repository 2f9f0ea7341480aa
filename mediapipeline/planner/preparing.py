"""Streams that are made before the process begins that writes them: cues that are cut, and splices.

Each is made once, however many outputs take it.
"""

from __future__ import annotations

from collections.abc import Mapping

from mediapipeline.media.info import MediaInfo
from mediapipeline.planner import streams as ir
from mediapipeline.planner.cue_steps import Cues, cue_steps
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.splicing import Spliced, listed_parts, splice_steps
from mediapipeline.steps.listing import Member
from mediapipeline.steps.step import Step

__all__ = ["Preparing"]


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
        self._cues: dict[ir.NodeId, Cues] = {}
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
                made = self._cues[cut.id] = cue_steps(self._graph, cut, len(self._cues), self._demuxers, self._media)
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
