"""References to files in a plan: what a file is for, never where it lies.

A plan names files by role, so that another machine can run it. The executor maps each reference to a path when it runs.
The text form (`token`) is what commands hold: ``source:in``, ``work:cues-0.srt``, ``final:web``, ``asset:1f2e…``.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

__all__ = ["Asset", "FileRef", "Final", "Source", "Work", "parse_token"]


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
class Final:
    """An output of the job, by its id; it is written in the run's own folder and published when verified."""

    id: str

    @property
    def token(self) -> str:
        return f"final:{self.id}"


@attrs.frozen
class Asset:
    """A small text that the plan carries with it (chapters, captions), by its digest."""

    digest: str

    @property
    def token(self) -> str:
        return f"asset:{self.digest}"


FileRef: TypeAlias = Source | Work | Final | Asset

_KINDS: dict[str, type[Source | Work | Final | Asset]] = {
    "source": Source,
    "work": Work,
    "final": Final,
    "asset": Asset,
}


def parse_token(token: str) -> FileRef:
    """The reference that *token* writes.

    >>> parse_token("work:cues-0.srt")
    Work(name='cues-0.srt')
    """
    kind, _, name = token.partition(":")
    if kind not in _KINDS or not name:
        raise ValueError(f"not a file reference: {token!r}")
    return _KINDS[kind](name)
