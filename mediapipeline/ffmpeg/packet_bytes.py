"""The bytes of a packet, read from the file itself where its container leaves them in one piece.

ffprobe says where a packet lies but shows its bytes as text only, in a run of its own. What is read here is either the
packet or recognisably something else: who takes it has to check that it adds up.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from mediapipeline.media.packets import Unit, units

__all__ = ["read_packet", "read_units"]

_IN_ONE_PIECE = {"mov": 0, "matroska": 4}
"""Bytes of each packet before its data: of a block of Matroska its track, time and flags."""

_LARGEST = 16 * 1024 * 1024
_BEGINNING = 64 * 1024  # of a packet in MPEG-TS: what comes before the picture is small
_TS, _SYNC = 188, 0x47
_SMALL = 4096  # bytes of a packet that are not worth to be skipped
_HEAD = 6  # of a unit: its size, its kind, and what comes first in it


def read_packet(path: Path, demuxer: str, pos: int, size: int) -> bytes | None:
    """The packet at *pos*; None where it does not lie in one piece.

    Args:
        path: The file.
        demuxer: FFmpeg's names of the format.
        pos: Where ffprobe says that it begins.
        size: Bytes. Of a packet in MPEG-TS only the beginning is read.
    """
    if demuxer == "mpegts":
        with path.open("rb") as file:
            file.seek(pos)
            return _payload(file.read(_BEGINNING // _TS * _TS))
    if 0 < size <= _LARGEST and (skipped := _IN_ONE_PIECE.get(demuxer.split(",", maxsplit=1)[0])) is not None:
        with path.open("rb") as file:
            file.seek(pos + skipped)
            return file.read(size)
    return None


def read_units(file: BinaryIO, pos: int, size: int) -> list[Unit]:
    """The units of a packet of H.264 in MP4, of which only the beginnings are read; none where they do not add up."""
    if size <= _SMALL:
        file.seek(pos)
        return units(file.read(size))
    found: list[Unit] = []
    at = 0
    while at + _HEAD <= size:
        file.seek(pos + at)
        head = file.read(_HEAD)
        told = units(b"\0\0\0\2" + head[4:])
        if not told:
            return []
        found += told
        at += 4 + int.from_bytes(head[:4])
    return found if at == size else []


def _payload(data: bytes) -> bytes | None:
    """What the elementary stream holds of the PES packet that *data* begin with."""
    found = bytearray()
    pid = None
    for at in range(0, len(data), _TS):
        packet = data[at : at + _TS]
        if packet[0] != _SYNC:
            return None
        begins, this = bool(packet[1] & 0x40), (packet[1] & 0x1F) << 8 | packet[2]
        if pid is None:
            if not begins:
                return None
            pid = this
        elif this != pid:
            continue
        elif begins:
            break
        control = packet[3] >> 4 & 3
        if control & 1:
            found += packet[4 + (1 + packet[4] if control & 2 else 0) :]
    if found[:3] != b"\0\0\1" or len(found) < 9:
        return None
    return bytes(found[9 + found[8] :])
