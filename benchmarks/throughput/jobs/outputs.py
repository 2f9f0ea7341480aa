"""Several outputs of one clip, and one that is as asked already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from benchmarks.throughput import checks
from benchmarks.throughput.job import AAC, AVC, Job, Size, codec, document, encode, op
from benchmarks.throughput.media import clip
from benchmarks.throughput.shell import Shell

__all__ = ["AS_IT_IS", "EVERYTHING", "EVERYTHING_OF_HD", "HLS", "HLS_OF_HD", "THUMBNAILS"]

_KEYS = ["-force_key_frames", "expr:gte(t,n_forced*4)"]


@attrs.frozen
class _Ladder:
    """What HLS is made of: the clip, three sizes by name, and whether the largest is the clip's own."""

    clip: str
    rungs: Mapping[str, tuple[int, int]]
    own: bool = False


_OF_HD = _Ladder("hd.mp4", {"large": (1280, 720), "middle": (854, 480), "small": (640, 360)}, own=True)
_OF_4K = _Ladder("uhd.mp4", {"large": (640, 360), "middle": (480, 270), "small": (320, 180)})


def _hls(ladder: _Ladder, folder: Path, size: Size) -> dict[str, Any]:
    scaled = [op("scale", "in", name, width=w, height=h) for name, (w, h) in ladder.rungs.items()]
    package = op("hls", list(ladder.rungs), "out", segment="4s")
    outputs = {"out": ("out", str(folder / "hls") + "/", {"codec": codec(size)})}
    return document({"in": ladder.clip}, [*scaled, package], outputs)


def _segments(folder: str, name: str) -> list[str]:
    return [
        "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
        "-hls_fmp4_init_filename", f"{name}-init.mp4", "-hls_segment_filename", f"{folder}/{name}-%03d.m4s",
        f"{folder}/{name}.m3u8",
    ]  # fmt: skip


def _picture(size: Size) -> list[str]:
    return [*(word for word in encode(size) if word not in AAC), *_KEYS]


def _hls_expert(ladder: _Ladder, shell: Shell, size: Size) -> None:
    """One decode, one AAC for all, and no scaling of what has the size."""
    folder = shell.folder / "hls"
    folder.mkdir()
    rungs = list(ladder.rungs.items())
    scales = [f"[v{at}]scale={w}:{h}[{name}]" for at, (name, (w, h)) in enumerate(rungs) if at or not ladder.own]
    first = "[large]" if ladder.own else "[v0]"
    words: list[str] = []
    for name, _ in rungs:
        words += ["-map", f"[{name}]", *_picture(size), *_segments(str(folder), name)]
    graph = ";".join([f"[0:v]split=3{first}[v1][v2]", *scales])
    shell.ffmpeg(
        "-i", clip(ladder.clip), "-filter_complex", graph, *words, "-map", "0:a", *AAC, *_segments(str(folder), "sound")
    )
    lines = ["#EXTM3U", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="sound",DEFAULT=YES,URI="sound.m3u8"']
    for name, (width, height) in rungs:
        lines += [f'#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION={width}x{height},AUDIO="s"', f"{name}.m3u8"]
    (folder / "master.m3u8").write_text("\n".join(lines) + "\n")


def _hls_crowd(ladder: _Ladder, shell: Shell, size: Size) -> None:
    folder = shell.folder / "hls"
    folder.mkdir()
    for name, (width, height) in ladder.rungs.items():
        scale = ["-vf", f"scale={width}:{height}"]
        shell.ffmpeg("-i", clip(ladder.clip), *scale, *encode(size), *_KEYS, *_segments(str(folder), name))


def _same_ladder(ours: Path, theirs: Path) -> str:
    """The three pictures, each joined, decoded and compared."""
    said = []
    for height in _heights(ours):
        for folder in (ours, theirs):
            Shell(folder).ffmpeg("-i", _rung(folder / "hls", height), "-c", "copy", folder / f"{height}.mp4")
        said.append(checks.pictures(f"{height}.mp4")(ours, theirs))
    return f"{said[0]} at each of three sizes" if len(set(said)) == 1 else "; ".join(said)


def _heights(folder: Path) -> tuple[int, ...]:
    """Of the pictures of a ladder, the largest first."""
    text = (folder / "hls" / "master.m3u8").read_text()
    heights = tuple(sorted((int(each) for each in re.findall(r"RESOLUTION=\d+x(\d+)", text)), reverse=True))
    if len(heights) != len(_OF_HD.rungs):
        raise RuntimeError(f"not three sizes in {text}")
    return heights


def _rung(folder: Path, height: int) -> Path:
    """The playlist of the rung of that height."""
    text = (folder / "master.m3u8").read_text()
    found = re.search(rf"RESOLUTION=\d+x{height}\b[^\n]*\n(\S+)", text)
    if found is None:
        raise RuntimeError(f"no rung of {height} lines in {text}")
    return folder / found[1]


HLS = Job(
    name="hls", title="HLS in three sizes of 4K HEVC", ours=partial(_hls, _OF_4K), expert=partial(_hls_expert, _OF_4K),
    crowd=partial(_hls_crowd, _OF_4K), check=_same_ladder, long=None,
)  # fmt: skip
HLS_OF_HD = Job(
    name="hls-720p", title="HLS in three sizes of 720p", ours=partial(_hls, _OF_HD),
    expert=partial(_hls_expert, _OF_HD), crowd=partial(_hls_crowd, _OF_HD), check=_same_ladder,
    long=Size("slower", 20, long=True),
)  # fmt: skip


def _stills(size: Size) -> tuple[str, tuple[int, ...]]:
    """The clip, and the times: in the long form each is half of ten seconds from its key frame on average."""
    if size.long:
        return "archive.mp4", tuple(4 + 7 * number for number in range(85))
    return "long.mp4", tuple(15 + 29 * number for number in range(20))


def _thumbnails(folder: Path, size: Size) -> dict[str, Any]:
    source, times = _stills(size)
    stills = op("thumbnail", "in", "out", at=[f"{time}s" for time in times])
    return document({"in": source}, [stills], {"out": ("out", str(folder / "stills") + "/", {"format": "jpg"})})


def _thumbnails_expert(shell: Shell, size: Size) -> None:
    """All seeks in one process."""
    (shell.folder / "stills").mkdir()
    source, times = _stills(size)
    words: list[str | Path] = []
    for time in times:
        words += ["-ss", str(time), "-i", clip(source)]
    for at, _ in enumerate(times):
        words += ["-map", f"{at}:v", "-frames:v", "1", "-update", "1", "-q:v", "2", shell.path(f"stills/{at:03}.jpg")]
    shell.ffmpeg(*words)


def _thumbnails_crowd(shell: Shell, size: Size) -> None:
    """A process for each."""
    (shell.folder / "stills").mkdir()
    source, times = _stills(size)
    for at, time in enumerate(times):
        shell.ffmpeg(
            "-ss", str(time), "-i", clip(source), "-frames:v", "1", "-q:v", "2", shell.path(f"stills/{at:03}.jpg")
        )


THUMBNAILS = Job(
    name="thumbnails", title="20 thumbnails of 10 min", ours=_thumbnails, expert=_thumbnails_expert,
    crowd=_thumbnails_crowd, check=checks.files(".jpg", alike=0.95), long=Size("", 600, long=True),
    crowd_long=True, title_long="85 thumbnails of 10 min of 720p, key frames 10 s apart",
)  # fmt: skip


def _as_it_is(folder: Path, size: Size) -> dict[str, Any]:
    scale = op("scale", "in", "out", width=640, height=360)
    wanted = {"video": "h264", "audio": "aac"}
    return document({"in": "long.mp4"}, [scale], {"out": ("out", str(folder / "out.mp4"), {"codec": wanted})})


def _as_it_is_expert(shell: Shell, size: Size) -> None:
    shell.ffmpeg(
        "-i",
        clip("long.mp4"),
        "-map",
        "0:0",
        "-map",
        "0:1",
        "-c:0",
        "copy",
        "-c:1",
        "copy",
        *AVC,
        shell.path("out.mp4"),
    )


def _as_it_is_crowd(shell: Shell, size: Size) -> None:
    shell.ffmpeg("-i", clip("long.mp4"), "-vf", "scale=640:360", *encode(size), shell.path("out.mp4"))


AS_IT_IS = Job(
    name="as-asked", title="10 min that are as asked already", ours=_as_it_is, expert=_as_it_is_expert,
    crowd=_as_it_is_crowd, check=checks.packets(), long=Size("", 600, long=True),
)  # fmt: skip

_TARGET = -20


@attrs.frozen
class _Clip:
    """What everything is made of: a clip, its frame rate, the times of the stills, and the size of all pictures.

    Attributes:
        scale: None where pictures keep theirs.
    """

    name: str
    rate: int
    times: tuple[int, ...]
    name_long: str = ""
    scale: tuple[int, int] | None = None

    def named(self, size: Size) -> str:
        """The clip of that size of the job."""
        return self.name_long if size.long else self.name

    def scaled(self, *filters: str) -> str:
        """Filters, and that which gives pictures their size."""
        return ",".join([*filters, *([] if self.scale is None else ["scale={}:{}".format(*self.scale)])])


_HD = _Clip("hd.mp4", 25, (4, 8, 12, 16), name_long="hd-long.mp4")
_4K = _Clip("uhd.mp4", 30, (1, 2, 4, 5), scale=(960, 540))


def _everything(source: _Clip, folder: Path, size: Size) -> dict[str, Any]:
    operations, made = [], "in"
    if source.scale is not None:
        width, height = source.scale
        operations, made = [op("scale", "in", "scaled", width=width, height=height)], "scaled"
    operations += [
        op("loudnorm", made, "loud", target_lufs=_TARGET),
        op("thumbnail", made, "stills", at=[f"{time}s" for time in source.times]),
    ]
    outputs = {
        "out": ("loud", str(folder / "out.mp4"), {"codec": codec(size)}),
        "stills": ("stills", str(folder / "stills") + "/", {"format": "jpg"}),
    }
    return document({"in": source.named(size)}, operations, outputs)


def _everything_expert(source: _Clip, shell: Shell, size: Size) -> None:
    """The sound measured by itself; then picture and stills from one decode."""
    (shell.folder / "stills").mkdir()
    path = clip(source.named(size))
    said = shell.ffmpeg("-i", path, "-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-")
    gain = _TARGET - float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])
    split = ",".join(filter(None, [source.scaled(), f"split={len(source.times) + 1}"]))
    chains = [f"[0:v]{split}[v]" + "".join(f"[p{at}]" for at, _ in enumerate(source.times))]
    chains += [f"[p{at}]trim=start={time},trim=end_frame=1[s{at}]" for at, time in enumerate(source.times)]
    words: list[str | Path] = ["-map", "[v]", "-map", "0:a", "-af", f"volume={gain:.2f}dB", *encode(size), *AVC]
    words.append(shell.path("out.mp4"))
    for at, _ in enumerate(source.times):
        still = ["-frames:v", "1", "-update", "1", "-q:v", "2", shell.path(f"stills/{at:03}.jpg")]
        words += ["-map", f"[s{at}]", *still]
    shell.ffmpeg("-i", path, "-filter_complex", ";".join(chains), *words)


def _everything_crowd(source: _Clip, shell: Shell, size: Size) -> None:
    (shell.folder / "stills").mkdir()
    path, aim = clip(source.named(size)), f"loudnorm=I={_TARGET}:TP=-1.5:LRA=11"
    said = shell.ffmpeg("-i", path, "-af", f"{aim}:print_format=json", "-f", "null", "-")
    found = dict(re.findall(r'"(\w+)" : "([^"]+)"', said))
    measured = f"measured_I={found['input_i']}:measured_TP={found['input_tp']}:measured_LRA={found['input_lra']}"
    measured += f":measured_thresh={found['input_thresh']}:offset={found['target_offset']}"
    scale = [] if source.scale is None else ["-vf", source.scaled()]
    shell.ffmpeg("-i", path, *scale, "-af", f"{aim}:{measured}", "-ar", "48000", *encode(size), shell.path("out.mp4"))
    times = "+".join(f"eq(n,{source.rate * time})" for time in source.times)
    chosen = source.scaled(f"select='{times}'")
    shell.ffmpeg("-i", path, "-vf", chosen, "-fps_mode", "vfr", "-q:v", "2", shell.path("stills/%03d.jpg"))


def _same_everything(ours: Path, theirs: Path) -> str:
    return f"{checks.pictures()(ours, theirs)}; {checks.files('.jpg', alike=0.95)(ours / 'stills', theirs / 'stills')}"


EVERYTHING = Job(
    name="everything", title="mezzanine of 540p, stills and loudness of 4K HEVC", ours=partial(_everything, _4K),
    expert=partial(_everything_expert, _4K), crowd=partial(_everything_crowd, _4K), check=_same_everything, long=None,
)  # fmt: skip
EVERYTHING_OF_HD = Job(
    name="everything-720p", title="mezzanine, stills and loudness of 720p", ours=partial(_everything, _HD),
    expert=partial(_everything_expert, _HD), crowd=partial(_everything_crowd, _HD), check=_same_everything,
    long=Size("veryfast", 80, long=True),
)  # fmt: skip
