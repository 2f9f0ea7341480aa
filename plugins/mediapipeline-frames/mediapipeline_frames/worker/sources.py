"""Where the frames come from: the pipe that FFmpeg fills, or the file itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

import av
import av.error
import numpy as np
from av.packet import Packet
from av.video.reformatter import VideoReformatter

from mediapipeline_frames.worker.arrays import PIXELS, colours_of, shape_of
from mediapipeline_frames.worker.faults import Unreadable
from mediapipeline_frames.worker.pipes import widen

__all__ = ["Decoded", "Piped"]


class Piped:
    """A stream that FFmpeg brings, uncompressed."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._container = av.open(f"file:{request['source']}", format="nut")
        widen(request["source"], os.O_RDONLY)
        self.stream: Any = self._container.streams[0]
        self.colours = colours_of(request)
        self._kind, self._shape = shape_of(request, self.stream)

    def __iter__(self) -> Iterator[Packet[Any]]:
        return (packet for packet in self._container.demux(self.stream) if packet.size)

    def array(self, packet: Packet[Any]) -> np.ndarray[Any, Any]:
        if self.colours is None:
            return np.frombuffer(cast("bytes", packet), dtype=self._kind).reshape(self._shape)
        (frame,) = packet.decode()
        return self.colours.array(frame)


class Decoded:
    """A stream of a file, decoded here; what is damaged is left out or shown as far as it goes, as FFmpeg does."""

    def __init__(self, request: dict[str, Any]) -> None:
        opened = request["opened"]
        allowed = {"protocol_whitelist": "file", "format_whitelist": ",".join(opened["demuxers"])}
        try:
            self._container = av.open(f"file:{request['source']}", options=allowed)
        except av.error.FFmpegError as error:
            raise Unreadable(f"it cannot be opened: {error.strerror}") from error
        self.stream: Any = self._container.streams[opened["index"]]
        context = self.stream.codec_context
        if context is None:
            raise Unreadable("the PyAV that is installed here has no decoder for it")
        context.thread_type, context.thread_count = "AUTO", request["threads"] or 0
        self.colours = colours_of(request)
        self._form = context.width, context.height, request["carried"]
        self._fit = VideoReformatter()
        self._rows = 1 if request["carried"] == request["pixels"] and PIXELS[request["pixels"]][2] else 0
        self._flipped: bool | None = None
        self.damaged, self.first = 0, Fraction(0)

    def __iter__(self) -> Iterator[Any]:
        last: int | None = None
        for frame in self._frames():
            if frame.pts is None or (last is not None and frame.pts <= last):
                self._note(last)
                continue
            last, frame.time_base = frame.pts, self.stream.time_base
            if frame.is_corrupt:
                self._note(last)
            yield frame
        if last is None and self.damaged:
            raise Unreadable("no frame of it can be decoded")

    def _frames(self) -> Iterator[Any]:
        context = self.stream.codec_context
        for packet in self._packets():
            try:
                yield from context.decode(packet)
            except av.error.FFmpegError:
                self._note(packet and packet.pts)

    def _packets(self) -> Iterator[Any]:
        """The packets, and None for what the decoder still has at the end."""
        try:
            for packet in self._container.demux(self.stream):
                if packet.size:
                    yield packet
        except av.error.FFmpegError:  # the file breaks off
            self._note(None)
        yield None

    def _note(self, at: int | None) -> None:
        if not self.damaged:
            self.first = (at or 0) * self.stream.time_base
        self.damaged += 1

    def array(self, frame: Any) -> np.ndarray[Any, Any]:
        width, height, form = self._form
        if (frame.width, frame.height, frame.format.name) != self._form:  # a stream may change on its way
            frame = self._fit.reformat(frame, width=width, height=height, format=form)
        # The decoder may still need what it gave, so nobody else may write there.
        array = np.array(frame.to_ndarray()) if self.colours is None else self.colours.array(frame)
        if self._flipped is None:
            self._flipped = _is_upside_down(frame)
        return np.flip(array, self._rows).copy() if self._flipped else array


def _is_upside_down(frame: Any) -> bool:
    """Whether players mirror *frame* top to bottom, as FFmpeg does by itself. What is turned comes through a pipe."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return matrix is not None and int.from_bytes(bytes(matrix)[16:20], sys.byteorder, signed=True) < 0
