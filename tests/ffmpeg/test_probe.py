"""What the probers say of clips whose facts are known, and of files that are none."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import pytest

import zoo
from mediapipeline.errors import FFmpegNotFoundError, ProbeError
from mediapipeline.ffmpeg import probe
from mediapipeline.ffmpeg.binary import Engine, find_ffmpeg
from mediapipeline.ffmpeg.demuxers import FORMAT_WHITELIST, SAFE_DEMUXERS, forced_format
from mediapipeline.ffmpeg.packets import packet_ends
from mediapipeline.ffmpeg.probe import CachingProber, FFprobeProber, PyAVProber, default_prober
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.prober import Prober
from mediapipeline.media.streams import Chapter
from mediapipeline.testing.media import make_clip


@pytest.fixture(params=["ffprobe", "pyav"])
def prober(request) -> Prober:
    if request.param == "pyav":
        pytest.importorskip("av")
        return PyAVProber()
    found = shutil.which("ffprobe")
    if found is None:
        pytest.skip("no ffprobe on the PATH")
    return FFprobeProber(Path(found))


@pytest.fixture
def look(prober, tmp_path):
    return lambda name: prober.probe(zoo.ZOO[name](tmp_path))


def test_a_plain_clip(look):
    info = look("plain")
    assert (info.format, info.start, info.duration, info.still) == ("mov,mp4,m4a,3gp,3g2,mj2", 0, 1, False)
    video = info.video
    assert (video.codec, video.width, video.height, video.pix_fmt) == ("h264", 64, 48, "yuv420p")
    assert (video.frame_rate, video.vfr, video.frames, video.duration) == (25, False, 25, 1)
    assert (video.rotation, video.interlaced, video.reorder) == (0, False, 0)
    (audio,) = info.audio
    assert (audio.codec, audio.sample_rate, audio.channels, audio.channel_layout) == ("aac", 48000, 2, "stereo")
    assert info.metadata == {}
    assert len(info.fingerprint) == 16


@pytest.mark.parametrize(("name", "degrees"), [("rotated-90", 90), ("rotated-180", 180), ("rotated-270", 270)])
def test_rotation_is_clockwise_and_applied_to_the_size(look, name, degrees):
    video = look(name).video
    assert video.rotation == degrees
    assert (video.width, video.height) == ((64, 48) if degrees == 180 else (48, 64))


def test_rotation_by_every_version(prober, engine, tmp_path):
    assert prober.probe(zoo.make("rotated-90", tmp_path, engine)).video.rotation == 90


def test_rotation_by_the_tag_of_older_files(look):
    video = look("legacy-rotation").video
    assert (video.rotation, video.width, video.height, video.rotation_by_tag) == (90, 48, 64, True)
    assert not look("rotated-90").video.rotation_by_tag
    assert not look("plain").video.rotation_by_tag


@pytest.mark.parametrize(("name", "size"), [("legacy-rotation", (64, 48)), ("rotated-90", (48, 64))])
def test_what_is_only_a_tag_is_not_applied_by_any_version(engine, name, size, tmp_path):
    clip = zoo.ZOO[name](tmp_path)
    given = [engine.ffmpeg, "-v", "error", "-i", clip, "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-"]
    picture = subprocess.run(given, check=True, capture_output=True).stdout
    assert picture.split()[1:3] == [str(length).encode() for length in size]


def test_sample_aspect_ratio_turns_with_the_picture(look):
    assert look("anamorphic").video.sar == Fraction(16, 15)
    assert look("rotated-anamorphic").video.sar == Fraction(3, 4)


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("ntsc-mp4", "30000/1001"),
        ("ntsc-mkv", "30000/1001"),
        ("ntsc-short-mkv", "30000/1001"),
        ("ntsc-ts", "30000/1001"),
        ("ntsc-film-mkv", "24000/1001"),
        ("ntsc-double-mkv", "60000/1001"),
        ("live-mkv", "25"),
        ("b-frames-mkv", "25"),
        ("interlaced", "25"),
        ("interlaced-ts", "25"),
        ("webm-vp9", "25"),
        ("avi", "25"),
        ("gif", "10"),
    ],
)
def test_constant_rates_are_exact(look, name, rate):
    video = look(name).video
    assert (video.frame_rate, video.vfr) == (Fraction(rate), False)


@pytest.mark.parametrize(("codec", "rate"), [("pcm_s16le", 48000), ("pcm_alaw", 8000), ("pcm_s24le", 44100)])
def test_samples_of_avi_are_counted(prober, tmp_path, codec, rate):
    """FFmpeg tells how many, and not how long that is."""
    clip = make_clip(tmp_path / "in.avi", duration="1.2s", audio=1, audio_codec=codec, audio_rate=rate)
    (track,) = prober.probe(clip).audio
    assert (track.start, track.duration) == (0, Fraction(6, 5))


@pytest.mark.parametrize("name", ["vfr-mp4", "vfr-mkv", "vfr-webm", "vfr-ts"])
def test_variable_rates_are_recognised(look, name):
    video = look(name).video
    assert video.vfr is True
    assert 14 < video.frame_rate < 16


def test_a_rate_that_changes_after_the_window_is_variable(prober, tmp_path):
    clock = ["-video_track_timescale", "12800"]
    parts = [make_clip(tmp_path / f"{r}.mp4", rate=r, duration="20s", size=(16, 16), extra=clock) for r in (25, 10)]
    names = tmp_path / "parts.txt"
    names.write_text("".join(f"file '{part}'\n" for part in parts))
    whole = tmp_path / "whole.mp4"
    subprocess.run(
        [find_ffmpeg().ffmpeg, "-v", "error", "-f", "concat", "-safe", "0", "-i", names, "-c", "copy", whole],
        check=True,
    )
    video = prober.probe(whole).video
    assert (video.vfr, video.frames) == (True, 700)
    assert 17 < video.frame_rate < 18


def test_starts(look):
    assert look("ts-late-start").video.start == 10
    assert look("mkv-late-start").video.start == 5
    late = look("audio-late")
    assert late.video.start == 0
    assert abs(late.audio[0].start - Fraction("0.477")) < Fraction(30, 1000)
    assert late.duration == late.audio[0].end


def test_matroska_durations_do_not_count_from_zero(look):
    info = look("mkv-late-start")
    assert info.video.duration == 1
    assert 1 <= info.duration < Fraction("1.1")


@pytest.mark.parametrize(("name", "start", "length"), [
    ("aac-ts", "0", "0.4266666666666667"),  # 20 frames of 1024 samples
    ("long-ts", "9.978666666666667", "24.04533333333333"),
    ("long-ps", "0.5299777777777778", "24.010022222222222"),
    ("aac", "0", "1.024"),
    ("live-mkv", "0", "1"),
])  # fmt: skip
def test_durations_that_no_header_tells(look, tmp_path, name, start, length):
    info = look(name)
    assert abs(info.start - Fraction(start)) < Fraction(1, 10**6)
    assert abs(info.duration - Fraction(length)) < Fraction(1, 10**6)
    path = next(tmp_path.glob(f"{name}.*"))
    everything = packet_ends(path)
    assert {stream.index: stream.end for stream in info.streams} == {n: end.end for n, end in everything.items()}


def test_a_bare_stream_that_is_not_small_has_no_known_duration(prober, tmp_path):
    path = make_clip(tmp_path / "a.aac", duration="90s", audio=["stereo"], extra=["-b:a", "192k"])
    assert path.stat().st_size > 1024 * 1024
    info = prober.probe(path)
    assert info.duration is None
    assert info.bit_rate is None
    assert info.audio[0].duration is None


def test_bare_pictures_have_no_clock(prober, tmp_path):
    path = make_clip(tmp_path / "a.h264", video_codec="libx264")
    info = prober.probe(path)
    assert (info.duration, info.video.duration) == (None, None)


def test_pictures_of_avi_begin_when_they_are_shown(look):
    info = look("avi-b-frames")
    assert (info.start, info.video.start, info.video.end) == (0, Fraction(1, 25), Fraction(26, 25))
    assert info.duration == Fraction(26, 25)


def test_an_mp3_lasts_as_long_as_its_sound(look):
    info = look("mp3")
    assert (info.duration, info.start, info.audio[0].duration) == (1, Fraction(1105, 48000), 1)


@pytest.mark.parametrize("name", ["cover-mp3", "cover-m4a", "cover-flac", "cover-mp4", "cover-mkv"])
def test_a_cover_is_not_video(look, name):
    info = look(name)
    (cover,) = info.covers
    assert (cover.codec, cover.width, cover.height) == ("png", 32, 32)
    assert info.other_video == ()
    assert (info.video is not None) == (name in ("cover-mp4", "cover-mkv"))
    assert len(info.audio) == 1


def test_tracks_with_their_languages(look):
    info = look("two-tracks-and-subtitles")
    assert [(a.language, a.channels) for a in info.audio] == [("eng", 2), ("fra", 1)]
    assert [(s.language, s.text, s.codec) for s in info.subtitles] == [("eng", True, "subrip"), ("deu", True, "subrip")]
    assert [s.index for s in info.streams] == [0, 1, 2, 3, 4]


def test_shapes(look):
    assert look("odd-size").video.width == 65
    assert look("ten-bit").video.pix_fmt == "yuv420p10le"
    assert look("surround").audio[0].channel_layout == "5.1"
    assert look("b-frames").video.reorder == 2
    assert look("interlaced").video.interlaced is True
    assert look("no-audio").audio == ()
    assert look("data-mov").data != ()


@pytest.mark.parametrize("name", ["png", "jpg", "webp", "bmp", "tiff"])
def test_stills(look, name):
    info = look(name)
    assert info.still
    assert (info.duration, info.start, info.video.frame_rate, info.video.vfr) == (None, None, None, None)
    assert (info.video.width, info.video.height) == (64, 48)


@pytest.mark.parametrize("name", ["chapters-mp4", "chapters-mkv"])
def test_chapters(look, name):
    half = Fraction(1, 2)
    assert look(name).chapters == (Chapter(Fraction(0), half, "One"), Chapter(half, Fraction(1), "Two; =#"))


def test_metadata_without_what_muxers_write(look):
    assert look("tagged-mkv").metadata == {"artist": "Nobody", "comment": "c", "title": "A film"}
    assert look("cover-mp3").metadata == {"artist": "Nobody", "title": "Tune"}
    assert look("opus").metadata == {"title": "Tune"}


def test_the_fingerprint_is_of_the_content(prober, tmp_path):
    clip = zoo.ZOO["wav"](tmp_path)
    before = prober.probe(clip).fingerprint
    copy = Path(shutil.copy(clip, tmp_path / "copy.wav"))
    assert prober.probe(copy).fingerprint == before
    with copy.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    assert prober.probe(copy).fingerprint != before


# ---- names


@pytest.mark.parametrize(
    "name",
    ["-x.mp4", "a:b'c,d;[e] %03d.mp4", "Übung 日本語 🎬.mp4", "space .mp4 ", "pipe:0", "http:x.mp4", "a?b*c{d}.mp4"],
)
def test_names_mean_nothing(prober, tmp_path, monkeypatch, name):
    path = zoo.ZOO["no-audio"](tmp_path).rename(tmp_path / name)
    assert prober.probe(path).duration == 1
    monkeypatch.chdir(tmp_path)
    assert prober.probe(Path(name)).duration == 1


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "bmp", "tiff", "gif"])
@pytest.mark.parametrize("stem", ["a%03d", "b?", "c*[x]"])
def test_pictures_are_not_patterns(prober, tmp_path, kind, stem):
    made = zoo.ZOO[kind](tmp_path)
    path = made.rename(tmp_path / f"{stem}{made.suffix}")
    assert prober.probe(path).video.width == 64


@pytest.mark.parametrize("name", ["a.jpg", "001.JPG", "b.jpeg"])
def test_pictures_of_any_size_are_found(prober, tmp_path, name):
    make_clip(tmp_path / "in.png", size=(640, 360))
    ffmpeg = [str(find_ffmpeg().ffmpeg), "-v", "error", "-nostdin", "-y"]
    subprocess.run([*ffmpeg, "-i", tmp_path / "in.png", "-q:v", "1", tmp_path / name], check=True)
    assert (tmp_path / name).stat().st_size > 16_384
    media = prober.probe(tmp_path / name)
    assert (media.format, media.video.width, media.still) == ("jpeg_pipe", 640, True)


class Meeting:
    """A prober that answers only when it has been asked for two files at the same time."""

    def __init__(self) -> None:
        self.met = threading.Barrier(2, timeout=20)
        self.asked: list[str] = []

    def probe(self, path: Path) -> MediaInfo:
        self.asked.append(path.name)
        if path.name == "bad":
            raise ProbeError(str(path), "it is bad")
        self.met.wait()
        return MediaInfo(format=path.name)


def test_files_are_probed_at_the_same_time_and_once(tmp_path):
    files = [tmp_path / name for name in ("a", "b", "bad")]
    for file in files:
        file.write_bytes(b"x")
    inner = Meeting()
    prober = CachingProber(inner)
    prober.probe_ahead([*files, files[0]])
    assert [prober.probe(file).format for file in files[:2]] == ["a", "b"]
    with pytest.raises(ProbeError, match="it is bad"):
        prober.probe(files[2])
    assert sorted(inner.asked) == ["a", "b", "bad", "bad"]


def test_a_format_is_forced_only_where_the_name_is_a_pattern_or_a_jpegs():
    head = b"\x89PNG\r\n\x1a\n" + bytes(8)
    assert forced_format("plain.png", head) is None
    assert forced_format("a%03d.png", head) == "png_pipe"
    assert forced_format("a%03d.mp4", b"\0\0\0\x20ftypisom") is None
    assert forced_format("a.JPG", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1") == "jpeg_pipe"
    assert forced_format("a.mjpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1") is None


# ---- what is no media file


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"Hello, I am a letter.\n" * 50, "Invalid data"),
        (bytes(5000), "Invalid data"),
        (bytes(range(256)) * 64, "Invalid data"),
    ],
)
def test_what_is_not_media(prober, tmp_path, content, says):
    path = write(tmp_path / "x.mp4", content)
    with pytest.raises(ProbeError, match=says) as caught:
        prober.probe(path)
    assert caught.value.source == str(path)
    assert str(path) not in caught.value.reason
    assert "0x" not in caught.value.reason


def test_missing_folder_and_pipe(prober, tmp_path):
    with pytest.raises(ProbeError, match="no such file"):
        prober.probe(tmp_path / "missing.mp4")
    with pytest.raises(ProbeError, match="folder"):
        prober.probe(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(ProbeError, match="not a regular file"):
        prober.probe(tmp_path / "pipe.mp4")
    with pytest.raises(ProbeError, match="control character"):
        prober.probe(tmp_path / "a\nb.mp4")


def test_a_truncated_mp4(prober, tmp_path):
    whole = zoo.ZOO["plain"](tmp_path).read_bytes()
    with pytest.raises(ProbeError, match=r"moov|Invalid data"):
        prober.probe(write(tmp_path / "cut.mp4", whole[: len(whole) // 2]))


@pytest.mark.parametrize("name", ["plain", "webm-vp8", "ts-late-start", "mp3", "png", "avi"])
def test_damaged_files_never_raise_anything_else(prober, tmp_path, name):
    whole = bytearray(zoo.ZOO[name](tmp_path).read_bytes())
    for place in range(0, min(len(whole), 1200), 171):
        damaged = bytes(whole[:place]) + b"\xff\xfe\x00" + bytes(whole[place + 3 :])
        with contextlib.suppress(ProbeError):
            assert isinstance(prober.probe(write(tmp_path / "damaged", damaged)), MediaInfo)


PLAYLISTS = {
    "m3u": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{clip}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{clip}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:'
    'profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>{clip}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".ts", ""])
def test_lists_of_other_files_are_refused(prober, tmp_path, kind, suffix):
    zoo.ZOO["ts-late-start"](tmp_path)
    text = PLAYLISTS[kind].format(clip="ts-late-start.ts")
    with pytest.raises(ProbeError):
        prober.probe(write(tmp_path / f"list{suffix}", text.encode()))


@pytest.mark.parametrize(("kind", "name", "clip"), [("m3u", "list.m3u8", "aac"), ("concat", "list.mp4", "no-audio")])
def test_the_whitelist_is_what_refuses_them(engine, tmp_path, kind, name, clip):
    """The same list in a real run of every version: read without the whitelist, refused with it."""
    path = write(tmp_path / name, PLAYLISTS[kind].format(clip=zoo.ZOO[clip](tmp_path).name).encode())
    given = [str(engine.ffmpeg), "-v", "error", "-nostdin", "-protocol_whitelist", "file"]
    opened = ["-i", f"file:{path}", "-f", "null", "-"]
    assert subprocess.run([*given, *opened], check=False, capture_output=True).returncode == 0
    refused = subprocess.run([*given, "-format_whitelist", FORMAT_WHITELIST, *opened], check=False, capture_output=True)
    assert refused.returncode != 0
    assert b"not on whitelist" in refused.stderr


def test_no_demuxer_that_opens_others_is_on_the_list():
    others = {"hls", "dash", "concat", "imf", "image2", "image2pipe", "sdp", "rtp", "rtsp", "sap", "vobsub", "lavfi"}
    assert not others & set(SAFE_DEMUXERS)
    assert len(SAFE_DEMUXERS) == len(set(SAFE_DEMUXERS))


def test_a_huge_picture_is_not_decoded(prober, tmp_path):
    path = make_clip(tmp_path / "big.png", size=(640, 480), pix_fmt="rgb24")
    assert prober.probe(path).video.width == 640
    prober.max_pixels = 100 * 100
    try:
        info = prober.probe(path)
    except ProbeError:
        return
    assert info.video is None or info.video.pix_fmt in (None, "rgb24")


def test_a_deadline(tmp_path):
    script = tmp_path / "ffprobe"
    script.write_text("#!/bin/sh\nsleep 30\n")
    script.chmod(0o755)
    with pytest.raises(ProbeError, match="did not answer") as caught:
        FFprobeProber(script, timeout=0.2).probe(zoo.ZOO["wav"](tmp_path))
    assert caught.value.retryable


def test_no_ffprobe_is_not_the_fault_of_the_file(tmp_path):
    with pytest.raises(FFmpegNotFoundError):
        FFprobeProber(tmp_path / "ffprobe").probe(zoo.ZOO["wav"](tmp_path))


# ---- the cache


class Counting:
    """A prober that counts, and waits until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = threading.Event()
        self.go.set()

    def probe(self, path: Path) -> MediaInfo:
        self.calls += 1
        self.go.wait(10)
        if path.stat().st_size == 0:
            raise ProbeError(str(path), "empty")
        return MediaInfo(size=path.stat().st_size)


def test_the_cache_asks_once_until_the_file_changes(tmp_path):
    inner, path = Counting(), write(tmp_path / "a", b"1")
    cache = CachingProber(inner)
    assert cache.probe(path) is cache.probe(path)
    assert inner.calls == 1
    write(path, b"22")
    assert cache.probe(path).size == 2
    os.utime(path, ns=(1, 1))
    cache.probe(path)
    assert inner.calls == 3


def test_the_cache_forgets_the_oldest_and_remembers_no_error(tmp_path):
    inner = Counting()
    cache = CachingProber(inner, max_entries=2)
    paths = [write(tmp_path / name, b"1") for name in "abc"]
    for path in (*paths, paths[2], paths[1]):
        cache.probe(path)
    assert inner.calls == 3
    cache.probe(paths[0])
    assert inner.calls == 4
    empty = write(tmp_path / "empty", b"")
    for _ in range(2):
        with pytest.raises(ProbeError, match="empty"):
            cache.probe(empty)
    assert inner.calls == 6
    with pytest.raises(FileNotFoundError):
        cache.probe(tmp_path / "missing")


def test_many_threads_are_one_probe(tmp_path):
    inner, path = Counting(), write(tmp_path / "a", b"1")
    inner.go.clear()
    cache = CachingProber(inner)
    found: list[MediaInfo] = []
    threads = [threading.Thread(target=lambda: found.append(cache.probe(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    inner.go.set()
    for thread in threads:
        thread.join()
    assert inner.calls == 1
    assert len(found) == 8
    assert len({id(info) for info in found}) == 1


# ---- the choice


def test_the_prober_that_goes_with_an_engine(tmp_path, monkeypatch):
    with_probe = Engine(ffmpeg=tmp_path / "ffmpeg", ffprobe=tmp_path / "ffprobe", origin="path")
    without = Engine(ffmpeg=tmp_path / "ffmpeg", ffprobe=None, origin="wheel")
    assert isinstance(default_prober(with_probe).inner, FFprobeProber)
    assert isinstance(default_prober(without).inner, PyAVProber)
    assert isinstance(default_prober(None), Prober)
    monkeypatch.setattr(probe, "find_spec", lambda name: None)
    with pytest.raises(FFmpegNotFoundError, match=r'pip install "mediapipeline\[ffmpeg\]"'):
        default_prober(without)


def test_pyav_is_imported_only_when_a_file_is_probed():
    assert importlib.util.find_spec("av")
    code = "import sys; import mediapipeline.ffmpeg.probe as p; p.PyAVProber(); sys.exit('av' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
