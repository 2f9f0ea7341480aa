"""Every container holds what was planned for it: what its times, its packets of sound and its encoders allow."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

import zoo
from mediapipeline import Executor, JobError, Planner
from mediapipeline.errors import OutputError
from mediapipeline.executor.events import Event, StepFinished
from mediapipeline.ffmpeg.binary import Engine, find_ffmpeg
from mediapipeline.media.container import CONTAINERS
from mediapipeline.testing.media import ClipRecipe, make_clip
from outcomes import ffmpeg, plan_and_run


def _job(clip: Path, destination: str, **codec: Any) -> dict[str, Any]:
    output = {"id": "out", "input": "in", "destination": destination} | ({"codec": codec} if codec else {})
    return {"inputs": [{"id": "in", "source": clip.name}], "operations": [], "outputs": [output]}


def _shown(engine: Engine, path: Path) -> list[int]:
    """When each picture is shown, in ticks of the stream."""
    said = ffmpeg(engine, "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "framehash", "-").decode()
    return [int(line.split(",")[2]) for line in said.splitlines() if line and line[0] != "#"]


@pytest.mark.parametrize("suffix", [container.suffixes[0] for container in CONTAINERS.values()])
def test_holds_what_was_planned(suffix: str, tmp_path: Path, engine: Engine) -> None:
    """A clip with as much that is hard as fits into one: six channels, B-frames, a rate that no second divides."""
    recipe = ClipRecipe(video_codec="libx264", b_frames=2, rate="30000/1001", audio=["5.1"])
    clip = make_clip(tmp_path / "in.mp4", recipe)
    plan_and_run(_job(clip, f"out.{suffix}"), tmp_path, engine)


@pytest.fixture(scope="module")
def late_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one file has a picture of 1.5 s that begins 2.2 s after the sound, and another has it the other way."""
    folder = tmp_path_factory.mktemp("late")
    picture = ("-f", "lavfi", "-i", "testsrc=d=1.5:s=64x48:r=25")
    sound = ("-f", "lavfi", "-i", "sine=d=1.5:r=48000")
    coded = ("-c:v", "mpeg4", "-c:a", "pcm_s16le")
    for name, first, second in (("picture", sound, picture), ("sound", picture, sound)):
        whole, file = folder / f"{name}.nut", folder / f"{name}.mkv"
        ffmpeg(find_ffmpeg(), *first, *coded, str(folder / "first.nut"))
        ffmpeg(find_ffmpeg(), *second, *coded, str(whole))
        ffmpeg(
            find_ffmpeg(), "-itsoffset", "2.2", "-i", str(whole), "-i", str(folder / "first.nut"),
            "-map", "0", "-map", "1", "-c", "copy", str(file),
        )  # fmt: skip
        (folder / "first.nut").unlink()
        whole.unlink()
    return folder


def _late_job(kind: str, destination: str) -> dict[str, Any]:
    """Only what begins late is taken."""
    others = {"audio": False} if kind == "picture" else {"video": False}
    change = {"op": "vflip"} if kind == "picture" else {"op": "volume", "params": {"gain_db": -3}}
    return {
        "inputs": [{"id": "in", "source": f"{kind}.mkv", "streams": others}],
        "operations": [{**change, "input": "in", "output": "changed"}],
        "outputs": [{"id": "out", "input": "changed", "destination": destination}],
    }


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        *(("picture", suffix) for suffix in ("mp4", "mkv", "ts", "gif", "avi")),
        *(("sound", suffix) for suffix in ("m4a", "mka", "ts", "wav", "avi", "ogg", "opus")),
    ],
)
def test_all_of_it_may_begin_late(kind: str, suffix: str, late_folder: Path, tmp_path: Path, engine: Engine) -> None:
    """What keeps times begins with a gap, whatever the times of its container begin with; the others begin at once."""
    shutil.copy(late_folder / f"{kind}.mkv", tmp_path)
    plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(_late_job(kind, f"out.{suffix}"))
    result = Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(plan)
    media = result.outputs["out"].media
    (stream,) = media.streams
    begins = 3.6 if suffix == "ts" else 2.2 if suffix in ("mp4", "mkv", "m4a", "mka") else 0
    assert stream.start is not None
    assert stream.end is not None
    assert abs(float(stream.start) - begins) < 0.06
    assert abs(float(stream.end) - begins - 1.5) < 0.06


@pytest.mark.parametrize(("kind", "copied"), [("picture", False), ("picture", True), ("sound", False)])
def test_streams_begin_together_where_nothing_tells_their_times(
    kind: str, copied: bool, late_folder: Path, tmp_path: Path, engine: Engine
) -> None:
    """The first picture is shown from the beginning on, before the sound there is silence; what follows is right."""
    shutil.copy(late_folder / f"{kind}.mkv", tmp_path)
    job = _job(tmp_path / f"{kind}.mkv", "out.avi", video="mpeg4" if copied else "mjpeg", audio="pcm_s16le")
    plan, result = plan_and_run(job, tmp_path, engine)
    assert ("the sound begins after 2.2 s, and avi cannot tell" in plan.explain()) == (kind == "sound")
    media = result.outputs["out"].media
    out = str(tmp_path / "out.avi")
    sums = ffmpeg(engine, "-i", out, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framehash", "-").decode()
    (tick,) = (Fraction(line.split(":")[1].strip()) for line in sums.splitlines() if line.startswith("#tb"))
    shown = {line.split(",")[-1]: int(line.split(",")[2]) for line in reversed(sums.splitlines()) if line[:1] != "#"}
    seconds = [float(time * tick) for time in shown.values()]
    assert seconds[-1] == 0
    assert media.video is not None
    if kind == "picture":
        assert media.video.end is not None
        assert abs(seconds[-2] - 2.24) < 0.03
        assert abs(float(media.video.end) - 3.7) < 0.06
    samples = ffmpeg(engine, "-i", out, "-map", "0:a", "-f", "s16le", "-")
    heard = next(at for at in range(0, len(samples), 2) if samples[at : at + 2] != bytes(2)) / 96_000
    assert abs(heard - (2.2 if kind == "sound" else 0)) < 0.001


def test_a_recorded_broadcast_lasts_from_its_beginning_on(tmp_path: Path, engine: Engine) -> None:
    """Opus in Ogg goes on counting from where the broadcast began."""
    clip = tmp_path / "in.opus"
    ffmpeg(engine, "-f", "lavfi", "-i", "sine=d=2", "-c:a", "libopus", "-output_ts_offset", "100", str(clip))
    job = _job(clip, "out.wav")
    job["operations"] = [{"op": "trim", "input": "in", "output": "part", "params": {"start": "1s"}}]
    job["outputs"] = [*job["outputs"], {"id": "part", "destination": "part.opus"}]
    _, result = plan_and_run(job, tmp_path, engine)
    lasting = [result.outputs[name].media.duration for name in ("out", "part")]
    assert [round(float(each or 0), 1) for each in lasting] == [2, 1]


def test_tracks_begin_together_in_ogg(late_folder: Path, tmp_path: Path, engine: Engine) -> None:
    early = make_clip(tmp_path / "early.mka", ClipRecipe(size=None, audio=1, audio_codec="flac"))
    ffmpeg(
        engine, "-i", str(early), "-i", str(late_folder / "sound.mkv"), "-map", "0", "-map", "1:a", "-c", "flac",
        str(tmp_path / "both.mka"),
    )  # fmt: skip
    early.unlink()
    plan, result = plan_and_run(_job(tmp_path / "both.mka", "out.ogg", audio="flac"), tmp_path, engine)
    assert [stream.encoder for stream in plan.output("out").streams] == [None, "flac"]
    assert [round(float(track.end or 0), 1) for track in result.outputs["out"].media.audio] == [1, 3.7]


def test_sound_that_would_be_heard_too_early_is_no_copy(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mkv", ClipRecipe(audio=1, audio_codec="libmp3lame", audio_delay="1/2"))
    with pytest.raises(JobError) as caught:
        Planner(base_dir=tmp_path).plan(_job(tmp_path / "in.mkv", "out.avi", video="mpeg4", audio="copy"))
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("/outputs/0/codec/audio", "cannot-copy")
    assert "avi cannot tell" in problem.message
    Planner(base_dir=tmp_path).plan(_job(tmp_path / "in.mkv", "out.avi", video="none", audio="copy"))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_half_of_what_begins_late_is_refused(suffix: str, late_folder: Path, engine: Engine) -> None:
    """Its gap does not stand in for pictures that are missing."""

    def spoil(event: Event) -> None:
        if isinstance(event, StepFinished):
            (file,) = late_folder.glob(".mediapipeline-*/final-0.*")
            half = file.with_name(f"half.{suffix}")
            ffmpeg(engine, "-copyts", "-i", str(file), "-map", "0", "-c", "copy", "-frames:v", "20", str(half))
            half.replace(file)

    plan = Planner(base_dir=late_folder, ffmpeg=engine.ffmpeg).plan(_late_job("picture", f"half.{suffix}"))
    with pytest.raises(OutputError) as caught:
        Executor(base_dir=late_folder, ffmpeg=engine.ffmpeg).run(plan, on_event=spoil)
    assert any("planned to end at" in difference for difference in caught.value.differences)


@pytest.mark.parametrize(("rate", "kept"), [("50", 50), ("60", 30), ("60000/1001", 30), ("120", 40)])
def test_an_animation_has_no_more_frames_than_players_show(
    rate: str, kept: int, tmp_path: Path, engine: Engine
) -> None:
    """They take a frame of a hundredth of a second for one of a tenth, and so does FFmpeg up to 7.0."""
    clip = make_clip(tmp_path / "in.mkv", ClipRecipe(rate=rate, duration="0.5s", video_codec="ffv1"))
    plan, result = plan_and_run(_job(clip, "out.gif"), tmp_path, engine)
    video = plan.output("out").media.video
    assert video is not None
    assert video.frame_rate is not None
    assert round(video.frame_rate) == kept
    assert "not copied: gif does not take ffv1" in plan.explain()
    assert [f"{video.frame_rate} a second are kept" in each.text for each in plan.warnings] == [True] * (rate != "50")
    assert abs(float(result.outputs["out"].media.duration or 0) - 0.5) < 0.03


@pytest.mark.parametrize("name", ["out.gif", "out.png"])
def test_pictures_of_few_colours_have_those_that_are_in_them(name: str, tmp_path: Path, engine: Engine) -> None:
    """With one palette for all pictures that there are they were 8 (of 256) off, in a pattern that everybody sees."""
    clip = make_clip(tmp_path / "in.mkv", ClipRecipe(duration="0.4s", video_codec="ffv1"))
    if name == "out.png":
        plan_and_run(_job(clip, name, video={"codec": "png", "pix_fmt": "pal8"}), tmp_path, engine)
    else:
        plan_and_run(_job(clip, name), tmp_path, engine)
    before, after = (
        ffmpeg(engine, "-i", str(tmp_path / each), "-pix_fmt", "rgb24", "-f", "rawvideo", "-") for each in (clip, name)
    )
    assert len(after) == len(before) // (10 if name == "out.png" else 1)
    assert sum(abs(a - b) for a, b in zip(before, after, strict=False)) / len(after) < 3


def test_an_animation_of_one_frame_lasts_as_long(tmp_path: Path, engine: Engine) -> None:
    clip = make_clip(tmp_path / "in.mkv", ClipRecipe(duration="0.04s", video_codec="ffv1"))
    _, result = plan_and_run(_job(clip, "out.gif"), tmp_path, engine)
    assert result.outputs["out"].media.duration == Fraction(1, 25)


def test_a_copied_picture_is_counted_by_its_frames_in_avi(tmp_path: Path, engine: Engine) -> None:
    """FFmpeg 9.0 counted a thousand a second, most of them empty."""
    clip = make_clip(tmp_path / "in.mkv", ClipRecipe(video_codec="mpeg4"))
    _, result = plan_and_run(_job(clip, "out.avi"), tmp_path, engine)
    video = result.outputs["out"].media.video
    assert video is not None
    assert (video.frame_rate, video.frames or 25, video.time_base) == (25, 25, Fraction(1, 25))


@pytest.mark.parametrize("codec", ["alac", "wavpack"])
def test_the_last_packet_of_copied_sound_may_be_of_no_known_length(codec: str, tmp_path: Path, engine: Engine) -> None:
    recipe = ClipRecipe(size=None, audio=1, audio_codec=codec, audio_rate=44100, duration="0.8s")
    clip = make_clip(tmp_path / "in.mka", recipe, engine=find_ffmpeg())
    plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(_job(clip, "out.mka"))
    Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(plan)
    samples = ffmpeg(engine, "-i", str(tmp_path / "out.mka"), "-f", "s16le", "-")
    assert len(samples) == 2 * 35280


def test_dts_is_no_sound_for_avi(tmp_path: Path) -> None:
    """FFmpeg writes it at eight times its pace."""
    clip = make_clip(tmp_path / "in.mkv", ClipRecipe(audio=1, audio_codec="dca", extra=("-strict", "-2")))
    plan = Planner(base_dir=tmp_path).plan(_job(clip, "out.avi"))
    assert plan.output("out").media.audio[0].codec == "mp3"


@pytest.mark.parametrize("suffix", ["ts", "aac", "m4a"])
def test_aac_of_broadcasts_is_encoded_for_avi(suffix: str, tmp_path: Path, engine: Engine) -> None:
    """FFmpeg 9.0 refuses it there, after the run; what MP4 holds is copied."""
    clip = make_clip(tmp_path / f"in.{suffix}", ClipRecipe(size=None, audio=1, audio_codec="aac"))
    plan, _ = plan_and_run(_job(clip, "out.avi"), tmp_path, engine)
    copied = suffix == "m4a"
    assert plan.output("out").media.audio[0].codec == ("aac" if copied else "mp3")
    assert ("avi does not take AAC as transport streams have it" in plan.explain()) != copied


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi", "gif"])
def test_a_rate_that_varies_is_encoded(suffix: str, tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make("vfr-mkv", tmp_path)
    codec = {"mkv": "mpeg4", "avi": "mpeg4", "gif": "gif"}.get(suffix, "libx264")
    plan_and_run(_job(clip, f"out.{suffix}", video=codec), tmp_path, engine)


def test_a_rate_that_an_encoder_does_not_take_is_told_when_planning(tmp_path: Path) -> None:
    for name, clip in (
        ("one that varies", zoo.make("vfr-mkv", tmp_path)),
        ("97/7 a second", make_clip(tmp_path / "odd.mkv", ClipRecipe(rate="97/7", duration="2s", video_codec="ffv1"))),
    ):
        with pytest.raises(JobError, match="takes the frame rates of broadcasting only") as caught:
            Planner(base_dir=tmp_path).plan(_job(clip, "out.ts", video="mpeg2video"))
        (problem,) = caught.value.problems
        assert (problem.code, problem.message.endswith(name)) == ("unsupported-rate", True)
    half = make_clip(tmp_path / "half.mkv", ClipRecipe(rate="25/2", duration="2s", video_codec="ffv1"))
    plan_and_run(_job(half, "out.ts", video="mpeg2video"), tmp_path, find_ffmpeg())


@pytest.mark.parametrize("suffix", ["mkv", "ts", "avi", "aac", "mp3"])
@pytest.mark.parametrize("codec", ["mp3", "aac"])
def test_packets_of_sound_are_long_at_low_rates(codec: str, suffix: str, tmp_path: Path, engine: Engine) -> None:
    """Encoders begin with silence and fill the last packet up, and most containers do not tell that from the sound."""
    recipe = ClipRecipe(size=None, audio=1, audio_rate=8000)
    clip = make_clip(tmp_path / "in.wav", recipe)
    if codec not in CONTAINERS[suffix].audio:
        pytest.skip(f"{suffix} takes no {codec}")
    # And a copy of packets whose container did tell.
    told = make_clip(tmp_path / ("told.mp3" if codec == "mp3" else "told.m4a"), recipe)
    for job in (_job(clip, f"out.{suffix}", audio=codec), _job(told, f"copy.{suffix}")):
        plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(job)
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(plan)


def test_avi_leaves_no_gap_for_sound_that_begins_earlier(tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make("b-frames", tmp_path)
    plan, _ = plan_and_run(_job(clip, "out.avi"), tmp_path, engine)
    shown = _shown(engine, tmp_path / "out.avi")
    assert shown == list(range(len(shown)))
    assert "not copied: avi does not take h264" in plan.explain()
    (tmp_path / "out.avi").unlink()
    # Of what it takes, nothing is copied that is shown in another order than it is decoded.
    reordered = make_clip(tmp_path / "b.mp4", ClipRecipe(video_codec="mpeg4", b_frames=2, audio=1))
    plan, _ = plan_and_run(_job(reordered, "out.avi"), tmp_path, engine)
    assert "not copied: avi does not tell when pictures are shown that are decoded in another order" in plan.explain()
    with pytest.raises(JobError, match="avi does not tell when pictures are shown"):
        Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(_job(reordered, "again.avi", video="copy"))


def test_a_copy_keeps_channels_that_the_encoder_would_not(tmp_path: Path) -> None:
    clip = zoo.make("surround", tmp_path)
    for rules, channels in ((None, 6), ((), 2)):
        planner = Planner(base_dir=tmp_path) if rules is None else Planner(base_dir=tmp_path, rules=rules)
        plan = planner.plan(_job(clip, "out.avi"))
        assert [track.channels for track in plan.output("out").media.audio] == [channels]


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_transparency_beside_a_picture_is_seen_and_kept(codec: str, tmp_path: Path, engine: Engine) -> None:
    """FFmpeg's own decoders leave it out, and a copy of which the tag is missing has lost it."""
    recipe = ClipRecipe(size=(32, 32), duration="0.4s", video_codec=codec, pix_fmt="yuva420p")
    make_clip(tmp_path / "base.mkv", ClipRecipe(duration="0.4s", video_codec="ffv1"))
    glass = make_clip(
        tmp_path / "glass.webm", attrs.evolve(recipe, extra=("-vf", "colorchannelmixer=aa=0,format=yuva420p"))
    )
    laid = {"op": "overlay", "inputs": {"base": "base", "overlay": "glass"}, "output": "out"}
    job = {
        "inputs": [{"id": "base", "source": "base.mkv"}, {"id": "glass", "source": "glass.webm"}],
        "operations": [laid],
        "outputs": [
            {"id": "out", "destination": "out.mkv", "codec": {"video": "ffv1"}},
            {"id": "base", "destination": "as-it-was.mkv", "codec": {"video": {"codec": "ffv1", "pix_fmt": "yuv420p"}}},
        ],
    }
    plan_and_run(job, tmp_path, engine)
    pictures = [
        ffmpeg(engine, "-i", str(tmp_path / name), "-f", "framemd5", "-") for name in ("out.mkv", "as-it-was.mkv")
    ]
    assert pictures[0] == pictures[1]
    for suffix, copied in (("webm", True), ("mkv", True), ("mp4", False)):
        plan, result = plan_and_run(_job(glass, f"glass-too.{suffix}"), tmp_path, engine)
        video = result.outputs["out"].media.video
        assert (video is not None and video.pix_fmt == "yuva420p", bool(plan.warnings)) == (copied, not copied)


def test_what_an_output_cannot_hold_is_why_no_cut_is_smart(tmp_path: Path) -> None:
    clip = zoo.make("rotated-90", tmp_path)
    job = _job(clip, "out.mkv")
    job["operations"] = [{"op": "trim", "input": "in", "output": "part", "params": {"start": "0.1s"}}]
    job["outputs"][0]["input"] = "part"
    with pytest.raises(JobError, match="no smart cut: mkv does not keep the rotation of a copied picture"):
        Planner(base_dir=tmp_path, strategies={"smart_cut": "required"}).plan(job)


@pytest.mark.parametrize("name", ["a-folder.mp4", "empty.mp4"])
def test_what_no_program_could_read_is_no_matter_for_one(name: str, tmp_path: Path) -> None:
    if name == "empty.mp4":
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(JobError) as caught:
        Planner(base_dir=tmp_path).plan(_job(tmp_path / name, "out.mkv"))
    assert [problem.hint for problem in caught.value.problems] == ["name the file that holds the media"]


@pytest.mark.parametrize(("codec", "kept"), [("pcm_s24le", "pcm_s24le"), ("pcm_s16le", "pcm_s16le")])
def test_plain_samples_keep_their_depth(codec: str, kept: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.wav", ClipRecipe(size=None, audio=1, audio_codec=codec))
    job = _job(clip, "out.wav")
    job["operations"] = [{"op": "volume", "input": "in", "output": "quiet", "params": {"gain_db": -6}}]
    job["outputs"][0]["input"] = "quiet"
    _, result = plan_and_run(job, tmp_path, find_ffmpeg())
    assert [track.codec for track in result.outputs["out"].media.audio] == [kept]
