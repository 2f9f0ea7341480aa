"""What depends on a measurement: worked out, chosen, filled in, and written as JSON."""

from __future__ import annotations

import json
import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.ffmpeg.command import Command, InputFile, OutputFile
from mediapipeline.ffmpeg.filtergraph import Chain, Expr, File, Filter, FilterGraph, InputStream, Label
from mediapipeline.media.values import from_dict, to_dict
from mediapipeline.steps import Case, FFmpegStep, Late, LateChain, LateFilter, Measurement
from mediapipeline.steps.late import fill, filters_in, placeholder

LOUDNESS = Measurement(reading="summary", fields={"integrated": "Integrated loudness/I", "peak": "True peak/Peak"})

numbers = st.floats(-1000, 1000).map(lambda value: round(value, 3))


@given(a=numbers, b=numbers, x=numbers, y=numbers)
def test_late_numbers_are_worked_out_like_numbers(a, b, x, y):
    values = {"x": x, "y": y}
    one, other = Late.of("x"), Late.of("y")
    assert (a - one).value(values) == pytest.approx(a - x)
    assert (one + other - b).value(values) == pytest.approx(x + y - b, abs=1e-6)
    assert (a + -(one - other)).value(values) == pytest.approx(a - (x - y), abs=1e-6)
    assert (one - one).terms == ()
    assert float((a - one).text(values)) == pytest.approx(a - x, abs=1e-6)
    assert min(a, b) <= float(one.within(min(a, b), max(a, b)).text(values)) <= max(a, b)


def test_what_is_not_finite_needs_bounds():
    values = {"peak": -math.inf}
    assert Late.of("peak").within(-99, 99).text(values) == "-99"
    with pytest.raises(ValueError, match="-inf is no value"):
        Late.of("peak").text(values)


def test_late_filters():
    part = LateFilter.of("volume", volume=(-16 - Late.of("integrated")).measured_in("dB"), precision="float")
    assert part.resolved({"integrated": -23.45}, "op1") == Filter(
        "volume", (("volume", Expr("7.45dB")), ("precision", "float")), "op1"
    )
    assert str(part) == "volume=precision=float:volume={-16 - integrated dB}"
    with pytest.raises(ValueError, match="takes no file"):
        LateFilter.of("subtitles", filename=File("work:a.srt"))
    with pytest.raises(ValueError, match="not the name of a filter"):
        LateFilter.of("a,b")


CASES = (
    Case(name="silent", when=(Late.of("integrated").at_most(-70),)),
    Case(
        name="quiet",
        when=((Late.of("peak") - Late.of("integrated")).at_most(14.5), Late.of("integrated").at_most(-20, "quiet")),
        filters=(LateFilter.of("volume", volume=-Late.of("integrated")),),
    ),
    Case(name="else", filters=(LateFilter.of("loudnorm", I=-16, TP=-1.5), LateFilter.of("anull"))),
)
PLACE = LateChain(id="late0", measure="m0", cases=CASES, idle="anull", instance="op2")


@pytest.mark.parametrize(
    ("integrated", "peak", "name", "filters"),
    [
        (-70, -math.inf, "silent", "anull"),
        (-25, -12, "quiet", "volume@op2=volume=25"),
        (-25, -5, "else", "loudnorm@op2=I=-16:TP=-1.5,anull@op2"),
        (-15, -15, "else", "loudnorm@op2=I=-16:TP=-1.5,anull@op2"),
    ],
)
def test_the_first_case_that_holds_is_taken(integrated, peak, name, filters):
    case, found = PLACE.resolve({"integrated": integrated, "peak": peak})
    assert (case.name, ",".join(map(str, found))) == (name, filters)


def command(*filters: Filter) -> Command:
    chain = Chain((InputStream(0, 0),), filters, (Label("n1"),))
    return Command(
        inputs=(InputFile(file="source:in", demuxers=("wav",)),),
        graph=FilterGraph((chain,)),
        outputs=(OutputFile(file="final:out", muxer="wav", maps=(Label("n1"),)),),
    )


def test_a_command_is_filled_in_its_place():
    before = command(Filter("hflip"), placeholder("late0"), Filter("vflip"))
    after, taken = fill(before, [PLACE], {"m0": {"integrated": -25, "peak": -5}})
    assert str(after.graph) == "[0:0]hflip,loudnorm@op2=I=-16:TP=-1.5,anull@op2,vflip[n1]"
    assert taken == {"late0": "else"}
    assert fill(before, [], {}) == (before, {})


def test_the_filters_of_a_command_are_those_of_every_case():
    place = attrs.evolve(PLACE, cases=(CASES[1], CASES[2]))
    before = command(Filter("hflip"), placeholder("late0"), Filter("vflip"))
    assert filters_in(before, [place]) == {"hflip", "volume", "loudnorm", "anull", "vflip"}
    assert filters_in(before, [attrs.evolve(place, cases=CASES[::2], idle="acopy")]) - {"hflip", "vflip"} == {
        "acopy", "loudnorm", "anull",
    }  # fmt: skip
    copied = OutputFile(file="final:out", muxer="wav", maps=(InputStream(0, 0),))
    assert filters_in(attrs.evolve(before, graph=None, outputs=(copied,)), []) == frozenset()


def test_a_case_says_when_it_is_taken_and_what_is_done():
    silent, quiet, _ = map(str, CASES)
    assert silent == "silent where integrated ≤ -70: left as it is"
    assert quiet == "quiet where peak - integrated ≤ 14.5 and quiet: volume=volume={-integrated}"
    twice = Case(name="a", when=(Late.of("b").at_most(1, "it is low"), Late.of("c").at_most(2, "it is low")))
    assert str(twice) == "a where it is low: left as it is"
    assert twice.told() == "a, where it is low: left as it is"
    assert Case(name="b", filters=CASES[1].filters, text="made louder").told() == "b: made louder"


def test_nothing_is_filled_without_a_measurement():
    with pytest.raises(ValueError, match="nothing has been measured as m0"):
        fill(command(placeholder("late0")), [PLACE], {"m1": {}})


def test_json_form():
    step = FFmpegStep(
        id="a", title="a", command=command(placeholder("late0")), measures={"m0": LOUDNESS}, late=(PLACE,)
    )
    data = json.loads(json.dumps(to_dict(step), allow_nan=False))
    assert from_dict(FFmpegStep, data) == step
    assert to_dict(from_dict(FFmpegStep, data)) == data
