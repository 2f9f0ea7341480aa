"""Differences that random jobs once found, each as small as it could be made; see ``fuzz.py``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from equivalence.decoded import Picture, Sound, decode
from equivalence.harness import Bench
from mediapipeline.planner.optimize import RULES
from planning import job, op


def document(*operations: dict[str, Any], read: str, other: str | None = None, **written: str) -> dict[str, Any]:
    """A job over the clip *read*, and perhaps an *other*; outputs are ``{name: "clip destination"}``."""
    outputs = {}
    for name, told in written.items():
        source, destination = told.split()
        still = {"format": "png" if name.startswith("p") else "jpg"} if destination.endswith("/") else {}
        outputs[name] = {"input": source, "destination": destination, **still}
    inputs = {"in": f"clips/{read}"} | ({} if other is None else {"other": f"clips/{other}"})
    return job(*operations, inputs=inputs, outputs=outputs)


FOUND: dict[str, dict[str, Any]] = {
    # A little less than half a frame, which is half a frame by a clock of milliseconds.
    "half-a-frame-by-the-clock": document(
        op("trim", "in", "part", start="3003/10000"), read="mkv-cues.mkv", o0="part o0.ts",
    ),
    # A recording that begins amid a group of pictures: FFmpeg copies nothing of it up to the first key frame.
    "recorded-and-copied-alone": job(
        inputs={"in": {"source": "clips/ts-amid.ts", "streams": {"audio": False}}},
        outputs={"o0": {"input": "in", "destination": "o0.ts"}},
    ),
    # The length of a part at key frames is not known, but that it ends with a shorter one is.
    "part-of-a-part-at-key-frames": document(
        op("brighten", "in", "bright", length="3"), op("trim", "bright", "near", start="0", accuracy="keyframe"),
        op("trim", "near", "cut", end="7/25"), op("trim", "cut", "part", end="3/10"),
        op("fps", "part", "paced", fps="30000/1001"),
        read="mp4-av1.mp4", o0="paced o0.mkv",
    ),
    # The first cut keeps a frame a quarter of a tick before it, which is the first of what the second keeps.
    "just-after-a-frame": document(
        op("trim", "in", "cut", start="1000067/250000"), op("trim", "cut", "part", start="1629/250000"),
        read="mkv-start.mkv", o0="part o0.mov",
    ),
    # Of less than half a frame, the filter makes none.
    "less-than-half-a-frame": document(
        op("trim", "in", "cut", start="224/25", end="9"), op("concat", ["cut", "cut"], "twice", fps="max"),
        op("fps", "twice", "paced", fps="1"), read="mp4-hevc.mp4", o0="paced o0.mkv",
    ),
    # Just between two samples: floating point and the sign decided which one a time is rounded to.
    "between-two-samples": document(
        op("trim", "in", "cut", start="1/24", end="1/6"), op("trim", "cut", "part", start="0", duration="1/8"),
        op("loudnorm", "part", "loud", target_lufs=-16), read="flac.flac", o0="loud o0.mp4",
    ),
    # The sound ends before the part: a copy that begins at the key frame before it had some, and an encoded one none.
    "sound-before-a-part-at-key-frames": document(
        op("trim", "in", "cut", start="11", duration="1", clamp=True, accuracy="keyframe"),
        op("trim", "cut", "part", start="7/10", duration="3/10"),
        read="mov-short-sound.mov", o0="part o0.mp4", o1="cut o1.mkv",
    ),
    # Not found, but meant: filters that go by the time, with a mark between them, in parts of parts.
    "brightened-and-cut": document(
        op("brighten", "in", "bright", start="2", length="3"), op("trim", "bright", "cut", start="3", end="8"),
        op("brighten", "cut", "again", start="1/2", length="3"), op("trim", "again", "part", start="1001/1000"),
        read="mkv-ntsc.mkv", o0="part o0.mov", o1="cut o1.mkv",
    ),
    # FFmpeg 5.1 shares the fractions of a sample between what it copies and what it decodes of one reading.
    "copied-beside-decoded": document(
        op("scale", "in", "small", width=16, height=12), op("trim", "small", "cut", start="40637/500000"),
        op("trim", "cut", "part", start="4"), read="mkv-mp3.mkv", o0="part o0.mp4", o1="small o1.ts",
    ),
    # The picture was converted for the still before it was split, and back for the film.
    "still-beside-film": document(
        op("trim", "in", "cut", start="61/16000", duration="9/7"), op("thumbnail", "cut", "stills", at=["4/25"]),
        read="mp4-silent.mp4", jpg="stills stills/", film="cut film.ts",
    ),
    # Rows of odd pictures are others where they are turned first.
    "odd-and-turned": document(
        op("vflip", "in", "turned"), op("trim", "turned", "cut", start="1s"), read="mkv-odd.mkv", o0="cut o0.mp4",
    ),
    # MPEG streams are counted from the first stream that is taken.
    "sound-copied-picture-cut": document(
        op("thumbnail", "in", "stills", at=["5641/44100"]), read="mpg.mpg", jpg="stills stills/", whole="in whole.mov",
    ),
    # Shown key frames only, FFmpeg takes the file to begin when the sound does.
    "key-frame-before-sound": document(
        op("thumbnail", "in", "stills", at=["17/200"], snap="keyframe"), read="mkv-late-sound.mkv", png="stills p/",
    ),
    # The key frame lies before the part that the still is of.
    "key-frame-before-part": document(
        op("trim", "in", "cut", start="3/8"), op("thumbnail", "cut", "stills", at=["1/100"], snap="keyframe"),
        read="mov-late-pcm.mov", png="stills p/",
    ),
    # The second cut was not looked at where the first had taken joined streams apart.
    "cut-and-cut-of-joined": document(
        op("concat", ["in", "in"], "twice"), op("trim", "twice", "cut", start="7s", duration="4s"),
        op("trim", "cut", "part", start="1/5", duration="3s"), read="mkv-ntsc.mkv", o0="part o0.mov",
    ),
    # What ends while another goes on was mixed by the order of decoding.
    "mixed-to-the-longest": document(
        op("trim", "in", "late", start="2s"), op("trim", "late", "part", start="4s"),
        op("trim", "in", "long", start="5s"), op("mix", ["long", "part"], "mixed"), read="flac.flac", o0="mixed o0.mov",
    ),
    # 24 bits are converted once, not to floating point and back where another output asks for that.
    "deep-sound-shared": document(
        op("trim", "in", "part", start="3s"), op("volume", "part", "quiet", gain_db=-6), read="flac-24.flac",
        o0="part o0.mov", o1="quiet o1.mov",
    ),
    # Each part is where it was to within a tick of its own file's clock: 1 ms, for the first of these.
    "joined-of-two-clocks": document(
        op("trim", "in", "part", start="26/25"), op("concat", ["part", "other"], "joined"), read="mkv-vfr.mkv",
        other="mp4-rotated.mp4", o0="joined o0.mov",
    ),
    # The bound is rounded to a tick, so a frame before it is kept, and times counted from the one after it.
    "smart-cut-amid-a-tick": document(
        op("trim", "in", "part", start="260089/500000"), read="mkv-uncued.mkv", o0="part o0.mov",
    ),
    # What converts samples counts in these, and joined sound counted in microseconds: times were rounded twice.
    "cut-of-joined-16-bits": document(
        op("concat", ["in", "in"], "joined"), op("volume", "joined", "quiet", gain_db=-6),
        op("trim", "quiet", "cut", start="3/7", duration="9/7"), op("volume", "cut", "low", gain_db=-6),
        op("trim", "low", "part", start="63239/1000000"), read="wav.wav", o0="part o0.mov",
    ),
    # In MP4 FFmpeg seeks to the key frame that is decoded before a time; pictures that are shown before it are lost.
    "before-an-open-group": document(
        op("trim", "in", "part", start="7007/4000", duration="1/2"), read="mp4-open-gop.mp4", o0="part o0.mov",
    ),
    "still-before-an-open-group": document(
        op("thumbnail", "in", "stills", at=["7007/4000"]), op("thumbnail", "in", "near", at=["87/20"], snap="keyframe"),
        read="mp4-open-gop.mp4", png="stills p/", jpg="near j/",
    ),
    # Copied as well: they were there, and broken. At the key frame itself, that one is the first.
    "copied-before-an-open-group": document(
        op("trim", "in", "part", start="82/25", end="179/50", accuracy="keyframe"),
        op("trim", "other", "near", start="14/25", end="2", accuracy="keyframe"),
        op("trim", "other", "at", start="3/5", end="2", accuracy="keyframe"),
        read="mp4-mpeg2.mp4", other="mp4-open-gop.mp4", o0="part o0.mkv", o1="near o1.mov", o2="at o2.mov",
    ),
    # What begins between two frames was rounded to one of them, by a clock of frames, and not after a cut.
    "brightened-amid-a-frame": document(
        op("fps", "in", "slow", fps="10"), op("brighten", "slow", "bright", start="39/8", length="3"),
        op("trim", "bright", "part", start="4"), read="ts-long-groups.ts", o0="part o0.mov",
    ),
    # FFmpeg 5.1 takes what was laid over each other to end where its last frame begins.
    "higher-rate-of-an-overlay": document(
        op("trim", "in", "part", start="891/500", duration="354/125"),
        op("scale", "other", "small", width=16, height=12),
        op("overlay", {"base": "part", "overlay": "small"}, "both", position="center"),
        op("fps", "both", "fast", fps="50"), read="mov-mpeg4.mov", other="mp4-fragmented.mp4", o0="fast o0.mov",
    ),
    # Of a part of less than half a frame, FFmpeg left nothing.
    "lower-rate-of-a-frame": document(
        op("vflip", "in", "turned"), op("trim", "turned", "part", start="213/500", duration="1/25"),
        op("fps", "part", "slow", fps="5"), read="ts-ntsc.ts", o0="slow o0.mov",
    ),
    # Sought before its first picture, a file is read from that on, its sound too.
    "sound-before-the-first-picture": document(
        op("trim", "in", "part", start="683/500", end="5"), op("volume", "part", "loud", gain_db=-6),
        op("hflip", "in", "turned"), op("trim", "turned", "other", start="5"),
        read="mkv-late-picture.mkv", o0="loud o0.mka", o1="other o1.mkv",
    ),
    # Rounded to 16 bits, what was converted before is not what was not.
    "deep-sound-through-nothing": document(
        op("volume", "in", "same", gain_db=0), op("trim", "same", "part", start="529/200", duration="7/4"),
        read="flac-24.flac", o0="part o0.mov", o1="in o1.mov",
    ),
    # FFmpeg 9.0 shows the last frame as long as the one before it, which may be longer than most.
    "uneven-frames-at-the-end": document(
        op("trim", "in", "part", start="563684383/220500000", end="652104883/220500000"), read="mp4-vfr.mp4",
        o0="part o0.mkv",
    ),
    # Where FFmpeg 5.1 guesses where to read from, pictures may be a tick earlier than they are.
    "first-picture-of-a-joined-part": document(
        op("trim", "in", "one", start="1481/750", end="7096/2625"),
        op("trim", "in", "two", start="131983/21000", end="7"),
        op("concat", ["one", "two"], "joined"), read="ts-ntsc.ts", o0="joined o0.mov",
    ),
    # FFmpeg 9.0 fills the last tenth of a second up; the output was refused.
    "loudness-beside-a-copy": document(
        op("trim", "in", "part", start="1347/1000", duration="101/25"), op("concat", ["in", "part"], "joined"),
        op("loudnorm", "joined", "loud", target_lufs=-30), read="mkv-late-sound.mkv", o0="loud o0.mkv", o1="in o1.mkv",
    ),
    # Moved to the next sample, the last one is where the second cut ends.
    "cut-of-sound-between-samples": document(
        op("trim", "in", "cut", start="189/200", duration="3/10"), op("trim", "cut", "part", end="3/10"),
        read="mkv-mp3.mkv", o0="part o0.mov",
    ),
    # What one of several takers wants of the sound, all of them got: FFmpeg converts what is shared before it is split.
    "sound-of-two-rates": document(
        op("volume", "in", "one", gain_db=-6), op("volume", "in", "two", gain_db=-6), read="mov-pcm.mov",
        o0="one o0.mov", o1="two o1.webm",
    ),
    # Four seconds before it there is no key frame; the next one came after it. A still was another picture.
    "groups-longer-than-the-lead": document(
        op("trim", "in", "cut", start="43/5", duration="2/5"), op("thumbnail", "in", "still", at=["87/10"]),
        read="ts-long-groups.ts", o0="cut o0.mkv", o1="still o1.png",
    ),
    # What an edit list hides was there again in a file that has none, and the output refused.
    "hidden-before-the-beginning": document(
        op("trim", "in", "part", start="7/2"), read="mp4-trimmed.mp4", o0="in o0.mkv", o1="in o1.mp4", o2="part o2.ts",
    ),
    # A rule that leaves out cuts from 0 on would leave in what is hidden before.
    "hidden-cues": document(
        op("trim", "in", "all", start="0"), op("trim", "in", "part", start="6/5", accuracy="keyframe"),
        read="mp4-trimmed-cues.mp4", o0="in o0.mkv", o1="all o1.mp4", o2="part o2.mov",
    ),
    # The cut is left out, since it keeps everything; that nobody promised where it ends was forgotten with it.
    "all-of-it-from-a-key-frame": document(
        op("trim", "in", "all", start="0", accuracy="keyframe"), read="mp4.mp4", o0="all o0.mkv",
    ),
    # There is no sound in the part, and a track without samples failed the run or was missing in the output.
    "part-before-its-sound": document(
        op("volume", "in", "low", gain_db=-6), op("trim", "low", "part", start="1001/30000", end="10001/30000"),
        op("trim", "low", "from-key", start="0", end="3/10", accuracy="keyframe"), read="mp4-late-sound.mp4",
        o0="part o0.mov", o1="from-key o1.mkv",
    ),
    # FFmpeg 5.1 repeats the last frame to the end that it hears of, which counted frames do not tell.
    "higher-rate-of-one-of-joined": document(
        op("concat", ["in", "in"], "joined"), op("trim", "joined", "cut", start="9"),
        op("fps", "cut", "fast", fps="50"), read="mp4-cues.mp4", o0="fast o0.mkv",
    ),
    # As "higher-rate-of-an-overlay", with a cut between that has no end.
    "higher-rate-of-the-rest-of-an-overlay": document(
        op("scale", "in", "small", width=16, height=12), op("overlay", {"base": "in", "overlay": "small"}, "both"),
        op("scale", "both", "same", width=64, height=48), op("trim", "same", "cut", start="36/7"),
        op("fps", "cut", "fast", fps="30000/1001"), read="mkv-cues.mkv", o0="fast o0.mkv",
    ),
    # FFmpeg converted the sound for loudnorm's sake before the cut, which then lay half a sample beside.
    "loudness-at-its-own-rate": document(
        op("trim", "in", "cut", start="57057/10000"), op("loudnorm", "cut", "loud", target_lufs=-30),
        read="mp4-surround.mp4", o0="loud o0.mov",
    ),
    # FFmpeg 5.1 took what it read before the part for a gap, and moved all that follows: by 40 ms, and by a tick.
    "uneven-frames-of-a-stream": document(
        op("trim", "in", "cut", start="837/200", duration="1"), read="ts-vfr.ts", o0="cut o0.mkv",
    ),
    "frame-on-the-cut-of-a-stream": document(
        op("trim", "in", "cut", start="131131/24000"), read="ts-ntsc.ts", o0="cut o0.mkv",
    ),
    # Decoders of lossy sound may give more than the file tells; the end of a part was that of the file, or not.
    "sound-to-its-very-end": document(
        op("trim", "in", "cut", start="0", duration="9"), op("volume", "cut", "low", gain_db=-6), read="mp4.mp4",
        o0="low o0.mov",
    ),
    # Sound of which the part begins late, copied from where key frames are: it was taken to end too early.
    "late-sound-at-key-frames": document(
        op("trim", "in", "cut", start="2.92", duration="1", accuracy="keyframe"), read="mkv-late-sound.mkv",
        o0="cut o0.mka",
    ),
    # No key frame but the first shows all of the picture: what was read from there on lacked all frames up to the next.
    "refreshed-bit-by-bit": document(
        op("trim", "in", "cut", start="4.6", duration="1"), read="mp4-refreshed.mp4", o0="cut o0.mkv",
    ),
    # Half a frame beside the grid, on a clock of milliseconds: the first frame went to the one before, others after.
    "amid-two-frames": document(
        op("trim", "in", "cut", start="16/7"), read="mkv-ntsc.mkv", o0="cut o0.mov",
    ),
    # Just amid two frames, all go to the later one.
    "just-amid-two-frames": document(
        op("trim", "in", "cut", start="37/10"), op("trim", "cut", "part", start="0", end="3/10", accuracy="keyframe"),
        read="mov-mpeg4.mov", o0="part o0.ts",
    ),
    # Left out, a cut did not change the clock any more, and with one tick a frame others lay above it.
    "laid-over-a-coarse-clock": document(
        op("trim", "in", "cut", end="99"), op("scale", "other", "small", width=16, height=12),
        op("overlay", {"base": "cut", "overlay": "small"}, "both"), read="avi.avi", other="mp4-slow.mp4",
        o0="both o0.mkv",
    ),
    # No edit list moves times back to 0, so FFmpeg sought by those of decoding: a key frame that is shown after what is
    # wanted was taken for the one before it.
    "key-frame-that-waits": document(
        op("trim", "in", "cut", start="76/25", duration="1"), op("thumbnail", "in", "still", at=["101/25"]),
        read="mp4-unedited.mp4", o0="cut o0.mkv", o1="still o1.png",
    ),
    "copied-from-a-key-frame-that-waits": document(
        op("trim", "in", "cut", start="76/25", duration="1", accuracy="keyframe"),
        op("thumbnail", "in", "near", at=["101/25"], snap="keyframe"), read="mp4-unedited.mp4", o0="cut o0.mp4",
        o1="near o1.png",
    ),
    "loudness-as-it-goes": document(
        op("trim", "in", "cut", start="57057/10000"), op("loudnorm", "cut", "loud", mode="single"),
        read="mp4-surround.mp4", o0="loud o0.mov",
    ),
}  # fmt: skip


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_outputs_are_the_same(found: dict[str, Any], bench: Bench) -> None:
    bench.skip_if_not_compared()
    naive, quick = bench.plan(found, ()), bench.plan(found, RULES)
    assert naive.plan.steps != quick.plan.steps, "rules have nothing to do here"
    assert bench.differences(found, naive, quick) == []


def test_sound_at_another_rate_is_not_moved_by_parts_of_a_sample(bench: Bench) -> None:
    """FFmpeg converted it before it dropped what came before the part: the harness would take it for the same tone."""
    found = document(op("trim", "in", "cut", start="136/25"), read="mp4-anamorphic.mp4", o0="cut o0.mov")
    found["outputs"][0]["codec"] = {"audio": {"sample_rate": 32_000}}
    naive, quick = bench.plan(found, ()), bench.plan(found, RULES)
    assert "seek_lossy_audio" in quick.fired
    one, other = (
        next(each for each in decode(bench.run(planned, name) / "o0.mov") if isinstance(each, Sound))
        for planned, name in ((naive, "naive"), (quick, "quick"))
    )
    assert one.samples.shape == other.samples.shape
    assert np.abs(one.samples - other.samples).max() < 0.003


def test_a_picture_that_begins_amid_a_group_ends_on_time_at_another_rate(bench: Bench) -> None:
    """Frames were counted from the first that can be decoded, and so went on beyond the end of the part."""
    found = document(op("hflip", "in", "over"), op("fps", "over", "slow", fps="8"), read="ts-amid.ts", o0="slow o0.mkv")
    found["inputs"][0]["duration"] = "4"
    found["outputs"][0]["codec"] = {"video": {"codec": "h264"}, "audio": "none"}
    pictures = decode(bench.run(bench.plan(found, ()), "naive") / "o0.mkv")
    assert [each.times[-1] for each in pictures if isinstance(each, Picture)] == [Fraction(31, 8)]


def test_a_cut_merges_with_all_before_it_at_once(bench: Bench) -> None:
    """With one of them it did, and only if asked again with the one before that."""
    found = document(
        op("trim", "in", "one", start="2", end="18053/4000"),
        op("trim", "in", "two", start="2256653/500000", end="48079711/6000000"),
        op("trim", "in", "three", start="354557977/42000000", end="9"), op("vflip", "three", "turned"),
        op("concat", ["one", "two", "turned"], "joined"),
        op("trim", "joined", "part", start="62/25", end="207533/30000"),
        read="ts-ntsc.ts", o0="part o0.mp4", o1="one o1.ts",
    )  # fmt: skip
    late = {"seek_video", "share_streams", "merge_cuts", "drop_noops", "push_cuts", "retime_early"}
    order = sorted(RULES, key=lambda each: each.__name__ in late)
    planned = bench.plan(found, order)  # asks every rule again
    assert "merge_cuts" in planned.fired
