"""Python functions over frames and over blocks of sound, as operators of mediapipeline."""

from mediapipeline_frames.allowed import allow
from mediapipeline_frames.operators import Picture, Sound
from mediapipeline_frames.runner import FramesRunner

__all__ = ["FramesRunner", "Picture", "Sound", "allow"]
