"""The tables of an MP4 or MOV file: when each packet of a picture is decoded and shown, and where it lies.

To ask ffprobe means to have it read the file. What is told here is what FFmpeg makes of the tables, and only where that
is beyond doubt: the file has all that they speak of, they agree with each other, and an edit list does no more than
begin with the first frame. Nothing is told of anything else. Reads the header of a file, and never the media.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, chain, pairwise, repeat
from math import floor
from operator import add
from pathlib import Path
from typing import BinaryIO

import attrs

from mediapipeline.ffmpeg.mp4_boxes import (
    Boxes,
    UnusualError,
    boxes_of,
    clock_of,
    numbers_of,
    one_box,
    read_moov,
    top_level,
)
from mediapipeline.ffmpeg.stored import Stored
from mediapipeline.media.packets import CodedPacket, Window, overtaken

__all__ = ["Sampled", "read_sample_table"]

_MOST_SAMPLES = 2**22
_ENTRIES = frozenset([b"avc1", b"avc3"])
_ELSEWHERE = frozenset([b"moof", b"sidx", b"mvex", b"cmov", b"rmra"])  # what tells of packets beside the tables
_STRANGE = frozenset(
    [b"stps", b"sbgp", b"stsh", b"padb"]
)  # tables that say which packets are key frames besides `stss`
_NORMAL_SPEED = 0x10000
_SIGN = 2**31


@attrs.frozen
class Sampled:
    """The packets of a stream in a window, in the order of decoding.

    Attributes:
        time_base: Its clock: seconds of a tick.
        packets: Of none is known whether it is an IDR picture.
        places: Where each begins in the file, and how many bytes it has.
        begins: Whether the first packet of the stream is among them.
        ends: Whether the last one is.
        overtaken: As `mediapipeline.media.packets.PacketIndex` has it; None where other tracks do not tell.
    """

    time_base: Fraction
    packets: tuple[CodedPacket, ...]
    places: Sequence[tuple[int, int]]
    begins: bool
    ends: bool
    overtaken: frozenset[int] | None = None


def read_sample_table(path: Path, stream: int, windows: Sequence[Window]) -> list[Sampled] | None:
    """The packets from the last key frame before each of *windows* to the first that is decoded after it.

    Args:
        path: The file.
        stream: Index of the stream in the file.
        windows: Seconds of the file's own clock.

    Returns:
        None where it takes a demuxer to tell.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            return _sampled(_header(file, size), stream, windows, size)
    except (UnusualError, OSError, struct.error, IndexError):  # the last two of boxes that are too short
        return None


def _header(file: BinaryIO, size: int) -> memoryview:
    """What the `moov` box holds."""
    found: list[tuple[int, int]] = []
    for number, (kind, begin, end) in enumerate(top_level(file, size)):
        if (kind == b"ftyp") != (number == 0) or kind in _ELSEWHERE:
            raise UnusualError
        if kind == b"moov":
            found.append((begin, end))
    if len(found) != 1:
        raise UnusualError
    return read_moov(file, *found[0])


# What FFmpeg makes of them


@attrs.frozen
class _Tables:
    """What they say of each packet, times in ticks from where they count, and which are key frames by number."""

    clock: int
    decoded: Sequence[int]
    shown: Sequence[int]
    places: Sequence[tuple[int, int]]
    keys: Sequence[int]


def _sampled(header: memoryview, stream: int, windows: Sequence[Window], size: int) -> list[Sampled]:
    boxes = boxes_of(header)
    kinds = [kind for kind, _ in boxes]
    tracks = [at for at, kind in enumerate(kinds) if kind == b"trak"]
    # Covers are streams as well; those that come after the tracks do not change their numbers.
    if not _ELSEWHERE.isdisjoint(kinds) or stream >= len(tracks) or {b"udta", b"meta"} & set(kinds[: tracks[-1]]):
        raise UnusualError
    track = boxes_of(boxes[tracks[stream]][1])
    tables = _tables(boxes_of(one_box(track, b"mdia")))
    if any(at + length > size for at, length in tables.places):
        raise UnusualError
    edited = any(kind == b"edts" for kind, _ in track)
    zero = _zero(boxes_of(one_box(track, b"edts")), clock_of(one_box(boxes, b"mvhd")), tables) if edited else 0
    found = [_within(window, tables, zero) for window in windows]
    try:
        others = [Stored.read(boxes, boxes_of(boxes[at][1])) for number, at in enumerate(tracks) if number != stream]
    except UnusualError:
        return found
    return [attrs.evolve(each, overtaken=_overtaken(each, others)) for each in found]


def _overtaken(found: Sampled, others: Sequence[Stored]) -> frozenset[int]:
    def reached(at: int) -> Fraction | None:
        times = [other.reached(found.places[at][0]) for other in others]
        return max((time for time in times if time is not None), default=None)

    return overtaken(found.packets, found.time_base, reached)


def _tables(media: Boxes) -> _Tables:
    if bytes(one_box(media, b"hdlr")[8:12]) != b"vide":
        raise UnusualError
    information = boxes_of(one_box(media, b"minf"))
    _check_place(boxes_of(one_box(information, b"dinf")))
    tables = boxes_of(one_box(information, b"stbl"))
    if not _STRANGE.isdisjoint(kind for kind, _ in tables):
        raise UnusualError
    _check_entry(one_box(tables, b"stsd"))
    sizes = _sizes(one_box(tables, b"stsz"))
    decoded, shown = _times(tables, len(sizes))
    keys = [number - 1 for number in numbers_of(one_box(tables, b"stss"), "I", 1)]
    if not keys or keys[0] != 0 or keys[-1] >= len(sizes) or any(a >= b for a, b in pairwise(keys)):
        raise UnusualError
    places = list(zip(_places(tables, sizes), sizes, strict=True))
    return _Tables(clock_of(one_box(media, b"mdhd")), decoded, shown, places, keys)


def _within(window: Window, tables: _Tables, zero: int) -> Sampled:
    low, high = window
    before = bisect_right(tables.keys, floor(low * tables.clock) + zero, key=tables.shown.__getitem__)
    first, stop = tables.keys[before - 1] if before else 0, len(tables.shown)
    if high is not None:
        stop = max(min(bisect_right(tables.decoded, floor(high * tables.clock) + zero) + 1, stop), first + 1)
    key = [False] * (stop - first)
    for at in tables.keys[bisect_left(tables.keys, first) : bisect_left(tables.keys, stop)]:
        key[at - first] = True
    shown, decoded = ([time - zero for time in times[first:stop]] for times in (tables.shown, tables.decoded))
    return Sampled(
        time_base=Fraction(1, tables.clock),
        packets=tuple(map(CodedPacket, shown, decoded, key)),
        places=tables.places[first:stop],
        begins=first == 0,
        ends=stop == len(tables.shown),
    )


def _check_place(boxes: Boxes) -> None:
    """The media are in this file."""
    references = one_box(boxes, b"dref")
    named = boxes_of(references[8:])
    if len(named) != 1 or struct.unpack_from(">I", references, 4)[0] != 1 or not named[0][1][3] & 1:
        raise UnusualError


def _check_entry(box: memoryview) -> None:
    """It is H.264 in the clear, of one kind from the beginning to the end."""
    entries = boxes_of(box[8:])
    if len(entries) != 1 or entries[0][0] not in _ENTRIES:
        raise UnusualError


def _sizes(box: memoryview) -> tuple[int, ...]:
    alike, number = struct.unpack_from(">II", box, 4)
    if not 0 < number <= _MOST_SAMPLES or alike:
        raise UnusualError
    found = numbers_of(box, "I", 1, head=8)
    if not all(found):
        raise UnusualError
    return found


def _places(tables: Boxes, sizes: Sequence[int]) -> list[int]:
    wide = any(kind == b"co64" for kind, _ in tables)
    chunks = numbers_of(one_box(tables, b"stco", b"co64"), "Q" if wide else "I", 1)
    rows = numbers_of(one_box(tables, b"stsc"), "I", 3)
    firsts, numbers = rows[::3], rows[1::3]
    if not firsts or firsts[0] != 1 or not all(numbers) or any(kind != 1 for kind in rows[2::3]):
        raise UnusualError
    lasts = (*firsts[1:], len(chunks) + 1)
    if any(a >= b for a, b in zip(firsts, lasts, strict=True)):
        raise UnusualError
    spans = [last - first for first, last in zip(firsts, lasts, strict=True)]
    if sum(span * number for span, number in zip(spans, numbers, strict=True)) != len(sizes):
        raise UnusualError
    found: list[int] = []
    for chunk, number in zip(chunks, _repeated(numbers, spans), strict=True):
        if number == 1:  # as they mostly are beside sound
            found.append(chunk)
        else:
            found.extend(accumulate(sizes[len(found) : len(found) + number - 1], initial=chunk))
    return found


def _times(tables: Boxes, samples: int) -> tuple[list[int], list[int]]:
    """When each sample is decoded, and when it is shown."""
    rows = numbers_of(one_box(tables, b"stts"), "I", 2)
    if sum(rows[::2]) != samples or not all(0 < length < _SIGN for length in rows[1::2]):
        raise UnusualError
    lengths = list(_repeated(rows[1::2], rows[::2]))
    decoded = list(accumulate(lengths[:-1], initial=0))
    if all(kind != b"ctts" for kind, _ in tables):
        return decoded, decoded
    rows = numbers_of(one_box(tables, b"ctts"), "I", 2)
    if sum(rows[::2]) != samples or any(later >= _SIGN for later in rows[1::2]):
        raise UnusualError
    return decoded, list(map(add, decoded, _repeated(rows[1::2], rows[::2])))


def _repeated(values: Sequence[int], times: Sequence[int]) -> Iterator[int]:
    return chain.from_iterable(map(repeat, values, times))


def _zero(edits: Boxes, movie: int, tables: _Tables) -> int:
    """The time of the tables that FFmpeg counts from, which an edit list says; *movie* is the clock of its lengths."""
    box = one_box(edits, b"elst")
    if struct.unpack_from(">I", box, 4) != (1,):
        raise UnusualError
    lasts, begin, speed = struct.unpack_from(">QqI" if box[0] == 1 else ">IiI", box, 8)
    end = begin + (2 * lasts * tables.clock + movie) // (2 * movie)  # rounded as FFmpeg does it
    decoded, shown = tables.decoded, tables.shown
    # Frames outside would be left out, and so would be what comes after a key frame that is the last inside.
    if speed != _NORMAL_SPEED or begin != shown[0] or min(shown) != begin or max(shown) >= end:
        raise UnusualError
    if any(shown[at] + decoded[at + 1] - decoded[at] >= end for at in tables.keys if at + 1 < len(shown)):
        raise UnusualError
    return shown[0]
