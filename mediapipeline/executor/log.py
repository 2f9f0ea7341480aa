"""What FFmpeg counted, and what of its log is for people.

Commands run at the level *verbose*, because only there FFmpeg says how many frames it decoded and encoded, stream by
stream; the rest of that level is noise. Commands that measure run at *info*, where at least it is said which
streams are made use of. Pure text.
"""

from __future__ import annotations

import re

import attrs

__all__ = ["LOG_LEVEL", "FrameCounts", "frame_counts", "notable", "undecoded"]

LOG_LEVEL = "level+verbose"

_LEVEL = re.compile(r"(?:\[[^\[\]\n]{1,200}? @ (?:0x)?[0-9a-fA-F]+\] )*\[(?P<level>[a-z]+)\] ?")
_NOTABLE = frozenset({"panic", "fatal", "error", "warning"})
_QUIET = frozenset({"info", "verbose", "debug", "trace"})
_READ = re.compile(r"\[verbose\] +Input stream #\d+:\d+ \((\w+)\): \d+ packets read(.*)$", re.MULTILINE)
_WRITTEN = re.compile(r"\[verbose\] +Output stream #\d+:\d+ \((\w+)\): (.*)$", re.MULTILINE)
_DECODED = re.compile(r"; (\d+) frames decoded")
_UNDECODED = re.compile(r"; (\d+) decode errors")
_ENCODED = re.compile(r"(\d+) frames encoded")
_MAPPING = "[info] Stream mapping:"
_LISTED = re.compile(r"\[info\] +Stream #(\d+:\d+)[^:\n]*: (\w+):", re.MULTILINE)
_USED = re.compile(r"\[info\] +Stream #(\d+:\d+) (?:\([^)\n]*\) )?-> ", re.MULTILINE)


@attrs.frozen
class FrameCounts:
    """Frames of pictures; None where FFmpeg did not say."""

    decoded: int | None
    encoded: int | None


def frame_counts(stderr: str) -> FrameCounts:
    """What the statistics at the end of a run say; a stream that is only copied counts nothing."""
    if _only_sound(stderr):
        return FrameCounts(0, 0)
    return FrameCounts(_sum(_READ, _DECODED, stderr), _sum(_WRITTEN, _ENCODED, stderr))


def undecoded(stderr: str) -> int:
    """How many packets could not be decoded, as the statistics of FFmpeg 7.0 and later count them.

    There decoders are threads, and what one says between two pieces of another's line has no tag to know it by: the
    count is what no thread talks into. Earlier versions do not count, and have no such threads.
    """
    counts = (_UNDECODED.search(rest) for _, rest in _READ.findall(stderr))
    return sum(int(count[1]) for count in counts if count)


def _only_sound(stderr: str) -> bool:
    """Whether FFmpeg says that it takes sound alone."""
    head, mapping, rest = stderr.partition(_MAPPING)
    kinds = dict(_LISTED.findall(head))
    used = _USED.findall(rest) if mapping else []
    return bool(used) and {kinds.get(stream) for stream in used} == {"Audio"} and ": Video:" not in rest


def _sum(line: re.Pattern[str], number: re.Pattern[str], stderr: str) -> int | None:
    found = line.findall(stderr)
    if not found:
        return None
    counts = (number.search(rest) for kind, rest in found if kind == "video")
    return sum(int(count[1]) for count in counts if count)


def notable(stderr: str) -> str:
    """The lines that are warnings or worse; of what belongs to no level (a crash, another program) everything."""
    kept = []
    keep = True
    for line in stderr.splitlines():
        match = _LEVEL.match(line)
        if match is not None:
            keep = match["level"] in _NOTABLE or match["level"] not in _QUIET
        if keep:
            kept.append(line)
    return "\n".join(kept)
