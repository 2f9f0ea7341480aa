"""Which file formats may be opened: the demuxers that read one file and never another.

A file is what its first bytes say, not what its name says: a ``.mp4`` that begins with ``#EXTM3U`` or with
``ffconcat version 1.0`` is a playlist, and FFmpeg would open whatever it lists. So every input is opened with
``-format_whitelist`` set to `FORMAT_WHITELIST`, next to ``-protocol_whitelist file``, by the probers and by the
commands of a plan alike. Reads no file and starts no process.
"""

from __future__ import annotations

__all__ = ["FORMAT_WHITELIST", "INPUT_OPTIONS", "SAFE_DEMUXERS", "STILL_DEMUXERS", "forced_format", "is_still_format"]

_CONTAINERS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "mpegts", "mpeg", "avi", "flv", "asf", "mxf", "nut",
    "ogg", "rm", "wtv", "gxf", "ivf", "nsv", "dv", "yuv4mpegpipe",
)  # fmt: skip
_ELEMENTARY_VIDEO = (
    "h264", "hevc", "vvc", "av1", "obu", "mpegvideo", "m4v", "h261", "h263", "vc1", "dirac", "dnxhd", "mjpeg",
)  # fmt: skip
_AUDIO = (
    "mp3", "aac", "loas", "ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "flac", "wav", "w64", "aiff", "caf", "au",
    "amr", "amrnb", "amrwb", "ape", "wv", "tta", "tak", "mpc", "mpc8", "dsf", "voc", "gsm", "ilbc", "qcp", "spdif",
    "oma", "xwma",
)  # fmt: skip
_STILLS = (
    "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "jpegxl_pipe", "j2k_pipe", "jpegls_pipe",
    "qoi_pipe", "exr_pipe", "dpx_pipe", "psd_pipe", "pam_pipe", "pbm_pipe", "pgm_pipe", "ppm_pipe", "sgi_pipe",
)  # fmt: skip
_ANIMATIONS = ("gif", "apng", "webp_anim", "jpegxl_anim")
_SUBTITLES = ("srt", "ass", "webvtt", "sup")

SAFE_DEMUXERS: tuple[str, ...] = (*_CONTAINERS, *_ELEMENTARY_VIDEO, *_AUDIO, *_STILLS, *_ANIMATIONS, *_SUBTITLES)
"""FFmpeg's names of the formats that may be opened.

Left out on purpose: ``hls``, ``dash``, ``concat``, ``imf`` and ``image2`` (they open other files), ``sdp``, ``rtp``,
``rtsp``, ``sap`` (they open sockets), ``vobsub`` (it opens a neighbour), ``svg_pipe`` (a document format),
``ffmetadata``, ``tty`` and the raw formats (almost any bytes will do). A name that a build does not know is ignored
by it.
"""

FORMAT_WHITELIST = ",".join(SAFE_DEMUXERS)
"""Value of FFmpeg's ``-format_whitelist``."""

INPUT_OPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "avi": (("fflags", "+genpts"),),
    "mpeg": (("fflags", "+genpts"),),
}
"""Options for reading some formats: these leave packets without timestamps, which other containers refuse to copy."""

STILL_DEMUXERS: frozenset[str] = frozenset(_STILLS)
"""The formats that hold one picture."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (b"\xff\xd8\xff", "jpeg_pipe"),
    (b"GIF8", "gif"),
    (b"BM", "bmp_pipe"),
    (b"II*\x00", "tiff_pipe"),
    (b"MM\x00*", "tiff_pipe"),
)
_JPEG = (".jpg", ".jpeg")


def is_still_format(name: str | None) -> bool:
    """Whether *name*, as FFmpeg reports it, is the format of one picture."""
    return name in STILL_DEMUXERS


def forced_format(name: str, head: bytes) -> str | None:
    """The format to name explicitly (``-f``) when a picture is opened, or None where FFmpeg finds it by itself.

    FFmpeg takes a picture called ``a%03d.png`` or ``b?.jpg`` for a pattern, and would look for other files. So it does
    with a JPEG of more than 2 kB by any name that ends as one, since its first bytes alone do not convince it.

    Args:
        name: The file's name.
        head: Its first bytes, 12 at least.
    """
    jpeg = head.startswith(b"\xff\xd8\xff") and name.lower().endswith(_JPEG)
    if not jpeg and not any(character in name for character in "%*?{["):
        return None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp_pipe"
    return next((demuxer for magic, demuxer in _MAGIC if head.startswith(magic)), None)
