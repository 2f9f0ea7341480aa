"""Stand-ins for media files, so that jobs are planned in tests with no FFmpeg and no file at hand.

`clip_info` makes up the facts of a clip, `FakeProber` hands them out for the sources that a job names. Nothing here
reads a file or starts a process.

>>> prober = FakeProber({"in.mp4": clip_info(duration="60s", audio=1)})
>>> prober.probe(Path("/anywhere/in.mp4")).duration
Fraction(60, 1)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit

import attrs

from mediapipeline.errors import ProbeError
from mediapipeline.media.container import suffix_of
from mediapipeline.media.encoders import CODECS
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import CodedPacket, PacketIndex, Times, Window
from mediapipeline.media.streams import AudioStream, Chapter, DataStream, SubtitleStream, VideoStream
from mediapipeline.media.timecode import TimeValue, parse_duration, parse_frame_rate

__all__ = ["FakeProber", "clip_info"]

_MOV = "mov,mp4,m4a,3gp,3g2,mj2"
_FORMATS = {
    **dict.fromkeys(("mp4", "m4v", "mov", "m4a", "3gp"), _MOV),
    **dict.fromkeys(("mkv", "mka", "webm"), "matroska,webm"),
    **dict.fromkeys(("jpg", "jpeg"), "jpeg_pipe"),
    **dict.fromkeys(("ogg", "opus", "oga"), "ogg"),
    **{name: f"{name}_pipe" for name in ("png", "webp", "bmp", "tiff")},
    **{name: name for name in ("avi", "mp3", "wav", "flac", "aac", "gif", "flv", "srt", "ass")},
    "ts": "mpegts", "mpg": "mpeg", "wmv": "asf", "vtt": "webvtt",
}  # fmt: skip
_CHANNELS = {"mono": 1, "stereo": 2, "2.1": 3, "3.0": 3, "quad": 4, "4.0": 4, "5.0": 5, "5.1": 6, "6.1": 7, "7.1": 8}
_SAMPLE_FMTS = {"aac": "fltp", "mp3": "fltp", "opus": "fltp", "vorbis": "fltp", "ac3": "fltp", "eac3": "fltp"}


class FakeProber:
    """A prober that knows what it is told.

    Args:
        clips: Facts by source, as jobs write them. A relative path stands for every file whose path ends in it; of
            several that do, the longest. Where the facts name no format, it follows from the suffix.
        otherwise: Facts of every file that no key names, such as what a resolver fetches to a place of its own; None
            has no such file.
        gop: Frames from one IDR picture to the next, without B-frames; None where nobody looks at packets.

    Attributes:
        probed: The files that were asked for, in order.
    """

    def __init__(
        self, clips: Mapping[str, MediaInfo], *, otherwise: MediaInfo | None = None, gop: int | None = None
    ) -> None:
        self._gop = gop
        self._otherwise = otherwise
        self._clips = {PurePath(_local(source)).parts: _of_file(source, info) for source, info in clips.items()}
        self._longest = max(map(len, self._clips), default=0)
        self.probed: list[Path] = []

    def index(self, path: Path, stream: int, window: Window, near: Times = ()) -> PacketIndex | None:
        """Evenly spaced packets; neither *window* nor *near* is heeded."""
        if self._gop is None:
            return None
        video = self.probe(path).video
        return steady_packets(video, self._gop) if video is not None and video.index == stream else None

    def probe(self, path: Path) -> MediaInfo:
        """The facts of the file at *path*.

        Raises:
            ProbeError: It was not told of that file.
        """
        self.probed.append(path)
        parts = path.parts
        for count in range(min(len(parts), self._longest), 0, -1):
            found = self._clips.get(parts[-count:])
            if found is not None:
                return found
        if self._otherwise is not None:
            return _of_file(path.name, self._otherwise)
        known = ", ".join(str(PurePath(*each)) for each in self._clips) or "none"
        raise ProbeError(str(path), f"there is no such file; this FakeProber was told of {known}")


def _local(source: str) -> str:
    """The path that *source* names."""
    return unquote(urlsplit(source).path) if source[:5].lower() == "file:" else source


def _of_file(source: str, info: MediaInfo) -> MediaInfo:
    """*info* with what a prober would learn from the file itself."""
    whole = info if info.format is not None else attrs.evolve(info, format=_FORMATS.get(suffix_of(source)))
    if whole.fingerprint is not None:
        return whole
    return attrs.evolve(whole, fingerprint=hashlib.sha256(repr(whole).encode()).hexdigest()[:16])


def steady_packets(video: VideoStream, gop: int) -> PacketIndex | None:
    """The packets of a picture without B-frames, with an IDR picture every *gop* frames; None without a rate."""
    if video.frame_rate is None or video.duration is None:
        return None
    frame = 1 / video.frame_rate
    tick = video.time_base or Fraction(1, 90000)
    times = [round(at * frame / tick) for at in range(int(video.duration / frame))]
    packets = tuple(
        CodedPacket(time, time, at % gop == 0, True if at % gop == 0 else None) for at, time in enumerate(times)
    )
    zero = video.start or Fraction(0)
    return PacketIndex(video.index, tick, packets, begins=True, ends=True, zero=zero, listable=True)


def clip_info(
    *,
    duration: TimeValue | None = "10s",
    size: str | tuple[int, int] | None = "1920x1080",
    rate: str | int | Fraction | None = 25,
    video: str | None = "h264",
    audio: int | Sequence[str] = 1,
    sample_rate: int = 48000,
    audio_codec: str = "aac",
    audio_delay: TimeValue = 0,
    rotation: int = 0,
    sar: str | Fraction | None = None,
    vfr: bool | None = False,
    pix_fmt: str | None = "yuv420p",
    b_frames: int | None = None,
    interlaced: bool | None = None,
    subtitles: Iterable[str] = (),
    languages: Iterable[str | None] = (),
    cover: bool = False,
    data: int = 0,
    start: TimeValue | None = 0,
    chapters: Iterable[tuple[TimeValue, TimeValue, str | None]] = (),
    metadata: Mapping[str, str] | None = None,
    still: bool = False,
    format: str | None = None,  # noqa: A002  # as MediaInfo calls it
) -> MediaInfo:
    """The facts of a clip that could be: ten seconds of H.264 and stereo AAC, unless said otherwise.

    >>> clip_info(size=None, audio=["5.1"]).audio[0].channels
    6

    Args:
        duration: Of every stream; None where nobody knows.
        size: Of the picture as shown (rotation applied); None for no picture.
        rate: Frames per second.
        video: Codec of the picture; None for no picture.
        audio: How many tracks in stereo, or the channel layout of each.
        sample_rate: Hz.
        audio_codec: Of every track.
        audio_delay: Seconds by which the sound begins (and ends) after the picture.
        rotation: Degrees clockwise by which players turn the picture.
        sar: Sample aspect ratio.
        vfr: Whether the frame rate varies; None where nobody knows.
        pix_fmt: Pixel format.
        b_frames: Frames by which B-frames delay decoding; None where nobody knows.
        interlaced: Whether pictures are fields; None where nobody knows.
        subtitles: Codec of each track.
        languages: Of the sound tracks, then of the subtitles.
        cover: Whether there is cover art.
        data: How many streams that are neither picture, sound nor subtitles.
        start: Time of the first frame; None where nobody knows.
        chapters: Start, end and title of each.
        metadata: Tags.
        still: Whether it is one picture: no time, no sound.
        format: FFmpeg's name; None leaves it to `FakeProber`.
    """
    length = None if duration is None or still else parse_duration(duration)
    begin = None if start is None or still else parse_duration(start)
    late = parse_duration(audio_delay)
    layouts = ("stereo",) * audio if isinstance(audio, int) else tuple(audio)
    tongues = iter(languages)
    picture = None if video is None or size is None else _picture(size, rate, still=still)
    count = 0 if picture is None else 1
    if picture is not None:
        frames = picture.frame_rate * length if picture.frame_rate and length is not None and not vfr else None
        picture = attrs.evolve(
            picture, codec=video, start=begin, duration=length, rotation=rotation, vfr=None if still else vfr,
            even=None if still or vfr is not False else True,
            sar=None if sar is None else Fraction(sar), pix_fmt=pix_fmt,
            frames=round(frames) if frames is not None else None, default=True,
            time_base=None if still else Fraction(1, 90000), reorder=b_frames, interlaced=interlaced,
        )  # fmt: skip
    tracks = tuple(
        AudioStream(
            index=count + at, codec=audio_codec, start=None if begin is None else begin + late, duration=length,
            language=next(tongues, None), default=at == 0, sample_rate=sample_rate, channels=_CHANNELS[layout],
            channel_layout=layout, sample_fmt=_SAMPLE_FMTS.get(audio_codec), time_base=Fraction(1, sample_rate),
        )
        for at, layout in enumerate(() if still else layouts)
    )  # fmt: skip
    count += len(tracks)
    cues = tuple(
        SubtitleStream(
            index=count + at, codec=codec, start=begin, language=next(tongues, None),
            text=CODECS[codec].text if codec in CODECS else True,
        )
        for at, codec in enumerate(subtitles)
    )  # fmt: skip
    count += len(cues)
    art = (VideoStream(index=count, codec="mjpeg", width=32, height=32, pix_fmt="yuvj420p"),) if cover else ()
    count += len(art)
    return MediaInfo(
        format=format,
        duration=None if length is None else length + (late if tracks else 0),
        start=begin,
        still=still,
        video=picture,
        audio=tracks,
        subtitles=cues,
        covers=art,
        data=tuple(DataStream(index=count + at) for at in range(data)),
        chapters=tuple(Chapter(parse_duration(s), parse_duration(e), title) for s, e, title in chapters),
        metadata=metadata or {},
    )


def _picture(size: str | tuple[int, int], rate: str | int | Fraction | None, *, still: bool) -> VideoStream:
    shape = Resolution.parse(size) if isinstance(size, str) else Resolution(*size)
    each = None if rate is None or still else parse_frame_rate(rate)
    return VideoStream(index=0, width=shape.width, height=shape.height, frame_rate=each)
