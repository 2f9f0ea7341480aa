"""Checks of what comes out: what `infer` says is what is probed, and nothing is lost on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.errors import MediaPipelineError
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.testing.contract.content import Content, same_times
from mediapipeline.testing.contract.failed import failed
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.ran import Ran
from mediapipeline.testing.contract.trial import Trial

__all__ = ["accepted", "inferred_is_probed", "nothing_left_out", "of_the_first"]

_CLOSE = Fraction(1, 20)
"""Seconds by which lengths may differ: what is allowed of every output."""
_AS_DEEP = "as many bits as the input"
_DEEPER = (
    "its filter takes eight bits only: let infer() say that it is not known what the format becomes, "
    "return facts.with_video(pix_fmt=None)"
)
_EXACT = Fraction(1, 100)
"""The same for sound whose times are said not to change."""


def inferred_is_probed(trial: Trial, clip: str) -> Iterator[Finding]:
    """What every case makes of *clip* is what the operator said."""
    try:
        written = trial.written(clip)
    except MediaPipelineError as error:
        yield failed(error, clip=clip, folder=trial.last)
        return
    for at, problems in written.refused.items():
        for problem in problems:
            if not (problem.hint or "").strip():
                yield Finding(text=f"a refusal has no hint: {problem}", clip=clip, case=trial.cases[at])
    if written.ran is None:
        return
    source = trial.media(clip)
    for at, outputs in written.outputs.items():
        for output in outputs:
            said = written.clips[output]
            for name, planned, came in written.ran.files(output):
                whole = planned.media
                decoded = None
                if not getattr(planned, "segment", None):
                    decoded = written.ran.decoded(name)
                # Of the streams of a package, each is a file, which knows nothing of the others' times.
                alone = whole if decoded is not None else _without_times(whole)
                found = [*_differences(alone, came.media)]
                if decoded is not None and not said.files and not said.still:
                    before = written.clips[clip.replace("-", "_")]
                    found += _timing(before, trial.source_decoded(clip), said, decoded)
                for inferred, probed in found:
                    yield Finding(
                        hint=_DEEPER if inferred == _AS_DEEP else None,
                        text=f"{name} is not what infer() said", inferred=inferred, probed=probed,
                        clip=f"{clip}: {_described(source)}", case=trial.cases[at], folder=written.ran.folder,
                        outputs=(output,),
                    )  # fmt: skip


def of_the_first(trial: Trial) -> list[Finding]:
    """What is wrong with the clip that has no peculiarity: then the same is wrong with others, and in other checks."""
    return list(inferred_is_probed(trial, trial.first)) if trial.clips else []


def _without_times(info: MediaInfo) -> MediaInfo:
    return attrs.evolve(
        info,
        video=None if info.video is None else attrs.evolve(info.video, start=None, duration=None),
        audio=tuple(attrs.evolve(track, start=None, duration=None) for track in info.audio),
    )


def _described(info: MediaInfo) -> str:
    parts = []
    if (video := info.video) is not None:
        turned = f", turned by {video.rotation}" if video.rotation else ""
        rate = "varying" if video.vfr else f"{video.frame_rate} fps"
        parts.append(f"{video.width}x{video.height} {video.pix_fmt} {rate}{turned}")
    parts += [f"{track.channels} channels {track.sample_rate} Hz" for track in info.audio]
    return ", ".join(parts) + (f", {float(info.duration):g} s" if info.duration else "")


def _differences(want: MediaInfo, have: MediaInfo) -> Iterator[tuple[str, str]]:
    """Each fact that was inferred, and what was probed in its place."""
    counts = [
        f"{len(m.audio)} sound tracks, {len(m.subtitles)} subtitles, {'a' if m.video else 'no'} picture"
        for m in (want, have)
    ]
    if counts[0] != counts[1]:
        yield counts[0], counts[1]
        return
    if want.video is not None and have.video is not None:
        yield from _video(want.video, have.video, still=want.still)
    pairs: list[tuple[str, Stream, Stream]] = [] if want.video is None or have.video is None or want.still else [
        ("picture", want.video, have.video)
    ]  # fmt: skip
    for at, (track, heard) in enumerate(zip(want.audio, have.audio, strict=True)):
        yield from _fields(f"sound track {at}", track, heard, ("codec", "sample_rate", "channels", "language"))
        pairs.append((f"sound track {at}", track, heard))
    for at, (cues, shown) in enumerate(zip(want.subtitles, have.subtitles, strict=True)):
        yield from _fields(f"subtitles {at}", cues, shown, ("codec", "language"))
    start = have.start or Fraction(0)
    for what, expected, seen in pairs:
        close = _tolerance(expected)
        if expected.start is not None and seen.start is not None and abs(expected.start - (seen.start - start)) > close:
            yield (
                f"{what} begins at {float(expected.start):.4f} s",
                f"{what} begins at {float(seen.start - start):.4f} s",
            )
        elif expected.end is not None and seen.end is not None and abs(expected.end - (seen.end - start)) > close:
            yield f"{what} ends at {float(expected.end):.4f} s", f"{what} ends at {float(seen.end - start):.4f} s"
    if len(want.chapters) != len(have.chapters):
        yield f"{len(want.chapters)} chapters", f"{len(have.chapters)} chapters"
    if lost := {key: text for key, text in want.metadata.items() if have.metadata.get(key) != text}:
        yield f"tags {lost}", f"tags {dict(have.metadata)}"


def _video(want: VideoStream, have: VideoStream, *, still: bool) -> Iterator[tuple[str, str]]:
    fields = ["codec", "width", "height", "rotation", "pix_fmt"]
    if want.vfr is False and not still:
        fields.append("frame_rate")
    yield from _fields("picture", want, have, tuple(fields))
    if want.sar is not None and have.sar not in (want.sar, None):
        yield f"sample aspect ratio {want.sar}", f"sample aspect ratio {have.sar}"


def _fields(what: str, want: Stream, have: Stream, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        expected, seen = getattr(want, name), getattr(have, name)
        if expected is not None and seen is not None and expected != seen:
            yield f"{what}: {name} {expected}", f"{what}: {name} {seen}"


def _tolerance(stream: Stream) -> Fraction:
    if isinstance(stream, VideoStream):
        frame = 1 / stream.frame_rate if stream.frame_rate else _CLOSE
        # Where the first and last frame of a varying rate are is not known; a clip of ours has gaps of three frames.
        return max(_CLOSE, frame * (4 if stream.vfr is not False else Fraction(3, 2)))
    return _CLOSE


def _timing(before: MediaInfo, source: Content, said: MediaInfo, decoded: Content) -> Iterator[tuple[str, str]]:
    """Where frames and samples are not as many, or not when, as was said; *before* and *source* are the input's."""
    now, then = said.video, before.video
    if now is not None:
        if then is not None and _pace(now) == _pace(then):
            if not same_times(source, decoded):
                yield "frames at the times of the input's", _frames_of(decoded, source)
        elif now.vfr is False and now.frame_rate and now.duration is not None:
            wanted = now.duration * now.frame_rate
            if abs(len(decoded.times) - wanted) >= 1:
                yield f"{_count(wanted)} frames ({float(now.duration):g} s)", f"{len(decoded.times)} frames"
        if decoded.low_bits is False and source.low_bits:
            yield _AS_DEEP, "the two bits that eight lack are all 0: it was eight bits on the way"
    for at, (track, sound) in enumerate(zip(said.audio, decoded.sound, strict=False)):
        kept = at < len(before.audio) and _pace(track) == _pace(before.audio[at])
        length = (
            Fraction(source.sound[at].count, source.sound[at].rate) if kept else track.duration
        )  # fmt: skip
        off = _EXACT if kept else _CLOSE
        if length is not None and abs(Fraction(sound.count, sound.rate) - length) > off:
            yield (
                f"sound track {at} lasts {float(length):.4f} s{', as the input' if kept else ''}",
                f"sound track {at} lasts {sound.count / sound.rate:.4f} s",
            )


def _count(frames: Fraction) -> str:
    return str(frames) if frames.denominator == 1 else f"{math.floor(frames)} or {math.ceil(frames)}"


def _pace(stream: VideoStream | AudioStream | SubtitleStream) -> tuple[Any, ...]:
    """What of a stream's facts is about time."""
    rate = (stream.frame_rate, stream.vfr) if isinstance(stream, VideoStream) else ()
    return (stream.start, stream.duration, *rate)


def _frames_of(decoded: Content, source: Content) -> str:
    if len(decoded.times) != len(source.times):
        return f"{len(decoded.times)} frames, of {len(source.times)}"
    pairs = zip(decoded.times, source.times, strict=True)
    at, (now, then) = max(enumerate(pairs), key=lambda pair: abs(pair[1][0] - pair[1][1]))
    return f"frame {at} at {float(now):.4f} s, which the input shows at {float(then):.4f} s"


def nothing_left_out(trial: Trial, allowed: frozenset[str]) -> Iterator[Finding]:
    """What the first clip holds is in the result, unless the operator reports that it leaves it out."""
    for clip, written in trial.each_written():
        before = written.clips[clip.replace("-", "_")]
        for at, outputs in written.outputs.items():
            infos = [written.clips[output] for output in outputs]
            if any(info.files for info in infos) or written.ran is None:
                continue
            lost = [
                name
                for name, count in _held(before).items()
                if name not in allowed
                and max(_held(info)[name] for info in infos) < count
                and not (name == "chapters" and any(info.chapters for info in infos))  # a part may have some
            ]
            if lost and not _reported(written.ran, outputs):
                yield Finding(
                    text=f"what the clip has is left out without a word: {', '.join(lost)}", clip=clip,
                    case=trial.cases[at], folder=written.ran.folder,
                    hint="let it pass (start from the clip that lower() is given), or say so with work.report(…); "
                    f"where leaving it out is what it is for, write leaves_out = {tuple(lost)!r} in its contract",
                )  # fmt: skip
                return


def _held(info: MediaInfo) -> dict[str, int]:
    return {
        "picture": int(info.video is not None),
        "sound": len(info.audio),
        "subtitles": len(info.subtitles),
        "chapters": len(info.chapters),
        "tags": len(info.metadata),
    }


def _reported(ran: Ran, outputs: Sequence[str]) -> bool:
    """Whether anything was reported of the operation that gives *outputs*."""
    paths = {op.path for op in ran.planned.plan.operations if set(op.outputs) & set(outputs)}
    return any(decision.warning and decision.subject in paths for decision in ran.planned.plan.decisions)


def accepted(trial: Trial) -> Iterator[Finding]:
    """Every case is accepted for one clip at least, so that it is really tried."""
    left = dict(enumerate(trial.cases))
    said: dict[int, str] = {}
    for _, written in trial.each_written():
        if not left:
            return
        for at in written.outputs:
            left.pop(at, None)
        said |= {at: "; ".join(map(str, problems)) for at, problems in written.refused.items()}
    if not trial.clips:
        yield Finding(text="there is no clip that suits its first port")
    for at, text in said.items():
        if at in left:
            yield Finding(text=f"this case is refused for every clip: {text}", case=left[at])
