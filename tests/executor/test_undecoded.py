"""Damaged media where what the decoder says has lost its tag, as happens where several threads print."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.errors import ExecutionError
from mediapipeline.executor.log import undecoded
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.testing import make_clip
from outcomes import ffmpeg
from planning import job, op

STATISTICS = "[in#0/mov @ 0x1] [verbose]   Input stream #0:{} ({}): 20 packets read (9 bytes); 19 frames decoded"


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([STATISTICS.format(0, "video") + "; 1 decode errors; "], 1),
        ([STATISTICS.format(at, kind) + "; 2 decode errors; " for at, kind in enumerate(("video", "audio"))], 4),
        ([STATISTICS.format(0, "video") + "; 0 decode errors; "], 0),
        ([STATISTICS.format(0, "video") + "; "], 0),
        (["[info]     title           : Input stream #0:0 (video): 1 packets read; 7 decode errors"], 0),
    ],
)
def test_the_count(lines: list[str], count: int) -> None:
    assert undecoded("\n".join(lines)) == count


def damaged(folder: Path, engine: Engine) -> None:
    """A clip of PNG, one picture of which cannot be decoded."""
    clip = folder / "in.mkv"
    source = make_clip(folder / "source.mp4", duration="2s", rate=10, size=(64, 48), audio_codec=None)
    ffmpeg(engine, "-i", str(source), "-c:v", "png", "-bitexact", str(clip))
    source.unlink()
    data = bytearray(clip.read_bytes())
    at = -1
    for _ in range(8):
        at = data.index(b"\x89PNG", at + 1)
    data[at + 16 : at + 40] = b"\xff" * 24
    clip.write_bytes(data)


def without_tags(folder: Path, engine: Engine) -> Path:
    """The same FFmpeg, whose errors have the tag of another line."""
    script = folder / "ffmpeg"
    tag = r"s/^(\[[^]]* @ [^]]*\] )*\[(error|warning)\] /[verbose] /"
    # A pipeline: what is written last is not lost when FFmpeg ends before `sed` does.
    told = f"{shlex.quote(str(engine.ffmpeg))} \"$@\" 2>&1 1>&3 | sed -E '{tag}' >&2\n"
    script.write_text("#!/bin/bash\nexec 3>&1\n" + told + 'exit "${PIPESTATUS[0]}"\n')
    script.chmod(0o755)
    return script


def test_what_was_not_decoded_is_told_by_its_count(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, engine: Engine
) -> None:
    damaged(tmp_path, engine)
    silent = without_tags(tmp_path_factory.mktemp("bin"), engine)
    if "decode errors" not in _log(engine, tmp_path / "in.mkv"):
        pytest.skip("this FFmpeg does not count, and its decoders are no threads")
    codec = {"video": {"codec": "ffv1"}}
    outputs = {"out": {"destination": "o.mkv", "codec": codec}}
    document = job(op("hflip", "in", "out"), inputs={"in": "in.mkv"}, outputs=outputs)
    plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(document)
    with pytest.raises(ExecutionError, match=r"damaged.*1 packet could not be decoded"):
        Executor(base_dir=tmp_path, ffmpeg=silent, fail_on_decode_errors=True).run(plan)
    assert not (tmp_path / "o.mkv").exists()
    result = Executor(base_dir=tmp_path, ffmpeg=silent).run(plan)
    assert result.warnings == ("1 packet could not be decoded",)


def _log(engine: Engine, clip: Path) -> str:
    argv = [str(engine.ffmpeg), "-nostdin", "-loglevel", "level+verbose", "-i", str(clip), "-f", "null", "-"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stderr
