"""``mediapipeline run``: plan a job, execute it, and say what came of it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediapipeline.cli.exits import DONE, UsageError
from mediapipeline.cli.job import JobText, add_job, add_rules, planner_for, read_job
from mediapipeline.cli.terminal import Terminal, one_line

if TYPE_CHECKING:
    from mediapipeline.executor.result import ExecutionResult, OutputResult, Waste
    from mediapipeline.planner.plan import ProcessingPlan
    from mediapipeline.planner.planner import Planner

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
Plan a job and execute it. Outputs appear under their final names only when all
of them are done and are what was planned; a run that fails or is cancelled
(Ctrl-C, SIGTERM) leaves nothing behind.

Progress and warnings go to stderr, the list of outputs to stdout."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_job(parser)
    add_rules(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that exist already")
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write FILE when it is over, also when it failed: a page to look at if FILE ends in .html, otherwise JSON "
        'with "plan", "result", "error" and "spans", each of them null if there is none',
    )
    parser.add_argument(
        "--progress",
        choices=["auto", "none", "json"],
        default="auto",
        help="auto: a bar on a terminal, else a line a second at most; json: every event as a line of JSON on stdout, "
        "and the list of outputs on stderr (default: auto)",
    )
    parser.add_argument("--cpus", metavar="N", type=_cores, help="cores to use (default: all)")
    parser.add_argument(
        "--verify",
        choices=["standard", "full"],
        default="standard",
        help="how outputs are checked: standard compares them with the plan and reads every packet; full decodes every "
        "frame as well (default: standard)",
    )


def _cores(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of cores")
    return int(text[:9])


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    from mediapipeline.errors import MediaPipelineError, RunCancelledError

    job = read_job(args)
    file = None if args.report is None else _report_file(args.report)
    planner = planner_for(job, ffmpeg=args.ffmpeg, rules=args.rules, strategies=args.strategy)
    if file is not None and file.resolve() in {Path(args.job).resolve(), *_files_of(job, planner)}:
        raise UsageError(f"--report: {args.report!r} is a file of the job, or the job itself")
    plan: ProcessingPlan | None = None
    report = None if file is None else _Report(file, job.folder, args.ffmpeg)
    try:
        plan = planner.plan(job.text)
        _check_targets(plan, planner, overwrite=args.overwrite)
        for decision in plan.warnings:
            terminal.note(f"warning: {one_line(decision.text)} ({decision.subject})")
        result = _run(plan, args, job.folder, terminal, report)
    except MediaPipelineError as error:
        if report is not None:
            report.write(plan, error=error.to_dict())
        raise
    except KeyboardInterrupt:
        if report is not None:
            report.write(plan, error=RunCancelledError("the run was cancelled; nothing of it is left").to_dict())
        raise
    if report is not None:
        report.write(plan, result)
    # Who reads events on stdout reads nothing else there.
    say = terminal.note if args.progress == "json" else terminal.say
    for output in result.outputs.values():
        for line in describe(output):
            say(line)
    say(told_of(result.waste))
    for warning in result.warnings:
        terminal.note(f"warning: {one_line(warning)}")
    return DONE


def _run(
    plan: ProcessingPlan, args: argparse.Namespace, folder: Path, terminal: Terminal, report: _Report | None
) -> ExecutionResult:
    from mediapipeline.cli.progress import watching
    from mediapipeline.executor.executor import Executor

    executor = Executor(cpus=args.cpus, ffmpeg=args.ffmpeg, base_dir=folder, verify=args.verify)
    with watching(args.progress, terminal) as on_event:
        heard = on_event if report is None else report.recorder.before(on_event)
        return executor.run(plan, on_event=heard, overwrite=args.overwrite)


def _files_of(job: JobText, planner: Planner) -> set[Path]:
    """The files that a job reads and writes, also one that is wrong: its report must not replace them."""
    from mediapipeline.errors import Problems
    from mediapipeline.spec.document import read

    policy, ignored = planner.policy, Problems()  # whoever plans the job says what is wrong with it
    document = read(job.text, ignored)
    found: set[Path] = set()
    for part, name, path_of in (
        ("inputs", "source", policy.input_path),
        ("outputs", "destination", policy.output_path),
    ):
        items = document.get(part) if isinstance(document, dict) else None
        for item in items if isinstance(items, list) else ():
            text = item.get(name) if isinstance(item, dict) else None
            path = path_of(text, "", ignored) if isinstance(text, str) else None
            if path is not None:
                found.add(path.resolve())
    return found


def _check_targets(plan: ProcessingPlan, planner: Planner, *, overwrite: bool) -> None:
    """Refuse to replace files that nobody asked to be replaced, before any work is done.

    The executor refuses as well, but names an argument where the command line has an option.
    """
    from mediapipeline.errors import OutputError, Problems

    policy, refused = planner.policy, Problems()  # nothing is: the job has been planned with the same policy
    written = {item.id: policy.output_path(item.destination, "", refused) for item in plan.outputs}
    folders = {item.id for item in plan.outputs if item.files}
    there = {
        name: file
        for name, file in written.items()
        if file is not None and os.path.lexists(file) and (name in folders or not file.is_dir())
    }
    if there and not overwrite:
        one = len(there) == 1
        raise OutputError(
            f"{', '.join(str(file) for file in there.values())} {'exists' if one else 'exist'} already; "
            f"add --overwrite to replace {'it' if one else 'them'}",
            output=next(iter(there)),
        )


def describe(output: OutputResult) -> list[str]:
    """What an output is, and what of it was verified."""
    from mediapipeline.planner.explain import describe_media

    head = f"{one_line(str(output.path))}  {_bytes(output.size)}"
    checks = [f"  verified: {one_line(check)}" for check in output.checks]
    return [head, f"  {describe_media(output.media)}", *checks]


def told_of(waste: Waste) -> str:
    """What was done for the outputs, and how much of it had to be, in a line; what is not known is left out."""
    parts = []
    for what, done, needed in (
        ("decoded", waste.frames_decoded, waste.frames_to_decode),
        ("encoded", waste.frames_encoded, waste.frames_to_encode),
    ):
        if done is not None:
            parts.append(f"{done} {what}" + ("" if needed is None else f" ({needed} needed)"))
    frames = f"frames: {', '.join(parts)}; " if parts else ""
    return f"{frames}processes: {waste.processes}"


def _bytes(size: int) -> str:
    for unit, amount in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= amount:
            return f"{size / amount:.1f} {unit}"
    return f"{size} bytes"


def _report_file(name: str) -> Path:
    """Checked before the work is done, not after it."""
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"--report: {name!r} cannot be written")
    return path


class _Report:
    """What `--report` asks for; few runs do, and it takes modules of its own."""

    def __init__(self, path: Path, folder: Path, ffmpeg: str | None) -> None:
        from mediapipeline.report.facts import Recorder

        self._path = path
        self._folder = folder
        self._ffmpeg = ffmpeg
        self.recorder = Recorder()

    def write(
        self,
        plan: ProcessingPlan | None,
        result: ExecutionResult | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        from mediapipeline.ffmpeg.engine import default_engine
        from mediapipeline.report.page import looks, to_html

        report = self.recorder.report(plan, result, error)
        if self._path.suffix.lower() in {".html", ".htm"}:
            ran = report.result is not None
            text = to_html(report, looks(report, self._folder, engine=default_engine(self._ffmpeg)) if ran else None)
        else:
            text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
        self._path.write_text(text, encoding="utf-8", errors="backslashreplace")
