"""One run: read, call, write, and tell how far it is and what went wrong.

What the function prints goes to standard error; standard output is for progress, in the form of FFmpeg's ``-progress``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.packet import Packet

from mediapipeline_frames.worker.arrays import packet_of
from mediapipeline_frames.worker.faults import Fault, Unreadable
from mediapipeline_frames.worker.function import caller, checked
from mediapipeline_frames.worker.pipes import Behind, ahead, widen
from mediapipeline_frames.worker.sources import Decoded, Piped

__all__ = ["main"]

_NOBODY_READS = 32  # an exit code; the runner knows it
_WRITTEN = {"write_index": "0"}  # it would grow with the clip
_EVERY = 0.2  # seconds between reports


def main(file: str) -> int:
    """Do what the request in *file* says; returns the exit code."""
    request = json.loads(Path(file).read_text())
    progress = _take_stdout()
    at: dict[str, Any] = {"number": None, "time": None, "unit": "frame" if request["kind"] == "video" else "block"}
    try:
        _Work(request, at, progress).run()
    except av.error.BrokenPipeError:
        return _NOBODY_READS
    except Fault as fault:
        told = {**at, "message": str(fault), "trace": fault.trace, "time": str(at["time"])}
        if at["time"] is not None:
            told["time"] = float(at["time"])
        Path(request["told"]).write_text(json.dumps({"fault": told}))
        return 1
    except Unreadable as reason:
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
        source = Piped(request) if request["opened"] is None else Decoded(request)
        target = av.open(f"file:{request['target']}", "w", format="nut", options=_WRITTEN)
        call = caller(request, getattr(source.stream, "sample_rate", None))
        written = _like(source.stream, target, request)
        target.start_encoding()
        widen(request["target"], os.O_WRONLY)
        writer = Behind(target.mux_one)
        try:
            for number, item in enumerate(ahead(source)):
                self._at["number"], self._at["time"] = number, item.pts * item.time_base
                array = source.array(item)
                made = checked(call(array, number, self._at["time"]), array)
                if source.colours is not None:
                    done = source.colours.packet(made, item, written)
                elif made is array and isinstance(item, Packet):
                    done = item  # the array is what it holds
                else:
                    done = packet_of(made, item)
                done.stream = written
                writer.put(done)
                self._report(number + 1, self._at["time"])
        finally:
            writer.close()
        target.close()
        if isinstance(source, Decoded) and source.damaged:
            told = {"damaged": source.damaged, "first": float(source.first)}
            Path(request["told"]).write_text(json.dumps(told))

    def _report(self, count: int, reached: Fraction) -> None:
        now = time.monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            micros = int(reached * 1_000_000)
            os.write(self._progress, f"frame={count}\nout_time_us={micros}\nprogress=continue\n".encode())


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


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stderr.flush()
    os._exit(code)  # threads may wait at a pipe for ever
