"""What fails is told so that it can be seen again."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kit.bug import verdict
from kit.bugs_foreseen import FORESEEN
from kit.bugs_sought import SOUGHT
from mediapipeline import JobSpec


def _told(said: str, what: str) -> list[str]:
    return re.findall(rf"^    {what} +(.+)$", said, re.MULTILINE)


def test_it_says_what_was_inferred_and_probed_and_gives_the_job() -> None:
    bug = FORESEEN["OneFrameLess"]
    said = verdict(bug.contract(), bug.check)
    assert (_told(said, "inferred"), _told(said, "probed")) == (["10 frames (0.4 s)"], ["9 frames"])
    (job,) = _told(said, "job")
    document = JobSpec.from_json(job)
    (command,) = _told(said, "by hand")
    (file,) = re.findall(r"\S+[.]json", command)
    assert JobSpec.from_json(Path(file).read_bytes()) == document
    assert re.search(r"again: pytest '?tests/kit/test_findings.py::test_it_says", said)


def test_the_job_holds_nothing_but_what_shows_it() -> None:
    bug = SOUGHT["EarlyNoop"]
    said = verdict(bug.contract(), bug.check)
    for job in map(json.loads, _told(said, "job")):
        assert [len(job[part]) for part in ("inputs", "operations", "outputs")] == [1, 1, 1]
