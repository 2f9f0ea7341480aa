"""A plan as commands: what a person would type to get the same outputs without this library."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mediapipeline.ffmpeg.command import shell_words
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.steps import cues, hls, readings
from mediapipeline.steps.files import Asset, Final, Pipe, Source, Work, parse_token
from mediapipeline.steps.late import Late, LateChain, placeholder
from mediapipeline.steps.listing import is_listing, located, members_of
from mediapipeline.steps.measure import MEASURE_LOG_LEVEL, Measurement
from mediapipeline.steps.step import CustomStep, CutCuesStep, FFmpegStep, JoinFilesStep, PlaylistStep, Step

if TYPE_CHECKING:
    from mediapipeline.planner.plan import ProcessingPlan

__all__ = ["commands", "script"]

_WORK = "work"


def _named(plan: ProcessingPlan) -> dict[str, str]:
    """The paths of what the job itself names, by token."""
    sources = {Source(item.id).token: _local(item.source) for item in plan.inputs}
    outputs = {Final(item.id).token: _local(item.destination) for item in plan.outputs}
    files = {
        Final(item.id, file).token: _local(item.destination) + file
        for item in plan.outputs
        for file in (*(each.name for each in item.files), *([] if item.index is None else [item.index]))
    }
    return sources | outputs | files


def _paths(named: Mapping[str, str], tokens: Iterable[str]) -> dict[str, str]:
    paths = {}
    for token in tokens:
        match parse_token(token):
            case Work(name=name) | Pipe(name=name):
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
    argv = step.command.argv(binary="ffmpeg", paths=paths, features=Capabilities.assume("5.1"), progress=None)
    if step.measures:
        argv[argv.index("-loglevel") + 1] = MEASURE_LOG_LEVEL
    return argv


def commands(plan: ProcessingPlan) -> tuple[tuple[str, ...], ...]:
    """See `ProcessingPlan.commands`."""
    named = _named(plan)
    return tuple(tuple(_argv(named, step)) for step in plan.steps if isinstance(step, FFmpegStep))


def script(plan: ProcessingPlan) -> str:
    """See `ProcessingPlan.to_shell`."""
    customs = _refuse_customs(plan.steps)
    head = (
        "Shows how the outputs of a mediapipeline job are made"
        if customs
        else "Makes the outputs of a mediapipeline job with FFmpeg alone"
    )
    lines = ["#!/bin/sh", f"# {head}.", "set -eu", *customs]
    files = [token for step in plan.steps if isinstance(step, FFmpegStep) for token in step.command.files]
    lines += _refuse_to_overwrite(_named(plan)[token] for token in files if isinstance(parse_token(token), Final))
    measured = {
        name: (found, f"{_WORK}/{step.id}.log")
        for step in plan.steps
        if isinstance(step, FFmpegStep)
        for name, found in step.measures.items()
    }
    needs_folder = any(isinstance(parse_token(token), Work | Asset) for token in files)
    if needs_folder or measured:
        lines.append(f"mkdir -p {_WORK}")
    if measured:
        lines += [f"cat > {_WORK}/readings.py <<'PYTHON'", inspect.getsource(readings).rstrip(), "PYTHON"]
    lines += [f"mkdir -p {shlex.quote(_local(item.destination))}" for item in plan.outputs if item.files]
    lists = _lists(plan)
    for digest, carried in plan.assets.items():
        text = carried
        if Asset(digest).token in lists:
            text = located(carried, _paths(_named(plan), members_of(carried)))
        lines.append(f"printf '%s' {shlex.quote(text)} > {_WORK}/{digest}.txt")
    named = _named(plan)
    for step in plan.steps:
        lines += ["", f"# {' '.join(step.title.split())}"]
        if isinstance(step, FFmpegStep):
            lines += _ffmpeg(named, step, measured)
        elif isinstance(step, JoinFilesStep):
            paths = _paths(named, (*step.sources, step.target))
            lines.append(
                f"{shlex.join(['cat', *(paths[t] for t in step.sources)])} > {shlex.quote(paths[step.target])}"
            )
        elif isinstance(step, PlaylistStep):
            lines += _playlist(_paths(named, step.files), step)
        elif isinstance(step, CutCuesStep):
            lines += _cut_cues(_paths(named, (step.source, step.target)), step)
        else:
            lines.append(f"# {_custom(step)}")
    return "\n".join(lines) + "\n"


def _cut_cues(paths: Mapping[str, str], step: CutCuesStep) -> Iterable[str]:
    end = "None" if step.end is None else repr(step.end)
    source, target = shlex.quote(paths[step.source]), shlex.quote(paths[step.target])
    yield f"python3 - {source} {target} <<'PYTHON'"
    yield inspect.getsource(cues)
    yield "import sys"
    yield "with open(sys.argv[1], encoding='utf-8', newline='') as file:"
    yield "    text = file.read()"
    yield "with open(sys.argv[2], 'w', encoding='utf-8', newline='') as file:"
    yield f"    file.write(cut_cues(text, {step.start!r}, {end}))"
    yield "PYTHON"


def _custom(step: CustomStep) -> str:
    """What a script cannot do."""
    told = json.dumps(step.parameters, sort_keys=True)
    source = "a file" if any(step.opened) else "a pipe"
    return f"{step.operation}: a plugin does this and no command can: {step.runner} {told}, from {source} to a pipe"


def _refuse_customs(steps: Iterable[Step]) -> list[str]:
    """Lines that end the script, before anything is done, where not all of it can be done."""
    found = [_custom(step) for step in steps if isinstance(step, CustomStep)]
    if not found:
        return []
    said = ["This script shows how, and cannot do it all; run the plan with mediapipeline.", *found]
    return [*(f"printf '%s\\n' {shlex.quote(line)} >&2" for line in said), "exit 1"]


def _lists(plan: ProcessingPlan) -> set[str]:
    """The assets that are lists of files."""
    read = [each for step in plan.steps if isinstance(step, FFmpegStep) for each in step.command.inputs]
    return {each.file for each in read if is_listing(each.demuxers)}


def _playlist(paths: Mapping[str, str], step: PlaylistStep) -> Iterable[str]:
    folder, target = paths[step.target].rsplit("/", 1)
    names = {token: path.rsplit("/", 1)[-1] for token, path in paths.items()}
    rungs = [
        (names[rung.playlist], rung.width, rung.height, None if rung.frame_rate is None else str(rung.frame_rate))
        for rung in step.variants
    ]
    sound = None if step.sound is None else names[step.sound]
    yield f"python3 - {shlex.quote(folder)} <<'PYTHON'"
    yield inspect.getsource(hls)
    yield "import sys"
    yield "folder = Path(sys.argv[1])"
    yield f"text = master_playlist(folder, [Variant(*rung) for rung in {rungs!r}], {sound!r})"
    yield f"(folder / {target!r}).write_text(text, encoding='utf-8')"
    yield "PYTHON"


def _ffmpeg(
    named: Mapping[str, str], step: FFmpegStep, measured: Mapping[str, tuple[Measurement, str]]
) -> Iterable[str]:
    """One command, what works out its late places before it, and where it leaves what it measures.

    Args:
        named: The paths of what the job names, by token.
        step: What runs.
        measured: The measurements by name, and the logs that they are in.
    """
    text = shell_words(_argv(named, step))
    for place in step.late:
        found, log = measured[place.measure]
        yield f"{place.id}=$(PYTHONPATH={_WORK} python3 - {shlex.quote(log)} <<'PYTHON'"
        yield "import sys"
        yield "from readings import number, amount, pick, read"
        yield "with open(sys.argv[1], encoding='utf-8', errors='replace') as file:"
        yield f"    values = read({place.measure!r}, {found.sought!r}, file.read())"
        yield from _worked_out(place)
        yield "PYTHON"
        yield ")"
        # A graph stands in single quotes, since it has brackets.
        text = text.replace(str(placeholder(place.id)), f"'\"${place.id}\"'")
    if step.measures:
        log = shlex.quote(f"{_WORK}/{step.id}.log")
        text += f" 2> {log} || {{ cat {log} >&2; exit 1; }}"
    yield text


def _worked_out(place: LateChain) -> Iterable[str]:
    """Python that prints what stands at a late place."""
    conditions = [[(c.value.terms, c.value.constant, c.limit) for c in case.when] for case in place.cases]
    yield f"case = pick({conditions!r}, values)"
    yield "print(["
    for pieces in place.templates():
        parts = [
            f"number(amount({p.terms!r}, {p.constant!r}, values), {p.low!r}, {p.high!r}, {p.unit!r})"
            if isinstance(p, Late)
            else repr(p)
            for p in pieces
        ]
        yield f"    lambda: {' + '.join(parts)},"
    yield "][case](), end='')"
