"""Why an output is not what was planned, where what FFmpeg said of the inputs tells it.

Pure. What was not said is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mediapipeline.planner.plan import PlannedInput

__all__ = ["early_end"]

# Demuxers say so, and nobody else: of Matroska that its file is shorter than the header tells, of MP4 and MOV that it
# ends amid a packet. AVI and transport streams break off without a word, and are planned by what is there.
_ENDED = re.compile(r"(?P<format>[\w,]+): .*?(?:File ended prematurely|partial file)\b")


def early_end(warnings: Iterable[str], inputs: Sequence[PlannedInput]) -> str | None:
    """A sentence on the inputs that were read and ended before they should, with what to do; None where none is known.

    Args:
        warnings: What demuxers and decoders complained of, as `decode_warnings` gives it.
        inputs: Those of the plan.
    """
    said = [found for found in map(_ENDED.match, warnings) if found is not None]
    formats = {name for found in said for name in found["format"].split(",")}
    ended = [each for each in inputs if formats & set((each.media.format or "").split(","))]
    if not ended:
        return None
    if len(ended) == 1:
        (one,) = ended
        length = one.media.duration
        whole = "" if length is None else f" of the {float(length):.1f} s that its header tells"
        what = f"the input {one.id!r} ({one.source}) ended before the end{whole}: it may be cut off"
    else:
        what = f"an input ended before its end, one of {', '.join(repr(each.id) for each in ended)}: it may be cut off"
    return f"{what} (FFmpeg: {said[0][0]}); get it again, or take with trim what is there"
