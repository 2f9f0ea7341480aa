from __future__ import annotations

import re
from typing import Annotated

import pytest

from mediapipeline.errors import PluginContractError, Problems, SpecError
from mediapipeline.media import Duration, Timecode
from mediapipeline.params import Param, at_most_one_of, define, exactly_one_of, rule, structure, unstructure


def _later(cut: Cut) -> str | None:
    if cut.end is None or cut.end.seconds is None or cut.start.seconds is None:
        return None
    return None if cut.end.seconds > cut.start.seconds else "end must lie behind start"


@define(rules=[exactly_one_of("end", "duration"), rule(_later, "end", hint="swap them")])
class Cut:
    start: Timecode = Timecode("0")
    end: Timecode | None = None
    duration: Duration | None = None


@define(rules=[at_most_one_of("gain_db", "factor", "mute")])
class Volume:
    gain_db: Annotated[float, Param("Gain, dB", ge=-60, le=60)] = 0
    factor: float | None = None
    mute: bool = False


def _problems(cls, data):
    problems = Problems()
    found = structure(cls, data, path="/p", problems=problems)
    assert (found is None) == bool(len(problems))
    if found is not None:
        assert structure(cls, unstructure(found), path="/p", problems=problems) == found
    return [(p.path, p.code) for p in problems]


@pytest.mark.parametrize(
    ("cls", "data", "found"),
    [
        (Cut, {"end": 5}, []),
        (Cut, {"duration": 5}, []),
        (Cut, {"end": None, "duration": 5}, []),
        (Cut, {}, [("/p", "missing-parameter")]),
        (Cut, {"end": None}, [("/p", "missing-parameter")]),
        (Cut, {"end": 5, "duration": 5}, [("/p", "exclusive-parameters")]),
        # what is wrong was given all the same
        (Cut, {"end": "x"}, [("/p/end", "bad-timecode")]),
        (Cut, {"end": "x", "duration": 5}, [("/p/end", "bad-timecode"), ("/p", "exclusive-parameters")]),
        (Cut, {"start": 5, "end": 5}, [("/p/end", "rule-violated")]),
        (Cut, {"start": 5, "end": "00:00:01:00"}, []),
        (Cut, {"start": "x", "end": 5}, [("/p/start", "bad-timecode")]),
        (Volume, {}, []),
        (Volume, {"gain_db": 3}, []),
        (Volume, {"gain_db": 0, "factor": 2}, []),
        (Volume, {"factor": 2, "mute": False}, []),
        (Volume, {"gain_db": 3, "factor": 2}, [("/p", "exclusive-parameters")]),
        (Volume, {"gain_db": 99, "mute": True}, [("/p/gain_db", "out-of-range"), ("/p", "exclusive-parameters")]),
    ],
)
def test_rules(cls, data, found):
    assert _problems(cls, data) == found


def test_the_messages_name_the_parameters():
    problems = Problems()
    structure(Volume, {"gain_db": 3, "factor": 2, "mute": True}, path="", problems=problems)
    assert [p.message for p in problems] == ["gain_db, factor and mute exclude each other"]
    with pytest.raises(SpecError, match="one of end or duration is needed — give exactly one of end or duration"):
        Cut()
    with pytest.raises(SpecError, match="/end: end must lie behind start — swap them"):
        Cut(start=Timecode("5"), end=Timecode("4"))


def test_a_rule_that_fails_is_a_fault_of_the_plugin():
    @define(rules=[rule(lambda it: 1 / it.n)])
    class Bad:
        n: int = 0

    with pytest.raises(PluginContractError, match="a rule of Bad failed with ZeroDivisionError") as caught:
        Bad()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("fields", [(), ("a",), ("a", "a")])
def test_exclusion_needs_two(fields):
    with pytest.raises(PluginContractError, match="needs two of them"):
        exactly_one_of(*fields)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (exactly_one_of("a", "b"), "b: a parameter that excludes others needs the default None"),
        (at_most_one_of("a", "c"), "c: a parameter that excludes others needs a default"),
        (rule(lambda it: None, "d"), "a rule speaks of d, which is no parameter"),
    ],
)
def test_rules_must_fit_the_parameters(made, said):
    with pytest.raises(PluginContractError, match=said):

        @define(rules=[made])
        class Bad:
            a: int | None = None
            b: int = 1
            c: int


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ge": 1, "le": 0}, "x: no value is left by ge=1 and le=0"),
        ({"gt": 1, "le": 1}, "x: no value is left by gt=1 and le=1"),
        ({"ge": 1, "gt": 0}, "x: ge and gt are limits of one side"),
        ({"ge": 1, "lt": 1}, "x: no value is left by ge=1 and lt=1"),
        ({"doc": 5}, "x: its documentation is 5, not a text"),
        ({"unit": 5}, "x: its unit is 5, not a text"),
    ],
)
def test_what_leaves_no_value_is_refused_where_it_is_declared(given, said):
    param = Param(**{"doc": "A number", **given})
    with pytest.raises(PluginContractError, match=re.escape(said)):
        define(type("P", (), {"__annotations__": {"x": Annotated[float | None, param]}, "x": None}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"min_length": 2, "max_length": 1}, "x: no value is left by min_length=2 and max_length=1"),
        ({"max_length": -1}, "x: max_length=-1 is no length"),
    ],
)
def test_a_length_that_nothing_has_is_refused(given, said):
    with pytest.raises(PluginContractError, match=re.escape(said)):
        define(type("P", (), {"__annotations__": {"x": Annotated[str | None, Param("A text", **given)]}, "x": None}))


def test_a_limit_that_leaves_one_value_is_one():
    one = define(type("P", (), {"__annotations__": {"x": Annotated[float, Param("One", ge=1, le=1)]}, "x": 1}))
    assert _problems(one, {"x": 2}) == [("/p/x", "out-of-range")]


@pytest.mark.parametrize(
    ("given", "said"), [({"pattern": "("}, "no regular expression"), ({"examples": "abc"}, "'abc'")]
)
def test_what_cannot_be_a_param_says_so(given, said):
    with pytest.raises(PluginContractError, match=said):
        Param("A text", **given)
