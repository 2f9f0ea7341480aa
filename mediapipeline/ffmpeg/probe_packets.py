"""What the packets of a file say: when pictures are shown, and when each stream ends.

Some formats have no index and no header that tells a duration. FFmpeg then estimates: from the time stamps that it
meets in the last kilobytes, which leaves out what the last packet of the container holds besides its first frame, or
from the size and a bit rate. So a prober reads the last seconds of such a file, or all of it if it is small. Pure:
which parts to read, and what they mean, is decided here; reading is the business of the probers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import attrs

__all__ = [
    "CLOCKLESS_SOUND", "EARLIER", "FAR", "LATER", "MOST", "NO_INDEX", "TAIL", "WINDOW", "Extent", "Observed", "Packet",
    "extent_for", "guess_format", "observe", "timestamps",
]  # fmt: skip

Extent: TypeAlias = Literal["window", "tail", "whole"]
"""What is read of a file: its first packets, those and the last seconds, or everything."""

WINDOW = 240
"""How many packets, of all streams, are read from the beginning of a file."""

FAR = 99_999_999
"""Seconds; a seek to a time behind the end of a file without an index leads to its last packets."""

EARLIER, LATER = 8, 2
"""Seconds that are read before and after a part whose packets are looked at: frames are not stored as they are shown,
and without an index a seek is a guess."""

TAIL = 3
"""Seconds before the last time stamp from which a tail is read. A stream without a packet in it has ended earlier."""

MOST = 2000
"""How many packets of a tail are read: where time stamps jump, a seek may lead anywhere."""

SMALL = 1024 * 1024
"""Bytes up to which a file is read from beginning to end where only that tells how long it is."""

NO_INDEX = frozenset(["mpegts", "mpeg"])
"""Formats whose packets have times, but which do not say how long they last."""

CLOCKLESS_SOUND = frozenset([
    "aac", "loas", "ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "amr", "amrnb", "amrwb", "gsm", "spdif",
])  # fmt: skip
"""Bare sound: it lasts as long as its packets together."""


class Packet(NamedTuple):
    """A packet; times are counts of the time base of its stream."""

    stream: int
    pts: int | None
    dts: int | None
    duration: int | None
    shown: bool = True
    """False for what an edit list leaves out."""
    key: bool = False
    """Whether the container calls it a key frame."""


@attrs.frozen
class Observed:
    """What packets say of the streams they belong to."""

    times: Mapping[int, tuple[int, ...]]
    """Presentation times at the beginning of each stream; empty where some have none."""
    ends: Mapping[int, int]
    """When each stream ends; those that were not read to the end are missing."""
    complete: bool
    """Whether `times` are those of the whole file."""
    firsts: Mapping[int, Packet] = attrs.field(factory=dict)
    """The first packet of each stream, whether it is shown or not."""
    lengths: Mapping[int, int] = attrs.field(factory=dict)
    """How long each packet of a stream is, where all at its beginning are alike but the last."""
    leading: Mapping[int, int] = attrs.field(factory=dict)
    """The most pictures of each stream that come after a key frame and are shown before it; see `_leading`."""


def extent_for(format_name: str | None, size: int, *, lasts: bool) -> Extent:
    """What to read of a file.

    Args:
        format_name: FFmpeg's name of its format.
        size: Bytes.
        lasts: Whether a header says how long it is.
    """
    small = size <= SMALL
    if format_name in NO_INDEX:
        return "whole" if small else "tail"
    return "whole" if small and (format_name in CLOCKLESS_SOUND or not lasts) else "window"


def guess_format(head: bytes) -> str | None:
    """FFmpeg's name of the format that begins with *head*, of those that are read in a way of their own."""
    if head[:4] == b"\x00\x00\x01\xba":
        return "mpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:1] == b"\xff" and head[1:2] and head[1] & 0xF6 == 0xF0:
        return "aac"
    for first, size in ((0, 188), (4, 192)):
        marks = head[first : first + 8 * size : size]
        if len(marks) > 1 and set(marks) == {0x47}:
            return "mpegts"
    return None


def timestamps(seen: Iterable[int | None]) -> tuple[int, ...]:
    """Times of the packets of a stream; none at all where some are missing, since gaps would look like late frames."""
    found = tuple(seen)
    return () if None in found else tuple(time for time in found if time is not None)


def observe(packets: Sequence[Packet], extent: Extent, format_name: str | None = None) -> Observed:
    """What *packets* say; of a tail they come after the window, and may repeat what was read before.

    Args:
        packets: In the order of the file.
        extent: Which those are.
        format_name: FFmpeg's name of the format. Recordings of broadcasts begin anywhere.
    """
    if format_name in NO_INDEX:
        packets = _decodable(packets)
    distinct = list(dict.fromkeys(packets)) if extent == "tail" else packets
    complete = extent == "whole" or len(distinct) < WINDOW
    seen: dict[int, list[int | None]] = {}
    for packet in distinct if extent == "whole" else distinct[:WINDOW]:
        if packet.shown:
            seen.setdefault(packet.stream, []).append(packet.pts)
    times = {stream: timestamps(found) for stream, found in seen.items()}
    known = Observed(times, {}, complete, *_beginnings(distinct[:WINDOW]), _leading(distinct[:WINDOW]))
    if complete:
        return attrs.evolve(known, ends=_ends(distinct))
    if extent == "window" or len(packets) >= WINDOW + MOST:
        return known
    return attrs.evolve(known, ends=_ends(distinct[WINDOW:]))


def _decodable(packets: Sequence[Packet]) -> Sequence[Packet]:
    """*packets* without those of each stream that come, or are shown, before its first key frame: nobody sees them."""
    firsts: dict[int, Packet] = {}
    keys: dict[int, Packet] = {}
    for packet in packets:
        firsts.setdefault(packet.stream, packet)
        if packet.key and packet.pts is not None:
            keys.setdefault(packet.stream, packet)
    amid = {stream for stream, packet in firsts.items() if not packet.key and stream in keys}
    if not amid:
        return packets
    found: list[Packet] = []
    begun: set[int] = set()
    for packet in packets:
        if packet.stream in amid:
            key = keys[packet.stream]
            if packet is key:
                begun.add(packet.stream)
            if packet.stream not in begun or (packet.pts is not None and key.pts is not None and packet.pts < key.pts):
                continue
        found.append(packet)
    return found


def _beginnings(packets: Iterable[Packet]) -> tuple[Mapping[int, Packet], Mapping[int, int]]:
    """The first packet of each stream, and how long each is where all but the last are alike."""
    firsts: dict[int, Packet] = {}
    lengths: dict[int, list[int | None]] = {}
    for packet in packets:
        firsts.setdefault(packet.stream, packet)
        lengths.setdefault(packet.stream, []).append(packet.duration)
    alike = {n: found[0] for n, found in lengths.items() if len(found) > 1 and len(set(found[:-1])) == 1 and found[0]}
    return firsts, alike


def _leading(packets: Iterable[Packet]) -> Mapping[int, int]:
    """How many packets follow a key frame, but the first, before one that is shown after it: the most that was seen.

    Streams of which no second key frame was seen, with what follows it, are missing.
    """
    found: dict[int, int] = {}
    counted: dict[int, tuple[int, int]] = {}
    begun: set[int] = set()
    for packet in packets:
        if packet.pts is None:
            continue
        if packet.key and packet.stream in begun:
            if packet.stream in counted:  # nothing but key frames stands between what is shown before them
                found[packet.stream] = max(counted[packet.stream][1], found.get(packet.stream, 0))
            counted[packet.stream] = packet.pts, 0
        elif packet.stream in counted:
            key, number = counted[packet.stream]
            if packet.pts < key:
                counted[packet.stream] = key, number + 1
            else:
                found[packet.stream] = max(number, found.get(packet.stream, 0))
                del counted[packet.stream]
        begun.add(packet.stream)
    return found


def _ends(packets: Iterable[Packet]) -> Mapping[int, int]:
    last: dict[int, Packet] = {}
    for packet in packets:
        if packet.pts is not None and packet.shown:
            known = last.get(packet.stream)
            if known is None or known.pts is None or packet.pts >= known.pts:
                last[packet.stream] = packet
    return {n: p.pts + p.duration for n, p in last.items() if p.pts is not None and p.duration}
