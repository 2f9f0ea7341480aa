"""Turns what FFmpeg printed and its exit code into what went wrong, and which filter it was.

Pure. Lines may carry the tags of ``-v level+…`` or not. What is not recognised stays None: FFmpeg's own words are there
to be shown.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.failures import Form

__all__ = ["Diagnosis", "decode_warnings", "diagnose", "exit_code_name"]


@attrs.frozen(kw_only=True)
class Diagnosis:
    """What went wrong, as far as it was recognised."""

    cause: str | None = None
    """One sentence, without a full stop."""
    instance: str | None = None
    """Which filter: ``op3`` of ``scale@op3``."""
    code: str | None = None
    """Kebab-case name of the kind of failure."""
    retryable: bool = False
    """Whether the same command may succeed at another time."""


_FILTER = re.compile(r"(?P<name>\w+)@(?P<instance>[^@\s]+)|Parsed_(?P<unnamed>\w+)_\d+")


@attrs.frozen
class _Line:
    contexts: tuple[str, ...]
    level: str | None
    message: str

    @property
    def filter(self) -> tuple[str, str | None] | None:
        """Name and instance of the filter that speaks."""
        for context in self.contexts:
            if found := _FILTER.fullmatch(context):
                return found["name"] or found["unnamed"], found["instance"]
        return None

    @property
    def is_error(self) -> bool:
        return self.level in {None, "error", "fatal", "panic"}


_CONTEXT = re.compile(r"\[([^\[\]\n]{1,100}?) @ (?:0x)?[0-9a-fA-F]+\] ")
_LEVEL = re.compile(r"\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\] ?")
_LONGEST = 2000  # some patterns take the square of the length of a line, and a line may be anything
# Follow every failure from 7.0 on, and say nothing of it
_ECHO = re.compile(r"(?:Task finished with error code|Terminating thread with return code|Conversion failed)\b")


def _lines(stderr: str) -> Iterator[_Line]:
    for whole in stderr.splitlines():
        text = whole[:_LONGEST]
        at, contexts = 0, []
        while found := _CONTEXT.match(text, at):
            contexts.append(found[1])
            at = found.end()
        level = _LEVEL.match(text, at)
        message = text[level.end() if level else at :].strip()
        if message and not _ECHO.match(message):
            yield _Line(tuple(contexts), level[1] if level else None, message)


# ----------------------------------------------------------------------------------------------------------- diagnosing

_OPENING = re.compile(r"Error opening (?:input|output) (?:file )?(?P<name>\S.*)")
_NO_FILE = re.compile(r"Error\b|Failed to|av_|Could not")


def diagnose(stderr: str, exit_code: int, *, graph: str = "") -> Diagnosis:
    """What went wrong in a run that failed.

    Args:
        stderr: What FFmpeg printed, or its end.
        exit_code: Negative is a signal. Some failures come with 0: newer builds refuse to overwrite that way.
        graph: The text of the filter graph. Some failures are told by the name of the filter alone; if the graph has
            only one filter of the name, then it is the one.
    """
    # Fifty patterns, which are compiled where something failed
    from mediapipeline.ffmpeg.failures import BY_FILTER, GENERAL, SPECIFIC

    if exit_code < 0:
        return _killed(-exit_code)
    if exit_code == _RATE_EXCEEDED:
        return Diagnosis(cause="most of the input could not be decoded", code="input-invalid")
    lines = [line for line in _lines(stderr) if line.is_error]
    for form in SPECIFIC:
        if found := _first(form, lines):
            return _told(form, *found, lines, graph)
    if exit_code != 0:
        for line in lines:
            if line.filter is not None and (match := BY_FILTER.pattern.match(line.message)):
                general = next(
                    ((form, hit) for form in GENERAL[:6] if (hit := form.pattern.search(line.message))), None
                )
                return _told(*(general or (BY_FILTER, match)), line, lines, graph)
        for form in GENERAL:
            if found := _first(form, lines):
                return _told(form, *found, lines, graph)
    return _by_exit_code(exit_code, stderr)


def _first(form: Form, lines: Iterable[_Line]) -> tuple[re.Match[str], _Line] | None:
    return next(((match, line) for line in lines if (match := form.pattern.search(line.message))), None)


def _told(form: Form, match: re.Match[str], line: _Line, lines: list[_Line], graph: str) -> Diagnosis:
    groups = {name: value or "" for name, value in match.groupdict().items()}
    speaker, instance = line.filter or (line.contexts[0] if line.contexts else "", None)
    known = {
        "name": "",
        "codec": "",
        "line": line.message,
        "context": speaker or "FFmpeg",
        "file": _file(groups, lines),
    }
    return Diagnosis(
        cause=form.cause.format_map(known | groups),
        instance=instance or _instance(groups.get("filter") or speaker, lines, graph),
        code=form.code,
        retryable=form.retryable,
    )


def _instance(name: str, lines: list[_Line], graph: str) -> str | None:
    """The one instance of the filter *name* that is spoken of, or that there is."""
    if not re.fullmatch(r"\w+", name):
        return None
    spoken = {line.filter[1] for line in lines if line.filter is not None and line.filter[0] == name} - {None}
    text = "\n".join([graph, *(line.message for line in lines)])
    found = spoken or set(re.findall(rf"(?<![\w@]){name}@(\w+)", text))
    return found.pop() if len(found) == 1 else None


def _file(groups: dict[str, str], lines: list[_Line]) -> str:
    """The file that could not be opened: the line itself names it (5.1, filters), or another does."""
    candidates = [groups.get("name") or "", *(_before_reason(line) for line in lines)]
    for name in candidates:
        if opening := _OPENING.match(name):
            return opening["name"]
        if name and not _NO_FILE.match(name):
            return name
    return "a file"


def _before_reason(line: _Line) -> str:
    if _OPENING.fullmatch(line.message) and line.message.endswith("."):
        return line.message.removesuffix(".")
    name, _, reason = line.message.rpartition(": ")
    return name if reason in _REASONS and not line.contexts else ""


_REASONS = {*map(os.strerror, errno.errorcode), "Invalid data found when processing input"}


def _killed(number: int) -> Diagnosis:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        cause = "FFmpeg was killed (SIGKILL), maybe by the system for want of memory"
        return Diagnosis(cause=cause, code="killed", retryable=True)
    if name in {"SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"}:
        return Diagnosis(cause=f"FFmpeg was told to stop ({name})", code="interrupted", retryable=True)
    if name == "SIGXFSZ":
        return Diagnosis(cause="an output is larger than the system allows", code="file-too-large")
    return Diagnosis(cause=f"FFmpeg crashed ({name})", code="crashed")


# ----------------------------------------------------------------------------------------------------------- exit codes

# FFmpeg 5.1 ends with 1 whatever happened. Later ones end with the last byte of a negative error number: an errno, or
# of a tag of four letters, of which the last byte is all that is left, so that they are told by kind.
_TAGS = {8: "NOT_FOUND", 88: "EXPERIMENTAL", 176: "PATCHWELCOME", 183: "INVALIDDATA", 187: "EXTERNAL", 190: "BUG"}
_RATE_EXCEEDED = 69
_STOPPED = 255

_BY_NAME = {
    "ENOSPC": ("no-space-left", "no space is left on the device", True),
    "ENOMEM": ("out-of-memory", "FFmpeg was refused memory", True),
    "ENOENT": ("file-not-found", "a file or folder does not exist", False),
    "EACCES": ("permission-denied", "permission to a file was denied", False),
    "EPIPE": ("broken-pipe", "who was to read the output has gone (broken pipe)", False),
    "EIO": ("io-error", "reading or writing failed (I/O error)", True),
    "EINVAL": ("invalid-argument", "FFmpeg refused an argument (EINVAL)", False),
    "INVALIDDATA": ("input-invalid", "the input holds data that FFmpeg cannot read", False),
    "NOT_FOUND": ("feature-not-found", "this FFmpeg lacks an encoder, filter, format or option", False),
    "EXTERNAL": ("codec-refused", "an external codec library failed", False),
}


def exit_code_name(exit_code: int) -> str | None:
    """What an exit code stands for (``EINVAL``, ``INVALIDDATA``); None where it says nothing (0, 1, signals)."""
    if exit_code in _TAGS:
        return _TAGS[exit_code]
    return errno.errorcode.get(256 - exit_code) if 128 <= exit_code < _STOPPED else None


def _by_exit_code(exit_code: int, stderr: str) -> Diagnosis:
    if exit_code == _STOPPED and "Operation not permitted" in stderr:  # the other meaning of 255
        return Diagnosis(cause="an operation is not permitted", code="permission-denied")
    if exit_code == _STOPPED:
        return Diagnosis(cause="FFmpeg was told to stop", code="interrupted", retryable=True)
    if (name := exit_code_name(exit_code)) in _BY_NAME:
        code, cause, retryable = _BY_NAME[name]
        return Diagnosis(cause=cause, code=code, retryable=retryable)
    return Diagnosis()


# ------------------------------------------------------------------------------------------------------------- warnings

_DECODING = re.compile(
    r"corrupt|conceal|damaged|truncat(?:ed|ing)|error while decoding|while decoding stream|submitting packet to decoder"
    r"|processing packet in decoder|error during demuxing|invalid data found|invalid nal|missing picture|no frame!"
    r"|header missing|partial file|ended prematurely|crc mismatch|overread|bitstream error|buffer exhausted"
    r"|slice_header|reference .*missing|missing reference|non-existing|unavailable for requested|invalid frame"
    r"|decode error rate",
    re.IGNORECASE,
)
# Who does not read input: encoders, filters, muxers, and FFmpeg's own outputs and graphs
_WRITING = re.compile(
    r"(?:[av]ost|out|[av]f|fc)#|enc:|lib(?:x26|mp3|svt|vpx|aom|opus)|.*@|AVFilter|Parsed_|swscaler|SWR"
)
_MOST = 20


def decode_warnings(stderr: str) -> tuple[str, ...]:
    """What decoders and demuxers complained of in a run that went well, each kind once, in order.

    Complaints that differ in numbers only are one, followed by how often it came; at most twenty kinds.
    """
    kinds: dict[str, tuple[str, int]] = {}
    for line in _lines(stderr):
        if not _is_about_input(line):
            continue
        speaker = re.sub(r"^(?:[av]?ist|in)#[\d:]*/?|^dec:", "", line.contexts[-1]) if line.contexts else ""
        speaker = "" if speaker == "NULL" else speaker  # a parser
        text = f"{speaker}: {line.message}" if speaker else line.message
        kind = re.sub(r"\d+", "0", text)
        if kind in kinds or len(kinds) < _MOST:
            first, count = kinds.get(kind, (text, 0))
            kinds[kind] = first, count + 1
    return tuple(text if count == 1 else f"{text} ({count} times)" for text, count in kinds.values())


def _is_about_input(line: _Line) -> bool:
    if any(_WRITING.match(context) for context in line.contexts) or "to muxer" in line.message:
        return False
    if _DECODING.search(line.message):
        return True
    # A decoder has words of its own for what is wrong; that it is an error only the tag tells
    return bool(line.contexts) and line.level in {"error", "fatal"}
