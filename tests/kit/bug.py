"""A broken operator, and the check that has to find it."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import imageio_ffmpeg

from mediapipeline.operators import Operator
from mediapipeline.testing import OperatorContract

__all__ = ["Bug", "packaged_ffmpeg", "verdict"]


@attrs.frozen
class Bug:
    """A broken operator.

    Attributes:
        operator: The operator.
        check: The test that names its fault, without ``test_``, with the clip in brackets.
        words: What it says.
    """

    operator: type[Operator]
    check: str
    words: str
    cases: Sequence[Mapping[str, Any]] = attrs.field(default=({},), kw_only=True)
    invalid: Sequence[Any] = attrs.field(default=(), kw_only=True)

    @property
    def name(self) -> str:
        return self.operator.__name__

    def contract(self) -> type[OperatorContract]:
        fields = {"operator": self.operator, "cases": self.cases, "invalid": self.invalid, "ffmpeg": packaged_ffmpeg()}
        return type(f"TestOf{self.name}", (OperatorContract,), fields)


def verdict(contract: type[OperatorContract], check: str) -> str:
    """What a test of a contract says; empty if it passes."""
    found = re.fullmatch(r"(\w+)(?:\[(.+)\])?", check)
    assert found
    test = getattr(contract(), f"test_{found[1]}")
    arguments = {"clip": found[2]} if "clip" in inspect.signature(test).parameters else {}
    try:
        test(**arguments)
    except AssertionError as error:
        return str(error)
    return ""


def packaged_ffmpeg() -> str:
    """The FFmpeg that is named in the environment, otherwise the one of the wheel."""
    return os.environ.get("MEDIAPIPELINE_FFMPEG") or imageio_ffmpeg.get_ffmpeg_exe()
