"""Checks that an operator only answers: always the same, where facts are not known as well, and without a trace."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.errors import JobError, MediaPipelineError
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.testing.contract.failed import failed
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.imagined import UNKNOWN, Imagined, without
from mediapipeline.testing.contract.trial import Trial
from mediapipeline.testing.fakes import clip_info

__all__ = ["answers_for_the_unknown", "pure", "stays_in_its_folder"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_DEEDS = frozenset({
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.link", "os.symlink", "os.system",
    "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "socket.bind", "socket.getaddrinfo",
    "shutil.copyfile", "shutil.move", "shutil.rmtree", "urllib.Request",
})  # fmt: skip
"""What no method of an operator does, by the names of Python's audit events."""

_watched: tuple[int, list[str]] | None = None
"""The thread that is watched, and what it did."""
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is None or _watched[0] != threading.get_ident():
        return
    seen = _watched[1]
    if event == "open":
        path, _, flags = arguments
        # Python writes compiled modules when something is imported for the first time.
        if isinstance(flags, int) and flags & _WRITES and "__pycache__" not in str(path):
            seen.append(f"opens {path!r} to write")
    elif event in _DEEDS and not any("__pycache__" in str(argument) for argument in arguments):
        seen.append(f"does {event}({', '.join(repr(argument)[:60] for argument in arguments)})")


@contextmanager
def _watching() -> Iterator[list[str]]:
    """What is done to the machine while it lasts. A hook cannot be removed again, so there is one for all."""
    global _watched, _hooked  # noqa: PLW0603 - what the one hook writes to
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    seen: list[str] = []
    _watched = threading.get_ident(), seen
    try:
        yield seen
    finally:
        _watched = None


def pure(trial: Trial) -> Iterator[Finding]:
    """Asked twice, the operator answers the same, and asking leaves no trace."""
    imagined = Imagined(trial)
    others = clip_info(size="96x64", duration="5s", audio=1)
    for case in trial.cases:
        texts, plans = [], []
        for info in (imagined.first, others, imagined.first):
            document, planner = imagined.job(case, info)
            try:
                planner.plan(document)  # everything is imported once before anybody looks
                with _watching() as seen:
                    plan = planner.plan(document)
            except MediaPipelineError:
                continue  # refused, or wrong in a way that other checks tell of
            for deed in dict.fromkeys(seen):
                yield Finding(
                    text=f"planning it {deed}", case=case,
                    hint="methods of operators are pure: what has to be written is written by the plan's steps",
                )  # fmt: skip
            if info is imagined.first:
                texts.append("".join(each.graph for each in plan.trace) or repr(plan.steps))
                plans.append(plan)
        if len(plans) == 2 and plans[0] != plans[1]:
            yield Finding(
                text="asked twice, it does something else the second time", inferred=texts[0].strip(),
                probed=texts[1].strip(), case=case,
                hint="lower() and infer() depend on parameters and facts alone: no counters, clocks or random numbers",
            )  # fmt: skip


def answers_for_the_unknown(trial: Trial) -> Iterator[Finding]:
    """Unknown in, unknown out: `infer` and `lower` neither fail on facts that are not known, nor make them up."""
    imagined = Imagined(trial)
    for case in trial.cases:
        for what, names in UNKNOWN.items():
            info = without(imagined.first, names)
            document, planner = imagined.job(case, info)
            try:
                planner.plan(document)
            except JobError:
                continue  # it says that it needs to know, or the output does
            except MediaPipelineError as error:
                yield failed(error, text=f"where {what}, it fails", case=case)
                continue
            for guess in _guesses(imagined, case, names):
                yield Finding(
                    text=f"where {what}, it makes it up: {guess}", case=case, hint="unknown is None, never a guess"
                )


def _guesses(imagined: Imagined, case: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Lengths that pass through the operator where they are known, and that it gives where they are not.

    Other facts an operator may decide on where they are not known, by filters that make them so.
    """
    if "duration" not in names.get("info", ()):
        return
    known = [imagined.first, _longer(imagined.first)]
    made = [imagined.outcome(case, info) for info in known]
    blind = imagined.outcome(case, without(imagined.first, names))
    if blind is None or any(each is None for each in made):
        return
    for stream in names:
        pairs = [(_length(i, stream), _length(o, stream)) for i, o in zip(known, made, strict=True) if o is not None]
        guessed = _length(blind, stream)
        if guessed is not None and pairs[0][0] != pairs[1][0] and all(i == o for i, o in pairs):
            yield f"the {'clip' if stream == 'info' else stream} lasts {float(guessed):g} s"


def _length(info: MediaInfo, stream: str) -> Fraction | None:
    found: MediaInfo | VideoStream | AudioStream | None = info
    if stream == "video":
        found = info.video
    elif stream == "audio":
        found = info.audio[0] if info.audio else None
    return None if found is None else found.duration


def _longer(info: MediaInfo) -> MediaInfo:
    length = Fraction(3)
    video = info.video and attrs.evolve(info.video, duration=length, frames=75)
    tracks = tuple(attrs.evolve(track, duration=length) for track in info.audio)
    return attrs.evolve(info, duration=length, video=video, audio=tracks)


def stays_in_its_folder(trial: Trial) -> Iterator[Finding]:
    """A run leaves its outputs behind, and nothing else anywhere."""
    for name in trial.clips[:1]:
        written = trial.written(name)
        if written.ran is not None and written.ran.stray:
            yield Finding(
                text=f"running it writes {', '.join(map(str, written.ran.stray))}, besides the outputs", clip=name,
                folder=written.ran.folder, hint="no filter may be given the name of a file to write",
            )  # fmt: skip
