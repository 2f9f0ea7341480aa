"""Probers: the one to use with an engine, and one that remembers.

`FFprobeProber` and `PyAVProber` report the same facts; where they cannot is written in ``docs/reference/probing.md``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from mediapipeline.errors import FFmpegNotFoundError
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.probe_ffprobe import FFprobeProber
from mediapipeline.ffmpeg.probe_pyav import PyAVProber
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import (
    Contents,
    PacketIndex,
    PacketProber,
    ThroughProber,
    Times,
    Window,
    WindowsProber,
)
from mediapipeline.media.prober import Prober

__all__ = ["CachingProber", "FFprobeProber", "PyAVProber", "default_prober"]

_Key: TypeAlias = tuple[str, int, int]
_Indexed: TypeAlias = tuple[_Key, int, Window, Times]
_AT_ONCE = 4  # each is a process
_MOST_INDEXES = 32  # each may be of a hundred thousand packets


class CachingProber:
    """Remembers what *inner* found, for as long as size and modification time of a file stay the same.

    Several threads that ask for one file wait for one probe. Errors are not remembered.

    Args:
        inner: Does the work.
        max_entries: Files to remember; the one not asked for the longest is forgotten first.
    """

    def __init__(self, inner: Prober, max_entries: int = 1024) -> None:
        self.inner = inner
        self.max_entries = max_entries
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, Future[MediaInfo]] = OrderedDict()
        self._indexed: OrderedDict[_Indexed, PacketIndex | None] = OrderedDict()

    def probe(self, path: Path) -> MediaInfo:
        """The facts of the file at *path*."""
        try:
            facts = path.stat()
        except OSError:
            return self.inner.probe(path)  # it knows how to say what is wrong
        key = (str(path.absolute()), facts.st_size, facts.st_mtime_ns)
        with self._lock:
            asked = key in self._known
            answer = self._known.setdefault(key, Future())
            self._known.move_to_end(key)
            while len(self._known) > self.max_entries:
                self._known.popitem(last=False)
        if asked:
            return answer.result()
        try:
            info = self.inner.probe(path)
        except BaseException as error:
            with self._lock:
                if self._known.get(key) is answer:
                    del self._known[key]
            answer.set_exception(error)
            raise
        answer.set_result(info)
        return info

    def probe_ahead(self, paths: Iterable[Path]) -> None:
        """Get to know *paths*, several at a time."""
        files = list(dict.fromkeys(paths))
        if len(files) > 1:
            with ThreadPoolExecutor(min(len(files), _AT_ONCE), "mediapipeline-probe") as pool:
                for asked in [pool.submit(self.probe, file) for file in files]:
                    asked.exception()  # errors are not remembered: who asks is told

    def probe_through(self, path: Path) -> Contents | None:
        """What there is in the file; it is not remembered. None where *inner* does not read files to their end."""
        return self.inner.probe_through(path) if isinstance(self.inner, ThroughProber) else None

    def index(self, path: Path, stream: int, window: Window, near: Times = ()) -> PacketIndex | None:
        """The packets of a stream; None where *inner* does not look at packets."""
        (found,) = self.indexes(path, stream, {window: near})
        return found

    def indexes(self, path: Path, stream: int, windows: Mapping[Window, Times]) -> list[PacketIndex | None]:
        """The packets of parts of a stream; None of all where *inner* does not look at packets."""
        try:
            facts = path.stat()
        except OSError:
            return [*self._look(path, stream, windows).values()]
        file = (str(path.absolute()), facts.st_size, facts.st_mtime_ns)
        keys = {window: (file, stream, window, near) for window, near in windows.items()}
        with self._lock:
            found = {window: self._indexed[key] for window, key in keys.items() if key in self._indexed}
            for window in found:
                self._indexed.move_to_end(keys[window])
        found |= self._look(path, stream, {window: near for window, near in windows.items() if window not in found})
        with self._lock:
            self._indexed.update((key, found[window]) for window, key in keys.items())
            while len(self._indexed) > _MOST_INDEXES:
                self._indexed.popitem(last=False)
        return [found[window] for window in windows]

    def _look(self, path: Path, stream: int, windows: Mapping[Window, Times]) -> dict[Window, PacketIndex | None]:
        """What *inner* tells."""
        if isinstance(self.inner, WindowsProber):
            return dict(zip(windows, self.inner.indexes(path, stream, windows), strict=True)) if windows else {}
        if isinstance(self.inner, PacketProber):
            return {window: self.inner.index(path, stream, window, near) for window, near in windows.items()}
        return dict.fromkeys(windows)


def default_prober(engine: Engine | None) -> CachingProber:
    """A prober that goes with *engine*: its ffprobe, else PyAV.

    Raises:
        FFmpegNotFoundError: There is neither.
    """
    if engine is not None and engine.ffprobe is not None:
        return CachingProber(FFprobeProber(engine.ffprobe))
    if find_spec("av") is not None:
        return CachingProber(PyAVProber())
    beside = f"no ffprobe belongs to {engine.ffmpeg}" if engine is not None else "there is no FFmpeg"
    raise FFmpegNotFoundError(
        f'media cannot be probed: {beside}, and PyAV is not installed. pip install "mediapipeline[ffmpeg]" brings PyAV;'
        " ffprobe comes with FFmpeg from your system's packages."
    )
