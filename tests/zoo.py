"""The zoo: one clip of every shape that media come in, by name.

Each entry takes a folder and makes its clip in it (from the cache after the first time). Facts of a clip that tests
rely on stand in its recipe.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.testing.media import ClipRecipe, make_clip

__all__ = ["RECIPES", "ZOO", "make"]

_AVC: dict[str, Any] = {"video_codec": "libx264"}

RECIPES: Mapping[str, tuple[str, ClipRecipe]] = {
    "plain": (".mp4", ClipRecipe(audio=["stereo"], **_AVC)),
    "no-audio": (".mp4", ClipRecipe(**_AVC)),
    "two-tracks-and-subtitles": (
        ".mkv",
        ClipRecipe(audio=["stereo", "mono"], subtitles=2, languages=["eng", "fra", "eng", "deu"], **_AVC),
    ),
    "subtitles-mp4": (".mp4", ClipRecipe(audio=1, subtitles=1, languages=["eng", "fra"], **_AVC)),
    "rotated-90": (".mp4", ClipRecipe(rotation=90, audio=1)),
    "rotated-270": (".mov", ClipRecipe(rotation=270)),
    "rotated-180": (".mp4", ClipRecipe(rotation=180)),
    "rotated-anamorphic": (".mp4", ClipRecipe(rotation=90, sar="4/3")),
    "vfr-mp4": (".mp4", ClipRecipe(duration="2s", vfr=True, **_AVC)),
    "vfr-mkv": (".mkv", ClipRecipe(duration="2s", vfr=True, **_AVC)),
    "vfr-webm": (".webm", ClipRecipe(duration="2s", vfr=True)),
    "vfr-ts": (".ts", ClipRecipe(duration="2s", vfr=True, **_AVC)),
    "odd-size": (".mkv", ClipRecipe(size=(65, 49), pix_fmt="yuv444p", video_codec="ffv1")),
    "odd-size-420": (".mp4", ClipRecipe(size=(65, 49), video_codec="mpeg4")),
    "ten-bit": (".mkv", ClipRecipe(pix_fmt="yuv420p10le", video_codec="ffv1")),
    "ts-late-start": (".ts", ClipRecipe(start="10s", audio=1, **_AVC)),
    "mkv-late-start": (".mkv", ClipRecipe(start="5s", audio=1, **_AVC)),
    "audio-late": (".mp4", ClipRecipe(audio=1, audio_delay="0.477s", **_AVC)),
    "audio-late-mkv": (".mkv", ClipRecipe(audio=1, audio_delay="0.477s", **_AVC)),
    "cover-mp3": (".mp3", ClipRecipe(cover=True, metadata={"title": "Tune", "artist": "Nobody"})),
    "cover-m4a": (".m4a", ClipRecipe(cover=True, metadata={"title": "Tune", "artist": "Nobody"})),
    "cover-flac": (".flac", ClipRecipe(cover=True)),
    "cover-mp4": (".mp4", ClipRecipe(cover=True, audio=1, **_AVC)),
    "cover-mkv": (".mkv", ClipRecipe(cover=True, audio=1, **_AVC)),
    "surround": (".mp4", ClipRecipe(audio=["5.1"], **_AVC)),
    "anamorphic": (".mp4", ClipRecipe(sar="16/15", **_AVC)),
    "b-frames": (".mp4", ClipRecipe(b_frames=2, audio=1, **_AVC)),
    "b-frames-mkv": (".mkv", ClipRecipe(b_frames=2, **_AVC)),
    "ntsc-mp4": (".mp4", ClipRecipe(rate="30000/1001", audio=1, **_AVC)),
    "ntsc-mkv": (".mkv", ClipRecipe(rate="30000/1001", **_AVC)),
    "ntsc-film-mkv": (".mkv", ClipRecipe(rate="24000/1001", **_AVC)),
    "ntsc-double-mkv": (".mkv", ClipRecipe(rate="60000/1001", **_AVC)),
    "ntsc-short-mkv": (".mkv", ClipRecipe(rate="30000/1001", duration="0.2s", **_AVC)),
    "ntsc-ts": (".ts", ClipRecipe(rate="30000/1001", audio=1, **_AVC)),
    "one-frame": (".mp4", ClipRecipe(duration="0.04s", **_AVC)),
    "mp3": (".mp3", ClipRecipe(metadata={"title": "Tune", "artist": "Nobody"})),
    "wav": (".wav", ClipRecipe(audio=["stereo"])),
    "m4a": (".m4a", ClipRecipe(audio=["stereo"])),
    "flac": (".flac", ClipRecipe(audio=["stereo"])),
    "opus": (".ogg", ClipRecipe(audio=["stereo"], metadata={"title": "Tune"})),
    "aac": (".aac", ClipRecipe()),
    "png": (".png", ClipRecipe(pix_fmt="rgb24")),
    "jpg": (".jpg", ClipRecipe()),
    "webp": (".webp", ClipRecipe()),
    "bmp": (".bmp", ClipRecipe(pix_fmt="bgr24")),
    "tiff": (".tiff", ClipRecipe(pix_fmt="rgb24")),
    "gif": (".gif", ClipRecipe(pix_fmt="pal8", video_codec="gif", rate=10)),
    "webm-vp8": (".webm", ClipRecipe(audio=1)),
    "webm-vp9": (".webm", ClipRecipe(video_codec="libvpx-vp9", audio=1)),
    "interlaced": (".mp4", ClipRecipe(interlaced=True, **_AVC)),
    "interlaced-ts": (".ts", ClipRecipe(interlaced=True, video_codec="mpeg2video")),
    "chapters-mp4": (".mp4", ClipRecipe(chapters=[("0", "1/2", "One"), ("1/2", "1", "Two; =#")], audio=1, **_AVC)),
    "chapters-mkv": (".mkv", ClipRecipe(chapters=[("0", "1/2", "One"), ("1/2", "1", "Two; =#")], **_AVC)),
    "tagged-mkv": (".mkv", ClipRecipe(metadata={"title": "A film", "artist": "Nobody", "comment": "c"}, **_AVC)),
    "live-mkv": (".mkv", ClipRecipe(extra=["-live", "1"], **_AVC)),
    "fragmented-mp4": (".mp4", ClipRecipe(extra=["-movflags", "+frag_keyframe+delay_moov"], audio=1, **_AVC)),
    "unmarked-mp4": (".mp4", ClipRecipe(extra=["-movflags", "+frag_keyframe+empty_moov"], audio=1, **_AVC)),
    "data-mov": (".mov", ClipRecipe(extra=["-timecode", "01:00:00:00"])),
    "legacy-rotation": (".mkv", ClipRecipe(extra=["-metadata:s:v:0", "ROTATE=90"])),
    "avi": (".avi", ClipRecipe(audio=1, audio_codec="pcm_s16le")),
    "avi-gap": (".avi", ClipRecipe(audio=1)),  # MP3 begins with padding, for which FFmpeg leaves a place empty
    "avi-b-frames": (".avi", ClipRecipe(b_frames=2)),
    "aac-ts": (".ts", ClipRecipe(size=None, audio=1, audio_codec="aac", duration="0.4s")),
    "long-ts": (".ts", ClipRecipe(
        size=(320, 240), duration="24s", rate="30000/1001", b_frames=3, audio=["stereo", "mono"], audio_codec="aac",
        extra=["-b:v", "800k", "-pix_fmt", "yuv420p"], start="10s", **_AVC,
    )),
    "long-ps": (".mpg", ClipRecipe(size=(320, 240), duration="24s", b_frames=2, audio=1, extra=["-b:v", "800k"])),
    "mpeg-ps": (".mpg", ClipRecipe(audio=1)),
}  # fmt: skip
"""Suffix and recipe of every clip."""


def make(name: str, folder: Path, engine: Engine | Path | str | None = None) -> Path:
    """Make the clip called *name* in *folder*."""
    suffix, recipe = RECIPES[name]
    return make_clip(folder / f"{name}{suffix}", recipe, engine=engine)


ZOO: Mapping[str, Callable[[Path], Path]] = {name: functools.partial(make, name) for name in RECIPES}
"""Maker of every clip, by name: ``ZOO["rotated-90"](tmp_path)``."""
