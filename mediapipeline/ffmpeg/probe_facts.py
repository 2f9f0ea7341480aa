"""From what FFmpeg reports of a file to `MediaInfo`: one interpretation for every prober.

A prober fills `RawMedia`, which says what libavformat says, in libavformat's own terms; `describe` decides what it
means. So two probers can differ in what they see, but not in what they make of it. Nothing here runs FFmpeg.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import attrs

from mediapipeline.ffmpeg.demuxers import is_still_format
from mediapipeline.ffmpeg.edit_lists import EditList, read_edit_lists
from mediapipeline.ffmpeg.probe_file import FileFacts
from mediapipeline.ffmpeg.probe_packets import CLOCKLESS_SOUND, NO_INDEX, Extent, extent_for
from mediapipeline.ffmpeg.probe_rates import Rate, is_even, measure_rate
from mediapipeline.ffmpeg.probe_raw import RawMedia, RawStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Color, DataStream, SubtitleStream, VideoStream

__all__ = ["describe", "wanted_of"]

_MICROSECOND = Fraction(1, 1_000_000)

_TECHNICAL = frozenset([
    "major_brand", "minor_version", "compatible_brands", "encoder", "encoder_options", "creation_time",
    "handler_name", "vendor_id", "duration", "number_of_frames", "number_of_bytes", "bps", "rotate", "timecode",
    "language",
])  # fmt: skip
_STILL_BRANDS = ("avif", "mif1", "heic", "heix")
# Bare streams have no clock: FFmpeg divides their size by the first bit rate it sees, or takes 25 frames a second.
_CLOCKLESS_PICTURES = frozenset([
    "h264", "hevc", "vvc", "av1", "obu", "mpegvideo", "m4v", "h261", "h263", "vc1", "dirac", "dnxhd", "mjpeg",
])  # fmt: skip
_CLOCKLESS = CLOCKLESS_SOUND | _CLOCKLESS_PICTURES
_NO_PRESENTATION_TIMES = "avi"  # of pictures it tells the order of decoding only; presentation begins later
_MP4 = "mov,mp4"
_MP4_TEXT = "mov_text"
_PICTURE_SUBTITLES = frozenset([
    "dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub",
])  # fmt: skip
_FIELD_ORDERS: Mapping[str, bool] = {"progressive": False, "tt": True, "bb": True, "tb": True, "bt": True}
_MATROSKA_TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def wanted_of(raw: RawMedia, file: FileFacts) -> Extent:
    """What has to be read of the file to know what there is to know, now that its headers are known."""
    still = is_still_format(raw.format)
    without_header = raw.format == "mp3" and file.gapless is None
    return extent_for(raw.format, file.size, lasts=still or (bool(raw.duration_us) and not without_header))


def describe(raw: RawMedia, file: FileFacts) -> MediaInfo:
    """What *raw* means."""
    still = is_still_format(raw.format) or raw.tags.get("major_brand", "").strip() in _STILL_BRANDS
    streams = [_Timed.of(stream, raw.format, file) for stream in raw.streams]
    moving = [t for t in streams if t.raw.kind == "video" and not t.raw.attached_picture]
    shown = [_video(t, raw, still) for t in moving]
    main = next((video for video in shown if video.default), shown[0] if shown else None)
    start, duration = (None, None) if still else _extent(raw, streams)
    return MediaInfo(
        format=raw.format,
        duration=duration,
        start=start,
        size=file.size,
        bit_rate=int(file.size * 8 / duration) if duration else None,
        still=still,
        video=main,
        other_video=tuple(video for video in shown if video is not main),
        audio=tuple(_audio(t, raw.format) for t in streams if t.raw.kind == "audio"),
        subtitles=_subtitles([t for t in streams if t.raw.kind == "subtitle"], raw.format, file.path),
        covers=tuple(_cover(t) for t in streams if t.raw.kind == "video" and t.raw.attached_picture),
        data=tuple(_data(t) for t in streams if t.raw.kind not in ("video", "audio", "subtitle")),
        chapters=raw.chapters,
        metadata=_metadata(raw),
        fingerprint=file.fingerprint,
    )


@attrs.frozen
class _Timed:
    """A raw stream with its exact times and its tags in lower case."""

    raw: RawStream
    tags: Mapping[str, str]
    start: Fraction | None
    duration: Fraction | None

    @classmethod
    def of(cls, raw: RawStream, container: str, file: FileFacts) -> _Timed:
        tags = {key.lower(): value for key, value in raw.tags.items()}
        first = raw.start
        if first is None or (container == _NO_PRESENTATION_TIMES and raw.kind == "video"):
            first = min(raw.timestamps, default=first)
        elif container in NO_INDEX and raw.kind == "video" and raw.first is not None and raw.first.pts is not None:
            first = max(first, raw.first.pts)  # the first that can be decoded
        start = None if first is None else first * raw.time_base
        read = None if raw.end is None or first is None or raw.end <= first else (raw.end - first) * raw.time_base
        duration = None if not raw.duration or raw.duration < 0 else raw.duration * raw.time_base
        if container in _CLOCKLESS_PICTURES:
            duration = None
        elif container in NO_INDEX or container in CLOCKLESS_SOUND:
            duration = read
        elif container.startswith("matroska"):
            duration = _tagged_duration(tags, start) or read
        elif container == "mp3" and raw.kind == "audio":
            duration = file.gapless or read or duration
        elif duration is None:
            duration = read or _counted(raw, container)
        elif container == "ogg" and raw.codec == "opus" and start is not None and start < duration:
            # It counts from 0: recordings of broadcasts begin long after, and what was cut without encoding before.
            duration -= start
        if duration is not None and container.startswith(_MP4) and raw.kind == "audio":
            duration -= _skipped(raw) * raw.time_base
        return cls(raw, tags, start, duration)


def _counted(raw: RawStream, container: str) -> Fraction | None:
    """How long sound of AVI is that the file counts by ticks, as it does samples: FFmpeg tells the count alone."""
    return raw.frames * raw.time_base if container == "avi" and raw.kind == "audio" and raw.frames else None


def _skipped(raw: RawStream) -> int:
    """Ticks of packets that are in the duration of sound in fragments, and that newer versions of FFmpeg leave out."""
    first = raw.first
    if first is None or first.pts is None or raw.start is None or not first.shown or not first.duration:
        return 0
    before = raw.start - first.pts
    return before if before >= first.duration else 0


def _tagged_duration(tags: Mapping[str, str], start: Fraction | None) -> Fraction | None:
    """Matroska keeps the duration of a track in a tag, in which muxers do not agree.

    FFmpeg writes the time at which the track ends; mkvmerge, whose tags come with ``_STATISTICS_…``, how long it is.
    """
    found = next((v for k, v in tags.items() if k == "duration" or k.startswith("duration-")), None)
    match = _MATROSKA_TIME.fullmatch(found.strip()) if found else None
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    length = int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    if not any(key.startswith("_statistics") for key in tags):
        length -= start or 0
    return length if length > 0 else None


def _extent(raw: RawMedia, streams: Sequence[_Timed]) -> tuple[Fraction | None, Fraction | None]:
    """Start and duration of the whole: exact where the streams tell, else as the container rounds them."""
    start = None if raw.start_us is None else Fraction(raw.start_us, 1_000_000)
    duration = None if not raw.duration_us or raw.duration_us < 0 else Fraction(raw.duration_us, 1_000_000)
    estimated = raw.format in NO_INDEX or raw.format in _CLOCKLESS
    if estimated:
        duration = None
    elif duration is not None and raw.format.startswith("matroska"):
        duration -= start or 0  # it counts from 0, and not from the first frame
    lasting = [t for t in streams if t.raw.kind in ("video", "audio") and not t.raw.attached_picture]
    exact = min((t.start for t in lasting if t.start is not None), default=None)
    if exact is not None and (start is None or abs(exact - start) <= _MICROSECOND):
        start = exact  # where they are further apart a run counts from the container's
    ends = [t.start + t.duration for t in lasting if t.start is not None and t.duration is not None]
    # What has no end in a tail that was read has ended before it.
    if start is not None and ends and (len(ends) == len(lasting) or estimated):
        # The header of a whole rounds to milliseconds, and that of MP4 counts what an edit list hides.
        duration = max(ends) - start
    return start, duration if duration is None or duration > 0 else None


def _rotation(stream: _Timed) -> tuple[int, bool]:
    """Degrees clockwise, and whether only a tag says so.

    The display matrix counts counter-clockwise, the tag of older files clockwise.
    """
    if stream.raw.turned is not None:
        return round(-stream.raw.turned / 90) % 4 * 90, False
    text = stream.tags.get("rotate", "0").strip()
    degrees = round(int(text) / 90) % 4 * 90 if re.fullmatch(r"-?\d{1,4}", text) else 0
    return degrees, degrees != 0


def _color(raw: RawStream) -> Color:
    # "gbr" says no more than the pixel format does, and older FFmpegs do not say it.
    return attrs.evolve(raw.color, space=None) if raw.color.space == "gbr" else raw.color


def _video(stream: _Timed, media: RawMedia, still: bool) -> VideoStream:
    raw = stream.raw
    rotation, by_tag = _rotation(stream)
    width, height, sar = raw.width, raw.height, raw.sar
    if rotation in (90, 270):
        width, height = height, width
        sar = 1 / sar if sar else None
    interlaced = _FIELD_ORDERS.get(raw.field_order or "")
    rate, even = Rate(None, None), None
    if not still:
        hidden = _preroll(stream)
        rate = measure_rate(
            average=raw.average_rate,
            base=raw.base_rate,
            time_base=raw.time_base,
            timestamps=raw.timestamps,
            complete=media.complete,
            reorder=raw.reorder,
            frames=raw.frames,
            duration=stream.duration,
            hidden=hidden,
            interlaced=bool(interlaced),
        )
        lasts = None if stream.duration is None else stream.duration + max(hidden or Fraction(0), Fraction(0))
        number = len(set(raw.timestamps)) if media.complete else raw.frames
        even = is_even(rate, raw.timestamps, raw.time_base, frames=number, lasts=lasts)
    return VideoStream(
        index=raw.index,
        codec=raw.codec,
        start=None if still else stream.start,
        duration=None if still else _whole_frames(stream, rate),
        time_base=None if still else raw.time_base,
        bit_rate=None if still else raw.bit_rate or None,
        language=_language(stream),
        title=_title(stream),
        default=raw.default,
        forced=raw.forced,
        width=width,
        height=height,
        sar=sar,
        rotation=rotation,
        rotation_by_tag=by_tag,
        frame_rate=rate.frame_rate,
        vfr=rate.vfr,
        even=even,
        frames=raw.frames or None,
        pix_fmt=_pix_fmt(raw),
        profile=raw.profile,
        color=_color(raw),
        interlaced=interlaced,
        reorder=raw.reorder,
        leading=None if still else raw.leading,
        refreshed=None if still else raw.refreshed,
        extradata=None if still else raw.extradata,
        preroll=None if still else _preroll(stream),
        delay=None if still else _delay(raw),
    )


def _whole_frames(stream: _Timed, rate: Rate) -> Fraction | None:
    """How long the picture lasts: where an edit list begins between two frames, the last one ends before the edit."""
    hidden, told, frames = _preroll(stream), stream.duration, stream.raw.frames
    if not hidden or hidden < 0 or told is None or not frames or not rate.frame_rate or rate.vfr is not False:
        return told
    shown = frames / rate.frame_rate - hidden
    return shown if 0 < told - shown < 1 / rate.frame_rate else told


def _pix_fmt(raw: RawStream) -> str | None:
    """The pixel format, with the transparency that WebM keeps beside a picture and FFmpeg's own decoders leave out."""
    tags = {name.lower(): value for name, value in raw.tags.items()}
    if raw.codec in ("vp8", "vp9") and raw.pix_fmt == "yuv420p" and tags.get("alpha_mode") == "1":
        return "yuva420p"
    return raw.pix_fmt


def _cover(stream: _Timed) -> VideoStream:
    raw = stream.raw
    return VideoStream(
        index=raw.index,
        codec=raw.codec,
        language=_language(stream),
        title=_title(stream),
        default=raw.default,
        width=raw.width,
        height=raw.height,
        sar=raw.sar,
        pix_fmt=raw.pix_fmt,
        color=_color(raw),
    )


def _audio(stream: _Timed, container: str) -> AudioStream:
    raw = stream.raw
    # Frames of AAC do not tell a bit rate; where no container does, FFmpeg's versions differ in what they estimate.
    estimated = raw.codec == "aac" and (container in NO_INDEX or container in CLOCKLESS_SOUND)
    return AudioStream(
        index=raw.index,
        codec=raw.codec,
        start=stream.start,
        duration=stream.duration,
        time_base=raw.time_base,
        bit_rate=None if estimated else raw.bit_rate or None,
        language=_language(stream),
        title=_title(stream),
        default=raw.default,
        forced=raw.forced,
        sample_rate=raw.sample_rate or None,
        channels=raw.channels or None,
        channel_layout=raw.channel_layout,
        sample_fmt=raw.sample_fmt,
        profile=raw.profile,
        extradata=raw.extradata,
        preroll=_heard_after(stream),
        packet=_packet(raw),
    )


def _packet(raw: RawStream) -> Fraction | None:
    """How long a packet is; plain samples are in packets of whatever length FFmpeg likes."""
    return None if raw.packet is None or (raw.codec or "").startswith("pcm_") else raw.packet * raw.time_base


def _preroll(stream: _Timed) -> Fraction | None:
    first = stream.raw.first
    if stream.start is None or first is None or first.pts is None:
        return None
    return stream.start - first.pts * stream.raw.time_base


def _heard_after(stream: _Timed) -> Fraction | None:
    found = _preroll(stream)
    return None if found is None else max(Fraction(0), found)


def _delay(raw: RawStream) -> Fraction | None:
    if raw.first is None or raw.first.pts is None or raw.first.dts is None:
        return None
    return (raw.first.pts - raw.first.dts) * raw.time_base


def _subtitles(streams: Sequence[_Timed], container: str, path: Path) -> tuple[SubtitleStream, ...]:
    edits = read_edit_lists(path) if streams and container.startswith(_MP4) else {}
    return tuple(_edited(_subtitle(stream), edits.get(stream.raw.index)) for stream in streams)


def _edited(stream: SubtitleStream, edits: EditList | None) -> SubtitleStream:
    if edits is None:
        return stream
    if edits.parts or edits.fragments:
        return attrs.evolve(stream, in_parts=edits.parts, in_fragments=edits.fragments and stream.codec == _MP4_TEXT)
    duration = stream.duration if edits.duration is None else edits.duration
    return attrs.evolve(
        stream, start=Fraction(0), duration=duration, preroll=edits.before, postroll=edits.duration is not None
    )


def _subtitle(stream: _Timed) -> SubtitleStream:
    raw = stream.raw
    return SubtitleStream(
        index=raw.index,
        codec=raw.codec,
        start=stream.start,
        duration=stream.duration,
        time_base=raw.time_base,
        language=_language(stream),
        title=_title(stream),
        default=raw.default,
        forced=raw.forced,
        text=raw.codec not in _PICTURE_SUBTITLES,
    )


def _data(stream: _Timed) -> DataStream:
    raw = stream.raw
    return DataStream(
        index=raw.index,
        codec=raw.codec,
        start=stream.start,
        duration=stream.duration,
        time_base=raw.time_base,
        language=_language(stream),
        title=_title(stream),
        default=raw.default,
    )


def _language(stream: _Timed) -> str | None:
    found = stream.tags.get("language", "").strip()
    return found if found and found != "und" else None


def _title(stream: _Timed) -> str | None:
    return stream.tags.get("title") or None


def _metadata(raw: RawMedia) -> dict[str, str]:
    """Tags of the whole; Ogg has none but those of its streams."""
    tags = raw.tags
    if not tags and raw.format == "ogg" and raw.streams:
        tags = raw.streams[0].tags
    named = {(key.lower() if key.isupper() else key): value for key, value in tags.items()}
    return {
        key: named[key]
        for key in sorted(named)
        if key.lower() not in _TECHNICAL and not key.lower().startswith(("_statistics", "duration-"))
    }
