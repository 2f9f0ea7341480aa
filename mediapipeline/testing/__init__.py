"""The kit for those who test pipelines and operators: media on demand, and stand-ins that need no FFmpeg.

Everything is imported on first use: the pytest plugin lies in this package and is loaded by every run of pytest, also
of those who have nothing to do with media.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.features import Capabilities
    from mediapipeline.testing.contract import OperatorContract
    from mediapipeline.testing.dry_run import DryRun, DryRunExecutor
    from mediapipeline.testing.fakes import FakeProber, clip_info
    from mediapipeline.testing.media import ClipError, ClipRecipe, make_clip
    from mediapipeline.testing.media_assertions import assert_media, assert_same_frames
    from mediapipeline.testing.plan_assertions import PlanAssertions, assert_plan
    from mediapipeline.testing.planning import SAMPLE_CLIPS, fake_planner
    from mediapipeline.testing.snapshots import PlanSnapshot
    from mediapipeline.testing.store_contract import JobStoreContract
    from mediapipeline.testing.strategies import job_specs, media_infos

__all__ = [
    "SAMPLE_CLIPS",
    "Capabilities",
    "ClipError",
    "ClipRecipe",
    "DryRun",
    "DryRunExecutor",
    "FakeProber",
    "JobStoreContract",
    "OperatorContract",
    "PlanAssertions",
    "PlanSnapshot",
    "assert_media",
    "assert_plan",
    "assert_same_frames",
    "clip_info",
    "fake_planner",
    "job_specs",
    "make_clip",
    "media_infos",
]

# Where each name is defined. A test holds this table, the imports above and __all__ against each other.
_DEFINED_IN = {
    "SAMPLE_CLIPS": "mediapipeline.testing.planning",
    "Capabilities": "mediapipeline.ffmpeg.features",
    "ClipError": "mediapipeline.testing.media",
    "ClipRecipe": "mediapipeline.testing.media",
    "DryRun": "mediapipeline.testing.dry_run",
    "DryRunExecutor": "mediapipeline.testing.dry_run",
    "FakeProber": "mediapipeline.testing.fakes",
    "JobStoreContract": "mediapipeline.testing.store_contract",
    "OperatorContract": "mediapipeline.testing.contract",
    "PlanAssertions": "mediapipeline.testing.plan_assertions",
    "PlanSnapshot": "mediapipeline.testing.snapshots",
    "assert_media": "mediapipeline.testing.media_assertions",
    "assert_plan": "mediapipeline.testing.plan_assertions",
    "assert_same_frames": "mediapipeline.testing.media_assertions",
    "clip_info": "mediapipeline.testing.fakes",
    "fake_planner": "mediapipeline.testing.planning",
    "job_specs": "mediapipeline.testing.strategies",
    "make_clip": "mediapipeline.testing.media",
    "media_infos": "mediapipeline.testing.strategies",
}

if not TYPE_CHECKING:  # a type checker that saw __getattr__ would accept every misspelt name

    def __getattr__(name: str) -> object:
        module = _DEFINED_IN.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(module), name)
        return value

    def __dir__() -> list[str]:
        return sorted(set(globals()) | set(__all__))
