"""The process that calls the function: ``python worker.py request.json``.

It reads one stream from a pipe and writes one to another; NumPy and PyAV are imported here and nowhere else. What the
function prints goes to standard error; standard output is for progress, in the form of FFmpeg's ``-progress``.
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
from collections.abc import Callable, Iterator
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
        Path(request["fault"]).write_text(json.dumps(told))
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
        paths = request["source"], request["target"]
        with (
            av.open(f"file:{paths[0]}", format="nut") as source,
            av.open(f"file:{paths[1]}", "w", format="nut", options=_WRITTEN) as target,
        ):
            _widen(paths[0], os.O_RDONLY)
            stream = source.streams[0]
            call = _callable(request, getattr(stream, "sample_rate", None))
            written = _like(stream, target, request)
            target.start_encoding()
            _widen(paths[1], os.O_WRONLY)
            unpack, pack = _arrays(request, stream, written)
            writer = _Ahead(target.mux_one)
            try:
                for number, packet in enumerate(_read_ahead(source, stream)):
                    self._at["number"], self._at["time"] = number, packet.pts * packet.time_base
                    frame = unpack(packet)
                    made = self._checked(call(frame, number, self._at["time"]), frame)
                    done = packet
                    if pack is not None:
                        done = pack(made, packet)
                    elif made is not frame:
                        done = Packet(cast("bytes", np.ascontiguousarray(made)))  # it copies any buffer
                        done.pts, done.dts, done.time_base, done.duration = (
                            packet.pts, packet.dts, packet.time_base, packet.duration,
                        )  # fmt: skip
                        done.is_keyframe = True
                    done.stream = written
                    writer.put(done)
                    self._report(number + 1, self._at["time"])
            finally:
                writer.close()

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


def _arrays(
    request: dict[str, Any], stream: Any, written: Any
) -> tuple[Callable[[Any], np.ndarray[Any, Any]], Callable[[Any, Any], Any] | None]:
    """What makes an array of a packet and, where it takes more than copying, a packet of an array."""
    if request["kind"] == "audio" or request["carried"] == request["pixels"]:
        kind, shape = _shape(request, stream)
        return lambda packet: np.frombuffer(packet, dtype=kind).reshape(shape), None
    # A picture of 4:2:0 is half of what it is in RGB: less to carry, and the colours are converted here.
    pixels, carried = request["pixels"], request["carried"]
    matrix = request["matrix"] or "itu601"
    there, back = VideoReformatter(), VideoReformatter()  # each keeps its tables, which cost more than a frame

    def unpack(packet: Any) -> np.ndarray[Any, Any]:
        (frame,) = packet.decode()
        array: np.ndarray[Any, Any] = there.reformat(
            frame, format=pixels, src_colorspace=matrix, dst_colorspace=matrix
        ).to_ndarray()
        return array

    def pack(array: np.ndarray[Any, Any], packet: Any) -> Any:
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(array), format=pixels)
        frame = back.reformat(
            frame, format=carried, src_colorspace=matrix, dst_colorspace=matrix, dst_color_range="MPEG"
        )
        frame.pts, frame.time_base = packet.pts, packet.time_base
        (done,) = written.encode(frame)
        return done

    return unpack, pack


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


def _read_ahead(source: Any, stream: Any) -> Iterator[Any]:
    """The packets of *stream*, a few of them read before they are asked for."""
    ready: queue.Queue[Any] = queue.Queue(_AHEAD)

    def read() -> None:
        try:
            for packet in source.demux(stream):
                if packet.size:
                    ready.put(packet)
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
