"""`PacketIndex`: what is known of the coded packets of a stream, without decoding any.

Where frames can be copied and where they have to be encoded is decided by these facts alone. A key packet need not be
a clean beginning: frames after it may refer to frames before it. Only `idr` tells, and it is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

import attrs

from mediapipeline.media.info import MediaInfo

__all__ = [
    "CodedPacket", "Contents", "PacketIndex", "PacketProber", "ThroughProber", "Times", "Unit", "Window",
    "WindowsProber", "holds_idr", "is_idr", "is_plain", "is_refreshed", "overtaken", "units",
]  # fmt: skip

Window: TypeAlias = tuple[Fraction, Fraction | None]
"""From, and to; None is the end of the file. Seconds of the file's own clock."""

Times: TypeAlias = tuple[Fraction, ...]
"""Of a file's own clock, seconds."""


class CodedPacket(NamedTuple):
    """One packet. Times are ticks of the clock of its stream: there are many, and fractions are slow.

    Attributes:
        pts: When it is shown.
        dts: When it is decoded; None where the file does not say.
        key: Whether the container calls it a key frame.
        idr: Whether no frame after it refers to one before it; None where nobody looked.
    """

    pts: int
    dts: int | None = None
    key: bool = False
    idr: bool | None = None


@attrs.frozen
class PacketIndex:
    """The packets of one stream in a window, in the order of decoding.

    Attributes:
        stream: Index of the stream in the file.
        time_base: Its clock: seconds of a tick.
        packets: At least all that are shown in the window; some before and after it may be there as well.
        begins: Whether the first packet of the stream is among them.
        ends: Whether the last one is.
        zero: The time of tick 0, seconds.
        listable: Whether parts of it may be read by a list of files. FFmpeg then puts parameter sets before IDR
            pictures alone, and behind messages: all key packets have to be plain (`is_plain`).
        overtaken: Times of decoding of packets; see the function of that name.
    """

    stream: int
    time_base: Fraction
    packets: tuple[CodedPacket, ...]
    begins: bool = False
    ends: bool = False
    zero: Fraction = Fraction(0)
    listable: bool = False
    overtaken: frozenset[int] = frozenset()

    def time(self, ticks: int) -> Fraction:
        """Seconds of a time of a packet."""
        return self.zero + ticks * self.time_base

    def ticks(self, time: Fraction) -> Fraction:
        """Ticks, and parts of one, of a time in seconds."""
        return (time - self.zero) / self.time_base

    def moved(self, by: Fraction) -> PacketIndex:
        """The same with all times *by* seconds later."""
        return attrs.evolve(self, zero=self.zero + by)


def overtaken(
    packets: Sequence[CodedPacket], time_base: Fraction, reached: Callable[[int], Fraction | None]
) -> frozenset[int]:
    """Of *packets* that come right before key packets, those that something stands before that is decoded after them.

    Who reads a file up to the key packet stops there, and has read less.

    Args:
        packets: Of a stream, in the order of decoding.
        time_base: Seconds of a tick.
        reached: When what is read last of other streams before a packet, by its place, is decoded, seconds.

    Returns:
        Their times of decoding, in ticks.
    """
    found = set()
    for at, packet in enumerate(packets):
        before = packets[at - 1].dts if at and packet.key else None
        if before is None or packet.dts is None:
            continue
        time = reached(at - 1)
        if time is not None and time >= Fraction(before + packet.dts, 2) * time_base:
            found.add(before)
    return frozenset(found)


@runtime_checkable
class PacketProber(Protocol):
    """What a `Prober` may do besides: look at packets. Planning does without where it cannot."""

    def index(self, path: Path, stream: int, window: Window, near: Times = ()) -> PacketIndex | None:
        """The packets of a stream; None where this prober cannot tell them.

        Args:
            path: The file.
            stream: Index of the stream in the file.
            window: What has to be there.
            near: Times near which to tell IDR pictures from other key frames, besides the ends of the window.

        Raises:
            ProbeError: The file is missing, unreadable or not media.
        """
        ...


@runtime_checkable
class WindowsProber(Protocol):
    """What a `PacketProber` may do besides: look at many parts of a stream as fast as at one."""

    def indexes(self, path: Path, stream: int, windows: Mapping[Window, Times]) -> Sequence[PacketIndex | None]:
        """What `PacketProber.index` tells, for each window with the times near which to look closely.

        Raises:
            ProbeError: The file is missing, unreadable or not media, or a part of it is.
        """
        ...


@attrs.frozen(kw_only=True)
class Contents:
    """What there was in a file that was read from its first packet to its last.

    Attributes:
        media: Its facts, as `Prober.probe` tells them.
        end: When the picture or sound that ends first has ended, seconds from the start; None where no packet tells.
        frames: Packets of the first picture that are shown; None where there is no picture.
        log: What was said while it was read, in lines as FFmpeg writes them, each with its level.
        empty: Indexes of the pictures and sounds of which there was no packet.
    """

    media: MediaInfo
    end: Fraction | None
    frames: int | None
    log: str
    empty: tuple[int, ...] = ()


@runtime_checkable
class ThroughProber(Protocol):
    """What a `Prober` may do besides: read all of a file, of a few hundred packets, while it looks at its facts."""

    def probe_through(self, path: Path) -> Contents | None:
        """What there is in the file at *path*; None where that takes another way.

        Raises:
            ProbeError: The file is missing, unreadable or not media.
        """
        ...


class Unit(NamedTuple):
    """A unit of H.264: its kind, and the byte after that, which of messages is the kind of the first."""

    kind: int
    first: int | None


_IDR, _SLICES, _MESSAGE, _BUFFERING = 5, range(1, 6), 6, 0
_BEFORE = range(6, 10)  # messages, parameter sets and delimiters
_KINDS = range(1, 24)  # what a file may hold
_FROM_THE_TOP = 0x80  # a slice that begins with the first block of the picture
_INTRA = ("1011", "10001000")  # and is made of nothing but itself: 2, and 7 where all slices of the picture are so


def holds_idr(data: bytes) -> bool | None:
    r"""Whether a packet of H.264 is an IDR picture; None where *data* are not packed as H.264 is.

    >>> holds_idr(b"\0\0\0\1\x67\x42\0\0\1\x65\x88"), holds_idr(b"\0\0\0\2\x41\x9a"), holds_idr(b"??")
    (True, False, None)
    """
    return is_idr(units(data))


def is_idr(found: Sequence[Unit]) -> bool | None:
    """Whether these are the units of an IDR picture; None where they are those of no picture, or in no good order.

    What belongs before a picture begins the next one where a stream is read without sizes.
    """
    slices = [at for at, unit in enumerate(found) if unit.kind in _SLICES]
    if not slices or any(unit.kind in _BEFORE for unit in found[slices[0] :]):
        return None
    return all(found[at].kind == _IDR for at in slices)


def is_refreshed(found: Sequence[Unit]) -> bool | None:
    r"""Whether these are the units of a picture that is made of others, though it may be called a key frame.

    Encoders that refresh pictures bit by bit have no others but the first. None where it cannot be seen.

    >>> [is_refreshed(units(b"\0\0\0\3" + unit)) for unit in (b"\x41\x9a\0", b"\x41\xb8\0", b"\x65\x88\0")]
    [True, False, False]
    """
    first = next((unit for unit in found if unit.kind in _SLICES), None)
    if first is None or first.first is None or not first.first & _FROM_THE_TOP:
        return None
    return first.kind != _IDR and not f"{first.first:08b}".startswith(_INTRA)


def is_plain(found: Sequence[Unit]) -> bool:
    """Whether these are the units of an IDR picture without a message on buffering, which names parameter sets."""
    return is_idr(found) is True and not any(unit.kind == _MESSAGE and unit.first == _BUFFERING for unit in found)


def units(data: bytes) -> list[Unit]:
    """The units of a packet of H.264; none where *data* are not packed as H.264 is.

    What begins like a start code may be a size as well, of 1 or of 256 to 511 bytes. Sizes have to add up.
    """
    found = _units_by_size(data)
    if not found and (data[:3] == b"\0\0\1" or data[:4] == b"\0\0\0\1"):
        found = _units_after_start_codes(data)
    return found


def _units_after_start_codes(data: bytes) -> list[Unit]:
    found = []
    at = data.find(b"\0\0\1")
    while at >= 0 and at + 3 < len(data):
        found.append(Unit(data[at + 3] & 31, data[at + 4] if at + 4 < len(data) else None))
        at = data.find(b"\0\0\1", at + 3)
    return found


def _units_by_size(data: bytes) -> list[Unit]:
    """Units that begin with their size in four bytes, which is what encoders write; none where they do not add up."""
    found = []
    at = 0
    while at + 4 < len(data):
        size = int.from_bytes(data[at : at + 4])
        if not size or data[at + 4] & 31 not in _KINDS:
            return []
        found.append(Unit(data[at + 4] & 31, data[at + 5] if size > 1 and at + 5 < len(data) else None))
        at += 4 + size
    return found if at == len(data) else []
