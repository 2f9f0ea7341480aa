"""Whether two files hold the same: what makes two forms of a job comparable."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from benchmarks.throughput.media import clip
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.media.info import MediaInfo

__all__ = ["body_copied", "files", "joined", "loudness", "packets", "pictures", "true_peak_and_loudness"]

_ALIKE = 0.98
_LENGTH = Fraction(1, 10)
_AS_THEY_ARE = ("-fps_mode", "passthrough")
_MD5 = ("-f", "framehash", "-hash", "md5")
_FAST = ("-f", "framehash", "-hash", "murmur3")  # of a quarter of an hour of frames


def _ask(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(default_engine().binaries.ffmpeg), "-hide_banner", "-nostdin", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def _hashes(path: Path, *take: str) -> list[str]:
    lines = _ask("-v", "error", "-i", str(path), *take, *_AS_THEY_ARE, *_MD5, "-").stdout.splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if not line.startswith("#")]


def _facts(path: Path) -> MediaInfo:
    return default_engine().prober.probe(path)


def _same_shape(ours: Path, theirs: Path) -> None:
    a, b = _facts(ours), _facts(theirs)
    shapes = [
        [(s.kind, s.codec) for s in m.streams] + [(m.video.width, m.video.height) if m.video else ()] for m in (a, b)
    ]
    if shapes[0] != shapes[1]:
        raise RuntimeError(f"not the same streams: {shapes[0]} and {shapes[1]}")
    if abs((a.duration or 0) - (b.duration or 0)) > _LENGTH:
        raise RuntimeError(f"not of the same length: {a.duration} and {b.duration}")


def _ssim(ours: Path, theirs: Path) -> float:
    graph = "[0:v]settb=AVTB,setpts=N[a];[1:v]settb=AVTB,setpts=N[b];[a][b]ssim"
    said = _ask("-v", "info", "-i", str(ours), "-i", str(theirs), "-lavfi", graph, "-f", "null", "-").stderr
    return float(re.findall(r"All:([\d.]+)", said)[-1])


def pictures(name: str = "out.mp4") -> Callable[[Path, Path], str]:
    """Same streams, same length, and the same frames bit for bit; or as many that look alike."""

    def check(ours: Path, theirs: Path) -> str:
        _same_shape(ours / name, theirs / name)
        a, b = (_hashes(folder / name, "-map", "0:v") for folder in (ours, theirs))
        if a == b:
            return f"framemd5 of {len(a)} frames"
        if len(a) != len(b):
            raise RuntimeError(f"not as many frames: {len(a)} and {len(b)}")
        alike = _ssim(ours / name, theirs / name)
        if alike < _ALIKE:
            raise RuntimeError(f"the pictures differ: SSIM {alike}")
        return f"{len(a)} frames, SSIM {alike:.4f}"

    return check


def packets(name: str = "out.mp4", streams: str = "0") -> Callable[[Path, Path], str]:
    """The same coded packets."""

    def check(ours: Path, theirs: Path) -> str:
        a, b = (sorted(_hashes(folder / name, "-map", streams, "-c", "copy")) for folder in (ours, theirs))
        if a != b:
            raise RuntimeError(f"not the same packets: {len(a)} and {len(b)}")
        return f"hash of {len(a)} packets"

    return check


def files(suffix: str, alike: float = _ALIKE) -> Callable[[Path, Path], str]:
    """As many pictures, each like the one of the other in order."""

    def check(ours: Path, theirs: Path) -> str:
        a, b = (sorted(folder.rglob(f"*{suffix}")) for folder in (ours, theirs))
        if len(a) != len(b) or not a:
            raise RuntimeError(f"not as many files: {len(a)} and {len(b)}")
        worst = min(_ssim(x, y) for x, y in zip(a, b, strict=True))
        if worst < alike:
            raise RuntimeError(f"pictures differ: SSIM {worst}")
        return f"{len(a)} pictures, SSIM ≥ {worst:.3f}"

    return check


def true_peak_and_loudness(path: Path) -> tuple[float, float]:
    """DBTP and LUFS of the first sound track."""
    said = _ask("-v", "info", "-i", str(path), "-map", "0:a:0", "-af", "ebur128=peak=true", "-f", "null", "-").stderr
    summary = said[said.rindex("Summary:") :]
    peak, loud = re.search(r"Peak:\s+(-?[\d.]+)", summary), re.search(r"I:\s+(-?[\d.]+)", summary)
    assert peak is not None
    assert loud is not None
    return float(peak[1]), float(loud[1])


def loudness(target: float, peak: float, name: str = "out.mp4") -> Callable[[Path, Path], str]:
    """At the loudness asked for, peaks within bounds, and the picture copied."""

    def check(ours: Path, theirs: Path) -> str:
        found = [true_peak_and_loudness(folder / name) for folder in (ours, theirs)]
        for top, loud in found:
            if abs(loud - target) > 0.15 or top > peak + 0.15:  # both are told to a tenth
                raise RuntimeError(f"not at {target} LUFS and below {peak} dBTP: {found}")
        said = packets(name, "0:v")(ours, theirs)
        return f"{found[0][1]} LUFS, {found[0][0]} dBTP; picture: {said}"

    return check


def body_copied(source: str, start: Fraction, end: Fraction, name: str = "out.mp4") -> Callable[[Path, Path], str]:
    """A cut of *source*: every frame of it once, at even times, and nearly all of them bit for bit."""

    def check(ours: Path, theirs: Path) -> str:
        frames = _timed(clip(source), "-ss", str(int(start)), "-t", str(int(end - start) + 3), "-copyts")
        wanted = [picture for time, picture in frames if start <= time < end]
        said = []
        for folder in (ours, theirs):
            made = [picture for _, picture in _timed(folder / name)]
            if len(made) != len(wanted):
                raise RuntimeError(f"{len(made)} frames, not {len(wanted)}")
            same = sum(a == b for a, b in zip(made, wanted, strict=True))
            if same < 0.9 * len(wanted):
                raise RuntimeError(f"only {same} of {len(wanted)} frames are the source's")
            said.append(same)
        times = [time for time, _ in _timed(ours / name)]
        steps = {later - earlier for earlier, later in pairwise(times)}
        if len(steps) != 1:
            raise RuntimeError(f"{name} has gaps: steps of {sorted(map(float, steps))[:5]}")
        return f"{len(wanted)} frames, evenly spaced; bit for bit the source's: {said[0]} (expert: {said[1]})"

    return check


def _timed(path: Path, *where: str) -> list[tuple[Fraction, str]]:
    """Time and hash of each picture."""
    lines = _ask("-v", "error", *where, "-i", str(path), "-map", "0:v", *_AS_THEY_ARE, *_FAST, "-").stdout.splitlines()
    base = next(Fraction(line.split(":")[1].strip()) for line in lines if line.startswith("#tb"))
    rows = [[each.strip() for each in line.split(",")] for line in lines if not line.startswith("#")]
    return [(int(row[2]) * base, row[-1]) for row in rows]


def joined(sources: Sequence[str], name: str = "out.mp4") -> Callable[[Path, Path], str]:
    """The packets of *sources* one after the other, and the same pictures in both.

    FFmpeg's concat demuxer, left to itself, puts parameters before every key frame of the expert's.
    """

    def check(ours: Path, theirs: Path) -> str:
        wanted = [each for source in sources for each in _hashes(clip(source), "-map", "0:v", "-c", "copy")]
        if _hashes(ours / name, "-map", "0:v", "-c", "copy") != wanted:
            raise RuntimeError("the packets are not those of the sources")
        return f"the sources' {len(wanted)} packets; {pictures(name)(ours, theirs)}"

    return check
