"""A job in the making: operations over clips, each with parameters that are drawn, most of them left as they are.

Knows which clips have what an operation needs and how long they are, so that hardly any job is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from equivalence.clips import LENGTH, RECIPES, SOUND_ONLY, STILL

__all__ = ["Clip", "Draft"]

_STEPS = [
    Fraction(step)
    for step in (
        "1", "1/25", "1001/30000", "1001/24000", "1/8", "1/1000", "1/44100", "1/48000", "1/7", "1/3000", "1/1000000",
    )
]  # fmt: skip
_LENGTHS = [Fraction(3, 10), Fraction(3, 10), Fraction(3, 10), Fraction(1, 25), Fraction(1, 1000)]
"""What a part lasts at the least; some of the shortest hold no frame, and are refused when planned."""
_LONGEST = 3 * LENGTH
_STILLS = ("png", "jpg")
_POINTWISE = ("hflip", "vflip", "scale", "volume")
_PICTURE = ("hflip", "vflip", "scale", "fps", "fps-down", "overlay", "logo", "hls", "stills", "stills-near")
_SOUND = ("volume", "loudnorm", "mix")
_SUFFIXES = ("mov", "mkv", "mp4", "ts")
_SOUND_SUFFIXES = ("mov", "mkv", "mka", "mp4", "m4a", "flac", "wav", "mp3", "ogg", "opus")
_TIMED = _SOUND_SUFFIXES[:4]

_FITS = ("contain", "cover", "stretch")
_CONCAT: Mapping[str, Sequence[Any]] = {
    "fit": _FITS, "size": ("first", "largest", {"width": 48, "height": 48}), "fps": ("first", "max", "15"),
    "background": ("black", "#204060"), "fill_audio": (True, False),
}  # fmt: skip
_MIX: Mapping[str, Sequence[Any]] = {"normalize": (False, True), "limit": (True, False)}
_LOUDNORM: Mapping[str, Sequence[Any]] = {
    "target_tp": (-1.5, -6), "target_lra": (11, 1), "mode": ("two_pass", "single"), "dual_mono": (False, True),
    "sample_rate": (48000, 32000),
}  # fmt: skip
_SCALE: Mapping[str, Sequence[Any]] = {
    "algorithm": ("bicubic", "bilinear", "lanczos", "neighbor", "area"), "multiple": (2, 4),
}  # fmt: skip
_OVERLAY: Mapping[str, Sequence[Any]] = {"margin": (0, 3)}
_POSITIONS = ("top_left", "center", "top_right", "center_left", "bottom_center")
_H264 = {"video": {"codec": "h264"}}
_CODECS: Sequence[Mapping[str, Any]] = (
    _H264 | {"audio": {"codec": "aac"}}, _H264 | {"audio": {"sample_rate": 32000}}, _H264 | {"audio": {"channels": 1}},
    _H264 | {"audio": "none"}, _H264 | {"audio": "copy"}, {"video": {"codec": "libx264", "crf": 30}},
    {"video": {"pix_fmt": "yuv420p"}}, {"video": {"codec": "none"}, "audio": "aac"},
)  # fmt: skip
"""Where settings are given for one kind of stream only, the other is left out."""
_WHOLE_RATES = {Fraction(rate): rate for rate in (8, 10, 25, 50)} | {Fraction(30000, 1001): 30}
"""Frames that a timecode counts in a second."""


@attrs.frozen
class Clip:
    """What is known of a clip of a job.

    Attributes:
        rate: Frames per second; None where they vary, or nobody knows.
        files: What it is several files of, which only an output takes.
        uneven: Whether the frames are not evenly spaced.
        late: Whether sound or picture begins after the clip.
        still: Whether it is a picture that stands.
    """

    name: str
    seconds: Fraction
    picture: bool = False
    sound: bool = False
    rate: Fraction | None = None
    files: str | None = None
    uneven: bool = False
    late: bool = False
    still: bool = False


class Draft:
    """A job in the making."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.inputs: list[dict[str, Any]] = []
        self.operations: list[dict[str, Any]] = []
        self.clips: list[Clip] = []

    def seldom(self, of: int = 8) -> bool:
        """True once in *of*."""
        return self.draw(st.integers(0, of - 1)) == of - 1

    def some(self, choices: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Values for some of the parameters that need none."""
        return {name: self.draw(st.sampled_from(values)) for name, values in choices.items() if self.seldom(4)}

    def read(self, name: str) -> Clip:
        """Make the clip called *name* an input; another one, if it is one already."""
        suffix, recipe = RECIPES[name]
        same = sum(source["source"] == f"clips/{name}{suffix}" for source in self.inputs)
        source: dict[str, Any] = {"id": f"{name}-{same}" if same else name, "source": f"clips/{name}{suffix}"}
        alone = suffix in SOUND_ONLY
        clip = Clip(
            source["id"], Fraction(LENGTH), not alone, alone or bool(recipe.audio),
            None if recipe.vfr or alone else recipe.rate, uneven=recipe.vfr, late="late" in name, still=name == STILL,
        )  # fmt: skip
        if not clip.still and self.seldom(12):
            source["start_offset"] = str(offset := self.time(Fraction(2)))
            clip = attrs.evolve(clip, seconds=clip.seconds - offset)
        if not clip.still and self.seldom(12):
            source["duration"] = str(length := max(Fraction(4), self.time(clip.seconds)))
            clip = attrs.evolve(clip, seconds=min(clip.seconds, length))
        if clip.picture and clip.sound and self.seldom(12):
            tracks = len(recipe.audio)
            choices: list[dict[str, Any]] = [{"audio": False}, {"video": False}, {"audio": [tracks - 1]}]
            which = self.draw(st.sampled_from(choices))
            source["streams"] = which
            clip = attrs.evolve(clip, picture="video" not in which, sound=which.get("audio") is not False)
        self.inputs.append(source)
        self.clips.append(clip)
        return clip

    def last(self, *, picture: bool = False, sound: bool = False) -> Clip | None:
        """The newest clip that has what is asked for."""
        fit = [c for c in self.playing if c.picture >= picture and c.sound >= sound]
        return fit[-1] if fit else None

    @property
    def playing(self) -> list[Clip]:
        """Clips that an operation may take as its main one."""
        return [c for c in self.clips if c.files is None and not c.still]

    def add(self, op: str, made: Clip, params: dict[str, Any], **inputs: Any) -> None:
        name = f"c{len(self.operations)}"
        self.operations.append({"op": op, **inputs, "output": name, "params": params})
        self.clips.append(attrs.evolve(made, name=name))

    def time(self, most: Fraction, *, at_frames: bool = False) -> Fraction:
        """A time up to *most*; where clips of most rates have a frame, if that is asked for."""
        step = Fraction(1, 5) if at_frames else self.draw(st.sampled_from(_STEPS))
        return self.draw(st.integers(0, max(0, int(most / step)))) * step

    def do(self, what: str, clip: Clip | None = None) -> None:
        """Add an operation; nothing, where no clip has what it needs."""
        match what:
            case "pointwise":
                what = self.draw(st.sampled_from(_POINTWISE))
            case "picture":
                what = self.draw(st.sampled_from(_POINTWISE[:3]))
            case "sound":
                what = "volume"
        picture, sound = what in _PICTURE, what in _SOUND
        if clip is None or clip.files is not None or clip.still or clip.picture < picture or clip.sound < sound:
            clip = self.last(picture=picture, sound=sound)
        if clip is None:
            return
        match what:
            case "trim" | "trim-late" | "trim-long" | "trim-near":
                self.trim(clip, what)
            case "scale":
                self.scale(clip)
            case "fps" | "fps-down":
                rates = ["5", "8"] if what == "fps-down" else ["10", "30000/1001", "50", "25", "24000/1001", "1"]
                rate = self.draw(st.sampled_from(rates))
                self.add("fps", attrs.evolve(clip, rate=Fraction(rate)), {"fps": rate}, input=clip.name)
            case "volume":
                said = [
                    {"gain_db": -6},
                    {"gain_db": -2.5},
                    {"gain_db": 0},
                    {"factor": 3},
                    {"factor": 0.1},
                    {"mute": True},
                ]
                self.add("volume", clip, self.draw(st.sampled_from(said)), input=clip.name)
            case "brighten":
                length = self.draw(st.sampled_from(["3", "1001/120"]))
                self.add(what, clip, {"start": str(self.time(clip.seconds)), "length": length}, input=clip.name)
            case "nothing":
                self.nothing(clip)
            case "near" | "near-long":
                self.near(clip, Fraction(5, 2) if what == "near-long" else Fraction(3, 10))
            case "concat" | "concat-same":
                self.concat(clip, same=what == "concat-same")
            case "mix":
                self.mix(clip)
            case "loudnorm":
                target = self.draw(st.sampled_from([-30, -16]))
                self.add("loudnorm", clip, {"target_lufs": target, **self.some(_LOUDNORM)}, input=clip.name)
            case "overlay":
                self.overlay(clip)
            case "logo":
                self.overlay(clip, still=True)
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

    def scale(self, clip: Clip) -> None:
        size = {side: 2 * self.draw(st.integers(8, 50)) for side in ("width", "height")}
        sides: dict[str, Any] = self.draw(
            st.sampled_from(
                [{"width": 64, "height": 48}, {"width": 64, "height": 48}, size, size, {"width": size["width"]},
                 {"width": -1, "height": size["height"]}, {"size": "96x56"}]
            )
        )  # fmt: skip
        if len(sides) == 2 and -1 not in sides.values() and self.seldom(3):
            sides = sides | {"fit": self.draw(st.sampled_from([*_FITS, "pad", "no_upscale"]))}
        self.add("scale", clip, {**sides, **self.some(_SCALE)}, input=clip.name)

    def trim(self, clip: Clip, what: str) -> None:
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
            length = left if self.seldom() else max(self.time(left), least)  # to the very end, at times
            beyond = 20 if self.seldom() else 0
            if self.draw(st.booleans()):
                params["duration"] = str(length + beyond)
            else:
                params["end"] = str(start + length + beyond)
            left = left if beyond else min(left, length)
        elif clip.rate in _WHOLE_RATES and self.seldom(3):
            params, left = self.timecodes(clip, min(start, latest), least)
        elif not clip.uneven and self.seldom(12):
            params, left = {"start": str(clip.seconds + 2), "duration": "1", "clamp": True}, Fraction(1)
        near = what == "trim-near"
        if near:
            params["accuracy"] = "keyframe"
        # Nobody knows where the frames of a part from a key frame are, either.
        self.add("trim", attrs.evolve(clip, seconds=left, uneven=clip.uneven or near), params, input=clip.name)

    def timecodes(self, clip: Clip, start: Fraction, least: Fraction) -> tuple[dict[str, Any], Fraction]:
        """A part from one frame to another, which is not kept; and how long it is."""
        assert clip.rate is not None
        first = int(start * clip.rate)
        frames = max(int(least * clip.rate), 1) + self.draw(st.integers(0, 40))
        most = max(int(clip.seconds * clip.rate) - first, 1)
        per_second = _WHOLE_RATES[clip.rate]
        said = {}
        for name, frame in (("start", first), ("end", first + min(frames, most))):
            said[name] = f"00:00:{frame // per_second:02}:{frame % per_second:02}"
        return said, min(frames, most) / clip.rate

    def nothing(self, clip: Clip) -> None:
        """Something that changes nothing, for most clips."""
        choices: list[tuple[str, dict[str, Any]]] = [("trim", {"start": "0"})]
        if clip.picture:
            choices += [("scale", {"width": 64, "height": 48}), ("fps", {"fps": "25"})]
        if clip.sound:
            choices += [("volume", {"gain_db": 0}), ("volume", {"mute": False})]
        op, params = self.draw(st.sampled_from(choices))
        self.add(op, clip, params, input=clip.name)

    def concat(self, clip: Clip, *, same: bool) -> None:
        clips = [clip]
        for _ in range(2 if self.seldom(4) else 1):
            other = clip if same else self.draw(st.sampled_from(self.playing))
            if sum(each.seconds for each in clips) + other.seconds <= _LONGEST:
                clips.append(other)
        if len(clips) < 2:
            return
        params = {} if same else self.some(_CONCAT)
        picture, sound = (any(getattr(each, kind) for each in clips) for kind in ("picture", "sound"))
        if params.get("fill_audio") is False:
            sound = all(each.sound for each in clips)
            if not (picture or sound):
                return
        rate = clip.rate if "fps" not in params else None
        made = Clip("", sum((each.seconds for each in clips), Fraction(0)), picture, sound, rate)
        self.add("concat", made, params, inputs=[each.name for each in clips])

    def near(self, clip: Clip, least: Fraction) -> None:
        """Parts of a clip in its order and close together, joined; each may be done something with by itself."""
        here, at_frames = Fraction(0), self.draw(st.booleans())
        parts: list[str] = []
        for _ in range(self.draw(st.integers(2, 3))):
            apart = Fraction(1, 2) if bool(parts) and self.draw(st.booleans()) else Fraction(3)
            start = here + self.time(min(apart, (clip.seconds - here) / 2), at_frames=at_frames)
            end = min(start + least + self.time(Fraction(1), at_frames=at_frames), clip.seconds)
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

    def mix(self, clip: Clip) -> None:
        heard = [c for c in self.playing if c.sound]
        clips = [clip, *(self.draw(st.sampled_from(heard)) for _ in range(2 if self.seldom(4) else 1))]
        params: dict[str, Any] = {"duration": self.draw(st.sampled_from(["longest", "first", "shortest"]))}
        if self.draw(st.booleans()):
            params["offsets"] = ["0", *(str(self.time(Fraction(1))) for _ in clips[1:])]
        if self.seldom(3):
            params["weights"] = [self.draw(st.sampled_from([1, 0.3, 0, 2])) for _ in clips]
        longest = max(each.seconds for each in clips) if params["duration"] == "longest" else clip.seconds
        made = attrs.evolve(clip, seconds=longest)
        self.add("mix", made, params | self.some(_MIX), inputs=[each.name for each in clips])

    def overlay(self, clip: Clip, *, still: bool = False) -> None:
        top = self.draw(st.sampled_from([c for c in self.playing if c.picture]))
        if still or self.seldom(3):
            top = self.read(STILL)
            if self.draw(st.booleans()):
                self.add("hflip", top, {}, input=top.name)
        else:
            self.add("scale", top, {"width": 16, "height": 12}, input=top.name)
        params = {"position": self.draw(st.sampled_from(_POSITIONS)), **self.some(_OVERLAY)}
        self.add("overlay", clip, params, inputs={"base": clip.name, "overlay": self.clips[-1].name})

    def stills(self, clip: Clip, *, near: bool) -> None:
        count = self.draw(st.integers(1, 3))
        latest = max(Fraction(0), clip.seconds - Fraction(1, 2))
        if self.seldom(6):
            params: dict[str, Any] = {"count": count}
        elif self.seldom(6):
            most = 90 if clip.seconds > 1 else 50  # by a clock of milliseconds the last frame may lie beyond the part
            params = {"at": [f"{self.draw(st.integers(0, most))}%" for _ in range(count)]}
        else:
            params = {"at": [str(min(self.time(clip.seconds), latest)) for _ in range(count)]}
        params |= self.some({"width": (32, 50), "height": (24, 90)}) | ({"snap": "keyframe"} if near else {})
        self.add("thumbnail", attrs.evolve(clip, files=self.draw(st.sampled_from(_STILLS))), params, input=clip.name)

    def hls(self, clip: Clip) -> None:
        if any(each.late for each in self.clips):
            return  # a file of late sound alone would be refused; here playlists are files
        if clip.uneven:
            self.do("fps", clip)
            clip = self.clips[-1]
        names = [clip.name]
        for sides in self.draw(st.sampled_from([(), ((32, 24),), ((32, 24),), ((32, 24), (48, 36))])):
            self.add("scale", clip, dict(zip(("width", "height"), sides, strict=True)), input=clip.name)
            names.append(self.clips[-1].name)
        params = {"segment_type": self.draw(st.sampled_from(["fmp4", "ts"])), **self.some({"segment": ("2", "3/2")})}
        self.add("hls", attrs.evolve(clip, files="hls"), params, inputs=names)

    def job(self, suffixes: tuple[str, ...] = ()) -> dict[str, Any]:
        """What has come of it, with outputs: what nothing takes, and perhaps something else."""
        used = {each for op in self.operations for each in _taken(op)}
        ends = [clip for clip in self.clips if clip.name not in used and not clip.still][-2:]
        more = self.draw(st.lists(st.sampled_from([c for c in self.clips if not c.still]), max_size=1))
        written = list(dict.fromkeys([*reversed(ends), *more]))
        outputs = []
        for number, clip in enumerate(written):
            output: dict[str, Any] = {"id": f"o{number}", "input": clip.name}
            if clip.files is not None:
                output["destination"] = f"o{number}/"
                if clip.files != "hls":
                    output["format"] = clip.files
            else:
                self.write(output, clip, suffixes)
            outputs.append(output)
        return {"inputs": self.inputs, "operations": self.operations, "outputs": outputs}

    def write(self, output: dict[str, Any], clip: Clip, suffixes: tuple[str, ...]) -> None:
        """Name the file, and perhaps say how it is coded."""
        alone = not clip.picture or (clip.sound and not suffixes and self.seldom(12))
        any_of: Sequence[str] = _SOUND_SUFFIXES if alone else (*_SUFFIXES, *_SUFFIXES, "webm")
        if alone and any(each.late for each in self.clips):
            any_of = _TIMED  # others begin with the sound, and what stands for them here does not
        suffix = self.draw(st.sampled_from(suffixes or any_of))
        output["destination"] = f"{output['id']}.{suffix}"
        if clip.picture and suffix in _SUFFIXES and self.seldom(5):
            given = self.draw(st.sampled_from([each for each in _CODECS if clip.sound or "audio" not in each]))
            if given.get("audio") != "copy" or self.copyable(clip.name):
                output["codec"] = dict(given)
        if self.seldom(12):
            output["metadata"] = {"title": "of it"}

    def copyable(self, clip: str) -> bool:
        """Whether sound of *clip* may be copied: it is that of an input, or of one part of it."""
        made = {op["output"]: op for op in self.operations}
        if clip in made and made[clip]["op"] == "trim":
            clip = made[clip]["input"]
        whole = [source["id"] for source in self.inputs if not {"start_offset", "duration"} & source.keys()]
        return clip in whole


def _taken(operation: Mapping[str, Any]) -> list[str]:
    """The clips that an operation takes."""
    several = operation.get("inputs", [operation.get("input")])
    return list(several.values() if isinstance(several, dict) else several)
