"""`Layout`: which path stands for each file of a plan while it runs.

Every name in a workspace is ours; nothing of a plan becomes part of one but the suffix of a file, and the names of the
files in a folder that is an output, which have no room for a path. Outputs lie beside
their destinations, so that publishing them is a matter of names.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mediapipeline.errors import ExecutionError, OutputError
from mediapipeline.executor.preflight import Places
from mediapipeline.executor.publish import Ready
from mediapipeline.executor.workspace import Workspace, sweep
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps.files import Asset, Final, Pipe, Source, Work, parse_token
from mediapipeline.steps.listing import is_listing, located
from mediapipeline.steps.step import CustomStep, CutCuesStep, FFmpegStep, JoinFilesStep, PlaylistStep, Step

__all__ = ["Layout"]

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


class Layout:
    """The files of one run. Nothing is made before `open`."""

    def __init__(self, plan: ProcessingPlan, places: Places) -> None:
        self._plan = plan
        self._places = places
        folders = dict.fromkeys(path.parent.resolve() for path in places.outputs.values())
        if not folders:
            folders = {Path(tempfile.gettempdir()): None}
        self._workspaces = {folder: Workspace(folder) for folder in folders}
        self._graphs = 0
        self._lists = {
            read.file
            for step in plan.steps
            if isinstance(step, FFmpegStep)
            for read in step.command.inputs
            if is_listing(read.demuxers)
        }
        self.paths: dict[str, str] = {}
        """Path by token, of every file that the plan names."""
        self.finals: dict[str, Path] = {}
        """Where each output is made, by its id."""

    def open(self) -> None:
        """Make the workspaces, sweep up dead ones, and write the texts that the plan carries with it.

        Raises:
            OutputError: A folder cannot be written to.
            ExecutionError: The plan names a file that it does not have, or the disk is full.
        """
        for folder, workspace in self._workspaces.items():
            sweep(folder)
            try:
                workspace.open()
            except OSError as error:
                id_ = next((id_ for id_, path in self._places.outputs.items() if path.parent.resolve() == folder), None)
                where = f"output {id_!r}" if id_ is not None else "the run"
                raise OutputError(
                    f"{where}: the folder {str(folder)!r} cannot be written to: {error.strerror}", output=id_
                ) from error
        try:
            self.home.mkdir()
            folders = {output.id for output in self._plan.outputs if output.files}
            for number, (id_, target) in enumerate(self._places.outputs.items()):
                workspace = self._workspaces[target.parent.resolve()]
                self.finals[id_] = _opened(workspace) / f"final-{number}{_suffix(target.name)}"
                if id_ in folders:
                    self.finals[id_].mkdir()
            for step in self._plan.steps:
                for token in _files(step):
                    if token not in self.paths:
                        self.paths[token] = str(self._place(token, len(self.paths)))
        except OSError as error:
            raise ExecutionError(f"the workspace {str(self.root)!r} cannot be written to: {error.strerror}") from error

    @property
    def root(self) -> Path:
        """The workspace that holds everything but outputs that go elsewhere."""
        return _opened(next(iter(self._workspaces.values())))

    @property
    def home(self) -> Path:
        """What child processes take for the home folder and for the place of temporary files."""
        return self.root / "home"

    def graph_file(self, text: str) -> str:
        """Write a filter graph and say where."""
        self._graphs += 1
        path = self.root / f"graph-{self._graphs}"
        path.write_bytes(text.encode())
        return str(path)

    def folder(self, step: str) -> Path:
        """A folder for one step alone; it is for the step to make."""
        number = next(at for at, each in enumerate(self._plan.steps) if each.id == step)
        return self.root / f"step-{number}"

    def ready(self) -> list[Ready]:
        """The outputs, to be published."""
        return [Ready(output=id_, file=self.finals[id_], target=target) for id_, target in self._places.outputs.items()]

    def close(self, *, keep: bool) -> list[Path]:
        """Remove the workspaces, or keep them and say where."""
        kept = [workspace.close(keep=keep) for workspace in self._workspaces.values()]
        return [path for path in kept if path is not None]

    def _text(self, asset: str, text: str) -> str:
        """The text of an asset, with paths in it where it is a list of files."""
        if asset not in self._lists:
            return text
        # What is in a list is an input, or was written by a step before the one that reads it.
        sources = {Source(name).token: str(path) for name, path in self._places.inputs.items()}
        return located(text, sources | self.paths)

    def _place(self, token: str, number: int) -> Path:
        try:
            return self._found(token, number)
        except (KeyError, ValueError) as error:
            raise ExecutionError(f"the plan names a file that it does not have: {token!r}") from error

    def _found(self, token: str, number: int) -> Path:
        match parse_token(token):
            case Source(id=name):
                return self._places.inputs[name]
            case Final(id=name, part=part):
                return self.finals[name] if part is None else self.finals[name] / part
            case Work(name=name):
                return self.root / f"work-{number}{_suffix(name)}"
            case Pipe():
                return self._pipe(number)
            case Asset(digest=digest):
                path = self.root / f"asset-{number}.txt"
                path.write_bytes(self._text(token, self._plan.assets[digest]).encode())
                return path

    def _pipe(self, number: int) -> Path:
        path = self.root / f"pipe-{number}"
        if sys.platform == "win32":
            raise ExecutionError("steps of this plan hand streams to each other by named pipes: not on this system")
        os.mkfifo(path, mode=0o600)
        return path


def _opened(workspace: Workspace) -> Path:
    if workspace.path is None:
        raise RuntimeError("a workspace is used before it is open, or after it was closed")
    return workspace.path


def _files(step: Step) -> Iterable[str]:
    match step:
        case FFmpegStep():
            return step.command.files
        case CutCuesStep():
            return (step.source, step.target)
        case PlaylistStep():
            return step.files
        case JoinFilesStep():
            return (*step.sources, step.target)
        case CustomStep():
            return step.files


def _suffix(name: str) -> str:
    found = Path(name).suffix
    return found if _SUFFIX.fullmatch(found) else ""
