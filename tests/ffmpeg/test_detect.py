from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from mediapipeline.errors import EngineError, FFmpegNotFoundError
from mediapipeline.ffmpeg import detect
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.detect import CACHE_VARIABLE, cache_folder, capabilities


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache on disk, and an empty memory."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    monkeypatch.setattr(detect, "_known", {})
    return folder


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "_known", {})


def _script(path: Path, body: str) -> Engine:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return Engine(ffmpeg=path, ffprobe=None, origin="explicit")


def test_a_real_build_is_understood(engine: Engine) -> None:
    build = capabilities(engine)
    assert build.version is not None
    assert build.version >= (5, 1)
    assert ".".join(map(str, build.version)) in build.version_text
    assert len(build.build) == 16
    everywhere = [
        "filter:scale", "filter:abuffersink", "filter:xfade", "timeline:overlay", "encoder:libx264", "encoder:mov_text",
        "decoder:h264", "decoder:pgssub", "muxer:mp4", "muxer:null", "demuxer:mov", "demuxer:mj2", "demuxer:concat",
        "protocol:file", "option:map", "option:fps_mode", "option:stats_period", "option:filter_complex",
    ]  # fmt: skip
    assert build.missing(everywhere) == ()
    nowhere = [
        "filter:T", "filter:A", "timeline:scale", "encoder:=", "encoder:h264_nothing", "decoder:V.....", "muxer:--",
        "muxer:concat", "demuxer:null", "demuxer:D.", "protocol:Input:", "option:hide",
        "demuxer:mov,mp4,m4a,3gp,3g2,mj2",
    ]  # fmt: skip
    assert build.missing(nowhere) == tuple(nowhere)
    assert build.has("option:/filter_complex") == (build.version >= (7, 0))
    assert build.has("option:filter_complex_script") == (build.version < (8, 0))


def test_the_second_time_the_answer_comes_from_disk(
    engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = capabilities(engine)
    (file,) = cache.iterdir()
    data = json.loads(file.read_text())
    file.write_text(json.dumps(data | {"version_text": "from the cache"}))
    assert capabilities(engine) is asked
    _forget(monkeypatch)
    assert capabilities(engine).version_text == "from the cache"


def _answering(path: Path, version: str) -> Engine:
    """Something that answers as FFmpeg does, and counts how often it is asked for its banner."""
    return _script(
        path,
        f"""
        case "$*" in
            -protocols) echo asked >>"{path}.log"; echo "ffmpeg version {version} Copyright" >&2; echo "  file" ;;
            *-filters) echo " T.. overlay           VV->V      Overlay." ;;
            *-encoders) printf ' V..... = Video\\n ------\\n V....D libx264   H.264\\n' ;;
            */filter_complex*) exit 1 ;;
        esac""",
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5.1.9-0+deb12u1", (5, 1, 9)), ("7.0.2-static", (7, 0, 2)), ("n9.0.2-17-g2a571b6068-20260930", (9, 0, 2)),
        ("8.0", (8, 0)), ("N-109542-g25d0fb7", None), ("git-2020-01-01-abc", None), ("2024-05-02-git-71669f2ad5", None),
    ],
)  # fmt: skip
def test_versions(text: str, numbers: tuple[int, ...] | None, tmp_path: Path) -> None:
    build = capabilities(_answering(tmp_path / "ffmpeg", text))
    assert (build.version_text, build.version) == (text, numbers)
    names = build.to_dict()
    assert (names["filters"], names["timeline"], names["encoders"]) == (["overlay"], ["overlay"], ["libx264"])
    assert (names["protocols"], names["options"]) == (["file"], [])


def test_a_changed_binary_is_asked_again(tmp_path: Path, cache: Path) -> None:
    program = tmp_path / "ffmpeg"
    assert capabilities(_answering(program, "6.0")).version == (6, 0)
    assert capabilities(_answering(program, "6.1.1")).version == (6, 1, 1)
    os.utime(program, ns=(0, 0))
    assert capabilities(Engine(ffmpeg=program, ffprobe=None, origin="path")).version == (6, 1, 1)
    assert (tmp_path / "ffmpeg.log").read_text().count("asked") == 3
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"version": 5}', b"\xff\xfe", b"[" * 100_000])
def test_a_corrupt_cache_is_made_anew(
    content: bytes, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mediapipeline")
    build = _answering(tmp_path / "ffmpeg", "6.0")
    expected = capabilities(build)
    (file,) = cache.iterdir()
    file.write_bytes(content)
    _forget(monkeypatch)
    assert capabilities(build) == expected
    assert "is not used" in caplog.text
    _forget(monkeypatch)
    assert capabilities(build) == expected
    assert (tmp_path / "ffmpeg.log").read_text().count("asked") == 2


def test_a_cache_that_can_not_be_written_does_no_harm(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mediapipeline")
    cache.write_text("a file where the folder should be")
    assert capabilities(_answering(tmp_path / "ffmpeg", "6.0")).version == (6, 0)
    assert "are not cached" in caplog.text


def test_nothing_half_written_is_left(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capabilities(_answering(tmp_path / "ffmpeg", "6.0"))
    (file,) = cache.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    program = tmp_path / "ffmpeg"
    _forget(monkeypatch)
    file.unlink()
    file.mkdir()  # now nothing can be renamed to this name
    capabilities(Engine(ffmpeg=program, ffprobe=None, origin="explicit"))
    assert list(cache.iterdir()) == [file]


def test_the_folder_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "mediapipeline"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(detect.sys, "platform", "linux")
    assert cache_folder() == tmp_path / "home" / ".cache" / "mediapipeline"
    monkeypatch.setattr(detect.sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "home" / "Library" / "Caches" / "mediapipeline"


def test_what_is_no_ffmpeg_is_an_error(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match=r"failed with exit code 3: it is broken"):
        capabilities(_script(tmp_path / "broken", "echo it is broken >&2; exit 3"))
    with pytest.raises(EngineError, match="does not answer as FFmpeg does"):
        capabilities(_script(tmp_path / "other", "echo hello"))
    with pytest.raises(EngineError, match="can't be used"):
        capabilities(Engine(ffmpeg=tmp_path / "none", ffprobe=None, origin="explicit"))
    plain = tmp_path / "plain"
    plain.write_bytes(b"\x7fELF nonsense")
    plain.chmod(0o755)
    with pytest.raises(EngineError, match="start"):
        capabilities(Engine(ffmpeg=plain, ffprobe=None, origin="explicit"))
    monkeypatch.setattr(detect, "_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(EngineError, match=r"did not answer within 0\.2 s"):
        capabilities(_script(tmp_path / "hung", "exec sleep 60"))
    assert not cache.exists()
    assert issubclass(FFmpegNotFoundError, EngineError)


def test_no_report_is_written(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFREPORT", f"file={tmp_path / 'report'}")
    capabilities(engine)
    assert not (tmp_path / "report").exists()
