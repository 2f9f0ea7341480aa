"""What is left out of subtitles, by the header of a file: told where it is beyond doubt, and nothing of others."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.edit_lists import EditList, read_edit_lists
from mediapipeline.testing.media import make_clip
from outcomes import ffmpeg

_MOVIE, _CLOCK = 600, 1000
_SPEED = 0x10000
_EMPTY = -1


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def clock(kind: bytes, ticks: int, length: int, *, wide: bool = False) -> bytes:
    times = struct.pack(">BxxxQQIQ", 1, 0, 0, ticks, length) if wide else struct.pack(">4xIIII", 0, 0, ticks, length)
    return box(kind, times, bytes(8))


def track(*edits: tuple[int, int, int], kind: bytes = b"sbtl", length: int = 10 * _CLOCK, wide: bool = False) -> bytes:
    """A track of ten seconds; of each edit how long it lasts by the clock of the movie, where it begins, how fast."""
    row = ">QqI" if wide else ">IiI"
    listed = box(b"elst", struct.pack(">BxxxI", wide, len(edits)), *(struct.pack(row, *edit) for edit in edits))
    media = box(b"mdia", clock(b"mdhd", _CLOCK, length, wide=wide), box(b"hdlr", bytes(8), kind, bytes(13)))
    return box(b"trak", *([box(b"edts", listed)] if edits else []), media)


def read(folder: Path, *tracks: bytes, before: bytes = b"") -> dict[int, EditList]:
    path = folder / "made.mp4"
    header = box(b"moov", clock(b"mvhd", _MOVIE, 10 * _MOVIE), before, *tracks)
    path.write_bytes(box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", bytes(5)) + header)
    return dict(read_edit_lists(path))


ALL = (10 * _MOVIE, 0, _SPEED)
LATER_HALF = (5 * _MOVIE, 5 * _CLOCK, _SPEED)
HALF = EditList(before=Fraction(5))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("edits", "found"), [
    ([], None),
    ([ALL], None),
    ([(0, 0, _SPEED)], None),
    ([LATER_HALF], HALF),
    ([(0, 5 * _CLOCK, _SPEED)], HALF),
    ([(3 * _MOVIE, 5 * _CLOCK, _SPEED)], EditList(before=Fraction(5), duration=Fraction(3))),
    ([(3 * _MOVIE, 0, _SPEED)], EditList(duration=Fraction(3))),
    ([(10 * _MOVIE - 1, 0, _SPEED)], None),  # it is rounded
    ([(_MOVIE, _EMPTY, _SPEED)], None),
    ([(_MOVIE, _EMPTY, _SPEED), ALL], None),
    ([(_MOVIE, _EMPTY, _SPEED), LATER_HALF], EditList(parts=True)),
    ([(_MOVIE, 0, _SPEED), LATER_HALF], EditList(parts=True)),
    ([LATER_HALF, (_MOVIE, _EMPTY, _SPEED)], EditList(parts=True)),
    ([(5 * _MOVIE, 0, 2 * _SPEED)], EditList(parts=True)),
])  # fmt: skip
def test_what_is_left_out(
    edits: list[tuple[int, int, int]], found: EditList | None, wide: bool, tmp_path: Path
) -> None:
    assert read(tmp_path, track(*edits, wide=wide)) == ({} if found is None else {0: found})


def test_of_subtitles_only_and_by_the_index_of_the_stream(tmp_path: Path) -> None:
    tracks = [track(LATER_HALF, kind=kind) for kind in (b"vide", b"text", b"soun", b"subp")]
    assert read(tmp_path, *tracks) == {1: HALF, 3: HALF}


@pytest.mark.parametrize("length", [0, 2**32 - 1])
def test_a_track_that_does_not_tell_how_long_it_is_goes_on(length: int, tmp_path: Path) -> None:
    assert read(tmp_path, track((3 * _MOVIE, 0, _SPEED), length=length)) == {}
    assert read(tmp_path, track((3 * _MOVIE, 5 * _CLOCK, _SPEED), length=length)) == {0: HALF}


def test_of_fragments_that_they_are_such(tmp_path: Path) -> None:
    tracks = track(LATER_HALF, kind=b"vide"), track(LATER_HALF), track()
    assert read(tmp_path, *tracks, before=box(b"mvex")) == dict.fromkeys((1, 2), EditList(fragments=True))


def test_nothing_is_told_where_streams_are_not_tracks(tmp_path: Path) -> None:
    assert read(tmp_path, track(LATER_HALF), before=box(b"udta", b"")) == {}


@pytest.mark.parametrize("content", [b"", b"\0", b"no header", box(b"moov", b"\0\0\0\x04trak"), box(b"moov", bytes(3))])
def test_other_files_tell_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.mp4"
    path.write_bytes(content)
    assert read_edit_lists(path) == {}
    assert read_edit_lists(tmp_path / "missing.mp4") == {}


def test_any_end_is_survived(tmp_path: Path) -> None:
    whole = box(b"moov", clock(b"mvhd", _MOVIE, 10 * _MOVIE), track(LATER_HALF))
    path = tmp_path / "short.mp4"
    for end in range(len(whole)):
        path.write_bytes(struct.pack(">I", end) + whole[4:end])  # the outermost box says that it is no longer
        assert read_edit_lists(path) in ({}, {0: HALF})


def test_what_ffmpeg_writes(tmp_path: Path, engine: Engine) -> None:
    cues = [("0.5s", "1s", "one"), ("1.2s", "2.9s", "two")]
    whole = make_clip(tmp_path / "whole.mp4", duration="4s", subtitles=[cues], gop=50, engine=engine)
    assert read_edit_lists(whole) == {}
    ffmpeg(engine, "-ss", "2.3", "-i", str(whole), "-map", "0", "-c", "copy", str(tmp_path / "cut.mp4"))
    assert read_edit_lists(tmp_path / "cut.mp4") == {1: EditList(before=Fraction("1.1"))}, "from the second cue on"
