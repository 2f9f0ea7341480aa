"""When two FFmpeg commands are one and the same: the alternative to timing them.

They are, if they have the same inputs with the same options, the same filters, and the same coding options, whatever
the labels and the order. What only guards a run, or writes tags, is left out of the comparison; so is the bound of ours
on how long an output may be, which no frame reaches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

__all__ = ["same_commands", "shown"]

_GUARDS = frozenset(
    "-protocol_whitelist -format_whitelist -loglevel -v -progress -stats_period -map_metadata -map_chapters"
    " -disposition -metadata -map_metadata:g -map_metadata:s -max_muxing_queue_size -threads -f -safe".split()
)
_ALONE = frozenset("-hide_banner -nostdin -y -n -nostats -stats -copy_unknown -bitexact -xerror".split())
_LABEL = re.compile(r"\[[^\]]*\]")
_INSTANCE = re.compile(r"@\w+")
_SPECIFIER = re.compile(r"^(-[a-z_]+):(?:[vas]:)?(?:\d+|[vas])$")


def same_commands(ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]) -> bool:
    """Whether each of *ours* is one of *theirs*, in any order."""
    return Counter(_essence(each, bounded=True) for each in ours) == Counter(_essence(each) for each in theirs)


def _essence(argv: Sequence[str], *, bounded: bool = False) -> tuple[str, ...]:
    """What a command does, as words in order; with *bounded* without a limit of its outputs."""
    found = []
    words = iter(argv)
    inputs = argv.count("-i")
    for word in words:
        if word in _ALONE:
            continue
        if not word.startswith("-"):
            found.append(f"output {PurePath(word).suffix}")
            continue
        value = next(words, "")
        name = _SPECIFIER.sub(r"\1", word)
        if name.partition(":")[0] in _GUARDS or name in _GUARDS:
            continue
        if name in ("-filter_complex", "-lavfi", "-vf", "-af", "-filter"):
            found += [f"filter {each}" for each in _filters(value)]
        elif name == "-t" and bounded and not inputs:
            continue
        elif name == "-i":
            inputs -= 1
            found.append(f"input {value.removeprefix('file:')}")
        elif name == "-map":
            found.append("map" if value.startswith("[") else f"map {value}")
        else:
            found.append(f"{name} {value}")
    return tuple(sorted(found))


def _filters(graph: str) -> list[str]:
    plain = _INSTANCE.sub("", _LABEL.sub("", graph))
    return [each.strip() for each in re.split(r"[;,](?![^']*'(?:[^']*'[^']*')*[^']*$)", plain) if each.strip()]


def shown(command: Sequence[str]) -> str:
    """A command for the report: files without their folders."""
    return " ".join(["ffmpeg", *(_word(word) for word in command)])


def _word(word: str) -> str:
    plain = re.sub(r"(?:/[\w.%-]+)+/([\w.%-]+)", r"\1", word)
    return f"'{plain}'" if re.search(r"[\s;\[\](){}*?'\"|&$<>]", plain) else plain
