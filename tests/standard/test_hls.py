"""``hls``: what is in the folder, that it plays, and what cannot be packaged."""

from __future__ import annotations

import json
import os
import re
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.errors import OutputError
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps.hls import read_playlist
from mediapipeline.testing import clip_info, make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op, plan, problems, step


def package(*, rungs: int = 2, destination: str = "out/", codec: Any = None, **params: Any) -> dict[str, Any]:
    sizes = [op("scale", "in", f"s{n}", width=64 // 2**n, height=-1) for n in range(1, rungs)]
    clips = ["in", *(f"s{n}" for n in range(1, rungs))]
    fields = {"destination": destination} | ({} if codec is None else {"codec": codec})
    return job(*sizes, op("hls", clips, "t", **params), outputs={"t": fields})


@pytest.mark.parametrize(
    ("document", "clip", "path", "code"),
    [
        (package(destination="out.mp4"), {}, "/outputs/0/destination", "several-files"),
        (package(rungs=1, destination="out.mp4"), {"audio": 0}, "/outputs/0/destination", "several-files"),
        (package(codec={"video": "vp9"}), {}, "/outputs/0/codec/video", "codec-container"),
        (package(codec={"video": {"codec": "h264", "bitrate": "1M", "two_pass": True}}), {},
         "/outputs/0/codec/video/two_pass", "not-allowed"),
        (package(segment="0.5s"), {}, "/operations/1/params/segment", "out-of-range"),
        (package(rungs=1), {"size": None}, "/operations/0", "wrong-media"),
        (package(), {"vfr": True}, "/operations/1", "unsupported-rate"),
    ],
)  # fmt: skip
def test_what_cannot_be_packaged(document, clip, path, code):
    found = problems(document, {"in.mp4": clip_info(**{"size": (64, 48), **clip})})
    assert {(p.path, p.code) for p in found} == {(path, code)}


def test_a_format_is_not_the_jobs_to_say():
    document = package()
    document["outputs"][0]["format"] = "mp4"
    (found,) = problems(document, {"in.mp4": clip_info(size=(64, 48))})
    assert (found.path, found.code) == ("/outputs/0/format", "not-allowed")


def test_clips_show_the_same():
    document = job(op("trim", "in", "part", end="3s"), op("hls", ["in", "part"], "t"), outputs={"t": "out/"})
    (found,) = problems(document)
    assert found.code == "different-lengths"


def test_one_decode_and_one_encoding_of_the_sound():
    made = plan(package(rungs=3), {"in.mp4": clip_info(size=(64, 48))})
    write, playlist = made.steps
    assert len(step(made).command.inputs) == 1
    assert len(step(made).command.outputs) == 4
    assert playlist.needs == (write.id,)
    assert made.output("t").step == playlist.id
    assert ProcessingPlan.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_how_picture_and_sound_are_coded_is_said_once_for_all_files():
    codec = {"video": {"codec": "libx264", "crf": 30}, "audio": {"codec": "aac", "bitrate": "96k"}}
    made = plan(package(codec=codec), {"in.mp4": clip_info(size=(64, 48), audio=1)})
    asked = [dict(output.options) for output in step(made).command.outputs]
    assert [(options.get("crf:0"), options.get("b:0")) for options in asked] == [("30", None)] * 2 + [(None, "96000")]
    found = problems(package(codec=codec), {"in.mp4": clip_info(size=(64, 48), audio=0)})
    assert {(p.path, p.code) for p in found} == {("/outputs/0/codec/audio", "no-such-stream")}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    make_clip(tmp_path / "in.mp4", duration="5s", video_codec="libx264", gop=250, audio=1, size=(64, 48))
    return tmp_path


def _frames(engine: Engine, file: Path) -> list[tuple[float, str]]:
    """Time and type of each decoded picture."""
    text = ffmpeg_log(engine, file)
    return [(float(t), kind) for t, kind in re.findall(r" pts_time:([0-9.-]+) .* type:([IPB])", text)]


def ffmpeg_log(engine: Engine, file: Path) -> str:
    command = [str(engine.ffmpeg), "-hide_banner", "-nostdin", "-i", str(file), "-vf", "showinfo", "-f", "null", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stderr


@pytest.mark.parametrize("segment_type", ["fmp4", "ts"])
def test_every_picture_is_whole_and_every_segment_begins_with_a_key_frame(
    segment_type: str, clip: Path, engine: Engine, default_engine: Engine
) -> None:
    if segment_type == "ts" and "7.0" in str(engine.ffmpeg):
        pytest.skip("the static build of 7.0 crashes when it reads a transport stream")
    _, result = plan_and_run(package(segment="2s", segment_type=segment_type), clip, engine)
    folder = clip / "out"
    for name, size in (("video-1_", (64, 48)), ("video-2_", (32, 24))):
        playlist = read_playlist((folder / f"{name}.m3u8").read_text(encoding="utf-8"))
        assert [segment.duration for segment in playlist.segments] == [2, 2, 1]
        joined = clip / "joined"
        joined.write_bytes(b"".join((folder / each).read_bytes() for each in playlist.names))
        frames = _frames(default_engine, joined)
        assert len(frames) == 125
        begin = frames[0][0]
        assert [kind for time, kind in frames if round(time - begin, 3) in (0, 2, 4)] == ["I", "I", "I"]
        for segment in playlist.segments:
            head = b"" if playlist.init is None else (folder / playlist.init).read_bytes()
            joined.write_bytes(head + (folder / segment.name).read_bytes())
            assert _frames(default_engine, joined)[0][1] == "I"
        joined.unlink()
        media = next(file.media for file in result.outputs["t"].files if file.name == f"{name}.m3u8")
        assert media.video is not None
        assert (media.video.width, media.video.height) == size
    medias = [file.media for file in result.outputs["t"].files]
    starts = [stream.start or Fraction(0) for media in medias for stream in media.streams]
    assert max(starts) - min(starts) < Fraction(1, 30), "picture and sound begin together, but for the encoder's delay"
    master = (folder / "master.m3u8").read_text(encoding="utf-8")
    assert re.findall(r"RESOLUTION=(\d+x\d+)", master) == ["64x48", "32x24"]
    assert re.findall(r'CODECS="avc1\.64[0-9a-f]{4},mp4a\.40\.2"', master) != []
    sound = read_playlist((folder / "audio_.m3u8").read_text(encoding="utf-8"))
    assert abs(sound.duration - 5) < Fraction(1, 20)


def test_a_player_reads_it(clip: Path, engine: Engine) -> None:
    plan_and_run(package(segment="2s"), clip, engine)
    out = ffmpeg(
        engine, "-protocol_whitelist", "file", "-i", str(clip / "out" / "master.m3u8"), "-map", "0:v:0", "-f",
        "framehash", "-",
    )  # fmt: skip
    assert len([line for line in out.splitlines() if not line.startswith(b"#")]) == 125


def test_the_folder_is_whole_or_not_there(clip: Path, engine: Engine) -> None:
    planned = Planner(base_dir=clip, ffmpeg=engine.ffmpeg).plan(package(segment="2s"))
    executor = Executor(base_dir=clip, ffmpeg=engine.ffmpeg)
    executor.run(planned)
    with pytest.raises(OutputError, match="exists already"):
        executor.run(planned)
    (clip / "out" / "video-1_9.m4s").write_bytes(b"of an earlier run")
    executor.run(planned, overwrite=True)
    assert not (clip / "out" / "video-1_9.m4s").exists()
    assert sorted(path.name for path in clip.iterdir()) == ["in.mp4", "out"]


def test_silent_clips_have_no_sound(tmp_path: Path, engine: Engine) -> None:
    make_clip(tmp_path / "in.mp4", duration="2s", video_codec="libx264", size=(64, 48))
    plan_and_run(package(rungs=1, segment="1s"), tmp_path, engine)
    assert "AUDIO" not in (tmp_path / "out" / "master.m3u8").read_text(encoding="utf-8")


def test_a_script_makes_the_same(clip: Path, engine: Engine) -> None:
    planned = Planner(base_dir=clip, ffmpeg=engine.ffmpeg).plan(package(segment="2s"))
    Executor(base_dir=clip, ffmpeg=engine.ffmpeg).run(planned)
    (clip / "out").rename(clip / "ours")
    (clip / "bin").mkdir()
    (clip / "bin" / "ffmpeg").symlink_to(engine.ffmpeg)
    env = {"PATH": f"{clip / 'bin'}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", planned.to_shell()], cwd=clip, env=env, check=True, timeout=120, capture_output=True)
    assert sorted(p.name for p in (clip / "out").iterdir()) == sorted(p.name for p in (clip / "ours").iterdir())
    masters = [(clip / name / "master.m3u8").read_text(encoding="utf-8") for name in ("out", "ours")]
    assert [re.sub(r"BANDWIDTH=\d+", "", each) for each in masters] == [re.sub(r"BANDWIDTH=\d+", "", masters[0])] * 2


def test_a_percent_sign_is_never_a_pattern(tmp_path: Path, default_engine: Engine) -> None:
    folder = tmp_path / "100%d"
    folder.mkdir()
    make_clip(folder / "in.mp4", duration="1s", video_codec="libx264", size=(64, 48))
    planned = Planner(base_dir=folder, ffmpeg=default_engine.ffmpeg).plan(package(rungs=1))
    with pytest.raises(OutputError, match="percent sign"):
        Executor(base_dir=folder, ffmpeg=default_engine.ffmpeg).run(planned)
    assert [path.name for path in folder.iterdir()] == ["in.mp4"]


def test_sound_of_a_transport_stream_is_copied(tmp_path: Path, engine: Engine) -> None:
    """Its packets say by themselves how they are coded; in fragments of MP4 that is said once."""
    make_clip(tmp_path / "in.ts", audio=1, audio_codec="aac", duration="2s", video_codec="libx264")
    document = job(op("hls", ["in"], "t", segment="1s"), inputs={"in": "in.ts"}, outputs={"t": "out/"})
    plan, _ = plan_and_run(document, tmp_path, engine)
    assert "audio: copy" in plan.explain()
