"""Declaring an operator: what is taken, and that what is not sound is refused with everything that is wrong."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

import pytest

from mediapipeline.errors import PluginContractError, SpecError
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import (
    AUDIO,
    AV,
    IMAGE,
    POINTWISE,
    TEXT,
    VIDEO,
    Category,
    Clip,
    Facts,
    Kind,
    Lowering,
    Operator,
    Port,
    many,
    operator,
)
from mediapipeline.operators.registry import Registry
from mediapipeline.params import Param
from mediapipeline.testing import clip_info


@operator("acme.glow", category=Category.PICTURE, traits=POINTWISE, requires=["filter:gblur"])
class Glow(Operator):
    """Let it glow.

    Much.

        Even more.
    """

    amount: Annotated[float, Param("How much", ge=0, le=1)] = 0.5

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "gblur", sigma=self.amount)


def test_what_a_declaration_says():
    made = Glow.definition
    assert (made.name, made.category, made.traits, made.requires) == (
        "acme.glow", Category.PICTURE, POINTWISE, ("filter:gblur",),
    )  # fmt: skip
    assert made.inputs == {"clip": Port(AV)}
    assert made.outputs == ("clip",)
    assert made.summary == "Let it glow."
    assert made.description == "Much.\n\n    Even more."
    assert (made.version, made.api_version) == ("1", 1)


def test_operators_are_values():
    assert Glow(amount=0.25) == Glow(amount=0.25) != Glow()
    assert hash(Glow()) == hash(Glow())
    with pytest.raises(AttributeError):
        Glow().amount = 1  # type: ignore[misc]  # that it is read-only is what is tested
    with pytest.raises(SpecError, match="/amount"):
        Glow(amount=2)


def test_defaults_of_the_contract():
    facts = Facts({"clip": [clip_info()]})
    glow = Glow()
    assert list(glow.check(facts)) == []
    assert glow.infer(facts) == clip_info()
    assert glow.is_noop(facts) is False
    assert glow.estimate(facts) is None


def lower(self: Operator, work: Lowering) -> Clip:
    return work.clip


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({}, {"name": "Acme.Glow"}, "name 'Acme.Glow' is not of the form"),
        ({}, {"name": "a.b.c"}, "name 'a.b.c'"),
        ({"__doc__": None}, {}, "no docstring"),
        ({"__doc__": "  \n "}, {}, "no docstring"),
        ({"__annotations__": {"check": bool}}, {}, "may not be called check"),
        ({"lower": Operator.lower}, {}, "does not implement lower()"),
        ({}, {"inputs": {}}, "no inputs"),
        ({}, {"inputs": {"clips": many(AV, 3, 2)}}, "'clips' takes 3 to 2 clips"),
        ({}, {"inputs": {"clips": many(AV, 0, 2)}}, "'clips' takes 0 to 2 clips"),
        ({}, {"inputs": {"clip": Kind(0)}}, "'clip' takes no kind"),
        ({}, {"outputs": ()}, "outputs=()"),
        ({}, {"outputs": "clip"}, "outputs='clip'"),
        ({}, {"outputs": ("a", "a")}, "outputs=('a', 'a')"),
        ({}, {"requires": ["gblur"]}, "requires gblur"),
        ({}, {"requires": ["filter:"]}, "requires filter:"),
    ],
)
def test_what_is_not_sound_is_refused(fields, options, said):
    cls = type("Odd", (Operator,), {"__doc__": "Odd.", "lower": lower, **fields})
    given = {"name": "acme.odd", "category": Category.PICTURE, **options}
    with pytest.raises(PluginContractError) as raised:
        operator(given.pop("name"), **given)(cls)
    assert said in str(raised.value)
    assert "Odd" in str(raised.value)


def test_everything_that_is_wrong_is_said_at_once():
    cls = type("Odd", (Operator,), {})
    with pytest.raises(PluginContractError) as raised:
        operator("Odd", category=Category.PICTURE, requires=["x"])(cls)
    assert str(raised.value).count(";") == 3


@pytest.mark.parametrize("thing", [object, 5, lambda: None])
def test_only_operators_are_declared(thing):
    with pytest.raises(PluginContractError, match="is not a subclass"):
        operator("acme.odd", category=Category.PICTURE)(thing)


@pytest.mark.parametrize(
    ("info", "kinds"),
    [
        (clip_info(), VIDEO | AUDIO),
        (clip_info(still=True), IMAGE),
        (clip_info(size=None), AUDIO),
        (clip_info(subtitles=["subrip"], audio=0), VIDEO | TEXT),
        (clip_info(size=None, cover=True), AUDIO),
        (MediaInfo(), Kind(0)),
    ],
)
def test_kinds_of_clips(info, kinds):
    assert Kind.of(info) == kinds


def test_names_of_kinds():
    assert (VIDEO | IMAGE).names() == "video or image"
    assert Kind(0).names() == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"category": "picture"}, "category='picture' is no Category"),
        ({"traits": "pointwise"}, "traits='pointwise' is no Traits"),
        ({"inputs": "audio"}, "input 'clip' is 'audio', neither a kind of clip nor many"),
        ({"inputs": {"a": VIDEO, "b": 5}}, "input 'b' is 5"),
    ],
)
def test_what_types_alone_do_not_stop_is_told(said, told):
    with pytest.raises(PluginContractError, match=re.escape(told)):

        @operator("acme.odd", **{"category": Category.PICTURE, **said})
        class Odd(Operator):
            """Be odd."""

            def lower(self, work: Lowering) -> Clip:
                return work.clip


def test_what_is_not_declared_is_not_registered():
    class Undeclared(Operator):
        """Stand there without a declaration."""

    with pytest.raises(PluginContractError, match=r"is no operator: @operator"):
        Registry().register(Undeclared)


def test_facts_of_sound_with_another_length():
    sound = Facts({"clip": [clip_info(duration="2s", size=None, audio=2)]})
    assert sound.with_audio(duration=Fraction(3)).duration == 3
    assert sound.with_audio(duration=None).duration is None
    assert [track.sample_rate for track in sound.with_audio(sample_rate=8000).audio] == [8000, 8000]
    both = Facts({"clip": [clip_info(duration="2s")]})
    assert both.with_audio(duration=Fraction(3)).duration == 2
