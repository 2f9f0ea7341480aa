"""Which steps are joined by pipes, and so run together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mediapipeline.steps.files import Pipe, parse_token
from mediapipeline.steps.step import CustomStep, FFmpegStep, Step

__all__ = ["joined", "pipes_read", "pipes_written"]


def pipes_read(step: Step) -> tuple[str, ...]:
    """Tokens of the pipes that *step* reads."""
    match step:
        case FFmpegStep():
            return _pipes([source.file for source in step.command.inputs])
        case CustomStep():
            return _pipes(step.inputs)
    return ()


def pipes_written(step: Step) -> tuple[str, ...]:
    """Tokens of the pipes that *step* writes."""
    match step:
        case FFmpegStep():
            return _pipes([target.file for target in step.command.outputs if target.file is not None])
        case CustomStep():
            return _pipes([step.output])
    return ()


def joined(steps: Sequence[Step]) -> list[list[Step]]:
    """Steps that run together, those without pipes alone; in the order of *steps*."""
    groups: list[list[Step]] = []
    for step in steps:
        ends = _ends(step)
        if not ends:
            groups.append([step])
            continue
        touching = [group for group in groups if any(ends & _ends(member) for member in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*(member for group in touching for member in group), step])
    return groups


def _ends(step: Step) -> set[str]:
    return {*pipes_read(step), *pipes_written(step)}


def _pipes(tokens: Sequence[str]) -> tuple[str, ...]:
    return tuple(token for token in dict.fromkeys(tokens) if isinstance(parse_token(token), Pipe))
