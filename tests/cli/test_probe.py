from __future__ import annotations

import json
import os

from mediapipeline.cli import main
from mediapipeline.ffmpeg.probe import default_prober
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.values import from_dict
from mediapipeline.testing.media import make_clip


def test_text(tmp_path, capsys, default_engine):
    clip = make_clip(
        tmp_path / "a.mov", audio=["stereo"], rotation=90, rate="30000/1001",
        metadata={"title": "a\x1b[31mb"},
    )  # fmt: skip
    assert main(["probe", str(clip), "--ffmpeg", str(default_engine.ffmpeg)]) == 0
    name, whole, *rest = capsys.readouterr().out.splitlines()
    assert name == str(clip)
    assert f"{clip.stat().st_size} bytes" in whole
    assert rest[0].startswith("  0 video")
    assert "48x64" in rest[0]
    assert "rotated 90 degrees" in rest[0]
    assert "30000/1001 fps" in rest[0]
    assert rest[1].startswith("  1 audio")
    assert "48000 Hz, stereo" in rest[1]
    assert r"  title: a\x1b[31mb" in rest


def test_languages_and_chapters(tmp_path, capsys):
    clip = make_clip(
        tmp_path / "a.mkv", audio=1, languages=["deu"], chapters=[("0s", "1/2s", "one"), ("1/2s", "1s", "two")]
    )
    assert main(["probe", str(clip)]) == 0
    out = capsys.readouterr().out
    assert "  2 chapters\n" in out
    assert ", deu" in out


def test_json_is_what_the_prober_found(tmp_path, capsys, default_engine):
    clip = make_clip(tmp_path / "a.mp4", audio=1)
    assert main(["probe", str(clip), "--format", "json", "--ffmpeg", str(default_engine.ffmpeg)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["file"] == str(clip)
    assert from_dict(MediaInfo, found["media"]) == default_prober(default_engine).probe(clip)


def test_one_file_that_cannot_be_read_does_not_hide_the_others(tmp_path, capsys):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"not media")
    good = make_clip(tmp_path / "good.mp4")
    assert main(["probe", str(bad), str(tmp_path / "none.mp4"), str(good)]) == 1
    said = capsys.readouterr()
    assert str(good) in said.out
    assert [line.partition(": ")[0] for line in said.err.splitlines()] == [str(bad), str(tmp_path / "none.mp4")]
    assert main(["probe", str(bad), str(good), "--format", "json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["error"]["type"] == "ProbeError"
    assert second["media"]["video"]["width"] == 64


def test_a_still(tmp_path, capsys):
    make_clip(tmp_path / "a.png", pix_fmt="rgb24")
    assert main(["probe", str(tmp_path / "a.png")]) == 0
    assert "one picture" in capsys.readouterr().out


def test_an_ffmpeg_that_was_named_must_be_there(tmp_path, capsys):
    clip = make_clip(tmp_path / "a.mp4")
    assert main(["probe", str(clip), "--ffmpeg", os.devnull]) == 1
    assert "no FFmpeg was found" in capsys.readouterr().err
