"""The boxes that MP4 and MOV files are made of: what each holds, and nothing of what it means.

A file that is not as it should be is an `UnusualError`; of boxes that are too short, `struct.error` and `IndexError`
tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

__all__ = ["Boxes", "UnusualError", "boxes_of", "clock_of", "numbers_of", "one_box", "read_moov", "top_level"]

_MOST_BOXES = 4096  # side by side
_MOST_BYTES = 64 * 1024 * 1024  # of a header
_SIGN = 2**31

Boxes: TypeAlias = list[tuple[bytes, memoryview]]
"""Kind and content of boxes side by side, in order."""


class UnusualError(Exception):
    """Who reads such a file has to know more than there is here."""


def top_level(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each box that a file of *size* bytes is made of, and where what it holds begins and ends."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at == size:
            return
        file.seek(at)
        kind, head, end = _box(file.read(16), at, size)
        yield kind, at + head, end
        at = end
    raise UnusualError


def read_moov(file: BinaryIO, begin: int, end: int) -> memoryview:
    """What the header holds, which lies there in the file."""
    if end - begin > _MOST_BYTES:
        raise UnusualError
    file.seek(begin)
    return memoryview(file.read(end - begin))


def _box(head: bytes | memoryview, at: int, end: int) -> tuple[bytes, int, int]:
    """Kind of the box at *at*, bytes of its head, and where it ends."""
    size, kind = struct.unpack_from(">I4s", head)
    length = 8
    if size == 1:
        (size,), length = struct.unpack_from(">Q", head, 8), 16
    if size < length or at + size > end:
        raise UnusualError
    return kind, length, at + size


def boxes_of(data: memoryview) -> Boxes:
    """The boxes that *data* is made of."""
    found: Boxes = []
    at = 0
    while at < len(data):
        kind, head, end = _box(data[at : at + 16], at, len(data))
        found.append((kind, data[at + head : end]))
        at = end
        if len(found) > _MOST_BOXES:
            raise UnusualError
    return found


def one_box(among: Boxes, *kinds: bytes) -> memoryview:
    """What the box of these kinds holds, of which there is one."""
    found = [data for kind, data in among if kind in kinds]
    if len(found) != 1:
        raise UnusualError
    return found[0]


def numbers_of(box: memoryview, form: str, a_row: int, *, head: int = 4) -> tuple[int, ...]:
    """The numbers of a table that says how many rows it has after *head* bytes."""
    (rows,) = struct.unpack_from(">I", box, head)
    if len(box) - head - 4 < rows * a_row * struct.calcsize(form):
        raise UnusualError
    return struct.unpack_from(f">{rows * a_row}{form}", box, head + 4)


def clock_of(box: memoryview) -> int:
    """Ticks a second, of `mvhd` and `mdhd`, which begin alike."""
    (ticks,) = struct.unpack_from(">I", box, 20 if box[0] == 1 else 12)
    if not 0 < ticks < _SIGN:
        raise UnusualError
    return int(ticks)
