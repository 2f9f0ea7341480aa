"""Jobs over the clips, as Hypothesis draws them: parts of parts, mirrored, laid over each other, joined, shared.

Every operator that is shipped occurs. A job may be aimed at a rule of the optimiser: then it holds what the rule looks
for, among anything else. Times are those of clocks, frames and samples, and between any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from equivalence.clips import LENGTH, RECIPES
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.rule import Rule

__all__ = ["AIMS", "Aim", "any_jobs", "jobs", "rule_sets"]

_STEPS = [
    Fraction(step)
    for step in (
        "1", "1/25", "1001/30000", "1001/24000", "1/8", "1/1000", "1/44100", "1/48000", "1/7", "1/3000", "1/1000000",
    )
]  # fmt: skip
_LENGTHS = [Fraction(3, 10), Fraction(3, 10), Fraction(3, 10), Fraction(1, 25), Fraction(1, 1000)]
"""What a part lasts at the least; some of the shortest hold no frame, and are refused when planned."""
_LONGEST = 3 * LENGTH
_SOUND_ONLY = (".flac", ".wav", ".m4a", ".mp3", ".ogg")
_STILLS = ("png", "jpg")
_POINTWISE = ("hflip", "vflip", "scale", "volume")


@attrs.frozen
class _Clip:
    """What is known of a clip of a job; `files` where it is several, which only an output takes."""

    name: str
    seconds: Fraction
    picture: bool = False
    sound: bool = False
    files: str | None = None
    uneven: bool = False


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
    return tuple(name for name in sorted(RECIPES) if which(name))


_PICTURES = _named(lambda name: RECIPES[name][0] not in _SOUND_ONLY)
_INDEXED = _named(lambda name: RECIPES[name][0] in (".mp4", ".mov", ".mkv") and name != "mkv-uncued")
_LOSSLESS = ("mov-pcm", "mov-late-pcm", "mkv-start", "mkv-ntsc", "mkv-odd", "flac", "wav")
_LOSSY = _named(lambda name: bool(RECIPES[name][1].audio) and name not in (*_LOSSLESS, "avi", "mpg"))
_AVC = ("mp4", "mp4-silent", "mp4-slow", "mp4-surround", "mp4-late-sound", "mp4-fragmented", "mov-pcm", "mov-late-pcm")
_LATE = ("trim-late",)

AIMS: Mapping[str, tuple[Aim, ...]] = {
    "drop_noops": (Aim(("nothing",)), Aim(("trim", "nothing"))),
    "push_cuts": (Aim(("pointwise", "trim")), Aim(("pointwise", "trim", "pointwise", "trim"))),
    "retime_early": (Aim(("picture", "fps-down"), _PICTURES), Aim(("picture", "picture", "fps-down"), _PICTURES)),
    "cut_parts": (Aim(("concat", "trim")), Aim(("trim", "concat", "trim", "trim")), Aim(("concat", "concat", "trim"))),
    "merge_cuts": (Aim(("trim", "trim")), Aim(("trim", "trim", "trim"))),
    "push_samples": (Aim(("picture", "stills"), _PICTURES), Aim(("trim", "picture", "stills"), _PICTURES)),
    "copy_untouched": (Aim(()), Aim(("picture",)), Aim(("volume",))),
    "smart_cut": (Aim(("trim-long",), _AVC, ("mp4", "mkv", "ts")),),
    "share_streams": (Aim(("twice",)), Aim(("twice", "concat")), Aim(("picture", "twice", "overlay"), _PICTURES)),
    "share_readings": (Aim(("near",)), Aim(("near",), _PICTURES), Aim(("picture", "near"), _PICTURES)),
    "seek_video": (Aim(_LATE, _PICTURES), Aim(("trim-late", "picture"), _PICTURES)),
    "seek_lossless_audio": (Aim(_LATE, _LOSSLESS, ("mov", "mka")), Aim(("trim-late", "sound"), _LOSSLESS)),
    "seek_lossy_audio": (Aim(_LATE, _LOSSY, ("mov", "mka")), Aim(("trim-late", "sound"), _LOSSY)),
    "sample_key_frames": (Aim(("stills-near",), _INDEXED), Aim(("picture", "stills-near"), _INDEXED)),
    "sample_by_seek": (Aim(("stills",), _PICTURES), Aim(("trim", "stills"), _PICTURES)),
    "copy_concat": (Aim(("concat-same",)), Aim(("concat-same", "concat-same"))),
}
"""For each rule, what gives it something to do."""


class _Draft:
    """A job in the making."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.inputs: list[dict[str, Any]] = []
        self.operations: list[dict[str, Any]] = []
        self.clips: list[_Clip] = []

    def read(self, name: str) -> None:
        suffix, recipe = RECIPES[name]
        self.inputs.append({"id": name, "source": f"clips/{name}{suffix}"})
        alone = suffix in _SOUND_ONLY
        clip = _Clip(name, Fraction(LENGTH), not alone, alone or bool(recipe.audio), uneven=recipe.vfr)
        self.clips.append(clip)

    def last(self, *, picture: bool = False, sound: bool = False) -> _Clip | None:
        """The newest clip that has what is asked for."""
        fit = [c for c in self.clips if c.files is None and c.picture >= picture and c.sound >= sound]
        return fit[-1] if fit else None

    def add(self, op: str, made: _Clip, params: dict[str, Any], **inputs: Any) -> None:
        name = f"c{len(self.operations)}"
        self.operations.append({"op": op, **inputs, "output": name, "params": params})
        self.clips.append(attrs.evolve(made, name=name))

    def time(self, most: Fraction) -> Fraction:
        """A time up to *most*."""
        step = self.draw(st.sampled_from(_STEPS))
        return self.draw(st.integers(0, max(0, int(most / step)))) * step

    def do(self, what: str, clip: _Clip | None = None) -> None:
        """Add an operation; nothing, where no clip has what it needs."""
        match what:
            case "pointwise":
                what = self.draw(st.sampled_from(_POINTWISE))
            case "picture":
                what = self.draw(st.sampled_from(_POINTWISE[:3]))
            case "sound":
                what = "volume"
        needs_sound = what in ("volume", "loudnorm", "mix")
        needs_picture = what in (
            "hflip",
            "vflip",
            "scale",
            "fps",
            "fps-down",
            "overlay",
            "hls",
            "stills",
            "stills-near",
        )
        if clip is None or clip.files is not None or clip.picture < needs_picture or clip.sound < needs_sound:
            clip = self.last(picture=needs_picture, sound=needs_sound)
        if clip is None:
            return
        match what:
            case "trim" | "trim-late" | "trim-long":
                self.trim(clip, what)
            case "scale":
                same = self.draw(st.booleans())
                sides = {"width": 64, "height": 48} if same else self.size()
                self.add("scale", clip, sides, input=clip.name)
            case "fps" | "fps-down":
                rates = ["5", "8"] if what == "fps-down" else ["10", "30000/1001", "50"]
                self.add("fps", clip, {"fps": self.draw(st.sampled_from(rates))}, input=clip.name)
            case "volume":
                self.add("volume", clip, {"gain_db": self.draw(st.sampled_from([-6, -2.5, 0]))}, input=clip.name)
            case "nothing":
                self.nothing(clip)
            case "near":
                self.near(clip)
            case "concat" | "concat-same":
                self.concat(clip, same=what == "concat-same")
            case "mix":
                self.mix(clip)
            case "loudnorm":
                target = self.draw(st.sampled_from([-30, -16]))
                self.add("loudnorm", clip, {"target_lufs": target}, input=clip.name)
            case "overlay":
                self.overlay(clip)
            case "twice":
                before = len(self.operations)
                self.do(self.draw(st.sampled_from(["trim", "pointwise"])), clip)
                if len(self.operations) > before:
                    again = self.operations[-1]
                    self.add(again["op"], self.clips[-1], again["params"], input=again["input"])
            case "stills" | "stills-near":
                self.stills(clip, near=what == "stills-near")
            case "hls":
                self.hls(clip)
            case _:
                self.add(what, clip, {}, input=clip.name)

    def size(self) -> dict[str, int]:
        return {side: 2 * self.draw(st.integers(8, 50)) for side in ("width", "height")}

    def trim(self, clip: _Clip, what: str) -> None:
        # Where frames are not evenly spaced, nobody knows beforehand whether there is one in so short a part.
        lengths = _LENGTHS[:1] if clip.uneven else _LENGTHS
        least = Fraction(3) if what == "trim-long" else self.draw(st.sampled_from(lengths))
        latest = max(Fraction(0), clip.seconds - least)
        start = min(self.time(clip.seconds), latest)
        if what == "trim-late" and start < 4:
            start = min(start + 4, latest)
        left = clip.seconds - start
        params: dict[str, Any] = {"start": str(start)}
        if self.draw(st.booleans()):
            length = max(self.time(left), least)
            params |= {"duration": str(length)} if self.draw(st.booleans()) else {"end": str(start + length)}
            left = min(left, length)
        self.add("trim", attrs.evolve(clip, seconds=left), params, input=clip.name)

    def nothing(self, clip: _Clip) -> None:
        """Something that changes nothing, for most clips."""
        choices: list[tuple[str, dict[str, Any]]] = [("trim", {"start": "0"})]
        if clip.picture:
            choices.append(("scale", {"width": 64, "height": 48}))
        if clip.sound:
            choices.append(("volume", {"gain_db": 0}))
        op, params = self.draw(st.sampled_from(choices))
        self.add(op, clip, params, input=clip.name)

    def concat(self, clip: _Clip, *, same: bool) -> None:
        other = clip if same else self.draw(st.sampled_from([c for c in self.clips if c.files is None]))
        if clip.seconds + other.seconds > _LONGEST:
            return
        made = _Clip("", clip.seconds + other.seconds, clip.picture or other.picture, clip.sound or other.sound)
        self.add("concat", made, {}, inputs=[clip.name, other.name])

    def near(self, clip: _Clip) -> None:
        """Parts of a clip in its order and close together, joined; each may be done something with by itself."""
        here, parts = Fraction(0), []
        for _ in range(self.draw(st.integers(2, 3))):
            start = here + self.time(min(Fraction(3), (clip.seconds - here) / 2))
            end = min(start + Fraction(3, 10) + self.time(Fraction(1)), clip.seconds)
            if end - start < Fraction(3, 10):
                break
            part = attrs.evolve(clip, seconds=end - start)
            self.add("trim", part, {"start": str(start), "end": str(end)}, input=clip.name)
            if not self.draw(st.integers(0, 2)):
                self.do("pointwise", self.clips[-1])
            parts.append(self.clips[-1].name)
            here = end
        if len(parts) > 1:
            self.add("concat", attrs.evolve(clip, seconds=here), {}, inputs=parts)

    def mix(self, clip: _Clip) -> None:
        other = self.draw(st.sampled_from([c for c in self.clips if c.sound and c.files is None]))
        params: dict[str, Any] = {"duration": self.draw(st.sampled_from(["longest", "first", "shortest"]))}
        if self.draw(st.booleans()):
            params["offsets"] = ["0", str(self.time(Fraction(1)))]
        longest = max(clip.seconds, other.seconds) if params["duration"] == "longest" else clip.seconds
        self.add("mix", attrs.evolve(clip, seconds=longest), params, inputs=[clip.name, other.name])

    def overlay(self, clip: _Clip) -> None:
        top = self.draw(st.sampled_from([c for c in self.clips if c.picture and c.files is None]))
        self.add("scale", top, {"width": 16, "height": 12}, input=top.name)
        params = {"position": self.draw(st.sampled_from(["top_left", "center"]))}
        self.add("overlay", clip, params, inputs={"base": clip.name, "overlay": self.clips[-1].name})

    def stills(self, clip: _Clip, *, near: bool) -> None:
        count = self.draw(st.integers(1, 3))
        latest = max(Fraction(0), clip.seconds - Fraction(1, 2))
        times = [str(min(self.time(clip.seconds), latest)) for _ in range(count)]
        snap = {"snap": "keyframe"} if near else {}
        self.add("thumbnail", attrs.evolve(clip, files=self.draw(st.sampled_from(_STILLS))), {"at": times, **snap},
                 input=clip.name)  # fmt: skip

    def hls(self, clip: _Clip) -> None:
        if any("late" in source["id"] for source in self.inputs):
            return  # a file of late sound alone would be refused; here playlists are files
        self.add("scale", clip, {"width": 32, "height": 24}, input=clip.name)
        params = {"segment_type": self.draw(st.sampled_from(["fmp4", "ts"])), "segment": "2"}
        self.add("hls", attrs.evolve(clip, files="hls"), params, inputs=[clip.name, self.clips[-1].name])

    def job(self, suffixes: tuple[str, ...]) -> dict[str, Any]:
        used = {each for op in self.operations for each in _taken(op)}
        ends = [clip for clip in self.clips if clip.name not in used][-2:]
        more = self.draw(st.lists(st.sampled_from(self.clips), max_size=1))
        written = list(dict.fromkeys([*reversed(ends), *more]))
        outputs = []
        for number, clip in enumerate(written):
            any_of = ("mov", "mkv", "mp4", "ts") if clip.picture else ("mov", "mkv", "mka", "mp4")
            output = {"id": f"o{number}", "input": clip.name}
            if clip.files is not None:
                output["destination"] = f"o{number}/"
                if clip.files != "hls":
                    output["format"] = clip.files
            else:
                output["destination"] = f"o{number}.{self.draw(st.sampled_from(suffixes or any_of))}"
            outputs.append(output)
        return {"inputs": self.inputs, "operations": self.operations, "outputs": outputs}


def _taken(operation: Mapping[str, Any]) -> list[str]:
    """The clips that an operation takes."""
    several = operation.get("inputs", [operation.get("input")])
    return list(several.values() if isinstance(several, dict) else several)


_ANY = (
    "trim", "trim", "trim", "concat", "volume", "hflip", "vflip", "scale", "overlay", "fps", "mix", "loudnorm", "twice",
)  # fmt: skip
_LAST = ("stills", "stills-near", "hls")


@st.composite
def jobs(draw: st.DrawFn, aim: str | None = None) -> dict[str, Any]:
    """A job over clips, which are ``<name><suffix>`` in the folder ``clips``.

    Args:
        draw: Given by Hypothesis.
        aim: A rule that is to have something to do; else anything.
    """
    draft = _Draft(draw)
    if aim is not None and aim in AIMS:
        aimed = draw(st.sampled_from(AIMS[aim]))
        draft.read(draw(st.sampled_from(aimed.clips or sorted(RECIPES))))
        for what in aimed.operations:
            draft.do(what)
            if not draw(st.integers(0, 9)) and draft.clips[-1].files is None:
                draft.do(draw(st.sampled_from(_ANY)))
        return draft.job(aimed.suffixes)
    for name in draw(st.lists(st.sampled_from(sorted(RECIPES)), min_size=1, max_size=2, unique=True)):
        draft.read(name)
    for _ in range(draw(st.integers(0, 5))):
        draft.do(draw(st.sampled_from(_ANY)), draw(st.sampled_from(draft.clips)) if draw(st.booleans()) else None)
    if not draw(st.integers(0, 4)):
        draft.do(draw(st.sampled_from(_LAST)))
    return draft.job(())


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
