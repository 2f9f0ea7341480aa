"""``mix`` and ``volume``: levels, places and lengths of what is heard."""

from __future__ import annotations

import array
import math
from pathlib import Path
from typing import Any

import pytest

import zoo
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.testing import clip_info, make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op, plan, problems


def sound(engine: Engine, clip: Path) -> array.array[int]:
    return array.array("h", ffmpeg(engine, "-i", str(clip), "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-"))


def level(samples: array.array[int]) -> float:
    """Root mean square, dB below full scale."""
    power = sum(sample * sample for sample in samples) / len(samples)
    return 20 * math.log10(math.sqrt(power) / 32768) if power else -math.inf


def document(names: list[str], output: str | dict[str, Any] = "out.wav", **params: Any) -> dict[str, Any]:
    ids = [f"i{at}" for at in range(len(names))]
    return job(op("mix", ids, "out", **params), inputs=dict(zip(ids, names, strict=True)), outputs={"out": output})


@pytest.mark.parametrize(
    ("params", "seconds"),
    [
        ({}, 2),
        ({"duration": "first"}, 1),
        ({"duration": "shortest"}, 1),
        ({"offsets": [0, 0.5]}, 2.5),
        ({"offsets": [0.25, 0], "duration": "first"}, 1.25),
        ({"limit": False, "normalize": True}, 2),
    ],
)
def test_lengths(params: dict[str, Any], seconds: float, tmp_path: Path, engine: Engine) -> None:
    make_clip(tmp_path / "one.wav", duration="1s")
    make_clip(tmp_path / "two.mp3", duration="2s", audio_rate=44_100)
    made, _ = plan_and_run(document(["one.wav", "two.mp3"], **params), tmp_path, engine)
    assert made.output("out").media.duration == seconds
    assert len(sound(engine, tmp_path / "out.wav")) == seconds * 48_000


def test_each_clip_is_as_loud_as_it_was(tmp_path: Path, engine: Engine) -> None:
    make_clip(tmp_path / "tone.wav", duration="1s")
    make_clip(tmp_path / "silence.wav", duration="2s", silence=True)
    alone = level(sound(engine, tmp_path / "tone.wav"))
    plan_and_run(document(["tone.wav", "silence.wav"]), tmp_path, engine)
    mixed = sound(engine, tmp_path / "out.wav")
    assert level(mixed[:48_000]) == pytest.approx(alone, abs=0.05)
    assert level(mixed[48_000 + 480 :]) == -math.inf
    plan_and_run(document(["tone.wav", "silence.wav"], "half.wav", weights=[0.5, 1]), tmp_path, engine)
    assert level(sound(engine, tmp_path / "half.wav")[:48_000]) == pytest.approx(alone - 6.02, abs=0.05)


def test_a_clip_begins_where_it_is_put(tmp_path: Path, engine: Engine) -> None:
    make_clip(tmp_path / "tone.wav", duration="1s")
    make_clip(tmp_path / "silence.wav", duration="2s", silence=True)
    plan_and_run(document(["silence.wav", "tone.wav"], offsets=[0, 0.75]), tmp_path, engine)
    mixed = sound(engine, tmp_path / "out.wav")
    first = next(at for at, sample in enumerate(mixed) if abs(sample) > 100)
    assert first == pytest.approx(0.75 * 48_000, abs=48), "the limiter's delay is made up for"


def test_the_sum_is_limited(tmp_path: Path, engine: Engine) -> None:
    make_clip(tmp_path / "tone.wav", duration="1s")
    plan_and_run(document(["tone.wav", "tone.wav"], weights=[10, 10]), tmp_path, engine)
    assert 0.9 * 32767 < max(map(abs, sound(engine, tmp_path / "out.wav"))) < 0.98 * 32767


@pytest.mark.parametrize("name", ["audio-late", "two-tracks-and-subtitles", "surround", "ts-late-start", "webm-vp9"])
def test_the_picture_is_the_first_clips(name: str, tmp_path: Path, engine: Engine) -> None:
    clip, tune = zoo.make(name, tmp_path), zoo.make("cover-mp3", tmp_path)
    made, _ = plan_and_run(document([clip.name, tune.name], "out.mkv"), tmp_path, engine)
    streams = made.output("out").streams
    assert streams[0].encoder is None, "copied: only the sound changes"
    assert sum(stream.kind == "audio" for stream in streams) == 1


@pytest.mark.parametrize(
    ("names", "params", "seconds"),
    [
        (["mute.mp4", "music.wav"], {}, 2),
        (["mute.mp4", "music.wav"], {"duration": "first"}, 1),
        (["mute.mp4", "music.wav"], {"duration": "shortest", "normalize": True}, 1),
        (["mute.mp4", "music.wav"], {"offsets": [1.5, 0]}, 2.5),
        (["music.wav", "mute.mp4", "short.wav"], {"weights": [1, 0.5, 0]}, 2),
    ],
)
def test_a_clip_without_sound_is_silent(
    names: list[str], params: dict[str, Any], seconds: float, tmp_path: Path, engine: Engine
) -> None:
    make_clip(tmp_path / "mute.mp4", duration="1s", rate=5, size=(32, 32), audio_codec=None)
    make_clip(tmp_path / "music.wav", duration="2s")
    make_clip(tmp_path / "short.wav", duration="0.5s")
    destination = "out.mkv" if names[0] == "mute.mp4" else "out.wav"
    codec = {"audio": "flac", "video": "copy"} if destination == "out.mkv" else {"audio": "pcm_s16le"}
    made, _ = plan_and_run(document(names, {"destination": destination, "codec": codec}, **params), tmp_path, engine)
    mixed, music = sound(engine, tmp_path / destination), sound(engine, tmp_path / "music.wav")
    assert len(mixed) == seconds * 48_000
    heard = min(len(mixed), len(music))
    assert level(mixed[:heard]) == pytest.approx(level(music[:heard]), abs=0.05)
    assert not any(mixed[heard + 480 :])
    number = names.index("mute.mp4") + 1
    assert [decision.text for decision in made.warnings] == [f"clip {number} without sound: silent in the mix"]


def test_where_no_clip_has_sound_the_hint_says_what_to_do() -> None:
    (problem,) = problems(document(["a.mp4", "b.mp4"]), {"a.mp4": clip_info(audio=0), "b.mp4": clip_info(audio=0)})
    assert "none of its clips" in problem.message
    assert "leave mix out" in (problem.hint or "")


def test_further_tracks_are_reported() -> None:
    clips = {"a.mkv": clip_info(audio=2), "b.mp3": clip_info(size=None)}
    made = plan(document(["a.mkv", "b.mp3"], "out.mkv"), clips)
    assert [decision.text for decision in made.warnings] == [
        "1 further sound track left out: the first of each clip is mixed"
    ]


@pytest.mark.parametrize(
    ("names", "params", "path", "code"),
    [
        (["a.mp3", "a.mp3"], {"weights": [1]}, "/params/weights", "wrong-length"),
        (["a.mp3", "a.mp3"], {"offsets": [1, 2, 3]}, "/params/offsets", "wrong-length"),
        (["a.mp3", "a.mp3"], {"weights": [1, 11]}, "/params/weights/1", "out-of-range"),
        (["mute.mp4", "mute.mp4"], {}, "", "wrong-media"),
        (["a.mp3", "endless.mp4"], {}, "", "unknown-duration"),
        (["endless.mp3", "mute.mp4"], {}, "", "unknown-duration"),
        (["mute.mp4", "mute.mp4"], {"offsets": [1]}, "/params/offsets", "wrong-length"),
    ],
)
def test_what_is_refused(names: list[str], params: dict[str, Any], path: str, code: str) -> None:
    clips = {
        "a.mp3": clip_info(size=None),
        "endless.mp3": clip_info(size=None, duration=None),
        "mute.mp4": clip_info(audio=0),
        "endless.mp4": clip_info(audio=0, duration=None),
    }
    found = problems(document(names, **params), clips)
    assert [(problem.path, problem.code) for problem in found] == [(f"/operations/0{path}", code)]


@pytest.mark.parametrize(("params", "change"), [({"gain_db": -6}, -6), ({"factor": 2}, 6.02), ({"gain_db": 3.5}, 3.5)])
def test_volume(params: dict[str, Any], change: float, tmp_path: Path, engine: Engine) -> None:
    clip = make_clip(tmp_path / "tone.wav", duration="1s", audio=["stereo"])
    document = job(op("volume", "in", "out", **params), inputs={"in": clip.name}, outputs={"out": "out.wav"})
    plan_and_run(document, tmp_path, engine)
    before, after = level(sound(engine, clip)), level(sound(engine, tmp_path / "out.wav"))
    assert after - before == pytest.approx(change, abs=0.05)


def test_mute(tmp_path: Path, engine: Engine) -> None:
    clip = make_clip(tmp_path / "tone.mp4", duration="1s", audio=1, video_codec="libx264")
    document = job(op("volume", "in", "out", mute=True), inputs={"in": clip.name}, outputs={"out": "out.mkv"})
    made, _ = plan_and_run(document, tmp_path, engine)
    assert made.output("out").streams[0].encoder is None
    assert max(map(abs, sound(engine, tmp_path / "out.mkv"))) == 0


@pytest.mark.parametrize("params", [{"gain_db": 0}, {"factor": 1}, {"mute": False}])
def test_no_change_of_volume_is_no_work(params: dict[str, Any]) -> None:
    made = plan(job(op("volume", "in", "out", **params), outputs={"out": "out.mp4"}))
    assert [stream.encoder for stream in made.output("out").streams] == [None, None]


@pytest.mark.parametrize(
    ("params", "code"), [({}, "missing-parameter"), ({"gain_db": 3, "factor": 2}, "exclusive-parameters")]
)
def test_volume_is_said_in_one_way(params: dict[str, Any], code: str) -> None:
    found = problems(job(op("volume", "in", "out", **params), outputs={"out": "out.mp4"}))
    assert [problem.code for problem in found] == [code]


def test_a_part_before_its_sound_begins_is_silent(tmp_path: Path, engine: Engine) -> None:
    clip, tune = zoo.make("audio-late", tmp_path), zoo.make("wav", tmp_path)
    document = job(
        op("trim", "clip", "cut", end="0.4s"), op("mix", ["cut", "tune"], "out"),
        inputs={"clip": clip.name, "tune": tune.name}, outputs={"out": "out.wav"},
    )  # fmt: skip
    plan_and_run(document, tmp_path, engine)
    assert len(sound(engine, tmp_path / "out.wav")) == 48_000
