"""Operators that are not shipped and whose packages are known: what an unknown name may have been meant to be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["KNOWN_PACKAGES"]

KNOWN_PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "frames.picture": "mediapipeline-frames",
        "frames.sound": "mediapipeline-frames",
    }
)
"""The distribution to install, by name of the operator."""
