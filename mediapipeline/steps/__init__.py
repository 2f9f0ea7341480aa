"""What an executor can run, as values: steps, the files they name, and what their outputs must be."""

from mediapipeline.steps.expectation import Expectation, Range, StreamExpectation
from mediapipeline.steps.files import Asset, FileRef, Final, Pipe, Source, Work, parse_token
from mediapipeline.steps.late import Case, Condition, Late, LateChain, LateFilter
from mediapipeline.steps.measure import Measurement, Told
from mediapipeline.steps.plugin import ProcessOutcome, ReaderGone, StepContext, StepRunner
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import (
    CustomStep,
    CutCuesStep,
    FFmpegStep,
    FileStream,
    JoinFilesStep,
    PictureRung,
    PlaylistStep,
    Step,
)

__all__ = [
    "Asset",
    "Case",
    "Condition",
    "CustomStep",
    "CutCuesStep",
    "Expectation",
    "FFmpegStep",
    "FileRef",
    "FileStream",
    "Final",
    "JoinFilesStep",
    "Late",
    "LateChain",
    "LateFilter",
    "Measurement",
    "PictureRung",
    "Pipe",
    "PlaylistStep",
    "ProcessOutcome",
    "Range",
    "ReaderGone",
    "Resources",
    "Source",
    "Step",
    "StepContext",
    "StepRunner",
    "StreamExpectation",
    "Told",
    "Work",
    "parse_token",
]
