"""What a check found, and how it is told: what is wrong, the job that shows it, and how to see it again."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.testing.contract.trial import Trial

__all__ = ["Finding", "told"]


@attrs.frozen(kw_only=True)
class Finding:
    """One way in which an operator breaks the contract.

    Attributes:
        text: What is wrong, in a sentence or two.
        clip: Name of the clip that shows it.
        case: The parameters that show it.
        inferred: What `Operator.infer` said, where something else came out.
        probed: What came out.
        folder: Where ``job.json`` lies, the job that shows it.
        rules: The optimiser's rules that it is to be run with: ``all`` or ``none``.
        hint: What to do about it.
    """

    text: str
    clip: str | None = None
    case: Mapping[str, Any] | None = None
    inferred: str | None = None
    probed: str | None = None
    folder: Path | None = None
    rules: str = "none"
    hint: str | None = None


def told(trial: Trial, check: str, findings: list[Finding]) -> str:
    """What is said of a check that failed."""
    name = trial.operator.definition.name
    return "\n".join([f"operator {name!r} breaks the contract: {check}", *(_one(trial, each) for each in findings)])


def _one(trial: Trial, finding: Finding) -> str:
    lines = ["", f"* {finding.text}"]
    if finding.clip is not None:
        lines.append(f"    clip      {finding.clip}")
    if finding.case is not None:
        lines.append(f"    case      {json.dumps(finding.case, ensure_ascii=False)}")
    if finding.inferred is not None:
        lines.append(f"    inferred  {finding.inferred}")
    if finding.probed is not None:
        lines.append(f"    probed    {finding.probed}")
    if finding.hint is not None:
        lines.append(f"    do        {finding.hint}")
    job = None if finding.folder is None else finding.folder / "job.json"
    if job is not None and job.is_file():
        trial.keep()  # what is pointed at has to stay
        lines.append(f"    job       {json.dumps(json.loads(job.read_text(encoding='utf-8')), ensure_ascii=False)}")
    if node := os.environ.get("PYTEST_CURRENT_TEST"):
        lines.append(f"    again     pytest {shlex.quote(re.sub(r' [(][a-z]+[)]$', '', node))}")
    if job is not None and job.is_file():
        rules = "" if finding.rules == "all" else f" --rules {finding.rules}"
        ffmpeg = trial.engine.binaries.ffmpeg
        words = f"mediapipeline run --overwrite --base-dir {trial.folder} --ffmpeg {ffmpeg}{rules} {job}"
        lines.append(f"    by hand   {words}   (where the operator is installed)")
    return "\n".join(lines)
