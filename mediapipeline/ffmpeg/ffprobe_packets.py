"""The packets of parts of a stream by the ffprobe program: one process for many parts, however far apart they are."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from mediapipeline.errors import ProbeError
from mediapipeline.ffmpeg.packet_bytes import read_packet
from mediapipeline.ffmpeg.probe_packets import EARLIER, LATER
from mediapipeline.media.packets import CodedPacket, PacketIndex, Times, Window, holds_idr
from mediapipeline.media.timecode import seconds_text

__all__ = ["Ask", "read_parts"]

Ask: TypeAlias = Callable[[str, Sequence[str]], str]
"""What ffprobe writes of one stream: in that form, with these options."""

_Row: TypeAlias = tuple[str, str, str, str, str]
"""A packet: pts, dts, size, pos and flags, as ffprobe writes them."""

_AT_ONCE = 32
"""Parts that one process reads; each may be of thousands of packets."""
_SEQUENTIAL = frozenset({"matroska,webm", "mpegts", "mpeg", "flv"})
"""Formats that are read from one packet to the one behind it."""
_LOOKED_INTO = 3
_PACKET = re.compile("^packet" + r",([^,\n]*)" * 5, re.MULTILINE)


def read_parts(path: Path, stream: int, windows: Mapping[Window, Times], ask: Ask) -> list[PacketIndex | None]:
    """The packets of *stream* in each window; see `mediapipeline.media.packets.WindowsProber`.

    Of the key packets only those nearest to the ends of a window, and to its times, are looked into.

    Raises:
        ProbeError: ffprobe failed, or gave no answer that can be read.
    """
    reader = _Reader(path, stream, ask)
    found: dict[Window, PacketIndex | None] = {}
    for group in _groups(sorted(windows, key=lambda window: window[0])):
        found |= reader.read({window: windows[window] for window in group})
    return [found[window] for window in windows]


def _groups(windows: Sequence[Window]) -> Iterator[Sequence[Window]]:
    """Windows that one process may read, one after the other."""
    far = all(high is not None and high + LATER < low - EARLIER for (_, high), (low, _) in pairwise(windows))
    size = _AT_ONCE if far else 1
    for at in range(0, len(windows), size):
        yield windows[at : at + size]


class _Reader:
    def __init__(self, path: Path, stream: int, ask: Ask) -> None:
        self._path, self._stream, self._ask = path, stream, ask

    def read(self, windows: Mapping[Window, Times]) -> dict[Window, PacketIndex | None]:
        places = ",".join(map(_interval, windows))
        facts = "packet=pts,dts,size,pos,flags:stream=time_base:format=format_name"
        told = self._ask("csv", ["-show_entries", facts, *(["-read_intervals", places] if places != "%" else [])])
        rows: list[_Row] = _PACKET.findall(told)
        base = _ratio(_field(told, "stream")) or Fraction(1, 1_000_000)
        demuxer = _field(told, "format")
        parts: list[list[_Row]] | None = [rows]
        if len(windows) > 1:
            parts = _split(rows, base, [*windows]) if demuxer in _SEQUENTIAL else None
        if parts is None:  # each by itself
            alone = [self.read({window: near}) for window, near in windows.items()]
            return {window: index for found in alone for window, index in found.items()}
        return {
            window: self._index(part, base, demuxer, window, near)
            for part, (window, near) in zip(parts, windows.items(), strict=True)
        }

    def _index(
        self, rows: Sequence[_Row], base: Fraction, demuxer: str, window: Window, near: Times
    ) -> PacketIndex | None:
        if any(row[0] == "N/A" for row in rows) or any("D" in each or "C" in each for each in {row[4] for row in rows}):
            return None  # what is not sure is not told
        packets = [
            CodedPacket(int(pts), None if dts == "N/A" else int(dts), "K" in flags) for pts, dts, _, _, flags in rows
        ]
        unknown = []
        for at in _near(packets, _edges(packets, base, window, near)):
            _, _, size, pos, _ = rows[at]
            data = read_packet(self._path, demuxer, int(pos), int(size)) if pos.isdigit() else None
            idr = None if data is None else holds_idr(data)
            packets[at] = packets[at]._replace(idr=idr)
            if idr is None:
                unknown.append(at)
        if unknown:
            shown = self._shown([packets[at] for at in unknown], base)
            for at in unknown:
                packets[at] = packets[at]._replace(idr=shown.get(packets[at].pts))
        low, high = window
        return PacketIndex(self._stream, base, tuple(packets), begins=low <= EARLIER, ends=high is None)

    def _shown(self, packets: Sequence[CodedPacket], base: Fraction) -> dict[int, bool | None]:
        """Whether packets are IDR pictures, by their time; those that no seek leads to are missing."""
        # Seeks go by the time of decoding or of showing; where both lead to other packets, nothing is known.
        times = sorted({time for each in packets for time in (each.dts, each.pts) if time is not None})
        places = ",".join(f"{seconds_text(max(Fraction(0), time * base))}%+#1" for time in times)
        options = ["-show_data", "-show_entries", "packet=pts,data:stream=index", "-read_intervals", places]
        try:
            report = json.loads(self._ask("json=c=1", options))
        except ValueError as error:
            raise ProbeError(str(self._path), f"the answer of ffprobe is not JSON: {error}") from error
        return {entry["pts"]: holds_idr(_bytes(entry.get("data", ""))) for entry in report.get("packets", ())}


def _interval(window: Window) -> str:
    low, high = window
    begin = seconds_text(low - EARLIER) if low > EARLIER else ""
    return f"{begin}%{seconds_text(high + LATER) if high else ''}"


def _split(rows: Sequence[_Row], base: Fraction, windows: Sequence[Window]) -> list[list[_Row]] | None:
    """*rows* by the window that they were read for; None where that cannot be told.

    ffprobe reads up to the first packet that is shown at the end of a window or later, does not tell that one, and goes
    on where the seek for the next window leads to. With key frames far apart, that is before where it stopped.
    """
    ends = [None if high is None else Fraction(seconds_text(high + LATER)) for _, high in windows]
    found: list[list[_Row]] = [[]]
    seen: set[tuple[str, str]] = set()
    for row in rows:
        pts, _, _, pos, _ = row  # when it is decoded is not the same again: Matroska does not say
        if pts == "N/A" or not pos.isdigit():
            return None
        part, end = found[-1], ends[len(found) - 1]
        behind = end is not None and _in_microseconds(int(pts) * base) >= end
        again = (pts, pos) in seen or (bool(part) and int(pos) < int(part[0][3]))
        if behind or again:
            if len(found) == len(windows):
                return None
            found.append([])
            seen.clear()
        found[-1].append(row)
        seen.add((pts, pos))
    return found if len(found) == len(windows) else None


def _in_microseconds(time: Fraction) -> Fraction:
    """*time* to the nearest of them, as ffprobe compares times."""
    return Fraction(round(time * 1_000_000), 1_000_000)


def _edges(packets: Sequence[CodedPacket], base: Fraction, window: Window, near: Times) -> list[Fraction]:
    """The times, in ticks, near which it matters what key packets are."""
    low, high = window
    edges = [time / base for time in (low, *near, *(() if high is None else (high,)))]
    if high is None and packets:
        edges.append(Fraction(max(packet.pts for packet in packets)))
    return edges


def _near(packets: Sequence[CodedPacket], times: Sequence[Fraction]) -> list[int]:
    """Places of the key packets that are nearest to *times*, before and after each."""
    keys = sorted((packet.pts, at) for at, packet in enumerate(packets) if packet.key)
    found: set[int] = set()
    for time in times:
        place = bisect_left(keys, (time, -1))
        found.update(at for _, at in keys[max(0, place - _LOOKED_INTO) : place + _LOOKED_INTO])
    return sorted(found)


def _bytes(dump: str) -> bytes:
    """What ffprobe shows in lines of ``00000000: 0001 0203 …  text``."""
    lines = (line.partition(": ")[2].partition("  ")[0] for line in dump.splitlines())
    return bytes.fromhex("".join(lines).replace(" ", ""))


def _field(told: str, section: str) -> str:
    """What stands after the name of a section, of which there is one."""
    found = re.search(rf'^{section},"?([^"\n]*)', told, re.MULTILINE)
    return "" if found is None else found[1].strip()


def _ratio(text: str) -> Fraction | None:
    """``1/90000``."""
    above, _, below = text.partition("/")
    return Fraction(int(above), int(below)) if above.isdigit() and below.isdigit() and int(below) else None
