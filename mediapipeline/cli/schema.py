"""``mediapipeline schema``: the JSON Schema of job documents, with everything that is installed."""

from __future__ import annotations

import argparse
import json

from mediapipeline.cli.exits import DONE
from mediapipeline.cli.terminal import Terminal

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
Print the JSON Schema (draft 2020-12) of job documents, with the parameters of
every operator that is installed. Editors that know it complete and check jobs
as they are written:

  mediapipeline schema > job.schema.json

and, as the first line of a job: "$schema": "./job.schema.json"."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def execute(_: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    from mediapipeline.graph.schema import job_schema
    from mediapipeline.operators.registry import default_registry

    registry = default_registry()
    terminal.data(json.dumps(job_schema(registry), indent=2, ensure_ascii=False) + "\n")
    for fault in registry.errors:
        terminal.note(f"left out: {fault}")
    return DONE
