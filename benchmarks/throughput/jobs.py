"""Jobs in three forms that give the same result.

*ours* is a job document; *expert* the fastest FFmpeg commands that somebody who knows FFmpeg would write by hand (a
better one is welcome); *crowd* what is found in answers on the web: one command a step, filters instead of seeks.
Commands are without the program; outputs go to the folder that they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from benchmarks.throughput.media import clip

__all__ = ["JOBS", "Commands", "Job"]

Commands: TypeAlias = list[list[str]]
_AVC = {"video": {"codec": "libx264", "preset": "veryfast", "crf": 23}, "audio": {"codec": "aac", "bitrate": "128k"}}
_ENCODE = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k"]


@attrs.frozen(kw_only=True)
class Job:
    """One job.

    Attributes:
        name: For the table.
        ours: The document, given the folder for its outputs.
        expert: Commands that run one after the other.
        crowd: Likewise.
        output: Name of the file that is compared.
        same: What has to be the same between ours and the expert's: decoded ``frames``, ``packets`` or nothing but the
            ``shape`` (streams and duration).
    """

    name: str
    ours: Callable[[Path], dict[str, Any]]
    expert: Callable[[Path], Commands]
    crowd: Callable[[Path], Commands]
    output: str = "out.mp4"
    same: str = "shape"


def _document(
    inputs: dict[str, str], operations: list[dict[str, Any]], outputs: dict[str, tuple[str, Path, Any]]
) -> dict[str, Any]:
    return {
        "inputs": [{"id": name, "source": str(clip(source))} for name, source in inputs.items()],
        "operations": operations,
        "outputs": [
            {"id": name, "input": what, "destination": str(path), **({"codec": codec} if codec else {})}
            for name, (what, path, codec) in outputs.items()
        ],
    }


def _op(op: str, source: str | dict[str, str], made: str, **params: Any) -> dict[str, Any]:
    return {"op": op, ("input" if isinstance(source, str) else "inputs"): source, "output": made, "params": params}


def _trim(source: str, start: str, duration: str) -> Callable[[Path], dict[str, Any]]:
    def document(folder: Path) -> dict[str, Any]:
        cut = _op("trim", "in", "cut", start=start, duration=duration)
        return _document({"in": source}, [cut], {"out": ("cut", folder / "out.mp4", _AVC)})

    return document


def _logo(folder: Path) -> dict[str, Any]:
    operations = [
        _op("trim", "in", "cut", start="2s", duration="10s"),
        _op("scale", "cut", "small", width=854, height=480),
        _op("overlay", {"base": "small", "overlay": "logo"}, "out", position="top_right", margin=16),
    ]
    return _document({"in": "hd.mp4", "logo": "logo.png"}, operations, {"out": ("out", folder / "out.mp4", _AVC)})


def _ladder(folder: Path) -> dict[str, Any]:
    rungs = {"large": "1280x720", "middle": "854x480", "small": "640x360"}
    operations = [_op("trim", "in", "cut", start="2s", duration="10s")]
    operations += [_op("scale", "cut", name, size=size) for name, size in rungs.items()]
    outputs = {name: (name, folder / f"{name}.mp4", _AVC) for name in rungs}
    return _document({"in": "hd.mp4"}, operations, outputs)


def _ladder_expert(folder: Path) -> Commands:
    graph = "[0:v]split=2[a][b];[a]scale=854:480[m];[b]scale=640:360[s]"
    command = ["-ss", "2", "-t", "10", "-i", str(clip("hd.mp4")), "-filter_complex", graph]
    for pad, name in (("0:v", "large"), ("[m]", "middle"), ("[s]", "small")):
        command += ["-map", pad, "-map", "0:a", *_ENCODE, "-movflags", "+faststart", str(folder / f"{name}.mp4")]
    return [command]


def _ladder_crowd(folder: Path) -> Commands:
    return [
        [
            "-i", str(clip("hd.mp4")), "-vf", f"trim=2:12,setpts=PTS-STARTPTS,scale={size}",
            "-af", "atrim=2:12,asetpts=PTS-STARTPTS", *_ENCODE, str(folder / f"{name}.mp4"),
        ]
        for name, size in (("large", "1280:720"), ("middle", "854:480"), ("small", "640:360"))
    ]  # fmt: skip


def _seek(source: str, start: str, duration: str) -> Callable[[Path], Commands]:
    return lambda folder: [
        [
            "-ss",
            start,
            "-t",
            duration,
            "-i",
            str(clip(source)),
            *_ENCODE,
            "-movflags",
            "+faststart",
            str(folder / "out.mp4"),
        ]
    ]


def _filters(source: str, start: int, end: int) -> Callable[[Path], Commands]:
    video, audio = f"trim={start}:{end},setpts=PTS-STARTPTS", f"atrim={start}:{end},asetpts=PTS-STARTPTS"
    return lambda folder: [["-i", str(clip(source)), "-vf", video, "-af", audio, *_ENCODE, str(folder / "out.mp4")]]


def _ts_expert(folder: Path) -> Commands:
    graph = "[0:v]trim=start=4,setpts=PTS-4/TB[v];[0:a]atrim=start=4,asetpts=PTS-4/TB[a]"
    return [
        [
            "-ss", "96", "-t", "14", "-i", str(clip("long.ts")), "-filter_complex", graph, "-map", "[v]", "-map", "[a]",
            *_ENCODE, "-movflags", "+faststart", str(folder / "out.mp4"),
        ]
    ]  # fmt: skip


def _logo_expert(folder: Path) -> Commands:
    graph = "[0:v]scale=854:480[v];[v][1:v]overlay=W-w-16:16,format=yuv420p[o]"
    return [
        [
            "-ss", "2", "-t", "10", "-i", str(clip("hd.mp4")), "-i", str(clip("logo.png")), "-filter_complex", graph,
            "-map", "[o]", "-map", "0:a", *_ENCODE, "-movflags", "+faststart", str(folder / "out.mp4"),
        ]
    ]  # fmt: skip


def _logo_crowd(folder: Path) -> Commands:
    one, two = str(folder / "one.mp4"), str(folder / "two.mp4")
    return [
        ["-i", str(clip("hd.mp4")), "-ss", "2", "-t", "10", *_ENCODE, one],
        ["-i", one, "-vf", "scale=854:480", *_ENCODE, two],
        [
            "-i", two, "-loop", "1", "-i", str(clip("logo.png")), "-filter_complex", "overlay=W-w-16:16:shortest=1",
            *_ENCODE, str(folder / "out.mp4"),
        ],
    ]  # fmt: skip


def _long(*options: str) -> Callable[[Path], Commands]:
    return lambda folder: [["-i", str(clip("long.mp4")), *options, str(folder / "out.mp4")]]


def _as_it_is(folder: Path) -> dict[str, Any]:
    wanted = {"video": "h264", "audio": "aac"}
    scale = _op("scale", "in", "out", width=640, height=360)
    return _document({"in": "long.mp4"}, [scale], {"out": ("out", folder / "out.mp4", wanted)})


JOBS: tuple[Job, ...] = (
    Job(
        name="10 s at 9:00 of 10 min, encoded", ours=_trim("long.mp4", "540s", "10s"),
        expert=_seek("long.mp4", "540", "10"), crowd=_filters("long.mp4", 540, 550),
    ),
    Job(
        name="10 s at 1:40 of an MPEG-TS", ours=_trim("long.ts", "100s", "10s"),
        expert=_ts_expert, crowd=_filters("long.ts", 100, 110),
    ),
    Job(name="trim, scale and logo", ours=_logo, expert=_logo_expert, crowd=_logo_crowd),
    Job(name="three sizes of one part", ours=_ladder, expert=_ladder_expert, crowd=_ladder_crowd, output="small.mp4"),
    Job(
        name="already as asked", ours=_as_it_is, same="packets",
        expert=_long("-c", "copy", "-movflags", "+faststart"), crowd=_long("-vf", "scale=640:360", *_ENCODE),
    ),
)  # fmt: skip
