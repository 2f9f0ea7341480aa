"""What a check found, and how it is told: what is wrong, the job that shows it, and how to see it again."""

from __future__ import annotations

import json
import os
import re
import shlex
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.errors import FFmpegFailedError, MediaPipelineError, OutputError
from mediapipeline.testing.contract.thin import THIN
from mediapipeline.testing.contract.trial import Trial

__all__ = ["Finding", "told"]

_WIDE = 160
_POINTER = 110
_SHOWN = 5


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
        outputs: Which outputs of it do; all where there are none.
        rules: The optimiser's rules that it is to be run with: ``all`` or ``none``.
        hint: What to do about it.
        error: What was raised, where that is all that was found.
    """

    text: str
    clip: str | None = None
    case: Mapping[str, Any] | None = None
    inferred: str | None = None
    probed: str | None = None
    folder: Path | None = None
    outputs: tuple[str, ...] = ()
    rules: str = "none"
    hint: str | None = None
    error: MediaPipelineError | None = None

    @property
    def kind(self) -> str:
        """What findings have in common that have one cause: what is said, without names and numbers."""
        if isinstance(self.error, OutputError) or "infer() says" in str(self.error):
            return type(self.error).__name__
        text = f"{self.text} {self.inferred or ''}" if self.error is None else str(self.error)
        if isinstance(self.error, FFmpegFailedError):
            text = self.error.cause or text
        return re.sub(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\S*\d\S*""", "…", text.partition("\n")[0])

    @property
    def short(self) -> str:
        """The text on one line."""
        text = self.text.partition("\n")[0]
        if self.inferred is not None:
            text += f" ({self.inferred}; probed: {self.probed})"
        return textwrap.shorten(text, _WIDE, placeholder=" …")


def told(trial: Trial, check: str, findings: Sequence[Finding], before: Sequence[Finding] = ()) -> str:
    """What is said of a check that failed.

    Args:
        trial: The operator on trial.
        check: What it is about.
        findings: What was found.
        before: What was found of the first clip alone: what is of that kind is only pointed at.
    """
    name = trial.operator.definition.name
    lines = [f"operator {name!r} breaks the contract: {check}"]
    known = {finding.kind for finding in before}
    node = re.sub(r" [(][a-z]+[)]$", "", os.environ.get("PYTEST_CURRENT_TEST", ""))
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    for kind, (first, *others) in kinds.items():
        if kind in known:
            what = textwrap.shorten(first.short, _POINTER, placeholder=" …")
            lines += ["", f"* see test_inferred_is_probed[{trial.first}] first, which fails alike: {what}"]
            continue
        likewise = list(dict.fromkeys(other.short for other in others if other.text != first.text))
        lines += ["", f"* {first.text}", *_details(trial, first)]
        lines += [f"    likewise  {text}" for text in likewise[:_SHOWN]]
        if len(likewise) > _SHOWN:
            lines.append(f"    likewise  {len(likewise) - _SHOWN} more")
    if node and known >= kinds.keys():
        node = re.sub(r"::test_\w+(\[.*\])?$", f"::test_inferred_is_probed[{trial.first}]", node)
        lines += ["", f"first: pytest {shlex.quote(node)}"]
    elif node:
        lines += ["", f"again: pytest {shlex.quote(node)}"]
    return "\n".join(lines)


def _details(trial: Trial, finding: Finding) -> Iterator[str]:
    if finding.clip is not None:
        yield f"    clip      {finding.clip}"
    if finding.case is not None:
        yield f"    case      {json.dumps(finding.case, ensure_ascii=False)}"
    if finding.inferred is not None:
        yield f"    inferred  {finding.inferred}"
    if finding.probed is not None:
        yield f"    probed    {finding.probed}"
    if finding.hint is not None:
        yield f"    do        {finding.hint}"
    job = None if finding.folder is None else finding.folder / "job.json"
    if job is None or not job.is_file():
        return
    trial.keep()  # what is pointed at has to stay
    document = json.loads(job.read_text(encoding="utf-8"))
    if finding.outputs:
        document = _only(document, finding.outputs)
        job = job.with_name(f"job-{finding.outputs[0]}.json")
        job.write_text(json.dumps(document, indent=1), encoding="utf-8")
    yield f"    job       {json.dumps(document, ensure_ascii=False)}"
    if any(operation["op"] == THIN for operation in document["operations"]):
        return  # nobody else has that operator
    rules = "" if finding.rules == "all" else f" --rules {finding.rules}"
    where = f"--base-dir {trial.folder} --ffmpeg {trial.engine.binaries.ffmpeg}"
    yield f"    by hand   mediapipeline run --overwrite {where}{rules} {job}   (where the operator is installed)"


def _only(document: dict[str, Any], outputs: Collection[str]) -> dict[str, Any]:
    """The job that gives only some of its outputs."""
    written = [output for output in document["outputs"] if output["id"] in outputs]
    needed = {output.get("input", output["id"]) for output in written}
    operations: list[dict[str, Any]] = []
    for operation in reversed(document["operations"]):
        made = operation.get("outputs", {"": operation.get("output")})
        if needed & set(made.values()):
            operations.insert(0, operation)
            taken = operation.get("inputs", [operation.get("input")])
            needed |= set(taken.values() if isinstance(taken, dict) else taken)
    inputs = [source for source in document["inputs"] if source["id"] in needed]
    return {"inputs": inputs, "operations": operations, "outputs": written}
