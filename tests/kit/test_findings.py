"""What fails is told so that it can be seen again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from kit.bug import packaged_ffmpeg, verdict
from kit.bugs_foreseen import FORESEEN
from kit.bugs_sought import SOUGHT
from mediapipeline import JobSpec
from mediapipeline.media import MediaInfo
from mediapipeline.operators import VIDEO, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param
from mediapipeline.testing import OperatorContract


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


def _wrong(name: str) -> type[OperatorContract]:
    return FORESEEN[name].contract()


@pytest.mark.parametrize(
    ("name", "do"),
    [
        ("WrongSize", "let infer() give the size that comes out: facts.with_video(width=…, height=…)"),
        ("ForgottenAudio", "let both give the same streams"),
        ("RebasedSound", "let infer() give the length that comes out"),
        ("NeedsTime", "no frame came out"),
        ("NeedsAudio", "it has to answer for every clip that its ports take"),
    ],
)
def test_a_job_that_fails_says_what_to_do(name: str, do: str) -> None:
    (said,) = _told(verdict(_wrong(name), FORESEEN[name].check), "do")
    assert said.startswith(do)


def test_an_output_that_is_not_what_was_planned_is_told_as_inferred_and_probed() -> None:
    said = verdict(_wrong("WrongSize"), "inferred_is_probed[plain]")
    assert _told(said, "inferred") == ["stream 0 (video): 64x48"]
    assert _told(said, "probed") == ["stream 0 (video): 32x24"]


@pytest.mark.parametrize(
    ("options", "do"),
    [
        ({"sigma": 2000}, "limit the parameter that becomes sigma to"),
        ({"sgima": 1}, "`ffmpeg -h filter=gblur` lists its options"),
        ({"sigma": "much"}, "`ffmpeg -h filter=gblur` lists its options"),
    ],
)
def test_what_ffmpeg_refuses_says_what_to_do(options: dict[str, Any], do: str) -> None:
    @operator("bench.refused", category=Category.PICTURE, inputs=VIDEO)
    class Refused(Operator):
        """Blur the picture, as FFmpeg will not."""

        def lower(self, work: Lowering) -> Clip:
            return work.video(work.clip, "gblur", **options)

    contract = type("TestOfRefused", (OperatorContract,), {"operator": Refused, "ffmpeg": packaged_ffmpeg()})
    (said,) = _told(verdict(contract, "inferred_is_probed[plain]"), "do")
    assert said.startswith(do)


@pytest.mark.parametrize("check", ["inferred_is_probed[tracks]", "used_twice", "traits", "answers_for_the_unknown"])
def test_one_cause_is_told_once_and_pointed_at_elsewhere(check: str) -> None:
    said = verdict(_wrong("ForgottenAudio"), check)
    (finding,) = re.findall("^[*] (.+)$", said, re.MULTILINE)
    assert finding.startswith("see test_inferred_is_probed[plain] first, which fails alike: ")
    assert re.search(r"^first: pytest \S+test_inferred_is_probed\[plain\]", said, re.MULTILINE)
    assert not _told(said, "job")


def _lower_none(self: Operator, work: Lowering) -> Clip | None:
    work.video(work.clip, "hflip")
    return None


def _lower_slip(self: Operator, work: Lowering) -> Clip:
    return work.vidoe(work.clip, "hflip")  # type: ignore[attr-defined]  # the slip


def _infer_slip(self: Operator, facts: Facts) -> MediaInfo:
    return facts.with_video(widht=3)


def _misspelt(self: Operator, work: Lowering) -> Clip:
    return work.video(work.clip, "hfilp")


@pytest.mark.parametrize(
    ("methods", "do"),
    [
        ({"lower": _lower_none}, "return the result"),
        ({"lower": _lower_slip}, f"see test_findings.py, line {_lower_slip.__code__.co_firstlineno + 1}"),
        ({"infer": _infer_slip}, f"see test_findings.py, line {_infer_slip.__code__.co_firstlineno + 1}"),
        ({"lower": _misspelt}, "see `ffmpeg -filters`"),
    ],
)
def test_slips_are_told_with_what_to_do(methods: dict[str, Any], do: str) -> None:
    body = {"__doc__": "Mirror the picture.", "lower": lambda self, work: work.clip, **methods}
    made = operator("bench.slip", category=Category.PICTURE, inputs=VIDEO)(type("Slip", (Operator,), body))
    contract = type("TestOfSlip", (OperatorContract,), {"operator": made, "ffmpeg": packaged_ffmpeg()})
    (said,) = _told(verdict(contract, "inferred_is_probed[plain]"), "do")
    assert said.startswith(do)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "does not say which operator it is about"),
        ({"operator": None, "cases": {"angle": 1}}, "cases = [{'angle': 1}]"),
        ({"operator": None, "invalid": {"angle": 1}}, "invalid = [{'angle': 1}]"),
    ],
)
def test_a_contract_that_is_written_wrongly_says_how_it_is_written(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        type("TestOfNothing", (OperatorContract,), fields)().test_documented()


def test_nothing_is_said_of_parameters_where_nothing_can_be_run() -> None:
    @operator("bench.half", category=Category.PICTURE, inputs=VIDEO)
    class Half(Operator):
        """Halve the picture, by any filter, and say nothing of it."""

        flags: Annotated[Literal["area", "lanczos"], Param("The filter")] = "area"

        def lower(self, work: Lowering) -> Clip:
            return work.video(work.clip, "scale", w=32, h=24, flags=self.flags)

    said = verdict(
        type("TestOfHalf", (OperatorContract,), {"operator": Half, "ffmpeg": packaged_ffmpeg()}),
        "every_parameter_counts",
    )
    assert "see test_inferred_is_probed[plain] first" in said
    assert "flags" not in said


def test_what_is_found_over_and_over_is_told_in_full_once() -> None:
    said = verdict(_wrong("NeedsFacts"), "answers_for_the_unknown")
    assert len(_told(said, "case")) == 1
