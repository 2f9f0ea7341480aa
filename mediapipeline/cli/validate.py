"""``mediapipeline validate``: everything that is wrong with a job, and nothing run."""

from __future__ import annotations

import argparse
import json

from mediapipeline.cli.exits import DONE, INVALID, report_problems
from mediapipeline.cli.job import add_job, planner_for, read_job
from mediapipeline.cli.terminal import Terminal

__all__ = ["DESCRIPTION", "SUMMARY", "add_arguments", "execute"]

SUMMARY = "say everything that is wrong with a job"
DESCRIPTION = """\
Check a job as a whole: structure, parameters, references, files and, as its
inputs are probed, whether the operations suit the media. Nothing is written.

Each problem is a line on stderr, "path: message - hint [code]", where path is
a JSON Pointer into the job. With --format json stdout holds one object:
{"valid": false, "problems": [{"path": ..., "code": ..., "message": ..., "hint": ...}]}.
The exit code is 0 for a valid job and 2 otherwise."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_job(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what to print (default: text)")
    parser.add_argument(
        "--no-probe",
        dest="probe",
        action="store_false",
        help="open no input, and so do not check whether the operations suit them; needs no FFmpeg",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    job = read_job(args)
    found = planner_for(job, ffmpeg=args.ffmpeg).validate(job.text, probe=args.probe)
    if args.format == "json":
        terminal.data(json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
    elif found.valid:
        terminal.say(f"{job.name}: valid" + ("" if args.probe else ", as far as can be told without its inputs"))
    else:
        report_problems(found.problems, terminal, job=job.name)
    return DONE if found.valid else INVALID
