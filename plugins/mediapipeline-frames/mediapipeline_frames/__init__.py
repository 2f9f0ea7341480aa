"""Python functions over frames and over blocks of sound, as operators of mediapipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediapipeline_frames.allowed import allow
    from mediapipeline_frames.operators import Picture, Sound
    from mediapipeline_frames.runner import FramesRunner

__all__ = ["FramesRunner", "Picture", "Sound", "allow"]

_PLACES = {"FramesRunner": "runner", "Picture": "operators", "Sound": "operators", "allow": "allowed"}


def __getattr__(name: str) -> object:
    """Import on first use, for the process of the function needs none of these."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    return found
