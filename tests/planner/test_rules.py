"""Every rule against its cases, in ``tests/planner/rules``, and against the example in its docstring.

A file of cases is called like its rule. It may begin with facts that the example takes and does not tell; then comes
each case: its title, facts of its inputs as `planner.notation` reads them, and the graph before and after.
"""

from __future__ import annotations

import inspect
import re
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import attrs
import pytest

from mediapipeline.errors import RuleError
from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.optimize import RULES, optimize
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Encode, StreamGraph
from mediapipeline.planner.text import render
from planner import notation


class Case(NamedTuple):
    rule: str
    title: str
    facts: str
    before: str
    after: str


FILES = Path(__file__).with_name("rules")


def blocks(name: str) -> tuple[str, list[str]]:
    """Facts for the example of a rule, and its cases, as text."""
    text = (FILES / f"{name}.plan").read_text(encoding="utf-8")
    facts, *found = re.split(r"^(?=# title: )", text, flags=re.MULTILINE)
    assert "\n---" not in facts, f"a case without a title: {name}"
    return facts, found


def cases() -> list[Case]:
    found = []
    for file in sorted(FILES.glob("*.plan")):
        for block in blocks(file.stem)[1]:
            head, before, after = re.split(r"^--- (?:before|after)\n", block, flags=re.MULTILINE)
            title = head.splitlines()[0].removeprefix("# title: ")
            found.append(Case(file.stem, title, head, before.strip(), after.strip()))
    return found


NAMED = {each.__name__: each for each in RULES}
CASES = cases()


def without_copies(text: str) -> str:
    """What an encoder might have copied is of no more interest after the rules."""
    return re.sub(r"; copy [^)]*", "", text)


def test_every_rule_has_cases_and_every_file_a_rule():
    assert {case.rule for case in CASES} == set(NAMED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_rule(case):
    graph = notation.parse(case.before, notation.facts(case.facts))
    assert render(graph).strip() == case.before, "the fixture is not written as it would be shown"
    done = optimize(graph, [NAMED[case.rule]])
    assert without_copies(render(done.graph).strip()) == without_copies(case.after)
    assert bool(done.trace) == (without_copies(case.before) != without_copies(case.after)), (
        "a rule that changes nothing returns the graph itself"
    )
    assert {name for name, _ in done.trace} <= {case.rule}
    assert all(decision.by == case.rule and decision.text for decision in done.decisions)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_rules_are_idempotent(case):
    graph = notation.parse(case.before, notation.facts(case.facts))
    once = NAMED[case.rule](graph, Notes("once"))
    notes = Notes("again")
    assert NAMED[case.rule](once, notes) is once
    assert notes.decisions == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_the_order_of_rules_does_not_matter(case):
    graph = notation.parse(case.before, notation.facts(case.facts))
    forwards, backwards = optimize(graph, RULES).graph, optimize(graph, RULES[::-1]).graph
    assert without_copies(render(forwards)) == without_copies(render(backwards))


def examples() -> list[tuple[str, str, str]]:
    """What docstrings of rules say: rule, before, after."""
    found = []
    for name, each in NAMED.items():
        text = inspect.getdoc(each) or ""
        for before, after in re.findall(r"^(\S.* → \S+) +becomes +(\S.* → \S+)(?: +where .*)?$", text, re.MULTILINE):
            found.append((name, before, after))
        for before, after in re.findall(r"((?:^.*→.*\n)+)\nbecomes\n\n((?:^.*→.*\n?)+)", text, re.MULTILINE):
            found.append((name, before.strip(), after.strip()))
    return found


def spelled_out(line: str) -> str:
    """An example of one chain, with the encoder that every output has and the codecs that it might copy."""
    if "joined(" in line:
        return line
    encoder = "encode(libx264; copy h264)" if ":video" in line else "encode(aac; copy aac)"
    line = line.replace("encode(libx264)", encoder)
    return line if "encode(" in line or " copy " in line else line.replace(" → out", f" → {encoder} → out")


@pytest.mark.parametrize(("name", "before", "after"), examples(), ids=lambda value: value.split(" ")[0][:20])
def test_examples_in_docstrings(name, before, after):
    facts = blocks(name)[0] or "# in: duration=90s"
    graph = notation.parse(spelled_out(before), notation.facts(facts))
    expected = notation.parse(spelled_out(after), notation.facts(facts))
    rules = [NAMED[name]] if name == "copy_untouched" else [NAMED[name], NAMED["drop_noops"]]
    done = render(optimize(graph, rules).graph)
    if name == "smart_cut":  # its example leaves out how edges are encoded
        done = re.sub(r"encode\(libx264, [^)]*\)", "encode(libx264)", done)
    assert without_copies(done) in (
        without_copies(render(expected)),
        without_copies(render(optimize(expected, [NAMED["drop_noops"]]).graph)),
    )


def test_every_rule_has_an_example():
    assert {name for name, _, _ in examples()} == set(NAMED)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([60], "1 still read from the key frame before it, not from the start"),
        ([60, 61], "2 stills read from the key frame before the first of them, not from the start"),
        ([30, 60], "2 stills read each from the key frame before it, not in one scan"),
        ([30, 60, 61], "3 stills read in 2 goes, each from a key frame, not in one scan"),
        ([0, 60], "1 still read from the key frame before it, not from the start"),
    ],
)
def test_stills_are_said_to_be_read_as_they_are(times, said):
    chains = (f"in:video → sample({time}s) → encode(png) → out/{time}.png\n" for time in times)
    graph = notation.parse("".join(chains), notation.facts("# in: duration=90s"))
    (decision,) = optimize(graph, [NAMED["sample_by_seek"]]).decisions
    assert decision.text == f"in: {said}"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("in:video → cut(0s..10s)", "cut of video left out: it keeps everything"),
        ("in:video@4s → cut(0s..10s)", "cut of video left out: it keeps everything that is read"),
    ],
)
def test_a_cut_of_what_is_read_late_is_not_said_to_keep_all_of_a_file(part, said):
    graph = notation.parse(f"{part} → encode(libx264) → out", notation.facts("# in: duration=10s"))
    (decision,) = optimize(graph, [NAMED["drop_noops"]]).decisions
    assert decision.text == said


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ("12s..15s", "1 of 2 joined parts is needed: the rest is not read"),
        ("5s..15s", "cut before joining: only the first and the last part are cut"),
    ],
)
def test_joined_parts_are_said_to_be_left_out_only_where_they_are(cut, said):
    facts = notation.facts("# a: duration=10s\n# b: duration=10s")
    graph = notation.parse(f"a:video, b:video → concat() → cut({cut}) → encode(libx264) → out", facts)
    (decision,) = optimize(graph, [NAMED["cut_parts"]]).decisions
    assert decision.text == said


def shorter(graph: StreamGraph, notes: Notes) -> StreamGraph:
    edits = Rewrite(graph)
    for node in graph.of(Encode):
        length = node.info.duration
        if length is not None and length > 1:
            edits.put(attrs.evolve(node, info=cut_stream(node.info, Fraction(0), length / 2)))
    return edits.graph()


def test_a_rule_that_changes_an_output_is_refused_by_name():
    with pytest.raises(RuleError, match=r"'shorter': it changed what an output holds: out: video: duration 5, not 10$"):
        optimize(notation.parse("in:video → encode(ffv1) → out"), [rule("exact")(shorter)])


def without_sound(graph: StreamGraph, notes: Notes) -> StreamGraph:
    edits = Rewrite(graph)
    for sink in graph.sinks:
        edits.put(attrs.evolve(sink, inputs=sink.inputs[:1]))
    return edits.graph()


def test_a_rule_that_loses_a_stream_is_refused_by_name():
    both = notation.parse("in:video → encode(ffv1) → out\nin:audio → encode(aac) → out")
    with pytest.raises(RuleError, match=r"'without_sound'.* holds: out: 1 stream, not 2$"):
        optimize(both, [rule("exact")(without_sound)])


def to_and_fro(graph: StreamGraph, notes: Notes) -> StreamGraph:
    edits = Rewrite(graph)
    for node in graph.of(Cut):
        edits.put(attrs.evolve(node, exact=not node.exact))
    return edits.graph()


def test_rules_that_undo_each_other_are_refused():
    with pytest.raises(RuleError, match=r"'to_and_fro'.*does again what another undoes"):
        optimize(notation.parse("in:video → cut(1s..2s) → encode(ffv1) → out"), [rule("exact")(to_and_fro)])


def test_text_of_joined_and_shared_streams():
    text = """\
s1 = in:video → cut(1s..2s)
s2 = logo:video → format(pix_fmts=rgba)
s3 = s1, s2 → overlay(x=`W-w`, y=8)
s3 → encode(libx264, crf=23, pix_fmt=yuv420p) → one
in:audio → cut(1s..2s) → encode(aac) → one
s3 → hflip() → encode(ffv1) → two
s1 → encode(ffv1) → three
"""
    graph = notation.parse(text)
    assert render(graph) == text
    assert len(graph.of(Cut)) == 2


def test_text_tells_the_tracks_of_an_input_apart():
    text = "in:audio.1 → encode(aac) → out\nin:audio.2 → encode(aac) → out\n"
    assert render(notation.parse(text, notation.facts("# in: audio=2"))) == text
