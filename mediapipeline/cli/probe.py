"""``mediapipeline probe``: the facts of files, as the planner sees them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediapipeline.cli.exits import DONE, FAILED
from mediapipeline.cli.job import add_ffmpeg
from mediapipeline.cli.terminal import Terminal, one_line

if TYPE_CHECKING:
    from mediapipeline.media.info import MediaInfo
    from mediapipeline.media.prober import Prober
    from mediapipeline.media.streams import Stream

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
Show what the library knows of files: sizes as displayed (rotation applied),
exact times and rates, every stream. What a file does not tell is left out.

With --format json stdout holds a list with {"file": ..., "media": {...}} for
each file, or {"file": ..., "error": {...}}. The exit code is 1 where one of
them could not be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a media file")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what to print (default: text)")
    add_ffmpeg(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    from mediapipeline.errors import ProbeError
    from mediapipeline.media.values import to_dict

    prober = _prober(args.ffmpeg)
    code = DONE
    found: list[dict[str, Any]] = []
    for number, file in enumerate(args.files):
        try:
            media = prober.probe(Path(file))
        except ProbeError as error:
            code = FAILED
            found.append({"file": file, "error": error.to_dict()})
            if args.format == "text":
                terminal.note(f"{file}: {one_line(error.reason)}")
        else:
            found.append({"file": file, "media": to_dict(media)})
            if args.format == "text":
                if number:
                    terminal.say()
                terminal.say(one_line(file))
                for line in describe(media):
                    terminal.say(f"  {one_line(line)}")
    if args.format == "json":
        terminal.data(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return code


def _prober(ffmpeg: str | None) -> Prober:
    """Of the FFmpeg that is found; without one PyAV alone will do."""
    from mediapipeline.errors import FFmpegNotFoundError
    from mediapipeline.ffmpeg.binary import find_ffmpeg
    from mediapipeline.ffmpeg.probe import default_prober

    try:
        engine = find_ffmpeg(ffmpeg)
    except FFmpegNotFoundError:
        if ffmpeg is not None:
            raise
        engine = None
    return default_prober(engine)


def describe(media: MediaInfo) -> Iterator[str]:
    """A line for the whole, one for every stream, and the tags."""
    from mediapipeline.media.timecode import format_clock

    whole = ["one picture" if media.still else "length unknown" if media.duration is None else ""]
    if media.duration is not None and not media.still:
        whole = [format_clock(media.duration)]
        if media.start:
            whole.append(f"starts at {float(media.start):.6g} s")
    if media.size is not None:
        whole.append(f"{media.size} bytes")
    if media.bit_rate is not None:
        whole.append(f"{media.bit_rate / 1000:.0f} kb/s")
    if media.format is not None:
        whole.append(media.format)
    yield ", ".join(whole)
    covers = {stream.index for stream in media.covers}
    for stream in media.streams:
        kind = "cover" if stream.index in covers else stream.kind
        yield f"{stream.index} {kind:<8} {', '.join(_words(stream))}"
    if media.chapters:
        yield f"{len(media.chapters)} chapter{'' if len(media.chapters) == 1 else 's'}"
    for name, value in media.metadata.items():
        yield f"{name}: {value}"


def _words(stream: Stream) -> Iterator[str]:
    from mediapipeline.media.streams import AudioStream, VideoStream

    yield stream.codec or "unknown codec"
    match stream:
        case VideoStream():
            yield f"{stream.width}x{stream.height}"
            if stream.sar not in (None, Fraction(1)):
                yield f"pixels {stream.sar}"
            if stream.rotation:
                yield f"rotated {stream.rotation} degrees"
            if stream.frame_rate is not None:
                yield f"{stream.frame_rate} fps{' on average' if stream.vfr else ''}"
            if stream.interlaced:
                yield "interlaced"
            color = stream.color
            yield from (word for word in (stream.pix_fmt, color.space, color.transfer) if word is not None)
        case AudioStream():
            if stream.sample_rate is not None:
                yield f"{stream.sample_rate} Hz"
            if stream.channels is not None:
                yield stream.channel_layout or f"{stream.channels} channels"
    if stream.bit_rate is not None:
        yield f"{stream.bit_rate / 1000:.0f} kb/s"
    if stream.language is not None:
        yield stream.language
    if stream.title is not None:
        yield repr(stream.title)
    yield from (word for word in ("default", "forced") if getattr(stream, word))
