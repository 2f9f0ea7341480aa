"""The ``mix`` operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Literal

import attrs

from mediapipeline.errors import Problem
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream
from mediapipeline.media.words import counted
from mediapipeline.operators import (
    AV,
    AudioRef,
    Category,
    Clip,
    Expr,
    Facts,
    Lowering,
    Operator,
    SoundForm,
    many,
    operator,
    sound_form,
)  # fmt: skip
from mediapipeline.params import Duration, Param

_CEILING = Fraction(95, 100)
_RATE = 48_000  # any, to ask whether a length is known


@operator(
    "mix",
    category=Category.AUDIO,
    inputs={"clips": many(AV, 2, 32)},
    requires=[
        f"filter:{name}"
        for name in ("amix", "adelay", "volume", "aresample", "aformat", "alimiter", "apad", "atrim", "asetpts")
    ],
)
class Mix(Operator):
    """Play the sound of several clips at the same time.

    Their first sound tracks become one, as loud as they are: what the sum has too much is limited, not turned down as
    a whole. Picture, subtitles, chapters and tags are those of the first clip. A clip without sound counts as silent
    for as long as it lasts, so that music is put to a silent film.
    """

    weights: Annotated[
        tuple[Annotated[float, Param("of one clip", ge=0, le=10)], ...] | None,
        Param("What each clip's amplitude is multiplied by; 1 for all"),
    ] = None
    offsets: Annotated[
        tuple[Annotated[Duration, Param("of one clip", ge=0)], ...] | None,
        Param("How much later each clip begins; 0 for all"),
    ] = None
    duration: Annotated[Literal["longest", "first", "shortest"], Param("Which clip's end is the end of the sound")] = (
        "longest"
    )
    normalize: Annotated[
        bool, Param("Whether each clip is turned down so that no sum can be too loud, to the end of all")
    ] = False
    limit: Annotated[bool, Param("Whether peaks are limited to 95 % of what a file can hold")] = True

    def check(self, facts: Facts) -> Iterable[Problem]:
        clips = facts.all("clips")
        count, fits = len(clips), True
        for name, given in (("weights", self.weights), ("offsets", self.offsets)):
            if given is not None and len(given) != count:
                fits = False
                yield Problem(
                    f"/{name}", "wrong-length", f"{len(given)} {name} for {count} clips", "give one for each, or none"
                )
        if fits and not any(clip.audio for clip in clips):
            yield Problem(
                "", "wrong-media", "mix needs sound, and none of its clips has any",
                "give it a clip with sound, such as music, among the others; without any, leave mix out",
            )  # fmt: skip
        elif fits and not all(clip.audio for clip in clips) and self._samples(clips, _RATE) is None:
            yield Problem(
                "", "unknown-duration", "mix has a clip without sound, and how long its clips are is not known",
                "cut each to a length with trim, or leave out those without sound",
            )  # fmt: skip

    def _form(self, clips: Sequence[MediaInfo]) -> SoundForm:
        form = sound_form([clip.audio[0] for clip in clips if clip.audio])
        return attrs.evolve(form, sample_fmt="fltp")

    def _offset(self, at: int) -> Fraction:
        return self.offsets[at] if self.offsets is not None else Fraction(0)

    def _samples(self, clips: Sequence[MediaInfo], rate: int) -> int | None:
        """How many samples the result has; None where nobody knows."""
        ends = [_end(clip, self._offset(at)) for at, clip in enumerate(clips)]
        if self.duration == "first":
            ends = ends[:1]
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return None
        return round((min(known) if self.duration == "shortest" else max(known)) * rate)

    def _mixed(self, clips: Sequence[MediaInfo]) -> AudioStream:
        form = self._form(clips)
        count = self._samples(clips, form.rate)
        first = next(clip.audio[0] for clip in clips if clip.audio)
        return attrs.evolve(
            first, codec=None, sample_rate=form.rate, channels=form.channels, channel_layout=form.layout,
            sample_fmt=None, start=Fraction(0), duration=None if count is None else Fraction(count, form.rate),
            time_base=Fraction(1, form.rate), bit_rate=None, profile=None, extradata=None, preroll=None, packet=None,
        )  # fmt: skip

    def infer(self, facts: Facts) -> MediaInfo:
        clips = facts.all("clips")
        track = self._mixed(clips)
        ends = [track.end] if clips[0].video is None else [track.end, clips[0].video.end]
        known = [end for end in ends if end is not None]
        return attrs.evolve(
            clips[0], audio=(track,), format=None, size=None, bit_rate=None, fingerprint=None,
            duration=max(known) if len(known) == len(ends) else None,
        )  # fmt: skip

    def lower(self, work: Lowering) -> Clip:
        clips = work.all("clips")
        infos = [clip.info for clip in clips]
        form, facts = self._form(infos), self._mixed(infos)
        silent = [str(number) for number, clip in enumerate(clips, 1) if not clip.audio]
        if silent:
            work.report(f"clip{'s' * (len(silent) > 1)} {', '.join(silent)} without sound: silent in the mix")
        further = sum(len(clip.audio[1:]) for clip in clips)
        if further:
            work.report(f"{counted(further, 'further sound track')} left out: the first of each clip is mixed")
        count = self._samples(infos, form.rate)
        # What is silent adds nothing but length, and wherever there is such a clip the length is known.
        legs = [self._leg(work, clip.audio[0], form, at, count) for at, clip in enumerate(clips) if clip.audio]
        ends = self.duration if count is None else "longest"
        mixed = work.filter_audio(
            legs, "amix", inputs=len(legs), duration=ends, dropout_transition=0, normalize=self.normalize
        )
        if self.limit:
            mixed = work.filter_audio(mixed, "alimiter", limit=_CEILING, level=False, latency=True)
        if count is not None:
            mixed = work.filter_audio(mixed, "atrim", end_sample=count)
        return clips[0].with_audio([AudioRef(mixed.id, facts)])

    def _leg(self, work: Lowering, track: AudioRef, form: SoundForm, at: int, count: int | None) -> AudioRef:
        """The sound of one clip at its place; where the mix has so many samples, silent to beyond its end.

        While one of its inputs ends, what ``amix`` gives depends on which of them was decoded first, and samples may be
        lost. So none ends before what is wanted has passed.
        """
        leg = work.sound_in(track, form)
        late = round(self._offset(at) * form.rate)
        if late:
            leg = work.filter_audio(leg, "adelay", delays=f"{late}S", all=True)
        weight = 1.0 if self.weights is None else self.weights[at]
        if weight != 1:
            leg = work.filter_audio(leg, "volume", volume=weight)
        if count is None:
            return leg
        leg = work.filter_audio(leg, "apad", whole_len=count + form.rate)
        # Where there was no sound at all, what is added has no time.
        return work.filter_audio(leg, "asetpts", expr=Expr("round(N/SR/TB)"))


def _end(clip: MediaInfo, offset: Fraction) -> Fraction | None:
    """When *clip* ends in the mix; of a part that has no sound of the track nothing is heard."""
    if not clip.audio:
        end = clip.duration if clip.video is None or clip.video.end is None else clip.video.end
    else:
        end = Fraction(0) if clip.audio[0].duration == 0 else clip.audio[0].end
    return None if end is None else end + offset
