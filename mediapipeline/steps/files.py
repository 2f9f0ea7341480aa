"""References to files in a plan: what a file is for, never where it lies.

A plan names files by role, so that another machine can run it. The executor maps each reference to a path when it runs.
The text form (`token`) is what commands hold: ``source:in``, ``work:cues-0.srt``, ``final:web``, ``asset:1f2e…``,
``pipe:custom-0``.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import attrs

__all__ = ["Asset", "FileRef", "Final", "Pipe", "Source", "Work", "parse_token"]


@attrs.frozen
class Source:
    """An input of the job, by its id."""

    id: str

    @property
    def token(self) -> str:
        return f"source:{self.id}"


@attrs.frozen
class Work:
    """A file that one step leaves for another, in the run's own folder."""

    name: str

    @property
    def token(self) -> str:
        return f"work:{self.name}"


@attrs.frozen
class Pipe:
    """What one step hands to another while both run; it never lies on disk."""

    name: str

    @property
    def token(self) -> str:
        return f"pipe:{self.name}"


@attrs.frozen
class Final:
    """An output of the job, by its id; it is written in the run's own folder and published when verified.

    `part` is the name of one of its files, where the output is a folder of several.
    """

    id: str
    part: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.part is not None and not _PART.fullmatch(self.part):
            raise ValueError(f"not the name of a file in the folder of an output: {self.part!r}")

    @property
    def token(self) -> str:
        return f"final:{self.id}" if self.part is None else f"final:{self.id}/{self.part}"


@attrs.frozen
class Asset:
    """A small text that the plan carries with it (chapters, captions), by its digest."""

    digest: str

    @property
    def token(self) -> str:
        return f"asset:{self.digest}"


FileRef: TypeAlias = Source | Work | Final | Asset | Pipe

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_KINDS: dict[str, type[FileRef]] = {
    "source": Source,
    "work": Work,
    "final": Final,
    "asset": Asset,
    "pipe": Pipe,
}


def parse_token(token: str) -> FileRef:
    """The reference that *token* writes.

    >>> parse_token("work:cues-0.srt")
    Work(name='cues-0.srt')
    """
    kind, _, name = token.partition(":")
    if kind not in _KINDS or not name:
        raise ValueError(f"not a file reference: {token!r}")
    if kind == "final" and "/" in name:
        return Final(*name.split("/", 1))
    return _KINDS[kind](name)
