"""``concat``: exact lengths whatever the clips are, and what it cannot join."""

from __future__ import annotations

import array
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import zoo
from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.media.info import MediaInfo
from mediapipeline.planner.optimize import RULES
from mediapipeline.testing import clip_info, make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op, plan, problems, step

AVC: dict[str, Any] = {"video_codec": "libx264"}
LOSSLESS = {"video": "ffv1", "audio": "pcm_s16le"}


def joined(*clips: Path, destination: str = "out.mkv", codec: Any = LOSSLESS, **params: Any) -> dict[str, Any]:
    names = {clip.name: f"i{number}" for number, clip in enumerate(dict.fromkeys(clips))}
    output = {"id": "out", "destination": destination} | ({} if codec is None else {"codec": codec})
    return {
        "inputs": [{"id": name, "source": source} for source, name in names.items()],
        "operations": [
            {"op": "concat", "inputs": [names[clip.name] for clip in clips], "output": "out", "params": params}
        ],
        "outputs": [output],
    }


def pictures(engine: Engine, clip: Path) -> list[bytes]:
    """Every frame, small and gray."""
    how = ["-map", "0:v:0", "-vf", "scale=16:12:flags=area,format=gray", "-fps_mode", "passthrough"]
    raw = ffmpeg(engine, "-i", str(clip), *how, "-f", "rawvideo", "-")
    return [raw[at : at + 192] for at in range(0, len(raw), 192)]


def sound(engine: Engine, clip: Path, track: int = 0) -> array.array[int]:
    """Every sample, as mono."""
    return array.array("h", ffmpeg(engine, "-i", str(clip), "-map", f"0:a:{track}", "-ac", "1", "-f", "s16le", "-"))


def loud(samples: array.array[int], rate: int = 48_000) -> list[bool]:
    """Whether each tenth of a second holds sound."""
    step = rate // 10
    return [max(map(abs, samples[at : at + step])) > 500 for at in range(0, len(samples) - step // 2, step)]


def test_clips_of_every_kind_join_exactly(tmp_path: Path, engine: Engine) -> None:
    """Other sizes, pixels that are not square, other rates, mono and stereo, no sound at all."""
    legs = [
        make_clip(tmp_path / "a.mp4", duration="2s", audio=["mono"], audio_rate=44_100, **AVC),
        make_clip(tmp_path / "b.mp4", duration="3s", size=(80, 40), rate=30, sar="4/3", **AVC),
        make_clip(tmp_path / "c.mp4", duration="2s", size=(48, 64), rate=50, audio=["stereo"], **AVC),
    ]
    made, result = plan_and_run(joined(*legs), tmp_path, engine)
    media = made.output("out").media
    assert (media.duration, media.video and media.video.frame_rate) == (7, 25)
    assert len(pictures(engine, tmp_path / "out.mkv")) == 175
    heard = sound(engine, tmp_path / "out.mkv")
    assert len(heard) == 7 * 48_000
    assert loud(heard) == [True] * 20 + [False] * 30 + [True] * 20
    assert result.outputs["out"].media.audio[0].channels == 2
    assert made.warnings == ()


def test_nothing_adds_up_over_twenty_clips(tmp_path: Path, engine: Engine) -> None:
    """The sound of each is longer than its picture, and no length is a whole number of samples."""
    leg = make_clip(tmp_path / "leg.mp4", duration="7007/30000", rate="30000/1001", audio=["stereo"], **AVC)
    plan_and_run(joined(*[leg] * 20), tmp_path, engine)
    frames = pictures(engine, tmp_path / "out.mkv")
    assert len(frames) == 140
    assert len(sound(engine, tmp_path / "out.mkv")) == round(140 * Fraction(1001, 30000) * 48_000)
    for at in range(0, 140, 7):
        assert frames[at : at + 7] == frames[:7], f"part {at // 7} is not where it belongs"


def test_a_clip_may_come_again(tmp_path: Path, engine: Engine) -> None:
    """Each part reads the file for itself: one reading for both would keep all of the second in memory."""
    one = make_clip(tmp_path / "one.mp4", duration="0.4s", audio=1, **AVC)
    two = make_clip(tmp_path / "two.mp4", duration="0.2s", size=(64, 32), audio=1, **AVC)
    made, _ = plan_and_run(joined(one, two, one), tmp_path, engine)
    (step,) = made.steps
    assert [source.file for source in step.command.inputs] == ["source:i0", "source:i1", "source:i0"]  # type: ignore[union-attr]
    frames = pictures(engine, tmp_path / "out.mkv")
    assert len(frames) == 25
    assert frames[15:] == frames[:10]


def test_wholes_within_wholes_read_for_themselves_too() -> None:
    nested = job(
        op("concat", ["a", "b"], "ab"), op("concat", ["ab", "b"], "abb"), op("concat", ["b", "abb", "b"], "out"),
        inputs={"a": "a.mp4", "b": "b.mp4"}, outputs={"out": "out.mp4"},
    )  # fmt: skip
    made = plan(nested, CLIPS)
    assert len(made.steps) == 1
    files = [each.file for each in step(made).command.inputs if each.demuxers != ("ffmetadata",)]
    assert sorted(files) == ["source:a", *["source:b"] * 4]


def test_a_clip_joined_with_itself_over_and_over_is_read_so_often_at_most() -> None:
    doubled = job(
        *(op("concat", [f"c{n}", f"c{n}"], f"c{n + 1}") for n in range(10)),
        inputs={"c0": "tune.mp3"}, outputs={"c10": "out.wav"},
    )  # fmt: skip
    made = plan(doubled, CLIPS)
    assert made.output("c10").media.duration == 3 * 2**10
    (step,) = made.steps
    assert len(step.command.inputs) <= 257  # type: ignore[union-attr]


def test_one_frame_is_a_part(tmp_path: Path, engine: Engine) -> None:
    frame, clip = zoo.make("one-frame", tmp_path), zoo.make("plain", tmp_path)
    plan_and_run(joined(clip, frame, clip), tmp_path, engine)
    assert len(pictures(engine, tmp_path / "out.mkv")) == 51
    assert len(sound(engine, tmp_path / "out.mkv")) == round(2.04 * 48_000)


def test_sound_alone_shows_the_background(tmp_path: Path, engine: Engine) -> None:
    clip, tune = zoo.make("plain", tmp_path), zoo.make("wav", tmp_path)
    plan_and_run(joined(clip, tune, background="#ffffff"), tmp_path, engine)
    frames = pictures(engine, tmp_path / "out.mkv")
    assert len(frames) == 50
    assert all(set(frame) == {frames[-1][0]} and frame[0] > 225 for frame in frames[25:])


def test_sound_without_pictures(tmp_path: Path, engine: Engine) -> None:
    tunes = [zoo.make("wav", tmp_path), zoo.make("flac", tmp_path)]
    made, _ = plan_and_run(joined(*tunes, destination="out.wav", codec=None), tmp_path, engine)
    assert made.output("out").media.duration == 2
    assert len(sound(engine, tmp_path / "out.wav")) == 2 * 48_000


@pytest.mark.parametrize(
    ("params", "parts", "frames"),
    [
        ({"start": "0.4s", "end": "0.6s"}, ["source:i1"], 5),
        ({"start": "0.44s"}, ["source:i1", "source:i2"], 24),
        ({"start": "0.2s", "end": "0.87s"}, ["source:i0", "source:i1", "source:i2"], 17),
        ({"start": "0.6s"}, ["source:i2"], 20),
        ({"start": "0s", "end": "0.39s"}, ["source:i0"], 10),
        ({"start": "0.41s", "end": "0.58s"}, ["source:i1"], 4),
    ],
)
def test_a_part_of_the_whole(
    params: dict[str, Any], parts: list[str], frames: int, tmp_path: Path, engine: Engine
) -> None:
    """With the rules only what is needed is read; frames and samples are those without any rule."""
    legs = [
        make_clip(tmp_path / "a.mp4", duration="0.4s", audio=1, **AVC),
        make_clip(tmp_path / "b.mp4", duration="0.2s", size=(48, 64), rate=50, audio=["stereo"], **AVC),
        make_clip(tmp_path / "c.mp4", duration="0.8s", rate="30000/1001", audio=1, audio_rate=44_100, **AVC),
    ]
    found = []
    for name, rules in (("with.mkv", RULES), ("without.mkv", ())):
        document = joined(*legs, destination=name)
        document["operations"][0]["output"] = "whole"
        document["operations"].append({"op": "trim", "input": "whole", "output": "out", "params": params})
        made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg, rules=rules).plan(document)
        if rules:
            (step,) = made.steps
            assert sorted({source.file for source in step.command.inputs}) == parts  # type: ignore[union-attr]
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(made)
        found.append((pictures(engine, tmp_path / name), sound(engine, tmp_path / name)))
    (with_rules, without) = found
    assert len(with_rules[0]) == frames
    assert with_rules == without


_SHAPES = [
    "no-audio", "two-tracks-and-subtitles", "rotated-anamorphic", "vfr-mkv", "odd-size", "ts-late-start", "audio-late",
    "cover-mp3", "surround", "b-frames-mkv", "ntsc-ts", "opus", "gif", "webm-vp9", "avi",
]  # fmt: skip


@pytest.mark.parametrize("name", _SHAPES)
def test_any_clip_of_the_zoo_before_and_after_another(name: str, tmp_path: Path, engine: Engine) -> None:
    """What is inferred is what is probed, and sound and picture are of one length."""
    clip, other = zoo.make(name, tmp_path), zoo.make("plain", tmp_path)
    made, _ = plan_and_run(joined(clip, other, clip, size="64x48"), tmp_path, engine)
    media = made.output("out").media
    assert media.duration is not None
    assert media.video is not None
    assert media.video.frame_rate is not None
    assert len(pictures(engine, tmp_path / "out.mkv")) == media.duration * media.video.frame_rate
    for at in range(len(media.audio)):
        rate = media.audio[at].sample_rate
        assert rate is not None
        assert len(sound(engine, tmp_path / "out.mkv", at)) == round(media.duration * rate)


CLIPS = {
    "a.mp4": clip_info(duration="10s", size="1280x720", subtitles=["mov_text"], chapters=[("0", "5", "One")]),
    "b.mp4": clip_info(duration="5s", size="1920x1080", rate=50, chapters=[("0", "5", "Two")]),
    "mute.mp4": clip_info(duration="5s", audio=0),
    "wide.mp4": clip_info(duration="5s", size="720x576", sar="16/11"),
    "live.mp4": clip_info(duration=None),
    "rateless.mp4": clip_info(rate=None, vfr=None),
    "still.png": clip_info(still=True),
    "tune.mp3": clip_info(size=None, duration="3s"),
    "thin.mp4": clip_info(size="4000x2"),
    "tail.mp4": clip_info(duration="4s", audio_delay="1s"),
}


def document(*names: str, destination: str = "out.mp4", **params: Any) -> dict[str, Any]:
    ids = [f"i{at}" for at in range(len(names))]
    return job(
        op("concat", ids, "out", **params), inputs=dict(zip(ids, names, strict=True)), outputs={"out": destination}
    )


def media_of(*names: str, **params: Any) -> MediaInfo:
    return plan(document(*names, **params), CLIPS).output("out").media


@pytest.mark.parametrize(
    ("names", "params", "size", "rate"),
    [
        (["a.mp4", "b.mp4"], {}, (1280, 720), 25),
        (["b.mp4", "a.mp4"], {}, (1920, 1080), 50),
        (["a.mp4", "b.mp4"], {"size": "largest", "fps": "max"}, (1920, 1080), 50),
        (["a.mp4", "b.mp4"], {"size": "640x640", "fps": "30000/1001"}, (640, 640), Fraction(30000, 1001)),
        (["wide.mp4", "a.mp4"], {}, (1048, 576), 25),
        (["tune.mp3", "b.mp4"], {}, (1920, 1080), 50),
        (["rateless.mp4", "a.mp4"], {"fps": 24}, (1920, 1080), 24),
    ],
)
def test_the_form_of_the_result(names: list[str], params: dict[str, Any], size: tuple[int, int], rate: Any) -> None:
    video = media_of(*names, **params).video
    assert video is not None
    assert (video.width, video.height, video.frame_rate, video.sar) == (*size, rate, 1)


def test_what_is_not_joined_is_reported() -> None:
    made = plan(document("a.mp4", "b.mp4", "tail.mp4"), CLIPS)
    assert [chapter.title for chapter in made.output("out").media.chapters] == ["One"]
    assert [decision.text for decision in made.warnings] == [
        "1 subtitle track left out: those of clips that are joined cannot be kept",
        "the chapters of all clips but the first left out",
        "the last 1 s of the sound of clip 3 left out: its picture has ended",
    ]


def test_tracks_that_not_every_clip_has() -> None:
    assert len(media_of("a.mp4", "mute.mp4").audio) == 1
    without = plan(document("a.mp4", "mute.mp4", fill_audio=False), CLIPS)
    assert without.output("out").media.audio == ()
    assert "1 sound track left out: not every clip has it, and fill_audio is off" in [
        decision.text for decision in without.warnings
    ]
    assert media_of("mute.mp4", "mute.mp4").audio == ()


@pytest.mark.parametrize(
    ("names", "params", "path", "code"),
    [
        (["a.mp4", "live.mp4"], {}, "", "unknown-duration"),
        (["a.mp4", "still.png"], {}, "", "wrong-media"),
        (["rateless.mp4", "a.mp4"], {}, "/params/fps", "unknown-rate"),
        (["a.mp4", "rateless.mp4"], {"fps": "max"}, "/params/fps", "unknown-rate"),
        (["thin.mp4", "mute.mp4"], {"size": "64x48"}, "/params/size", "bad-resolution"),
        (["a.mp4", "b.mp4"], {"background": "bluish"}, "/params/background", "pattern-mismatch"),
        (["a.mp4"], {}, "", "wrong-number-of-inputs"),
    ],
)
def test_what_is_refused(names: list[str], params: dict[str, Any], path: str, code: str) -> None:
    found = problems(document(*names, **params), CLIPS)
    assert [problem.code for problem in found] == [code]
    assert found[0].path.startswith(f"/operations/0{path}")
    assert found[0].hint or code == "pattern-mismatch"


def test_a_part_before_its_sound_begins(tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make("audio-late", tmp_path)
    document = joined(clip, clip)
    cut = {"op": "trim", "input": "i0", "output": "cut", "params": {"end": "0.4s"}}
    document["operations"] = [cut, document["operations"][0] | {"inputs": ["cut", "i0"]}]
    plan_and_run(document, tmp_path, engine)
    heard = loud(sound(engine, tmp_path / "out.mkv"))
    assert heard[:8] == [False] * 8
    assert all(heard[9:14])


def test_samples_are_counted_without_rounding(tmp_path: Path, engine: Engine) -> None:
    """At 44.1 kHz no time of a sample is a binary fraction of a second."""
    tune = make_clip(tmp_path / "tune.wav", duration="1.5s", audio_rate=44_100)
    document = joined(tune, tune, destination="out.wav", codec=None)
    document["operations"][0]["output"] = "whole"
    document["operations"].append(op("trim", "whole", "out", start="0.56s", duration="1s"))
    plan_and_run(document, tmp_path, engine)
    whole = sound(engine, tune)
    assert sound(engine, tmp_path / "out.wav") == whole[24_696:] + whole[: 44_100 - (66_150 - 24_696)]
