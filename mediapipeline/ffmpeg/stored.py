"""How far another stream of an MP4 or MOV file has got where a packet of the picture is stored.

FFmpeg reads packets as they are stored, as long as they are not more than a second apart. Who stops reading at a time
stops at the first packet of any stream that is not before it, and leaves out what is stored behind that. Reads the
tables of the header, and takes each of them for what it says at most.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from operator import mul, sub

import attrs

from mediapipeline.ffmpeg.mp4_boxes import Boxes, UnusualError, boxes_of, clock_of, numbers_of, one_box

__all__ = ["Stored"]

_NOTHING = -1  # that an edit list shows for a while


@attrs.frozen
class Stored:
    """Where the packets of a stream lie.

    Attributes:
        places: Of its chunks, in the order of the file.
        rows: Of each row of `stsc` the number of its first chunk, from 1, and how many packets come before that.
        each: Packets in a chunk of the row.
        times: Of each row of `stts`, how many packets come before it, and when its first is decoded, in ticks.
        lengths: Ticks of a packet of the row.
        tick: Seconds.
        late: Seconds by which the clock of the file is later than that of the tables.
    """

    places: Sequence[int]
    rows: Sequence[tuple[int, int]]
    each: Sequence[int]
    times: Sequence[tuple[int, int]]
    lengths: Sequence[int]
    tick: Fraction
    late: Fraction

    @classmethod
    def read(cls, movie: Boxes, track: Boxes) -> Stored:
        """What the boxes of *track* tell, which is one of *movie*.

        Raises:
            UnusualError: They do not agree with each other, or chunks are not in order.
        """
        media = boxes_of(one_box(track, b"mdia"))
        tables = boxes_of(one_box(boxes_of(one_box(media, b"minf")), b"stbl"))
        wide = any(kind == b"co64" for kind, _ in tables)
        places = numbers_of(one_box(tables, b"stco", b"co64"), "Q" if wide else "I", 1)
        rows = numbers_of(one_box(tables, b"stsc"), "I", 3)
        times = numbers_of(one_box(tables, b"stts"), "I", 2)
        firsts = rows[::3]
        if any(a > b for a, b in pairwise(places)) or any(a >= b for a, b in pairwise((0, *firsts))):
            raise UnusualError
        held = accumulate(map(mul, map(sub, firsts[1:], firsts), rows[1::3]), initial=0)
        begins = accumulate(map(mul, times[::2], times[1::2]), initial=0)
        clock = clock_of(one_box(media, b"mdhd"))
        return cls(
            places=places,
            rows=list(zip(firsts, held, strict=False)),
            each=rows[1::3],
            times=list(zip(accumulate(times[::2], initial=0), begins, strict=True))[:-1],
            lengths=times[1::2],
            tick=Fraction(1, clock),
            late=_late(track, clock_of(one_box(movie, b"mvhd")), clock),
        )

    def reached(self, place: int) -> Fraction | None:
        """When the last packet that is stored before *place* is decoded, seconds; None where there is none."""
        chunk = bisect_left(self.places, place)  # its number, from 1
        row = bisect_right(self.rows, chunk, key=_first) - 1
        if chunk == 0 or row < 0 or not self.times:
            return None
        packet = self.rows[row][1] + (chunk - self.rows[row][0] + 1) * self.each[row] - 1
        run = bisect_right(self.times, packet, key=_first) - 1
        before, begin = self.times[run]
        return self.late + (begin + (packet - before) * self.lengths[run]) * self.tick


def _first(row: tuple[int, int]) -> int:
    return row[0]


def _late(track: Boxes, movie: int, clock: int) -> Fraction:
    """Seconds to add to a time of the tables, at most; *movie* is the clock of what an edit list shows."""
    if all(kind != b"edts" for kind, _ in track):
        return Fraction(0)
    box = one_box(boxes_of(one_box(track, b"edts")), b"elst")
    form = ">QqI" if box[0] == 1 else ">IiI"
    (number,) = struct.unpack_from(">I", box, 4)
    rows = [struct.unpack_from(form, box, 8 + at * struct.calcsize(form)) for at in range(number)]
    waits = sum(length for length, begin, _ in rows if begin == _NOTHING)
    return Fraction(waits, movie) - Fraction(
        min((begin for _, begin, _ in rows if begin != _NOTHING), default=0), clock
    )
