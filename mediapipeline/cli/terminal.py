"""Where the command line writes: text for people, data for programs, on whatever the two streams are.

Text for people is adapted: what the encoding of a terminal lacks is written in ASCII, and control characters out of
file names, tags and FFmpeg's messages are shown, not sent. Data (JSON, scripts) are UTF-8 and exact. A reader that went
away (``| head``) fails nothing: what nobody reads is dropped.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TextIO

__all__ = ["Terminal", "one_line", "printable"]

# Control characters, and those that turn the direction of what follows; not tab and newline.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PLAIN = str.maketrans(
    {
        "—": "-",
        "–": "-",
        "−": "-",
        "…": "...",
        "→": "->",
        "×": "x",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "°": " deg",
        "µ": "u",
    }
)


def printable(text: str) -> str:
    r"""*text* with its control characters written as escapes.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """*text* without line breaks.

    >>> one_line("first" + chr(10) + "  second")
    'first second'
    """
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


class Terminal:
    """The standard streams of a command.

    Args:
        out: Results. None where the stream is closed.
        err: Everything else: progress, warnings, errors.
    """

    def __init__(self, out: TextIO | None, err: TextIO | None) -> None:
        self.out = out
        self.err = err

    @classmethod
    def standard(cls) -> Terminal:
        """The streams of the process, as they are now."""
        return cls(sys.stdout, sys.stderr)

    def say(self, text: str = "") -> None:
        """A line of the result, for people."""
        self.out = _write(self.out, printable(text) + "\n")

    def note(self, text: str = "") -> None:
        """A line beside the result, for people."""
        self.err = _write(self.err, printable(text) + "\n")

    def data(self, text: str) -> None:
        """Part of the result, for programs: exact, in UTF-8."""
        self.out = _write(self.out, text, exact=True)


def _write(stream: TextIO | None, text: str, *, exact: bool = False) -> TextIO | None:
    """The stream again, or None where nobody reads it any more."""
    if stream is None:
        return None
    try:
        binary = getattr(stream, "buffer", None)
        if exact and binary is not None:
            stream.flush()
            binary.write(text.encode("utf-8", "backslashreplace"))
        else:
            stream.write(_encodable(text, getattr(stream, "encoding", None) or "utf-8"))
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
        return None
    return stream


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN)
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _discard(stream: TextIO) -> None:
    """Let what is still buffered go nowhere, so that Python does not complain when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):  # not a stream of the operating system
        target = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)
