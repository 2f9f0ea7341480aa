"""Small synthetic clips for tests, made by FFmpeg on demand and kept in a cache.

A `ClipRecipe` says what the media are; `make_clip` cooks it. The same recipe gives the same bytes with the same FFmpeg
build, and is made once: clips are kept under ``MEDIAPIPELINE_CACHE_DIR``, else ``$XDG_CACHE_HOME/mediapipeline/clips``.
The picture moves and carries a running clock (``testsrc2``), and every channel of every sound track has its own tone,
so a frame or a channel that ends up in the wrong place shows. Works with FFmpeg 5.1 and later. Opens no network.

>>> recipe = ClipRecipe(duration="2s", audio=2, rotation=90)
>>> recipe.tones()
((440,), (550,))
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.errors import MediaPipelineError
from mediapipeline.ffmpeg.binary import Engine, find_ffmpeg
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.process import run_tool

__all__ = ["ClipError", "ClipRecipe", "cache_folder", "make_clip"]

_CHANNELS = {"mono": 1, "stereo": 2, "2.1": 3, "3.0": 3, "4.0": 4, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}
_STILLS = {".png": "png", ".jpg": "mjpeg", ".webp": "libwebp", ".bmp": "bmp", ".tiff": "tiff"}
_AUDIO_ONLY = {
    ".mp3": "libmp3lame", ".wav": "pcm_s16le", ".flac": "flac", ".m4a": "aac", ".ogg": "libopus", ".opus": "libopus",
    ".aac": "aac", ".ac3": "ac3",
}  # fmt: skip
_VIDEO = {".webm": "libvpx", ".mpg": "mpeg2video", ".gif": "gif"}
_AUDIO = {".webm": "libopus", ".ts": "mp2", ".mpg": "mp2", ".avi": "libmp3lame"}
_SUBTITLES = {".mp4": "mov_text", ".mov": "mov_text", ".m4a": "mov_text", ".webm": "webvtt", ".mkv": "subrip"}
_BITEXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-threads", "1")


class ClipError(MediaPipelineError):
    """A recipe that FFmpeg could not make a clip of."""


def _seconds(value: str | int | Fraction) -> Fraction:
    return Fraction(value.removesuffix("s")) if isinstance(value, str) else Fraction(value)


def _layouts(value: int | Sequence[str]) -> tuple[str, ...]:
    return ("mono",) * value if isinstance(value, int) else tuple(value)


def _cues(value: int | Sequence[Sequence[tuple[str, str, str]]]) -> tuple[tuple[tuple[str, str, str], ...], ...]:
    if isinstance(value, int):
        return tuple((("0s", "1/2s", f"Track {track + 1}"),) for track in range(value))
    return tuple(tuple(track) for track in value)


def _pairs(value: Mapping[str, str] | Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(value.items()) if isinstance(value, Mapping) else tuple(value)


def _words(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _marks(value: Iterable[tuple[str, str, str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple(value)


@attrs.frozen(kw_only=True)
class ClipRecipe:
    """What a synthetic clip is to be.

    Attributes:
        duration: Seconds of picture and sound (``"1s"``, ``"1001/1000s"``, a number).
        size: Coded width and height, before rotation; None for no picture.
        rate: Frames per second.
        video_codec: FFmpeg encoder; None is one that suits the container.
        audio: How many sound tracks, or the channel layout of each (``["stereo", "5.1"]``).
        audio_codec: FFmpeg encoder; None is one that suits the container.
        audio_rate: Hz.
        audio_delay: Seconds by which the sound begins after the picture.
        rotation: Degrees clockwise that a player turns the picture.
        sar: Sample aspect ratio of the coded picture.
        vfr: Drop frames unevenly: two of every five.
        b_frames: Consecutive B-frames.
        pix_fmt: FFmpeg pixel format; None is the encoder's choice. Pictures of odd sizes are yuv444p where x264 or x265
            would encode yuv420p, which has no such sizes for them.
        subtitles: How many tracks with one cue, or for each track its cues ``(start, end, text)``.
        start: Time of the first frame in the container, seconds.
        silence: Digital silence in place of tones.
        cover: Attach a picture of 32 by 32 pixels.
        chapters: ``(start, end, title)`` each.
        metadata: Tags of the container.
        languages: ISO 639-2 codes of the sound tracks, then of the subtitle tracks.
        gop: Frames from one key frame to the next.
        interlaced: Top field first.
        extra: Further output options, as they are.
    """

    duration: Fraction = attrs.field(default=Fraction(1), converter=_seconds)
    size: tuple[int, int] | None = (64, 48)
    rate: Fraction = attrs.field(default=Fraction(25), converter=Fraction)
    video_codec: str | None = None
    audio: tuple[str, ...] = attrs.field(default=(), converter=_layouts)
    audio_codec: str | None = None
    audio_rate: int = 48000
    audio_delay: Fraction = attrs.field(default=Fraction(0), converter=_seconds)
    rotation: int = attrs.field(default=0, validator=attrs.validators.in_((0, 90, 180, 270)))
    sar: Fraction | None = attrs.field(default=None, converter=attrs.converters.optional(Fraction))
    vfr: bool = False
    b_frames: int = 0
    pix_fmt: str | None = "yuv420p"
    subtitles: tuple[tuple[tuple[str, str, str], ...], ...] = attrs.field(default=(), converter=_cues)
    start: Fraction = attrs.field(default=Fraction(0), converter=_seconds)
    silence: bool = False
    cover: bool = False
    chapters: tuple[tuple[str, str, str], ...] = attrs.field(default=(), converter=_marks)
    metadata: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_pairs)
    languages: tuple[str, ...] = attrs.field(default=(), converter=_words)
    gop: int | None = None
    interlaced: bool = False
    extra: tuple[str, ...] = attrs.field(default=(), converter=_words)

    def tones(self) -> tuple[tuple[int, ...], ...]:
        """Hz of every channel of every sound track."""
        return tuple(
            tuple(440 + 110 * track + 55 * channel for channel in range(_CHANNELS[layout]))
            for track, layout in enumerate(self.audio)
        )


def make_clip(
    path: str | Path, recipe: ClipRecipe | None = None, *, engine: Engine | Path | str | None = None, **changes: Any
) -> Path:
    """Make a clip at *path*; the container is what its suffix says.

    Args:
        path: Where to put it; replaced if it is there.
        recipe: What it is to be; `ClipRecipe` with its defaults if not given.
        engine: The FFmpeg to use; by default the one that the library would use.
        changes: Fields of `ClipRecipe`, in place of what *recipe* says.

    Returns:
        *path*, as a path.

    Raises:
        ClipError: FFmpeg cannot make it; the message has what it said.
        FFmpegNotFoundError: There is none.
    """
    path, wanted = Path(path), attrs.evolve(recipe or ClipRecipe(), **changes)
    found = engine if isinstance(engine, Engine) else find_ffmpeg(engine)
    program = str(found.ffmpeg)
    suffix = path.suffix.lower()
    key = hashlib.sha256(f"{_build(program)}\n{suffix}\n{wanted!r}\n{_MAKER}".encode()).hexdigest()[:32]
    kept = cache_folder() / f"{key}{suffix}"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=kept.parent) as folder:
            made = _cook(wanted, Path(folder), suffix, program)
            made.replace(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, path)
    return path


_MAKER = 2
"""Part of the cache key: goes up when the same recipe is made differently."""


def cache_folder() -> Path:
    """Where clips are kept; it may be deleted at any time."""
    if chosen := os.environ.get("MEDIAPIPELINE_CACHE_DIR"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mediapipeline" / "clips"


@functools.lru_cache
def _build(program: str) -> str:
    """What tells builds apart: the whole of ``-version``, which has the configuration and the library versions."""
    return _run([program, "-version"])


@functools.lru_cache
def _turns_input(program: str) -> bool:
    """Whether this build has ``-display_rotation`` (6.0); older ones turn by a tag."""
    return "-display_rotation" in _run([program, "-hide_banner", "-h", "full"])


def _run(argv: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory(prefix="mediapipeline-clip-") as home:
        done = run_tool(argv, env=environment(Path(home)), timeout=120)
    if done.exit_code:
        said = done.stderr.strip().splitlines()
        raise ClipError("\n".join([f"FFmpeg cannot make this clip: {' '.join(argv)}", *said[-8:]]))
    return done.stdout.decode("utf-8", "replace")


def _cook(recipe: ClipRecipe, folder: Path, suffix: str, program: str) -> Path:
    head = [program, "-v", "error", "-nostdin", "-y"]
    made = folder / f"clip{suffix}"
    if suffix in _STILLS:
        still = [*_picture(recipe), "-frames:v", "1", "-c:v", recipe.video_codec or _STILLS[suffix], "-update", "1"]
        # A JPEG has full range, and its encoder wants to be told so.
        shape = ["-pix_fmt", "yuvj420p"] if suffix == ".jpg" else []
        _run([*head, *still, *shape, *_BITEXACT, *recipe.extra, str(made)])
        return made
    if suffix not in _AUDIO_ONLY and recipe.size is None and not recipe.audio and not recipe.subtitles:
        raise ClipError("a clip needs a picture (size), sound (audio) or subtitles")
    _run([*head, *_arguments(recipe, folder, suffix, head), str(made)])
    return _turned(recipe, made, head) if recipe.rotation else made


def _turned(recipe: ClipRecipe, made: Path, head: list[str]) -> Path:
    """Set the display matrix in a pass of its own: on an input that is encoded, FFmpeg would turn the picture."""
    turned = made.with_name(f"turned{made.suffix}")
    keep = ["-map", "0", "-c", "copy", "-map_metadata", "0", *_timing(recipe, made.suffix)]
    if _turns_input(head[0]):
        _run([*head, "-display_rotation", str(-recipe.rotation), "-i", str(made), *keep, *_BITEXACT, str(turned)])
        return turned
    if made.suffix == ".mkv":
        raise ClipError("this FFmpeg cannot write the rotation of a .mkv; 6.0 can")
    # The tag counts counter-clockwise in 5.1 (measured: rotate=90 gives a display matrix of +90 degrees).
    tag = ["-metadata:s:v:0", f"rotate={360 - recipe.rotation}"]
    _run([*head, "-i", str(made), *keep, *tag, *_BITEXACT, str(turned)])
    return turned


def _arguments(recipe: ClipRecipe, folder: Path, suffix: str, head: list[str]) -> list[str]:
    """Inputs, maps and codecs of the main pass."""
    inputs: list[list[str]] = []
    maps: list[str] = []
    if recipe.size is not None and suffix not in _AUDIO_ONLY:
        inputs.append(_picture(recipe))
        maps += ["-map", "0:v"]
    if suffix in _AUDIO_ONLY and not recipe.audio:
        recipe = attrs.evolve(recipe, audio=1)
    for layout, tones in zip(recipe.audio, recipe.tones(), strict=True):
        maps += ["-map", f"{len(inputs)}:a"]
        inputs.append(_sound(recipe, layout, tones))
    for track, cues in enumerate(recipe.subtitles):
        text = folder / f"cues{track}.srt"
        text.write_text(_srt(cues), encoding="utf-8")
        maps += ["-map", f"{len(inputs)}:s"]
        inputs.append(["-i", str(text)])
    attached: list[str] = []
    if recipe.cover:
        picture = folder / "cover.png"
        _run([*head, "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=1", "-frames:v", "1", *_BITEXACT, str(picture)])
        if suffix in (".mkv", ".webm"):
            attached = ["-attach", str(picture), "-metadata:s:t:0", "mimetype=image/png"]
            attached += ["-metadata:s:t:0", "filename=cover.png"]
        else:
            place = sum(1 for target in maps if target.endswith(":v"))
            maps += ["-map", f"{len(inputs)}:v"]
            attached = [f"-c:v:{place}", "copy", f"-disposition:v:{place}", "attached_pic"]
            inputs.append(["-i", str(picture)])
    if recipe.chapters:
        list_file = folder / "chapters.txt"
        list_file.write_text(_ffmetadata(recipe), encoding="utf-8")
        maps += ["-map_chapters", str(len(inputs))]
        inputs.append(["-f", "ffmetadata", "-i", str(list_file)])
    return [
        *(word for words in inputs for word in words), *maps, *_codecs(recipe, suffix), *attached,
        *_tags(recipe), *_timing(recipe, suffix), *_BITEXACT, *recipe.extra,
    ]  # fmt: skip


def _picture(recipe: ClipRecipe) -> list[str]:
    width, height = recipe.size or (64, 48)
    chain = [f"testsrc2=size={width}x{height}:rate={recipe.rate}:duration={float(recipe.duration):.6f}"]
    if width % 2 or height % 2:
        chain.append("format=yuv444p")  # asked for subsampled pixels, the source makes a smaller picture of even sides
    if pix_fmt := _pix_fmt(recipe, width, height):
        chain.append(f"format={pix_fmt}")
    if recipe.vfr:
        chain.append(r"select=not(eq(mod(n\,5)\,1)+eq(mod(n\,5)\,2))")
    if recipe.sar is not None:
        chain.append(f"setsar={recipe.sar.numerator}/{recipe.sar.denominator}")
    if recipe.interlaced:
        chain.append("setfield=tff")
    return ["-f", "lavfi", "-i", ",".join(chain)]


def _pix_fmt(recipe: ClipRecipe, width: int, height: int) -> str | None:
    even_only = recipe.video_codec in ("libx264", "libx265") and recipe.pix_fmt == "yuv420p"
    return "yuv444p" if even_only and (width % 2 or height % 2) else recipe.pix_fmt


def _sound(recipe: ClipRecipe, layout: str, tones: tuple[int, ...]) -> list[str]:
    expressions = "|".join("0" if recipe.silence else f"0.125*sin({2 * tone}*PI*t)" for tone in tones)
    length = f"{float(recipe.duration):.6f}"
    source = f"aevalsrc=exprs={expressions}:channel_layout={layout}:sample_rate={recipe.audio_rate}:duration={length}"
    delay = ["-itsoffset", f"{float(recipe.audio_delay):.6f}"] if recipe.audio_delay else []
    return [*delay, "-f", "lavfi", "-i", source]


def _codecs(recipe: ClipRecipe, suffix: str) -> list[str]:
    codec = recipe.video_codec or _VIDEO.get(suffix, "mpeg4")
    words = ["-c:v", codec, "-c:a", recipe.audio_codec or _AUDIO_ONLY.get(suffix) or _AUDIO.get(suffix, "aac")]
    if recipe.size is not None and suffix not in _AUDIO_ONLY:
        words += _video_options(recipe, codec)
    if recipe.subtitles:
        words += ["-c:s", _SUBTITLES.get(suffix, "subrip")]
    return words


def _video_options(recipe: ClipRecipe, codec: str) -> list[str]:
    words = ["-fps_mode:v:0", "vfr"]
    if recipe.gop is not None:
        words += ["-g", str(recipe.gop)]
    if codec in ("libx264", "mpeg4", "mpeg2video", "libx265"):
        words += ["-bf", str(recipe.b_frames)]
    if codec == "libx264":
        # Otherwise it decides by the picture how many B-frames there are and where a GOP ends.
        words += ["-preset", "veryfast", "-x264-params", "b-adapt=0:scenecut=0" + _weightless(recipe)]
    if codec == "libvpx-vp9":
        words += ["-deadline", "realtime", "-cpu-used", "8"]
    if codec == "libvpx":
        words += ["-deadline", "realtime", "-auto-alt-ref", "0"]
    if recipe.interlaced:
        words += ["-flags:v", "+ilme+ildct"]
    return words


def _weightless(recipe: ClipRecipe) -> str:
    return ":weightp=0" if recipe.interlaced else ""


def _tags(recipe: ClipRecipe) -> list[str]:
    words = [word for key, value in recipe.metadata for word in ("-metadata", f"{key}={value}")]
    kinds = [f"a:{track}" for track in range(len(recipe.audio))]
    kinds += [f"s:{track}" for track in range(len(recipe.subtitles))]
    for kind, language in zip(kinds, recipe.languages, strict=False):
        words += [f"-metadata:s:{kind}", f"language={language}"]
    return words


def _timing(recipe: ClipRecipe, suffix: str) -> list[str]:
    # Without its two delays MPEG-TS starts at 0 rather than 1.4 s.
    words = ["-muxdelay", "0", "-muxpreload", "0"] if suffix in (".ts", ".mpg") else []
    return [*words, "-output_ts_offset", f"{float(recipe.start):.6f}"] if recipe.start else words


def _srt(cues: Sequence[tuple[str, str, str]]) -> str:
    lines = []
    for number, (start, end, text) in enumerate(cues, 1):
        lines.append(f"{number}\n{_clock(start)} --> {_clock(end)}\n{text}\n")
    return "\n".join(lines)


def _clock(value: str) -> str:
    milliseconds = round(_seconds(value) * 1000)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"


def _ffmetadata(recipe: ClipRecipe) -> str:
    lines = [";FFMETADATA1"]
    for start, end, title in recipe.chapters:
        safe = re.sub(r"([=;#\\\n])", r"\\\1", title)
        begin, stop = round(_seconds(start) * 1000), round(_seconds(end) * 1000)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={begin}", f"END={stop}", f"title={safe}"]
    return "\n".join(lines) + "\n"
