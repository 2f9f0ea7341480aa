"""Steps that take text subtitles out of a file and cut them, before the process begins that writes them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import attrs

from mediapipeline.ffmpeg.command import Command, InputFile, OutputFile
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import Stream, SubtitleStream
from mediapipeline.planner import streams as ir
from mediapipeline.planner.estimate import LITTLE
from mediapipeline.planner.hidden import read_apart
from mediapipeline.planner.options import Options
from mediapipeline.steps.files import Source, Work
from mediapipeline.steps.step import CutCuesStep, FFmpegStep, Step

__all__ = ["Cues", "cue_steps"]

_FILES = {"ass": ("ass", "ass"), "ssa": ("ass", "ass")}  # what keeps styles; all other text becomes SubRip
# Past the edit list FFmpeg takes all to begin earlier: so its times are not counted from there.
_PAST_EDITS: Options = (("seek_timestamp", "1"), ("advanced_editlist", "0"))
_AS_THEY_ARE: Options = (("avoid_negative_ts", "disabled"),)
_UNTIL_THE_NEXT = r"setts=duration=if(eq(NEXT_PTS\,NOPTS)\,DURATION\,NEXT_PTS-PTS)"  # which may have nothing to read


@attrs.frozen
class Cues:
    """A track of text in a file of its own.

    Attributes:
        steps: What makes it; the last writes it.
        token: Of the file.
        muxer: What wrote it: FFmpeg's name, by which it is read as well.
    """

    steps: tuple[Step, ...]
    token: str
    muxer: str


def cue_steps(
    graph: ir.StreamGraph,
    cut: ir.Node,
    number: int,
    demuxers: Mapping[str, tuple[str, ...]],
    media: Mapping[str, MediaInfo],
) -> Cues:
    """Steps that extract a text track, and cut it as often as the graph says.

    Args:
        graph: The optimised graph.
        cut: The last cut.
        number: By which its files are told from those of other tracks.
        demuxers: What each input may be opened as, by its id.
        media: What each input was found to be, by its id.
    """
    cuts: list[ir.Cut] = []
    node: ir.Node = cut
    while isinstance(node, ir.Cut):
        cuts.insert(0, node)
        node = graph.input_of(node)
    assert isinstance(node, ir.Source)  # operators cannot filter subtitles; only cuts stand between
    muxer, codec = _FILES.get(node.info.codec or "", ("srt", "subrip"))
    reading, writing, zero = _whole(node.info, media[node.input])
    name = node.info.language or number
    read = attrs.evolve(LITTLE, disk_read=media[node.input].size)
    file = InputFile(file=Source(node.input).token, options=reading, demuxers=demuxers[node.input])
    stream = InputStream(0, node.info.index)
    steps: list[Step] = []
    if isinstance(node.info, SubtitleStream) and node.info.in_fragments:
        timed = Work(f"cues-{number}.mp4").token
        options = (("c:0", "copy"), ("bsf:0", _UNTIL_THE_NEXT), *writing)
        copy = OutputFile(file=timed, muxer="mp4", maps=(stream,), options=options)
        command = Command(inputs=(file,), outputs=(copy,))
        steps.append(
            FFmpegStep(id=f"time-cues-{number}", title=f"time subtitles {name}", resources=read, command=command)
        )
        read, file, stream = LITTLE, InputFile(file=timed, options=reading, demuxers=("mov",)), InputStream(0, 0)
    token = Work(f"cues-{number}.{muxer}").token
    target = OutputFile(file=token, muxer=muxer, maps=(stream,), options=(("c:0", codec), *writing))
    steps.append(
        FFmpegStep(
            id=f"extract-cues-{number}", title=f"extract subtitles {name}", needs=_before(steps), resources=read,
            command=Command(inputs=(file,), outputs=(target,)),
        )
    )  # fmt: skip
    for at, each in enumerate(cuts):
        part = Work(f"cues-{number}-{at}.{muxer}").token
        late = Fraction(0) if at else zero
        steps.append(
            CutCuesStep(
                id=f"cut-cues-{number}-{at}", title=f"cut subtitles {name}", needs=_before(steps), source=token,
                target=part, start=each.start + late, end=None if each.end is None else each.end + late,
                resources=LITTLE,
            )
        )  # fmt: skip
        token = part
    return Cues(tuple(steps), token, muxer)


def _before(steps: list[Step]) -> tuple[str, ...]:
    return tuple(step.id for step in steps[-1:])


def _whole(info: Stream, media: MediaInfo) -> tuple[Options, Options, Fraction]:
    """How cues are read and written so that none is lost or moved, and which of the times that come is 0."""
    if not read_apart(info):
        return (), (), Fraction(0)
    if not (media.format or "").startswith("mov,"):
        return (), _AS_THEY_ARE, Fraction(0)
    return _PAST_EDITS, _AS_THEY_ARE, media.start or Fraction(0)
