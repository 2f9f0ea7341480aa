"""Clips that are only imagined, so that an operator can be asked about them in no time, and about unknown facts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import AUDIO, IMAGE, VIDEO, Facts, Port
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.planner import Planner
from mediapipeline.testing.contract.job import Job
from mediapipeline.testing.contract.trial import Trial
from mediapipeline.testing.fakes import FakeProber, clip_info

__all__ = ["UNKNOWN", "Imagined", "without"]

UNKNOWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "nobody knows how long it is": {"info": ("duration",), "video": ("duration", "frames"), "audio": ("duration",)},
    "nobody knows the frame rate": {"video": ("frame_rate", "frames", "vfr")},
    "nobody knows whether the rate varies": {"video": ("vfr", "frames")},
    "nobody knows the form of its pixels": {"video": ("pix_fmt", "sar", "interlaced")},
    "nobody knows the form of its sound": {"audio": ("channel_layout", "sample_fmt", "sample_rate", "channels")},
    "nobody knows when it begins": {"info": ("start",), "video": ("start",), "audio": ("start",)},
}


def without(info: MediaInfo, names: Mapping[str, tuple[str, ...]]) -> MediaInfo:
    """*info* with the facts called *names* unknown, as `UNKNOWN` has them."""
    nothing: dict[str, dict[str, Any]] = {kind: dict.fromkeys(names.get(kind, ())) for kind in names}
    video = info.video and attrs.evolve(info.video, **nothing.get("video", {}))
    tracks = tuple(attrs.evolve(track, **nothing.get("audio", {})) for track in info.audio)
    return attrs.evolve(info, **nothing.get("info", {}), video=video, audio=tracks)


def _made_up(port: Port) -> MediaInfo:
    """The facts of a clip that suits *port*."""
    if port.kind & VIDEO:
        return clip_info(size="64x48", audio=["stereo"], duration="2s", subtitles=["subrip"])
    if port.kind & AUDIO:
        return clip_info(size=None, audio=["stereo"], duration="2s")
    if port.kind & IMAGE:
        return clip_info(size="64x48", still=True)
    return clip_info(size=None, audio=0, subtitles=["subrip"])


class Imagined:
    """A trial's operator over clips that are not there."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        first, *others = trial.operator.definition.inputs.items()
        self.first = _made_up(first[1])
        # What lies beside is small, as `clips.beside` has it.
        self._others = {f"{port}-beside": _shrunk(_made_up(wanted)) for port, wanted in others}
        if first[1].maximum > 1:
            self._others[f"{first[0]}-beside"] = self.first

    def job(self, case: Mapping[str, Any], info: MediaInfo) -> tuple[dict[str, Any], Planner]:
        """A job with *info* at the first port, and who plans it without any file."""
        job = Job(self._trial.operator.definition, "{}.mkv".format)
        job.write(job.apply(case, job.clip("source"), "made")[0])
        clips = {"source.mkv": info, **{f"{name}.mkv": facts for name, facts in self._others.items()}}
        planner = Planner(
            prober=FakeProber(clips), capabilities=Capabilities.assume("8.0"), machine=Machine(cores=2),
            registry=self._trial.registry, rules=(), base_dir=Path.cwd(),
        )  # fmt: skip
        facts = self.outcome(case, info)
        return job.document({job.written[0]: facts} if facts is not None else {}, "made"), planner

    def facts(self, info: MediaInfo) -> Facts:
        """Those of an operation with *info* at its first port."""
        ports = {}
        for at, (port, wanted) in enumerate(self._trial.operator.definition.inputs.items()):
            other = self._others.get(f"{port}-beside")
            rest = [] if other is None else [other] * (max(1, wanted.minimum) - (0 if at else 1))
            ports[port] = [*([] if at else [info]), *rest]
        return Facts(ports)

    def outcome(self, case: Mapping[str, Any], info: MediaInfo) -> MediaInfo | None:
        """What the operator infers; None where it refuses, or fails, which planning tells better."""
        operator, facts = self._trial.operator(**case), self.facts(info)
        try:
            if list(operator.check(facts)):
                return None
            made = operator.infer(facts)
        except Exception:  # noqa: BLE001 - whatever a plugin raises; planning says what
            return None
        return made if isinstance(made, MediaInfo) else next(iter(made.values()))


def _shrunk(info: MediaInfo) -> MediaInfo:
    if info.video is None:
        return info
    return attrs.evolve(info, video=attrs.evolve(info.video, width=32, height=24))
