"""The optimiser: it applies `RULES` from top to bottom, again and again until none of them changes anything.

A rule takes a `StreamGraph`, in which every node is one stream on its way from an input to an output, and returns one
that makes the same outputs with less work. It is one function in one file of `mediapipeline.planner.rules`; its
docstring shows a graph before and after, written as in `mediapipeline.planner.text`, and ``@rule(…)`` declares what it
guarantees (`mediapipeline.planner.rule`). Rules see streams, and what filters declare of themselves, but no operators,
and they do not see each other. In nearly every order they lead to the same graph; in this one, no rule moves what
another could still share.

To add a rule, write its file, write its cases (graphs before and after) in ``tests/planner/rules/<name>.plan``, and
add it to `RULES`. Nothing else is needed: the tests hold it to its cases and to its docstring, apply it twice and in
another order, and run jobs with it and without it to compare the outputs. If random jobs seldom give it anything to
do, an aim in ``tests/equivalence/jobs.py`` makes long runs reach it more often.
"""

from __future__ import annotations

from collections.abc import Sequence

from mediapipeline.errors import RuleError
from mediapipeline.planner.rule import Decision, Notes, Optimized, Rule, broken, promised
from mediapipeline.planner.rules.copy_concat import copy_concat
from mediapipeline.planner.rules.copy_untouched import copy_untouched
from mediapipeline.planner.rules.cut_parts import cut_parts
from mediapipeline.planner.rules.drop_noops import drop_noops
from mediapipeline.planner.rules.merge_cuts import merge_cuts
from mediapipeline.planner.rules.push_cuts import push_cuts
from mediapipeline.planner.rules.push_cuts_past_rates import push_cuts_past_rates
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
from mediapipeline.planner.streams import NodeId, StreamGraph
from mediapipeline.planner.text import render

__all__ = ["RULES", "optimize"]

RULES: tuple[Rule, ...] = (
    # Do less: leave out what changes nothing, and do the rest to as few frames as possible.
    drop_noops,
    push_cuts,  # cut before filtering
    retime_early,  # leave out frames before filtering
    cut_parts,  # join only the parts that are needed
    merge_cuts,
    push_samples,  # take stills before cutting and filtering
    # Encode nothing that can be copied.
    copy_untouched,
    copy_concat,
    smart_cut,  # copy whole groups of pictures, encode only the edges
    # Do nothing twice.
    share_streams,
    share_readings,
    # Read no more than is needed.
    push_cuts_past_rates,  # cut before frames are repeated or left out
    seek_video,
    seek_lossless_audio,
    seek_lossy_audio,
    sample_key_frames,
    sample_by_seek,
)

_ROUNDS = 50
"""A cut passes a few of what it can pass in each round. Of jobs nested more deeply than any that people write, what is
left after so many stays as it is: planning takes no longer for each operation than for those of others."""
_MORE = 4
"""Rounds in which rules that undo what others do have come back to where they were."""


def optimize(graph: StreamGraph, rules: Sequence[Rule] = RULES) -> Optimized:
    """Apply *rules* to *graph* until none of them changes it.

    Raises:
        RuleError: A rule changed the media of an output, or rules undo what others do.
    """
    decisions: list[Decision] = []
    trace: list[tuple[str, StreamGraph]] = []
    left_out: dict[NodeId, str | None] = {}
    expected = promised(graph)
    seen: set[str] = set()
    for number in range(_ROUNDS + _MORE):
        before = graph
        for each in rules:
            notes = Notes(each.__name__)
            after = each(graph, notes)
            if after is graph:
                continue
            if (found := promised(after)) != expected:
                raise RuleError(f"it changed what an output holds: {broken(expected, found)}", rule=each.__name__)
            trace.append((each.__name__, after))
            decisions.extend(notes.decisions)
            left_out |= notes.left_out
            graph = after
        if graph is before:
            break
        if number >= _ROUNDS:
            if (text := render(graph)) in seen:
                raise RuleError("it does again what another undoes, for ever", rule=trace[-1][0])
            seen.add(text)
    return Optimized(graph, tuple(dict.fromkeys(decisions)), tuple(trace), left_out)
