"""Asks an FFmpeg what it can do, once per build.

A build is asked by eight short processes, four at a time, and the answer is kept: in this process, and on disk for the
next one, under a name made of the binary's path, size and time of change. A cache that can't be read or written is
logged and otherwise ignored. Nothing here decides what a feature is good for.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mediapipeline.errors import EngineError
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.process import ToolResult, run_tool

__all__ = ["CACHE_VARIABLE", "cache_folder", "capabilities"]

CACHE_VARIABLE = "MEDIAPIPELINE_CACHE_DIR"
"""Names the folder for the cache where the usual one won't do."""

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_known: dict[str, Capabilities] = {}

_FORMAT = 1  # of the files of the cache
_TIMEOUT_SECONDS = 30
_AT_ONCE = 4

# The first of them shows the banner too (version, configuration, libraries), which saves a process.
_BANNER_QUERY = "-protocols"
_QUERIES: dict[str, tuple[str, ...]] = {
    "protocols": (_BANNER_QUERY,),
    "filters": ("-hide_banner", "-filters"),
    "encoders": ("-hide_banner", "-encoders"),
    "decoders": ("-hide_banner", "-decoders"),
    "muxers": ("-hide_banner", "-muxers"),
    "demuxers": ("-hide_banner", "-demuxers"),
    "options": ("-hide_banner", "-h", "long"),
}

_VERSION = re.compile(r"ffmpeg version (\S+)")
_NUMBERS = re.compile(r"n?([0-9]+(?:\.[0-9]+)+)(?![0-9.])")
_BANNER = re.compile(r"^ *(?:ffmpeg version |configuration:|lib[a-z]+ +[0-9]).*$", re.MULTILINE)
_FILTER = re.compile(r"^ ([T.])[A-Z.]{1,2} +([A-Za-z0-9_]+) +\S+->\S+", re.MULTILINE)
_CODEC = re.compile(r"^ [VAS.][A-Z.]{5} +(?!=)(\S+)", re.MULTILINE)
_FORMAT_LINE = re.compile(r"^ [D ][E ][d ]? +(?!=)(\S+)", re.MULTILINE)
_PROTOCOL = re.compile(r"^  (\S+)$", re.MULTILINE)
_OPTION = re.compile(r"^-([A-Za-z0-9_]+)", re.MULTILINE)


def capabilities(engine: Engine) -> Capabilities:
    """What *engine* can do.

    Raises:
        EngineError: It can't be started, does not answer or is no FFmpeg.
    """
    key = _key(engine.ffmpeg)
    with _lock:  # two threads that ask at once cost one detection
        if key not in _known:
            folder = cache_folder()
            found = None if folder is None else _read(folder, key)
            if found is None:
                found = _ask(engine.ffmpeg)
                if folder is not None:
                    _write(folder, key, found)
            _known[key] = found
        return _known[key]


def cache_folder() -> Path | None:
    """The library's folder for what can be found out again, whether it exists or not; None where there is no home."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    shared = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(shared):  # noqa: PTH117 - the rule of the XDG specification is about the text
        return Path(shared, "mediapipeline")
    try:
        home = Path.home()
    except RuntimeError:  # a user without an entry in the user database, as in some containers
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"), "mediapipeline", "Cache")
    return home.joinpath(*(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "mediapipeline")


# ------------------------------------------------------------------------------------------------------ the cache


def _key(ffmpeg: Path) -> str:
    try:
        path = ffmpeg.resolve(strict=True)
        stat = path.stat()
    except OSError as error:
        raise EngineError(f"FFmpeg can't be used: {error}") from error
    # A build with shared libraries is another one when it finds other libraries.
    libraries = os.environ.get("LD_LIBRARY_PATH", "")
    text = json.dumps([_FORMAT, str(path), stat.st_size, stat.st_mtime_ns, libraries])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _file(folder: Path, key: str) -> Path:
    return folder / f"ffmpeg-{key}.json"


def _read(folder: Path, key: str) -> Capabilities | None:
    try:
        data = json.loads(_file(folder, key).read_bytes())
        return Capabilities.from_dict(data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:  # a JSON or a Unicode error is a ValueError
        _log.debug("cache of FFmpeg's features in %s is not used: %s", folder, error)
        return None


def _write(folder: Path, key: str, found: Capabilities) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".ffmpeg-", suffix=".json")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(found.to_dict(), file)
            temporary.replace(_file(folder, key))
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        _log.debug("FFmpeg's features are not cached in %s: %s", folder, error)


# ----------------------------------------------------------------------------------------------------- the asking


def _ask(ffmpeg: Path) -> Capabilities:
    with tempfile.TemporaryDirectory(prefix="mediapipeline-") as name:
        home = Path(name)
        with ThreadPoolExecutor(_AT_ONCE, "ffmpeg-detect") as pool:
            loads_graphs = pool.submit(_loads_graphs_from_files, ffmpeg, home)
            asked = {what: pool.submit(_run, ffmpeg, args, home) for what, args in _QUERIES.items()}
            answers = {what: future.result() for what, future in asked.items()}
            by_file = loads_graphs.result()
    texts = {}
    for what, said in answers.items():
        if said.exit_code != 0:
            why = said.stderr.strip()[-500:] or "it said nothing"
            raise EngineError(f"{ffmpeg} {' '.join(_QUERIES[what])} failed with exit code {said.exit_code}: {why}")
        texts[what] = said.stdout.decode(errors="replace")
    return _parse(ffmpeg, texts, answers["protocols"].stderr, by_file=by_file)


def _parse(ffmpeg: Path, texts: dict[str, str], banner: str, *, by_file: bool) -> Capabilities:
    version = _VERSION.search(banner)
    filters = {name: flag == "T" for flag, name in _FILTER.findall(texts["filters"])}
    if version is None or not filters:
        raise EngineError(f"{ffmpeg} does not answer as FFmpeg does: {banner.strip()[:200]!r}")
    numbers = _NUMBERS.match(version[1])
    options = set(_OPTION.findall(texts["options"]))
    build = "\n".join(line.strip() for line in _BANNER.findall(banner))
    return Capabilities(
        version=None if numbers is None else tuple(map(int, numbers[1].split("."))),
        version_text=version[1],
        build=hashlib.sha256(build.encode()).hexdigest()[:16],
        filters=frozenset(filters),
        timeline=frozenset(name for name, timeline in filters.items() if timeline),
        encoders=frozenset(_CODEC.findall(texts["encoders"])),
        decoders=frozenset(_CODEC.findall(texts["decoders"])),
        muxers=_split(_FORMAT_LINE.findall(texts["muxers"])),
        demuxers=_split(_FORMAT_LINE.findall(texts["demuxers"])),
        protocols=frozenset(_PROTOCOL.findall(texts["protocols"])),
        options=frozenset(options | {"/filter_complex"} if by_file else options),
    )


def _split(names: list[str]) -> frozenset[str]:
    return frozenset(alias for name in names for alias in name.split(","))


def _loads_graphs_from_files(ffmpeg: Path, home: Path) -> bool:
    """Whether ``-/filter_complex FILE`` is known; no list of options says so, hence it is tried."""
    graph = home / "graph"
    graph.write_text("color=s=16x16:r=1:d=1[s1]", encoding="utf-8")
    run = ("-v", "error", "-nostdin", "-/filter_complex", str(graph), "-map", "[s1]", "-f", "null", "-")
    return _run(ffmpeg, run, home).exit_code == 0


def _run(ffmpeg: Path, args: tuple[str, ...], home: Path) -> ToolResult:
    return run_tool([str(ffmpeg), *args], env=environment(home), timeout=_TIMEOUT_SECONDS)
