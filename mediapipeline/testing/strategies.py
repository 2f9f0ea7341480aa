"""Hypothesis strategies: media that could be, and jobs that can be planned.

The only module of the kit that imports Hypothesis; ``from mediapipeline.testing import job_specs`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from mediapipeline.media.info import MediaInfo
from mediapipeline.spec.job import JobSpec
from mediapipeline.spec.load import load
from mediapipeline.testing.fakes import clip_info
from mediapipeline.testing.planning import SAMPLE_CLIPS, fake_planner

__all__ = ["job_specs", "media_infos"]

_SHORTEST = Fraction(1, 2)
"""Seconds that are left of a clip at least."""


def media_infos(
    *, picture: bool | None = None, sound: bool | None = None, known: bool = False
) -> st.SearchStrategy[MediaInfo]:
    """Facts of clips as they come: odd sizes, odd rates, rotated, late, without an end that anybody knows.

    They shrink towards a second of 64×64 at 25 frames per second with one stereo track.

    Args:
        picture: Whether there is a picture; None is either, and at times one that does not move.
        sound: Whether there is sound; None is either.
        known: Whether everything is known. Otherwise durations, rates and starts may be None, as in real files.
    """
    return _media_infos(picture, sound, known)


_SELDOM = st.sampled_from([False, False, False, False, True])


@st.composite
def _media_infos(draw: st.DrawFn, picture: bool | None, sound: bool | None, known: bool) -> MediaInfo:
    # Everything is drawn in any case: what needs fewer choices would count as simpler, and that is not what is wanted.
    def perhaps(values: st.SearchStrategy[Any]) -> Any:
        value = draw(values)
        return None if not known and draw(_SELDOM) else value

    hidden, still, silent = draw(_SELDOM), draw(_SELDOM), draw(_SELDOM)
    shows = picture if picture is not None else sound is False or not hidden
    still = still and shows and picture is None and not sound
    sounds = sound if sound is not None else not shows or not silent
    tracks = draw(st.lists(st.sampled_from(["stereo", "mono", "5.1"]), min_size=1, max_size=3))
    side = st.integers(64, 2000) | st.integers(1, 64)
    size = (draw(side), draw(side))
    codec = draw(st.sampled_from(["h264", "hevc", "vp9", "mpeg4"]))
    return clip_info(
        duration=perhaps(st.integers(1, 600).map(Fraction) | st.integers(500, 60_000).map(lambda n: Fraction(n, 1000))),
        size=size if shows else None,
        rate=perhaps(st.sampled_from(["25", "24", "30", "50", "30000/1001", "24000/1001", "12"])),
        video="png" if still else codec,
        audio=tracks if sounds and not still else (),
        sample_rate=draw(st.sampled_from([48000, 44100, 22050])),
        audio_codec=draw(st.sampled_from(["aac", "mp3", "opus", "flac"])),
        audio_delay=draw(st.sampled_from([Fraction(0), Fraction(1, 5)])),
        rotation=draw(st.sampled_from([0, 90, 180, 270])),
        sar=draw(st.sampled_from([None, "1", "4/3", "64/45"])),
        vfr=perhaps(st.sampled_from([False, True])),
        pix_fmt=perhaps(st.sampled_from(["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])),
        subtitles=draw(st.lists(st.sampled_from(["subrip", "mov_text"]), max_size=2)),
        start=perhaps(st.sampled_from([Fraction(0), Fraction(1, 25), Fraction(10)])),
        still=still,
    )


@attrs.frozen
class _Clip:
    """What a strategy knows of a clip on the way: less than the planner, and enough to ask for what can be done."""

    name: str
    seconds: Fraction | None
    picture: bool
    sound: bool
    still: bool

    @classmethod
    def of(cls, name: str, info: MediaInfo) -> _Clip:
        picture, sound = info.video is not None, bool(info.audio)
        ends = [s.duration for s in (info.video, *info.audio) if s is not None]
        known = [end for end in ends if end is not None]
        return cls(name, min(known) if known and len(known) == len(ends) else None, picture, sound, info.still)


@attrs.frozen
class _Use:
    """One use of an operator.

    Attributes:
        params: Its parameters.
        out: What comes out.
        beside: Names of the clips that go in beside the first.
    """

    params: dict[str, Any]
    out: _Clip
    beside: tuple[str, ...] = ()


_Uses = st.SearchStrategy[_Use]


def _trim(clip: _Clip, _others: list[_Clip]) -> _Uses | None:
    if clip.seconds is None or clip.still or clip.seconds < 2 * _SHORTEST:
        return None
    whole = clip.seconds

    def part(start: Fraction, length: Fraction | None) -> _Use:
        params = {"start": f"{float(start):g}s"} | ({} if length is None else {"duration": f"{float(length):g}s"})
        left = whole - start
        return _Use(params, attrs.evolve(clip, seconds=left if length is None else min(left, length)))

    thousandths = st.integers(0, int((whole - _SHORTEST) * 1000)).map(lambda n: Fraction(n, 1000))
    lengths = st.none() | st.integers(500, int(whole * 1000)).map(lambda n: Fraction(n, 1000))
    return st.builds(part, thousandths, lengths)


def _scale(clip: _Clip, _others: list[_Clip]) -> _Uses | None:
    side = st.integers(8, 960).map(lambda n: 2 * n)
    sizes = st.fixed_dictionaries({"width": side, "height": side})
    return sizes.map(lambda size: _Use(size, clip)) if clip.picture else None


def _flip(clip: _Clip, _others: list[_Clip]) -> _Uses | None:
    return st.just(_Use({}, clip)) if clip.picture else None


def _fps(clip: _Clip, _others: list[_Clip]) -> _Uses | None:
    rates = st.sampled_from(["25", "30", "24000/1001", "12"])
    return rates.map(lambda rate: _Use({"fps": rate}, clip)) if clip.picture and not clip.still else None


def _volume(clip: _Clip, _others: list[_Clip]) -> _Uses | None:
    return st.integers(-20, 20).map(lambda gain: _Use({"gain_db": gain}, clip)) if clip.sound else None


def _overlay(clip: _Clip, others: list[_Clip]) -> _Uses | None:
    tops = [each.name for each in others if each.picture]
    if not clip.picture or not tops:
        return None
    places = st.sampled_from(["center", "top_left", "bottom_right"])
    return st.builds(lambda place, top: _Use({"position": place}, clip, (top,)), places, st.sampled_from(tops))


def _concat(clip: _Clip, others: list[_Clip]) -> _Uses | None:
    parts = [each for each in others if each.seconds is not None and not each.still]
    if clip.seconds is None or clip.still or not parts:
        return None
    whole = clip.seconds

    def join(other: _Clip) -> _Use:
        picture, sound = clip.picture or other.picture, clip.sound or other.sound
        seconds = whole + (other.seconds or 0)
        return _Use({}, attrs.evolve(clip, seconds=seconds, picture=picture, sound=sound), (other.name,))

    return st.sampled_from(parts).map(join)


_OPERATORS: dict[str, Callable[[_Clip, list[_Clip]], _Uses | None]] = {
    "trim": _trim, "scale": _scale, "hflip": _flip, "vflip": _flip, "fps": _fps, "volume": _volume,
    "overlay": _overlay, "concat": _concat,
}  # fmt: skip


def job_specs(
    clips: Mapping[str, MediaInfo] | None = None,
    *,
    operators: Collection[str] = tuple(_OPERATORS),
    max_operations: int = 4,
    max_outputs: int = 2,
) -> st.SearchStrategy[JobSpec]:
    """Jobs over *clips* that can be planned: ``fake_planner(clips).plan(spec)`` has no problem with any of them.

    They shrink towards a job that copies the first clip.

    Args:
        clips: Facts by source, as a `FakeProber` knows them; default, `SAMPLE_CLIPS`, as `fake_planner` has them.
        operators: Those that may be used, of ``trim scale hflip vflip fps volume overlay concat``.
        max_operations: How many there are at most.
        max_outputs: Likewise.

    Raises:
        ValueError: It does not know how to use one of *operators*, or there are no clips.
    """
    known = dict(SAMPLE_CLIPS if clips is None else clips)
    unknown = [name for name in operators if name not in _OPERATORS]
    if unknown or not known:
        raise ValueError(f"not known here: {', '.join(unknown)}" if unknown else "there are no clips")
    planner = fake_planner(known)
    usable = [name for name in _OPERATORS if name in operators]

    @st.composite
    def documents(draw: st.DrawFn) -> dict[str, Any]:
        return _document(draw, known, usable, max_operations, max_outputs)

    # What the strategy does not know of a clip (a codec that a container takes) the planner does.
    return documents().filter(lambda document: planner.validate(document, probe=True).valid).map(load)


def _document(
    draw: st.DrawFn, sources: Mapping[str, MediaInfo], operators: list[str], max_operations: int, max_outputs: int
) -> dict[str, Any]:
    taken = draw(st.lists(st.sampled_from(list(sources)), min_size=1, max_size=2, unique=True))
    clips = [_Clip.of(f"in{at}", sources[source]) for at, source in enumerate(taken)]
    operations: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, max_operations)) if operators else 0):
        clip = draw(st.sampled_from(clips[::-1]))
        name = draw(st.sampled_from(operators))
        uses = _OPERATORS[name](clip, [each for each in clips if each is not clip])
        if uses is None:
            continue
        use = draw(uses)
        inputs = {"inputs": [clip.name, *use.beside]} if use.beside else {"input": clip.name}
        operations.append({"op": name, **inputs, "output": f"c{number}", "params": use.params})
        clips.append(attrs.evolve(use.out, name=f"c{number}"))
    written = draw(st.lists(st.sampled_from(clips[::-1]), min_size=1, max_size=max_outputs, unique_by=lambda c: c.name))
    outputs = [
        {"id": f"out{at}", "input": clip.name, "destination": f"out{at}.{_suffix(clip, draw(st.integers(0, 2)))}"}
        for at, clip in enumerate(written)
    ]
    inputs_ = [{"id": f"in{at}", "source": source} for at, source in enumerate(taken)]
    return {"inputs": inputs_, "operations": operations, "outputs": outputs}


def _suffix(clip: _Clip, choice: int) -> str:
    # One is drawn in any case: jobs would shrink towards those that need no choice, which are not the simplest.
    if clip.still:
        return "png"
    return (("mkv", "mp4", "mov") if clip.picture else ("mka", "mkv", "m4a"))[choice]
