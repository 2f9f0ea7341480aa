"""The process that calls the function: ``python worker.py request.json``.

It reads one stream from a pipe, or decodes it from the file that it is in, and writes one to a pipe; NumPy and PyAV are
imported here and nowhere else. What the function prints goes to standard error; standard output is for progress, in the
form of FFmpeg's ``-progress``.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
from av.packet import Packet
from av.video.reformatter import VideoReformatter

__all__ = ["main"]

_NOBODY_READS = 32
_WRITTEN = {"write_index": "0", "avioflags": "direct"}  # no index that grows; a frame at once, not in pieces
_AHEAD = 2  # frames that wait to be worked on, and to be written
_EVERY = 0.2  # seconds between reports
_PIPE = 1024 * 1024  # bytes that a pipe should hold; Linux gives 64 KiB otherwise
_PIXELS: dict[str, tuple[str, tuple[int, ...], bool]] = {  # type, what a pixel is, whether that comes first
    "rgb24": ("u1", (3,), False),
    "rgba": ("u1", (4,), False),
    "gray": ("u1", (), False),
    "rgb48le": ("<u2", (3,), False),
    "gray16le": ("<u2", (), False),
    "yuv444p": ("u1", (3,), True),
}


class _Fault(Exception):
    """What is to be told to the user."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class _Unreadable(Exception):
    """What is wrong with the file, which is no fault of the function."""


def main(file: str) -> int:
    """Do what the request in *file* says; returns the exit code."""
    request = json.loads(Path(file).read_text())
    progress = _take_stdout()
    at: dict[str, Any] = {"number": None, "time": None, "unit": "frame" if request["kind"] == "video" else "block"}
    try:
        _Work(request, at, progress).run()
    except av.error.BrokenPipeError:
        return _NOBODY_READS
    except _Fault as fault:
        told = {**at, "message": str(fault), "trace": fault.trace, "time": str(at["time"])}
        if at["time"] is not None:
            told["time"] = float(at["time"])
        Path(request["told"]).write_text(json.dumps({"fault": told}))
        return 1
    except _Unreadable as reason:
        Path(request["told"]).write_text(json.dumps({"unreadable": str(reason)}))
        return 1
    return 0


def _take_stdout() -> int:
    """The standard output, for us alone."""
    ours = os.dup(1)
    os.dup2(2, 1)
    return ours


class _Work:
    def __init__(self, request: dict[str, Any], at: dict[str, Any], progress: int) -> None:
        self._request = request
        self._at = at
        self._progress = progress
        self._said = time.monotonic()

    def run(self) -> None:
        request = self._request
        # Only what has come to its end is closed: until the process ends, threads may be at work in the others.
        source = _Piped(request) if request["opened"] is None else _Decoded(request)
        target = av.open(f"file:{request['target']}", "w", format="nut", options=_WRITTEN)
        call = _callable(request, getattr(source.stream, "sample_rate", None))
        written = _like(source.stream, target, request)
        target.start_encoding()
        _widen(request["target"], os.O_WRONLY)
        writer = _Ahead(target.mux_one)
        try:
            for number, item in enumerate(_ahead(source)):
                self._at["number"], self._at["time"] = number, item.pts * item.time_base
                array = source.array(item)
                made = self._checked(call(array, number, self._at["time"]), array)
                if source.colours is not None:
                    done = source.colours.packet(made, item, written)
                elif made is array and isinstance(item, Packet):
                    done = item  # the array is what it holds
                else:
                    done = _packet(made, item)
                done.stream = written
                writer.put(done)
                self._report(number + 1, self._at["time"])
        finally:
            writer.close()
        target.close()
        if isinstance(source, _Decoded) and source.damaged:
            told = {"damaged": source.damaged, "first": float(source.first)}
            Path(request["told"]).write_text(json.dumps(told))

    @staticmethod
    def _checked(made: object, frame: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        wanted = f"{frame.dtype} of {_sizes(frame)}"
        if not isinstance(made, np.ndarray):
            raise _Fault(f"it returned {type(made).__name__}, not an array: give back {wanted}, as it was given")
        if made.dtype != frame.dtype or made.shape != frame.shape:
            raise _Fault(f"it returned {made.dtype} of {_sizes(made)}: give back {wanted}, as it was given")
        return made

    def _report(self, count: int, reached: Fraction) -> None:
        now = time.monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            micros = int(reached * 1_000_000)
            os.write(self._progress, f"frame={count}\nout_time_us={micros}\nprogress=continue\n".encode())


def _sizes(array: np.ndarray[Any, Any]) -> str:
    return " x ".join(map(str, array.shape)) or "a single number"


def _widen(path: str, flags: int) -> None:
    """Let the pipe at *path*, which is open, hold more: fewer turns between the processes."""
    if sys.platform != "linux":
        return
    import fcntl

    handle = os.open(path, flags | os.O_NONBLOCK)
    try:
        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, _PIPE)
    except OSError:  # more than this user may have: a matter of speed only
        return
    finally:
        os.close(handle)


def _like(stream: Any, target: Any, request: dict[str, Any]) -> Any:
    """A stream of *target* that is as *stream*."""
    if request["kind"] == "audio":
        written = target.add_stream("pcm_f64le", rate=stream.sample_rate)
        written.layout = stream.layout
    else:
        written = target.add_stream("rawvideo")
        written.width, written.height, written.pix_fmt = stream.width, stream.height, request["carried"]
    written.codec_context.time_base = written.time_base = stream.time_base
    return written


def _shape(request: dict[str, Any], stream: Any) -> tuple[str, tuple[int, ...]]:
    if request["kind"] == "audio":
        return "<f8", (-1, stream.channels)
    kind, pixel, first = _PIXELS[request["pixels"]]
    sizes = (stream.height, stream.width)
    return kind, (*pixel, *sizes) if first else (*sizes, *pixel)


def _packet(array: np.ndarray[Any, Any], item: Any) -> Packet[Any]:
    """*array* at the time of *item*."""
    packet = Packet(cast("bytes", np.ascontiguousarray(array)))  # it copies any buffer
    packet.pts = packet.dts = item.pts
    packet.time_base, packet.duration = item.time_base, item.duration or 0
    packet.is_keyframe = True
    return packet


class _Colours:
    """Between RGB and the pictures in the pipes, half as large in 4:2:0: less to carry, and converted here."""

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


class _Piped:
    """A stream that FFmpeg brings, uncompressed."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._container = av.open(f"file:{request['source']}", format="nut")
        _widen(request["source"], os.O_RDONLY)
        self.stream: Any = self._container.streams[0]
        self.colours = _colours(request)
        self._kind, self._shape = _shape(request, self.stream)

    def __iter__(self) -> Iterator[Packet[Any]]:
        return (packet for packet in self._container.demux(self.stream) if packet.size)

    def array(self, packet: Packet[Any]) -> np.ndarray[Any, Any]:
        if self.colours is None:
            return np.frombuffer(cast("bytes", packet), dtype=self._kind).reshape(self._shape)
        (frame,) = packet.decode()
        return self.colours.array(frame)


class _Decoded:
    """A stream of a file, decoded here; what is damaged is left out or shown as far as it goes, as FFmpeg does."""

    def __init__(self, request: dict[str, Any]) -> None:
        opened = request["opened"]
        allowed = {"protocol_whitelist": "file", "format_whitelist": ",".join(opened["demuxers"])}
        try:
            self._container = av.open(f"file:{request['source']}", options=allowed)
        except av.error.FFmpegError as error:
            raise _Unreadable(f"it cannot be opened: {error.strerror}") from error
        self.stream: Any = self._container.streams[opened["index"]]
        context = self.stream.codec_context
        if context is None:
            raise _Unreadable("the PyAV that is installed here has no decoder for it")
        context.thread_type, context.thread_count = "AUTO", request["threads"] or 0
        self.colours = _colours(request)
        self._form = context.width, context.height, request["carried"]
        self._fit = VideoReformatter()
        self._rows = 1 if request["carried"] == request["pixels"] and _PIXELS[request["pixels"]][2] else 0
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
            raise _Unreadable("no frame of it can be decoded")

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


def _colours(request: dict[str, Any]) -> _Colours | None:
    return None if request["kind"] == "audio" or request["carried"] == request["pixels"] else _Colours(request)


def _callable(request: dict[str, Any], sample_rate: int | None) -> Callable[..., object]:
    """The function as a function of a frame, its number and its time."""
    function = _function(request["function"])
    signature = _signature(function)
    given: dict[str, Any] = dict(request["arguments"])
    wants = {each for each in ("number", "time", "sample_rate") if each in signature and each not in given}
    if "sample_rate" in wants:
        given["sample_rate"] = sample_rate

    def call(frame: np.ndarray[Any, Any], number: int, moment: Fraction) -> object:
        if "number" in wants:
            given["number"] = number
        if "time" in wants:
            given["time"] = moment
        try:
            return function(frame, **given)
        except (Exception, SystemExit) as error:
            raise _Fault(f"{type(error).__name__}: {error}", _trace(error, 1)) from error

    return call


def _function(named: str) -> Callable[..., object]:
    module, _, name = named.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise _Fault(f"it cannot be imported: {error!r}", _trace(error, 0)) from error
        raise _Fault(
            f"there is no module {error.name} where the host finds its modules: install it, or name its folder in"
            " PYTHONPATH"
        ) from error
    except Exception as error:  # whatever a module raises when it is imported
        raise _Fault(f"it cannot be imported: {error!r}", _trace(error, 0)) from error
    if not callable(function):
        raise _Fault("it is not a function")
    if getattr(function, "__module__", module) != module:
        raise _Fault(f"it is not defined in {module}: name it by the module that defines it")
    found: Callable[..., object] = function
    return found


def _signature(function: Callable[..., object]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # one that is written in C and does not tell
        return set()


def _trace(error: BaseException, skip: int) -> str:
    """Where it was raised, without our own part of the way there."""
    trace = error.__traceback__
    for _ in range(skip):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


class _Ahead:
    """Does something with what it is given, in a thread, a few behind."""

    def __init__(self, work: Callable[[Any], object]) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(_AHEAD)
        self._error: Exception | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._work(item)
                except Exception as error:  # noqa: BLE001 - raised where the others are put
                    self._error = error

    def put(self, item: Any) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put(item)

    def close(self) -> None:
        """Wait until all of it is done."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error


def _ahead(source: Iterable[Any]) -> Iterator[Any]:
    """What *source* gives, a few of it made before they are asked for."""
    ready: queue.Queue[Any] = queue.Queue(_AHEAD)

    def read() -> None:
        try:
            for item in source:
                ready.put(item)
            ready.put(None)
        except Exception as error:  # noqa: BLE001 - raised where they are asked for
            ready.put(error)

    threading.Thread(target=read, daemon=True).start()
    while (item := ready.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stderr.flush()
    os._exit(code)  # threads may wait at a pipe for ever
