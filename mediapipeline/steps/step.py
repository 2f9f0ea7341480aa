"""Steps: what an executor runs, as values that can be written down.

A step says everything about the work and nothing about the machine: files are references (`mediapipeline.steps.files`),
commands are structured. Steps form a graph by `needs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from mediapipeline.ffmpeg.command import Command
from mediapipeline.media.values import custom, tagged_union
from mediapipeline.steps.late import LateChain
from mediapipeline.steps.measure import Measurement
from mediapipeline.steps.resources import Resources

__all__ = [
    "CustomStep",
    "CutCuesStep",
    "FFmpegStep",
    "FileStream",
    "JoinFilesStep",
    "PictureRung",
    "PlaylistStep",
    "Step",
]


@attrs.frozen(kw_only=True)
class FFmpegStep:
    """One FFmpeg process.

    Attributes:
        id: Unique in the plan.
        title: What it does, for people.
        needs: Steps that must be done before.
        command: What to run; its files are tokens of `mediapipeline.steps.files`.
        duration: Seconds of media that it writes: what progress is measured against. None where that is not known.
        cpus: Cores that it keeps busy.
        operations: JSON Pointer of the operation by the instance name that its filters carry.
        resources: What it is expected to use.
        measures: What its filters measure, by their instance names.
        late: Places of the command's graph that are filled when the steps before have measured.
        shares: How much of the encoding each output of the command is, where there are several; they divide the threads
            among them. Empty where there is nothing to divide.
    """

    id: str
    title: str
    needs: tuple[str, ...] = ()
    command: Command
    duration: Fraction | None = None
    cpus: int = 1
    operations: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    resources: Resources = Resources()
    measures: Mapping[str, Measurement] = attrs.field(factory=dict, hash=False)
    late: tuple[LateChain, ...] = ()
    shares: tuple[Fraction, ...] = ()


@attrs.frozen(kw_only=True)
class CutCuesStep:
    """Keep the subtitle cues that show in [start, end), clipped to it, and let `start` be time 0.

    FFmpeg keeps or drops whole cues, and lets the last one run on.

    Attributes:
        source: Token of a SubRip or ASS file.
        target: Token of the file that is written, of the same format.
        start: Seconds.
        end: Seconds, or None for all that follows.
    """

    id: str
    title: str
    needs: tuple[str, ...] = ()
    source: str
    target: str
    start: Fraction
    end: Fraction | None
    cpus: int = 1
    resources: Resources = Resources()


@attrs.frozen(kw_only=True)
class PictureRung:
    """One picture of several among which a player chooses.

    Attributes:
        playlist: Token of its playlist.
        width: Pixels.
        height: Pixels.
        frame_rate: Frames per second, if they are constant.
    """

    playlist: str
    width: int
    height: int
    frame_rate: Fraction | None = None


@attrs.frozen(kw_only=True)
class JoinFilesStep:
    """Write files one after the other, byte for byte, into one; for formats that may be joined like that.

    Attributes:
        sources: Tokens, in order; they are work files, and not needed afterwards.
        target: Token of the file that is written.
    """

    id: str
    title: str
    needs: tuple[str, ...] = ()
    sources: tuple[str, ...]
    target: str
    cpus: int = 1
    resources: Resources = Resources()


@attrs.frozen(kw_only=True)
class PlaylistStep:
    """Write the playlist of playlists; see `mediapipeline.steps.hls.master_playlist`.

    Attributes:
        output: Id of the output.
        variants: Token of the playlist of each picture, with width, height and frames per second.
        sound: Token of the playlist of the sound, where there is any.
        target: Token of the file that is written, in the same folder.
    """

    id: str
    title: str
    needs: tuple[str, ...] = ()
    output: str
    variants: tuple[PictureRung, ...]
    sound: str | None = None
    target: str
    cpus: int = 1
    resources: Resources = Resources()

    @property
    def files(self) -> tuple[str, ...]:
        sound = () if self.sound is None else (self.sound,)
        return (*(rung.playlist for rung in self.variants), *sound, self.target)


@attrs.frozen(kw_only=True)
class FileStream:
    """A stream of a file that a step reads by itself, all of it; its times count from 0 of its own clock.

    Attributes:
        index: Its place in the file.
        demuxers: What the file may be opened as: FFmpeg's names.
    """

    index: int
    demuxers: tuple[str, ...]


@attrs.frozen(kw_only=True)
class CustomStep:
    """Work of a plugin's own on streams; see `mediapipeline.steps.plugin`.

    It runs together with the steps at the other ends of its pipes.

    Attributes:
        runner: Name of what runs it, in the entry-point group ``mediapipeline.steps``.
        parameters: What it is told: what JSON can say.
        operation: JSON Pointer of the operation that asks for it.
        inputs: Tokens of the streams that it reads: pipes, or the files themselves.
        opened: Of each input that is a file itself, what to take of it; None for a pipe.
        output: Token of the stream that it writes; a pipe.
        duration: Seconds of media that it writes. None where that is not known.
    """

    id: str
    title: str
    needs: tuple[str, ...] = ()
    runner: str
    parameters: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    operation: str
    inputs: tuple[str, ...]
    opened: tuple[FileStream | None, ...] = ()
    output: str
    duration: Fraction | None = None
    cpus: int = 1
    resources: Resources = Resources()

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.inputs, self.output)


Step: TypeAlias = FFmpegStep | CutCuesStep | JoinFilesStep | PlaylistStep | CustomStep

custom(Command, Command.to_dict, Command.from_dict)
tagged_union(
    Step,
    {
        "ffmpeg": FFmpegStep,
        "cut-cues": CutCuesStep,
        "join-files": JoinFilesStep,
        "playlist": PlaylistStep,
        "custom": CustomStep,
    },
)
