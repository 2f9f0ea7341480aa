"""Jobs over the clips, as Hypothesis draws them: parts of parts, mirrored, laid over each other, joined, shared.

Every operator that is shipped occurs. A job may be aimed at a rule of the optimiser: then it holds what the rule looks
for, among anything else. How each operation is drawn is in `equivalence.drafts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from equivalence.clips import RECIPES, SOUND_ONLY, STILL
from equivalence.drafts import Draft
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.rule import Rule

__all__ = ["AIMS", "Aim", "any_jobs", "jobs", "rule_sets"]


@attrs.frozen
class Aim:
    """What a job needs to have for a rule to find something.

    Attributes:
        operations: Done one after the other, each on what the one before made.
        clips: Names of the clips it may start from; every clip where empty.
        suffixes: Of its outputs; any where empty.
    """

    operations: tuple[str, ...]
    clips: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


def _named(which: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(name for name in sorted(RECIPES) if name != STILL and which(name))


_CLIPS = ("mp4", *_named(lambda name: name != "mp4"))
_PICTURES = _named(lambda name: RECIPES[name][0] not in SOUND_ONLY)
_INDEXED = _named(lambda name: RECIPES[name][0] in (".mp4", ".mov", ".mkv") and name != "mkv-uncued")
_LOSSLESS = ("mov-pcm", "mov-late-pcm", "mkv-start", "mkv-ntsc", "mkv-odd", "flac", "wav")
_LOSSY = _named(lambda name: bool(RECIPES[name][1].audio) and name not in (*_LOSSLESS, "avi", "mpg"))
_AVC = _named(lambda name: RECIPES[name][1].video_codec == "libx264" and "open" not in name)
_SPLICED = ("mp4", "mkv", "ts")
_LATE = ("trim-late",)

AIMS: Mapping[str, tuple[Aim, ...]] = {
    "drop_noops": (Aim(("nothing",)), Aim(("trim", "nothing"))),
    "push_cuts": (
        Aim(("pointwise", "trim")),
        Aim(("pointwise", "trim", "pointwise", "trim")),
        Aim(("logo", "trim"), _PICTURES),
        Aim(("brighten", "trim")),
        Aim(("brighten", "pointwise", "trim", "brighten", "trim")),
        Aim(("logo", "brighten", "trim"), _PICTURES),
    ),
    "retime_early": (
        Aim(("picture", "fps-down"), _PICTURES),
        Aim(("picture", "picture", "fps-down"), _PICTURES),
        Aim(("logo", "fps-down"), _PICTURES),
    ),
    "push_cuts_past_rates": (
        Aim(("fps", "trim-late"), _PICTURES),
        Aim(("fps", "pointwise", "trim", "trim"), _PICTURES),
        Aim(("concat", "trim-late"), _PICTURES),
        Aim(("trim", "concat", "fps", "trim-late"), _PICTURES),
    ),
    "cut_parts": (Aim(("concat", "trim")), Aim(("trim", "concat", "trim", "trim")), Aim(("concat", "concat", "trim"))),
    "merge_cuts": (Aim(("trim", "trim")), Aim(("trim", "trim", "trim"))),
    "push_samples": (
        Aim(("picture", "stills"), _PICTURES),
        Aim(("trim", "picture", "stills"), _PICTURES),
        Aim(("logo", "stills"), _PICTURES),
        Aim(("brighten", "picture", "stills"), _PICTURES),
    ),
    "copy_untouched": (Aim(()), Aim(("picture",)), Aim(("volume",)), Aim(("trim-near",))),
    "smart_cut": (
        Aim(("trim-long",), _AVC, _SPLICED),
        Aim(("trim-long", "volume"), _AVC, _SPLICED),
        Aim(("near-long",), _AVC, _SPLICED),
    ),
    "share_streams": (Aim(("twice",)), Aim(("twice", "concat")), Aim(("picture", "twice", "overlay"), _PICTURES)),
    "share_readings": (Aim(("near",)), Aim(("near",), _PICTURES), Aim(("picture", "near"), _PICTURES)),
    "seek_video": (Aim(_LATE, _PICTURES), Aim(("trim-late", "picture"), _PICTURES)),
    "seek_lossless_audio": (Aim(_LATE, _LOSSLESS, ("mov", "mka")), Aim(("trim-late", "sound"), _LOSSLESS)),
    "seek_lossy_audio": (Aim(_LATE, _LOSSY, ("mov", "mka")), Aim(("trim-late", "sound"), _LOSSY)),
    "sample_key_frames": (Aim(("stills-near",), _INDEXED), Aim(("picture", "stills-near"), _INDEXED)),
    "sample_by_seek": (Aim(("stills",), _PICTURES), Aim(("trim", "stills"), _PICTURES)),
    "copy_concat": (Aim(("concat-same",)), Aim(("concat-same", "concat-same"))),
}
"""What gives a rule something to do, so that long runs reach it more often. A rule that is not here gets any jobs."""


_ANY = (
    "trim", "trim", "trim", "concat", "volume", "hflip", "vflip", "scale", "overlay", "fps", "mix", "loudnorm", "twice",
    "trim-near", "brighten",
)  # fmt: skip
_LAST = ("stills", "stills-near", "hls")


@st.composite
def jobs(draw: st.DrawFn, aim: str | None = None) -> dict[str, Any]:
    """A job over clips, which are ``<name><suffix>`` in the folder ``clips``.

    Args:
        draw: Given by Hypothesis.
        aim: A rule that is to have something to do; else anything.
    """
    draft = Draft(draw)
    if aim is not None and aim in AIMS:
        aimed = draw(st.sampled_from(AIMS[aim]))
        draft.read(draw(st.sampled_from(aimed.clips or _CLIPS)))
        for what in aimed.operations:
            draft.do(what)
            if not draw(st.integers(0, 9)) and draft.clips[-1].files is None:
                draft.do(draw(st.sampled_from(_ANY)))
        return draft.job(aimed.suffixes)
    for name in draw(st.lists(st.sampled_from(_CLIPS), min_size=1, max_size=2, unique=True)):
        draft.read(name)
    for _ in range(draw(st.integers(0, 5))):
        draft.do(draw(st.sampled_from(_ANY)), draw(st.sampled_from(draft.clips)) if draw(st.booleans()) else None)
    if not draw(st.integers(0, 4)):
        draft.do(draw(st.sampled_from(_LAST)))
    return draft.job()


def any_jobs(aims: Sequence[str] = tuple(AIMS)) -> st.SearchStrategy[dict[str, Any]]:
    """Jobs, half of them aimed at *aims*."""
    return st.one_of(*(jobs() for _ in aims), *(jobs(aim) for aim in aims)) if aims else jobs()


def rule_sets(aims: Sequence[str] = ()) -> st.SearchStrategy[tuple[Rule, ...]]:
    """Mostly all rules; at times one alone, some of them, or all in another order.

    Smart cuts are for every third, unless jobs are aimed at them. A rule alone is one of *aims*, if there are any.
    """
    usual = tuple(each for each in RULES if each.__name__ != "smart_cut" or "smart_cut" in aims)
    alone = st.sampled_from([each for each in RULES if not aims or each.__name__ in aims]).map(lambda each: (each,))
    some = st.lists(st.sampled_from(RULES), unique=True, min_size=2).map(tuple)
    shuffled = st.permutations(usual).map(tuple)
    return st.one_of(st.just(usual), st.just(usual), st.just(RULES), alone, some, shuffled)
