"""What an error means to the author of the operator on trial: what was said, what came out, and what to do about it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mediapipeline.errors import (
    EngineError,
    FFmpegFailedError,
    MediaPipelineError,
    OutputError,
    PluginContractError,
)
from mediapipeline.testing.contract.finding import Finding

__all__ = ["failed"]

_DIFFERENCES = (
    re.compile(r"(?P<what>.*?)planned to end at (?P<planned>.+), ends at (?P<found>.+)"),
    re.compile(r"(?P<what>.*?)planned (?P<planned>.+), found (?P<found>.+)"),
    re.compile(r"(?P<what>its packets end) at (?P<found>.+), planned are (?P<planned>.+)"),
)
_LENGTHS = (
    "let infer() give the length that comes out: facts.with_video(duration=…, frames=None), "
    "facts.with_audio(duration=…), or None where nobody can know"
)
_GIVE = "let infer() give the {} that comes out: facts.{}"
_TO_DO = (
    (re.compile(r"to end at|^duration|packets end|segments last"), _LENGTHS),
    (re.compile(r"^streams"), "let infer() name the streams that lower() gives"),
    (re.compile(r"\d+x\d+"), _GIVE.format("size", "with_video(width=…, height=…)")),
    (re.compile(r"frames per second"), _GIVE.format("rate", "with_video(frame_rate=…, frames=None)")),
    (re.compile(r"pixel format"), _GIVE.format("format", "with_video(pix_fmt=…), None where nobody can know")),
    (re.compile(r"\d Hz|\d channels"), _GIVE.format("sound", "with_audio(sample_rate=…, channels=…)")),
)
"""What to do about a difference between plan and file; the first that fits."""
_NOTHING = "no frame came out, or no sound: let check() yield a Problem where nothing would be left of a clip"
_DISAGREE = (
    "let both give the same streams: infer() starts from facts.clip, lower() from work.clip, each changes as much"
)
_NOTHING_RETURNED = "return the result: work.video(…) and facts.with_video(…) change nothing, they give something new"
_RAISED = (
    "it has to answer for every clip that its ports take, and facts may be None: name what it needs at the port "
    "(inputs=VIDEO), or yield a Problem in check()"
)
_LIBRARY = Path(__file__).parents[2]
_SLIPS = (AttributeError, ImportError, NameError, SyntaxError)


def failed(
    error: MediaPipelineError, *, text: str = "the job fails", folder: Path | None = None, **where: Any
) -> Finding:
    """The finding that *error* is.

    Args:
        error: What was raised where the operator was planned or run.
        text: What failed.
        folder: Where the job lies.
        where: Further fields of `Finding`.
    """
    if isinstance(error, OutputError):
        pairs = [_pair(difference) for difference in error.differences]
        if pairs and all(pairs):
            said, found = ("; ".join(dict.fromkeys(pair[at] for pair in pairs if pair)) for at in (0, 1))
            first = str(error).partition("\n")[0]
            return Finding(
                text=f"{text}: {first}", inferred=said, probed=found, hint=_to_do(error.differences),
                error=error, folder=folder, **where,
            )  # fmt: skip
    return Finding(text=f"{text}: {error}", hint=_hint(error), error=error, folder=folder, **where)


def _pair(difference: str) -> tuple[str, str] | None:
    """What was planned, which is what was inferred, and what was found."""
    for pattern in _DIFFERENCES:
        if found := pattern.fullmatch(difference):
            what = found["what"].strip().rstrip(":")
            ends = "ends at " if "to end at" in difference else ""
            return f"{what}: {ends}{found['planned']}", f"{what}: {ends}{found['found']}"
    return None


def _to_do(differences: Sequence[str]) -> str | None:
    found = (next((hint for words, hint in _TO_DO if words.search(each)), None) for each in differences)
    return "; ".join(dict.fromkeys(hint for hint in found if hint)) or None


def _hint(error: MediaPipelineError) -> str | None:
    text = str(error)
    if isinstance(error, OutputError):
        return _to_do(error.differences) if any(map(_pair, error.differences)) else _NOTHING
    if isinstance(error, PluginContractError):
        if "infer() says" in text:
            return _DISAGREE
        if "gives None" in text:
            return _NOTHING_RETURNED
        return _raised(error.__cause__) if " raised " in text else None
    if isinstance(error, EngineError) and "lacks" in text:
        return "see `ffmpeg -filters` and `ffmpeg -encoders` for how it is spelt, and name what is used in requires=[…]"
    if isinstance(error, FFmpegFailedError) and error.cause:
        if found := re.fullmatch(r"(\w+)(?:@\w+)? takes (\w+) from (\[.+\]), not \S+", error.cause):
            return f"limit the parameter that becomes {found[2]} to {found[3]} (ge, le), or choose another value for it"
        if found := re.search(r"(?:the filter )?(\w+)(?:@\w+)? (?:of this FFmpeg has no|does not take)", error.cause):
            return f"`ffmpeg -h filter={found[1]}` lists its options, and what they take"
    return None


def _raised(cause: BaseException | None) -> str:
    """What to do about what a method raised, and where it did."""
    frames = traceback.extract_tb(None if cause is None else cause.__traceback__)
    others = [frame for frame in frames if not frame.filename.startswith(("<", str(_LIBRARY)))]
    theirs = [frame for frame in others if "site-packages" not in frame.filename] or others  # rather than in attrs
    where = f"see {Path(theirs[-1].filename).name}, line {theirs[-1].lineno}" if theirs else ""
    slip = isinstance(cause, _SLIPS) or (isinstance(cause, TypeError) and "argument" in str(cause))
    return where if slip and where and "None" not in str(cause) else "; ".join(filter(None, (_RAISED, where)))
