"""Measures what work costs on this machine, and writes it into the module that estimates of plans rest on.

What coding costs depends on the picture, so the material is a drawn clip, and a real one where there is one; what is
written is the geometric mean. Every figure is CPU time, the least of a few runs, less that of a run which does the same
without the part in question.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from benchmarks.throughput.media import clip
from benchmarks.throughput.processes import Used, run
from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["main"]

TARGET = Path(__file__).resolve().parents[2] / "mediapipeline" / "planner" / "costs.py"
_REAL = Path(__file__).resolve().parents[3] / "shared" / "media" / "crystal.mp4"
_RUNS = 3
_FRAMES = 150
_SECONDS = 60  # of sound
_OPENED = 20  # files, at once
_NULL = ("-f", "null", "-")

# With what makes the encoder as fast as its usual preset, and as few frames as it takes to see.
_ENCODERS: dict[str, tuple[int, list[str]]] = {
    "libx264": (_FRAMES, ["-preset", "medium"]),
    "libx265": (60, ["-preset", "medium", "-x265-params", "log-level=error"]),
    "libvpx": (60, ["-deadline", "good", "-cpu-used", "2", "-b:v", "1M"]),
    "libvpx-vp9": (60, ["-deadline", "good", "-cpu-used", "2", "-row-mt", "1", "-b:v", "1M"]),
    "libsvtav1": (60, ["-preset", "8"]),
    "libaom-av1": (20, ["-cpu-used", "6", "-row-mt", "1", "-b:v", "1M"]),
    "mpeg4": (_FRAMES, ["-q:v", "4"]),
    "mjpeg": (_FRAMES, ["-q:v", "2", "-pix_fmt", "yuvj420p"]),
    "ffv1": (60, []),
    "prores_ks": (60, ["-pix_fmt", "yuv422p10le"]),
}
_CONTAINER = {"libvpx": "webm", "libvpx-vp9": "webm", "ffv1": "mkv", "prores_ks": "mov", "mjpeg": "avi"}
_CODEC = {
    "libx264": "h264", "libx265": "hevc", "libvpx": "vp8", "libvpx-vp9": "vp9", "libsvtav1": "av1", "libaom-av1": "av1",
    "prores_ks": "prores",
}  # fmt: skip
_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_FILTERS = {
    "scale": "scale=iw/2:ih/2", "hflip": "hflip", "vflip": "vflip", "transpose": "transpose=1",
    "crop": "crop=iw/2:ih/2",
    "pad": "pad=iw*2:ih*2", "overlay": "split[a],scale=iw/4:ih/4,[a]overlay", "eq": "eq=contrast=1.1",
    "format": "format=yuv444p", "yadif": "yadif", "hqdn3d": "hqdn3d", "unsharp": "unsharp", "fps": "fps=25",
    "fade": "fade=d=10", "drawbox": "drawbox", "gblur": "gblur",
}  # fmt: skip
_SOUND_FILTERS = {
    "volume": "volume=0.5", "aresample": "aresample=44100", "alimiter": "alimiter", "ebur128": "ebur128",
    "volumedetect": "volumedetect", "aselect": "aselect", "loudnorm": "loudnorm", "amix": "asplit[a],[a]amix",
}  # fmt: skip


def main() -> None:
    """Measure, write, and say so."""
    with tempfile.TemporaryDirectory(dir=clip("hd.mp4").parent) as folder:
        text = _module(Path(folder))
    TARGET.write_text(text, encoding="utf-8")
    ruff = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "ruff"
    subprocess.run([str(ruff), "format", "-q", str(TARGET)], check=True)
    print(f"written: {TARGET}")


def _used(*words: str) -> Used:
    argv = [str(default_engine().binaries.ffmpeg), "-v", "error", "-nostdin", "-y", *words]
    runs = [run(argv) for _ in range(_RUNS)]
    return Used(min(r.wall for r in runs), min(r.cpu for r in runs), max(r.memory for r in runs))


def _say(what: str, value: float) -> float:
    print(f"{what}: {value:.3g}", flush=True)
    return value


@attrs.frozen(kw_only=True)
class _Pictures:
    """What was found on one clip: nanoseconds a pixel by name, and frames held."""

    encode: Mapping[str, float]
    decode: Mapping[str, float]
    presets: Mapping[str, float]
    filters: Mapping[str, float]
    encoder_frames: Mapping[str, float]
    decoder_frames: float


def _pictures(source: Path, folder: Path, start: Used) -> _Pictures:
    video = default_engine().prober.probe(source).video
    assert video is not None
    pixels = video.width * video.height
    print(f"{source.name}, {video.width}x{video.height}", flush=True)
    raw = str(folder / "raw.y4m")
    _used("-i", str(source), "-frames:v", str(_FRAMES), "-pix_fmt", "yuv420p", raw)
    reading: dict[int, Used] = {}

    def beyond(words: Sequence[str], frames: int, output: Sequence[str]) -> tuple[float, int]:
        """Nanoseconds a pixel, and bytes, that coding takes beyond reading."""
        cut = ["-frames:v", str(frames)]
        if frames not in reading:
            reading[frames] = _used("-i", raw, *cut, *_NULL)
        used = _used("-i", raw, *cut, *words, *output)
        base = reading[frames]
        return max(0.0, used.cpu - base.cpu) / (pixels * frames) * 1e9, used.memory - base.memory

    have = default_engine().capabilities.encoders
    encode: dict[str, float] = {}
    decode: dict[str, float] = {}
    held = 0.0
    for name, (frames, options) in _ENCODERS.items():
        if name not in have:
            continue
        file = str(folder / f"{name}.{_CONTAINER.get(name, 'mp4')}")
        encode[name] = _say(f"encoding by {name}, ns/pixel", beyond(["-c:v", name, *options], frames, [file])[0])
        used = _used("-i", file, *_NULL)
        codec = _CODEC.get(name, name)
        cost = max(0.0, used.cpu - start.cpu) / (pixels * frames) * 1e9
        decode[codec] = _say(f"decoding {codec}, ns/pixel", cost)
        if name == "libx264":
            held = (used.memory - start.memory) / (pixels * 1.5)
    presets, holds = {}, {}
    for preset in _PRESETS:
        cost, memory = beyond(["-c:v", "libx264", "-preset", preset], 80, [str(folder / "preset.mp4")])
        presets[preset] = cost
        holds[preset] = _say(f"frames that x264 holds at {preset}", float(round(memory / (pixels * 1.5))))
    usual = presets["medium"]
    presets = {name: _say(f"preset {name}, of medium", cost / usual) for name, cost in presets.items()}
    filters = {
        name: _say(f"filter {name}, ns/pixel", beyond(["-vf", text], _FRAMES, _NULL)[0] / (4 if name == "pad" else 1))
        for name, text in _FILTERS.items()
    }
    return _Pictures(
        encode=encode, decode=decode, presets=presets, filters=filters, encoder_frames=holds, decoder_frames=held
    )


@attrs.frozen(kw_only=True)
class _Sound:
    """What was found on one track: nanoseconds a sample of one channel."""

    encode: float
    decode: float
    filters: Mapping[str, float]


def _sound(source: Path, folder: Path, start: Used) -> _Sound:
    print(f"sound of {source.name}", flush=True)
    raw = str(folder / "raw.wav")
    # Rounded to 16 bits, bands that are empty would not be, and take half as long again to encode.
    as_decoded = ["-c:a", "pcm_f32le", "-ar", "48000", "-ac", "2", "-t", str(_SECONDS)]
    _used("-stream_loop", "-1", "-i", str(source), "-vn", *as_decoded, raw)
    samples = _SECONDS * 96000
    base = _used("-i", raw, *_NULL)

    def beyond(what: str, *words: str) -> float:
        return _say(f"{what}, ns/sample", max(0.0, _used("-i", raw, *words).cpu - base.cpu) / samples * 1e9)

    coded = str(folder / "sound.m4a")
    encode = beyond("encoding AAC", "-c:a", "aac", "-b:a", "128k", coded)
    decode = max(0.0, _used("-i", coded, *_NULL).cpu - start.cpu) / samples * 1e9
    return _Sound(
        encode=encode,
        decode=_say("decoding AAC, ns/sample", decode),
        filters={name: beyond(f"filter {name}", "-af", text, *_NULL) for name, text in _SOUND_FILTERS.items()},
    )


@attrs.frozen(kw_only=True)
class _Files:
    """What opening a file takes, seconds, and each packet that is read, and copied, nanoseconds."""

    open: float
    read: float
    copy: float
    memory: int


def _files(folder: Path, start: Used) -> _Files:
    """Pictures copied out of a clip, and pictures and sound: what the second takes more is for the packets of sound."""
    long, target = str(clip("long.mp4")), str(folder / "copy.mp4")
    pictures, sounds = 600 * 25, 600 * 48000 / 1024
    opened = _used(*["-i", long] * _OPENED, "-map", "0:v", "-c", "copy", "-frames:v", "1", *_NULL)
    each = (opened.cpu - start.cpu) / _OPENED
    some = _used("-i", long, "-map", "0:v", "-c", "copy", target)
    all_ = _used("-i", long, "-map", "0", "-c", "copy", target)
    copy = max(0.0, all_.cpu - some.cpu) / sounds
    read = max(0.0, some.cpu - start.cpu - each - pictures * copy) / (pictures + sounds)
    return _Files(
        open=_say("opening a file, s", each),
        read=_say("reading, ns/packet", read * 1e9),
        copy=_say("copying, ns/packet", copy * 1e9),
        memory=all_.memory,
    )


def _module(folder: Path) -> str:
    start = _used("-f", "lavfi", "-i", "color=s=16x16:r=1:d=1", *_NULL)
    _say("starting a process, s", start.cpu)
    clips = [clip("hd.mp4"), *([_REAL] if _REAL.exists() else [])]
    seen = [_pictures(source, folder, start) for source in clips]
    heard = [_sound(source, folder, start) for source in (*clips[1:], clip("talk.mp4"))]
    files = _files(folder, start)
    encode, decode = (_middle([each.encode for each in seen]), _middle([each.decode for each in seen]))
    presets, filters = (_middle([each.presets for each in seen]), _middle([each.filters for each in seen]))
    sound_filters = _middle([each.filters for each in heard])
    holds = {name: float(round(held)) for name, held in _middle([each.encoder_frames for each in seen]).items()}
    where = (
        f"FFmpeg {default_engine().capabilities.version_text}, {os.cpu_count()} cores, {platform.machine()},"
        f" {'a drawn clip and a real one' if len(clips) > 1 else 'a drawn clip'}"
    )
    others, other_sounds = (sorted(table.values())[len(table) // 2] for table in (filters, sound_filters))
    return f'''"""What work costs, as measured: figures that estimates rest on.

Written by ``python benchmarks/run.py fit``, on {where};
the benchmarks tell how far plans are off with them. Times are CPU time. What coding costs depends on the picture: a
real one takes twice as long as a drawn one, so each figure is the geometric mean of both.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "COPY", "DECODE", "DECODER_FRAMES", "DECODE_OTHER", "DECODE_SOUND", "ENCODE", "ENCODER_FRAMES", "ENCODE_OTHER",
    "ENCODE_SOUND", "FILTER", "FILTER_OTHER", "OPEN", "PRESET", "PROCESS_MEMORY", "READ", "SOUND_FILTER",
    "SOUND_FILTER_OTHER", "START",
]

START = {round(start.cpu * 1000)}
"""Milliseconds to start a process and end it."""
OPEN = {files.open * 1000:.1f}
"""Milliseconds to open a file in it."""
READ = {_round(files.read)}
"""Nanoseconds a packet of the file, whether anybody wants it or not."""
COPY = {_round(files.copy)}
"""Nanoseconds a packet that is copied, beyond reading it."""

DECODE: Mapping[str, float] = {_rounded(decode)}
"""Nanoseconds a pixel, by codec."""
DECODE_OTHER = {_round(decode["h264"])}

ENCODE: Mapping[str, float] = {_rounded(encode)}
"""Nanoseconds a pixel, by encoder, at its usual preset."""
ENCODE_OTHER = {_round(encode["libx264"])}

PRESET: Mapping[str, float] = {_rounded(presets)}
"""How many times as much as ``medium``."""

FILTER: Mapping[str, float] = {_rounded(filters)}
"""Nanoseconds a pixel of the larger of what goes in and what comes out."""
FILTER_OTHER = {_round(others)}

DECODE_SOUND = {_round(_mean(each.decode for each in heard))}
"""Nanoseconds a sample of one channel."""
ENCODE_SOUND = {_round(_mean(each.encode for each in heard))}
SOUND_FILTER: Mapping[str, float] = {_rounded(sound_filters)}
SOUND_FILTER_OTHER = {_round(other_sounds)}

PROCESS_MEMORY = {round(files.memory / 1e6) * 1_000_000:_}
"""Bytes of a process that copies."""
ENCODER_FRAMES: Mapping[str, float] = {holds}
"""Frames that x264 holds, by preset; other encoders are taken to be like it."""
DECODER_FRAMES = {max(1, round(_mean(each.decoder_frames for each in seen)))}
"""Frames that a decoder holds, with what lies between it and a filter."""
'''


def _mean(values: Iterable[float]) -> float:
    """The geometric mean, of figures that may be 0."""
    return statistics.geometric_mean([max(value, 1e-2) for value in values])


def _middle(tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: _mean(table[name] for table in tables) for name in tables[0]}


def _round(value: float) -> float:
    return float(f"{value:.2g}")


def _rounded(table: dict[str, float]) -> dict[str, float]:
    return {name: _round(value) for name, value in table.items()}
