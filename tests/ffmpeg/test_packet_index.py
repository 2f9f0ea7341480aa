"""Looking at packets: both probers see the same, and tell IDR pictures from other key frames."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.probe import CachingProber, FFprobeProber, PyAVProber
from mediapipeline.ffmpeg.probe_file import FileFacts
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import PacketIndex, PacketProber, Times, Window, holds_idr, is_plain, units

_FFPROBE = shutil.which("ffprobe")


def _clip(engine: Engine, path: Path, *options: str) -> Path:
    picture = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=3", "-pix_fmt", "yuv420p"]
    command = [str(engine.ffmpeg), "-v", "error", "-nostdin", *picture, "-c:v", "libx264", *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture(params=["mp4", "mkv", "ts"])
def clip(request: pytest.FixtureRequest, tmp_path: Path, default_engine: Engine) -> Path:
    return _clip(default_engine, tmp_path / f"clip.{request.param}", "-g", "25")


@pytest.mark.skipif(_FFPROBE is None, reason="there is no ffprobe here")
@pytest.mark.parametrize("window", [(Fraction(0), Fraction(2)), (Fraction(1), None)])
def test_both_probers_see_the_same(clip: Path, window: tuple[Fraction, Fraction | None]) -> None:
    assert _FFPROBE is not None
    ours = PyAVProber().index(clip, 0, window)
    theirs = FFprobeProber(Path(_FFPROBE)).index(clip, 0, window)
    assert ours is not None
    assert theirs is not None
    both = list(zip(ours.packets, theirs.packets, strict=False))
    assert len(both) > 50
    for a, b in both:
        assert (a.pts, a.dts, a.key) == (b.pts, b.dts, b.key)
        assert b.idr in (a.idr, None)
    assert any(b.idr for _, b in both)
    assert ours.begins
    assert theirs.begins
    assert window[1] is not None or (ours.ends and theirs.ends)


class _Asked(FFprobeProber):
    """Counts the processes."""

    asked = 0

    def _ask(self, path: Path, argv: list[str], file: FileFacts | None) -> str:
        self.asked += 1
        return super()._ask(path, argv, file)


@pytest.mark.skipif(_FFPROBE is None, reason="there is no ffprobe here")
@pytest.mark.parametrize("gop", [20, 400], ids=["short", "long"])
@pytest.mark.parametrize("suffix", ["mkv", "ts", "mpg"])
def test_many_parts_are_read_as_each_by_itself(suffix: str, gop: int, tmp_path: Path, default_engine: Engine) -> None:
    """With key frames far apart, ffprobe goes back to before where it stopped: which part is it in then?"""
    assert _FFPROBE is not None
    clip = tmp_path / f"clip.{suffix}"
    codec = "mpeg2video" if suffix == "mpg" else "libx264"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=130", "-c:v", codec, "-g", str(gop))
    command = (str(default_engine.ffmpeg), "-v", "error", "-nostdin", *picture, "-pix_fmt", "yuv420p", str(clip))
    subprocess.run(command, check=True, timeout=60)
    bounds = [(Fraction(30), Fraction(31)), (Fraction(10), Fraction(12)), (Fraction("43.5"), Fraction(44))]
    bounds += [(Fraction("62.48"), Fraction("62.52")), (Fraction(90), Fraction(91))]
    parts: dict[Window, Times] = {part: (part[0] + Fraction(1, 2),) for part in bounds}
    parts[Fraction(120), None] = ()
    prober = _Asked(Path(_FFPROBE))
    found = prober.indexes(clip, 0, parts)
    together, prober.asked = prober.asked, 0
    assert found == [prober.index(clip, 0, part, near) for part, near in parts.items()]
    if suffix == "mpg":  # not all of its packets tell when they are shown
        assert found == [None] * len(parts)
        return
    assert all(index is not None and len(index.packets) > 25 for index in found)
    assert together == prober.asked - len(parts) + 1, "one process reads them all"


@pytest.mark.skipif(_FFPROBE is None, reason="there is no ffprobe here")
def test_parts_that_lie_close_together_are_read_one_by_one(clip: Path) -> None:
    assert _FFPROBE is not None
    prober = FFprobeProber(Path(_FFPROBE))
    parts: dict[Window, Times] = {(Fraction(at), Fraction(at + 1)): () for at in range(3)}
    assert prober.indexes(clip, 0, parts) == [prober.index(clip, 0, part) for part in parts]


def test_a_key_frame_that_is_no_idr_is_told(tmp_path: Path, default_engine: Engine) -> None:
    clip = _clip(default_engine, tmp_path / "open.mp4", "-g", "12", "-x264-params", "open-gop=1:bframes=3")
    found = PyAVProber().index(clip, 0, (Fraction(0), None))
    assert found is not None
    keys = [packet.idr for packet in found.packets if packet.key]
    assert keys[0] is True
    assert False in keys


def test_units_that_do_not_add_up_tell_nothing() -> None:
    assert holds_idr(b"") is None
    assert holds_idr(b"\0\0\0\5\x65\1") is None
    assert holds_idr(b"\0\0\0\2\x09\x10") is None, "no slice"
    assert holds_idr(b"\0\0\0\2\x09\x10\0\0\0\2\x65\1") is True
    assert holds_idr(b"\0\0\1\x06\1\0\0\1\x41\1") is False


def test_a_size_may_look_like_a_start_code() -> None:
    for size in (1, 0x105, 0x141, 0x1FF):
        told = size.to_bytes(4) + b"\x65" + b"\x80" * (size - 1)
        assert holds_idr(told) is True, size
        assert holds_idr(told.replace(b"\x65", b"\x41")) is False, size


def test_what_belongs_before_a_picture_may_not_follow_it() -> None:
    """Read as a stream it would begin the next one, whose time is then lost."""
    assert holds_idr(b"\0\0\0\2\x65\1\0\0\0\2\x06\5") is None
    assert holds_idr(b"\0\0\0\2\x06\5\0\0\0\2\x65\1\0\0\0\2\x65\2") is True


def test_messages_on_buffering_are_not_plain() -> None:
    assert is_plain(units(b"\0\0\0\2\x06\5\0\0\0\2\x65\1"))
    assert not is_plain(units(b"\0\0\0\2\x06\0\0\0\0\2\x65\1"))
    assert not is_plain(units(b"\0\0\0\2\x06\5\0\0\0\2\x41\1"))


@pytest.mark.skipif(_FFPROBE is None, reason="there is no ffprobe here")
def test_sound_that_is_stored_ahead_is_told_by_headers_and_by_reading(tmp_path: Path, default_engine: Engine) -> None:
    """Up to a key frame, more sound has been read than there is picture."""
    silent = _clip(default_engine, tmp_path / "silent.mp4", "-g", "12")
    sound = ("-f", "lavfi", "-i", "sine=duration=4", "-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "copy")
    plain, ahead = tmp_path / "plain.mp4", tmp_path / "ahead.mp4"
    read = (str(default_engine.ffmpeg), "-v", "error", "-nostdin", "-i", str(silent), *sound)
    subprocess.run([*read, str(plain)], check=True, timeout=60)
    subprocess.run([*read, "-audio_preload", "800000", str(ahead)], check=True, timeout=60)
    assert default_engine.ffprobe is not None
    for prober in (PyAVProber(), FFprobeProber(default_engine.ffprobe)):
        found = [prober.index(each, 0, (Fraction(0), None)) for each in (plain, ahead)]
        assert found[0] is not None
        assert found[0].listable
        assert not found[0].overtaken
        assert found[1] is not None
        assert found[1].listable
        assert found[1].overtaken


class _Counting:
    def __init__(self) -> None:
        self.asked = 0

    def probe(self, path: Path) -> MediaInfo:
        return MediaInfo()

    def index(
        self, path: Path, stream: int, window: tuple[Fraction, Fraction | None], near: tuple[Fraction, ...] = ()
    ) -> PacketIndex | None:
        self.asked += 1
        return PacketIndex(stream, Fraction(1, 1000), ())


class _Blind:
    def probe(self, path: Path) -> MediaInfo:
        return MediaInfo()


def test_packets_are_looked_at_once(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"1")
    inner = _Counting()
    prober = CachingProber(inner)
    first = prober.index(file, 0, (Fraction(0), None))
    assert prober.index(file, 0, (Fraction(0), None)) is first
    prober.index(file, 0, (Fraction(1), None))
    file.write_bytes(b"22")
    prober.index(file, 0, (Fraction(0), None))
    assert inner.asked == 3


class _Many(_Counting):
    def indexes(self, path: Path, stream: int, windows: Mapping[Window, Times]) -> list[PacketIndex | None]:
        self.asked += 1
        return [PacketIndex(stream, Fraction(1, 1000), (), ends=high is None) for _, high in windows]


def test_many_parts_are_asked_for_at_once(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"1")
    inner = _Many()
    prober = CachingProber(inner)
    parts: dict[Window, Times] = {(Fraction(at), Fraction(at + 1)): () for at in range(50)}
    assert len(prober.indexes(file, 0, parts)) == 50
    assert inner.asked == 1
    last = {(Fraction(49), Fraction(50)): (), (Fraction(60), None): ()}
    assert [index is not None and index.ends for index in prober.indexes(file, 0, last)] == [False, True]
    assert inner.asked == 2, "for what it has not been asked before"
    assert prober.indexes(file, 0, last)
    assert inner.asked == 2
    prober = CachingProber(_Counting())
    assert len(prober.indexes(file, 0, parts)) == 50, "one that is asked for each"


def test_a_prober_need_not_look_at_packets(tmp_path: Path) -> None:
    assert not isinstance(_Blind(), PacketProber)
    assert CachingProber(_Blind()).index(tmp_path / "clip.mp4", 0, (Fraction(0), None)) is None
