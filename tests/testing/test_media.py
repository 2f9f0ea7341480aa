"""Synthetic clips are what their recipes say, with every FFmpeg; each is made once and always the same."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from mediapipeline.ffmpeg.probe import default_prober
from mediapipeline.testing import media
from mediapipeline.testing.media import ClipError, ClipRecipe, cache_folder, make_clip


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDIAPIPELINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def facts(engine):
    prober = default_prober(engine)
    return lambda path, recipe: prober.probe(make_clip(path, recipe, engine=engine))


def test_where_it_goes_may_be_a_text(tmp_path, own_cache):
    made = make_clip(f"{tmp_path}/clip.wav", size=None, duration="1/5s")
    assert made == tmp_path / "clip.wav"
    assert made.is_file()


RECIPES = {
    "b.mp4": ClipRecipe(
        video_codec="libx264", b_frames=2, gop=10, audio=["5.1"], subtitles=1, languages=["eng", "fra"]
    ),
    "t.ts": ClipRecipe(start="3s", audio=1),
    "v.mkv": ClipRecipe(vfr=True, duration="2s", video_codec="ffv1", chapters=[("0s", "1s", "a=b")]),
    "w.webm": ClipRecipe(video_codec="libvpx-vp9", rate="30000/1001", audio=2),
    "r.mov": ClipRecipe(rotation=270, sar="4/3", audio=1),
    "i.ts": ClipRecipe(interlaced=True, video_codec="mpeg2video"),
    "c.mp3": ClipRecipe(cover=True, metadata={"title": "x=y; z"}),
    "c.m4a": ClipRecipe(cover=True),
    "s.wav": ClipRecipe(audio=["stereo"], audio_rate=44100),
    "f.flac": ClipRecipe(),
    "p.png": ClipRecipe(size=(31, 17), pix_fmt="rgb24"),
    "odd.mp4": ClipRecipe(size=(33, 17)),
    "odd.mkv": ClipRecipe(size=(33, 17), video_codec="libx264", audio=1, silence=True),
    "late.mp4": ClipRecipe(start="2s", size=(64, 48), b_frames=2, video_codec="libx264", audio=["stereo"]),
    "a.gif": ClipRecipe(),
    "j.jpg": ClipRecipe(),
}


@pytest.mark.parametrize("name", RECIPES)
def test_every_version_makes_what_the_recipe_says(name, facts, tmp_path):
    recipe: Any = RECIPES[name]
    info = facts(tmp_path / name, recipe)
    sound_only = name.endswith((".mp3", ".m4a", ".wav", ".flac"))
    assert (info.video is None) == sound_only
    assert len(info.audio) == (len(recipe.audio) or int(sound_only))
    assert [a.channels for a in info.audio] == [len(tones) for tones in recipe.tones()] or [1] * sound_only
    layouts = [a.channel_layout for a in info.audio]
    assert name == "s.wav" or layouts == list(recipe.audio) or layouts == ["mono"]  # a plain WAV has no layout
    assert len(info.subtitles) == len(recipe.subtitles)
    assert len(info.covers) == recipe.cover
    assert len(info.chapters) == len(recipe.chapters)
    assert info.metadata == dict(recipe.metadata)
    if sound_only:
        assert info.audio[0].sample_rate == recipe.audio_rate
        assert info.duration == recipe.duration
    elif not info.still:
        assert abs(info.video.start - recipe.start) <= Fraction(1, 25)
        assert info.video.rotation == recipe.rotation
        assert info.video.vfr is recipe.vfr
        assert recipe.vfr or info.video.frame_rate == recipe.rate
        assert info.video.reorder == (1 if recipe.interlaced else recipe.b_frames)
    if info.video is not None:
        width, height = recipe.size
        turned = recipe.rotation in (90, 270)
        assert (info.video.width, info.video.height) == ((height, width) if turned else (width, height))


def test_a_clip_is_made_once_and_copied(own_cache, tmp_path):
    first = make_clip(tmp_path / "a.wav", duration="0.1s")
    (kept,) = own_cache.glob("*.wav")
    made = kept.stat().st_mtime_ns
    first.write_bytes(b"spoiled")
    second = make_clip(tmp_path / "deep" / "b.wav", duration="0.1s")
    assert second.read_bytes() == kept.read_bytes() != b"spoiled"
    assert kept.stat().st_mtime_ns == made
    make_clip(tmp_path / "c.wav", duration="0.2s")
    assert len(list(own_cache.iterdir())) == 2


@pytest.mark.parametrize("name", ["b.mp4", "v.mkv", "w.webm", "r.mov", "c.mp3"])
def test_the_same_bytes_every_time(name, own_cache, tmp_path, default_engine):
    first = make_clip(tmp_path / name, RECIPES[name], engine=default_engine).read_bytes()
    for kept in own_cache.iterdir():
        kept.unlink()
    assert make_clip(tmp_path / name, RECIPES[name], engine=default_engine).read_bytes() == first


def test_silence_and_tones(tmp_path):
    loud = make_clip(tmp_path / "loud.wav", audio=["stereo"]).read_bytes()[100:]
    quiet = make_clip(tmp_path / "quiet.wav", audio=["stereo"], silence=True).read_bytes()[100:]
    assert set(quiet) == {0}
    assert set(loud) != {0}
    assert ClipRecipe(audio=["stereo", "mono"]).tones() == ((440, 495), (550,))


def test_changes_apply_to_a_recipe(tmp_path):
    small = ClipRecipe(duration="0.1s", size=(16, 16))
    path = make_clip(tmp_path / "x.png", small, size=(20, 10), pix_fmt="rgb24")
    assert path.read_bytes()[16:24] == (20).to_bytes(4, "big") + (10).to_bytes(4, "big")


def test_what_cannot_be_made_says_why(own_cache, tmp_path):
    with pytest.raises(ClipError, match=r"(?s)Unknown encoder.*no-such-codec"):
        make_clip(tmp_path / "x.mp4", video_codec="no-such-codec")
    assert not (tmp_path / "x.mp4").exists()
    assert list(own_cache.iterdir()) == []
    with pytest.raises(ValueError, match="rotation"):
        ClipRecipe(rotation=45)
    with pytest.raises(ClipError, match="needs a picture"):
        make_clip(tmp_path / "x.mp4", size=None)


def test_where_clips_are_kept(tmp_path, monkeypatch):
    monkeypatch.delenv("MEDIAPIPELINE_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mediapipeline" / "clips"
    monkeypatch.setenv("MEDIAPIPELINE_CACHE_DIR", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.setattr(media, "_MAKER", media._MAKER + 1)  # the key has it, so that old clips are not taken for new
    make_clip(tmp_path / "a.wav", duration="0.1s")
    assert len(list((tmp_path / "own").iterdir())) == 1
