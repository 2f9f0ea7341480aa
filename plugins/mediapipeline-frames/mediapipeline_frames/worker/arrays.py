"""Between the packets and frames of PyAV and the arrays of the function."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from av.packet import Packet
from av.video.reformatter import VideoReformatter

__all__ = ["PIXELS", "Colours", "colours_of", "packet_of", "shape_of"]

PIXELS: dict[str, tuple[str, tuple[int, ...], bool]] = {
    "rgb24": ("u1", (3,), False),
    "rgba": ("u1", (4,), False),
    "gray": ("u1", (), False),
    "rgb48le": ("<u2", (3,), False),
    "gray16le": ("<u2", (), False),
    "yuv444p": ("u1", (3,), True),
}
"""Type of what a pixel is made of, how many these are, and whether they come first."""


def colours_of(request: dict[str, Any]) -> Colours | None:
    """What converts between the stream and the arrays; None where they are the same."""
    return None if request["kind"] == "audio" or request["carried"] == request["pixels"] else Colours(request)


def shape_of(request: dict[str, Any], stream: Any) -> tuple[str, tuple[int, ...]]:
    """Type and shape of an array that is what a packet of *stream* holds."""
    if request["kind"] == "audio":
        return "<f8", (-1, stream.channels)
    kind, pixel, first = PIXELS[request["pixels"]]
    sizes = (stream.height, stream.width)
    return kind, (*pixel, *sizes) if first else (*sizes, *pixel)


def packet_of(array: np.ndarray[Any, Any], item: Any) -> Packet[Any]:
    """*array* at the time of *item*."""
    packet = Packet(cast("bytes", np.ascontiguousarray(array)))  # it copies any buffer
    packet.pts = packet.dts = item.pts
    packet.time_base, packet.duration = item.time_base, item.duration or 0
    packet.is_keyframe = True
    return packet


class Colours:
    """Between RGB and the pictures of the stream, half as large in 4:2:0: less to carry, and converted here."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._pixels, self._carried = request["pixels"], request["carried"]
        matrix = request["matrix"] or "itu601"
        self._matrix: dict[str, Any] = {"src_colorspace": matrix, "dst_colorspace": matrix}
        self._there, self._back = VideoReformatter(), VideoReformatter()  # their tables cost more than a frame

    def array(self, frame: Any) -> np.ndarray[Any, Any]:
        made = self._there.reformat(frame, format=self._pixels, src_color_range="MPEG", **self._matrix)
        return cast("np.ndarray[Any, Any]", made.to_ndarray())

    def packet(self, array: np.ndarray[Any, Any], item: Any, written: Any) -> Packet[Any]:
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(array), format=self._pixels)
        frame = self._back.reformat(frame, format=self._carried, dst_color_range="MPEG", **self._matrix)
        frame.pts, frame.time_base = item.pts, item.time_base
        (packet,) = written.encode(frame)
        return cast("Packet[Any]", packet)
