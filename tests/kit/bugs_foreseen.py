"""Broken operators, as authors write them: the list was made from what an operator promises, before there were checks.

Each says which test of `OperatorContract` names its fault, and a word of what that says.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, ClassVar

import attrs

from kit.bug import Bug
from mediapipeline.media import MediaInfo
from mediapipeline.operators import (
    AUDIO,
    POINTWISE,
    VIDEO,
    Category,
    Clip,
    Expr,
    Facts,
    Lowering,
    Operator,
    operator,
)
from mediapipeline.params import Param
from mediapipeline.steps import Resources

__all__ = ["FORESEEN"]

_PICTURE: dict[str, Any] = {"category": Category.PICTURE, "inputs": {"clip": VIDEO}}


def _with_video(info: MediaInfo, **changes: Any) -> MediaInfo:
    return info if info.video is None else attrs.evolve(info, video=attrs.evolve(info.video, **changes))


@operator("bench.wrong_size", **_PICTURE)
class WrongSize(Operator):
    """Make the picture half as large, and say nothing of it."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "scale", w=32, h=24)


@operator("bench.wrong_rate", **_PICTURE)
class WrongRate(Operator):
    """Halve the frame rate, and say nothing of it."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "fps", fps=Fraction(25, 2))


@operator("bench.one_frame_less", category=Category.TIMELINE)
class OneFrameLess(Operator):
    """Keep two fifths of a second, but for a frame."""

    def infer(self, facts: Facts) -> MediaInfo:
        info = facts.clip
        length = Fraction(2, 5)
        tracks = tuple(attrs.evolve(track, duration=length) for track in info.audio)
        return attrs.evolve(_with_video(info, duration=length, frames=None), duration=length, audio=tracks)

    def lower(self, work: Lowering) -> Clip:
        return work.cut(work.clip, Fraction(0), Fraction(2, 5) - Fraction(1, 25))


@operator("bench.mixed_frames", traits=POINTWISE, **_PICTURE)
class MixedFrames(Operator):
    """Mix each frame with those before it, and call that pointwise."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "tmix", frames=3)


@operator("bench.fades_pointwise", traits=POINTWISE, **_PICTURE)
class FadesPointwise(Operator):
    """Fade in, which depends on the time, and call that pointwise."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "fade", type="in", start_time=0, duration=1)


@operator("bench.unescaped", **_PICTURE)
class Unescaped(Operator):
    """Write text into the picture, as an expression."""

    text: Annotated[str, Param("What is written")] = "x"

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "drawtext", text=Expr(self.text or "x"), expansion="none")


@operator("bench.shared_state", **_PICTURE)
class SharedState(Operator):
    """Mirror the picture, every second time upside down."""

    uses: ClassVar[list[int]] = []

    def lower(self, work: Lowering) -> Clip:
        self.uses.append(1)
        return work.video(work.clip, "hflip" if len(self.uses) % 2 else "vflip")


@operator("bench.dropped_audio", **_PICTURE)
class DroppedAudio(Operator):
    """Mirror the picture, and forget the sound."""

    def infer(self, facts: Facts) -> MediaInfo:
        return attrs.evolve(facts.clip, audio=())

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip").with_audio([])


@operator("bench.forgotten_audio", **_PICTURE)
class ForgottenAudio(Operator):
    """Mirror the picture, forget the sound, and infer that it is there."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip").with_audio([])


@operator("bench.lost_sar", **_PICTURE)
class LostSar(Operator):
    """Make all pictures alike in size, and pixels square in word only."""

    def infer(self, facts: Facts) -> MediaInfo:
        return _with_video(facts.clip, width=32, height=32, sar=Fraction(1))

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "scale", w=32, h=32)


@operator("bench.undocumented", **_PICTURE)
class Undocumented(Operator):
    """Blur the picture."""

    sigma: Annotated[float, Param("", ge=0, le=10)] = 1.0

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "gblur", sigma=self.sigma)


@operator("bench.accepts_anything", **_PICTURE)
class AcceptsAnything(Operator):
    """Darken the corners of the picture, by any angle."""

    angle: Annotated[float, Param("Lens angle, radians")] = 0.6

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vignette", angle=self.angle)


@operator("bench.converts_itself", **_PICTURE)
class ConvertsItself(Operator):
    """Turn the hue, by degrees that become radians as soon as they are given."""

    angle: Annotated[float, Param("Degrees", ge=0, le=360)] = 90.0

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "angle", self.angle / 57.3)

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hue", h=self.angle)


@operator("bench.even_only", **_PICTURE)
class EvenOnly(Operator):
    """Cut off two columns and two rows, which FFmpeg rounds where the picture is odd."""

    def infer(self, facts: Facts) -> MediaInfo:
        video = facts.clip.video
        return _with_video(facts.clip, width=video.width - 2, height=video.height - 2) if video else facts.clip

    def lower(self, work: Lowering) -> Clip:
        assert work.clip.video is not None
        video = work.clip.video.info
        return work.video(work.clip, "crop", w=video.width - 2, h=video.height - 2)


@operator("bench.needs_audio", category=Category.AUDIO)
class NeedsAudio(Operator):
    """Turn the first track down, which is taken to be there."""

    def lower(self, work: Lowering) -> Clip:
        first, *others = work.clip.audio
        return work.clip.with_audio([work.filter_audio(first, "volume", volume=0.5), *others])


@operator("bench.needs_time", category=Category.TIMELINE)
class NeedsTime(Operator):
    """Leave out the first half second, which is taken to be there."""

    def infer(self, facts: Facts) -> MediaInfo:
        info, half = facts.clip, Fraction(1, 2)
        if info.duration is None or info.video is None or info.video.duration is None:
            return info
        heard = (track for track in info.audio if track.duration is None or track.duration > half)
        tracks = tuple(attrs.evolve(t, duration=t.duration and t.duration - half) for t in heard)
        left = info.video.duration - half
        return attrs.evolve(_with_video(info, duration=left, frames=None), duration=info.duration - half, audio=tracks)

    def lower(self, work: Lowering) -> Clip:
        return work.cut(work.clip, Fraction(1, 2), None)


@operator("bench.eight_bits", **_PICTURE)
class EightBits(Operator):
    """Mirror the picture in eight bits, whatever it has."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.video(work.clip, "format", pix_fmts="yuv420p"), "hflip")


@operator("bench.constant_rate", **_PICTURE)
class ConstantRate(Operator):
    """Mirror the picture, at a constant rate, whatever it has."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.video(work.clip, "hflip"), "fps", fps=25)


@operator("bench.needs_facts", **_PICTURE)
class NeedsFacts(Operator):
    """Halve the frame rate, which is taken to be known."""

    def infer(self, facts: Facts) -> MediaInfo:
        assert facts.clip.video is not None
        return _with_video(facts.clip, frame_rate=facts.clip.video.frame_rate / 2, vfr=False, frames=None)  # type: ignore[operator]  # the bug

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "framestep", step=2)


@operator("bench.random", **_PICTURE)
class Random(Operator):
    """Blur the picture by chance."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "gblur", sigma=random.random())


@operator("bench.nanoseconds", **_PICTURE)
class Nanoseconds(Operator):
    """Mirror the picture, and count seconds by the thousand million."""

    def estimate(self, facts: Facts) -> Resources:
        return Resources(cpu_seconds=Fraction(64 * 48 * 25 * 3))

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


def _elsewhere() -> Path:
    return Path(tempfile.gettempdir()) / "mediapipeline-bench-of-bugs.txt"


@operator("bench.writes_elsewhere", **_PICTURE)
class WritesElsewhere(Operator):
    """Let a filter write a log."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.video(work.clip, "signalstats"), "metadata", mode="print", file=str(_elsewhere()))


@operator("bench.writes_itself", **_PICTURE)
class WritesItself(Operator):
    """Write a table for the filter while the job is planned."""

    def lower(self, work: Lowering) -> Clip:
        _elsewhere().write_text("0 1", encoding="utf-8")
        return work.video(work.clip, "hflip")


@operator("bench.noop", **_PICTURE)
class LyingNoop(Operator):
    """Turn the picture upside down, and call that nothing."""

    def is_noop(self, facts: Facts) -> bool:
        return True

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vflip")


@operator("bench.rebased_sound", category=Category.AUDIO, inputs={"clip": AUDIO})
class RebasedSound(Operator):
    """Turn the sound down, and let it begin at once."""

    def lower(self, work: Lowering) -> Clip:
        return work.audio(work.audio(work.clip, "volume", volume=0.5), "asetpts", expr=Expr("PTS-STARTPTS"))


@operator("bench.coded_size", **_PICTURE)
class CodedSize(Operator):
    """Mirror the picture, and take a turned one for what it was before."""

    def infer(self, facts: Facts) -> MediaInfo:
        video = facts.clip.video
        if video is None or not video.rotation:
            return facts.clip
        return _with_video(facts.clip, width=video.height, height=video.width)

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


FORESEEN: Mapping[str, Bug] = {
    bug.name: bug
    for bug in (
        Bug(WrongSize, "inferred_is_probed[plain]", "64x48"),
        Bug(WrongRate, "inferred_is_probed[plain]", "frame"),
        Bug(OneFrameLess, "inferred_is_probed[plain]", "frames"),
        Bug(MixedFrames, "traits", "declares pointwise, and its frames depend on more than themselves"),
        Bug(FadesPointwise, "traits", "declare TIMED if they depend on their time only"),
        Bug(Unescaped, "text_stays_text", "becomes part of an expression"),
        Bug(SharedState, "used_twice", "used several times in one job"),
        Bug(DroppedAudio, "nothing_left_out", "left out without a word: sound"),
        Bug(ForgottenAudio, "inferred_is_probed[plain]", "lower() gives no sound track, infer() says 1 sound track"),
        Bug(LostSar, "inferred_is_probed[silent-anamorphic]", "sample aspect ratio"),
        Bug(Undocumented, "documented", "'sigma' has no documentation"),
        Bug(AcceptsAnything, "invalid_is_refused", "has to be refused", invalid=[{"angle": 9}]),
        Bug(ConvertsItself, "json_round_trip", "change on the way through JSON"),
        Bug(EvenOnly, "inferred_is_probed[odd]", "63x47"),
        Bug(NeedsAudio, "inferred_is_probed[ten-bit-no-audio]", "lower() raised ValueError"),
        Bug(NeedsTime, "inferred_is_probed[short]", "the job fails: output 'case0'"),
        Bug(EightBits, "inferred_is_probed[ten-bit-no-audio]", "it was eight bits on the way"),
        Bug(ConstantRate, "inferred_is_probed[varying]", "frames at the times of the input's"),
        Bug(NeedsFacts, "answers_for_the_unknown", "where nobody knows the frame rate, it fails"),
        Bug(Random, "pure", "does something else the second time"),
        Bug(Nanoseconds, "estimate", "230400 CPU seconds"),
        Bug(WritesElsewhere, "stays_in_its_folder", _elsewhere().name),
        Bug(WritesItself, "pure", "to write"),
        Bug(LyingNoop, "noop", "is_noop() says that nothing is changed"),
        Bug(RebasedSound, "inferred_is_probed[late]", "ends at 1.25 to 1.35 s"),
        Bug(CodedSize, "inferred_is_probed[rotated]", "48x64"),
    )
}
