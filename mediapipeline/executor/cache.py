"""What steps have written, kept for the next time: the `StepCache` protocol, and the keys that things are kept under.

A key says everything that the files of a step depend on: the fingerprints of the sources, the command as it runs with
whatever was measured before, the steps before it, and the build of FFmpeg. Neither paths nor ids of the job are in it,
so that another job that has the same done finds it. Here keys are made and the cache is asked; what is kept, for how
long and for whom, is up to the host.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import attrs

from mediapipeline.executor.binding import encodes
from mediapipeline.executor.waiting import in_thread
from mediapipeline.ffmpeg.command import Command
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.media.values import to_dict
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps.files import Asset, Final, Source, Work, parse_token
from mediapipeline.steps.listing import is_listing, located, members_of
from mediapipeline.steps.step import CutCuesStep, FFmpegStep, JoinFilesStep

__all__ = ["CachedSteps", "StepCache"]

_log = logging.getLogger(__name__)

_FORMAT = 1
"""Changes when keys, or what is kept under them, mean something else."""


@runtime_checkable
class StepCache(Protocol):
    """Keeps files under keys. Blocking, and safe to call from several threads and processes.

    What it hands out is verified against the plan as if it had just been made. But a fingerprint is of the size and the
    ends of a file only: do not share a cache between users who may not see each other's media.
    """

    def get(self, key: str, files: Mapping[str, Path]) -> Mapping[str, Any] | None:
        """Write what is kept under *key* to new files, whole or not at all.

        Args:
            key: Hexadecimal.
            files: Where each file is to be, by the name that it was kept under. It is the job's from then on, to be
                moved or changed: a copy, and no link.

        Returns:
            The facts that `put` was given; None where there is nothing, and then nothing is written.
        """
        ...

    def put(self, key: str, files: Mapping[str, Path], facts: Mapping[str, Any]) -> None:
        """Keep copies of *files*, or leave it.

        Args:
            key: As for `get`.
            files: What there is to keep, by name.
            facts: To be kept with them; JSON.
        """
        ...


@attrs.frozen
class Kept:
    """What a step that is not run again has measured, by the instance name of the filter."""

    measured: Mapping[str, Mapping[str, float]]


class CachedSteps:
    """Asks a cache for the steps of one run.

    Only steps that decode and encode, or measure, are kept: what copies packets is done as quickly as it is copied.
    A cache that fails is logged, and the step is run.

    Args:
        cache: None for none.
        plan: What is run.
        features: Of the FFmpeg that runs it.
        paths: Path by token.
    """

    def __init__(
        self, cache: StepCache | None, plan: ProcessingPlan, features: Capabilities, paths: Mapping[str, str]
    ) -> None:
        self._cache = cache
        self._plan = plan
        self._features = features
        self._paths = paths
        self._names = {
            Source(item.id).token: f"source:{item.media.fingerprint}"
            for item in plan.inputs
            if item.media.fingerprint is not None
        }
        """What stands for each file in a key. A file that nothing stands for keeps a step from being kept."""

    def key(self, step: FFmpegStep, command: Command) -> str | None:
        """The key of *step*, whose command is complete; None where it can't be kept."""
        names = dict(self._names)
        written = _written(command)
        if self._cache is None or written is None:
            return None
        names |= {token: f"new:{at}" for at, token in enumerate(written)}
        assets = (token for token in command.files if isinstance(parse_token(token), Asset))
        names |= {token: token for token in assets}
        for each in command.inputs:
            if is_listing(each.demuxers):
                self._name_list(each.file, names)
        if not names.keys() >= set(command.files):
            return None
        argv = command.argv(binary="", paths=names, features=self._features, progress=None)
        measures = {name: to_dict(each) for name, each in step.measures.items()}
        text = json.dumps([_FORMAT, self._features.build, argv, measures], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        # Steps that read what this one writes depend on all that it depends on.
        self._names |= {token: f"step:{key}:{at}" for at, token in enumerate(written)}
        return key if encodes(command) or step.measures else None

    def _name_list(self, token: str, names: dict[str, str]) -> None:
        """Have a list of files, which names them by the ids of the job, stand in *names* for what it lists."""
        asset = parse_token(token)
        assert isinstance(asset, Asset)  # lists are texts of the plan
        text = self._plan.assets[asset.digest]
        if names.keys() >= set(members_of(text)):
            names[token] = f"list:{hashlib.sha256(located(text, names).encode()).hexdigest()}"
        else:
            del names[token]

    def note(self, step: CutCuesStep | JoinFilesStep) -> None:
        """Steps that read what *step* writes, which is not kept itself, depend on what it reads."""
        sources = (step.source,) if isinstance(step, CutCuesStep) else step.sources
        names = [self._names.get(token) for token in sources]
        if None not in names:
            span = [str(step.start), str(step.end)] if isinstance(step, CutCuesStep) else []
            text = json.dumps([_FORMAT, type(step).__name__, names, span])
            self._names[step.target] = f"step:{hashlib.sha256(text.encode()).hexdigest()}"

    async def take(self, key: str | None, command: Command) -> Kept | None:
        """Have the files of a step written by the cache; None where it has to be run."""
        if self._cache is None or key is None:
            return None
        try:
            facts = await in_thread(partial(self._cache.get, key, self._files(command)))
            if facts is None:
                return None
            measured = facts["measured"]
            return Kept({name: {field: float(text) for field, text in measured[name].items()} for name in measured})
        except Exception:  # noqa: BLE001 - of the host's cache, and logged
            _log.exception("the step cache failed to get %s", key)
            return None

    async def keep(self, key: str | None, command: Command, measured: Mapping[str, Mapping[str, float]]) -> None:
        """Have what a step has written kept."""
        if self._cache is None or key is None:
            return
        # Infinity, which silence has, is nothing that JSON could say as a number
        facts = {
            "measured": {name: {f: repr(value) for f, value in values.items()} for name, values in measured.items()}
        }
        try:
            await in_thread(partial(self._cache.put, key, self._files(command), facts))
        except Exception:  # noqa: BLE001 - of the host's cache, and logged
            _log.exception("the step cache failed to keep %s", key)

    def _files(self, command: Command) -> dict[str, Path]:
        return {f"file-{at}": Path(self._paths[token]) for at, token in enumerate(_written(command) or ())}


def _written(command: Command) -> tuple[str, ...] | None:
    """The files that *command* writes; None where these are not all, or no files."""
    found = []
    for output in command.outputs:
        if output.file is None:
            continue
        match parse_token(output.file):
            case Work() | Final(part=None):
                found.append(output.file)
            case _:
                return None
    return tuple(found)
