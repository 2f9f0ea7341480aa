"""The ``loudnorm`` operator."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream
from mediapipeline.operators import (
    AUDIO,
    AudioRef,
    Case,
    Category,
    Clip,
    Facts,
    Late,
    LateFilter,
    Lowering,
    Measurement,
    Operator,
    operator,
)
from mediapipeline.params import Param

_LOUDNESS = Measurement(
    reading="summary",
    fields={
        "integrated": "Integrated loudness/I",
        "threshold": "Integrated loudness/Threshold",
        "range": "Loudness range/LRA",
        "true_peak": "True peak/Peak",
    },
)
_NOTHING = -70.0  # what is measured of silence, and of less than 400 ms
_ROUNDED = 0.1  # of the loudness and of the peak, half a step each
_RATE = 48000  # where that of the source is not known
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}  # FFmpeg's own guesses


@operator(
    "loudnorm",
    category=Category.AUDIO,
    inputs={"clip": AUDIO},
    requires=[
        "filter:ebur128",
        "filter:volume",
        "filter:loudnorm",
        "filter:aresample",
        "filter:aformat",
        "filter:atrim",
    ],
)
class Loudnorm(Operator):
    """Bring the sound to a loudness (EBU R 128).

    Every sound track is brought there by itself. In two passes, each track is measured first, and then changed by one
    constant gain where its peaks and its loudness range stay within the targets; where they would not, its dynamics are
    changed too. What was measured and which of the two was done is in the result of the run. Silence, and sound too
    short to be measured, stays as it is. Usual targets are -23 for broadcast (EBU R 128), -24 (ATSC A/85), -14 for
    streaming and -16 for podcasts.
    """

    target_lufs: Annotated[float, Param("Integrated loudness", ge=-70, le=-5, unit="LUFS")] = -16.0
    target_tp: Annotated[float, Param("True peak that is not exceeded", ge=-9, le=0, unit="dBTP")] = -1.5
    target_lra: Annotated[float, Param("Loudness range that is not exceeded", ge=1, le=50, unit="LU")] = 11.0
    mode: Annotated[
        Literal["two_pass", "single"],
        Param(
            "two_pass measures first; single follows the loudness as it goes, always changes dynamics, is less exact"
        ),
    ] = "two_pass"
    dual_mono: Annotated[
        bool | None,
        Param("Measure mono as it sounds from two speakers, 3 LU louder; by default so for mono tracks"),
    ] = None
    sample_rate: Annotated[
        int | None, Param("Sample rate of the result; default, that of the source", ge=8000, le=192000, unit="Hz")
    ] = None

    def _rate(self, track: AudioStream) -> int:
        return self.sample_rate or track.sample_rate or _RATE

    def infer(self, facts: Facts) -> MediaInfo:
        tracks = (
            attrs.evolve(track, sample_rate=self._rate(track), sample_fmt=None, bit_rate=None)
            for track in facts.clip.audio
        )
        return attrs.evolve(facts.clip, audio=tuple(tracks))

    def lower(self, work: Lowering) -> Clip:
        return work.clip.with_audio(self._normalised(work, track) for track in work.clip.audio)

    def _normalised(self, work: Lowering, track: AudioRef) -> AudioRef:
        twice = track.info.channels == 1 if self.dual_mono is None else self.dual_mono
        if self.mode == "single":
            targets = {"I": self.target_lufs, "TP": self.target_tp, "LRA": self.target_lra}
            normalised = work.filter_audio(track, "loudnorm", **targets, dual_mono=twice)
            for name, options in self._resampled(track.info):
                normalised = work.filter_audio(normalised, name, **options)
            return normalised
        measured = work.measure(
            track, "ebur128", _LOUDNESS,
            peak="true", dualmono=twice, framelog="verbose",
        )  # fmt: skip
        return work.choose_audio(track, measured, self._cases(track.info, twice=twice))

    def _resampled(self, track: AudioStream) -> list[tuple[str, dict[str, int | str | Fraction]]]:
        """What brings sound to the sample rate that it shall have: ``loudnorm`` gives 192 kHz when not linear.

        FFmpeg 5.1 does not find a layout beyond a resampler by itself where the source does not tell its own, and 9.0
        fills the last tenth of a second up.
        """
        filters: list[tuple[str, dict[str, int | str | Fraction]]] = [("aresample", {"sample_rate": self._rate(track)})]
        layout = track.channel_layout or _LAYOUTS.get(track.channels or 0)
        if layout is not None:
            filters.append(("aformat", {"channel_layouts": layout}))
        if track.end is not None:
            filters.append(("atrim", {"end": Fraction(round(track.end * 1_000_000), 1_000_000)}))
        return filters

    def _cases(self, track: AudioStream, *, twice: bool) -> list[Case]:
        loudness, peak = Late.of("integrated"), Late.of("true_peak")
        gain = self.target_lufs - loudness
        resampled = tuple(LateFilter.of(name, **options) for name, options in self._resampled(track))
        changed = () if self._rate(track) == track.sample_rate else resampled
        return [
            Case(name="silent", when=(loudness.at_most(_NOTHING),), filters=changed),
            Case(
                name="linear",
                when=((peak + gain).at_most(self.target_tp - _ROUNDED), Late.of("range").at_most(self.target_lra)),
                filters=(LateFilter.of("volume", volume=gain.measured_in("dB")), *changed),
            ),
            Case(
                name="dynamic",
                filters=(
                    LateFilter.of(
                        "loudnorm",
                        I=self.target_lufs,
                        TP=self.target_tp,
                        LRA=self.target_lra,
                        # The ranges are those that the filter takes.
                        measured_I=loudness.within(-99, 0),
                        measured_TP=peak.within(-99, 99),
                        measured_LRA=Late.of("range").within(0, 99),
                        measured_thresh=Late.of("threshold").within(-99, 0),
                        linear=False,
                        dual_mono=twice,
                    ),
                    *resampled,
                ),
            ),
        ]
