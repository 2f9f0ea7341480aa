"""Probing by PyAV, for installations that have FFmpeg without ffprobe (the wheels have none).

PyAV is imported when the first file is probed. The media are read in this process, so a file that crashes
libavformat takes the host with it: services that take media from strangers should have ffprobe.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from mediapipeline.errors import EngineError, ProbeError
from mediapipeline.ffmpeg.demuxers import FORMAT_WHITELIST
from mediapipeline.ffmpeg.probe_facts import describe, wanted_of
from mediapipeline.ffmpeg.probe_file import FileFacts, look_at
from mediapipeline.ffmpeg.probe_packets import EARLIER, FAR, LATER, MOST, TAIL, WINDOW, Extent, Packet, observe
from mediapipeline.ffmpeg.probe_raw import DIGITS, RawMedia, RawStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import (
    CodedPacket,
    PacketIndex,
    Times,
    Window,
    is_idr,
    is_plain,
    is_refreshed,
    overtaken,
    units,
)
from mediapipeline.media.streams import Chapter, Color

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["PyAVProber"]

_OLDEST = 16  # before that, it does not tell chapters
_TABLED = "mp4"
_DEFAULT, _FORCED, _ATTACHED = 0x1, 0x40, 0x400  # AV_DISPOSITION_…

# Numbers of ITU-T H.273, and FFmpeg's names for them.
_RANGES = {1: "tv", 2: "pc"}
_SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp", 15: "ipt-c2",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}


class PyAVProber:
    """Reads the facts of a file by PyAV (16 and later; 17 to know `reorder`, 18 to know `interlaced`).

    The display matrix is only in decoded frames, so the first frame of every picture stream is decoded.

    Args:
        timeout: Seconds after which a file is given up.
        max_pixels: Largest picture that may be decoded to learn its facts, in pixels; None is FFmpeg's own limit.
    """

    def __init__(self, timeout: float = 30, *, max_pixels: int | None = None) -> None:
        self.timeout = timeout
        self.max_pixels = max_pixels

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def probe(self, path: Path) -> MediaInfo:
        """The facts of the file at *path*."""
        import av

        if int(av.__version__.split(".")[0]) < _OLDEST:
            raise EngineError(f"PyAV {_OLDEST} or later is needed to probe, and {av.__version__} is installed")
        file = look_at(path)
        try:
            with av.open(
                file.url,
                "r",
                format=file.forced_format,
                options={"max_pixels": str(self.max_pixels)} if self.max_pixels else {},
                container_options={"protocol_whitelist": "file", "format_whitelist": FORMAT_WHITELIST},
                metadata_errors="replace",
                timeout=self.timeout,
            ) as container:
                if not len(container.streams):
                    raise ProbeError(str(path), "there is no picture, sound or subtitle in it")
                return describe(_media(container, file), file)
        except av.error.FFmpegError as error:
            raise ProbeError(str(path), _reason(error)) from error

    def index(self, path: Path, stream: int, window: Window, near: Times = ()) -> PacketIndex | None:
        """The packets of a stream; see `mediapipeline.media.packets.PacketProber`."""
        import av

        file = look_at(path)
        try:
            with av.open(
                file.url,
                "r",
                format=file.forced_format,
                container_options={"protocol_whitelist": "file", "format_whitelist": FORMAT_WHITELIST},
                metadata_errors="replace",
                timeout=self.timeout,
            ) as container:
                return _index(container, stream, window)
        except av.error.FFmpegError as error:
            raise ProbeError(str(path), _reason(error)) from error


def _index(container: InputContainer, number: int, window: Window) -> PacketIndex | None:
    stream = container.streams[number]
    base = stream.time_base or Fraction(1, 1_000_000)
    low, high = window
    from_start = low <= EARLIER + (container.start_time or 0) * Fraction(1, 1_000_000)
    if not from_start:
        container.seek(int((low - EARLIER) * 1_000_000))
    last = None if high is None else (high + LATER) / base
    found = []
    others: list[Fraction | None] = []  # what other streams have reached before each packet
    reached: Fraction | None = None
    ends = True
    # Only of files that a list may read does it matter what else is between packets.
    listable = _TABLED in container.format.name.split(",")
    for packet in container.demux() if listable else container.demux(stream):
        pts, dts = packet.pts, packet.dts
        if pts is None and dts is None:
            continue  # a flush at the end
        if packet.stream_index != number:
            if dts is not None and packet.time_base is not None:
                reached = max(dts * packet.time_base, dts * packet.time_base if reached is None else reached)
            continue
        if pts is None or packet.is_discard or packet.is_corrupt:
            return None  # what is not sure is not told
        key = bool(packet.is_keyframe)
        held = units(bytes(packet)) if key else []
        found.append(CodedPacket(pts, dts, key, is_idr(held) if key else None))
        others.append(reached)
        listable &= not key or is_plain(held)
        if last is not None and (pts if dts is None else dts) > last:
            ends = False
            break
    return PacketIndex(
        number, base, tuple(found), begins=from_start, ends=ends, listable=listable,
        overtaken=overtaken(found, base, others.__getitem__),
    )  # fmt: skip


def _reason(error: Any) -> str:
    said = str(error.strerror or error)
    log = error.log[2] if getattr(error, "log", None) else ""
    hint = " (damaged, cut off, a list of other files, or not media at all)" if "Invalid" in said else ""
    return f"{log.strip()}; {said}{hint}" if log else said + hint


def _media(container: InputContainer, file: FileFacts) -> RawMedia:
    headers = [_stream(stream) for stream in container.streams]  # before decoding, which changes what streams say
    known = RawMedia(
        format=container.format.name,
        start_us=container.start_time,
        duration_us=container.duration,
        tags=container.metadata,
        chapters=tuple(_chapter(chapter) for chapter in container.chapters()),
    )
    extent = wanted_of(known, file)
    packets, turned, refreshed = _read(container, extent)
    seen = observe(packets, extent, known.format)
    return attrs.evolve(
        known,
        streams=tuple(
            RawStream(
                **header,
                timestamps=seen.times.get(index, ()),
                end=seen.ends.get(index),
                first=seen.firsts.get(index),
                packet=seen.lengths.get(index),
                leading=seen.leading.get(index),
                refreshed=refreshed.get(index),
                turned=turned.get(index),
            )
            for index, header in enumerate(headers)
        ),
        complete=seen.complete,
    )


def _read(
    container: InputContainer, extent: Extent
) -> tuple[list[Packet], Mapping[int, int], Mapping[int, bool | None]]:
    """Packets, and by stream the degrees that a decoded picture is turned and whether pictures are refreshed."""
    import av

    found: list[Packet] = []
    turned: dict[int, int] = {}
    waiting = {s.index for s in container.streams.video if not _disposition(s) & _ATTACHED}
    refreshed: dict[int, bool | None] = {}
    keys = Counter[int]()
    in_one_piece = container.format.name.split(",")[0] in ("mov", "matroska", "mpegts")
    coded = {s.index for s in container.streams.video if in_one_piece and _codec(s) == "h264"}
    # A stream that breaks off, or a picture that cannot be decoded, still has the facts of its header.
    with contextlib.suppress(av.error.FFmpegError):
        for packet in _packets(container, None if extent == "whole" else WINDOW):
            found.append(_packet(packet))
            keys[packet.stream_index] += bool(packet.is_keyframe)
            if packet.stream_index in coded and keys[packet.stream_index] == 2:
                refreshed[packet.stream_index] = is_refreshed(units(bytes(packet)))
                coded.discard(packet.stream_index)
            if packet.stream_index in waiting and len(found) <= WINDOW:
                with contextlib.suppress(av.error.FFmpegError):
                    for frame in packet.decode():
                        waiting.discard(packet.stream_index)
                        if degrees := getattr(frame, "rotation", 0):
                            turned[packet.stream_index] = degrees
                        break
    if extent == "tail":
        with contextlib.suppress(av.error.FFmpegError):
            found += _tail(container)
    return found, turned, refreshed


def _tail(container: InputContainer) -> list[Packet]:
    """What is behind a seek to the end, and from `TAIL` seconds before the last time stamp there."""
    container.seek(FAR * 1_000_000)
    found, last = [], None
    for packet in _packets(container, MOST):
        found.append(_packet(packet))
        if packet.pts is not None:
            last = packet.pts * packet.time_base
    if last is not None:
        container.seek(round((last - TAIL) * 1_000_000))
        found += [_packet(packet) for packet in _packets(container, MOST)]
    return found


def _packets(container: InputContainer, most: int | None) -> Iterator[Any]:
    real = (p for p in container.demux() if p.size or p.pts is not None or p.dts is not None)  # else a flush at the end
    return itertools.islice(real, most)


def _packet(packet: Any) -> Packet:
    shown, key = not packet.is_discard, bool(packet.is_keyframe)
    return Packet(packet.stream_index, packet.pts, packet.dts, packet.duration, shown, key)


def _stream(stream: Any) -> dict[str, Any]:
    """The header of *stream* as fields of `RawStream`; PyAV's classes differ by kind, so what they lack is None."""
    context = stream.codec_context
    disposition = _disposition(stream)
    found: dict[str, Any] = {
        "index": stream.index,
        "kind": stream.type,
        "codec": _codec(stream),
        "time_base": stream.time_base or Fraction(1, 1_000_000),
        "start": stream.start_time,
        "duration": stream.duration,
        "frames": stream.frames or None,
        "tags": stream.metadata,
        "default": bool(disposition & _DEFAULT),
        "forced": bool(disposition & _FORCED),
        "attached_picture": bool(disposition & _ATTACHED),
        "extradata": _digest(context),
    }
    if stream.type == "video":
        return found | _picture(stream, context)
    if stream.type == "audio":
        return found | _sound(stream, context)
    return found


def _digest(context: Any) -> str | None:
    found = getattr(context, "extradata", None)
    return hashlib.sha256(found).hexdigest()[:DIGITS] if found else None


def _codec(stream: Any) -> str | None:
    if stream.codec_context is not None:
        return str(stream.codec_context.codec.canonical_name)
    return getattr(stream, "name", None)  # of data there is nothing but a name


def _disposition(stream: Any) -> int:
    """The bits of libavformat; the enumeration became an integer in PyAV 18."""
    return int(stream.disposition.value)


def _picture(stream: Any, context: Any) -> dict[str, Any]:
    return {
        "bit_rate": stream.bit_rate,
        "profile": context.profile,
        "width": context.width,
        "height": context.height,
        "sar": stream.sample_aspect_ratio or None,
        "average_rate": stream.average_rate or None,
        "base_rate": stream.base_rate or None,
        "pix_fmt": context.pix_fmt if context.width else None,  # PyAV 17 crashes on a picture that was not looked into
        "color": Color(
            range=_RANGES.get(context.color_range),
            space=_SPACES.get(context.colorspace),
            primaries=_PRIMARIES.get(context.color_primaries),
            transfer=_TRANSFERS.get(context.color_trc),
        ),
        "field_order": _FIELD_ORDERS.get(getattr(context, "field_order", 0)),
        "reorder": getattr(context, "reorder_depth", None if context.has_b_frames else 0),
    }


def _sound(stream: Any, context: Any) -> dict[str, Any]:
    layout = context.layout.name if context.channels else None
    return {
        "bit_rate": stream.bit_rate,
        "profile": context.profile,
        "sample_rate": context.sample_rate,
        "channels": context.channels,
        "channel_layout": None if layout is None or layout.endswith(" channels") else layout,
        "sample_fmt": context.format.name if context.format else None,
    }


def _chapter(chapter: Mapping[str, Any]) -> Chapter:
    base = chapter["time_base"] or Fraction(1)
    title = chapter["metadata"].get("title")
    return Chapter(chapter["start"] * base, chapter["end"] * base, title or None)
