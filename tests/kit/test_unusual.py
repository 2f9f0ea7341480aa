"""Operators of unusual shape that keep the contract: it has nothing to say against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import attrs
import pytest

from kit.bug import packaged_ffmpeg, verdict
from mediapipeline.media import MediaInfo
from mediapipeline.operators import (
    AUDIO,
    IMAGE,
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
from mediapipeline.testing import OperatorContract


class Kept(OperatorContract):
    ffmpeg = packaged_ffmpeg()


@operator("bench.apart", category=Category.TIMELINE, outputs=["picture", "sound"])
class Apart(Operator):
    """Take picture and sound apart."""

    def infer(self, facts: Facts) -> Mapping[str, MediaInfo]:
        return {
            "picture": attrs.evolve(facts.clip, audio=()),
            "sound": attrs.evolve(facts.clip, video=None, subtitles=(), chapters=()),
        }

    def lower(self, work: Lowering) -> Mapping[str, Clip]:
        clip = work.clip
        return {"picture": clip.with_audio(()), "sound": clip.with_video(None).with_subtitles(())}


class OfApart(Kept):
    operator = Apart


@operator(
    "bench.logo",
    category=Category.GRAPHICS,
    traits=POINTWISE,
    inputs={"base": VIDEO, "logo": IMAGE},
    requires=["filter:scale", "filter:overlay"],
)
class Logo(Operator):
    """Put a logo into the top right corner."""

    share: Annotated[float, Param("Its width, as a share of the picture's", gt=0, le=1)] = 0.25

    def infer(self, facts: Facts) -> MediaInfo:
        return facts.with_video(pix_fmt=None)

    def lower(self, work: Lowering) -> Clip:
        base, logo = work["base"].video, work["logo"].video
        assert base is not None
        assert logo is not None
        small = work.filter(logo, "scale", w=max(1, round(base.info.width * self.share)), h=-1)
        return work["base"].with_video(work.filter([base, small], "overlay", x=Expr("W-w"), y=0))


class OfLogo(Kept):
    operator = Logo
    cases = ({}, {"share": 0.5})


@operator("bench.tint", category=Category.PICTURE, inputs=IMAGE, traits=POINTWISE, requires=["filter:hflip"])
class MirroredPicture(Operator):
    """Mirror a still picture."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


class OfMirroredPicture(Kept):
    operator = MirroredPicture


@operator("bench.frame", category=Category.PICTURE, inputs=VIDEO, traits=POINTWISE, requires=["filter:drawbox"])
class Frame(Operator):
    """Draw a frame round the picture."""

    color: Annotated[str, Param("The colour", pattern="#[0-9a-f]{6}")] = "#ff0000"

    def infer(self, facts: Facts) -> MediaInfo:
        return facts.with_video(pix_fmt=None)

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "drawbox", color=self.color, thickness=3)


class OfFrame(Kept):
    operator = Frame
    cases = ({"color": "#00ff00"},)
    invalid = ({"color": "green"},)


@operator("bench.rise", category=Category.AUDIO, inputs=AUDIO, requires=["filter:volume"])
class Rise(Operator):
    """Let the sound rise from nothing."""

    def lower(self, work: Lowering) -> Clip:
        return work.audio(work.clip, "volume", volume=Expr("min(t,1)"), eval="frame")


class OfRise(Kept):
    operator = Rise


_CONTRACTS = [OfApart, OfLogo, OfMirroredPicture, OfFrame, OfRise]
_CHECKS = [
    "documented", "json_round_trip", "invalid_is_refused", "pure", "answers_for_the_unknown", "every_case_is_accepted",
    "every_parameter_counts", "used_twice", "traits", "optimised_is_unoptimised", "text_stays_text", "estimate",
    "stays_in_its_folder",
]  # fmt: skip


@pytest.mark.parametrize("contract", _CONTRACTS, ids=lambda each: each.operator.__name__)
def test_nothing_is_said_against_it(contract: type[OperatorContract]) -> None:
    first = contract.trial().clips[0]
    said = {check: verdict(contract, check) for check in [*_CHECKS, f"inferred_is_probed[{first}]"]}
    assert {check: text for check, text in said.items() if text} == {}
