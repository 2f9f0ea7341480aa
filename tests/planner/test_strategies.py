"""Strategies: what each value of each of them makes of a job, and what is said of one that there is not."""

from __future__ import annotations

import pytest

from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.strategies import STRATEGIES
from mediapipeline.testing import clip_info
from planning import job, op, plan, problems

CLIPS = {"in.mp4": clip_info(duration="60s", audio=2, subtitles=["dvd_subtitle"])}
MIRROR = job(op("hflip", "in", "mirror"), outputs={"mirror": "out.mkv"})


def how(document, **strategies):
    made = plan(document, CLIPS, strategies=strategies)
    return [(stream.kind, stream.encoder is None) for stream in made.outputs[0].streams]


def test_copies_are_preferred_unless_something_else_is_said():
    assert how(MIRROR) == how(MIRROR, stream_copy="preferred")
    assert how(MIRROR) == [("video", False), ("audio", True), ("audio", True), ("subtitle", True)]


def test_disabled_copies_only_what_the_job_demands_as_a_copy():
    kept = ("subtitle", True)  # subtitles of pictures cannot be encoded
    assert how(MIRROR, stream_copy="disabled") == [("video", False), ("audio", False), ("audio", False), kept]
    demanded = job(outputs={"in": {"destination": "out.mkv", "codec": {"video": "copy", "audio": "aac"}}})
    assert how(demanded, stream_copy="disabled") == [("video", True), ("audio", False), ("audio", False), kept]
    reasons = {s.reason for s in plan(MIRROR, CLIPS, strategies={"stream_copy": "disabled"}).outputs[0].streams}
    assert "not copied: copying is switched off" in reasons


def test_required_is_a_problem_at_every_stream_that_has_to_be_encoded():
    document = job(
        op("hflip", "in", "mirror"),
        op("trim", "in", "part", start="1s"),
        outputs={"mirror": "out.mkv", "part": "part.mkv", "in": "whole.mkv"},
    )
    found = problems(document, CLIPS, strategies={"stream_copy": "required"})
    assert {p.code for p in found} == {"cannot-copy"}
    assert [(p.path, p.message.partition(", and ")[2]) for p in found] == [
        ("/outputs/0/codec/video", "video has to be encoded: changed by hflip"),
        ("/outputs/1/codec/video", "video has to be encoded: cut at an exact time (trim)"),
        ("/outputs/1/codec/audio", "audio 1 has to be encoded: cut at an exact time (trim)"),
        ("/outputs/1/codec/audio", "audio 2 has to be encoded: cut at an exact time (trim)"),
    ]


def test_required_is_content_with_copies():
    document = job(
        op("trim", "in", "part", start="1s", accuracy="keyframe"), outputs={"part": "part.mp4", "in": "whole.mkv"}
    )
    assert all(copied for _, copied in how(document, stream_copy="required"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stream-coppy": "required"}, "there is no strategy 'stream-coppy'; did you mean 'stream_copy'?"),
        ({"zzz": "required"}, f"there is no strategy 'zzz'; there are: {', '.join(STRATEGIES)}"),
        ({"stream_copy": "always"}, "strategy stream_copy is one of disabled, preferred, required, not 'always'"),
        ({"hardware": "preferred"}, "there is no strategy 'hardware'"),
    ],
)
def test_what_there_is_not_is_refused(given, said):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared as a whole
        Planner(strategies=given)
    assert said in str(refused.value)


def test_strategies_name_rules_that_there_are():
    known = {rule.__name__ for rule in RULES}
    for name, strategy in STRATEGIES.items():
        assert strategy.name == name
        assert strategy.rules <= known
        assert strategy.summary
