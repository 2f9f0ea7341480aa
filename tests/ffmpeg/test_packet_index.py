"""Looking at packets: both probers see the same, and tell IDR pictures from other key frames."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.probe import CachingProber, FFprobeProber, PyAVProber
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import PacketIndex, PacketProber, holds_idr

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


def test_a_prober_need_not_look_at_packets(tmp_path: Path) -> None:
    assert not isinstance(_Blind(), PacketProber)
    assert CachingProber(_Blind()).index(tmp_path / "clip.mp4", 0, (Fraction(0), None)) is None
