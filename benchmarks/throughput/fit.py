"""Measures what work costs on this machine, and writes it into the module that estimates of plans rest on.

The material is a real clip where there is one, for what coding costs depends on the picture. Every figure is CPU time,
the least of a few runs, less that of a run which does the same without the part in question.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.throughput.media import clip
from benchmarks.throughput.processes import Used, run
from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["main"]

TARGET = Path(__file__).resolve().parents[2] / "mediapipeline" / "planner" / "costs.py"
_REAL = Path(__file__).resolve().parents[3] / "shared" / "media" / "crystal.mp4"
_RUNS = 3
_FRAMES = 150
_SECONDS = 60  # of sound

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
    "volume": "volume=0.5", "aresample": "aresample=44100", "alimiter": "alimiter", "ebur128": "ebur128=peak=true",
    "loudnorm": "loudnorm", "amix": "asplit[a],[a]amix",
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


def _module(folder: Path) -> str:  # noqa: PLR0915 - one measurement after the other
    source = _REAL if _REAL.exists() else clip("hd.mp4")
    video = default_engine().prober.probe(source).video
    assert video is not None
    pixels = video.width * video.height
    raw = str(folder / "raw.y4m")
    _used("-i", str(source), "-frames:v", str(_FRAMES), "-pix_fmt", "yuv420p", raw)
    null = ["-f", "null", "-"]
    start = _used("-f", "lavfi", "-i", "color=s=16x16:r=1:d=1", *null)
    _say("starting a process, s", start.cpu)
    reading: dict[int, Used] = {}

    def beyond(words: Sequence[str], frames: int, output: Sequence[str]) -> tuple[float, int]:
        """Nanoseconds a pixel, and bytes, that coding takes beyond reading."""
        cut = ["-frames:v", str(frames)]
        if frames not in reading:
            reading[frames] = _used("-i", raw, *cut, *null)
        used = _used("-i", raw, *cut, *words, *output)
        base = reading[frames]
        return max(0.0, used.cpu - base.cpu) / (pixels * frames) * 1e9, used.memory - base.memory

    have = default_engine().capabilities.encoders
    encode: dict[str, float] = {}
    decode: dict[str, float] = {}
    decoding_held = 0.0
    for name, (frames, options) in _ENCODERS.items():
        if name not in have:
            continue
        file = str(folder / f"{name}.{_CONTAINER.get(name, 'mp4')}")
        cost, _ = beyond(["-c:v", name, *options], frames, [file])
        encode[name] = _say(f"encoding by {name}, ns/pixel", cost)
        used = _used("-i", file, *null)
        decode[_CODEC.get(name, name)] = _say(
            f"decoding {_CODEC.get(name, name)}, ns/pixel", max(0.0, used.cpu - start.cpu) / (pixels * frames) * 1e9
        )
        if name == "libx264":
            decoding_held = (used.memory - start.memory) / (pixels * 1.5)
    presets, holds = {}, {}
    for preset in _PRESETS:
        cost, memory = beyond(["-c:v", "libx264", "-preset", preset], 80, [str(folder / "preset.mp4")])
        presets[preset] = cost
        holds[preset] = float(round(memory / (pixels * 1.5)))
        _say(f"frames that x264 holds at {preset}", holds[preset])
    usual = presets["medium"]
    presets = {name: _say(f"preset {name}, of medium", cost / usual) for name, cost in presets.items()}
    filters = {
        name: _say(f"filter {name}, ns/pixel", beyond(["-vf", text], _FRAMES, null)[0] / (4 if name == "pad" else 1))
        for name, text in _FILTERS.items()
    }

    def sound(
        words: Sequence[str], base: Sequence[str] = ("-f", "null", "-"), *, output: Sequence[str] = null
    ) -> float:
        """Nanoseconds a sample (of one channel) that is taken beyond *base*."""
        noise = ["-f", "lavfi", "-i", f"anoisesrc=r=48000:d={_SECONDS},aformat=channel_layouts=stereo"]
        return max(0.0, _used(*noise, *words, *output).cpu - _used(*noise, *base).cpu) / (_SECONDS * 96000) * 1e9

    coded = str(folder / "sound.m4a")
    sample_encode = _say("encoding AAC, ns/sample", sound(["-c:a", "aac", "-b:a", "128k"], output=[coded]))
    sample_decode = _say(
        "decoding AAC, ns/sample", max(0.0, _used("-i", coded, *null).cpu - start.cpu) / (_SECONDS * 96000) * 1e9
    )
    sound_filters = {
        name: _say(f"filter {name}, ns/sample", sound(["-af", text])) for name, text in _SOUND_FILTERS.items()
    }
    long = clip("long.mp4")
    copied = _used("-i", str(long), "-c", "copy", str(folder / "copy.mp4"))
    packets = 600 * (25 + 48000 / 1024)
    packet = _say("copying, ns/packet", (copied.cpu - start.cpu) / packets * 1e9)
    _say("frames that a decoder holds", decoding_held)
    _say("memory of a process, MB", copied.memory / 1e6)
    where = (
        f"FFmpeg {default_engine().capabilities.version_text}, {os.cpu_count()} cores, {platform.machine()},"
        f" {'a real clip' if source == _REAL else 'a synthetic clip'} of {video.width}x{video.height}"
    )
    others = sorted(filters.values())[len(filters) // 2]
    other_sounds = sorted(sound_filters.values())[len(sound_filters) // 2]
    return f'''"""What work costs, as measured: figures that estimates rest on.

Written by ``python benchmarks/run.py fit``, on {where};
the benchmarks tell how far plans are off with them. Times are CPU time.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "COPY", "DECODE", "DECODER_FRAMES", "DECODE_OTHER", "DECODE_SOUND", "ENCODE", "ENCODER_FRAMES", "ENCODE_OTHER",
    "ENCODE_SOUND", "FILTER", "FILTER_OTHER", "PRESET", "PROCESS_MEMORY", "SOUND_FILTER", "SOUND_FILTER_OTHER", "START",
]

START = {round(start.cpu * 1000)}
"""Milliseconds to start a process and end it."""

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

DECODE_SOUND = {_round(sample_decode)}
"""Nanoseconds a sample of one channel."""
ENCODE_SOUND = {_round(sample_encode)}
SOUND_FILTER: Mapping[str, float] = {_rounded(sound_filters)}
SOUND_FILTER_OTHER = {_round(other_sounds)}

COPY = {_round(packet)}
"""Nanoseconds a packet."""

PROCESS_MEMORY = {round(copied.memory / 1e6) * 1_000_000:_}
"""Bytes of a process that copies."""
ENCODER_FRAMES: Mapping[str, float] = {holds}
"""Frames that x264 holds, by preset; other encoders are taken to be like it."""
DECODER_FRAMES = {max(1, round(decoding_held))}
"""Frames that a decoder holds, with what lies between it and a filter."""
'''


def _round(value: float) -> float:
    return float(f"{value:.2g}")


def _rounded(table: dict[str, float]) -> dict[str, float]:
    return {name: _round(value) for name, value in table.items()}
