"""Parts of one clip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
from benchmarks.throughput import checks
from benchmarks.throughput.job import AVC, Job, Size, codec, document, encode, op
from benchmarks.throughput.media import clip
from benchmarks.throughput.shell import Shell

__all__ = ["DEEP_TRIM", "RANGES", "SMART_CUT", "TS_TRIM"]


_DEEP = 540


def _trim(source: str) -> Any:
    def job(folder: Path, size: Size) -> dict[str, Any]:
        cut = op("trim", "in", "cut", start=f"{_DEEP}s", duration=f"{size.seconds}s")
        return document({"in": source}, [cut], {"out": ("cut", str(folder / "out.mp4"), {"codec": codec(size)})})

    return job


def _by_filters(source: str) -> Any:
    """As the documentation of ffmpeg-python does it."""

    def crowd(shell: Shell, size: Size) -> None:
        part = {"start": _DEEP, "end": _DEEP + size.seconds}
        whole = ffmpeg.input(str(clip(source)))
        video = whole.video.filter("trim", **part).filter("setpts", "PTS-STARTPTS")
        audio = whole.audio.filter("atrim", **part).filter("asetpts", "PTS-STARTPTS")
        made = ffmpeg.output(
            video, audio, shell.path("out.mp4"),
            vcodec="libx264", preset=size.preset, crf=23, pix_fmt="yuv420p", acodec="aac", audio_bitrate="128k",
        )  # fmt: skip
        shell.ffmpeg(*ffmpeg.get_args(made))

    return crowd


def _deep_expert(shell: Shell, size: Size) -> None:
    seek = ["-ss", str(_DEEP), "-t", str(size.seconds)]
    shell.ffmpeg(*seek, "-i", clip("long.mp4"), *encode(size), *AVC, shell.path("out.mp4"))


def _ts_expert(shell: Shell, size: Size) -> None:
    """There is no index: FFmpeg may begin late, so it is let begin earlier. Pictures and sound are not on one grid."""
    early, end = 4, 4 + size.seconds
    graph = f"[0:v]trim={early}:{end},setpts=PTS-{early}/TB[v];[0:a]atrim={early}:{end},asetpts=PTS-{early}/TB[a]"
    shell.ffmpeg(
        "-ss", str(_DEEP - early), "-t", str(end + 1), "-i", clip("stream.ts"), "-filter_complex", graph,
        "-map", "[v]", "-map", "[a]",
        *encode(size), "-fps_mode", "vfr", "-enc_time_base:v", "1/25", *AVC, shell.path("out.mp4"),
    )  # fmt: skip


DEEP_TRIM = Job(
    name="deep-trim", title="a part at 9:00 of 10 min, encoded", ours=_trim("long.mp4"), expert=_deep_expert,
    crowd=_by_filters("long.mp4"), check=checks.pictures(), long=Size("slower", 54, long=True), crowd_long=True,
)  # fmt: skip
TS_TRIM = Job(
    name="ts-trim", title="a part at 9:00 of 10 min of MPEG-TS, encoded", ours=_trim("stream.ts"), expert=_ts_expert,
    crowd=_by_filters("stream.ts"), check=checks.pictures(), long=Size("slower", 54, long=True), crowd_long=True,
)  # fmt: skip


def _whole(size: Size) -> tuple[str, int]:
    """The clip, and where the cut of it ends: at a key frame."""
    return ("film.mp4", 950) if size.long else ("long.mp4", 590)


def _kept(folder: Path, size: Size) -> dict[str, Any]:
    source, end = _whole(size)
    cut = op("trim", "in", "cut", start="3.3s", end=f"{end}s")
    wanted = {"video": "h264", "audio": {"codec": "aac", "bitrate": "128k"}}
    return document({"in": source}, [cut], {"out": ("cut", str(folder / "out.mp4"), {"codec": wanted})})


def _kept_expert(shell: Shell, size: Size) -> None:
    """Key frames are at 4 s and at the end. What is before is encoded, with parameters of its own.

    (``-t 0.7`` would take the frame at 4 s as well.)
    """
    name, end = _whole(size)
    source, edge, body = clip(name), shell.path("edge.ts"), shell.path("body.ts")
    matched = ["-profile:v", "high", "-crf", "16", "-x264-params", "sps-id=7:repeat-headers=1:open-gop=0"]
    shell.ffmpeg(
        "-ss", "3.3", "-i", source, "-map", "0:v", "-vf", "trim=end=0.69", "-c:v", "libx264", *matched,
        "-pix_fmt", "yuv420p", "-fps_mode", "vfr", "-enc_time_base:v", "1/90000", "-output_ts_offset", "10", edge,
    )  # fmt: skip
    shell.ffmpeg(
        "-ss", "4", "-i", source, "-map", "0:v", "-c", "copy", "-frames:v", str(25 * (end - 4)),
        "-output_ts_offset", "10.7", "-mpegts_flags", "+initial_discontinuity", body,
    )  # fmt: skip
    shell.ffmpeg(
        "-i", f"concat:{edge}|{body}", "-ss", "3.3", "-t", f"{end - 3.3:.1f}", "-i", source,
        "-map", "0:v", "-map", "1:a", "-c:v", "copy", *["-c:a", "aac", "-b:a", "128k"], *AVC, shell.path("out.mp4"),
    )  # fmt: skip


def _kept_crowd(shell: Shell, size: Size) -> None:
    name, end = _whole(size)
    shell.ffmpeg("-i", clip(name), "-ss", "3.3", "-to", str(end), *encode(size), shell.path("out.mp4"))


SMART_CUT = Job(
    name="smart-cut", title="3.3 s to 590 s of 10 min, same codec",
    title_long="3.3 s to 950 s of 16 min, same codec", ours=_kept, expert=_kept_expert, crowd=_kept_crowd,
    check=checks.body_copied("long.mp4", Fraction(33, 10), Fraction(590)), strategies={"smart_cut": "preferred"},
    long=Size("", 947, long=True), check_long=checks.body_copied("film.mp4", Fraction(33, 10), Fraction(950)),
)  # fmt: skip

_STARTS = (420, 60, 300, 180, 540)


def _ranges(folder: Path, size: Size) -> dict[str, Any]:
    each = size.seconds * 2 // 5
    cuts = [op("trim", "in", f"c{at}", start=f"{at}s", duration=f"{each}s") for at in _STARTS]
    joined = op("concat", [f"c{at}" for at in _STARTS], "out")
    return document(
        {"in": "long.mp4"}, [*cuts, joined], {"out": ("out", str(folder / "out.mp4"), {"codec": codec(size)})}
    )


def _ranges_expert(shell: Shell, size: Size) -> None:
    inputs: list[str | Path] = []
    for at in _STARTS:
        inputs += ["-ss", str(at), "-t", str(size.seconds * 2 // 5), "-i", clip("long.mp4")]
    pads = "".join(f"[{n}:v][{n}:a]" for n in range(len(_STARTS)))
    graph = f"{pads}concat=n={len(_STARTS)}:v=1:a=1[v][a]"
    shell.ffmpeg(
        *inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *encode(size), *AVC, shell.path("out.mp4")
    )


def _ranges_crowd(shell: Shell, size: Size) -> None:
    """As the first example of ffmpeg-python does it, for the sound as well."""
    whole = ffmpeg.input(str(clip("long.mp4")))
    parts = []
    for at in _STARTS:
        part = {"start": at, "end": at + size.seconds * 2 // 5}
        parts.append(whole.video.filter("trim", **part).filter("setpts", "PTS-STARTPTS"))
        parts.append(whole.audio.filter("atrim", **part).filter("asetpts", "PTS-STARTPTS"))
    made = ffmpeg.output(
        ffmpeg.concat(*parts, v=1, a=1), shell.path("out.mp4"),
        vcodec="libx264", preset=size.preset, crf=23, pix_fmt="yuv420p", acodec="aac", audio_bitrate="128k",
    )  # fmt: skip
    shell.ffmpeg(*ffmpeg.get_args(made))


RANGES = Job(
    name="ranges", title="five parts of 10 min, out of order", ours=_ranges, expert=_ranges_expert,
    crowd=_ranges_crowd, check=checks.pictures(), long=Size("slow", 50, long=True),
)  # fmt: skip
