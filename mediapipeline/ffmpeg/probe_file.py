"""What the file system and the first bytes say of a file, before FFmpeg opens it."""

from __future__ import annotations

import hashlib
import os
import stat
from fractions import Fraction
from pathlib import Path

import attrs

from mediapipeline.errors import ProbeError
from mediapipeline.ffmpeg.demuxers import forced_format
from mediapipeline.ffmpeg.probe_mp3 import gapless_duration, id3_size
from mediapipeline.ffmpeg.probe_packets import guess_format
from mediapipeline.ffmpeg.probe_raw import DIGITS

__all__ = ["FileFacts", "look_at"]

_SAMPLE = 64 * 1024


@attrs.frozen
class FileFacts:
    """What the file system says of a file."""

    path: Path
    url: str
    """The name to give to FFmpeg: no character of it has a meaning."""
    size: int
    fingerprint: str
    forced_format: str | None
    gapless: Fraction | None = None
    """Duration of the sound of an MP3 file by its own header."""
    guess: str | None = None
    """FFmpeg's name of the format by the first bytes, if that matters before the file is opened."""


def look_at(path: Path) -> FileFacts:
    """Read the ends of the file at *path*.

    Raises:
        ProbeError: It is missing, unreadable, empty or not a file.
    """
    name = str(path)
    if any(ord(character) < 32 for character in name):
        raise ProbeError(name, "the name has a control character in it")
    try:
        # Not blocking: opening a named pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise ProbeError(name, "there is no such file") from None
    except OSError as error:
        raise ProbeError(name, f"it cannot be opened: {error.strerror or error}") from error
    facts = os.fstat(handle)
    if wrong := _not_a_file(facts):
        os.close(handle)
        raise ProbeError(name, wrong)
    with os.fdopen(handle, "rb") as file:
        head = file.read(_SAMPLE)
        file.seek(max(facts.st_size - _SAMPLE, 0))
        tail = file.read(_SAMPLE)
        file.seek(id3_size(head))
        gapless = gapless_duration(file.read(1024))
    digest = hashlib.sha256(b"%d\n" % facts.st_size + head + tail).hexdigest()[:DIGITS]
    url = f"file:{path.absolute()}"
    return FileFacts(path, url, facts.st_size, digest, forced_format(path.name, head[:16]), gapless, guess_format(head))


def _not_a_file(facts: os.stat_result) -> str | None:
    if stat.S_ISDIR(facts.st_mode):
        return "it is a folder, not a file"
    if not stat.S_ISREG(facts.st_mode):
        return "it is not a regular file"
    return "the file is empty" if facts.st_size == 0 else None
