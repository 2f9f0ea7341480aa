"""From a job to its graph: ports, references, order, stages and circles."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.errors import Problem, Problems
from mediapipeline.graph.build import build
from mediapipeline.graph.graph import Graph
from mediapipeline.operators import AUDIO, AV, VIDEO, Category, Clip, Lowering, Operator, Registry, many, operator
from mediapipeline.spec import load
from planning import job, op


@operator("test.one", category=Category.PICTURE)
class One(Operator):
    """Takes one."""

    def lower(self, work: Lowering) -> Clip:
        return work.clip


@operator("test.pair", category=Category.PICTURE, inputs={"base": VIDEO, "top": VIDEO})
class Pair(Operator):
    """Takes two."""

    def lower(self, work: Lowering) -> Clip:
        return work["base"]


@operator("test.join", category=Category.TIMELINE, inputs={"clips": many(AV, 2, 4)})
class Join(Operator):
    """Takes several."""

    def lower(self, work: Lowering) -> Clip:
        return work.clip


@operator("test.split", category=Category.AUDIO, inputs={"clip": AUDIO}, outputs=("left", "right"))
class Split(Operator):
    """Gives two."""

    def lower(self, work: Lowering) -> dict[str, Clip]:
        return {"left": work.clip, "right": work.clip}


REGISTRY = Registry([One, Pair, Join, Split])


def built(*operations: dict[str, Any], outputs: dict[str, Any] | None = None) -> tuple[Graph, list[Problem]]:
    problems = Problems()
    named = {"out": {"input": "in", "destination": "out.mp4"}} if outputs is None else outputs
    graph = build(load(job(*operations, outputs=named)), REGISTRY, problems)
    return graph, list(problems)


def test_ports_are_filled_by_place_and_by_name():
    graph, problems = built(
        op("test.pair", ["in", "a"], "b"),
        op("test.one", "in", "a"),
        op("test.pair", {"top": "b", "base": "a"}, "c"),
        op("test.join", ["c", "in", "c"], "d"),
    )
    assert problems == []
    filled = {operation.path: operation.inputs for operation in graph.operations}
    assert filled["/operations/0"] == {"base": ("in",), "top": ("a",)}
    assert filled["/operations/2"] == {"base": ("a",), "top": ("b",)}
    assert list(filled["/operations/2"]) == ["base", "top"], "in the order of the declaration"
    assert filled["/operations/3"] == {"clips": ("c", "in", "c")}
    assert graph.operations[-1].needs == ("c", "in"), "each once"
    assert [operation.path for operation in graph.operations] == [f"/operations/{n}" for n in (1, 0, 2, 3)]
    assert graph.stages == (("/operations/1",), ("/operations/0",), ("/operations/2",), ("/operations/3",))


def test_outputs_by_port():
    split = {"op": "test.split", "input": "in", "outputs": {"right": "r"}}
    graph, problems = built(split, outputs={"r": "r.mp4"})
    assert problems == []
    assert graph.operations[0].outputs == {"right": "r"}
    assert graph.outputs[0].clip == "r"


@pytest.mark.parametrize(
    ("operation", "path", "code", "said"),
    [
        (op("test.one", ["in", "in"], "a"), "", "wrong-number-of-inputs", "test.one takes one clip, not 2"),
        (op("test.join", "in", "a"), "", "wrong-number-of-inputs", "test.join takes 2 to 4 clips, not 1"),
        (op("test.join", ["in"] * 5, "a"), "", "wrong-number-of-inputs", "takes 2 to 4 clips, not 5"),
        (op("test.join", {"clips": "in"}, "a"), "/inputs/clips", "wrong-number-of-inputs", "2 to 4 clips at 'clips'"),
        (op("test.pair", "in", "a"), "", "wrong-number-of-inputs", "test.pair takes 2 clips (base, top), not 1"),
        (op("test.pair", {"base": "in"}, "a"), "/inputs", "missing-input", "needs the input 'top'"),
        (op("test.pair", {"base": "in", "topp": "in", "top": "in"}, "a"), "/inputs/topp", "unknown-port", "'topp'"),
        (op("test.split", "in", "a"), "/output", "wrong-number-of-outputs", "test.split gives 2 clips"),
        ({"op": "test.split", "input": "in", "outputs": {"mid": "a"}}, "/outputs/mid", "unknown-port", "'mid'"),
        (op("test.one", "inn", "a"), "/input", "unresolved-reference", "called 'inn'"),
        (op("test.onne", "in", "a"), "/op", "unknown-operator", "no operator 'test.onne'"),
    ],
)
def test_what_is_wrong_with_an_operation(operation, path, code, said):
    _, (problem,) = built(operation)
    assert (problem.path, problem.code) == (f"/operations/0{path}", code)
    assert said in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("test.onne", "did you mean 'test.one'?"),
        ("Test_Pair", "did you mean 'test.pair'?"),
        ("vapour", "'mediapipeline operators list' shows what is installed"),
    ],
)
def test_what_was_meant(name, hint):
    _, (problem,) = built(op(name, "in", "a"))
    assert problem.hint == hint


def test_references_say_what_was_meant_or_what_there_is():
    _, (near, far) = built(op("test.one", "inn", "a"), op("test.one", "zzz", "b"))
    assert near.hint == "did you mean 'in'?"
    assert far.hint == "there are a, b, in"


def test_an_output_without_its_clip_is_told_how_to_name_one():
    _, (problem,) = built(outputs={"web": "a.mp4"})
    assert (problem.path, problem.code) == ("/outputs/0/id", "unresolved-reference")
    assert '"input"' in str(problem.hint)


def test_thousands_of_wrong_references_take_no_time():
    operations = [op("test.one", f"missing-{n}", f"made-{n}") for n in range(3000)]
    _, problems = built(*operations)
    assert len(problems) == 3000
    assert all(problem.hint for problem in problems)


# Circles


def test_a_circle_is_shown_as_it_is_needed():
    graph, (problem,) = built(
        op("test.one", "c", "a"), op("test.one", "a", "b"), op("test.one", "b", "c"), op("test.one", "in", "sound")
    )
    assert (problem.path, problem.code) == ("/operations/0", "cycle")
    shown = "test.one (/operations/0) → test.one (/operations/2) → test.one (/operations/1) → test.one (/operations/0)"
    assert problem.message.endswith(shown)
    assert [operation.path for operation in graph.operations] == ["/operations/3"]


def test_an_operation_may_not_need_itself():
    _, (problem,) = built(op("test.one", "a", "a"))
    assert problem.message.endswith("test.one (/operations/0) → test.one (/operations/0)")


def test_every_circle_is_reported_once_and_what_follows_is_not():
    _, problems = built(
        op("test.one", "b", "a"), op("test.one", "a", "b"),
        op("test.one", "d", "c"), op("test.one", "c", "d"),
        op("test.pair", ["b", "d"], "e"), op("test.one", "e", "f"),
    )  # fmt: skip
    assert [(problem.path, problem.code) for problem in problems] == [
        ("/operations/0", "cycle"),
        ("/operations/2", "cycle"),
    ]


def test_a_long_circle_is_shortened():
    count = 5000
    _, (problem,) = built(*(op("test.one", f"c{(n + 1) % count}", f"c{n}") for n in range(count)))
    assert len(problem.message) < 600
    assert "…" in problem.message


def test_thousands_of_circles():
    _, problems = built(*(op("test.one", f"c{n ^ 1}", f"c{n}") for n in range(4000)))
    assert len(problems) == 2000


@given(
    needs=st.lists(st.lists(st.integers(0, 11), min_size=2, max_size=4), min_size=1, max_size=12),
)
def test_the_order_of_any_graph(needs):
    """Whatever stands in an order has what it needs before it, and what does not is in or behind a circle."""
    names = [f"c{n}" for n in range(12)]
    made = [
        op("test.join", [names[i] if i < len(needs) else "in" for i in wanted], names[n])
        for n, wanted in enumerate(needs)
    ]
    graph, problems = built(*made)
    seen = {"in"}
    circular = {problem.path for problem in problems}
    stage_of = {path: n for n, stage in enumerate(graph.stages) for path in stage}
    makers = {clip: operation.path for operation in graph.operations for clip in operation.outputs.values()}
    for operation in graph.operations:
        for clip in operation.needs:
            if clip in makers:
                assert clip in seen
                assert stage_of[makers[clip]] < stage_of[operation.path]
        seen.update(operation.outputs.values())
    if not circular:
        assert len(graph.operations) == len(needs)
    assert sorted(itertools.chain(*graph.stages)) == sorted(operation.path for operation in graph.operations)
