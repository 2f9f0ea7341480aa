"""Probing by the ffprobe program: one process for each file, which opens that file and nothing else."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import attrs

from mediapipeline.errors import EngineError, FFmpegNotFoundError, ProbeError
from mediapipeline.ffmpeg.demuxers import FORMAT_WHITELIST, INPUT_OPTIONS
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.ffprobe_packets import read_parts
from mediapipeline.ffmpeg.packet_bytes import read_packet, read_units
from mediapipeline.ffmpeg.probe_facts import describe, wanted_of
from mediapipeline.ffmpeg.probe_file import FileFacts, look_at
from mediapipeline.ffmpeg.probe_packets import (
    EARLIER,
    FAR,
    LATER,
    MOST,
    TAIL,
    WINDOW,
    Extent,
    Observed,
    Packet,
    extent_for,
    observe,
)
from mediapipeline.ffmpeg.probe_raw import DIGITS, RawMedia, RawStream
from mediapipeline.ffmpeg.process import ToolResult, run_tool
from mediapipeline.ffmpeg.sample_table import Sampled, read_sample_table
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import (
    Contents,
    PacketIndex,
    Times,
    Window,
    is_idr,
    is_plain,
    is_refreshed,
    units,
)
from mediapipeline.media.streams import Chapter, Color

__all__ = ["FFprobeProber"]

_MAX_OUTPUT = 32 * 1024 * 1024
_UNKNOWN = frozenset(["unknown", "unspecified", "reserved", "N/A", ""])


class FFprobeProber:
    """Reads the facts of a file by ffprobe (5.1 and later).

    Args:
        ffprobe: The program.
        timeout: Seconds after which a file is given up.
        max_pixels: Largest picture that may be decoded to learn its facts, in pixels; None is FFmpeg's own limit.
    """

    def __init__(self, ffprobe: Path, timeout: float = 30, *, max_pixels: int | None = None) -> None:
        self.ffprobe = ffprobe
        self.timeout = timeout
        self.max_pixels = max_pixels

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.ffprobe)!r})"

    def probe(self, path: Path) -> MediaInfo:
        """The facts of the file at *path*."""
        file = look_at(path)
        guess, extent = file.guess, extent_for(file.guess, file.size, lasts=True)
        raw = self._media(path, file, guess, extent)
        wanted = wanted_of(raw, file)
        if INPUT_OPTIONS.get(raw.format, ()) != INPUT_OPTIONS.get(guess or "", ()) or wanted not in ("window", extent):
            raw = self._media(path, file, raw.format, wanted)
        return describe(raw, file)

    def probe_through(self, path: Path) -> Contents | None:
        """What there is in the file at *path*, from one reading; see `mediapipeline.media.packets.ThroughProber`."""
        file = look_at(path)
        extent = extent_for(file.guess, file.size, lasts=True)
        if extent == "tail":
            return None
        done = self._answer(path, self._argv(file, file.guess, "whole", log="level+error"), file)
        report = _parsed(path, done.stdout.decode("utf-8", "replace"))
        packets = [_packet(each) for each in report.get("packets", ()) if isinstance(each, dict)]
        seen = packets if extent == "whole" else packets[:WINDOW]
        raw = _media(report, seen, extent)
        if INPUT_OPTIONS.get(raw.format, ()) != INPUT_OPTIONS.get(file.guess or "", ()):
            return None
        if wanted_of(raw, file) not in ("window", extent):
            return None
        media = describe(raw, file)
        start = Fraction(raw.start_us or 0, 1_000_000)
        ends = observe(packets, "whole").ends
        lasting = [each for each in raw.streams if each.kind in ("video", "audio") and not each.attached_picture]
        found = [ends[each.index] * each.time_base for each in lasting if each.index in ends]
        picture = next((each.index for each in lasting if each.kind == "video"), None)
        there = {each.stream for each in packets}
        return Contents(
            media=media,
            end=min(found) - start if found else None,
            frames=None if picture is None else sum(each.shown and each.stream == picture for each in packets),
            log=done.stderr,
            empty=tuple(each.index for each in lasting if each.index not in there),
        )

    def index(self, path: Path, stream: int, window: Window, near: Times = ()) -> PacketIndex | None:
        """The packets of a stream; see `mediapipeline.media.packets.PacketProber`.

        Where the header of the file tells all of them, ffprobe is not asked.
        """
        (found,) = self.indexes(path, stream, {window: near})
        return found

    def indexes(self, path: Path, stream: int, windows: Mapping[Window, Times]) -> list[PacketIndex | None]:
        """The packets of parts of a stream; see `mediapipeline.media.packets.WindowsProber`."""
        told = _by_header(path, stream, [*windows])
        if told is not None:
            return [*told]
        file = look_at(path)

        def ask(form: str, options: Sequence[str]) -> str:
            return self._ask(path, self._packet_argv(file, stream, form, options), file)

        return read_parts(path, stream, windows, ask)

    def _packet_argv(self, file: FileFacts, stream: int, form: str, options: Sequence[str]) -> list[str]:
        return [
            str(self.ffprobe), "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", FORMAT_WHITELIST,
            "-select_streams", str(stream), *options, "-of", form, "-i", file.url,
        ]  # fmt: skip

    def _media(self, path: Path, file: FileFacts, demuxer: str | None, extent: Extent) -> RawMedia:
        try:
            return _observed(path, self._report(path, file, demuxer, extent), extent)
        except ProbeError as error:
            if extent != "tail" or error.retryable:
                raise
        return _observed(path, self._report(path, file, demuxer, "window"), "window")  # a file in which one cannot seek

    def _report(self, path: Path, file: FileFacts, demuxer: str | None, extent: Extent) -> Mapping[str, Any]:
        return self._run(path, self._argv(file, demuxer, extent), file)

    def _run(self, path: Path, argv: list[str], file: FileFacts | None = None) -> Mapping[str, Any]:
        return _parsed(path, self._ask(path, argv, file))

    def _ask(self, path: Path, argv: list[str], file: FileFacts | None) -> str:
        """What ffprobe writes."""
        return self._answer(path, argv, file).stdout.decode("utf-8", "replace")

    def _answer(self, path: Path, argv: list[str], file: FileFacts | None) -> ToolResult:
        file = look_at(path) if file is None else file
        try:
            with tempfile.TemporaryDirectory(prefix="mediapipeline-probe-") as home:
                env = environment(Path(home))
                done = run_tool(argv, env=env, timeout=self.timeout, max_output=_MAX_OUTPUT)
        except FFmpegNotFoundError:
            raise
        except EngineError as error:
            failed = ProbeError(str(path), str(error))
            failed.retryable = error.retryable
            raise failed from error
        if done.exit_code:
            raise ProbeError(str(path), _reason(done.stderr, file))
        return done

    def _argv(self, file: FileFacts, demuxer: str | None, extent: Extent, *, log: str = "error") -> list[str]:
        pixels = ["-max_pixels", str(self.max_pixels)] if self.max_pixels else []
        named = ["-f", file.forced_format] if file.forced_format else []
        reading = [word for key, value in INPUT_OPTIONS.get(demuxer or "", ()) for word in (f"-{key}", value)]
        # A tail: seek behind the end, read the time stamps that are there, and from `TAIL` seconds before the last.
        parts = {"window": [f"%+#{WINDOW}"], "whole": [], "tail": [f"%+#{WINDOW},{FAR}%+#{MOST},+-{TAIL}%+#{MOST}"]}
        intervals = [word for part in parts[extent] for word in ("-read_intervals", part)]
        return [
            str(self.ffprobe), "-v", log, "-protocol_whitelist", "file", "-format_whitelist", FORMAT_WHITELIST,
            *pixels, *named, *reading, "-show_format", "-show_streams", "-show_chapters",
            "-show_data_hash", "sha256",
            "-show_entries", "packet=stream_index,pts,dts,duration,flags,size,pos", *intervals,
            "-of", "json=c=1", "-i", file.url,
        ]  # fmt: skip


def _by_header(path: Path, stream: int, windows: Sequence[Window]) -> list[PacketIndex] | None:
    reaches = [(max(low - EARLIER, Fraction(0)), None if high is None else high + LATER) for low, high in windows]
    found = read_sample_table(path, stream, reaches)
    if found is None:
        return None
    with path.open("rb", buffering=0) as file:
        return [_looked_into(file, stream, each) for each in found]


def _looked_into(file: BinaryIO, stream: int, found: Sampled) -> PacketIndex:
    """What tables tell, with what key packets are."""
    packets = list(found.packets)
    listable = found.overtaken is not None
    for at, packet in enumerate(packets):
        if packet.key:
            held = read_units(file, *found.places[at])
            packets[at] = packet._replace(idr=is_idr(held))
            listable &= is_plain(held)
    return PacketIndex(
        stream, found.time_base, tuple(packets), begins=found.begins, ends=found.ends, listable=listable,
        overtaken=found.overtaken or frozenset(),
    )  # fmt: skip


def _reason(errors: str, file: FileFacts) -> str:
    """What ffprobe said, in one line and without addresses and our own spelling of the file's name."""
    told = (line.replace("[error] ", "").replace("[fatal] ", "") for line in errors.splitlines())
    lines = [re.sub(r"^\[(\S+(?: \S+)*?) @ 0x[0-9a-f]+\] ", r"\1: ", line) for line in told]
    said = [line.replace(file.url + ": ", "").strip() for line in lines if line.strip()]
    if any("not on whitelist" in line for line in said):
        return "it is a list of other files, or of a format that is not opened"
    if not said:
        return "ffprobe failed and did not say why"
    return "; ".join(dict.fromkeys(said[-3:]))


def _parsed(path: Path, told: str) -> Mapping[str, Any]:
    try:
        report = json.loads(told)
    except ValueError as error:
        raise ProbeError(str(path), f"the answer of ffprobe is not JSON: {error}") from error
    if not isinstance(report, dict) or not report.get("streams"):
        raise ProbeError(str(path), "there is no picture, sound or subtitle in it")
    return report


def _observed(path: Path, report: Mapping[str, Any], extent: Extent) -> RawMedia:
    told = [each for each in report.get("packets", ()) if isinstance(each, dict)]
    media = _media(report, [_packet(each) for each in told], extent)
    streams = (attrs.evolve(each, refreshed=_refreshed(path, media.format, each, told)) for each in media.streams)
    return attrs.evolve(media, streams=tuple(streams))


def _refreshed(path: Path, demuxer: str, stream: RawStream, packets: Sequence[Mapping[str, Any]]) -> bool | None:
    """Whether the second key frame is made of other pictures, of streams of H.264 that lie in the file as they are."""
    if stream.codec != "h264":
        return None
    keys = (each for each in packets if each["stream_index"] == stream.index and "K" in str(each.get("flags", "")))
    _, second = next(keys, None), next(keys, None)
    if second is None or not str(second.get("pos", "")).isdigit():
        return None
    data = read_packet(path, demuxer, int(second["pos"]), int(second.get("size", 0)))
    return None if data is None else is_refreshed(units(data))


def _media(report: Mapping[str, Any], packets: Sequence[Packet], extent: Extent) -> RawMedia:
    container = report.get("format", {})
    seen = observe(packets, extent, container.get("format_name"))
    return RawMedia(
        format=container.get("format_name", ""),
        start_us=_microseconds(container.get("start_time")),
        duration_us=_microseconds(container.get("duration")),
        tags=container.get("tags", {}),
        streams=tuple(_stream(entry, seen) for entry in report["streams"]),
        chapters=tuple(_chapter(entry) for entry in report.get("chapters", ())),
        complete=seen.complete,
    )


def _packet(entry: Mapping[str, Any]) -> Packet:
    flags = str(entry.get("flags", ""))
    shown = "D" not in flags  # to be discarded: before the start of an edit list
    return Packet(entry["stream_index"], entry.get("pts"), entry.get("dts"), entry.get("duration"), shown, "K" in flags)


def _start(entry: Mapping[str, Any], seen: Observed) -> int | None:
    """When a stream begins: ffprobe 5.1 goes by times of decoding, and the first pictures of a low rate have none."""
    told: int | None = entry.get("start_pts")
    first, times = seen.firsts.get(entry["index"]), seen.times.get(entry["index"])
    if told is None or entry.get("codec_type") != "video" or first is None or first.dts is not None or not times:
        return told
    return min(told, *times)


def _stream(entry: Mapping[str, Any], seen: Observed) -> RawStream:
    dispositions = entry.get("disposition", {})
    turned = next((d["rotation"] for d in entry.get("side_data_list", ()) if "rotation" in d), None)
    return RawStream(
        index=entry["index"],
        kind=entry.get("codec_type", "data"),
        codec=_name(entry.get("codec_name")),
        time_base=_ratio(entry.get("time_base")) or Fraction(1, 1_000_000),
        start=_start(entry, seen),
        duration=entry.get("duration_ts"),
        bit_rate=_count(entry.get("bit_rate")),
        frames=_count(entry.get("nb_frames")),
        tags=entry.get("tags", {}),
        default=bool(dispositions.get("default")),
        forced=bool(dispositions.get("forced")),
        attached_picture=bool(dispositions.get("attached_pic")),
        profile=_name(entry.get("profile")),
        width=entry.get("width", 0),
        height=entry.get("height", 0),
        sar=_ratio(entry.get("sample_aspect_ratio")),
        turned=None if turned is None else round(float(turned)),
        average_rate=_ratio(entry.get("avg_frame_rate")),
        base_rate=_ratio(entry.get("r_frame_rate")),
        pix_fmt=_name(entry.get("pix_fmt")),
        color=Color(
            range=_name(entry.get("color_range")),
            space=_name(entry.get("color_space")),
            primaries=_name(entry.get("color_primaries")),
            transfer=_name(entry.get("color_transfer")),
        ),
        field_order=_name(entry.get("field_order")),
        reorder=entry.get("has_b_frames"),
        sample_rate=_count(entry.get("sample_rate")),
        channels=entry.get("channels"),
        channel_layout=_layout(entry.get("channel_layout")),
        sample_fmt=_name(entry.get("sample_fmt")),
        extradata=_digest(entry.get("extradata_hash")),
        timestamps=seen.times.get(entry["index"], ()),
        end=seen.ends.get(entry["index"]),
        first=seen.firsts.get(entry["index"]),
        packet=seen.lengths.get(entry["index"]),
        leading=seen.leading.get(entry["index"]),
    )


def _chapter(entry: Mapping[str, Any]) -> Chapter:
    base = _ratio(entry.get("time_base")) or Fraction(1)
    return Chapter(entry["start"] * base, entry["end"] * base, entry.get("tags", {}).get("title") or None)


def _name(text: str | None) -> str | None:
    """A name; ffprobe writes a number for a profile it has no name for, and one of ProRes has a number for a name."""
    number = text is not None and text.lstrip("-").isdigit() and text != "4444"
    return None if text in _UNKNOWN or number else text


def _layout(text: str | None) -> str | None:
    return None if text is None or text.endswith(" channels") else _name(text)


def _digest(text: str | None) -> str | None:
    """``SHA256:…``, without the name and shortened."""
    return None if text is None else text.partition(":")[2][:DIGITS]


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _microseconds(text: str | None) -> int | None:
    return None if text is None or text in _UNKNOWN else round(Fraction(text) * 1_000_000)


def _ratio(text: str | None) -> Fraction | None:
    """``30000/1001`` or ``4:3``; what has a zero in it is FFmpeg's way to say that it does not know."""
    above, _, below = (text or "").replace(":", "/").partition("/")
    if not (above.isdigit() and below.isdigit() and int(above) and int(below)):
        return None
    return Fraction(int(above), int(below))
