"""The text form of a StreamGraph, in which the cases of rules are written and graphs are shown to people.

A line is a chain of streams, from its source to the output that takes it::

    in:video → cut(5s..60s) → hflip() → encode(libx264, crf=23) → web

A stream that is taken more than once has a name of its own, and a filter of several streams has them before it::

    s1 = in:video → scale(w=640, h=360)
    s1, logo:video → overlay(x=8) → encode(libx264) → web
    s1 → encode(libvpx-vp9) → small

Sources: ``in:video@60s`` is read from 60 s on, ``in:video#2`` in a second reading of the file, and ``in:video@60sk``
are only the key frames from the one before 60 s on. ``in:audio.1`` is stream 1 of a file with several of its kind. A
filter that generates pictures or sound has only ``video:`` or ``audio:`` before it.

Cuts and stills: ``cut(…, keyframe)`` may fall on key frames. ``sample(5s)`` is the still at that time, ``sample(5s,
keyframe)`` may be the key frame before it. ``retime(25, filled)`` has frames from time 0 on. ``shift(5s)`` tells all
times 5 s later. ``frames(250)`` is as many frames, the last repeated if there are fewer.

Outputs: ``encode(…; copy aac)`` may be a copy of that codec instead. ``out/001.jpg`` is one file of several.

Copies: ``a:video, b:video → joined(10s, 5s)`` are the packets of one file after the other, taking up 10 s and 5 s.
``in:video → packets(6s, 100)`` are 100 frames from the IDR picture at 6 s on, copied as part of a ``splice()``.

``{= s1}`` says that a stream equals another frame for frame; ``concat() {= a:video, b:video}`` joins what is made of
these, which have the form of the whole already. ``step acme.x(…)`` is a step of a plugin's own. Filters always have
parentheses. Facts are not in the text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction

from mediapipeline.ffmpeg.filtergraph import Expr, File, Value, number_text
from mediapipeline.planner.streams import (
    Choice,
    Concat,
    Copy,
    Custom,
    Cut,
    Encode,
    Filter,
    Frames,
    Joined,
    Measure,
    Node,
    NodeId,
    Packets,
    Retime,
    Sample,
    Shift,
    Sink,
    Source,
    Splice,
    StreamGraph,
)

__all__ = ["render"]

_ARROW = " → "


def render(graph: StreamGraph) -> str:
    """*graph* as text, one chain a line; graphs that differ only in ids have the same text."""
    return "".join(f"{line}\n" for line in _Renderer(graph).lines())


class _Renderer:
    def __init__(self, graph: StreamGraph) -> None:
        self.graph = graph
        self.names: dict[NodeId, str] = {}
        tracks = Counter((key[0], key[1]) for key in {(n.input, n.kind, n.info.index) for n in graph.of(Source)})
        self.several = {each for each, count in tracks.items() if count > 1}
        self.equals = {node.same_as for node in graph if node.same_as is not None}

    def lines(self) -> list[str]:
        found: list[str] = []
        chains: dict[NodeId, list[str]] = {}  # the parts of each chain that goes on, by its last node
        named = 0
        for node in self.graph:
            if isinstance(node, Sink):
                found += [_ARROW.join([*self.take(stream, chains), _named(node)]) for stream in node.inputs]
                continue
            if isinstance(node, Source):
                self.names[node.id] = self.source(node)  # short enough to be its own name
                continue
            parts = self.take(node.inputs[0], chains) if node.inputs else [f"{node.kind}:"]
            if len(node.inputs) > 1:
                parts = [", ".join(self.names[each] for each in node.inputs)]
            parts.append(self.step(node))
            if self.uses(node) == 1 and not self.waits(node):
                chains[node.id] = parts
            else:
                named += 1
                self.names[node.id] = f"s{named}"
                found.append(f"s{named} = {_ARROW.join(parts)}")
        return found

    def take(self, node: NodeId, chains: dict[NodeId, list[str]]) -> list[str]:
        return [self.names[node]] if node in self.names else chains.pop(node)

    def uses(self, node: Node) -> int:
        return len(self.graph.consumers.get(node.id, ()))

    def waits(self, node: Node) -> bool:
        """Whether something other than the next in its chain names it."""
        users = self.graph.consumers.get(node.id, ())
        joined = any(len(self.graph[user].inputs) > 1 and not isinstance(self.graph[user], Sink) for user in users)
        return node.id in self.equals or joined

    def source(self, node: Source) -> str:
        several = (node.input, node.kind) in self.several
        which = f".{node.info.index}" if several else ""
        reading = f"#{node.reading + 1}" if node.reading else ""
        seek = f"@{_time(node.seek)}s{'k' * node.key_frames}" if node.seek or node.key_frames else ""
        return f"{node.input}:{node.kind}{which}{reading}{seek}"

    def step(self, node: Node) -> str:
        same = "" if node.same_as is None else f" {{= {self.names.get(node.same_as, '?')}}}"
        match node:
            case Cut():
                end = "" if node.end is None else f"{_time(node.end)}s"
                return f"cut({_time(node.start)}s..{end}{'' if node.exact else ', keyframe'}){same}"
            case Filter():
                return f"{_filter(node.name, node.options)}{same}"
            case Encode():
                options = [node.encoder, *(f"{key}={value}" for key, value in node.options)]
                given = {"pix_fmt": node.pix_fmt, "rate": node.sample_rate, "layout": node.channel_layout}
                options += [f"{key}={value}" for key, value in given.items() if value is not None]
                options += ["filled"] if node.fill else []
                copies = f"; copy {' '.join(sorted(node.copy_codecs))}" if node.copy_codecs else ""
                return f"encode({', '.join(options)}{copies})"
            case Measure():
                return f"measure {', '.join(_filter(part.name, part.options) for part in node.filters)}"
            case Choice():
                return f"choose({'; '.join(map(str, node.cases))}){same}"
            case Retime() | Shift() | Frames():
                return f"{_timing(node)}{same}"
            case Concat():
                named = [self.names.get(each or "", "-") for each in node.made_of]
                made_of = f" {{= {', '.join(named)}}}" if node.made_of and node.made_of != node.inputs else ""
                return f"concat(){made_of}{same}"
            case Custom():
                told = ", ".join(f"{key}={json.dumps(value)}" for key, value in node.parameters.items())
                return f"step {node.runner}({told}){same}"
            case Joined():
                return f"joined({', '.join(f'{_time(part.length)}s' for part in node.parts)})"
            case Sample():
                return f"sample({_time(node.time)}s{'' if node.exact else ', keyframe'}){same}"
            case Copy():
                return _copied(node)
        raise TypeError(f"no text form for {node!r}")


def _timing(node: Retime | Shift | Frames) -> str:
    if isinstance(node, Frames):
        return f"frames({node.count})"
    if isinstance(node, Shift):
        return f"shift({_time(node.by)}s)"
    return f"retime({_time(node.rate)}{', filled' if node.fill else ''})"


def _copied(node: Copy) -> str:
    match node:
        case Packets():
            return f"packets({_time(node.start)}s, {node.frames})"
        case Splice():
            return "splice()"
    return "copy"


def _named(sink: Sink) -> str:
    return sink.output if sink.part is None else f"{sink.output}/{sink.part}"


_time: Callable[[Fraction], str] = number_text


def _filter(name: str, options: Iterable[tuple[str, Value]]) -> str:
    return f"{name}({', '.join(f'{key}={_value(value)}' for key, value in options)})"


def _value(value: Value) -> str:
    match value:
        case str():
            return repr(value) if any(c in " ,;=(){}→'\"" for c in value) else value
        case Expr():
            return f"`{value.text}`"
        case File():
            return f"<{value.token}>"
    return number_text(value)
