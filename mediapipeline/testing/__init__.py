"""The kit for those who test pipelines and operators: media on demand, and stand-ins that need no FFmpeg.

Everything is imported on first use: the pytest plugin lies in this package and is loaded by every run of pytest, also
of those who have nothing to do with media.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.features import Capabilities
    from mediapipeline.testing.dry_run import DryRun, DryRunExecutor
    from mediapipeline.testing.fakes import FakeProber, clip_info
    from mediapipeline.testing.media import ClipError, ClipRecipe, make_clip

    from mediapipeline.testing.store_contract import JobStoreContract
__all__ = [
    "Capabilities",
    "ClipError",
    "ClipRecipe",
    "DryRun",
    "DryRunExecutor",
    "FakeProber",
    "JobStoreContract",
    "clip_info",
    "make_clip",
]

# Where each name is defined. A test holds this table, the imports above and __all__ against each other.
_DEFINED_IN = {
    "Capabilities": "mediapipeline.ffmpeg.features",
    "ClipError": "mediapipeline.testing.media",
    "ClipRecipe": "mediapipeline.testing.media",
    "DryRun": "mediapipeline.testing.dry_run",
    "DryRunExecutor": "mediapipeline.testing.dry_run",
    "FakeProber": "mediapipeline.testing.fakes",
    "JobStoreContract": "mediapipeline.testing.store_contract",
    "clip_info": "mediapipeline.testing.fakes",
    "make_clip": "mediapipeline.testing.media",
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
