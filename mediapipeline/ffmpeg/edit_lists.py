"""What the edit lists of subtitles in an MP4 or MOV file leave out.

FFmpeg lets the first packet that begins in an edit be shown when the edit begins. That is right to within a frame for
pictures; a packet of text lasts seconds, of which there may be nothing to read, and all that follow are moved by the
rest of it. So no packet tells. Reads the header of a file, and never the media.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import attrs

from mediapipeline.ffmpeg.mp4_boxes import (
    Boxes,
    UnusualError,
    boxes_of,
    clock_of,
    one_box,
    read_moov,
    top_level,
)

__all__ = ["EditList", "read_edit_lists"]

_SUBTITLES = frozenset([b"sbtl", b"subt", b"subp", b"text", b"clcp"])
_EMPTY = -1
_NORMAL_SPEED = 0x10000
_UNKNOWN = frozenset([0, 2**32 - 1, 2**64 - 1])  # how a header says that it does not tell how long a track is


@attrs.frozen
class EditList:
    """What is shown of a track.

    Attributes:
        before: Seconds of it that are left out; the rest is shown from time 0 on.
        duration: Seconds of it that are shown; None for all that follows.
        parts: Whether it is shown in several parts, or in one that begins later, or not as fast as it was made: then
            the others tell nothing.
        fragments: Whether the file is in fragments, in which FFmpeg hides nothing.
    """

    before: Fraction = Fraction(0)
    duration: Fraction | None = None
    parts: bool = False
    fragments: bool = False


def read_edit_lists(path: Path) -> Mapping[int, EditList]:
    """What is shown of the subtitles of a file, where that is not all of them, by the index of the stream.

    Nothing is told where the header is not as it should be.
    """
    try:
        with path.open("rb") as file:
            for kind, begin, end in top_level(file, file.seek(0, 2)):
                if kind == b"moov":
                    return dict(_edited(boxes_of(read_moov(file, begin, end))))
    except (UnusualError, OSError, struct.error, IndexError):  # the last two of boxes that are too short
        pass
    return {}


def _edited(header: Boxes) -> Iterator[tuple[int, EditList]]:
    movie = clock_of(one_box(header, b"mvhd"))
    kinds = [kind for kind, _ in header]
    if {b"udta", b"meta"} & set(kinds[: len(kinds) - kinds[::-1].index(b"trak")] if b"trak" in kinds else ()):
        raise UnusualError  # the cover in it is a stream as well, and comes before those of the tracks
    for index, track in enumerate(data for kind, data in header if kind == b"trak"):
        boxes = boxes_of(track)
        media = boxes_of(one_box(boxes, b"mdia"))
        if bytes(one_box(media, b"hdlr")[8:12]) not in _SUBTITLES:
            continue
        if b"mvex" in kinds:
            yield index, EditList(fragments=True)
        elif any(kind == b"edts" for kind, _ in boxes):
            found = _edit_list(one_box(boxes_of(one_box(boxes, b"edts")), b"elst"), movie, one_box(media, b"mdhd"))
            if found is not None:
                yield index, found


def _edit_list(box: memoryview, movie: int, header: memoryview) -> EditList | None:
    """What *box* says; *movie* is the clock of its lengths, and *header* the `mdhd` of the track."""
    wide = box[0] == 1
    rows = list(struct.iter_unpack(">QqI" if wide else ">IiI", _rows(box, 20 if wide else 12)))
    waits = Fraction(rows.pop(0)[0], movie) if rows and rows[0][1] == _EMPTY else Fraction(0)
    if not rows:
        return None
    lasts, begin, speed = rows[0]
    if len(rows) > 1 or begin < 0 or speed != _NORMAL_SPEED:
        return EditList(parts=True)
    clock = clock_of(header)
    (whole,) = struct.unpack_from(">Q" if header[0] == 1 else ">I", header, 24 if header[0] == 1 else 16)
    before, shown = Fraction(begin, clock), Fraction(lasts, movie)
    # Lengths are rounded to the coarser of the clocks. What is written piece by piece does not tell any.
    left = Fraction(0) if whole in _UNKNOWN or not lasts else Fraction(whole, clock) - before - shown
    cut = left > max(Fraction(1, clock), Fraction(1, movie))
    if not before and not cut:
        return None
    return EditList(parts=True) if waits else EditList(before=before, duration=shown if cut else None)


def _rows(box: memoryview, size: int) -> memoryview:
    (rows,) = struct.unpack_from(">I", box, 4)
    if len(box) - 8 < rows * size:
        raise UnusualError
    return box[8 : 8 + rows * size]
