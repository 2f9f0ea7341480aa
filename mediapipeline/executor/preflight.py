"""What must hold before a plan is run: the files that it names, the engine, and room on the disk.

A plan may have been made long ago and on another machine. Everything is read here and nothing is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import attrs

from mediapipeline.errors import EngineError, ExecutionError, OutputError, ProbeError, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.probe_file import look_at
from mediapipeline.media.malformed import shown
from mediapipeline.planner.plan import PlannedInput, PlannedOutput, ProcessingPlan
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.steps.step import FFmpegStep

__all__ = ["Places", "check_features", "check_inputs", "check_space", "check_targets", "find_places"]

_NOTHING = Staged()


@attrs.frozen(kw_only=True)
class Places:
    """Where the files of a job are: paths by id."""

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]


def find_places(plan: ProcessingPlan, policy: SourcePolicy, staged: Staged = _NOTHING) -> Places:
    """The files that *plan* names; where they are *staged*, no policy is asked.

    Raises:
        JobError: The policy refuses one of them; all are reported.
        ExecutionError: One of them is not local.
    """
    problems = Problems()
    sources = {f"/inputs/{at}/source": item for at, item in enumerate(plan.inputs)}
    targets = {f"/outputs/{at}/destination": item for at, item in enumerate(plan.outputs)}
    read, written = policy.check(
        [(path, item.source) for path, item in sources.items() if item.id not in staged.inputs],
        [(path, item.destination) for path, item in targets.items() if item.id not in staged.outputs],
        problems,
    )
    problems.raise_if_any()
    read |= {path: staged.inputs[item.id] for path, item in sources.items() if item.id in staged.inputs}
    written |= {path: staged.outputs[item.id] for path, item in targets.items() if item.id in staged.outputs}
    for path, item in sources.items():
        if path not in read:
            raise ExecutionError(f"input {item.id!r} is not a local file: {shown(item.source)} has to be fetched first")
    for path, output in targets.items():
        if path not in written:
            raise ExecutionError(
                f"output {output.id!r} is not a local file: write it to one and hand that to a publisher"
            )
    return Places(
        inputs={item.id: read[path] for path, item in sources.items()},
        outputs={item.id: written[path] for path, item in targets.items()},
    )


def check_features(plan: ProcessingPlan, capabilities: Capabilities) -> None:
    """Raises `EngineError` if this FFmpeg lacks something that the plan was made for."""
    missing = capabilities.missing(plan.requires)
    if missing:
        raise EngineError(
            f"this FFmpeg ({capabilities.version_text}) lacks what the plan needs: {', '.join(missing)};"
            " use the build that it was planned for, or plan the job again"
        )


def check_inputs(plan: ProcessingPlan, places: Places) -> None:
    """Raises `ExecutionError` if an input is missing, or is not what it was when the job was planned."""
    for item in plan.inputs:
        _check_input(item, places.inputs[item.id])


def _check_input(item: PlannedInput, path: Path) -> None:
    try:
        found = look_at(path).fingerprint
    except ProbeError as error:
        raise ExecutionError(f"input {item.id!r} cannot be read: {shown(item.source)}: {error.reason}") from error
    if item.media.fingerprint is not None and found != item.media.fingerprint:
        raise ExecutionError(
            f"input {item.id!r} has changed since the job was planned: {shown(item.source)} is another file now;"
            " plan the job again"
        )


def check_targets(plan: ProcessingPlan, places: Places, *, overwrite: bool) -> None:
    """Raises `OutputError` if an output cannot go where it is to go."""
    taken: dict[Path, str] = {}
    for output in plan.outputs:
        _check_target(output, places, overwrite=overwrite)
        real = places.outputs[output.id].parent.resolve() / places.outputs[output.id].name
        other = taken.setdefault(real, output.id)
        if other != output.id:
            raise OutputError(f"outputs {other!r} and {output.id!r} are the same file, {str(real)!r}", output=output.id)


def _check_target(output: PlannedOutput, places: Places, *, overwrite: bool) -> None:
    target = places.outputs[output.id]
    if not target.parent.is_dir():
        raise OutputError(
            f"output {output.id!r}: the folder {str(target.parent)!r} does not exist; create it, or name another",
            output=output.id,
        )
    if output.files:
        _check_folder(output, target, places, overwrite=overwrite)
        return
    if target.is_dir():
        raise OutputError(f"output {output.id!r}: {str(target)!r} is a folder; name the file in it", output=output.id)
    if not os.path.lexists(target):
        return
    for id_, path in places.inputs.items():
        # Whatever its name: a link to an input is that input
        if path.exists() and target.exists() and target.samefile(path):
            raise OutputError(
                f"output {output.id!r}: {str(target)!r} is the input {id_!r}; write to another file", output=output.id
            )
    if not overwrite:
        raise OutputError(
            f"output {output.id!r}: {str(target)!r} exists already; remove it, or ask for it to be overwritten"
            " (overwrite=True)",
            output=output.id,
        )


def _check_folder(output: PlannedOutput, target: Path, places: Places, *, overwrite: bool) -> None:
    """A folder is replaced as a whole: only where it can't be but an earlier output."""
    if output.index is not None and "%" in str(target.parent.resolve()):
        raise OutputError(
            f"output {output.id!r}: FFmpeg takes a percent sign in the path of a playlist for a pattern, and"
            f" {str(target)!r} has one; name a folder elsewhere",
            output=output.id,
        )
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise OutputError(
            f"output {output.id!r}: {str(target)!r} exists already; remove it, or ask for it to be overwritten"
            " (overwrite=True)",
            output=output.id,
        )
    if target.is_symlink() or not target.is_dir():
        raise OutputError(f"output {output.id!r}: {str(target)!r} is not a folder; name another", output=output.id)
    real = target.resolve()
    others = [path for id_, path in places.outputs.items() if id_ != output.id]
    inside = next((path for path in (*places.inputs.values(), *others) if path.resolve().is_relative_to(real)), None)
    suffixes = {Path(file.name).suffix for file in output.files}
    if output.index is not None:
        suffixes |= {".mp4", ".m4s", ".ts"}  # what playlists name
    strange = next((each for each in target.iterdir() if each.suffix not in suffixes or not each.is_file()), inside)
    if strange is not None:
        raise OutputError(
            f"output {output.id!r}: {str(target)!r} holds {strange.name!r}, which is not from an earlier run, and a"
            " folder is replaced as a whole; name another",
            output=output.id,
        )


def check_space(plan: ProcessingPlan, places: Places) -> None:
    """Raises `ExecutionError` if a disk has less room than the plan expects to need."""
    needs: dict[int, tuple[Path, int]] = {}
    for folder, amount in _amounts(plan, places):
        device = folder.stat().st_dev
        known = needs.get(device, (folder, 0))[1]
        needs[device] = (folder, known + amount)
    for folder, amount in needs.values():
        free = shutil.disk_usage(folder).free
        if amount > free:
            error = ExecutionError(
                f"not enough disk space in {str(folder)!r}: about {_bytes(amount)} are needed, {_bytes(free)} are free"
            )
            error.retryable = True
            raise error


def _amounts(plan: ProcessingPlan, places: Places) -> list[tuple[Path, int]]:
    folders = {output.step: places.outputs[output.id].parent for output in reversed(plan.outputs)}
    if len(set(folders.values())) == 1:
        return [(folder, plan.resources.disk_space or 0) for folder in set(folders.values())]
    steps = [step for step in plan.steps if isinstance(step, FFmpegStep)]
    return [(folders[step.id], step.resources.disk_space or 0) for step in steps if step.id in folders]


def _bytes(amount: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    return f"{amount} bytes"
