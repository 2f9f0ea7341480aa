"""Every shipped operator keeps the contract that every operator has to keep, and would not with other traits."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import ClassVar

import pytest

from kit.bug import packaged_ffmpeg, verdict
from mediapipeline.operators import Registry, Traits
from mediapipeline.standard.audio.loudnorm import Loudnorm
from mediapipeline.standard.audio.mix import Mix
from mediapipeline.standard.audio.volume import Volume
from mediapipeline.standard.geometry.flip import HFlip, VFlip
from mediapipeline.standard.geometry.scale import Scale
from mediapipeline.standard.graphics.overlay import Overlay
from mediapipeline.standard.package.hls import Hls
from mediapipeline.standard.package.thumbnail import Thumbnail
from mediapipeline.standard.timeline.concat import Concat
from mediapipeline.standard.timeline.fps import Fps
from mediapipeline.standard.timeline.trim import Trim
from mediapipeline.testing import OperatorContract

pytestmark = pytest.mark.slow  # each class runs some dozens of tiny jobs


class Shipped(OperatorContract):
    """The contract of an operator that is shipped, with the traits that it does not have tried as well.

    With the packaged FFmpeg, which starts many times faster than Debian's; another is named in the environment.
    """

    all: ClassVar[list[type[OperatorContract]]] = []
    ffmpeg = packaged_ffmpeg()

    def __init_subclass__(cls) -> None:
        cls.all.append(cls)

    @pytest.mark.parametrize("trait", ["pointwise", "timed"])
    def test_other_traits_are_caught(self, trait: str) -> None:
        """Each trait that is there is taken away, each that is not there is claimed.

        Not tried is to take TIMED away, which none declares, and which promises less and so breaks nothing.
        """
        true = self.operator.definition.traits
        flipped = Traits(
            pointwise=true.pointwise ^ (trait == "pointwise"),
            timed=true.timed ^ (trait == "timed"),
        )
        with self.trial().promising(flipped), pytest.raises(AssertionError, match="breaks the contract: traits"):
            self.test_traits()


class TestTrim(Shipped):
    operator = Trim
    cases = ({"start": "0.1s"}, {"end": "0.15s"}, {"start": "0.3s", "duration": "0.4s"})
    invalid = ({"start": "-1s"}, {"start": "2s", "end": "1s"}, {"start": "50s"})
    unseen: ClassVar[Mapping[str, str]] = {"clamp": "without it, what it is for is refused"}


class TestConcat(Shipped):
    operator = Concat
    cases = ({}, {"size": "40x40", "fps": 10, "fit": "cover"})
    invalid = ({"fit": "x"}, {"background": "blu"})


class TestFps(Shipped):
    operator = Fps
    cases = ({"fps": 10}, {"fps": "30000/1001"}, {"fps": 25})
    invalid = ({"fps": 0}, {})


class TestScale(Shipped):
    operator = Scale
    cases = (
        {"width": 32},
        {"width": 80, "height": 40, "fit": "pad"},
        {"size": "40x40", "fit": "cover", "algorithm": "lanczos"},
        {"width": 64, "height": 48},
    )
    invalid = ({"width": -2}, {"fit": "contain", "width": 40}, {"width": 0}, {"size": "33x33"}, {})


class TestHFlip(Shipped):
    operator = HFlip


class TestVFlip(Shipped):
    operator = VFlip
    spared: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("varying", "silent-anamorphic", "short", "late", "tracks"), "hflip differs in the name of the filter only"
    )


class TestOverlay(Shipped):
    operator = Overlay
    cases = ({}, {"position": "center_right", "margin": 3})
    invalid = ({"margin": -1},)


class TestVolume(Shipped):
    operator = Volume
    cases = ({"gain_db": -6}, {"factor": 1}, {"mute": True})
    invalid = ({"gain_db": 99}, {"gain_db": 1, "factor": 2}, {})


class TestLoudnorm(Shipped):
    operator = Loudnorm
    cases = ({"sample_rate": 32000, "target_lufs": -30}, {"mode": "single", "target_lufs": -5})
    invalid = ({"target_lufs": 0},)
    unseen: ClassVar[Mapping[str, str]] = {"target_lra": "a range takes three seconds, and clips last one"}


class TestMix(Shipped):
    operator = Mix
    cases = ({}, {"weights": [10, 5], "offsets": ["0s", "0.25s"], "duration": "first", "limit": False})
    invalid = (({"weights": [1]}, "/weights"), {"weights": [11, 1]})


class TestThumbnail(Shipped):
    operator = Thumbnail
    cases = ({"count": 2, "width": 32}, {"at": ["0s", "50%"]})
    invalid = ({"at": ["101%"]}, {"count": 0}, {})


class TestHls(Shipped):
    operator = Hls
    cases = ({}, {"segment": "2s"})
    unseen: ClassVar[Mapping[str, str]] = {"segment": "a segment lasts a second at least, and so do the clips"}
    spared: ClassVar[Mapping[str, str]] = {
        "varying": "FFmpeg takes the length of a segment from the number of its frames"
    }
    invalid = ({"segment": "0.5s"}, {"segment_type": "mkv"})


class TestHlsOfTransportStreams(Shipped):
    operator = Hls
    cases = ({"segment_type": "ts"},)
    unseen = TestHls.unseen
    spared: ClassVar[Mapping[str, str]] = {
        **TestHls.spared,
        "silent-anamorphic": "a second of silence is so small a transport stream that FFmpeg does not recognise it",
    }


def test_every_shipped_operator_has_a_contract() -> None:
    shipped = {name for name in Registry.discover() if "." not in name}
    assert {contract.operator.definition.name for contract in Shipped.all} == shipped


@pytest.mark.parametrize("contract", Shipped.all, ids=lambda each: each.__name__)
def test_the_ffmpeg_of_the_system_gives_what_is_inferred(contract: type[OperatorContract]) -> None:
    fields = {"operator": contract.operator, "cases": contract.cases, "ffmpeg": shutil.which("ffmpeg")}
    first = contract.trial().first
    assert verdict(type(contract.__name__, (OperatorContract,), fields), f"inferred_is_probed[{first}]") == ""
