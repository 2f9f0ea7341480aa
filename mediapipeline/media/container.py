"""The containers that outputs are written to, and the formats that inputs may be declared as: tables, no I/O.

What a container takes was measured: coded streams of each kind were copied into it by the oldest and the newest
supported FFmpeg, read back as the same codec and decoded. A codec that only some versions take is not in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

import attrs

from mediapipeline.errors import Problems
from mediapipeline.media.encoders import Kind, Options
from mediapipeline.media.fields import closest
from mediapipeline.media.malformed import shown

__all__ = [
    "CONTAINERS",
    "DOCUMENTS",
    "Container",
    "container_for",
    "container_named",
    "demuxer_for",
    "input_formats",
    "is_folder",
    "output_formats",
    "require_container",
    "suffix_of",
]


@attrs.frozen(kw_only=True)
class Container:
    """A kind of file that FFmpeg writes."""

    name: str
    """As a document's ``format`` calls it."""
    muxer: str
    """FFmpeg's name."""
    demuxer: str
    """FFmpeg's name of what reads it back; the first of several."""
    suffixes: tuple[str, ...]
    """Lower case, without the dot; the usual one first."""
    video: tuple[str, ...] = ()
    """Codecs of pictures that it takes, the default first; empty where it holds none."""
    audio: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    cover: bool = False
    """Whether a picture is kept as cover art, marked as such."""
    chapters: bool = False
    metadata: bool = True
    options: Options = ()
    """Options for the muxer."""
    tags: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    """Codecs whose usual tag players do not know, with the one that they do."""
    rotation: bool = False
    """Whether it keeps the rotation of a picture that is copied, in every supported version."""
    transparency: bool = False
    """Whether it keeps the transparency that VP8 and VP9 have beside the picture."""
    reorders: bool = True
    """Whether it tells when pictures are shown that are decoded in another order."""
    uncoded: tuple[str, ...] = ()
    """Pixel formats of pictures that are not coded (``rawvideo``) of which it tells that they are these."""
    tick: Fraction | None = None
    """What its times are multiples of, in seconds, where that is coarse for a picture."""
    numbers: bool = False
    """Whether its pictures have numbers instead of times, so that its clock should tick once for each."""
    fastest: Fraction | None = None
    """Frames per second, where players show no more; None is any."""
    trims: bool = False
    """Whether it tells which samples of the first and last packet of sound are not to be heard."""
    hides: bool = False
    """Whether it keeps, by an edit list, from when on a copied stream is shown and heard."""
    copy_filters: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    """Bit stream filters that a codec needs to be copied into it, where FFmpeg does not add them itself."""
    bare_aac: bool = True
    """Whether it takes AAC of which every packet tells by itself how it is coded, as transport streams have it."""
    at_once: bool = False
    """Whether what it holds begins at once, as it tells nobody that a stream begins late."""
    header: str | None = None
    """What ends the name of the file that tells how segments are coded, where each is not a whole by itself."""
    still: bool = False
    """Whether it holds one picture rather than something that lasts."""
    one_track: bool = False
    """Whether it holds no more than one track of sound."""

    @property
    def audio_only(self) -> bool:
        return not self.video

    @property
    def default_video(self) -> str | None:
        """The codec to encode pictures with where none is asked for."""
        return next(iter(self.video), None)

    @property
    def default_audio(self) -> str | None:
        return next(iter(self.audio), None)

    def takes(self, kind: Kind, codec: str | None) -> bool:
        """Whether a stream of this codec may be put into it as it is."""
        held = {"video": self.video, "audio": self.audio, "subtitle": self.subtitles}
        return codec in held[kind]


# Measured: what Matroska has no code for, its muxer refuses; AVI is written, and read back as something else. BGR in
# AVI is right where it was encoded for AVI, and unreadable where it was copied from elsewhere.
_UNCODED = (
    "yuv420p", "yuv422p", "yuv410p", "yuv411p", "yuyv422", "uyvy422", "yvyu422", "nv12", "nv21", "gray",
    "rgba",
)  # fmt: skip
_PCM = ("pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_s32le", "pcm_f64le", "pcm_u8", "pcm_alaw", "pcm_mulaw")
_FASTSTART: Options = (("movflags", "+faststart"),)
_HVC1 = {"hevc": "hvc1"}
_MATROSKA_AUDIO = (
    "aac", "opus", "mp3", "flac", "vorbis", "ac3", "eac3", "alac", "mp2", "dts", "truehd", "mlp", "wavpack", *_PCM,
)  # fmt: skip
_MATROSKA_SUBTITLES = ("subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle")

_TABLE = (
    Container(
        name="mp4", muxer="mp4", demuxer="mov", suffixes=("mp4", "m4v"),
        video=("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "png", "jpeg2000"),
        audio=("aac", "mp3", "opus", "alac", "ac3", "eac3", "dts", "vorbis"),
        subtitles=("mov_text",), cover=True, chapters=True, options=_FASTSTART, tags=_HVC1, rotation=True, trims=True,
        hides=True,
    ),
    Container(
        name="mov", muxer="mov", demuxer="mov", suffixes=("mov", "qt"),
        video=(
            "h264", "hevc", "prores", "mpeg4", "mpeg2video", "mjpeg", "png", "dvvideo", "cfhd", "jpeg2000", "ffv1",
            "huffyuv", "utvideo", "mpeg1video",
        ),
        audio=(
            "aac", "alac", "mp3", "ac3", "eac3", "dts", "mp2", *_PCM, "pcm_s16be", "pcm_s24be", "pcm_s32be",
            "pcm_f32be", "pcm_f64be", "pcm_s8",
        ),
        subtitles=("mov_text",), chapters=True, options=_FASTSTART, tags=_HVC1, rotation=True, trims=True, hides=True,
    ),
    Container(
        name="m4a", muxer="ipod", demuxer="mov", suffixes=("m4a", "m4b"), audio=("aac", "alac", "ac3"),
        cover=True, chapters=True, options=_FASTSTART, trims=True, hides=True,
    ),
    Container(
        name="mkv", muxer="matroska", demuxer="matroska", suffixes=("mkv",),
        video=(
            "h264", "hevc", "av1", "vp9", "vp8", "ffv1", "prores", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "png",
            "rawvideo", "theora", "dvvideo", "huffyuv", "ffvhuff", "utvideo", "jpeg2000", "cfhd", "h263", "flv1",
            "wmv1", "wmv2", "msmpeg4v2", "msmpeg4v3", "vc1", "wmv3",
        ),
        audio=_MATROSKA_AUDIO, subtitles=_MATROSKA_SUBTITLES, chapters=True, transparency=True,
        uncoded=(*_UNCODED, "yuvj420p", "yuvj422p"),
    ),
    Container(
        name="mka", muxer="matroska", demuxer="matroska", suffixes=("mka",), audio=_MATROSKA_AUDIO, chapters=True,
    ),
    Container(
        name="webm", muxer="webm", demuxer="matroska", suffixes=("webm",), video=("vp9", "av1", "vp8"),
        audio=("opus", "vorbis"), subtitles=("webvtt",), chapters=True, transparency=True,
    ),
    Container(
        name="ts", muxer="mpegts", demuxer="mpegts", suffixes=("ts", "m2ts", "mts"),
        video=("h264", "hevc", "mpeg2video", "mpeg4", "mpeg1video"),
        audio=("aac", "mp3", "ac3", "eac3", "mp2", "opus", "dts"), subtitles=("dvb_subtitle", "dvb_teletext"),
        metadata=False, copy_filters={"mpeg4": "dump_extra"},
    ),
    Container(
        # FFmpeg writes H.264 and MPEG-2 into it by fields, at twice the rate and with gaps, and DTS at eight times its
        # pace.
        name="avi", muxer="avi", demuxer="avi", suffixes=("avi",), reorders=False, bare_aac=False,
        at_once=True, numbers=True,
        uncoded=_UNCODED,
        # It has no times to be negative: moving all of them for sound that begins earlier would leave a gap.
        options=(("avoid_negative_ts", "disabled"),),
        video=(
            "mpeg4", "mjpeg", "ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo",
            "dvvideo", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2",
        ),
        audio=("mp3", "ac3", "mp2", "aac", "pcm_s16le", "pcm_s24le", "pcm_u8", "pcm_alaw", "pcm_mulaw"),
    ),
    Container(
        name="mp3", muxer="mp3", demuxer="mp3", suffixes=("mp3",), audio=("mp3",), cover=True, chapters=True,
        one_track=True, at_once=True,
    ),
    Container(
        name="wav", muxer="wav", demuxer="wav", suffixes=("wav",), audio=_PCM, one_track=True, trims=True, at_once=True,
    ),
    Container(
        name="flac", muxer="flac", demuxer="flac", suffixes=("flac",), audio=("flac",), cover=True, one_track=True,
        trims=True, at_once=True,
    ),
    Container(
        # Its times may begin late, and players begin at once all the same; of FLAC and Opus they are read back wrongly.
        name="ogg", muxer="ogg", demuxer="ogg", suffixes=("ogg", "oga"), audio=("vorbis", "opus", "flac", "speex"),
        trims=True, at_once=True,
    ),
    Container(
        name="opus", muxer="opus", demuxer="ogg", suffixes=("opus",), audio=("opus",), chapters=True, trims=True,
        at_once=True,
    ),
    Container(
        name="aac", muxer="adts", demuxer="aac", suffixes=("aac",), audio=("aac",), metadata=False, one_track=True,
        at_once=True,
    ),
    Container(
        name="gif", muxer="gif", demuxer="gif", suffixes=("gif",), video=("gif",), metadata=False,
        # Browsers, and FFmpeg itself, take a frame of less than two hundredths of a second for one of ten.
        tick=Fraction(1, 100), fastest=Fraction(50), at_once=True,
    ),
    Container(
        name="png", muxer="image2", demuxer="png_pipe", suffixes=("png",), video=("png",), metadata=False,
        options=(("update", "1"),), still=True,
    ),
    Container(
        name="jpg", muxer="image2", demuxer="jpeg_pipe", suffixes=("jpg", "jpeg"), video=("mjpeg",), metadata=False,
        options=(("update", "1"),), still=True,
    ),
    Container(
        name="webp", muxer="image2", demuxer="webp_pipe", suffixes=("webp",), video=("webp",), metadata=False,
        options=(("update", "1"),), still=True,
    ),
)  # fmt: skip

CONTAINERS: Mapping[str, Container] = MappingProxyType({container.name: container for container in _TABLE})
"""Every container by name."""

_SEGMENTED = (
    Container(
        name="hls", muxer="hls", demuxer="mov", suffixes=("m3u8",), video=("h264",), audio=("aac",), metadata=False,
        options=(("hls_segment_type", "fmp4"),), header="init.mp4", copy_filters={"aac": "aac_adtstoasc"},
    ),
    Container(
        name="hls-ts", muxer="hls", demuxer="mpegts", suffixes=("m3u8",), video=("h264",), audio=("aac",),
        metadata=False, options=(("hls_segment_type", "mpegts"), ("output_ts_offset", "1")),
    ),
)  # fmt: skip
_BY_NAME = {container.name: container for container in (*_TABLE, *_SEGMENTED)}

_BY_SUFFIX = {suffix: container for container in _TABLE for suffix in container.suffixes}
_OTHER_NAMES = {"matroska": "mkv", "mpegts": "ts", "adts": "aac", "ipod": "m4a", "jpeg": "jpg", "quicktime": "mov"}

DOCUMENTS = frozenset({"json", "vtt", "srt", "ass", "svg", "m3u8", "mpd", "txt"})
"""Suffixes of files that operators write by themselves; there is no container to choose for them."""

_READ_ONLY = (
    "flv", "asf", "mxf", "mpeg", "dv", "aiff", "caf", "w64", "nut", "srt", "webvtt", "ass", "ac3", "eac3", "amr",
    "ivf", "h264", "hevc", "wv", "au", "dts",
)  # fmt: skip
_DEMUXERS = {
    **{name: name for name in _READ_ONLY},
    **{container.name: container.demuxer for container in _TABLE},
    "wmv": "asf", "wma": "asf", "mpg": "mpeg", "vob": "mpeg", "3gp": "mov", "vtt": "webvtt", "bmp": "bmp_pipe",
    "tiff": "tiff_pipe",
}  # fmt: skip


def is_folder(destination: str) -> bool:
    """Whether a destination names a folder for several files: it ends in a slash, as no name of a file does.

    >>> is_folder("thumbs/"), is_folder("thumb-%03d.jpg")
    (True, False)
    """
    return destination.endswith("/")


def suffix_of(destination: str) -> str:
    """The suffix of the last part of a path or URL, lower case and without the dot; empty where there is none.

    >>> suffix_of("out/Clip.MP4"), suffix_of("out/.mp4"), suffix_of("clip")
    ('mp4', '', '')
    """
    if "://" in destination:  # in a path, a question mark is a letter like others
        destination = destination.partition("?")[0].partition("#")[0]
    name = destination.replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem else ""


def container_for(destination: str, format: str | None = None) -> Container | None:  # noqa: A002  # the field's name
    """The container of an output: of its ``format``, or else of what its destination ends in; None where unknown.

    >>> container_for("clip.m4v").name, container_for("clip", "matroska").name
    ('mp4', 'mkv')
    """
    if format is not None:
        return CONTAINERS.get(_OTHER_NAMES.get(format, format)) or _BY_SUFFIX.get(format)
    return _BY_SUFFIX.get(suffix_of(destination))


def require_container(
    destination: str,
    format: str | None,  # noqa: A002  # the field's name
    path: str,
    problems: Problems,
) -> Container | None:
    """The container of the output at *path*, reported where there is none."""
    found = container_for(destination, format)
    if found is not None:
        return found
    known = ", ".join(CONTAINERS)
    if format is not None:
        near = closest(format, [*CONTAINERS, *_OTHER_NAMES])
        hint = f'did you mean "{near}"?' if near else f"known are {known}"
        problems.add(f"{path}/format", "unknown-container", f"there is no container {shown(format)}", hint)
        return None
    suffix = suffix_of(destination)
    says = f"the suffix .{suffix} names no container" if suffix else "the destination has no suffix"
    problems.add(f"{path}/destination", "unknown-container", f"{says}, and no format is given", f"known are {known}")
    return None


def container_named(name: str) -> Container:
    """The container of that name: one of `CONTAINERS`, or one that only operators choose.

    Raises:
        KeyError: There is none.
    """
    return _BY_NAME[name]


def demuxer_for(format: str) -> str | None:  # noqa: A002  # the field's name
    """FFmpeg's demuxer for the ``format`` of an input; None where unknown."""
    return _DEMUXERS.get(_OTHER_NAMES.get(format, format))


def input_formats(*, others: bool = False) -> tuple[str, ...]:
    """What the ``format`` of an input may be; with *others* also by the names that mean one of these."""
    also = [name for name, meant in _OTHER_NAMES.items() if meant in _DEMUXERS] if others else []
    return tuple(sorted({*_DEMUXERS, *also}))


def output_formats() -> tuple[str, ...]:
    """What the ``format`` of an output may be: names of containers, names that mean one of them, suffixes."""
    return tuple(sorted({*CONTAINERS, *_OTHER_NAMES, *_BY_SUFFIX}))
