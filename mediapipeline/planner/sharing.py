"""What the files that one process writes share, as far as its command tells; for `mediapipeline.planner.explain`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Literal, TypeAlias

import attrs

from mediapipeline.ffmpeg.command import Command, OutputFile
from mediapipeline.ffmpeg.filtergraph import Chain, InputStream, Label

__all__ = ["Shared", "shared_by"]

Shared: TypeAlias = Literal["nothing", "read", "decoded", "decoded and filtered"]

_SPLITS = frozenset({"split", "asplit"})


def shared_by(command: Command) -> Shared:
    """The most that is done once for two files or more.

    Two readings of one file are two: nothing of them is shared.
    """
    chains = () if command.graph is None else command.graph.chains
    made = {label: chain for chain in chains for label in chain.outputs}
    taken = [_taken(output, made) for output in command.outputs if output.file is not None]
    if _twice(each.filtered for each in taken):
        return "decoded and filtered"
    if _twice(each.decoded for each in taken):
        return "decoded"
    return "read" if _twice(each.read for each in taken) else "nothing"


@attrs.define
class _Taken:
    """What one file is made from: inputs by place, their streams that are decoded, and chains by their first output."""

    read: set[int] = attrs.field(factory=set)
    decoded: set[InputStream] = attrs.field(factory=set)
    filtered: set[Label] = attrs.field(factory=set)


def _taken(output: OutputFile, made: dict[Label, Chain]) -> _Taken:
    found = _Taken(read={pad.input for pad in output.maps if isinstance(pad, InputStream)})
    queue = [pad for pad, copied in zip(output.maps, output.copied, strict=True) if not copied]
    for pad in queue:  # it grows
        if isinstance(pad, InputStream):
            found.read.add(pad.input)
            found.decoded.add(pad)
            continue
        chain = made[pad]
        if chain.outputs[0] not in found.filtered:
            queue += chain.inputs
            if not all(part.name in _SPLITS for part in chain.filters):
                found.filtered.add(chain.outputs[0])
    return found


def _twice(sets: Iterable[Iterable[Hashable]]) -> bool:
    counted = Counter(each for found in sets for each in found)
    return any(count > 1 for count in counted.values())
