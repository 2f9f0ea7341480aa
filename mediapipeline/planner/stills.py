"""Dividing still pictures of one output among processes that work side by side.

Each still is a seek and some frames that are decoded for it, and no still waits for another. One process makes them one
after the other, and the threads of its decoders decode what lies behind each still as well. So there are as many
processes as cores, and each decodes with one thread. Where there are few stills, or the whole clip is decoded anyway,
nothing is divided. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import attrs

from mediapipeline.ffmpeg.command import Command
from mediapipeline.media.container import container_named
from mediapipeline.planner import streams as ir

__all__ = ["are_stills", "divided", "in_turn"]

_T = TypeVar("_T")
_FEWEST = 4
"""Stills that are worth a process: to start one takes about as long as to make one."""


def are_stills(sinks: Sequence[ir.Sink]) -> bool:
    """Whether all of *sinks* are pictures of one frame."""
    return all(container_named(sink.container).still for sink in sinks)


def divided(stills: Sequence[_T], cores: int, most: int) -> list[list[_T]]:
    """*stills* in parts of nearly the same length, in order, of at most *most*: one for each core, if they are enough.

    >>> divided("abcdefghij", cores=2, most=16)
    [['a', 'b', 'c', 'd', 'e'], ['f', 'g', 'h', 'i', 'j']]
    >>> [len(part) for part in divided(range(7), cores=4, most=16)], len(divided(range(33), cores=2, most=16))
    ([4, 3], 4)
    """
    wanted = max(-(-len(stills) // most), min(cores, -(-len(stills) // _FEWEST)))
    if wanted > cores:  # the last ones shall not leave cores without work
        wanted = -(-wanted // cores) * cores
    bounds = [-(-len(stills) * at // wanted) for at in range(wanted + 1)]
    return [list(stills[start:end]) for start, end in pairwise(bounds) if end > start]


def in_turn(command: Command, processes: int, cores: int) -> Command:
    """*command* with one thread for each of its decoders, where so many *processes* keep the *cores* busy."""
    if processes < max(2, cores):
        return command
    inputs = (attrs.evolve(file, options=(*file.options, ("threads", "1"))) for file in command.inputs)
    return attrs.evolve(command, inputs=tuple(inputs))
