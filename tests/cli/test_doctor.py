from __future__ import annotations

import json
import os
import sys

import pytest

from mediapipeline.cli import main
from mediapipeline.cli.doctor import _cannot_encode
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.operators.registry import default_registry


def test_every_ffmpeg_can_run_jobs(engine, capsys):
    assert main(["doctor", "--ffmpeg", str(engine.ffmpeg)]) == 0
    out = capsys.readouterr().out
    assert f"{engine.ffmpeg}, named by --ffmpeg" in out
    assert out.endswith("A job can run.\n")
    assert all(name in out for name in default_registry())


def test_json(default_engine, capsys, monkeypatch):
    monkeypatch.setenv("MEDIAPIPELINE_FFMPEG", str(default_engine.ffmpeg))
    assert main(["doctor", "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["ready"] is True
    assert facts["ffmpeg"]["origin"] == "environment"
    assert facts["ffmpeg"]["places"]["MEDIAPIPELINE_FFMPEG"] == str(default_engine.ffmpeg)
    assert list(facts["operators"]) == list(default_registry())


def test_no_ffmpeg_is_1_and_says_where_it_looked(cli, tmp_path):
    done = cli("doctor", env={"PATH": str(tmp_path), "MEDIAPIPELINE_FFMPEG": "/no/such/ffmpeg"})
    assert done.returncode == 1
    assert "MEDIAPIPELINE_FFMPEG: '/no/such/ffmpeg' does not exist" in done.stdout
    assert "PATH: no ffmpeg" in done.stdout
    assert done.stdout.endswith("No job can run here.\n")


def test_a_program_that_is_no_ffmpeg(capsys):
    assert main(["doctor", "--ffmpeg", sys.executable]) == 1
    assert "does not answer" in capsys.readouterr().out


def test_a_cache_that_cannot_be_written_is_told(capsys, monkeypatch, default_engine):
    monkeypatch.setenv("MEDIAPIPELINE_CACHE_DIR", f"{os.devnull}/cache")
    assert main(["doctor", "--ffmpeg", str(default_engine.ffmpeg)]) == 0
    assert "cannot be written" in capsys.readouterr().out


def test_operators_that_cannot_be_loaded_are_told(cli, tmp_path):
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mediapipeline.operators]\nacme.broken = acme_is_not_there:Broken\n")
    done = cli("doctor", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0
    assert "acme.broken cannot be loaded" in done.stdout
    assert "acme_is_not_there" in done.stdout


@pytest.mark.parametrize("codec", ["libx264", "libmp3lame"])
def test_encoders_that_a_build_lacks_are_told(codec):
    full = Capabilities.assume("9.0")
    assert _cannot_encode(full) == []
    without = Capabilities(encoders=frozenset({"aac", "libvpx-vp9"}))
    assert any(codec in line for line in _cannot_encode(without))
    assert not any(line.startswith(("aac ", "vp9 ")) for line in _cannot_encode(without))
