"""Facts on every edge, and operators that are held to what they say."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from mediapipeline.errors import PluginContractError, Problem
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import AUDIO, VIDEO, Category, Clip, Facts, Lowering, Operator, Registry, operator
from mediapipeline.testing import Capabilities, clip_info
from planning import job, op, picture, planner, problems


def declared(**methods: Any) -> type[Operator]:
    """An operator that does nothing but what *methods* say."""

    def lower(self: Operator, work: Lowering) -> Clip:
        return work.clip

    cls = type("Odd", (Operator,), {"__doc__": "Odd.", "__module__": "acme.odd", "lower": lower, **methods})
    return operator("acme.odd", category=Category.PICTURE, inputs={"clip": VIDEO | AUDIO})(cls)


def run(cls: type[Operator], **options: Any) -> Any:
    document = job(op("acme.odd", "in", "odd"), outputs={"odd": "odd.mp4"})
    return planner(registry=Registry([cls]), **options).plan(document)


def test_an_operator_that_does_nothing():
    made = run(declared())
    assert [stream.encoder for stream in made.output("odd").streams] == [None, None]


def broken(*_: Any) -> Any:
    raise KeyError("nothing")


@pytest.mark.parametrize("method", ["check", "infer", "is_noop", "lower"])
def test_a_method_that_raises_is_named_with_its_operator(method):
    with pytest.raises(PluginContractError, match=rf"(?s)'acme.odd'.*{method}|{method}.*'acme.odd'") as raised:
        run(declared(**{method: broken}))
    assert "KeyError('nothing')" in str(raised.value)
    assert raised.value.provider == "acme.odd.Odd"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("infer", None),
        ("infer", "1280x720"),
        ("infer", {}),
        ("infer", {"clip": None}),
        ("infer", {"clip": MediaInfo(), "other": MediaInfo()}),
        ("lower", None),
        ("lower", []),
        ("lower", {}),
        ("lower", {"clip": "in"}),
    ],
)
def test_an_answer_of_another_kind_is_refused(method, answer):
    with pytest.raises(PluginContractError, match=r"acme\.odd"):
        run(declared(**{method: lambda self, given: answer}))


@pytest.mark.parametrize(
    ("lower", "said"),
    [
        (lambda self, work: work.clip.with_video(None), r"lower\(\) gives no picture, infer\(\) says 1 picture"),
        (lambda self, work: work.clip.with_audio([]), r"lower\(\) gives no sound track, infer\(\) says 1 sound track"),
    ],
)
def test_lowering_gives_what_is_inferred(lower, said):
    with pytest.raises(PluginContractError, match=said):
        run(declared(lower=lower))


def test_filters_cannot_be_written_wrongly():
    with pytest.raises(PluginContractError, match=r"filter 'crop,hflip' at /operations/0"):
        run(declared(lower=lambda self, work: work.video(work.clip, "crop,hflip")))


def test_text_cannot_end_its_option():
    hostile = "a'b:c,d;e[f]\\g%{h}"
    made = run(declared(lower=lambda self, work: work.video(work.clip, "drawtext", text=hostile)))
    (filters,) = [chain.filters for chain in made.steps[0].command.graph.chains]
    assert [part.name for part in filters] == ["drawtext", "format"]
    assert dict(filters[0].options)["text"] == hostile


def test_problems_of_a_check_are_placed_below_the_parameters():
    def check(self: Operator, facts: Facts) -> list[Problem]:
        return [Problem("/size", "too-large", "too large", "smaller"), Problem("", "odd", "odd", "even")]

    found = problems(
        job(op("acme.odd", "in", "odd"), outputs={"odd": "odd.mp4"}), registry=Registry([declared(check=check)])
    )
    assert [(p.path, p.code, p.kind) for p in found] == [
        ("/operations/0/params/size", "too-large", "planning"),
        ("/operations/0", "odd", "planning"),
    ]


def test_inferred_facts_reach_the_plan():
    def infer(self: Operator, facts: Facts) -> MediaInfo:
        assert list(facts) == ["clip"]
        assert facts["clip"] is facts.clip is facts.all("clip")[0]
        return attrs.evolve(facts.clip, video=attrs.evolve(picture(facts.clip), width=100, height=50))

    made = run(declared(infer=infer, lower=lambda self, work: work.video(work.clip, "crop", w=100, h=50)))
    video = picture(made.output("odd").media)
    assert (video.width, video.height) == (100, 50)
    assert made.output("odd").expectation.streams[0].width == 100


def test_a_noop_is_left_out():
    methods = {"is_noop": lambda self, facts: True, "lower": lambda self, work: work.video(work.clip, "hflip")}
    made = run(declared(**methods))
    assert made.steps[0].command.graph is None
    assert "filter:hflip" not in made.requires
    plain = run(declared(**methods), rules=())
    assert plain.steps[0].command.graph is not None


def test_features_that_are_missing_are_named_along_with_the_rest():
    cls = declared(check=lambda self, facts: [Problem("/x", "wrong", "wrong", "right")])
    cls.definition = attrs.evolve(cls.definition, requires=("filter:sparkle",))
    found = problems(job(op("acme.odd", "in", "odd"), outputs={"odd": "odd.mp4"}), registry=Registry([cls]))
    assert [p.code for p in found] == ["missing-feature", "wrong"]
    assert "filter:sparkle" in found[0].message
    assert Capabilities.assume("5.1").version_text in found[0].message


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (clip_info(size=None, audio=0, subtitles=["subrip"]), "holds text"),
        (clip_info(still=True), "holds image"),
        (clip_info(size=None, audio=0, data=1), "holds nothing that can be used"),
    ],
)
def test_media_that_do_not_suit(clip, said):
    document = job(op("acme.odd", "in", "odd"), outputs={"odd": "odd.mp4"})
    (found,) = problems(document, {"in.mp4": clip}, registry=Registry([declared()]))
    assert (found.path, found.code) == ("/operations/0", "wrong-media")
    assert said in found.message
