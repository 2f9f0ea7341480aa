"""The job that a command is given: the options that say which and how, its text, and the planner for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mediapipeline.cli.exits import UsageError

if TYPE_CHECKING:
    from mediapipeline.planner.planner import Planner
    from mediapipeline.planner.rule import Rule

__all__ = ["JobText", "add_ffmpeg", "add_job", "add_rules", "planner_for", "read_job"]

_STDIN = "-"


class JobText(NamedTuple):
    """A job as it was read."""

    name: str
    """For messages."""
    text: bytes
    folder: Path
    """Where its relative paths are looked up."""


def add_job(parser: argparse.ArgumentParser) -> None:
    """JOB and what belongs to it."""
    parser.add_argument("job", metavar="JOB", help="JSON file of the job, or - to read it from stdin")
    parser.add_argument(
        "--base-dir",
        metavar="DIR",
        help="folder that relative paths in the job start from (default: the folder of JOB, the current one for -)",
    )
    add_ffmpeg(parser)


def add_ffmpeg(parser: argparse.ArgumentParser) -> None:
    """``--ffmpeg``."""
    parser.add_argument(
        "--ffmpeg",
        metavar="PATH",
        help="the FFmpeg to use (default: the one MEDIAPIPELINE_FFMPEG names, the one on PATH, the one of the wheel "
        "imageio-ffmpeg)",
    )


def add_rules(parser: argparse.ArgumentParser) -> None:
    """``--rules`` and ``--strategy``."""
    parser.add_argument(
        "--rules",
        metavar="all|none|NAME,...",
        default="all",
        help="optimiser rules to apply, by name (default: all); the outputs are the same whichever are applied, as "
        "exactly as each rule promises, only the work differs; an unknown name lists all of them",
    )
    parser.add_argument(
        "--strategy",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="NAME is stream_copy (default: preferred) or smart_cut (default: disabled), VALUE is disabled, preferred "
        "or required: stream_copy=required refuses a job if a stream has to be encoded, smart_cut=required if no "
        "frame of an exact cut can be copied safely; may be given several times",
    )


def read_job(args: argparse.Namespace) -> JobText:
    """The job that the arguments name.

    Raises:
        UsageError: It cannot be read, or its folder is none.
    """
    from mediapipeline.spec.document import LARGEST

    name: str = args.job
    if name == _STDIN:
        stream = getattr(sys.stdin, "buffer", sys.stdin)
        if stream is None:
            raise UsageError("JOB is -, and stdin is closed")
        read = stream.read(LARGEST + 1)
        text, name, folder = read if isinstance(read, bytes) else read.encode(), "stdin", Path()
    else:
        try:
            with Path(name).open("rb") as file:
                text = file.read(LARGEST + 1)
        except (OSError, ValueError) as error:  # a ValueError for a NUL in the name
            raise UsageError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
        folder = Path(name).parent
    if args.base_dir is not None:
        folder = Path(args.base_dir)
        if not folder.is_dir():
            raise UsageError(f"--base-dir: {args.base_dir!r} is not a folder")
    return JobText(name, text, folder)


def planner_for(job: JobText, *, ffmpeg: str | None, rules: str = "all", strategies: Sequence[str] = ()) -> Planner:
    """The planner that the arguments ask for."""
    from mediapipeline.planner.planner import Planner

    applied, asked = _rules(rules), _strategies(strategies)
    if rules != "all":
        _check_agreement(applied, asked)
    return Planner(base_dir=job.folder, ffmpeg=ffmpeg, rules=applied, strategies=asked)


def _check_agreement(rules: Sequence[Rule], asked: Mapping[str, str]) -> None:
    """Refuse rules by name of which strategies make something else."""
    from mediapipeline.planner.strategies import STRATEGIES, chosen

    names = {rule.__name__ for rule in rules}
    for name, value in chosen(asked).items():
        strategy = STRATEGIES[name]
        if value == "required" and strategy.rules.isdisjoint(names):
            need = " or ".join(sorted(strategy.rules))
            hint = f"name it in --rules, or plan with {name}=preferred"
            raise UsageError(f"--strategy: {name}=required needs the rule {need}, and --rules leaves it out", hint)
        if value == "disabled" and (idle := sorted(strategy.rules & names)):
            hint = f"leave it out of --rules, or add --strategy {name}=preferred"
            raise UsageError(f"--rules: {idle[0]} does nothing while the strategy {name} is disabled", hint)


def _strategies(given: Sequence[str]) -> dict[str, str]:
    from mediapipeline.planner.strategies import chosen

    asked: dict[str, str] = {}
    for each in given:
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals:
            raise UsageError(f"--strategy: {each!r} is not NAME=VALUE", "such as stream_copy=required")
        name = name.replace("-", "_")
        if asked.setdefault(name, value) != value:
            raise UsageError(f"--strategy: {name} is given twice, as {asked[name]} and as {value}")
    try:
        chosen(asked)
    except ValueError as error:
        raise UsageError(f"--strategy: {error}") from error
    return asked


def _rules(text: str) -> Sequence[Rule]:
    from mediapipeline.media.fields import closest
    from mediapipeline.planner.optimize import RULES

    if text == "all":
        return RULES
    if text == "none":
        return ()
    known = {rule.__name__: rule for rule in RULES}
    asked = [name.strip().replace("-", "_") for name in text.split(",")]
    for name in asked:
        if not name:
            raise UsageError(
                f"--rules: a name is missing in {text!r}", "such as seek_video,copy_untouched, or all, or none"
            )
        if name in ("all", "none"):
            raise UsageError(f"--rules: {name} stands alone", "or name rules, such as seek_video,copy_untouched")
        if name not in known:
            near = closest(name, [*known, "all", "none"])
            hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(known)}; or all, or none"
            raise UsageError(f"--rules: there is no rule {name!r}", hint)
    return tuple(rule for name, rule in known.items() if name in asked)  # their order is the optimiser's
