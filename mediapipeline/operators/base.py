"""The operator contract: what a plugin author writes, and what the planner may ask of it.

An operator is a class. Its annotated fields are its parameters (`mediapipeline.params`); `operator` makes it immutable,
checks its declaration and gives it a `definition`. Only `lower` must be written; every other method has a default.
Nothing here knows FFmpeg's command line, the planner or the executor.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, dataclass_transform

import attrs

from mediapipeline.errors import PluginContractError, Problem
from mediapipeline.ffmpeg.features import KINDS
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators.lowering import Clip, Lowering
from mediapipeline.operators.traits import OPAQUE, Traits
from mediapipeline.params.rules import Rule
from mediapipeline.params.types import define
from mediapipeline.steps.resources import Resources

__all__ = [
    "API_VERSION",
    "AUDIO",
    "AV",
    "IMAGE",
    "TEXT",
    "VIDEO",
    "Category",
    "Definition",
    "Facts",
    "Kind",
    "Operator",
    "Port",
    "many",
    "operator",
]

API_VERSION = 1
"""Version of this contract; raised when an operator written for it would have to be changed."""


class Category(enum.Enum):
    """Where an operator stands in the catalogue."""

    TIMELINE = "timeline"
    GEOMETRY = "geometry"
    PICTURE = "picture"
    GRAPHICS = "graphics"
    AUDIO = "audio"
    PACKAGE = "package"


class Kind(enum.Flag):
    """What a clip holds. A port takes a clip that holds at least one of the kinds it names."""

    VIDEO = enum.auto()
    AUDIO = enum.auto()
    IMAGE = enum.auto()
    TEXT = enum.auto()
    FILES = enum.auto()
    """Several files, which only an output takes."""

    @classmethod
    def of(cls, info: MediaInfo) -> Kind:
        """The kinds that *info* holds; a still picture is an image, not video."""
        if info.files:
            return cls.FILES
        held = cls(0)
        if info.video is not None:
            held |= cls.IMAGE if info.still else cls.VIDEO
        if info.audio:
            held |= cls.AUDIO
        if info.subtitles:
            held |= cls.TEXT
        return held

    def names(self) -> str:
        """For messages: ``"video or image"``."""
        return " or ".join(kind.name.lower() for kind in Kind if kind in self and kind.name)


VIDEO = Kind.VIDEO
AUDIO = Kind.AUDIO
AV = Kind.VIDEO | Kind.AUDIO
IMAGE = Kind.IMAGE
TEXT = Kind.TEXT


@attrs.frozen
class Port:
    """An input of an operator: the kinds of clip it takes, and how many."""

    kind: Kind
    minimum: int = 1
    maximum: int = 1

    @property
    def single(self) -> bool:
        return self.maximum == 1


def many(kind: Kind, minimum: int, maximum: int) -> Port:
    """A port that takes an ordered list of clips."""
    return Port(kind, minimum, maximum)


class Facts(Mapping[str, MediaInfo]):
    """The media facts of an operation's inputs, by port; times count from each clip's own start."""

    def __init__(self, ports: Mapping[str, Sequence[MediaInfo]]) -> None:
        self._ports = {name: tuple(infos) for name, infos in ports.items()}

    def __getitem__(self, port: str) -> MediaInfo:
        return self._ports[port][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ports)

    def __len__(self) -> int:
        return len(self._ports)

    @property
    def clip(self) -> MediaInfo:
        """The clip at the first port."""
        return next(iter(self._ports.values()))[0]

    def all(self, port: str) -> tuple[MediaInfo, ...]:
        """Every clip at a port that takes many."""
        return self._ports[port]

    def with_video(self, **changes: Any) -> MediaInfo:
        """The clip at the first port with other facts of its picture, if it has one; for `Operator.infer`.

        >>> from mediapipeline.testing import clip_info
        >>> Facts({"clip": [clip_info()]}).with_video(width=640, height=360).video.height
        360

        Args:
            changes: Fields of `mediapipeline.media.VideoStream`; None where it is not known what becomes of them.
        """
        clip = self.clip
        return clip if clip.video is None else attrs.evolve(clip, video=attrs.evolve(clip.video, **changes))

    def with_audio(self, **changes: Any) -> MediaInfo:
        """The clip at the first port with other facts of every sound track; for `Operator.infer`.

        Where `duration` changes and there is no picture, the clip's own is that of its longest track.

        >>> from mediapipeline.testing import clip_info
        >>> Facts({"clip": [clip_info(audio=2)]}).with_audio(sample_rate=48000).audio[1].sample_rate
        48000

        Args:
            changes: Fields of `mediapipeline.media.AudioStream`; None where it is not known what becomes of them.
        """
        clip = self.clip
        tracks = tuple(attrs.evolve(track, **changes) for track in clip.audio)
        if not tracks or "duration" not in changes or clip.video is not None:
            return attrs.evolve(clip, audio=tracks)
        ends = [track.end for track in tracks]
        known = [end for end in ends if end is not None]
        return attrs.evolve(clip, audio=tracks, duration=max(known) if len(known) == len(ends) else None)


@attrs.frozen(kw_only=True)
class Definition:
    """What `operator` was told about an operator class."""

    name: str
    category: Category
    traits: Traits
    inputs: Mapping[str, Port]
    outputs: tuple[str, ...]
    requires: tuple[str, ...]
    summary: str
    description: str
    version: str
    api_version: int


class Operator:
    """Base class of every operator.

    A subclass declares its parameters as annotated fields and implements `lower`. All methods are pure: the same
    parameters and facts give the same answer, and nothing is read or written.
    """

    definition: ClassVar[Definition]

    def check(self, facts: Facts) -> Iterable[Problem]:
        """Problems of these parameters with these inputs.

        The path of a problem is relative to the parameters (``"/start"``), or empty for the operation as a whole.
        """
        return ()

    def infer(self, facts: Facts) -> MediaInfo | Mapping[str, MediaInfo]:
        """The facts of the output, or of each output port. Unknown in, unknown out. Default: the first input's."""
        return facts.clip

    def is_noop(self, facts: Facts) -> bool:
        """Whether the operation would give its first input back, frame for frame and sample for sample."""
        return False

    def estimate(self, facts: Facts) -> Resources | None:
        """What the operation uses beyond decoding and encoding; None leaves the estimate to the planner.

        Memory counts where a job limits it: an operator that holds a whole clip says so here.
        """
        return None

    def lower(self, work: Lowering) -> Clip | Mapping[str, Clip]:
        """Say in primitives what the operation does."""
        raise PluginContractError(f"{type(self).__name__} does not implement lower()")


_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")
_RESERVED = frozenset(name for name in vars(Operator) if not name.startswith("__"))
_T = TypeVar("_T", bound=type[Operator])


def _faults_of_ports(inputs: Mapping[str, Kind | Port], outputs: Sequence[str]) -> Iterator[str]:
    if not inputs:
        yield "it has no inputs: an operation takes one clip at least"
    if not outputs or isinstance(outputs, str) or len(set(outputs)) < len(outputs):
        yield f"outputs={outputs!r} is not a sequence of different names"
    given: Mapping[str, object] = inputs  # types are hints only
    odd = {name: port for name, port in given.items() if not isinstance(port, Kind | Port)}
    yield from (f"input {name!r} is {port!r}, neither a kind of clip nor many(…)" for name, port in odd.items())
    for name, port in (item for item in inputs.items() if item[0] not in odd):
        if isinstance(port, Port) and not 1 <= port.minimum <= port.maximum:
            yield f"input {name!r} takes {port.minimum} to {port.maximum} clips"
        if not (port.kind if isinstance(port, Port) else port):
            yield f"input {name!r} takes no kind of clip"


@dataclass_transform(kw_only_default=True, frozen_default=True)
def operator(
    name: str,
    *,
    category: Category,
    traits: Traits = OPAQUE,
    inputs: Mapping[str, Kind | Port] | Kind | Port = AV,
    outputs: Sequence[str] = ("clip",),
    requires: Sequence[str] = (),
    rules: Sequence[Rule] = (),
    version: str = "1",
    api_version: int = API_VERSION,
) -> Callable[[_T], _T]:
    """Declare a class an operator.

    Args:
        name: What jobs call it: ``vendor.op``; names without a dot are reserved for the shipped operators.
        category: Where it stands in the catalogue.
        traits: What the optimiser may rely on; see `mediapipeline.operators.traits`.
        inputs: Ports by name, or what the only port, ``clip``, takes: video or sound, if not said.
        outputs: Output ports; with more than one, `Operator.lower` and `Operator.infer` return mappings.
        requires: What FFmpeg must have: ``"filter:vignette"``, ``"encoder:libx264"``.
        rules: Rules over several parameters, such as `mediapipeline.params.exactly_one_of`.
        version: Raised when the same parameters begin to give another result.
        api_version: The contract it was written for.

    Raises:
        PluginContractError: The declaration is not sound; the message lists everything.
    """
    ports = inputs if isinstance(inputs, Mapping) else {"clip": inputs}

    def declare(cls: _T) -> _T:
        faults: list[str] = []
        given: object = cls  # what is decorated may be anything
        if not (isinstance(given, type) and issubclass(given, Operator)):
            raise PluginContractError(f"{given!r} is not a subclass of mediapipeline.operators.Operator")
        if not _NAME.fullmatch(name):
            faults.append(f"name {name!r} is not of the form 'vendor.op' (small letters, digits, _)")
        doc = inspect.cleandoc(cls.__doc__ or "").strip()
        if not doc:
            faults.append("it has no docstring: its first line is what users read in lists")
        taken = _RESERVED & set(inspect.get_annotations(cls))
        if taken:
            faults.append(
                f"parameters may not be called {', '.join(sorted(taken))}: these names belong to the contract"
            )
        if cls.lower is Operator.lower:
            faults.append("it does not implement lower()")
        wanted: dict[str, tuple[object, type]] = {"category": (category, Category), "traits": (traits, Traits)}
        faults += [
            f"{word}={value!r} is no {kind.__name__}"
            for word, (value, kind) in wanted.items()
            if not isinstance(value, kind)
        ]
        faults += _faults_of_ports(ports, outputs)
        wrong = [feature for feature in requires if feature.partition(":")[0] not in KINDS or feature.endswith(":")]
        if wrong:
            faults.append(f"requires {', '.join(wrong)}: write 'filter:name' or 'encoder:name'")
        if faults:
            raise PluginContractError(f"operator class {cls.__name__}: " + "; ".join(faults))
        summary, _, rest = doc.partition("\n")
        made: _T = define(cls, rules=tuple(rules))
        made.definition = Definition(
            name=name,
            category=category,
            traits=traits,
            inputs={port: kind if isinstance(kind, Port) else Port(kind) for port, kind in ports.items()},
            outputs=tuple(outputs),
            requires=tuple(requires),
            summary=summary,
            description=rest.strip(),
            version=version,
            api_version=api_version,
        )
        return made

    return declare
