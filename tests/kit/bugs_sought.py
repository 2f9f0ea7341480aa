"""Broken operators that were thought of with the checks in view: where each of these could be got round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any

import attrs

from kit.bug import Bug
from mediapipeline.errors import Problem
from mediapipeline.media import MediaInfo
from mediapipeline.operators import (
    AUDIO,
    IMAGE,
    POINTWISE,
    TIMED,
    VIDEO,
    Category,
    Clip,
    Facts,
    Lowering,
    Operator,
    Traits,
    many,
    operator,
)
from mediapipeline.params import Param
from mediapipeline.steps import Resources

__all__ = ["SOUGHT"]

_PICTURE: dict[str, Any] = {"category": Category.PICTURE, "inputs": {"clip": VIDEO}}


@operator("bench.unsaid", **_PICTURE)
class Unsaid(Operator):
    """Mirror the picture, without saying what that takes."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator("bench.too_modest", requires=["filter:hflip"], **_PICTURE)
class TooModest(Operator):
    """Mirror the picture, and keep to oneself that this is pointwise."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator("bench.empty_claim", traits=POINTWISE, **_PICTURE)
class EmptyClaim(Operator):
    """Leave out the first tenth of a second, and call that pointwise."""

    def infer(self, facts: Facts) -> MediaInfo:
        return facts.clip

    def lower(self, work: Lowering) -> Clip:
        return work.cut(work.clip, Fraction(0), None)


@operator("bench.contradiction", traits=Traits(pointwise=True, timed=True), **_PICTURE)
class Contradiction(Operator):
    """Mirror the picture, with every trait there is."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator("bench.mixed_timed", traits=TIMED, **_PICTURE)
class MixedTimed(Operator):
    """Mix each frame with those before it, and call that timed."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "tmix", frames=3)


@operator("bench.lowpass", category=Category.AUDIO, inputs={"clip": AUDIO}, traits=POINTWISE)
class PointwiseLowpass(Operator):
    """Take away what is high, which takes a memory, and call that pointwise."""

    def lower(self, work: Lowering) -> Clip:
        return work.audio(work.clip, "lowpass", frequency=300)


@operator("bench.mix", category=Category.AUDIO, inputs={"clips": many(AUDIO, 2, 4)}, traits=POINTWISE)
class PointwiseMix(Operator):
    """Mix, take away what is high, and call that pointwise."""

    def infer(self, facts: Facts) -> MediaInfo:
        return attrs.evolve(facts.clip, audio=facts.clip.audio[:1])

    def lower(self, work: Lowering) -> Clip:
        mixed = work.filter_audio([clip.audio[0] for clip in work.all("clips")], "amix", inputs=2, normalize=False)
        return work.clip.with_audio([work.filter_audio(mixed, "lowpass", frequency=300)])


@operator("bench.makes_up_length", **_PICTURE)
class MakesUpLength(Operator):
    """Mirror the picture, and take ten seconds for granted."""

    def infer(self, facts: Facts) -> MediaInfo:
        return attrs.evolve(facts.clip, duration=facts.clip.duration or Fraction(10))

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator("bench.evaluated", **_PICTURE)
class Evaluated(Operator):
    """Turn the picture a little, by an angle in writing."""

    angle: Annotated[str, Param("The angle")] = "0"

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "rotate", angle=self.angle)


@operator("bench.expanded", **_PICTURE)
class Expanded(Operator):
    """Write text into the picture, as FFmpeg likes it."""

    text: Annotated[str, Param("What is written")] = "x"

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "drawtext", text=self.text)


@operator("bench.not_taken", **_PICTURE)
class NotTaken(Operator):
    """Draw a frame round the picture, in any colour."""

    color: Annotated[str, Param("The colour")] = "red"

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "drawbox", color=self.color)


@operator("bench.first_track", category=Category.AUDIO, inputs={"clip": AUDIO})
class FirstTrack(Operator):
    """Turn the first track down, and keep no other."""

    def infer(self, facts: Facts) -> MediaInfo:
        return attrs.evolve(facts.clip, audio=facts.clip.audio[:1])

    def lower(self, work: Lowering) -> Clip:
        return work.clip.with_audio([work.filter_audio(work.clip.audio[0], "volume", volume=0.5)])


@operator("bench.wrong_path", **_PICTURE)
class WrongPath(Operator):
    """Blur the picture, and complain at the wrong place."""

    sigma: Annotated[float, Param("How much")] = 1.0
    steps: Annotated[int, Param("How often", ge=1, le=6)] = 1

    def check(self, facts: Facts) -> Iterable[Problem]:
        if self.sigma > 100:
            yield Problem("/steps", "out-of-range", "that is too much", "take less")

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "gblur", sigma=self.sigma, steps=self.steps)


@operator("bench.no_hint", **_PICTURE)
class NoHint(Operator):
    """Blur the picture, and do not say what would be right."""

    sigma: Annotated[float, Param("How much")] = 1.0

    def check(self, facts: Facts) -> Iterable[Problem]:
        if self.sigma > 100:
            yield Problem("/sigma", "out-of-range", "that is too much")

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "gblur", sigma=self.sigma)


@operator("bench.refuses_all", **_PICTURE)
class RefusesAll(Operator):
    """Mirror pictures that are larger than any."""

    def check(self, facts: Facts) -> Iterable[Problem]:
        yield Problem("", "too-small", "the picture is too small", "take a larger one")

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator("bench.less_than_nothing", **_PICTURE)
class LessThanNothing(Operator):
    """Mirror the picture, and give time back."""

    def estimate(self, facts: Facts) -> Resources:
        return Resources(cpu_seconds=Fraction(-1))

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator("bench.early_noop", **_PICTURE)
class EarlyNoop(Operator):
    """Brighten the picture, and call it nothing where sizes are odd."""

    def is_noop(self, facts: Facts) -> bool:
        return facts.clip.video is not None and facts.clip.video.width % 2 == 1

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "lutyuv", y=100)


@operator("bench.one_logo", category=Category.GRAPHICS, inputs={"base": VIDEO, "logo": IMAGE})
class LogoSized(Operator):
    """Put a logo onto the picture, and take the result for the logo."""

    def infer(self, facts: Facts) -> MediaInfo:
        base, logo = facts["base"], facts["logo"]
        if base.video is None or logo.video is None:
            return base
        return attrs.evolve(base, video=attrs.evolve(base.video, width=logo.video.width, height=logo.video.height))

    def lower(self, work: Lowering) -> Clip:
        base, logo = work["base"], work["logo"]
        assert base.video is not None
        assert logo.video is not None
        return base.with_video(work.filter([base.video, logo.video], "overlay"))


@operator("bench.forgotten_parameter", **_PICTURE)
class ForgottenParameter(Operator):
    """Darken the corners of the picture, always by the same angle."""

    angle: Annotated[float, Param("Angle of the lens", ge=0, le=1.5, unit="rad")] = 0.6

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vignette", dither=False)


@operator("bench.idle_parameter", **_PICTURE)
class IdleParameter(Operator):
    """Darken the corners of the picture, by an angle that is worked out once or for every frame."""

    often: Annotated[bool, Param("Whether it is worked out for every frame")] = False

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vignette", eval="frame" if self.often else "init", dither=False)


@operator("bench.unheard_parameter", category=Category.AUDIO, inputs={"clip": AUDIO})
class UnheardParameter(Operator):
    """Turn the sound down, and be precise to no avail: the samples are as they are."""

    db: Annotated[float, Param("By how much", ge=0, le=60, unit="dB")] = 6.0
    precise: Annotated[bool, Param("Whether it is exact")] = False

    def lower(self, work: Lowering) -> Clip:
        return work.audio(work.clip, "volume", volume=f"-{self.db}dB", replaygain="ignore" if self.precise else None)


@operator("bench.never_set", **_PICTURE)
class NeverSet(Operator):
    """Draw a frame round the picture, in a colour that nobody tries."""

    colors: Annotated[list[str], Param("The colours, of which the first is taken")] = ["red"]  # noqa: RUF012 - a parameter

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "drawbox", color="red")


@operator("bench.too_wide", **_PICTURE)
class TooWide(Operator):
    """Blur the picture, by more than FFmpeg can."""

    sigma: Annotated[float, Param("How much", ge=0, le=5000)] = 1.0

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "gblur", sigma=self.sigma)


SOUGHT: Mapping[str, Bug] = {
    bug.name: bug
    for bug in (
        Bug(Unsaid, "requirements", "does not require: filter:hflip"),
        Bug(TooModest, "traits", "does not declare pointwise"),
        Bug(EmptyClaim, "traits", "no filter of its own"),
        Bug(Contradiction, "traits", "exclude each other"),
        Bug(MixedTimed, "traits", "declares timed, and its frames depend on others"),
        Bug(PointwiseLowpass, "traits", "sound track 0"),
        Bug(PointwiseMix, "traits", "declares pointwise"),
        Bug(MakesUpLength, "answers_for_the_unknown", "the clip lasts 10 s"),
        Bug(Evaluated, "text_stays_text", "is evaluated by FFmpeg"),
        Bug(Expanded, "text_stays_text", "is expanded by FFmpeg"),
        Bug(NotTaken, "text_stays_text", "makes the run fail"),
        Bug(FirstTrack, "nothing_left_out", "left out without a word: sound"),
        Bug(WrongPath, "invalid_is_refused", "wrong is '/sigma'", invalid=[{"sigma": 101}]),
        Bug(NoHint, "invalid_is_refused", "has no hint", invalid=[{"sigma": 101}]),
        Bug(RefusesAll, "every_case_is_accepted", "refused for every clip"),
        Bug(LessThanNothing, "estimate", "less than nothing"),
        Bug(EarlyNoop, "noop", "frames differ"),
        Bug(ForgottenParameter, "every_parameter_counts", "'angle' changes nothing: angle=0.6 and angle=1.5"),
        Bug(IdleParameter, "every_parameter_counts", "'often' changes nothing that is seen or heard"),
        Bug(UnheardParameter, "every_parameter_counts", "'precise' changes nothing that is seen or heard"),
        Bug(NeverSet, "every_parameter_counts", "no clip takes two values of 'colors'"),
        Bug(TooWide, "every_parameter_counts", "sigma=5000.0 is legal, and the job fails"),
        Bug(LogoSized, "inferred_is_probed[plain]", "64x48"),
    )
}
