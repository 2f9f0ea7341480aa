"""Which inputs may be read and outputs written, and the seams for storage that is not local."""

from __future__ import annotations

from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.resolver import Publisher, Resolver
from mediapipeline.sources.staging import Staged

__all__ = ["Publisher", "Resolver", "SourcePolicy", "Staged"]
