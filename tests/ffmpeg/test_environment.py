from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment


def test_nothing_of_the_host_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FFREPORT", "http_proxy", "AV_LOG_FORCE_COLOR", "FFMPEG_DATADIR", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "host")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/ffmpeg/lib")
    child = environment(tmp_path)
    assert "host" not in child.values()
    assert child["LD_LIBRARY_PATH"] == "/opt/ffmpeg/lib"
    assert (child["HOME"], child["TMPDIR"], child["LC_ALL"]) == (str(tmp_path), str(tmp_path), "C.UTF-8")


def test_a_report_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    report = tmp_path / "report.log"
    monkeypatch.setenv("FFREPORT", f"file={report}")
    subprocess.run([engine.ffmpeg, "-version"], env=environment(tmp_path), stdin=subprocess.DEVNULL, check=True)
    assert not report.exists()
