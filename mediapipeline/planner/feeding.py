"""How filters are fed with the streams of inputs, so that FFmpeg does not wait for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import attrs

from mediapipeline.ffmpeg.filtergraph import Chain, Filter, FilterGraph, InputStream, Label, Pad
from mediapipeline.media.streams import AudioStream, Stream
from mediapipeline.planner.filters import as_it_is

__all__ = ["taken_once"]


def taken_once(graph: FilterGraph, media: Mapping[InputStream, Stream], label: Callable[[], Label]) -> FilterGraph:
    """*graph*, in which a stream that is taken at several places is split, wherever several inputs meet.

    Where one of these places takes no more, FFmpeg 9.0 may still ask for what is to be taken there. It lets the other
    inputs wait meanwhile, and so waits for ever.

    Args:
        graph: What is filtered.
        media: What its inputs are.
        label: Makes a label that is not there yet.
    """
    links: dict[InputStream, list[Label]] = {}
    for part in graph.parts:
        if len({stream.input for stream in part.inputs}) > 1:
            uses = Counter(pad for chain in part.chains for pad in chain.inputs if isinstance(pad, InputStream))
            # Of a form that cannot be held, FFmpeg might convert what all take into what one of them does.
            shared = [stream for stream, count in uses.items() if count > 1 and as_it_is(media[stream])]
            links |= {stream: [label() for _ in range(uses[stream])] for stream in shared}
    if not links:
        return graph
    waiting = {stream: iter(labels) for stream, labels in links.items()}
    chains: list[Chain] = []
    for chain in graph.chains:
        inputs: list[Pad] = []
        for pad in chain.inputs:
            if isinstance(pad, InputStream) and pad in links:
                chains.append(_split(pad, media[pad], links.pop(pad)))
            inputs.append(next(waiting[pad]) if isinstance(pad, InputStream) and pad in waiting else pad)
        chains.append(attrs.evolve(chain, inputs=tuple(inputs)))
    return FilterGraph(tuple(chains))


def _split(stream: InputStream, media: Stream, labels: list[Label]) -> Chain:
    name = "asplit" if isinstance(media, AudioStream) else "split"
    return Chain((stream,), (*as_it_is(media), Filter(name, (("outputs", len(labels)),))), tuple(labels))
