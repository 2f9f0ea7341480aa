"""What an edit list hides is in no output: copied where it stays hidden, encoded elsewhere, with every FFmpeg."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.testing.media import make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op

_PARTS = {"its end": [(2, 0)], "its middle": [(1, 0), (1, 3)], "both ends": [(2, 1)]}


def whole(folder: Path, engine: Engine) -> Path:
    """Five seconds, two groups of pictures."""
    return make_clip(folder / "whole.mp4", duration="5s", video_codec="libx264", gop=50, b_frames=2, engine=engine)


def edited(path: Path, parts: list[tuple[int, int]]) -> None:
    """Let the file show *parts* only: seconds that each lasts, and at which it begins."""
    data = path.read_bytes()
    at = data.index(b"elst")
    size, _, _, count, _, first, rate = struct.unpack_from(">I4sIIIII", data, at - 4)
    assert (size, count) == (28, 1)
    ticks = {each: struct.unpack_from(">I", data, data.index(each) + 16)[0] for each in (b"mvhd", b"mdhd")}
    rows = [(seconds * ticks[b"mvhd"], first + begin * ticks[b"mdhd"], rate) for seconds, begin in parts]
    made = struct.pack(">I4sII", 16 + 12 * len(rows), b"elst", 0, len(rows))
    made += b"".join(struct.pack(">III", *row) for row in rows)
    more = len(made) - size
    grown = bytearray(data[: at - 4] + made + data[at - 4 + size :])
    for box in (b"moov", b"trak", b"edts"):  # which it lies in; the media lie before them
        start = data.index(box) - 4
        struct.pack_into(">I", grown, start, struct.unpack_from(">I", data, start)[0] + more)
    path.write_bytes(grown)


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def written(folder: Path, source: str, destination: str, engine: Engine) -> tuple[str, int]:
    """Why the picture is copied or not, and how many frames the output has."""
    document = job(inputs={"in": source}, outputs={"out": {"input": "in", "destination": destination}})
    plan, _ = plan_and_run(document, folder, engine)
    (stream,) = plan.output("out").streams
    return stream.reason, frames(folder / destination)


@pytest.mark.parametrize(("destination", "reason"), [
    ("out.mp4", "nothing changes it"), ("out.mov", "nothing changes it"),
    ("out.mkv", "not copied: the file hides 1.32 s of pictures before its beginning, and mkv cannot hide it"),
    ("out.ts", "not copied: the file hides 1.32 s of pictures before its beginning, and ts cannot hide it"),
])  # fmt: skip
def test_hidden_before_the_beginning(destination: str, reason: str, tmp_path: Path, engine: Engine) -> None:
    ffmpeg(engine, "-ss", "1.3", "-i", str(whole(tmp_path, engine)), "-c", "copy", str(tmp_path / "cut.mp4"))
    assert written(tmp_path, "cut.mp4", destination, engine) == (reason, frames(tmp_path / "cut.mp4"))


@pytest.mark.parametrize("destination", ["out.mp4", "out.mkv"])
@pytest.mark.parametrize("hidden", _PARTS)
def test_hidden_after_the_beginning(hidden: str, destination: str, tmp_path: Path, engine: Engine) -> None:
    edited(whole(tmp_path, engine), _PARTS[hidden])
    reason, number = written(tmp_path, "whole.mp4", destination, engine)
    assert "of pictures after its beginning, which a copy would show" in reason
    assert abs(number - 50) <= 1
    assert number == frames(tmp_path / "whole.mp4")


@pytest.mark.parametrize("destination", ["out.mkv", "out.ts"])
def test_what_only_waits_for_its_first_picture_hides_nothing(destination: str, tmp_path: Path, engine: Engine) -> None:
    source = whole(tmp_path, engine)
    assert b"elst" in source.read_bytes()
    assert written(tmp_path, source.name, destination, engine) == ("nothing changes it", 125)


_CUES = [("0.5s", "1.5s", "a"), ("2.1s", "2.7s", "b"), ("2.9s", "4s", "c"), ("4.3s", "5s", "d"), ("5.2s", "5.6s", "e")]
"""Cut at 3.3 s from the key frame at 2 s on, one is hidden, the next shown in part."""
_LAST = ("5.8s", "5.9s", "last")
"""How long the last cue is, FFmpeg forgets when it copies."""


def with_cues(folder: Path, engine: Engine, b_frames: int) -> str:
    whole = make_clip(
        folder / "whole.mp4", duration="6s", video_codec="libx264", gop=50, b_frames=b_frames,
        subtitles=[[*_CUES, _LAST]], engine=engine,
    )  # fmt: skip
    ffmpeg(engine, "-ss", "3.3", "-i", str(whole), "-map", "0", "-c", "copy", str(folder / "cut.mp4"))
    return "cut.mp4"


def shown(path: Path, engine: Engine) -> dict[str, tuple[float, float]]:
    """When each cue comes and goes, by its text."""
    lines = ffmpeg(engine, "-i", str(path), "-map", "0:s", "-f", "ass", "-").decode().splitlines()
    found = [line.split(",", 9) for line in lines if line.startswith("Dialogue:")]
    return {each[9]: (_seconds(each[1]), _seconds(each[2])) for each in found if each[9] != _LAST[2]}


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("destination", ["out.mp4", "out.mkv", "out.webm"])
def test_cues_come_when_they_did(destination: str, b_frames: int, tmp_path: Path, engine: Engine) -> None:
    source = with_cues(tmp_path, engine, b_frames)
    begin = op("trim", "in", "part", start="1.2s")
    document = job(begin, inputs={"in": source}, outputs={
        "out": {"input": "in", "destination": destination}, "part": f"part-{destination}",
    })  # fmt: skip
    plan_and_run(document, tmp_path, engine)
    near = 0.05  # the picture begins with the first frame that is shown, and there are 25 a second
    assert shown(tmp_path / destination, engine) == {
        "c": pytest.approx((0, 0.7), abs=near), "d": pytest.approx((1, 1.7), abs=near),
        "e": pytest.approx((1.9, 2.3), abs=near),
    }  # fmt: skip
    assert shown(tmp_path / f"part-{destination}", engine) == {
        "d": pytest.approx((0, 0.5), abs=near), "e": pytest.approx((0.7, 1.1), abs=near),
    }  # fmt: skip


@pytest.mark.parametrize("destination", ["out.mp4", "out.mkv"])
def test_cues_in_fragments_are_shown_as_long_as_they_were(destination: str, tmp_path: Path, engine: Engine) -> None:
    """How long that is, FFmpeg before 9.0 does not tell."""
    fragments = ("-movflags", "+frag_keyframe+delay_moov")
    make_clip(tmp_path / "in.mp4", duration="6s", gop=150, subtitles=[_CUES], extra=fragments, engine=engine)
    begin = op("trim", "in", "part", start="3.3s")
    document = job(begin, inputs={"in": "in.mp4"}, outputs={
        "out": {"input": "in", "destination": destination}, "part": f"part-{destination}",
    })  # fmt: skip
    plan_and_run(document, tmp_path, engine)
    assert shown(tmp_path / destination, engine) == {
        text: (_seconds(f"0:0:{begin[:-1]}"), _seconds(f"0:0:{end[:-1]}")) for begin, end, text in _CUES
    }
    near = 0.05
    assert shown(tmp_path / f"part-{destination}", engine) == {
        "c": pytest.approx((0, 0.7), abs=near), "d": pytest.approx((1, 1.7), abs=near),
        "e": pytest.approx((1.9, 2.3), abs=near),
    }  # fmt: skip


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_cues_from_long_before_the_picture(suffix: str, tmp_path: Path, engine: Engine) -> None:
    """FFmpeg counts from the picture on, so that they come before time 0."""
    whole = make_clip(tmp_path / "whole.mp4", duration="4s", video_codec="libx264", gop=50, engine=engine)
    texts = make_clip(tmp_path / "texts.mkv", duration="6s", subtitles=[_CUES], engine=engine)
    late = tmp_path / f"late.{suffix}"
    ffmpeg(
        engine, "-itsoffset", "2.4", "-i", str(whole), "-i", str(texts), "-map", "0:v", "-map", "1:s", "-c", "copy",
        "-c:s", "subrip" if suffix == "mkv" else "mov_text", str(late),
    )  # fmt: skip
    document = job(inputs={"in": late.name}, outputs={"out": {"input": "in", "destination": "out.mkv"}})
    plan_and_run(document, tmp_path, engine)
    near = 0.05
    assert shown(tmp_path / "out.mkv", engine) == {
        "b": pytest.approx((0, 0.3), abs=near), "c": pytest.approx((0.5, 1.6), abs=near),
        "d": pytest.approx((1.9, 2.6), abs=near), "e": pytest.approx((2.8, 3.2), abs=near),
    }  # fmt: skip


@pytest.mark.parametrize("destination", ["out.mp4", "out.mkv"])
def test_fragments_hide_sound_and_no_picture(destination: str, tmp_path: Path, engine: Engine) -> None:
    """So it is with newer versions of FFmpeg; older ones hide neither."""
    whole = make_clip(tmp_path / "whole.mp4", duration="5s", video_codec="libx264", gop=50, audio=1, engine=engine)
    cut = ("-ss", "3.3", "-i", str(whole), "-c", "copy", "-movflags", "+frag_keyframe+delay_moov")
    ffmpeg(engine, *cut, str(tmp_path / "in.mp4"))
    document = job(inputs={"in": "in.mp4"}, outputs={"out": {"input": "in", "destination": destination}})
    plan_and_run(document, tmp_path, engine)
    assert frames(tmp_path / destination) == 75, "from the key frame at 2 s on"
