"""The stand-ins say what they are told, as a real prober would."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import mediapipeline.testing as kit
from mediapipeline.errors import ProbeError
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.prober import Prober
from mediapipeline.testing import FakeProber, clip_info
from planning import picture


def test_it_is_a_prober():
    assert isinstance(FakeProber({}), Prober)


@pytest.mark.parametrize(
    ("key", "path", "found"),
    [
        ("in.mp4", "/srv/in.mp4", True),
        ("in.mp4", "in.mp4", True),
        ("a/in.mp4", "/srv/a/in.mp4", True),
        ("a/in.mp4", "/srv/b/in.mp4", False),
        ("in.mp4", "/srv/begin.mp4", False),
        ("/data/in.mp4", "/data/in.mp4", True),
        ("/data/in.mp4", "/srv/data/in.mp4", False),
        ("file:///data/in.mp4", "/data/in.mp4", True),
        ("file:///data/a%20b.mp4", "/data/a b.mp4", True),
        ("FILE://localhost/data/in.mp4", "/data/in.mp4", True),
        ("file:/data/in.mp4", "/data/in.mp4", True),
        ("./in.mp4", "/srv/in.mp4", True),
    ],
)
def test_keys_are_sources_as_they_are_written(key, path, found):
    prober = FakeProber({key: clip_info()})
    if found:
        assert prober.probe(Path(path)).duration == 10
    else:
        with pytest.raises(ProbeError, match="no such file"):
            prober.probe(Path(path))
    assert prober.probed == [Path(path)]


def test_the_longest_key_is_meant():
    prober = FakeProber({"in.mp4": clip_info(duration="1s"), "b/in.mp4": clip_info(duration="2s")})
    assert prober.probe(Path("/a/in.mp4")).duration == 1
    assert prober.probe(Path("/b/in.mp4")).duration == 2


def test_files_that_no_key_names():
    prober = FakeProber({"in.mp4": clip_info(duration="1s")}, otherwise=clip_info(duration="2s"))
    assert prober.probe(Path("/srv/in.mp4")).duration == 1
    fetched = prober.probe(Path("/tmp/fetched-1.mkv"))
    assert (fetched.duration, fetched.format) == (2, "matroska,webm")
    assert fetched.fingerprint is not None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.mp4", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("a.webm", "matroska,webm"),
        ("a.PNG", "png_pipe"),
        ("a.ts", "mpegts"),
        ("a", None),
    ],
)
def test_the_format_follows_from_the_suffix(source, expected):
    assert FakeProber({source: clip_info()}).probe(Path(source)).format == expected
    assert FakeProber({source: clip_info(format="avi")}).probe(Path(source)).format == "avi"


def test_fingerprints_tell_clips_apart():
    prober = FakeProber({"a.mp4": clip_info(), "b.mp4": clip_info(), "c.mp4": clip_info(audio=2)})
    a, b, c = (prober.probe(Path(f"{name}.mp4")).fingerprint for name in "abc")
    assert a == b != c
    assert a is not None
    assert len(a) == 16


def test_streams_stand_in_the_order_of_a_file():
    info = clip_info(audio=["stereo", "5.1"], subtitles=["subrip", "dvd_subtitle"], languages=["eng", "deu", "fra"],
                     cover=True, data=1)  # fmt: skip
    assert [(s.index, s.kind) for s in info.streams] == [
        (0, "video"), (1, "audio"), (2, "audio"), (3, "subtitle"), (4, "subtitle"), (5, "video"), (6, "data"),
    ]  # fmt: skip
    assert [s.language for s in (*info.audio, *info.subtitles)] == ["eng", "deu", "fra", None]
    assert [s.channels for s in info.audio] == [2, 6]
    assert [s.text for s in info.subtitles] == [True, False]


def test_unknown_is_none():
    info = clip_info(duration=None, rate=None, vfr=None, start=None, pix_fmt=None)
    video = picture(info)
    assert (info.duration, info.start, video.duration, video.start, video.frames, video.frame_rate) == (None,) * 6
    assert (video.vfr, video.pix_fmt, info.audio[0].duration) == (None, None, None)


def test_times():
    info = clip_info(duration="2s", rate="30000/1001", start="5s", audio_delay="0.5s")
    assert picture(info).frames == 60
    assert picture(info).end == 7
    assert info.audio[0].start == Fraction(11, 2)
    assert (info.start, info.duration) == (5, Fraction(5, 2))


def test_a_picture_has_no_time_and_no_sound():
    info = clip_info(still=True, video="png")
    assert info.still
    assert (info.duration, info.start, info.audio, picture(info).frame_rate) == (None, None, (), None)


def test_order_of_decoding_and_fields():
    assert (picture(clip_info()).reorder, picture(clip_info()).interlaced) == (None, None)
    video = picture(clip_info(b_frames=2, interlaced=True))
    assert (video.reorder, video.interlaced) == (2, True)


def test_who_asks_for_another_file_is_told_which_there_are():
    with pytest.raises(ProbeError, match=r"told of in\.mp4, a/b\.mkv"):
        FakeProber({"in.mp4": clip_info(), "a/b.mkv": clip_info()}).probe(Path("inn.mp4"))
    with pytest.raises(ProbeError, match="told of none"):
        FakeProber({}).probe(Path("in.mp4"))


def test_sound_alone():
    info = clip_info(size=None)
    assert info.video is None
    assert [stream.kind for stream in info.streams] == ["audio"]


def test_the_kit_brings_what_planning_needs():
    assert isinstance(kit.Capabilities.assume("5.1"), kit.Capabilities)
    assert isinstance(clip_info(), MediaInfo)
