"""The ``volume`` operator."""

from __future__ import annotations

from typing import Annotated

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import AUDIO, POINTWISE, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param, exactly_one_of


@operator(
    "volume",
    category=Category.AUDIO,
    traits=POINTWISE,
    inputs={"clip": AUDIO},
    requires=["filter:volume"],
    rules=[exactly_one_of("gain_db", "factor", "mute")],
)
class Volume(Operator):
    """Make the sound louder or quieter.

    Every sound track alike; the picture passes. What becomes louder than a file can hold is clipped when it is encoded.
    """

    gain_db: Annotated[
        float | None, Param("Change; 6 is about twice the amplitude", ge=-60, le=60, unit="dB", examples=[-6])
    ] = None
    factor: Annotated[float | None, Param("What amplitudes are multiplied by", ge=0, le=10)] = None
    mute: Annotated[bool | None, Param("Whether nothing is to be heard")] = None

    def infer(self, facts: Facts) -> MediaInfo:
        audio = tuple(attrs.evolve(track, sample_fmt=None, bit_rate=None) for track in facts.clip.audio)
        return attrs.evolve(facts.clip, audio=audio)

    def is_noop(self, facts: Facts) -> bool:
        return self.gain_db == 0 or self.factor == 1 or self.mute is False

    def lower(self, work: Lowering) -> Clip:
        if self.gain_db is not None:
            return work.audio(work.clip, "volume", volume=f"{self.gain_db:.9g}dB")
        return work.audio(work.clip, "volume", volume=0.0 if self.mute else 1.0 if self.factor is None else self.factor)
