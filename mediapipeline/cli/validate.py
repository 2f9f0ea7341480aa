"""``mediapipeline validate``: everything that is wrong with a job, and nothing run."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from mediapipeline.cli.exits import DONE, INVALID, report_problems
from mediapipeline.cli.job import add_job, planner_for, read_job
from mediapipeline.cli.terminal import Terminal

if TYPE_CHECKING:
    from mediapipeline.spec.rewrite import Rewriting

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
Check a job as a whole: structure, parameters, references, files and, as its
inputs are probed, whether the operations suit the media. Nothing is written.

Each problem is a line on stderr, "path: message - hint [code]", where path is
a JSON Pointer into the job. With --format json stdout holds one object:
{"valid": false, "problems": [{"path": ..., "code": ..., "message": ..., "hint": ...}]}.
The exit code is 0 for a valid job and 2 otherwise.

With --fix a document that was made for another system is printed as this one
has it, what was changed is said on stderr, and what is checked is the result.
Only what is certain is changed: a misspelt name stays as it is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_job(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what to print (default: text)")
    parser.add_argument(
        "--fix", action="store_true", help="print the document rewritten where it was made for another system"
    )
    parser.add_argument(
        "--no-probe",
        dest="probe",
        action="store_false",
        help="open no input, and so do not check whether the operations suit them; needs no FFmpeg",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    job = read_job(args)
    rewriting = _rewritten(job.text) if args.fix else None
    document = job.text if rewriting is None else rewriting.document
    found = planner_for(job, ffmpeg=args.ffmpeg).validate(document, probe=args.probe)
    if args.format == "json":
        facts = found.to_dict() | ({} if rewriting is None else rewriting.to_dict())
        terminal.data(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        return DONE if found.valid else INVALID
    if rewriting is not None:
        terminal.data(json.dumps(rewriting.document, indent=2, ensure_ascii=False) + "\n")
        for change in rewriting.changes:
            terminal.note(f"changed {change}")
    if found.valid and rewriting is None:
        terminal.say(f"{job.name}: valid" + ("" if args.probe else ", as far as can be told without its inputs"))
    if not found.valid:
        report_problems(found.problems, terminal, job=job.name)
    return DONE if found.valid else INVALID


def _rewritten(text: bytes) -> Rewriting | None:
    """The document rewritten; None where there is no object to rewrite, which the check will say."""
    from mediapipeline.errors import Problems
    from mediapipeline.spec.document import read
    from mediapipeline.spec.rewrite import rewrite

    problems = Problems()
    value = read(text, problems)
    return rewrite(value) if isinstance(value, dict) and not problems else None
