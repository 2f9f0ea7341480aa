"""What came of a run: its outputs as they were found on disk, and what its steps used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.values import custom, from_dict, to_dict

__all__ = ["ExecutionResult", "FileResult", "MeasurementResult", "OutputResult", "StepResult", "Taken", "Waste"]


def _read_path(data: Any) -> Path:
    if not isinstance(data, str) or not data:
        raise ValueError(f"a path is expected, not {data!r}")
    return Path(data)


custom(Path, str, _read_path)


@attrs.frozen(kw_only=True)
class FileResult:
    """One file of a published folder.

    Attributes:
        name: Within the folder.
        media: What it is, as probed.
        size: Bytes.
        sha256: Hexadecimal digest, if asked for.
    """

    name: str
    media: MediaInfo
    size: int
    sha256: str | None = None


@attrs.frozen(kw_only=True)
class OutputResult:
    """A published output: a file, or a folder of files.

    Attributes:
        path: Where it is.
        destination: As the job names it.
        media: What it is, as probed; not what was planned.
        size: Bytes.
        checks: What was verified, a sentence each.
        sha256: Hexadecimal digest, if asked for; of a folder, each of its files has one.
        files: What is in it, if it is a folder.
    """

    id: str
    path: Path
    destination: str
    media: MediaInfo
    size: int
    checks: tuple[str, ...]
    sha256: str | None = None
    files: tuple[FileResult, ...] = ()


def _finite(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}


@attrs.frozen(kw_only=True)
class MeasurementResult:
    """What was measured on the way.

    Attributes:
        id: Its name in the plan.
        operation: JSON Pointer of the operation that asked for it.
        values: By field; None is no finite number, such as the peak of silence.
    """

    id: str
    operation: str
    values: Mapping[str, float | None] = attrs.field(converter=_finite, hash=False)


@attrs.frozen(kw_only=True)
class Taken:
    """What was done because of a measurement.

    Attributes:
        measurement: Its id.
        operation: JSON Pointer of the operation that did it.
        case: The name that the operator has for it.
    """

    measurement: str
    operation: str
    case: str


@attrs.frozen(kw_only=True)
class StepResult:
    """What a step used; unknown is None.

    Attributes:
        cpu_seconds: User and system time.
        wall_seconds: From start to end, without the time that it waited for cores.
        peak_memory: Bytes resident at most, as sampled.
        frames_decoded: Frames of pictures that were decoded, by FFmpeg's own count.
        frames_encoded: Frames of pictures that were encoded, over all outputs, by FFmpeg's own count.
        intermediate_bytes: Size of the files that it left for other steps.
        argv: The command as it ran; empty where no process did.
        measurements: What it measured.
        taken: What it did because of measurements.
        cached: Whether what it writes was left by an earlier run, and no process ran.
    """

    id: str
    cpu_seconds: float | None = None
    wall_seconds: float
    peak_memory: int | None = None
    frames_decoded: int | None = None
    frames_encoded: int | None = None
    intermediate_bytes: int = 0
    argv: tuple[str, ...] = ()
    measurements: tuple[MeasurementResult, ...] = ()
    taken: tuple[Taken, ...] = ()
    cached: bool = False


@attrs.frozen(kw_only=True)
class Waste:
    """What a run did, beside what its job cannot do without: figures that no other machine would change.

    Unknown is None. What is decoded to look at inputs and outputs is not counted, and neither is sound.

    Attributes:
        frames_decoded: Frames of pictures that FFmpeg decoded.
        frames_to_decode: Those that had to be: of each part of an input that is wanted, from the key frame before its
            first frame to its last, and as many more as are decoded before they are shown. None where planning had no
            reason to look at the packets; see `mediapipeline.planner.workload.counted`.
        frames_encoded: Frames of pictures that FFmpeg encoded.
        frames_to_encode: Those that had to be: the frames of the outputs that could not be copied, for each pass.
        processes: Processes that the steps started.
        intermediate_bytes: Size of the files that steps left for other steps.
    """

    frames_decoded: int | None = None
    frames_to_decode: int | None = None
    frames_encoded: int | None = None
    frames_to_encode: int | None = None
    processes: int = 0
    intermediate_bytes: int = 0

    @property
    def decoding(self) -> float | None:
        """Frames decoded ÷ frames that had to be; 1 is none too many."""
        return _ratio(self.frames_decoded, self.frames_to_decode)

    @property
    def encoding(self) -> float | None:
        """Frames encoded ÷ frames that had to be; 1 is none too many."""
        return _ratio(self.frames_encoded, self.frames_to_encode)


def _ratio(done: int | None, needed: int | None) -> float | None:
    if done is None or needed is None:
        return None
    if not needed:
        return math.inf if done else 1.0
    return done / needed


@attrs.frozen(kw_only=True)
class ExecutionResult:
    """What came of a run.

    Attributes:
        outputs: By id.
        steps: In the order of the plan.
        warnings: Sentences for people: media that were damaged, and what else did not stop the run.
        wall_seconds: All of it, with checks before and after.
        cpu_seconds: Of all steps; None where one is not known.
        waste: What was decoded and encoded, beside what had to be.
    """

    outputs: Mapping[str, OutputResult] = attrs.field(hash=False)
    steps: tuple[StepResult, ...]
    warnings: tuple[str, ...] = ()
    wall_seconds: float
    cpu_seconds: float | None = None
    waste: Waste = Waste()

    @property
    def measurements(self) -> tuple[MeasurementResult, ...]:
        """What was measured on the way, in the order of the plan."""
        return tuple(found for step in self.steps for found in step.measurements)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What was done because of that, each once."""
        return tuple(dict.fromkeys(taken for step in self.steps for taken in step.taken))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: the outputs, with a look at each."""
        from mediapipeline.executor.show import mimebundle

        return mimebundle(self)

    def to_dict(self) -> dict[str, Any]:
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExecutionResult:
        """The result that `to_dict` wrote.

        Raises:
            ValueError: The data are not a result.
        """
        return from_dict(cls, data)
