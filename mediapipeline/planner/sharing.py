"""What the files that one process writes share, as far as its command tells; for texts and drawings of plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Literal, TypeAlias

import attrs

from mediapipeline.ffmpeg.command import Command, OutputFile
from mediapipeline.ffmpeg.filtergraph import Chain, InputStream, Label

__all__ = ["Shared", "decoded_once", "shared_by"]

Shared: TypeAlias = Literal["nothing", "read", "decoded", "decoded and filtered"]

_PASSED_ON = frozenset({"split", "asplit", "format", "aformat"})


def shared_by(command: Command) -> Shared:
    """The most that is done once for two files or more.

    Two readings of one file are two: nothing of them is shared.
    """
    taken = list(_of_files(command).values())
    if _twice(each.filtered for each in taken):
        return "decoded and filtered"
    if _twice(each.decoded for each in taken):
        return "decoded"
    return "read" if _twice(each.read for each in taken) else "nothing"


def decoded_once(command: Command) -> dict[InputStream, tuple[str, ...]]:
    """What is decoded for two files or more, with the tokens of these."""
    found: dict[InputStream, tuple[str, ...]] = {}
    for file, taken in _of_files(command).items():
        for stream in sorted(taken.decoded, key=lambda each: (each.input, each.index)):
            found[stream] = (*found.get(stream, ()), file)
    return {stream: files for stream, files in found.items() if len(files) > 1}


@attrs.define
class _Taken:
    """What one file is made from: inputs by place, their streams that are decoded, and chains by their first output."""

    read: set[int] = attrs.field(factory=set)
    decoded: set[InputStream] = attrs.field(factory=set)
    filtered: set[Label] = attrs.field(factory=set)


def _of_files(command: Command) -> dict[str, _Taken]:
    """What each file that *command* writes is made from, by its token."""
    chains = () if command.graph is None else command.graph.chains
    made = {label: chain for chain in chains for label in chain.outputs}
    return {output.file: _taken(output, made) for output in command.outputs if output.file is not None}


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
            if not all(part.name in _PASSED_ON for part in chain.filters):
                found.filtered.add(chain.outputs[0])
    return found


def _twice(sets: Iterable[Iterable[Hashable]]) -> bool:
    counted = Counter(each for found in sets for each in found)
    return any(count > 1 for count in counted.values())
