"""The operator example.vignette for mediapipeline."""

from mediapipeline_example.vignette import Vignette

__all__ = ["Vignette"]
