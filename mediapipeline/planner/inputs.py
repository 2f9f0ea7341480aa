"""The inputs of a job: probed, checked against what the job says of them, and narrowed to the streams that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import attrs

from mediapipeline.errors import ProbeError, Problems
from mediapipeline.media.container import demuxer_for
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.prober import Prober
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timeline import cut_info, from_zero
from mediapipeline.operators.base import Kind
from mediapipeline.operators.lowering import Clip, Lowering
from mediapipeline.planner.expand import GraphBuilder, input_clip
from mediapipeline.planner.hidden import as_seen
from mediapipeline.spec import Input, StreamChoice

__all__ = ["ProbedInput", "expand_input", "probe_input"]

_T = TypeVar("_T")
_KINDS = {"video": Kind.VIDEO, "audio": Kind.AUDIO, "image": Kind.IMAGE}


@attrs.frozen
class ProbedInput:
    """An input with its facts.

    Attributes:
        path: JSON Pointer into the job.
        spec: As the job has it.
        media: What the prober saw.
        used: The streams that the job uses, with times from the start of the file.
        clip: The facts of the clip that it gives: `used`, cut as the job says.
    """

    path: str
    spec: Input
    media: MediaInfo
    used: MediaInfo
    clip: MediaInfo


def probe_input(path: str, spec: Input, file: Path, prober: Prober, problems: Problems) -> ProbedInput | None:
    """Probe one input; None with problems."""
    try:
        media = prober.probe(file)
    except ProbeError as error:
        message = f"input {spec.id!r} cannot be read: {error.reason}"
        if "no such file" in error.reason.lower():
            hint = "relative paths are taken from the working directory, or from the base folder that was given"
            problems.add(path + "/source", "missing-input", message, hint, kind="source")
        else:
            nothing = "folder" in error.reason or "empty" in error.reason  # no program could read it
            hint = "name the file that holds the media" if nothing else "see whether ffprobe can read it"
            problems.add(path + "/source", "unreadable-input", message, hint, kind="source")
        return None
    before = len(problems)
    if spec.format is not None and media.format is not None and demuxer_for(spec.format) not in media.format.split(","):
        problems.add(
            path + "/format", "wrong-format", f"{spec.source!r} is {media.format}, not {spec.format}",
            "leave out the format: the content tells it", kind="source",
        )  # fmt: skip
    if spec.type is not None and not Kind.of(media) & _KINDS[spec.type]:
        held = Kind.of(media).names() or "nothing that can be used"
        problems.add(
            path + "/type", "wrong-media", f"{spec.source!r} holds {held}, not {spec.type}",
            "leave out the type, or name another source", kind="source",
        )  # fmt: skip
    used = from_zero(media)
    if spec.streams is not None:
        used = _choose(path + "/streams", spec.streams, used, problems)
    clip = attrs.evolve(used, subtitles=tuple(map(as_seen, used.subtitles)))
    if spec.start_offset is not None and used.duration is not None and spec.start_offset >= used.duration:
        problems.add(
            path + "/start_offset", "start-beyond-end", f"{spec.source!r} lasts {float(used.duration):.6g} s only",
            "begin earlier", kind="planning",
        )  # fmt: skip
    elif spec.start_offset is not None or spec.duration is not None:
        start = spec.start_offset or Fraction(0)
        clip = cut_info(clip, start, None if spec.duration is None else start + spec.duration)
    return ProbedInput(path, spec, media, used, clip) if len(problems) == before else None


def _choose(path: str, choice: StreamChoice, info: MediaInfo, problems: Problems) -> MediaInfo:
    """*info* with the streams that are chosen."""
    pictures = (*(() if info.video is None else (info.video,)), *info.other_video)

    def chosen(kind: str, streams: Sequence[_T], which: tuple[int, ...] | None) -> tuple[_T, ...]:
        if which is None:
            return tuple(streams)
        missing = [number for number in which if number >= len(streams)]
        if missing:
            message = f"there is no {kind} stream {missing[0]}: there are {len(streams)}, counted from 0"
            known = ", ".join(map(str, range(len(streams))))
            hint = f"there is {known}" if len(streams) == 1 else f"there are {known}" if streams else "leave it out"
            problems.add(f"{path}/{kind}", "no-such-stream", message, hint, kind="planning")
        return tuple(streams[number] for number in which if number < len(streams))

    video = chosen("video", pictures, choice.video)
    return attrs.evolve(
        info,
        video=video[0] if video else None,
        other_video=video[1:],
        audio=chosen("audio", info.audio, choice.audio),
        subtitles=chosen("subtitles", info.subtitles, choice.subtitles),
    )


def expand_input(build: GraphBuilder, probed: ProbedInput) -> Clip:
    """The clip of an input as primitives."""
    build.origin = probed.path
    begins = [(stream.start, stream.index) for stream in probed.media.streams if stream.start is not None]
    picture = from_zero(probed.media).video
    first = Fraction(0) if picture is None else picture.start or Fraction(0)
    zero = min(begins)[1] if begins else None
    clip = input_clip(build, probed.spec.id, probed.used, zero=zero, first=first, ahead=_ahead(probed.media.video))
    spec = probed.spec
    if spec.start_offset is None and spec.duration is None:
        return clip
    start = spec.start_offset or Fraction(0)
    return Lowering(build, {"clip": [clip]}).cut(clip, start, None if spec.duration is None else start + spec.duration)


def _ahead(picture: VideoStream | None) -> Fraction:
    """Seconds before it is shown that a picture is decoded, where no edit list makes the first be shown at time 0.

    With one, times of decoding begin before 0, and what FFmpeg seeks by has been moved to those of showing.
    """
    if picture is None or not picture.delay or picture.start is None:
        return Fraction(0)
    decoded = picture.start - (picture.preroll or 0) - picture.delay
    return picture.delay if decoded >= 0 else Fraction(0)
