from __future__ import annotations

import importlib.machinery
import sys
from pathlib import Path

import pytest

from mediapipeline.errors import FFmpegNotFoundError
from mediapipeline.ffmpeg.binary import ENVIRONMENT_VARIABLE, find_ffmpeg


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No FFmpeg anywhere."""
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexit 1\n")  # it is never started
    path.chmod(0o755)
    return path


def _wheel(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "imageio_ffmpeg").mkdir(parents=True)
    (folder / "imageio_ffmpeg" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.delitem(sys.modules, "imageio_ffmpeg")
    monkeypatch.setattr(sys, "path", [str(folder)])
    importlib.machinery.PathFinder.invalidate_caches()


def test_what_is_named_goes_before_the_environment_path_and_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _wheel(monkeypatch, tmp_path / "site")
    wheel = _program(tmp_path / "site" / "imageio_ffmpeg" / "binaries" / "ffmpeg-linux-x86_64-v9.0")
    found = find_ffmpeg()
    assert (found.ffmpeg, found.ffprobe, found.origin) == (wheel, None, "wheel")

    on_path = _program(tmp_path / "path" / "ffmpeg")
    found = find_ffmpeg()
    assert (found.ffmpeg, found.origin) == (on_path, "path")

    of_environment = _program(tmp_path / "env" / "my-ffmpeg")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(of_environment))
    found = find_ffmpeg()
    assert (found.ffmpeg, found.origin) == (of_environment, "environment")

    named = _program(tmp_path / "named" / "ffmpeg")
    found = find_ffmpeg(named)
    assert (found.ffmpeg, found.origin) == (named, "explicit")
    assert find_ffmpeg("ffmpeg").ffmpeg == on_path


def test_a_program_in_the_wheel_must_be_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _wheel(monkeypatch, tmp_path / "site")
    folder = tmp_path / "site" / "imageio_ffmpeg" / "binaries"
    _program(folder / "ffmpeg-linux-x86_64-v9.0").chmod(0o644)
    with pytest.raises(FFmpegNotFoundError, match=f"the wheel imageio-ffmpeg: no program in {folder}"):
        find_ffmpeg()


def test_the_ffprobe_of_the_same_folder_is_taken(tmp_path: Path) -> None:
    ffmpeg, ffprobe = _program(tmp_path / "a" / "ffmpeg"), _program(tmp_path / "a" / "ffprobe")
    _program(tmp_path / "path" / "ffprobe")
    assert find_ffmpeg(ffmpeg).ffprobe == ffprobe
    versioned, its = _program(tmp_path / "a" / "ffmpeg-7.1"), _program(tmp_path / "a" / "ffprobe-7.1")
    assert find_ffmpeg(versioned).ffprobe == its


def test_the_ffprobe_of_path_belongs_to_the_ffmpeg_of_path_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, on_path = _program(tmp_path / "a" / "ffmpeg"), _program(tmp_path / "path" / "ffmpeg")
    ffprobe = _program(tmp_path / "later" / "ffprobe")
    monkeypatch.setenv("PATH", f"{on_path.parent}:{ffprobe.parent}")
    assert find_ffmpeg().ffprobe == ffprobe
    assert find_ffmpeg(named).ffprobe is None


def test_a_link_leads_to_the_ffprobe_beside_its_target(tmp_path: Path) -> None:
    target, ffprobe = _program(tmp_path / "real" / "ffmpeg"), _program(tmp_path / "real" / "ffprobe")
    link = tmp_path / "ffmpeg"
    link.symlink_to(target)
    found = find_ffmpeg(link)
    assert (found.ffmpeg, found.ffprobe) == (link, ffprobe)


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _program(tmp_path / "a" / "ffmpeg")
    monkeypatch.chdir(tmp_path)
    assert find_ffmpeg("a/ffmpeg").ffmpeg == program


def test_where_there_is_none_every_place_is_listed(tmp_path: Path) -> None:
    with pytest.raises(FFmpegNotFoundError) as caught:
        find_ffmpeg()
    text = str(caught.value)
    assert f"{ENVIRONMENT_VARIABLE}: not set" in text
    assert f"PATH: no ffmpeg in {tmp_path / 'path'}" in text
    assert "the wheel imageio-ffmpeg: not installed" in text
    assert 'pip install "mediapipeline[ffmpeg]"' in text


def test_nothing_else_is_taken_for_what_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "path" / "ffmpeg")
    plain = tmp_path / "plain"
    plain.write_text("")
    for name, why in {
        str(tmp_path / "none"): "does not exist",
        "ffmpeg-none": "is not on PATH",
        str(tmp_path): "is a folder",
        str(plain): "is not executable",
    }.items():
        with pytest.raises(FFmpegNotFoundError, match=why):
            find_ffmpeg(name)
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, name)
        with pytest.raises(FFmpegNotFoundError, match=f"{ENVIRONMENT_VARIABLE}: .*{why}"):
            find_ffmpeg()
