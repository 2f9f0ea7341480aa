"""A plan as commands: what a person would type to get the same outputs without this library."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mediapipeline.ffmpeg.command import shell_words
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.steps import cues
from mediapipeline.steps.files import Asset, Final, Source, Work, parse_token
from mediapipeline.steps.step import FFmpegStep

if TYPE_CHECKING:
    from mediapipeline.planner.plan import ProcessingPlan

__all__ = ["commands", "script"]

_WORK = "work"


def _named(plan: ProcessingPlan) -> dict[str, str]:
    """The paths of what the job itself names, by token."""
    sources = {Source(item.id).token: _local(item.source) for item in plan.inputs}
    return sources | {Final(item.id).token: _local(item.destination) for item in plan.outputs}


def _paths(named: Mapping[str, str], tokens: Iterable[str]) -> dict[str, str]:
    paths = {}
    for token in tokens:
        match parse_token(token):
            case Work(name=name):
                paths[token] = f"{_WORK}/{name}"
            case Asset(digest=digest):
                paths[token] = f"{_WORK}/{digest}.txt"
            case _:
                paths[token] = named[token]
    return paths


def _local(address: str) -> str:
    """The path that an address names; the bytes of a URL's path may be written as ``%20``."""
    head = next(
        (each for each in ("file://localhost/", "file:///", "file:/") if address.lower().startswith(each)), None
    )
    if head is None:
        return address
    coded = address[len(head) - 1 :].encode()
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), coded).decode()


def _refuse_to_overwrite(targets: Iterable[str]) -> list[str]:
    """Lines that end the script, before anything is done, where an output exists already."""
    return [
        f"for file in {' '.join(shlex.quote(path) for path in dict.fromkeys(targets))}; do",
        '  if [ "${OVERWRITE:-}" != 1 ] && { [ -e "$file" ] || [ -L "$file" ]; }; then',
        """    printf '%s exists already; it is replaced if OVERWRITE=1 is set\\n' "$file" >&2""",
        "    exit 1",
        "  fi",
        "done",
    ]


def _argv(named: Mapping[str, str], step: FFmpegStep) -> list[str]:
    paths = _paths(named, step.command.files)
    # A script is read by people and run with any supported FFmpeg: graphs stand in it, however long.
    return step.command.argv(binary="ffmpeg", paths=paths, features=Capabilities.assume("5.1"), progress=None)


def commands(plan: ProcessingPlan) -> tuple[tuple[str, ...], ...]:
    """See `ProcessingPlan.commands`."""
    named = _named(plan)
    return tuple(tuple(_argv(named, step)) for step in plan.steps if isinstance(step, FFmpegStep))


def script(plan: ProcessingPlan) -> str:
    """See `ProcessingPlan.to_shell`."""
    lines = ["#!/bin/sh", "# Makes the outputs of a mediapipeline job with FFmpeg alone.", "set -eu"]
    files = [token for step in plan.steps if isinstance(step, FFmpegStep) for token in step.command.files]
    lines += _refuse_to_overwrite(_named(plan)[token] for token in files if isinstance(parse_token(token), Final))
    needs_folder = any(isinstance(parse_token(token), Work | Asset) for token in files)
    if needs_folder:
        lines.append(f"mkdir -p {_WORK}")
    for digest, text in plan.assets.items():
        lines.append(f"printf '%s' {shlex.quote(text)} > {_WORK}/{digest}.txt")
    named = _named(plan)
    for step in plan.steps:
        lines += ["", f"# {' '.join(step.title.split())}"]
        if isinstance(step, FFmpegStep):
            lines.append(shell_words(_argv(named, step)))
        else:
            paths = _paths(named, (step.source, step.target))
            end = "None" if step.end is None else repr(step.end)
            program = "\n".join(
                [
                    inspect.getsource(cues),
                    "import sys",
                    "with open(sys.argv[1], encoding='utf-8', newline='') as file:",
                    "    text = file.read()",
                    "with open(sys.argv[2], 'w', encoding='utf-8', newline='') as file:",
                    f"    file.write(cut_cues(text, {step.start!r}, {end}))",
                ]
            )
            source, target = shlex.quote(paths[step.source]), shlex.quote(paths[step.target])
            lines += [f"python3 - {source} {target} <<'PYTHON'", program, "PYTHON"]
    return "\n".join(lines) + "\n"
