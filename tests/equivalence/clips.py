"""Small clips that seeks really seek in: seconds long, many key frames, and every trap that is known of containers.

The sound swells all along, so that samples from another time show even where the tone is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.testing.media import ClipRecipe, make_clip
from outcomes import ffmpeg

__all__ = ["LENGTH", "RECIPES", "SOUND_ONLY", "STILL", "make"]

LENGTH = 9
"""Seconds that every clip lasts."""

SOUND_ONLY = (".flac", ".wav", ".m4a", ".mp3", ".ogg", ".aac")
"""Suffixes of files that hold no picture."""

STILL = "still"
"""The clip that is a picture that stands."""

_SWELL = ("-af", "volume=volume=0.3+t/16:eval=frame")
_CUES = (("0.5s", "2s", "one"), ("1.9s", "4.6s", "two"), ("6s", "8.5s", "three"))
_UNSEEN = (("0.2s", "0.9s", "zero"), ("1.05s", "1.2s", "hidden"), ("1.25s", "2.6s", "one"), *_CUES[2:])
"""Cut at 1.3 s from the key frame at 1 s on, one is hidden, and the next shown in part."""
_AVC: dict[str, Any] = {"video_codec": "libx264", "gop": 25}


def _clip(*, extra: tuple[str, ...] = (), sound_ends: float | None = None, **fields: Any) -> ClipRecipe:
    # 16 bits, as the harness writes, unless more are asked for.
    depth = ("-sample_fmt", "s16") if fields.get("audio_codec") == "flac" else ()
    swell = _SWELL if fields.get("audio") else ()
    if sound_ends is not None:
        swell = (_SWELL[0], f"{_SWELL[1]},atrim=end={sound_ends}")
    return ClipRecipe(**{"duration": f"{LENGTH}s", **fields}, extra=[*swell, *depth, *extra])


RECIPES: Mapping[str, tuple[str, ClipRecipe]] = {
    "mp4": (".mp4", _clip(b_frames=2, audio=["stereo"], **_AVC)),
    "mp4-silent": (".mp4", _clip(b_frames=1, video_codec="libx264", gop=12)),
    "mp4-vfr": (".mp4", _clip(vfr=True, b_frames=2, audio=1, **_AVC)),
    "mp4-rotated": (".mp4", _clip(rotation=90, audio=1, audio_codec="libmp3lame", gop=20)),
    "mp4-slow": (".mp4", _clip(rate=8, b_frames=3, audio=1, video_codec="libx264", gop=8)),
    "mp4-open-gop": (".mp4", _clip(b_frames=3, extra=("-flags:v", "-cgop"), video_codec="libx264", gop=15)),
    "mp4-hevc": (".mp4", _clip(video_codec="libx265", audio=1, extra=(
        "-preset", "ultrafast", "-x265-params", "keyint=20:min-keyint=20:bframes=3:log-level=none"))),
    "mp4-surround": (".mp4", _clip(audio=["5.1"], **_AVC)),
    "mp4-late-sound": (".mp4", _clip(audio=1, audio_delay="3.5s", b_frames=2, **_AVC)),
    "mp4-fragmented": (".mp4", _clip(b_frames=2, audio=1, extra=("-movflags", "+frag_keyframe+delay_moov"), **_AVC)),
    # Without sound: its first packet would be told to last longer than it does, and its end be where no sample is.
    "mp4-unedited": (".mp4", _clip(b_frames=2, audio=[], extra=("-use_editlist", "0"), **_AVC)),
    "mp4-refreshed": (".mp4", _clip(video_codec="libx264", audio=1, b_frames=2, extra=(
        "-x264-params", "keyint=25:intra-refresh=1"))),
    "mov-pcm": (".mov", _clip(audio=["stereo"], audio_codec="pcm_s16le", audio_rate=44100, b_frames=2, **_AVC)),
    "mov-mpeg4": (".mov", _clip(b_frames=2, gop=12, audio=1, audio_codec="pcm_s16le")),
    "mp4-mpeg2": (".mp4", _clip(video_codec="mpeg2video", b_frames=2, gop=12)),
    "mov-late-pcm": (".mov", _clip(audio=1, audio_codec="pcm_s16le", audio_delay="2.477s", **_AVC)),
    "mp4-anamorphic": (".mp4", _clip(sar="16/11", b_frames=2, audio=["stereo"], **_AVC)),
    "mp4-one-group": (".mp4", _clip(b_frames=2, audio=["stereo"], video_codec="libx264", gop=900)),
    "mp4-interlaced": (".mp4", _clip(interlaced=True, audio=1, **_AVC)),
    "mp4-two-sounds": (".mp4", _clip(audio=["stereo", "mono"], b_frames=2, **_AVC)),
    "mov-short-sound": (".mov", _clip(audio=1, sound_ends=6.4, b_frames=2, **_AVC)),
    "mkv-short-picture": (".mkv", _clip(audio=1, audio_codec="flac", extra=("-vf", "trim=end=6.4"), **_AVC)),
    "mkv-late-picture": (".mkv", _clip(audio=["stereo"], extra=("-vf", "trim=start=2.2"), **_AVC)),
    "mkv-10-bit": (".mkv", _clip(pix_fmt="yuv420p10le", audio=1, audio_codec="flac", b_frames=2, **_AVC)),
    "mkv-start": (".mkv", _clip(start="5s", audio=["stereo"], audio_codec="flac", b_frames=3, **_AVC)),
    "mkv-vfr": (".mkv", _clip(vfr=True, b_frames=2, audio=1, audio_codec="libopus", **_AVC)),
    "mkv-ntsc": (".mkv", _clip(rate="30000/1001", audio=1, audio_codec="pcm_s16le", b_frames=2, **_AVC)),
    "mkv-open-gop": (".mkv", _clip(b_frames=3, extra=("-flags:v", "-cgop"), video_codec="libx264", gop=15)),
    "mkv-odd": (".mkv", _clip(size=(65, 49), pix_fmt="yuv444p", video_codec="ffv1", audio=2, audio_codec="flac")),
    "mkv-odd-420": (".mkv", _clip(size=(65, 49), video_codec="mpeg4", b_frames=2, gop=15)),
    "mkv-mp3": (".mkv", _clip(audio=["stereo"], audio_codec="libmp3lame", audio_rate=44100, **_AVC)),
    "mkv-uncued": (".mkv", _clip(audio=1, audio_codec="flac", b_frames=2, extra=("-live", "1"), **_AVC)),
    "mkv-cues": (".mkv", _clip(audio=1, audio_codec="flac", subtitles=[_CUES], b_frames=2, **_AVC)),
    "mp4-trimmed": (".mp4", _clip(duration="10.3s", b_frames=2, audio=["stereo"], audio_rate=44100, **_AVC)),
    "mp4-trimmed-cues": (".mp4", _clip(duration="10.3s", b_frames=2, audio=1, subtitles=[_UNSEEN, _CUES], **_AVC)),
    "mp4-cues": (".mp4", _clip(subtitles=[_CUES, _CUES[1:]], b_frames=2, **_AVC)),
    "mkv-late-sound": (".mkv", _clip(audio=1, audio_codec="flac", audio_delay="3.5s", **_AVC)),
    "webm": (".webm", _clip(video_codec="libvpx-vp9", gop=25, audio=1)),
    "webm-vp8": (".webm", _clip(gop=20, audio=["stereo"])),
    "mp4-av1": (".mp4", _clip(video_codec="libaom-av1", gop=25, audio=1, extra=(
        "-cpu-used", "8", "-lag-in-frames", "0"))),
    "ts": (".ts", _clip(b_frames=2, audio=["stereo"], **_AVC)),
    "ts-start": (".ts", _clip(start="10s", b_frames=3, audio=1, audio_codec="aac", **_AVC)),
    "ts-ntsc": (".ts", _clip(rate="24000/1001", b_frames=2, video_codec="libx264", gop=50)),
    "ts-vfr": (".ts", _clip(vfr=True, rate="50", b_frames=2, audio=["stereo"], **_AVC)),
    "ts-long-groups": (".ts", _clip(b_frames=2, audio=["stereo"], video_codec="libx264", gop=110)),
    "ts-mpeg2": (".ts", _clip(video_codec="mpeg2video", b_frames=2, gop=12, audio=1, audio_codec="ac3")),
    "ts-interlaced": (".ts", _clip(
        video_codec="mpeg2video", interlaced=True, gop=12, audio=["5.1"], audio_codec="ac3")),
    "ts-amid": (".ts", _clip(duration="9.6s", b_frames=2, audio=["stereo"], **_AVC)),
    "avi": (".avi", _clip(b_frames=2, audio=1, gop=15)),
    "mpg": (".mpg", _clip(b_frames=2, audio=1, gop=12)),
    "mp4-rounded": (".mp4", _clip(rate="30000/1001", b_frames=2, audio=["stereo"], **_AVC)),
    "flac": (".flac", _clip(audio=["stereo"], audio_codec="flac", audio_rate=44100)),
    "flac-24": (".flac", _clip(audio=1, audio_codec="flac", extra=("-sample_fmt", "s32"))),
    "wav": (".wav", _clip(audio=1)),
    "m4a": (".m4a", _clip(audio=["stereo"])),
    "mp3": (".mp3", _clip(audio=["stereo"], audio_rate=44100)),
    "wav-8k": (".wav", _clip(audio=1, audio_rate=8000)),
    "aac": (".aac", _clip(audio=["stereo"])),
    "opus": (".ogg", _clip(audio=1)),
    STILL: (".png", ClipRecipe(size=(16, 12), pix_fmt="rgba")),
}  # fmt: skip
"""Suffix and recipe of every clip, by name."""


def make(name: str, folder: Path, engine: Engine) -> Path:
    """Make the clip called *name* in *folder*."""
    suffix, recipe = RECIPES[name]
    path = make_clip(folder / f"{name}{suffix}", recipe, engine=engine)
    if name.startswith("mp4-trimmed"):
        # As phones do it: packets from the key frame on, of which a list of edits hides what was cut off.
        whole = path.rename(path.with_name(f"whole{suffix}"))
        ffmpeg(engine, "-ss", "1.3", "-i", str(whole), "-map", "0", "-c", "copy", str(path))
        whole.unlink()
    if name == "mp4-rounded":
        # By way of Matroska, times are whole milliseconds, whatever the clock.
        rounded = path.with_name("rounded.mkv")
        ffmpeg(engine, "-i", str(path), "-c", "copy", str(rounded))
        ffmpeg(engine, "-i", str(rounded), "-c", "copy", str(path))
        rounded.unlink()
    if name == "ts-amid":
        # As receivers do it: whatever was on the air when the button was pressed.
        packets = path.read_bytes()
        path.write_bytes(packets[len(packets) // 16 // 188 * 188 :])
    return path
