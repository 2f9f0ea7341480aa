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
from typing import BinaryIO, TypeAlias

import attrs

from mediapipeline.media.packets import CodedPacket, Window

__all__ = ["Sampled", "read_sample_table"]

_MOST_BYTES = 64 * 1024 * 1024  # of a header
_MOST_SAMPLES = 2**22
_MOST_BOXES = 4096  # side by side
_ENTRIES = frozenset([b"avc1", b"avc3"])
_ELSEWHERE = frozenset([b"moof", b"sidx", b"mvex", b"cmov", b"rmra"])  # what tells of packets beside the tables
_STRANGE = frozenset(
    [b"stps", b"sbgp", b"stsh", b"padb"]
)  # tables that say which packets are key frames besides `stss`
_NORMAL_SPEED = 0x10000
_SIGN = 2**31


class _UnusualError(Exception):
    """Who reads such a file has to know more than there is here."""


@attrs.frozen
class Sampled:
    """The packets of a stream in a window, in the order of decoding.

    Attributes:
        time_base: Its clock: seconds of a tick.
        packets: Of none is known whether it is an IDR picture.
        places: Where each begins in the file, and how many bytes it has.
        begins: Whether the first packet of the stream is among them.
        ends: Whether the last one is.
    """

    time_base: Fraction
    packets: tuple[CodedPacket, ...]
    places: Sequence[tuple[int, int]]
    begins: bool
    ends: bool


def read_sample_table(path: Path, stream: int, window: Window) -> Sampled | None:
    """The packets from the last key frame before *window* to the first that is decoded after it.

    Args:
        path: The file.
        stream: Index of the stream in the file.
        window: Seconds of the file's own clock.

    Returns:
        None where it takes a demuxer to tell.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            return _sampled(_header(file, size), stream, window, size)
    except (_UnusualError, OSError, struct.error, IndexError):  # the last two of boxes that are too short
        return None


# Boxes

_Boxes: TypeAlias = list[tuple[bytes, memoryview]]


def _header(file: BinaryIO, size: int) -> memoryview:
    """What the `moov` box holds."""
    found: list[tuple[int, int]] = []
    at = 0
    for number in range(_MOST_BOXES):
        if at == size:
            break
        file.seek(at)
        kind, head, end = _box(file.read(16), at, size)
        if (kind == b"ftyp") != (number == 0) or kind in _ELSEWHERE:
            raise _UnusualError
        if kind == b"moov":
            found.append((at + head, end))
        at = end
    if at != size or len(found) != 1 or found[0][1] - found[0][0] > _MOST_BYTES:
        raise _UnusualError
    file.seek(found[0][0])
    return memoryview(file.read(found[0][1] - found[0][0]))


def _box(head: bytes | memoryview, at: int, end: int) -> tuple[bytes, int, int]:
    """Kind of the box at *at*, bytes of its head, and where it ends."""
    size, kind = struct.unpack_from(">I4s", head)
    length = 8
    if size == 1:
        (size,), length = struct.unpack_from(">Q", head, 8), 16
    if size < length or at + size > end:
        raise _UnusualError
    return kind, length, at + size


def _boxes(data: memoryview) -> _Boxes:
    found: _Boxes = []
    at = 0
    while at < len(data):
        kind, head, end = _box(data[at : at + 16], at, len(data))
        found.append((kind, data[at + head : end]))
        at = end
        if len(found) > _MOST_BOXES:
            raise _UnusualError
    return found


def _one(boxes: _Boxes, *kinds: bytes) -> memoryview:
    """What the box of these kinds holds, of which there is one."""
    found = [data for kind, data in boxes if kind in kinds]
    if len(found) != 1:
        raise _UnusualError
    return found[0]


def _numbers(box: memoryview, form: str, a_row: int, *, head: int = 4) -> tuple[int, ...]:
    """The numbers of a table that says how many rows it has after *head* bytes."""
    (rows,) = struct.unpack_from(">I", box, head)
    if len(box) - head - 4 < rows * a_row * struct.calcsize(form):
        raise _UnusualError
    return struct.unpack_from(f">{rows * a_row}{form}", box, head + 4)


# What FFmpeg makes of them


@attrs.frozen
class _Tables:
    """What they say of each packet, times in ticks from where they count, and which are key frames by number."""

    clock: int
    decoded: Sequence[int]
    shown: Sequence[int]
    places: Sequence[tuple[int, int]]
    keys: Sequence[int]


def _sampled(header: memoryview, stream: int, window: Window, size: int) -> Sampled:
    boxes = _boxes(header)
    kinds = [kind for kind, _ in boxes]
    tracks = [at for at, kind in enumerate(kinds) if kind == b"trak"]
    # Covers are streams as well; those that come after the tracks do not change their numbers.
    if not _ELSEWHERE.isdisjoint(kinds) or stream >= len(tracks) or {b"udta", b"meta"} & set(kinds[: tracks[-1]]):
        raise _UnusualError
    track = _boxes(boxes[tracks[stream]][1])
    tables = _tables(_boxes(_one(track, b"mdia")))
    if any(at + length > size for at, length in tables.places):
        raise _UnusualError
    edited = any(kind == b"edts" for kind, _ in track)
    zero = _zero(_boxes(_one(track, b"edts")), _clock(_one(boxes, b"mvhd")), tables) if edited else 0
    return _within(window, tables, zero)


def _tables(media: _Boxes) -> _Tables:
    if bytes(_one(media, b"hdlr")[8:12]) != b"vide":
        raise _UnusualError
    information = _boxes(_one(media, b"minf"))
    _check_place(_boxes(_one(information, b"dinf")))
    tables = _boxes(_one(information, b"stbl"))
    if not _STRANGE.isdisjoint(kind for kind, _ in tables):
        raise _UnusualError
    _check_entry(_one(tables, b"stsd"))
    sizes = _sizes(_one(tables, b"stsz"))
    decoded, shown = _times(tables, len(sizes))
    keys = [number - 1 for number in _numbers(_one(tables, b"stss"), "I", 1)]
    if not keys or keys[0] != 0 or keys[-1] >= len(sizes) or any(a >= b for a, b in pairwise(keys)):
        raise _UnusualError
    places = list(zip(_places(tables, sizes), sizes, strict=True))
    return _Tables(_clock(_one(media, b"mdhd")), decoded, shown, places, keys)


def _within(window: Window, tables: _Tables, zero: int) -> Sampled:
    low, high = window
    before = bisect_right(tables.keys, floor(low * tables.clock) + zero, key=tables.shown.__getitem__)
    first, stop = tables.keys[before - 1] if before else 0, len(tables.shown)
    if high is not None:
        stop = max(min(bisect_right(tables.decoded, floor(high * tables.clock) + zero) + 1, stop), first + 1)
    key = [False] * stop
    for at in tables.keys[: bisect_left(tables.keys, stop)]:
        key[at] = True
    shown, decoded = ([time - zero for time in times[first:stop]] for times in (tables.shown, tables.decoded))
    return Sampled(
        time_base=Fraction(1, tables.clock),
        packets=tuple(map(CodedPacket, shown, decoded, key[first:])),
        places=tables.places[first:stop],
        begins=first == 0,
        ends=stop == len(tables.shown),
    )


def _check_place(boxes: _Boxes) -> None:
    """The media are in this file."""
    references = _one(boxes, b"dref")
    named = _boxes(references[8:])
    if len(named) != 1 or struct.unpack_from(">I", references, 4)[0] != 1 or not named[0][1][3] & 1:
        raise _UnusualError


def _check_entry(box: memoryview) -> None:
    """It is H.264 in the clear, of one kind from the beginning to the end."""
    entries = _boxes(box[8:])
    if len(entries) != 1 or entries[0][0] not in _ENTRIES:
        raise _UnusualError


def _sizes(box: memoryview) -> tuple[int, ...]:
    alike, number = struct.unpack_from(">II", box, 4)
    if not 0 < number <= _MOST_SAMPLES or alike:
        raise _UnusualError
    found = _numbers(box, "I", 1, head=8)
    if not all(found):
        raise _UnusualError
    return found


def _places(tables: _Boxes, sizes: Sequence[int]) -> list[int]:
    wide = any(kind == b"co64" for kind, _ in tables)
    chunks = _numbers(_one(tables, b"stco", b"co64"), "Q" if wide else "I", 1)
    rows = _numbers(_one(tables, b"stsc"), "I", 3)
    firsts, numbers = rows[::3], rows[1::3]
    if not firsts or firsts[0] != 1 or not all(numbers) or any(kind != 1 for kind in rows[2::3]):
        raise _UnusualError
    lasts = (*firsts[1:], len(chunks) + 1)
    if any(a >= b for a, b in zip(firsts, lasts, strict=True)):
        raise _UnusualError
    spans = [last - first for first, last in zip(firsts, lasts, strict=True)]
    if sum(span * number for span, number in zip(spans, numbers, strict=True)) != len(sizes):
        raise _UnusualError
    found: list[int] = []
    for chunk, number in zip(chunks, _repeated(numbers, spans), strict=True):
        if number == 1:  # as they mostly are beside sound
            found.append(chunk)
        else:
            found.extend(accumulate(sizes[len(found) : len(found) + number - 1], initial=chunk))
    return found


def _times(tables: _Boxes, samples: int) -> tuple[list[int], list[int]]:
    """When each sample is decoded, and when it is shown."""
    rows = _numbers(_one(tables, b"stts"), "I", 2)
    if sum(rows[::2]) != samples or not all(0 < length < _SIGN for length in rows[1::2]):
        raise _UnusualError
    lengths = list(_repeated(rows[1::2], rows[::2]))
    decoded = list(accumulate(lengths[:-1], initial=0))
    if all(kind != b"ctts" for kind, _ in tables):
        return decoded, decoded
    rows = _numbers(_one(tables, b"ctts"), "I", 2)
    if sum(rows[::2]) != samples or any(later >= _SIGN for later in rows[1::2]):
        raise _UnusualError
    return decoded, list(map(add, decoded, _repeated(rows[1::2], rows[::2])))


def _repeated(values: Sequence[int], times: Sequence[int]) -> Iterator[int]:
    return chain.from_iterable(map(repeat, values, times))


def _clock(box: memoryview) -> int:
    """Ticks a second, of `mvhd` and `mdhd`, which begin alike."""
    (ticks,) = struct.unpack_from(">I", box, 20 if box[0] == 1 else 12)
    if not 0 < ticks < _SIGN:
        raise _UnusualError
    return int(ticks)


def _zero(edits: _Boxes, movie: int, tables: _Tables) -> int:
    """The time of the tables that FFmpeg counts from, which an edit list says; *movie* is the clock of its lengths."""
    box = _one(edits, b"elst")
    if struct.unpack_from(">I", box, 4) != (1,):
        raise _UnusualError
    lasts, begin, speed = struct.unpack_from(">QqI" if box[0] == 1 else ">IiI", box, 8)
    end = begin + (2 * lasts * tables.clock + movie) // (2 * movie)  # rounded as FFmpeg does it
    decoded, shown = tables.decoded, tables.shown
    # Frames outside would be left out, and so would be what comes after a key frame that is the last inside.
    if speed != _NORMAL_SPEED or begin != shown[0] or min(shown) != begin or max(shown) >= end:
        raise _UnusualError
    if any(shown[at] + decoded[at + 1] - decoded[at] >= end for at in tables.keys if at + 1 < len(shown)):
        raise _UnusualError
    return shown[0]
