"""What every FFmpeg writes is probed as what it is: both probers agree, and starts and ends are those of the recipe."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mediapipeline.ffmpeg.packets import packet_ends
from mediapipeline.ffmpeg.probe import FFprobeProber, PyAVProber
from mediapipeline.testing.media import make_clip

RATE = Fraction(30000, 1001)
FRAMES = 42
LENGTH = FRAMES / RATE
SOUND = Fraction(50, 1000)

pytestmark = pytest.mark.skipif(
    not shutil.which("ffprobe") or not importlib.util.find_spec("av"), reason="needs ffprobe and PyAV"
)


def probers():
    return FFprobeProber(Path(str(shutil.which("ffprobe")))), PyAVProber()


def close(stream, start, end, allowed):
    assert abs(stream.start - start) <= allowed, (stream.start, start)
    assert abs(stream.end - end) <= allowed, (stream.end, end)


@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".ts"])
def test_pictures_and_sound(engine, suffix, start, tmp_path):
    codecs: dict[str, Any] = {} if suffix == ".webm" else {"video_codec": "libx264", "b_frames": 2}
    sound: dict[str, Any] = {} if suffix == ".webm" else {"audio_codec": "aac"}
    path = make_clip(
        tmp_path / f"clip{suffix}", engine=engine, rate=RATE, duration=LENGTH, start=start, audio=1, **codecs, **sound
    )
    one, other = (prober.probe(path) for prober in probers())
    frame = 1 / RATE
    if suffix == ".ts" and start == 0:
        start = 2 * frame  # so that no time of decoding is negative
    for info in (one, other):
        assert (info.video.frame_rate, info.video.vfr, info.video.sar) == (RATE, False, 1)
        close(info.video, start, start + LENGTH, frame)
        close(info.audio[0], start, start + LENGTH, SOUND)
        assert abs(info.start - start) <= SOUND
        assert abs(info.start + info.duration - start - LENGTH) <= SOUND
    assert one.video == other.video
    assert abs(one.audio[0].start - other.audio[0].start) <= Fraction(30, 1000)
    ends = packet_ends(path)
    assert ends[one.video.index].packets == FRAMES
    assert abs(ends[one.video.index].end - one.video.end) <= Fraction(2, 1000)
    read = probers()[0].probe_through(path)
    assert read is not None
    assert (read.media, read.frames, read.log) == (one, FRAMES, "")
    assert read.end is not None
    first = min(each.end for each in ends.values() if each.end is not None)
    assert abs(read.end - first + one.start) <= Fraction(2, 1000)


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".flac", ".ogg", ".aac", ".wav"])
def test_sound_alone(engine, suffix, tmp_path):
    path = make_clip(tmp_path / f"clip{suffix}", engine=engine, duration="1.4s", audio=["stereo"])
    one, other = (prober.probe(path) for prober in probers())
    for info in (one, other):
        assert abs(info.audio[0].start) <= SOUND
        assert abs(info.audio[0].duration - Fraction("1.4")) <= SOUND
        assert info.duration == info.audio[0].duration
    assert abs(one.audio[0].duration - other.audio[0].duration) <= Fraction(1, 1000)


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "25"])
@pytest.mark.parametrize("source", [".mkv", ".mp4"])
def test_a_few_frames_after_setpts(engine, rate, source, tmp_path):
    """FFmpeg 7.0 gives the last frame no length."""
    clip = make_clip(tmp_path / f"in{source}", rate=rate, video_codec="libx264", b_frames=2)
    out = tmp_path / "out.mp4"
    chain = "trim=start_frame=3:end_frame=12,setpts=PTS-STARTPTS"
    given = [engine.ffmpeg, "-v", "error", "-i", clip, "-vf", chain, "-fps_mode", "vfr", "-c:v", "libx264", out]
    subprocess.run(given, check=True)
    for prober in probers():
        video = prober.probe(out).video
        assert video.vfr is False
        if source == ".mp4":
            assert video.frame_rate == Fraction(rate)
        # Nine frames in milliseconds do not tell 24 from 24000/1001.
        assert abs(video.frame_rate - Fraction(rate)) * 1000 <= Fraction(rate)
        assert 0 <= 9 / video.frame_rate - video.duration <= Fraction(11, 10) / video.frame_rate


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60000/1001", "25"])
def test_a_copy_of_milliseconds_into_a_finer_clock(engine, rate, tmp_path):
    clip = make_clip(tmp_path / "in.mkv", rate=rate, duration="2s", video_codec="libx264", b_frames=2)
    out = tmp_path / "out.mp4"
    subprocess.run([engine.ffmpeg, "-v", "error", "-i", clip, "-c", "copy", out], check=True)
    for prober in probers():
        video = prober.probe(out).video
        assert (video.frame_rate, video.vfr) == (Fraction(rate), False)


def test_an_empty_place_in_avi_is_a_missing_frame(engine, tmp_path):
    """Whether it is probed before or after it was copied."""
    clip = make_clip(tmp_path / "in.avi", audio=1, audio_codec="libmp3lame")
    out = tmp_path / "out.mp4"
    subprocess.run([engine.ffmpeg, "-v", "error", "-fflags", "+genpts", "-i", clip, "-c", "copy", out], check=True)
    for prober in probers():
        before, after = prober.probe(clip).video, prober.probe(out).video
        assert (before.vfr, before.frame_rate, before.duration) == (after.vfr, after.frame_rate, after.duration)
        assert before.vfr is True
        assert after.frames == 25
        assert after.duration == Fraction(26, 25)


def test_what_is_long_and_has_no_index_takes_another_way(tmp_path, monkeypatch):
    path = make_clip(tmp_path / "clip.ts", audio=1)
    monkeypatch.setattr("mediapipeline.ffmpeg.probe_packets.SMALL", 0)
    assert probers()[0].probe_through(path) is None


def test_pictures_of_a_low_rate_begin_with_the_first(engine, tmp_path):
    """The first of them have no time of decoding, and ffprobe 5.1 tells that of the first that has one."""
    path = make_clip(
        tmp_path / "clip.mkv", engine=engine, size=(64, 48), rate=1, duration="20s", video_codec="libx264",
        extra=["-preset", "ultrafast"],
    )  # fmt: skip
    for prober in probers():
        info = prober.probe(path)
        assert info.start == 0
        assert (info.video.start, info.video.end, info.video.frame_rate) == (0, 20, 1)
