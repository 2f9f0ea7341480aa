"""Jobs over the clips, as Hypothesis draws them: parts of parts, mirrored, scaled, laid over each other, shared.

Not mixed: measured on FFmpeg 5.1, what `amix` gives in the last frame before one of its inputs ends depends on which
of them was decoded first.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from equivalence.clips import LENGTH, RECIPES
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.rule import Rule

__all__ = ["jobs", "rule_sets"]

_VIDEO = sorted(name for name, (_, recipe) in RECIPES.items() if recipe.size is not None and "." not in name)
_SHORTEST = Fraction(3, 10)


@attrs.frozen
class _Clip:
    name: str
    seconds: Fraction
    picture: bool
    sound: bool


def _times(most: Fraction) -> st.SearchStrategy[Fraction]:
    """Times up to *most*: of clocks, frames and samples, and between any of them."""

    def every(step: Fraction) -> st.SearchStrategy[Fraction]:
        return st.integers(0, max(0, int(most / step))).map(lambda count: count * step)

    steps = (
        "1",
        "1/25",
        "1001/30000",
        "1001/24000",
        "1/8",
        "1/1000",
        "1/44100",
        "1/48000",
        "1/7",
        "1/3000",
        "1/1000000",
    )
    return st.one_of([every(Fraction(step)) for step in steps])


@st.composite
def _trim(draw: st.DrawFn, seconds: Fraction) -> tuple[dict[str, Any], Fraction]:
    start = min(draw(_times(seconds)), max(Fraction(0), seconds - _SHORTEST))
    left = seconds - start
    params: dict[str, Any] = {"start": str(start)}
    if draw(st.booleans()):
        length = max(draw(_times(left)), _SHORTEST)
        params |= {"duration": str(length)} if draw(st.booleans()) else {"end": str(start + length)}
        left = min(left, length)
    return params, left


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    """A job over clips, which are ``<name><suffix>`` in the folder ``clips``."""
    sources = draw(st.lists(st.sampled_from(sorted(RECIPES)), min_size=1, max_size=2, unique=True))
    clips = []
    for name in sources:
        suffix, recipe = RECIPES[name]
        sound_only = suffix in (".flac", ".wav", ".m4a", ".mp3", ".ogg")
        clips.append(_Clip(name, Fraction(LENGTH), not sound_only, sound_only or bool(recipe.audio)))
    inputs = [{"id": clip.name, "source": f"clips/{clip.name}{RECIPES[clip.name][0]}"} for clip in clips]
    operations: list[dict[str, Any]] = []

    def add(op: str, made: _Clip, params: dict[str, Any], **inputs: Any) -> _Clip:
        operations.append({"op": op, **inputs, "output": made.name, "params": params})
        clips.append(made)
        return made

    for number in range(draw(st.integers(0, 5))):
        clip = clips[-1] if draw(st.integers(0, 2)) else draw(st.sampled_from(clips))
        choices = ["trim", "trim", "trim", "concat", *(["volume"] if clip.sound else [])]
        choices += ["hflip", "vflip", "scale", "overlay", "fps"] if clip.picture else []
        op = draw(st.sampled_from(choices))
        name = f"c{number}"
        match op:
            case "trim":
                params, left = draw(_trim(clip.seconds))
                add(op, attrs.evolve(clip, name=name, seconds=left), params, input=clip.name)
            case "scale":
                params = {side: 2 * draw(st.integers(8, 50)) for side in ("width", "height")}
                if draw(st.booleans()):
                    params = {"width": 64, "height": 48}
                add(op, attrs.evolve(clip, name=name), params, input=clip.name)
            case "overlay":
                top = draw(st.sampled_from([each for each in clips if each.picture]))
                small = add("scale", attrs.evolve(top, name=f"{name}s"), {"width": 16, "height": 12}, input=top.name)
                add(
                    op, attrs.evolve(clip, name=name), {"position": draw(st.sampled_from(["top_left", "center"]))},
                    inputs={"base": clip.name, "overlay": small.name},
                )  # fmt: skip
            case "concat":
                other = draw(st.sampled_from(clips))
                picture, sound = clip.picture or other.picture, clip.sound or other.sound
                made = _Clip(name, clip.seconds + other.seconds, picture, sound)
                add(op, made, {}, inputs=[clip.name, other.name])
            case "fps":
                add(
                    op,
                    attrs.evolve(clip, name=name),
                    {"fps": draw(st.sampled_from(["10", "30000/1001"]))},
                    input=clip.name,
                )
            case "volume":
                add(op, attrs.evolve(clip, name=name), {"gain_db": -6}, input=clip.name)
            case _:
                add(op, attrs.evolve(clip, name=name), {}, input=clip.name)
    written = [clips[-1], *draw(st.lists(st.sampled_from(clips), max_size=2, unique_by=lambda clip: clip.name))]
    outputs = []
    for number, clip in enumerate(written):
        suffix = draw(st.sampled_from(["mov", "mkv", "mp4", "ts"] if clip.picture else ["mov", "mkv", "mka", "mp4"]))
        output = {"id": f"o{number}", "input": clip.name, "destination": f"o{number}.{suffix}"}
        outputs.append(output)
    return {"inputs": inputs, "operations": operations, "outputs": outputs}


def rule_sets() -> st.SearchStrategy[tuple[Rule, ...]]:
    """Mostly all rules; at times one alone, some of them, or all in another order."""
    alone = st.sampled_from(RULES).map(lambda each: (each,))
    some = st.lists(st.sampled_from(RULES), unique=True, min_size=2).map(tuple)
    shuffled = st.permutations(RULES).map(tuple)
    return st.one_of(st.just(RULES), st.just(RULES), st.just(RULES), alone, some, shuffled)
