"""What a build of FFmpeg can do, as a value.

Builds differ more than versions do, so plans ask for features (``filter:zscale``, ``encoder:libx264``) and never for a
version. `Capabilities.assume` answers for a full build of a version where none is at hand, as in unit tests. Finding
out what a real one can do is `detect`'s work; nothing here runs or reads anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

__all__ = ["KINDS", "Capabilities"]

KINDS: dict[str, str] = {
    "filter": "filters",
    "timeline": "timeline",
    "encoder": "encoders",
    "decoder": "decoders",
    "muxer": "muxers",
    "demuxer": "demuxers",
    "protocol": "protocols",
    "option": "options",
}
"""What can be asked for, and the field of `Capabilities` that answers: ``filter:scale``."""


@attrs.frozen(kw_only=True)
class Capabilities:
    """The features of one build."""

    version: tuple[int, ...] | None = None
    """Numbers of the release; None for a build from a development branch."""
    version_text: str = ""
    """The version as the build itself writes it."""
    build: str = ""
    """Digest of the version, the configuration and the libraries: equal builds behave alike."""
    filters: frozenset[str] = frozenset()
    timeline: frozenset[str] = frozenset()
    """The filters that take ``enable=``; with any other it is an error."""
    encoders: frozenset[str] = frozenset()
    decoders: frozenset[str] = frozenset()
    muxers: frozenset[str] = frozenset()
    demuxers: frozenset[str] = frozenset()
    """Every name of each: ``mov`` and ``mp4`` are names of one demuxer."""
    protocols: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    """Options of the command line, without the dash; ``/filter_complex`` reads a graph from a file."""

    def has(self, feature: str) -> bool:
        """Whether the build has *feature*, such as ``filter:scale``.

        Raises:
            ValueError: Not the form of a feature.
        """
        kind, colon, name = feature.partition(":")
        if kind not in KINDS or not colon or not name:
            raise ValueError(f"not a feature: {feature!r}; write kind:name with one of {', '.join(KINDS)}")
        names: frozenset[str] = getattr(self, KINDS[kind])
        return name in names

    def missing(self, requires: Iterable[str]) -> tuple[str, ...]:
        """Those of *requires* that the build lacks, each once, in order.

        Raises:
            ValueError: One of them has not the form of a feature.
        """
        return tuple(feature for feature in dict.fromkeys(requires) if not self.has(feature))

    def to_dict(self) -> dict[str, Any]:
        version = None if self.version is None else list(self.version)
        head = {"version": version, "version_text": self.version_text, "build": self.build}
        return head | {field: sorted(getattr(self, field)) for field in KINDS.values()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Capabilities:
        """The value that `to_dict` wrote.

        Raises:
            ValueError: The data are not of this form.
        """
        try:
            version, names = data["version"], {field: data[field] for field in KINDS.values()}
            texts = [data["version_text"], data["build"], *(name for field in names.values() for name in field)]
            numbers = [] if version is None else list(version)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the capabilities of a build: {error!r}") from error
        if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
            raise ValueError("not the capabilities of a build: a name or a number of another type")
        return cls(
            version=None if version is None else tuple(numbers),
            version_text=data["version_text"],
            build=data["build"],
            **{field: frozenset(found) for field, found in names.items()},
        )

    @classmethod
    def assume(cls, version: str) -> Capabilities:
        """What a full GPL build of *version* has at the least, of what this library may use.

        >>> Capabilities.assume("9.0").missing(["filter:xfade", "option:vsync"])
        ('option:vsync',)

        Raises:
            ValueError: Nothing is known of that version.
        """
        if version not in _OPTIONS:
            raise ValueError(f"nothing is known of FFmpeg {version!r}; known: {', '.join(_OPTIONS)}")
        return cls(
            version=tuple(int(number) for number in version.split(".")),
            version_text=version,
            build=f"assumed-{version}",
            filters=_FILTERS - _NOT_PROMISED.get(version, frozenset()),
            timeline=_TIMELINE - _NOT_PROMISED.get(version, frozenset()),
            encoders=_ENCODERS,
            decoders=_DECODERS,
            muxers=_MUXERS,
            demuxers=_DEMUXERS,
            protocols=_PROTOCOLS,
            options=_OPTIONS[version],
        )


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Written by hand: what the library's operators and tests use, or a plugin is likely to. The tests hold every name
# against real builds of 5.1, 7.0 and 9.0. Of 8.0 they have none; only what both its neighbours have is claimed.

_FILTERS = _names("""
    acompressor acrossfade adelay aecho aevalsrc afade afftdn aformat agate alimiter aloop alphaextract alphamerge
    amerge ametadata amix anoisesrc anull anullsink anullsrc apad aresample areverse aselect asetnsamples asetpts
    asetrate asettb asplit ass astats atempo atrim
    bass blackdetect blend boxblur bwdif
    channelmap channelsplit chromakey color colorbalance colorchannelmixer colorkey colorspace concat copy crop
    cropdetect curves
    deband delogo deshake despill drawbox drawgrid drawtext dynaudnorm
    ebur128 edgedetect eq equalizer
    fade fieldorder fps format framerate freezedetect
    gblur geq
    hflip highpass histogram hqdn3d hstack hue
    idet interlace
    join
    loop loudnorm lowpass lut lut3d lutrgb lutyuv
    mandelbrot metadata minterpolate
    negate nlmeans noise null nullsink nullsrc
    overlay
    pad palettegen paletteuse pan perspective pixelize psnr
    reverse rgbtestsrc rotate
    scale scdet select setdar setfield setparams setpts setrange setsar settb showinfo showspectrumpic showwaves
    showwavespic sidechaincompress signalstats silencedetect silenceremove sine smartblur smptebars split ssim subtitles
    telecine testsrc testsrc2 thumbnail tile tinterlace tonemap tpad transpose treble trim
    unsharp
    vflip vignette volume volumedetect vstack
    weave
    xfade xstack
    yadif
    zoompan zscale
""")
_TIMELINE = _names("""
    adelay afade afftdn agate alimiter alphamerge ametadata apad bass blend boxblur bwdif chromakey
    colorbalance colorchannelmixer colorkey colorspace cropdetect curves deband delogo despill drawbox
    drawgrid drawtext dynaudnorm edgedetect eq equalizer fade fieldorder gblur geq hflip highpass hqdn3d hue
    lowpass lut lut3d lutrgb lutyuv metadata negate nlmeans noise overlay perspective pixelize psnr rotate
    smartblur ssim thumbnail treble unsharp vflip vignette volume yadif
""")
# The 7.0 that is found most often (the one in wheels) has no HarfBuzz, which drawtext has needed since 6.1.
_NOT_PROMISED = {"7.0": _names("drawtext")}
_ENCODERS = _names("""
    libx264 libx265 libvpx libvpx-vp9 libaom-av1 mpeg4 mpeg2video mpeg1video mjpeg prores prores_ks dnxhd ffv1 huffyuv
    ffvhuff utvideo rawvideo qtrle png apng gif bmp tiff libwebp libwebp_anim wrapped_avframe
    aac libmp3lame libopus libvorbis ac3 eac3 flac alac mp2 wavpack
    pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_u8 pcm_alaw pcm_mulaw
    mov_text webvtt srt subrip ass ssa ttml dvbsub dvdsub
""")
_DECODERS = _names("""
    h264 hevc vp8 vp9 libvpx libvpx-vp9 libdav1d mpeg4 mpeg2video mpeg1video mjpeg prores dnxhd ffv1 huffyuv ffvhuff
    utvideo rawvideo png apng gif bmp tiff webp theora vc1 wmv3 flv dvvideo
    aac mp3 mp3float opus vorbis ac3 eac3 flac alac mp2 wavpack dca truehd wmav2 amrnb amrwb
    pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_u8 pcm_alaw pcm_mulaw
    mov_text webvtt srt subrip ass ssa dvbsub dvdsub pgssub
""")
_MUXERS = _names("""
    mp4 mov ipod matroska webm mpegts mpeg avi flv mxf nut ogg asf gif apng image2 webp
    mp3 adts wav aiff flac oga opus ac3 eac3 caf w64
    s16le s24le s32le f32le u8 rawvideo null data md5 hash framemd5 framehash ffmetadata yuv4mpegpipe
    srt webvtt ass ttml hls dash segment h264 hevc ivf
""")
_DEMUXERS = _names("""
    mov mp4 m4a 3gp 3g2 mj2 matroska webm mpegts mpeg avi flv mxf nut ogg asf gif apng image2
    mp3 aac wav aiff flac ac3 eac3 caf w64 amr dts truehd
    s16le s24le s32le f32le u8 rawvideo concat ffmetadata yuv4mpegpipe
    png_pipe jpeg_pipe webp_pipe bmp_pipe tiff_pipe
    srt webvtt ass h264 hevc m4v mjpeg ivf obu
""")
_PROTOCOLS = _names("file pipe")
_COMMON_OPTIONS = _names("""
    autorotate bitexact filter_complex filter_complex_threads filter_threads fps_mode frame_drop_threshold itsoffset
    max_error_rate muxdelay muxpreload passlogfile progress stats_period stream_loop
""")
_OPTIONS: dict[str, frozenset[str]] = {
    "5.1": _COMMON_OPTIONS | {"filter_complex_script", "vsync"},
    "7.0": _COMMON_OPTIONS | {"filter_complex_script", "vsync", "display_rotation", "/filter_complex"},
    "8.0": _COMMON_OPTIONS | {"display_rotation", "/filter_complex"},
    "9.0": _COMMON_OPTIONS | {"display_rotation", "/filter_complex"},
}
