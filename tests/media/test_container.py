from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from mediapipeline.errors import Problems
from mediapipeline.media.container import (
    CONTAINERS,
    Container,
    container_for,
    demuxer_for,
    input_formats,
    require_container,
    suffix_of,
)
from mediapipeline.media.encoders import CODECS, encoders_for

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.binary import Engine

# Encoders of codecs that a job can only copy, with what they need.
COPIED = {
    "mpeg1video": "mpeg1video", "dvvideo": "dvvideo", "huffyuv": "huffyuv", "ffvhuff": "ffvhuff", "utvideo": "utvideo",
    "jpeg2000": "jpeg2000", "cfhd": "cfhd", "h263": "h263", "flv1": "flv", "wmv1": "wmv1", "wmv2": "wmv2",
    "msmpeg4v2": "msmpeg4v2", "msmpeg4v3": "msmpeg4", "theora": "libtheora", "dts": "dca", "truehd": "truehd",
    "mlp": "mlp", "wavpack": "wavpack", "speex": "libspeex", "pcm_s8": "pcm_s8", "pcm_u8": "pcm_u8",
    "pcm_alaw": "pcm_alaw", "pcm_mulaw": "pcm_mulaw", "pcm_s32le": "pcm_s32le", "pcm_f64le": "pcm_f64le",
    "pcm_s16be": "pcm_s16be", "pcm_s24be": "pcm_s24be", "pcm_s32be": "pcm_s32be", "pcm_f32be": "pcm_f32be",
    "pcm_f64be": "pcm_f64be", "dvd_subtitle": "dvdsub", "dvb_subtitle": "dvbsub",
}  # fmt: skip
SIZES = {"dvvideo": "720x576", "h263": "352x288"}
PIX_FMTS = {"huffyuv": "yuv422p", "utvideo": "yuv422p", "jpeg2000": "rgb24", "cfhd": "yuv422p10le"}
# What no FFmpeg at hand can make, or only from pictures of text.
UNMADE = {"vc1", "wmv3", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "dvb_teletext"}
SOON = ["-preset:v", "ultrafast"]


def run(engine: Engine, *args: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [engine.ffmpeg, "-v", "error", "-nostdin", "-y", *args]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def make(engine: Engine, codec: str, folder: Path) -> Path | None:
    """A tiny file of one stream of *codec*; None where this FFmpeg cannot make one."""
    folder = folder / "made"
    folder.mkdir(exist_ok=True)
    kind = CODECS[codec].kind
    encoder = COPIED.get(codec) or encoders_for(codec)[-1].name
    target = folder / f"{codec}.nut"
    if kind == "subtitle":
        text = folder / "text.srt"
        text.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n", encoding="utf-8")
        target = folder / f"{codec}.{'mp4' if codec == 'mov_text' else 'mkv'}"
        done = run(engine, "-i", text, "-c:s", encoder, target)
    elif kind == "audio":
        # Matroska knows more of a stream than NUT, but it does not take all of them.
        target = folder / f"{codec}.mka" if codec in CONTAINERS["mka"].audio else target
        noise = ["-f", "lavfi", "-i", "anoisesrc=r=48000:d=1", "-ac", "2"]
        done = run(engine, *noise, "-c:a", encoder, "-strict", "-2", target)
    else:
        known = encoders_for(codec)
        fmt = next(iter(known[0].pix_fmts if known else ()), PIX_FMTS.get(codec, "yuv420p"))
        source = f"testsrc2=s={SIZES.get(codec, '64x64')}:r=25:d=0.2"
        fast = SOON if encoder in ("libx264", "libx265") else ["-cpu-used:v", "8"] if encoder == "libaom-av1" else []
        if codec == "webp":
            target = folder / "webp.webp"
            fast = ["-frames:v", "1"]
        done = run(engine, "-f", "lavfi", "-i", source, "-pix_fmt", fmt, "-c:v", encoder, *fast, target)
    return target if done.returncode == 0 else None


def mux(engine: Engine, source: Path, codec: str, container: Container, folder: Path) -> str | None:
    """The codec that is read back after copying *source*; None where it could not be written."""
    target = folder / f"{codec}.{container.suffixes[0]}"
    tag = ["-tag", container.tags[codec]] if codec in container.tags else []
    options = [text for name, value in container.options for text in (f"-{name}", value)]
    one = ["-frames:v", "1"] if container.still else []
    done = run(engine, "-i", source, "-map", "0", "-c", "copy", *tag, *one, *options, "-f", container.muxer, target)
    if done.returncode or not target.stat().st_size:
        return None
    with av.open(str(target), format=container.demuxer, metadata_errors="replace") as found:
        return found.streams[0].codec_context.codec.canonical_name if found.streams else None


@pytest.mark.parametrize("codec", sorted({c for t in CONTAINERS.values() for c in (*t.video, *t.audio, *t.subtitles)}))
def test_every_codec_of_the_table_is_muxed_and_read_back(engine: Engine, codec: str, tmp_path: Path) -> None:
    if codec in UNMADE:
        pytest.skip(f"there is no encoder for {codec}")
    source = make(engine, codec, tmp_path)
    if source is None:
        pytest.skip(f"this FFmpeg cannot encode {codec}")
    for container in CONTAINERS.values():
        if codec in (*container.video, *container.audio, *container.subtitles):
            got = mux(engine, source, codec, container, tmp_path)
            assert got == codec, f"{codec} in {container.name}: {got}"


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("aac", "webm"), ("h264", "webm"), ("vp8", "mp4"), ("subrip", "mp4"), ("mov_text", "mkv"), ("opus", "mp3"),
        ("pcm_s16le", "flac"), ("vorbis", "aac"), ("prores", "mp4"), ("opus", "mov"), ("flac", "m4a"), ("h264", "gif"),
        ("webvtt", "mov"), ("flac", "webm"), ("mp3", "ogg"),
    ],
)  # fmt: skip
def test_what_the_table_refuses_fails(engine: Engine, codec: str, container: str, tmp_path: Path) -> None:
    refused = CONTAINERS[container]
    assert not refused.takes(CODECS[codec].kind, codec)
    source = make(engine, codec, tmp_path)
    assert source is not None
    assert mux(engine, source, codec, refused, tmp_path) is None


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=lambda c: c.name)
def test_defaults_can_be_encoded(container: Container) -> None:
    for codec in (container.default_video, container.default_audio):
        assert codec is None or encoders_for(codec)
    assert container.default_video or container.default_audio
    assert container.audio_only == (container.default_video is None)


@pytest.mark.parametrize("container", [c for c in CONTAINERS.values() if c.chapters], ids=lambda c: c.name)
def test_chapters_are_kept(engine: Engine, container: Container, tmp_path: Path) -> None:
    chapters = tmp_path / "chapters.txt"
    marks = "".join(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={n * 500}\nEND={n * 500 + 500}\ntitle=c{n}\n" for n in (0, 1))
    chapters.write_text(";FFMETADATA1\n" + marks, encoding="utf-8")
    codec = encoders_for(container.default_audio or "")[0].name
    target = tmp_path / f"out.{container.suffixes[0]}"
    inputs: list[str | Path] = ["-f", "lavfi", "-i", "anoisesrc=d=1:r=48000", "-i", chapters, "-map_chapters", "1"]
    done = run(engine, *inputs, "-c:a", codec, "-f", container.muxer, target)
    assert done.returncode == 0, done.stderr
    with av.open(str(target)) as found:
        assert len(found.chapters()) == 2


@pytest.mark.parametrize("container", [c for c in CONTAINERS.values() if c.cover], ids=lambda c: c.name)
def test_covers_are_kept(engine: Engine, container: Container, tmp_path: Path) -> None:
    cover, target = tmp_path / "cover.jpg", tmp_path / f"out.{container.suffixes[0]}"
    assert run(engine, "-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", cover).returncode == 0
    codec = encoders_for(container.default_audio or "")[0].name
    inputs: list[str | Path] = ["-f", "lavfi", "-i", "anoisesrc=d=1:r=48000", "-i", cover, "-map", "0", "-map", "1"]
    how = ["-c:a", codec, "-c:v", "copy", "-disposition:v:0", "attached_pic"]
    done = run(engine, *inputs, *how, "-f", container.muxer, target)
    assert done.returncode == 0, done.stderr
    with av.open(str(target)) as found:
        assert [bool(s.disposition & av.stream.Disposition.attached_pic) for s in found.streams.video] == [True]


@pytest.mark.parametrize(
    ("destination", "format_", "name"),
    [
        ("a.mp4", None, "mp4"), ("a/b.M4V", None, "mp4"), ("a.tar.mkv", None, "mkv"), ("a", "matroska", "mkv"),
        ("a.mp4", "mkv", "mkv"), ("a.mp3", "m4v", "mp4"), ("https://h/x.webm?sig=a.b/c.mp4", None, "webm"),
        ("https://h/x.webm?sig=1", None, "webm"), ("x.xyz", None, None), ("mp4", None, None), (".mp4", None, None),
        ("what?.mp4", None, "mp4"), ("x", "mp5", None), ("x.jpeg", None, "jpg"), ("", None, None),
    ],
)  # fmt: skip
def test_container_for(destination: str, format_: str | None, name: str | None) -> None:
    found = container_for(destination, format_)
    assert (found.name if found else None) == name


def test_suffixes_belong_to_one_container() -> None:
    suffixes = [suffix for container in CONTAINERS.values() for suffix in container.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix_of(f"x.{suffix.upper()}") == suffix for suffix in suffixes)


@pytest.mark.parametrize(
    ("destination", "format_", "path", "hint"),
    [
        ("x.xyz", None, "/outputs/0/destination", "known are mp4"),
        ("x", None, "/outputs/0/destination", "known are mp4"),
        ("x.mp4", "webmm", "/outputs/0/format", 'did you mean "webm"?'),
    ],
)
def test_unknown_containers_are_explained(destination: str, format_: str | None, path: str, hint: str) -> None:
    problems = Problems()
    assert require_container(destination, format_, "/outputs/0", problems) is None
    (problem,) = problems
    assert (problem.path, problem.code) == (path, "unknown-container")
    assert hint in (problem.hint or "")


def test_formats_of_inputs_are_demuxers(engine: Engine) -> None:
    said = subprocess.run(
        [engine.ffmpeg, "-hide_banner", "-demuxers"], capture_output=True, text=True, check=True
    ).stdout
    known = {name for line in said.splitlines() if line[:3].strip() == "D" for name in line.split()[1].split(",")}
    assert {demuxer_for(name) for name in input_formats()} <= known
    assert demuxer_for("matroska") == "matroska"
    assert demuxer_for("concat") is None
