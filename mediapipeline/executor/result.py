"""What came of a run: its outputs as they were found on disk, and what its steps used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.values import custom, from_dict, to_dict

__all__ = ["ExecutionResult", "OutputResult", "StepResult"]

custom(Path, str, Path)


@attrs.frozen(kw_only=True)
class OutputResult:
    """A published output.

    Attributes:
        path: Where it is.
        destination: As the job names it.
        media: What it is, as probed; not what was planned.
        size: Bytes.
        checks: What was verified, a sentence each.
        sha256: Hexadecimal digest, if asked for.
    """

    id: str
    path: Path
    destination: str
    media: MediaInfo
    size: int
    checks: tuple[str, ...]
    sha256: str | None = None


@attrs.frozen(kw_only=True)
class StepResult:
    """What a step used; unknown is None.

    Attributes:
        cpu_seconds: User and system time.
        wall_seconds: From start to end, without the time that it waited for cores.
        peak_memory: Bytes resident at most, as sampled.
        frames_decoded: Frames of pictures that were decoded, by FFmpeg's own count.
        frames_encoded: Frames of pictures that were encoded, over all outputs, by FFmpeg's own count.
        argv: The command as it ran; empty where no process did.
    """

    id: str
    cpu_seconds: float | None = None
    wall_seconds: float
    peak_memory: int | None = None
    frames_decoded: int | None = None
    frames_encoded: int | None = None
    argv: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ExecutionResult:
    """What came of a run.

    Attributes:
        outputs: By id.
        steps: In the order of the plan.
        warnings: Sentences for people: media that were damaged, and what else did not stop the run.
        wall_seconds: All of it, with checks before and after.
        cpu_seconds: Of all steps; None where one is not known.
    """

    outputs: Mapping[str, OutputResult] = attrs.field(hash=False)
    steps: tuple[StepResult, ...]
    warnings: tuple[str, ...] = ()
    wall_seconds: float
    cpu_seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExecutionResult:
        """The result that `to_dict` wrote.

        Raises:
            ValueError: The data are not a result.
        """
        return from_dict(cls, data)
