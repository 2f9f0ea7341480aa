"""Lists of files that FFmpeg reads one after the other: what its ``concat`` demuxer takes.

A plan carries a list as an asset and names its files by tokens. Paths are filled in where the plan runs, or where it is
written out as a script. Pure; nothing but text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import attrs

__all__ = ["DEMUXER", "Member", "is_listing", "listing", "located", "members_of"]

DEMUXER = "concat"
"""FFmpeg's name of what reads a list."""

_HEAD = "ffconcat version 1.0"
_FILE = "file "


@attrs.frozen(kw_only=True)
class Member:
    """A file of a list.

    Attributes:
        token: The file.
        demuxers: The formats that it may have; it is opened as nothing else.
        length: Seconds after which the next file begins.
        begin: Time of the file's own clock that its part is counted from: that of a key frame, from which it is read.
            None to take it from its start.
        end: Time of the file's own clock before which packets are decoded; None to take all of them.
    """

    token: str
    demuxers: tuple[str, ...]
    length: Fraction
    begin: Fraction | None = None
    end: Fraction | None = None


def listing(members: Iterable[Member]) -> str:
    """The text of a list.

    Lengths are rounded from the sum of all before, so that nothing adds up.
    """
    lines = [_HEAD]
    total = Fraction(0)
    for member in members:
        length = _micro(total + member.length) - _micro(total)
        total += member.length
        lines += [f"{_FILE}{_quoted(member.token)}", f"option format_whitelist {','.join(member.demuxers)}"]
        if member.begin is not None:
            lines.append(f"inpoint {_seconds(_micro(member.begin))}")
        if member.end is not None:
            lines.append(f"outpoint {_seconds(_micro(member.end))}")
        lines.append(f"duration {_seconds(length)}")
    return "\n".join(lines) + "\n"


def located(text: str, paths: Mapping[str, str]) -> str:
    r"""A list with paths in place of tokens.

    >>> text = listing([Member(token="source:in", demuxers=("mov",), length=Fraction(3))])
    >>> print(located(text, {"source:in": "it's.mp4"}), end="")
    ffconcat version 1.0
    file 'file:it'\''s.mp4'
    option format_whitelist mov
    duration 3.000000

    Raises:
        ValueError: A path has a line break in it, which a list cannot hold.
    """
    lines = []
    for line in text.splitlines():
        if line.startswith(_FILE):
            path = paths[_token(line)]
            if set(path) & set("\n\r\0"):
                raise ValueError(f"a list of files cannot hold a line break: {path!r}")
            line = f"{_FILE}{_quoted(f'file:{path}')}"  # noqa: PLW2901 - the same line, located
        lines.append(line)
    return "\n".join(lines) + "\n"


def members_of(text: str) -> tuple[str, ...]:
    """The tokens of the files of a list, in order."""
    return tuple(_token(line) for line in text.splitlines() if line.startswith(_FILE))


def is_listing(demuxers: tuple[str, ...]) -> bool:
    """Whether an input that may be read by these is a list."""
    return DEMUXER in demuxers


def _token(line: str) -> str:
    return line.removeprefix(_FILE)[1:-1]


def _quoted(text: str) -> str:
    """Within quotes everything stands for itself but the quote."""
    return "'" + text.replace("'", "'\\''") + "'"


def _micro(time: Fraction) -> int:
    return round(time * 1_000_000)


def _seconds(micro: int) -> str:
    return f"{'-' * (micro < 0)}{abs(micro) // 1_000_000}.{abs(micro) % 1_000_000:06}"
