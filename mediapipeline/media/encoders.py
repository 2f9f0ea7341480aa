"""What the library knows of codecs and of FFmpeg's encoders: tables, no I/O.

A *codec* is a format of coded data (``h264``, ``aac``), an *encoder* is a program that writes it (``libx264``). Every
name is FFmpeg's own. The tables hold what is true for all supported versions; whether the FFmpeg at hand has an
encoder is asked of the binary, never looked up here. Options are pairs without dash or stream specifier.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, TypeAlias

import attrs

__all__ = [
    "CODECS",
    "ENCODERS",
    "OTHER_NAMES",
    "QUALITIES",
    "Codec",
    "Encoder",
    "Kind",
    "Options",
    "Quality",
    "codec_names",
    "encoder_for",
    "encoders_for",
    "resolve",
    "similar",
]

Kind: TypeAlias = Literal["video", "audio", "subtitle"]
Quality: TypeAlias = Literal["low", "medium", "high"]
Options: TypeAlias = tuple[tuple[str, str], ...]

QUALITIES: tuple[Quality, ...] = ("low", "medium", "high")
"""From small to visually (audibly) transparent; what nobody asked for is encoded at the last."""


@attrs.frozen(kw_only=True)
class Codec:
    """A format of coded data."""

    name: str
    kind: Kind
    text: bool = False
    """Subtitles of text, which convert into each other; the others are pictures."""
    lossless: bool = False


@attrs.frozen(kw_only=True)
class Encoder:
    """One of FFmpeg's encoders: what it takes, and the options that make it do well."""

    name: str
    codec: str
    kind: Kind
    always: Options = ()
    """Options that every use needs."""
    quality: Mapping[Quality, Options] = attrs.field(factory=dict, hash=False)
    """Options for each quality; empty where the encoder has no such choice."""
    bits_per_channel: Mapping[Quality, int] = attrs.field(factory=dict, hash=False)
    """Bits per second and channel for each quality, of audio encoders that are steered by bit rate."""
    crf: tuple[int, int] | None = None
    """Least and greatest constant rate factor."""
    crf_options: Options = ()
    """What has to go with ``crf`` for it to be the only control."""
    bit_rates: tuple[int, int] | None = None
    """Least and greatest bit rate; None where there is none to choose."""
    bit_rate_list: tuple[int, ...] = ()
    """The only bit rates it takes, where they are few."""
    presets: tuple[str, ...] = ()
    """From slow to fast."""
    preset: str | None = None
    """The preset where none is asked for."""
    preset_option: str = "preset"
    profiles: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)
    """The pixel formats that each profile takes, the best known first."""
    read_profiles: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)
    """What a file of each profile is said to have; a profile that is missing here cannot be told from others."""
    levels: tuple[str, ...] = ()
    """Empty where the encoder does not obey a level."""
    pix_fmts: tuple[str, ...] = ()
    """What it takes, the best known first; empty is everything."""
    playable: tuple[str, ...] = ()
    """Those of `pix_fmts` that players can be expected to show."""
    frame_rates: frozenset[Fraction] = frozenset()
    """Frames per second, where it takes no others, nor any that vary; empty is any."""
    sizes: tuple[int, int] = (1, 65_535)
    """Least and greatest width and height, pixels."""
    ticks: int = 90_000
    """What it can count in a second where the rate varies."""
    read_as: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    """Pixel formats that are read back as others, measured."""
    sample_rates: tuple[int, ...] = ()
    """Hz, ascending; empty is any."""
    sample_fmts: tuple[str, ...] = ()
    max_channels: int | None = None
    statistics: Literal["passlogfile", "x265-params"] | None = None
    """The option that names the statistics of a first pass; None where two passes are not possible."""
    threads: int = 1
    """Threads that it keeps busy on a 1080p picture, roughly."""

    def fits(self, *lengths: int) -> bool:
        """Whether it takes pictures that are so wide and high."""
        return self.sizes[0] <= min(lengths) and max(lengths) <= self.sizes[1]

    def sample_rate(self, rate: int) -> int:
        """The rate to encode *rate* at: the same, or the next one above that it takes, else its greatest."""
        if not self.sample_rates or rate in self.sample_rates:
            return rate
        return next((r for r in self.sample_rates if r > rate), self.sample_rates[-1])

    def bit_rate(self, wanted: int) -> int:
        """The bit rate nearest to *wanted* that it takes."""
        if self.bit_rate_list:
            return min(self.bit_rate_list, key=lambda rate: (abs(rate - wanted), rate))
        if self.bit_rates is None:
            return wanted
        return max(self.bit_rates[0], min(wanted, self.bit_rates[1]))


# A sequence header has one of eight rates, and a fraction of two small numbers to multiply it by.
_MPEG2_RATES = frozenset(
    rate * Fraction(over, under)
    for rate in (*map(Fraction, (24, 25, 30, 50, 60)), *(Fraction(k * 1000, 1001) for k in (24, 30, 60)))
    for over in range(1, 5)
    for under in range(1, 33)
)


def _crf(low: int, medium: int, high: int, *extra: tuple[str, str]) -> dict[Quality, Options]:
    return {
        "low": (("crf", str(low)), *extra),
        "medium": (("crf", str(medium)), *extra),
        "high": (("crf", str(high)), *extra),
    }


def _scale(option: str, low: str, medium: str, high: str) -> dict[Quality, Options]:
    return {"low": ((option, low),), "medium": ((option, medium),), "high": ((option, high),)}


_X26X_PRESETS = (
    "placebo", "veryslow", "slower", "slow", "medium", "fast", "faster", "veryfast", "superfast", "ultrafast",
)  # fmt: skip
_H264_LEVELS = (
    "1", "1b", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "3", "3.1", "3.2", "4", "4.1", "4.2", "5", "5.1", "5.2",
    "6", "6.1", "6.2",
)  # fmt: skip
_CHROMA = ("yuv420p", "yuv422p", "yuv444p")
_TEN_BIT = ("yuv420p10le", "yuv422p10le", "yuv444p10le")
_TWELVE_BIT = ("yuv420p12le", "yuv422p12le", "yuv444p12le")
_CONSUMER_RATES = (32000, 44100, 48000)
_SOUND_RATES = (8000, 11025, 12000, 16000, 22050, 24000, *_CONSUMER_RATES)
_FREE_Q = _scale("q", "8", "4", "2")
_VIDEO_BITS = (10_000, 2_000_000_000)

_VIDEO_ENCODERS = (
    Encoder(
        name="libx264", codec="h264", kind="video", quality=_crf(28, 23, 18), crf=(0, 51), bit_rates=_VIDEO_BITS,
        presets=_X26X_PRESETS, preset="medium",
        profiles={
            "baseline": ("yuv420p",), "main": ("yuv420p",), "high": ("yuv420p",),
            "high10": ("yuv420p10le", "yuv420p"), "high422": ("yuv422p", "yuv420p", "yuv422p10le", "yuv420p10le"),
            "high444": (*_CHROMA, *_TEN_BIT),
        },
        read_profiles={
            "baseline": ("Constrained Baseline", "Baseline"), "main": ("Main",), "high": ("High",),
            "high10": ("High 10",), "high422": ("High 4:2:2",), "high444": ("High 4:4:4 Predictive",),
        },
        levels=_H264_LEVELS,
        pix_fmts=(*_CHROMA, "yuvj420p", "yuvj422p", "yuvj444p", "nv12", "gray", *_TEN_BIT, "gray10le"),
        playable=("yuv420p",), statistics="passlogfile", threads=12, sizes=(1, 16_384),
        # Without colours it has them for decoders all the same.
        read_as={"nv12": "yuv420p", "gray": "yuvj420p", "gray10le": "yuv420p10le"},
    ),
    Encoder(
        name="libx265", codec="hevc", kind="video", quality=_crf(30, 25, 20), crf=(0, 51), bit_rates=_VIDEO_BITS,
        presets=_X26X_PRESETS, preset="medium",
        profiles={
            "main": ("yuv420p",), "main10": ("yuv420p10le",), "main12": ("yuv420p12le",),
            "main422-10": ("yuv422p10le",), "main444-8": ("yuv444p",), "main444-10": ("yuv444p10le",),
        },
        read_profiles={"main": ("Main",), "main10": ("Main 10",)},  # all others are "Rext"
        pix_fmts=(*_CHROMA, "yuvj420p", "gbrp", "gray", *_TEN_BIT, "gbrp10le", *_TWELVE_BIT),
        playable=("yuv420p", "yuv420p10le"), statistics="x265-params", threads=8, sizes=(16, 65_535),
    ),
    Encoder(
        name="libsvtav1", codec="av1", kind="video", quality=_crf(45, 35, 24), crf=(1, 63), bit_rates=_VIDEO_BITS,
        presets=tuple(str(n) for n in range(14)), preset="8",
        pix_fmts=("yuv420p", "yuv420p10le"), playable=("yuv420p", "yuv420p10le"), threads=16, sizes=(64, 16_384),
    ),
    Encoder(
        name="libaom-av1", codec="av1", kind="video", always=(("row-mt", "1"),),
        quality=_crf(42, 32, 22, ("b", "0")), crf=(0, 63), crf_options=(("b", "0"),), bit_rates=_VIDEO_BITS,
        presets=tuple(str(n) for n in range(9)), preset="6", preset_option="cpu-used",
        pix_fmts=("yuv420p", "yuv420p10le", "yuv422p", "yuv444p", "yuv422p10le", "yuv444p10le", *_TWELVE_BIT),
        playable=("yuv420p", "yuv420p10le"), statistics="passlogfile", threads=8,
    ),
    Encoder(
        name="libvpx-vp9", codec="vp9", kind="video", always=(("row-mt", "1"), ("deadline", "good")),
        quality=_crf(40, 32, 22, ("b", "0")), crf=(0, 63), crf_options=(("b", "0"),), bit_rates=_VIDEO_BITS,
        presets=tuple(str(n) for n in range(9)), preset="2", preset_option="cpu-used",
        pix_fmts=(
            "yuv420p", "yuva420p", "yuv420p10le", "yuv422p", "yuv444p", "yuv422p10le", "yuv444p10le", *_TWELVE_BIT,
            "gbrp",
        ),
        playable=("yuv420p", "yuva420p", "yuv420p10le"), statistics="passlogfile", threads=6, sizes=(1, 16_384),
    ),
    Encoder(
        # Its crf is only a floor: without a generous bit rate it encodes at 256 kbit/s whatever crf says. It takes
        # alpha too, but fails at run time unless it gives up alternate reference frames for it.
        name="libvpx", codec="vp8", kind="video", always=(("deadline", "good"),),
        quality=_crf(24, 12, 4, ("b", "50000000")), crf=(4, 63), crf_options=(("b", "50000000"),),
        bit_rates=_VIDEO_BITS, presets=tuple(str(n) for n in range(6)), preset="1", preset_option="cpu-used",
        pix_fmts=("yuv420p",), playable=("yuv420p",), statistics="passlogfile", threads=4, sizes=(1, 16_383),
    ),
    Encoder(
        name="mpeg4", codec="mpeg4", kind="video", quality=_FREE_Q, bit_rates=_VIDEO_BITS, pix_fmts=("yuv420p",),
        playable=("yuv420p",), statistics="passlogfile", threads=4, ticks=60_000, sizes=(1, 8191),
    ),
    Encoder(
        name="mpeg2video", codec="mpeg2video", kind="video", quality=_FREE_Q, bit_rates=_VIDEO_BITS,
        pix_fmts=("yuv420p", "yuv422p"), playable=("yuv420p",), statistics="passlogfile", threads=4,
        frame_rates=_MPEG2_RATES, sizes=(1, 4095),
    ),
    Encoder(
        name="prores_ks", codec="prores", kind="video", always=(("vendor", "apl0"),),
        quality=_scale("profile", "lt", "standard", "hq"),
        profiles={
            "proxy": ("yuv422p10le",), "lt": ("yuv422p10le",), "standard": ("yuv422p10le",), "hq": ("yuv422p10le",),
            "4444": ("yuv444p10le", "yuva444p10le"), "4444xq": ("yuv444p10le", "yuva444p10le"),
        },
        read_profiles={
            "proxy": ("Proxy",), "lt": ("LT",), "standard": ("Standard",), "hq": ("HQ",), "4444": ("4444",),
            "4444xq": ("XQ",),
        },
        pix_fmts=("yuv422p10le", "yuv444p10le", "yuva444p10le"),
        playable=("yuv422p10le", "yuv444p10le", "yuva444p10le"), threads=8,
        # Decoders have 12 bits of the profiles that take these.
        read_as={"yuv444p10le": "yuv444p12le", "yuva444p10le": "yuva444p12le"},
    ),
    Encoder(
        # Level 3: slices, so that it uses threads, each with a checksum.
        name="ffv1", codec="ffv1", kind="video", always=(("level", "3"), ("slicecrc", "1"), ("g", "1")),
        pix_fmts=(
            "yuv420p", "yuv422p", "yuv444p", "yuva420p", "yuva422p", "yuva444p", "yuv420p10le", "yuv422p10le",
            "yuv444p10le", "yuva420p10le", "yuva422p10le", "yuva444p10le", "yuv420p12le", "yuv422p12le",
            "yuv444p12le", "yuv420p16le", "yuv422p16le", "yuv444p16le", "yuv410p", "yuv411p", "yuv440p", "bgr0",
            "bgra", "gbrp10le", "gbrp12le", "gbrp16le", "rgb48le", "rgba64le", "gray", "gray10le", "gray16le", "ya8",
        ),
        threads=4, read_as={"rgb48le": "gbrp16le", "rgba64le": "gbrap16le"},
    ),
    Encoder(
        # Both names of full range are taken by every version; the plain ones only under a relaxed compliance.
        name="mjpeg", codec="mjpeg", kind="video", quality=_FREE_Q, pix_fmts=("yuvj420p", "yuvj422p", "yuvj444p"),
        playable=("yuvj420p", "yuvj422p", "yuvj444p"), threads=8,
    ),
    Encoder(
        name="png", codec="png", kind="video", threads=8,
        pix_fmts=("rgb24", "rgba", "gray", "ya8", "rgb48be", "rgba64be", "gray16be", "ya16be", "pal8", "monob"),
        playable=("rgb24", "rgba", "gray", "ya8", "rgb48be", "rgba64be", "gray16be", "ya16be", "pal8", "monob"),
    ),
    Encoder(
        name="gif", codec="gif", kind="video", pix_fmts=("pal8", "rgb8", "bgr8", "gray"),
        playable=("pal8", "rgb8", "bgr8", "gray"), read_as=dict.fromkeys(("pal8", "rgb8", "bgr8", "gray"), "bgra"),
    ),
    Encoder(
        name="libwebp", codec="webp", kind="video", quality=_scale("quality", "50", "75", "90"),
        pix_fmts=("yuv420p", "yuva420p", "bgra"), playable=("yuv420p", "yuva420p", "bgra"),
        read_as={"bgra": "yuva420p"}, sizes=(1, 16_383),
    ),
    Encoder(name="rawvideo", codec="rawvideo", kind="video", threads=2),
)  # fmt: skip

_AUDIO_ENCODERS = (
    Encoder(
        name="aac", codec="aac", kind="audio", bits_per_channel={"low": 48_000, "medium": 64_000, "high": 96_000},
        bit_rates=(8_000, 4_000_000), sample_rates=(7350, *_SOUND_RATES, 64000, 88200, 96000),
        sample_fmts=("fltp",), max_channels=8,
    ),
    Encoder(
        name="libmp3lame", codec="mp3", kind="audio", quality=_scale("q", "6", "4", "2"), bit_rates=(8_000, 320_000),
        sample_rates=_SOUND_RATES, sample_fmts=("fltp", "s16p", "s32p"), max_channels=2,
    ),
    Encoder(
        name="libopus", codec="opus", kind="audio", bits_per_channel={"low": 32_000, "medium": 48_000, "high": 80_000},
        bit_rates=(6_000, 510_000), sample_rates=(8000, 12000, 16000, 24000, 48000), sample_fmts=("flt", "s16"),
        max_channels=8,
    ),
    Encoder(
        name="libvorbis", codec="vorbis", kind="audio", quality=_scale("q", "3", "5", "7"),
        bit_rates=(32_000, 2_000_000), sample_fmts=("fltp",), max_channels=8,
    ),
    Encoder(
        name="ac3", codec="ac3", kind="audio", bits_per_channel={"low": 64_000, "medium": 80_000, "high": 96_000},
        bit_rates=(32_000, 640_000), sample_rates=_CONSUMER_RATES, sample_fmts=("fltp",), max_channels=6,
    ),
    Encoder(
        name="eac3", codec="eac3", kind="audio", bits_per_channel={"low": 48_000, "medium": 64_000, "high": 96_000},
        bit_rates=(32_000, 6_144_000), sample_rates=_CONSUMER_RATES, sample_fmts=("fltp",), max_channels=6,
    ),
    Encoder(
        # It fails at any other bit rate; below 32 kHz (MPEG-2) the list is another one.
        name="mp2", codec="mp2", kind="audio", bits_per_channel={"low": 80_000, "medium": 96_000, "high": 128_000},
        bit_rates=(32_000, 384_000),
        bit_rate_list=tuple(k * 1000 for k in (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)),
        sample_rates=_CONSUMER_RATES, sample_fmts=("s16",), max_channels=2,
    ),
    Encoder(name="flac", codec="flac", kind="audio", sample_fmts=("s16", "s32"), max_channels=8),
    Encoder(name="alac", codec="alac", kind="audio", sample_fmts=("s16p", "s32p"), max_channels=8),
    Encoder(name="pcm_s16le", codec="pcm_s16le", kind="audio", sample_fmts=("s16",)),
    Encoder(name="pcm_s24le", codec="pcm_s24le", kind="audio", sample_fmts=("s32",)),
    Encoder(name="pcm_f32le", codec="pcm_f32le", kind="audio", sample_fmts=("flt",)),
)  # fmt: skip

_SUBTITLE_ENCODERS = tuple(
    Encoder(name=name, codec=name, kind="subtitle") for name in ("mov_text", "subrip", "ass", "webvtt")
)

ENCODERS: Mapping[str, Encoder] = MappingProxyType(
    {encoder.name: encoder for encoder in (*_VIDEO_ENCODERS, *_AUDIO_ENCODERS, *_SUBTITLE_ENCODERS)}
)
"""Every encoder that a job may name, by name; of one codec, the preferred first."""

_LOSSLESS = {"ffv1", "png", "rawvideo", "flac", "alac", "truehd", "mlp"}
_READ_ONLY: Mapping[Kind, tuple[str, ...]] = {
    "video": (
        "theora", "vc1", "wmv1", "wmv2", "wmv3", "mpeg1video", "msmpeg4v2", "msmpeg4v3", "h263", "flv1", "dvvideo",
        "dnxhd", "cfhd", "huffyuv", "ffvhuff", "utvideo", "qtrle", "jpeg2000", "vp6f", "vvc", "bmp", "tiff",
    ),
    "audio": (
        "mp1", "dts", "truehd", "mlp", "wmav1", "wmav2", "wmapro", "amr_nb", "amr_wb", "speex", "wavpack", "tta",
        "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "pcm_u8", "pcm_s8", "pcm_s16be", "pcm_s24be", "pcm_s32le",
        "pcm_s32be", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd",
    ),
    "subtitle": (
        "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "dvb_teletext", "xsub", "eia_608", "text", "ttml",
        "hdmv_text_subtitle",
    ),
}  # fmt: skip
_TEXT = {"mov_text", "subrip", "ass", "webvtt", "text", "ttml", "hdmv_text_subtitle"}


def _codecs() -> Iterable[Codec]:
    for encoder in ENCODERS.values():
        yield _codec(encoder.codec, encoder.kind)
    for kind, names in _READ_ONLY.items():
        for name in names:
            yield _codec(name, kind)


def _codec(name: str, kind: Kind) -> Codec:
    lossless = name in _LOSSLESS or (name.startswith("pcm_") and name not in ("pcm_alaw", "pcm_mulaw"))
    return Codec(name=name, kind=kind, text=name in _TEXT, lossless=lossless)


CODECS: Mapping[str, Codec] = MappingProxyType({codec.name: codec for codec in _codecs()})
"""Every codec that is known by name, also those that can only be copied."""

OTHER_NAMES: Mapping[str, str] = {
    "avc": "h264",
    "h265": "hevc",
    "pcm": "pcm_s16le",
    "srt": "subrip",
    "vtt": "webvtt",
    "ssa": "ass",
    "mjpg": "mjpeg",
    "jpeg": "mjpeg",
}
"""Other names of codecs, as people write them."""


def resolve(name: str) -> tuple[str, Encoder | None] | None:
    """The codec that *name* means, with the encoder where it names one; None where it names neither.

    A name that is both (``aac``, ``flac``) is the codec's.

    >>> resolve("h265")
    ('hevc', None)
    >>> codec, encoder = resolve("libmp3lame")
    >>> codec, encoder.name
    ('mp3', 'libmp3lame')
    """
    name = OTHER_NAMES.get(name, name)
    if name in CODECS:
        return name, None
    encoder = ENCODERS.get(name)
    return None if encoder is None else (encoder.codec, encoder)


def encoders_for(codec: str) -> tuple[Encoder, ...]:
    """The encoders of a codec, the preferred first; empty where it can only be copied."""
    return tuple(encoder for encoder in ENCODERS.values() if encoder.codec == codec)


def encoder_for(codec: str) -> Encoder | None:
    """The preferred encoder of a codec."""
    return next(iter(encoders_for(codec)), None)


def codec_names(kind: Kind) -> tuple[str, ...]:
    """What a document may call the codecs and encoders of *kind*, without those that can only be copied."""
    names = dict.fromkeys(encoder.codec for encoder in ENCODERS.values() if encoder.kind == kind)
    names.update(dict.fromkeys(encoder.name for encoder in ENCODERS.values() if encoder.kind == kind))
    return tuple(names)


def similar(name: str, kind: Kind) -> str | None:
    """The codec or encoder that a misspelt *name* most likely means."""
    if f"lib{name}" in ENCODERS:
        return f"lib{name}"
    known = [*codec_names(kind), *(n for n, c in CODECS.items() if c.kind == kind)]
    others = [name for name, meant in OTHER_NAMES.items() if meant in known]
    by_lower = {n.lower(): n for n in [*known, *others]}
    found = difflib.get_close_matches(name[:64].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
