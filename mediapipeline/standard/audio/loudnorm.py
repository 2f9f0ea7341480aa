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
    Expr,
    Facts,
    Late,
    LateFilter,
    Lowering,
    Measurement,
    Operator,
    OptionValue,
    Told,
    operator,
)
from mediapipeline.params import Param

_HEADROOM = 12  # dB over full scale that peaks are told up to: they are told of samples of 16 bits
_LOUDNESS = Measurement(
    reading="summary",
    fields={
        "integrated": Told("Integrated loudness/I", by="ebur128"),
        "threshold": Told("Integrated loudness/Threshold", by="ebur128"),
        "range": Told("Loudness range/LRA", by="ebur128"),
        "true_peak": Told("max_volume", by="volumedetect", reading="lines", plus=_HEADROOM, least=-91),
    },
)
_OVERSAMPLED = 192000  # Hz, as ebur128 itself has it; loudnorm takes and gives no other when not linear
_IN_A_ROW = Expr("STARTPTS+N")  # FFmpeg 9.0 tells a time for the last that is up to a tenth of a second late
_NOTHING = -70.0  # what is measured of silence, and of less than 400 ms
_ROUNDED = 0.1  # of the loudness and of the peak, half a step each
# A step of 16 bits is more than 0.05 dB of peaks below -40 dB; of a tenth of what they are below, it is always less.
_QUIET, _STEPS = -40, 0.1
_RATE = 48000  # where that of the source is not known
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}  # FFmpeg's own guesses


@operator(
    "loudnorm",
    category=Category.AUDIO,
    inputs={"clip": AUDIO},
    requires=[
        "filter:ebur128",
        "filter:volumedetect",
        "filter:aselect",
        "filter:volume",
        "filter:loudnorm",
        "filter:aresample",
        "filter:aformat",
        "filter:asetpts",
        "filter:atrim",
    ],
)
class Loudnorm(Operator):
    """Bring the sound to a loudness (EBU R 128).

    Every sound track is brought there by itself. In two passes, each track is measured first, and then changed by one
    constant gain where its peaks and its loudness range stay within the targets; where they would not, its dynamics are
    changed too. What was measured and which of the two was done is in the result of the run; true peaks are told up to
    12 dB over full scale. Silence, and sound too short to be measured, stays as it is. Usual targets are -23 for
    broadcast (EBU R 128), -24 (ATSC A/85), -14 for streaming and -16 for podcasts.
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
            raised = work.filter_audio(track, "aresample", sample_rate=_OVERSAMPLED)
            normalised = work.filter_audio(raised, "loudnorm", **targets, dual_mono=twice)
            normalised = work.filter_audio(normalised, "asetpts", expr=_IN_A_ROW)
            for name, options in self._resampled(track.info):
                normalised = work.filter_audio(normalised, name, **options)
            return normalised
        measured = work.measure(track, self._meters(twice=twice), _LOUDNESS)
        return work.choose_audio(track, measured, self._cases(track.info, twice=twice))

    def _meters(self, *, twice: bool) -> list[tuple[str, dict[str, OptionValue]]]:
        """What tells the loudness and the true peak.

        The peak is that of ``ebur128=peak=true``, from the same resampler but of single precision, and looked for by
        a filter that takes a twentieth of the time. Nearly all of the sound is left out behind it: at four times the
        rate, encoding it for nobody takes as long as the measurement.
        """
        return [
            ("ebur128", {"dualmono": twice, "framelog": "verbose"}),
            ("volume", {"volume": f"-{_HEADROOM}dB"}),
            ("aresample", {"sample_rate": _OVERSAMPLED, "internal_sample_fmt": "fltp", "out_sample_fmt": "s16"}),
            ("volumedetect", {}),
            ("aselect", {"expr": Expr("not(mod(n,100))")}),
        ]

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
        louder = Late((("true_peak", 1 - _STEPS),), _QUIET * _STEPS)  # than it is, where it is quiet
        gain = self.target_lufs - loudness
        kept = f"the gain keeps true peaks within {self.target_tp:g} dBTP"
        resampled = tuple(LateFilter.of(name, **options) for name, options in self._resampled(track))
        changed = () if self._rate(track) == track.sample_rate else resampled
        return [
            Case(
                name="silent",
                when=(loudness.at_most(_NOTHING, "there is too little sound to measure"),),
                filters=changed,
                text="as loud as it is",
            ),
            Case(
                name="linear",
                when=(
                    (peak + gain).at_most(self.target_tp - _ROUNDED, kept),
                    (louder + gain).at_most(self.target_tp - _ROUNDED, kept),
                    peak.at_most(
                        _HEADROOM - _ROUNDED, f"true peaks were below {_HEADROOM} dBTP"
                    ),  # the loudest that is told
                    Late.of("range").at_most(self.target_lra, f"the range is within {self.target_lra:g} LU"),
                ),
                filters=(LateFilter.of("volume", volume=gain.measured_in("dB")), *changed),
                text=f"brought to {self.target_lufs:g} LUFS by one gain for all of it",
            ),
            Case(
                name="dynamic",
                filters=(
                    # Else FFmpeg does so where it likes: before a cut too, which then lies amid two of the samples.
                    LateFilter.of("aresample", sample_rate=_OVERSAMPLED),
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
                    LateFilter.of("asetpts", expr=_IN_A_ROW),
                    *resampled,
                ),
                text=f"brought to {self.target_lufs:g} LUFS by a gain that changes over time",
            ),
        ]
