"""ffprobe and PyAV report the same facts of every clip of the zoo, but for what docs/reference/probing.md lists."""

from __future__ import annotations

import importlib.util
import re
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

import zoo
from mediapipeline.ffmpeg.probe import FFprobeProber, PyAVProber
from mediapipeline.testing.media import make_clip
from outcomes import ffmpeg

ROOT = Path(__file__).resolve().parents[2]


REVIEWED = (ROOT / "docs" / "reference" / "probing.md").read_text(encoding="utf-8")


def column(header: str) -> set[str]:
    rows = REVIEWED.split(f"| {header} ", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"^\| `([\w.]+)`", row)}


MAY_BE_APART = column("may be apart by 30 ms")
MAY_BE_NONE = column("either may leave `None`")


def facts(info) -> dict[str, Any]:
    """Every field of *info* and of its streams: ``audio.1.start``."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(info)):
        value = getattr(info, field.name)
        if field.name in ("video", "other_video", "audio", "subtitles", "covers", "data"):
            streams = value if isinstance(value, tuple) else (value,) if value is not None else ()
            found[f"{field.name}.count"] = len(streams)
            for number, stream in enumerate(streams):
                for part in attrs.fields(type(stream)):
                    found[f"{field.name}.{number}.{part.name}"] = getattr(stream, part.name)
        else:
            found[field.name] = value
    return found


def compare(path: Path) -> None:
    one = FFprobeProber(Path(str(shutil.which("ffprobe")))).probe(path)
    other = PyAVProber().probe(path)
    first, second = facts(one), facts(other)
    assert first.keys() == second.keys()
    wrong = []
    for name in first:
        a, b, kind = first[name], second[name], re.sub(r"\.\d+", "", name)
        if a == b:
            continue
        if (
            isinstance(a, Fraction)
            and isinstance(b, Fraction)
            and kind in MAY_BE_APART
            and abs(a - b) <= Fraction(30, 1000)
        ):
            continue
        if kind in MAY_BE_NONE and None in (a, b):
            continue
        if name == "bit_rate" and one.duration != other.duration:
            continue  # it is the size by the duration
        wrong.append(f"{name}: ffprobe {a!r}, PyAV {b!r}")
    assert not wrong, "\n".join(wrong)


needs_both = pytest.mark.skipif(
    not shutil.which("ffprobe") or not importlib.util.find_spec("av"), reason="needs ffprobe and PyAV"
)


@needs_both
@pytest.mark.parametrize("name", zoo.ZOO)
def test_they_agree_on_the_zoo(name, tmp_path):
    compare(zoo.ZOO[name](tmp_path))


@needs_both
@pytest.mark.parametrize("name", ["rotated-90", "mkv-late-start", "mp3", "fragmented-mp4", "cover-mp4", "webm-vp9"])
def test_they_agree_on_what_other_versions_write(name, tmp_path, engine):
    compare(zoo.make(name, tmp_path, engine))


@needs_both
@pytest.mark.parametrize(
    "name",
    ["car-detection.mp4", "crystal.mp4", "elf.webm", "rabbit320.mp4", "subtitles_en.vtt", "thanks.mkv", "viper.mp3"],
)
def test_they_agree_on_real_clips(name, shared_media):
    compare(shared_media / name)


def test_the_reviewed_table_names_real_fields():
    assert {"start", "duration", "audio.start", "audio.duration", "audio.preroll"} == MAY_BE_APART
    assert {"audio.packet"} == MAY_BE_NONE


@needs_both
def test_both_tell_what_a_decoder_has_to_be_told(tmp_path):
    path = zoo.ZOO["plain"](tmp_path)
    for prober in (FFprobeProber(Path(str(shutil.which("ffprobe")))), PyAVProber()):
        info = prober.probe(path)
        assert info.video is not None
        assert len(info.video.extradata or "") == 16
        assert info.audio[0].extradata not in (None, info.video.extradata)
        assert info.audio[0].packet == Fraction(1024, 48000)
        assert info.audio[0].preroll == Fraction(1024, 48000)


@needs_both
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("refreshed", [False, True])
def test_both_tell_whether_pictures_are_refreshed_bit_by_bit(tmp_path, suffix, refreshed):
    how = f"keyint=10:intra-refresh={refreshed:d}:open-gop={not refreshed:d}"
    path = make_clip(tmp_path / f"a.{suffix}", video_codec="libx264", b_frames=2, extra=["-x264-params", how])
    for prober in (FFprobeProber(Path(str(shutil.which("ffprobe")))), PyAVProber()):
        info = prober.probe(path)
        assert info.video is not None
        assert info.video.refreshed is refreshed


@needs_both
def test_both_tell_what_an_edit_list_hides(tmp_path, engine):
    whole = make_clip(tmp_path / "whole.mp4", duration="3s", video_codec="libx264", gop=25, b_frames=2, engine=engine)
    path = tmp_path / "cut.mp4"
    ffmpeg(engine, "-ss", "1.3", "-i", str(whole), "-c", "copy", str(path))
    for prober in (FFprobeProber(Path(str(shutil.which("ffprobe")))), PyAVProber()):
        found = [prober.probe(each).video for each in (whole, path)]
        assert [each and (each.start, each.preroll) for each in found] == [(0, 0), (0, Fraction(8, 25))]
        assert [each and (each.frame_rate, each.vfr) for each in found] == [(25, False)] * 2
