"""The optimiser: `RULES`, from top to bottom, until nothing changes.

Each rule is one function in one file of `mediapipeline.planner.rules`; its docstring shows what it makes of what. They
give the same in any order, and this one is the shortest way there. To add one: write the file, add its cases under
``tests/planner/rules``, and name it here.
"""

from __future__ import annotations

from collections.abc import Sequence

from mediapipeline.planner.rule import Optimized, Rule, apply
from mediapipeline.planner.rules.copy_concat import copy_concat
from mediapipeline.planner.rules.copy_untouched import copy_untouched
from mediapipeline.planner.rules.cut_parts import cut_parts
from mediapipeline.planner.rules.drop_noops import drop_noops
from mediapipeline.planner.rules.merge_cuts import merge_cuts
from mediapipeline.planner.rules.push_cuts import push_cuts
from mediapipeline.planner.rules.push_samples import push_samples
from mediapipeline.planner.rules.retime_early import retime_early
from mediapipeline.planner.rules.sample_by_seek import sample_by_seek
from mediapipeline.planner.rules.sample_key_frames import sample_key_frames
from mediapipeline.planner.rules.seek_lossless_audio import seek_lossless_audio
from mediapipeline.planner.rules.seek_lossy_audio import seek_lossy_audio
from mediapipeline.planner.rules.seek_video import seek_video
from mediapipeline.planner.rules.share_readings import share_readings
from mediapipeline.planner.rules.share_streams import share_streams
from mediapipeline.planner.rules.smart_cut import smart_cut
from mediapipeline.planner.streams import StreamGraph

__all__ = ["RULES", "optimize"]

RULES: tuple[Rule, ...] = (
    # Do less: nothing that changes nothing, and everything to as few frames as will do.
    drop_noops,
    push_cuts,
    retime_early,
    cut_parts,
    merge_cuts,
    push_samples,
    # Encode nothing that can be copied.
    copy_untouched,
    copy_concat,
    smart_cut,
    # Do nothing twice.
    share_streams,
    share_readings,
    # Read no more than what is wanted.
    seek_video,
    seek_lossless_audio,
    seek_lossy_audio,
    sample_key_frames,
    sample_by_seek,
)


def optimize(graph: StreamGraph, rules: Sequence[Rule] = RULES) -> Optimized:
    """The same outputs from less work; see `mediapipeline.planner.rule.apply`."""
    return apply(graph, rules)
