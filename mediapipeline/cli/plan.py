"""``mediapipeline plan``: what would run, and why."""

from __future__ import annotations

import argparse
import json

from mediapipeline.cli.exits import DONE
from mediapipeline.cli.job import add_job, add_rules, planner_for, read_job
from mediapipeline.cli.terminal import Terminal

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
Plan a job without running it. Formats:

  text     what is read, copied, encoded and left out, and why
  json     the whole plan, which a program can read and run
  mermaid  a flowchart
  shell    a script that makes the same files with FFmpeg alone; where the job
           names relative paths, run it in the folder of the job"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_job(parser)
    add_rules(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show the streams after each rule that changed them (text only)"
    )
    parser.add_argument(
        "--format", choices=["text", "json", "mermaid", "shell"], default="text", help="what to print (default: text)"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    job = read_job(args)
    plan = planner_for(job, ffmpeg=args.ffmpeg, rules=args.rules, strategies=args.strategy).plan(job.text)
    if args.format == "json":
        terminal.data(json.dumps(plan.to_dict(), indent=2, ensure_ascii=False) + "\n")
    elif args.format == "mermaid":
        terminal.data(plan.to_mermaid())
    elif args.format == "shell":
        terminal.data(plan.to_shell())
    else:
        terminal.say(plan.explain(verbose=args.verbose).rstrip("\n"))
    return DONE
