"""The typed parameter system: one declaration gives validation, JSON Schema, documentation and type hints."""

from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.timecode import Duration, FrameRate, Timecode
from mediapipeline.params.converter import structure, unstructure
from mediapipeline.params.describe import ParameterInfo, json_schema, parameters
from mediapipeline.params.rules import Param, Rule, at_most_one_of, exactly_one_of, rule
from mediapipeline.params.types import define

__all__ = [
    "AudioCodec",
    "Duration",
    "FrameRate",
    "Param",
    "ParameterInfo",
    "Resolution",
    "Rule",
    "Timecode",
    "VideoCodec",
    "at_most_one_of",
    "define",
    "exactly_one_of",
    "json_schema",
    "parameters",
    "rule",
    "structure",
    "unstructure",
]
