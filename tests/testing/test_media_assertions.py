"""Assertions about files hold where they should, and where they do not they show what is in them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mediapipeline.errors import EngineError, ProbeError
from mediapipeline.testing import FakeProber, assert_media, assert_same_frames, clip_info, make_clip

PROBER = FakeProber(
    {
        "a.mp4": clip_info(duration="10.02s", audio=["stereo", "5.1"], subtitles=["mov_text"], languages=["eng", "deu"],
                           rate="30000/1001", metadata={"title": "A"}),
        "sound.mp3": clip_info(size=None, audio_codec="mp3"),
        "silent.mkv": clip_info(audio=0, duration=None),
    }
)  # fmt: skip


def check(path: str, **wanted: Any) -> None:
    assert_media(path, prober=PROBER, **wanted)


def test_what_holds():
    check(
        "a.mp4", duration=10, format="mp4", metadata={"title": "A"}, subtitles=1,
        video={"codec": "h264", "size": "1920x1080", "frame_rate": "30000/1001", "sar": None},
        audio=[{"channels": 2, "language": "eng"}, {"channel_layout": "5.1"}],
    )  # fmt: skip
    check("a.mp4", duration=pytest.approx(10, abs=0.1), video=True, audio=2, subtitles=[{"text": True}])
    check("a.mp4", duration="10.1s", tolerance=Fraction(1, 10))
    check("sound.mp3", video=None, audio={"codec": "mp3"}, subtitles=None)
    check("silent.mkv", video=True, audio=None, subtitles=0)
    assert assert_media(Path("a.mp4"), prober=PROBER).duration == Fraction(501, 50)


@pytest.mark.parametrize(
    ("path", "wanted", "lines"),
    [
        ("a.mp4", {"duration": 9}, ["duration: expected 9 s ± 0.05 s, found 10.02 s"]),
        ("a.mp4", {"duration": pytest.approx(9)}, ["duration: expected 9 ± 9.0e-06, found 10.02 s"]),
        ("silent.mkv", {"duration": 9}, ["duration: expected 9 s ± 0.05 s, found nobody knows how long"]),
        ("silent.mkv", {"duration": pytest.approx(9)}, ["duration: expected 9 ± 9.0e-06, found nobody knows how long"]),
        ("a.mp4", {"video": {"width": 640, "codec": "vp9"}}, ["video.width: expected 640, found 1920",
                                                             "video.codec: expected vp9, found h264"]),
        ("a.mp4", {"video": {"size": (1280, 720)}}, ["video.size: expected (1280, 720), found 1920x1080"]),
        ("a.mp4", {"video": None}, ["video: expected none, found one"]),
        ("sound.mp3", {"video": True}, ["video: expected a picture, found none"]),
        ("sound.mp3", {"video": {"width": 2}}, ["video: expected a picture, found none"]),
        ("a.mp4", {"audio": 1}, ["audio: expected 1 track, found 2 tracks"]),
        ("a.mp4", {"audio": None}, ["audio: expected none, found 2 tracks"]),
        ("a.mp4", {"audio": [{}, {"channels": 2}, {}]}, ["audio: expected 3 tracks, found 2 tracks",
                                                         "audio[1].channels: expected 2, found 6"]),
        ("a.mp4", {"format": "matroska"}, ["format: expected matroska, found mov,mp4,m4a,3gp,3g2,mj2"]),
        ("a.mp4", {"metadata": {"title": "B"}}, ["metadata['title']: expected 'B', found 'A'"]),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_told_at_once(path, wanted, lines):
    with pytest.raises(AssertionError) as raised:
        check(path, **wanted)
    first, *rest, last = str(raised.value).splitlines()
    assert first == f"{path} is not what was expected"
    assert rest == [f"  {line}" for line in lines]
    assert last.startswith("  it is: ")


def test_a_misspelt_field_is_no_failure_of_the_file():
    with pytest.raises(TypeError, match=r"video has no 'widht': did you mean 'width'\?"):
        check("a.mp4", video={"widht": 1})
    with pytest.raises(ProbeError, match="no such file"):
        check("b.mp4")


def test_real_files(tmp_path, engine):
    clip = make_clip(tmp_path / "a.mp4", engine=engine, duration="1s", audio=1)
    assert_media(clip, duration=1, video={"size": "64x48", "codec": "mpeg4"}, audio=[{"channels": 1}])


# The same frames


@pytest.fixture
def clips(tmp_path, default_engine):
    def make(name: str, **recipe: Any) -> Path:
        given = {"duration": "0.4s", "video_codec": "ffv1", "audio": 1, "audio_codec": "flac", **recipe}
        return make_clip(tmp_path / name, **{"engine": default_engine, **given})

    return make


def test_files_that_decode_to_the_same(clips, tmp_path, engine):
    one = clips("one.mkv", engine=engine)
    assert_same_frames(one, clips("other.mkv", engine=engine, gop=2), ffmpeg=engine.ffmpeg)
    assert_same_frames(one, clips("silent.mkv", engine=engine, silence=True), sound=False, ffmpeg=engine.ffmpeg)
    sound = {"size": None, "audio_codec": "pcm_s16le", "engine": engine}
    assert_same_frames(clips("a.wav", **sound), clips("b.mkv", **sound), ffmpeg=engine.ffmpeg)


@pytest.mark.parametrize(
    ("recipe", "lines"),
    [
        ({"duration": "0.32s"}, ["video: 10 and 8 frames", "audio: 19 and 15 pieces of 1024"]),
        ({"size": (32, 24)}, ["video: 64x48 and 32x24"]),
        ({"audio_rate": 44100}, ["audio: 48000 Hz mono and 44100 Hz mono"]),
        ({"audio": 0}, ["1 and 0 streams of audio"]),
        (
            {"silence": True},
            ["audio: 19 pieces of 1024 differ, the first is 0 at 0 s: 0, 1, 2, 3, 4, 5, 6, 7, …"],
        ),
    ],
)
def test_files_that_do_not(clips, recipe, lines, default_engine):
    one, other = clips("one.mkv"), clips("other.mkv", **recipe)
    with pytest.raises(AssertionError) as raised:
        assert_same_frames(one, other)
    text = str(raised.value).splitlines()
    assert text[0] == f"{one} and {other} differ"
    for line in lines:
        assert any(each.startswith(f"  {line}") for each in text), text


def test_frames_that_are_late(clips, tmp_path, default_engine):
    from outcomes import ffmpeg

    one, other = clips("one.mkv", audio=0), tmp_path / "late.mkv"
    ffmpeg(default_engine, "-i", str(one), "-vf", "trim=start_frame=1,setpts=PTS-STARTPTS", "-c:v", "ffv1", str(other))
    with pytest.raises(AssertionError) as raised:
        assert_same_frames(one, other)
    text = str(raised.value)
    assert "video: 10 and 9 frames" in text
    assert "video: they would be the same if the second began 1 frame later" in text
    slow = ["-vf", "setpts=1.5*PTS", "-fps_mode", "vfr", "-enc_time_base", "1/50", "-c:v", "ffv1", "-y"]
    ffmpeg(default_engine, "-i", str(one), *slow, str(other))
    with pytest.raises(AssertionError, match=r"video: frame 1 is at 0\.04 s and at 0\.06 s"):
        assert_same_frames(one, other)
    assert_same_frames(one, other, times=False)


def test_what_cannot_be_decoded(tmp_path):
    (tmp_path / "a.mp4").write_text("no media")
    with pytest.raises(EngineError, match="cannot decode"):
        assert_same_frames(tmp_path / "a.mp4", tmp_path / "a.mp4")
