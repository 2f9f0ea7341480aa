"""What came of a job: its outputs, decoded when they are asked for, and what else it left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.executor.result import ExecutionResult, FileResult, OutputResult
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.plan import PlannedFile, PlannedOutput, ProcessingPlan
from mediapipeline.planner.streams import Filter, StreamGraph
from mediapipeline.testing.contract.content import Content, decode

__all__ = ["Planned", "Ran", "Traces"]


@attrs.frozen(eq=False)
class Planned:
    """A plan, and the streams that it was made from."""

    plan: ProcessingPlan
    graph: StreamGraph


@attrs.frozen(eq=False)
class Ran:
    """A job that was run: `folder` has its outputs and the job itself, `stray` is what it wrote elsewhere."""

    folder: Path
    document: Mapping[str, Any]
    planned: Planned
    result: ExecutionResult
    stray: tuple[Path, ...]
    _engine: Engine
    _decoded: dict[str, Content] = attrs.field(factory=dict, init=False)

    def files(self, output: str) -> Iterator[tuple[str, PlannedOutput | PlannedFile, OutputResult | FileResult]]:
        """Path (within the folder), plan and result of each file of an output."""
        planned, came = self.planned.plan.output(output), self.result.outputs[output]
        name = Path(planned.destination).name
        if not planned.files:
            yield name, planned, came
        else:
            for part, file in zip(planned.files, came.files, strict=False):
                yield f"{name}/{part.name}", part, file

    def decoded(self, name: str) -> Content:
        """What a file of an output holds; not a playlist, which has nothing of its own."""
        if not self._decoded:
            every = [each for output in self.result.outputs for each in self.files(output)]
            self._decoded.update(
                decode(
                    self._engine,
                    {name: (self.folder / name, came.media) for name, planned, came in every if not _listed(planned)},
                )
            )
        return self._decoded[name]

    def all_decoded(self, output: str) -> dict[str, Content]:
        """What every file of an output holds; playlists have none of their own."""
        return {
            name.removeprefix(output): self.decoded(name)
            for name, planned, _ in self.files(output)
            if not _listed(planned)
        }


def _listed(planned: PlannedOutput | PlannedFile) -> bool:
    """Whether it is a playlist of files."""
    return isinstance(planned, PlannedFile) and planned.segment is not None


class Traces:
    """What a run of *graph* left behind, besides what lies in *allowed*.

    Args:
        graph: Its filters may name files.
        folder: Where everything lies that is written.
        allowed: Where outputs may be.
    """

    def __init__(self, graph: StreamGraph, folder: Path, allowed: Path) -> None:
        self._named = _named(graph)
        self._folder, self._allowed = folder, allowed
        self._before = _state(self._named), _listing(folder)

    def found(self) -> tuple[Path, ...]:
        """The files that are new, or not as they were."""
        states, listed = self._before
        changed = [path for path, seen in _state(self._named).items() if states.get(path) != seen]
        new = sorted(_listing(self._folder) - listed)
        return (*changed, *(path for path in new if self._allowed not in path.parents))


def _named(graph: StreamGraph) -> set[Path]:
    """The files that options of filters may name: relative ones are looked up where this process is."""
    texts = {value for node in graph.of(Filter) for _, value in node.options if isinstance(value, str)}
    return {Path(text).absolute() for text in texts if ("/" in text or "." in text) and "\0" not in text}


def _state(paths: set[Path]) -> dict[Path, tuple[int, int] | None]:
    found: dict[Path, tuple[int, int] | None] = {}
    for path in paths:
        try:
            seen = path.stat()
        except OSError:
            found[path] = None
        else:
            found[path] = seen.st_mtime_ns, seen.st_size
    return found


def _listing(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "clips" not in path.parts}
