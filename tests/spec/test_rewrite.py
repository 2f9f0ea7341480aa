"""Documents of other systems, as this one has them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given

from documents import FULL, MINIMAL, changed, mutated
from mediapipeline.errors import Problems
from mediapipeline.spec import load_partly
from mediapipeline.spec.rewrite import rewrite

FOREIGN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "wrapped": ({"spec": MINIMAL}, MINIMAL),
    "wrapped with more": ({"spec": MINIMAL, "priority": 5}, {**MINIMAL, "priority": 5}),
    "hooks": (changed(webhook_url="https://example.org", debug=True), MINIMAL),
    "beside": (
        changed(operations=[{"op": "trim", "input": "in", "output": "a", "start": "1s", "params": {"end": "2s"}}]),
        changed(operations=[{"op": "trim", "input": "in", "output": "a", "params": {"end": "2s", "start": "1s"}}]),
    ),
    "export": (
        {
            "inputs": [{"id": "in", "source": "in.mp4"}],
            "operations": [
                {"op": "export", "input": "in", "output": "web", "params": {"destination": "o.mp4", "format": "mp4"}}
            ],
        },
        {
            "inputs": [{"id": "in", "source": "in.mp4"}],
            "operations": [],
            "outputs": [{"id": "web", "input": "in", "destination": "o.mp4", "format": "mp4"}],
        },
    ),
    "export by port": (
        changed(
            operations=[{"op": "export", "inputs": {"clip": "in"}, "params": {"destination": "o.mp4"}}], outputs=None
        ),
        changed(operations=[], outputs=[{"id": "in", "input": "in", "destination": "o.mp4"}]),
    ),
    "combine": (
        changed(operations=[{"op": "combine", "inputs": ["in", "music"], "output": "a"}]),
        changed(
            operations=[{"op": "replace_audio", "inputs": {"video": "in", "audio": "music"}, "output": "a"}],
        ),
    ),
    "ducking": (
        changed(
            operations=[
                {
                    "op": "mix",
                    "inputs": ["voice", "music"],
                    "output": "a",
                    "params": {"mode": "ducking", "main_weight": 1, "bg_weight": 0.1, "ducking_threshold": -30},
                }
            ]
        ),
        changed(
            operations=[
                {
                    "op": "duck",
                    "inputs": {"main": "voice", "background": "music"},
                    "output": "a",
                    "params": {"threshold_db": -30.0, "background_gain_db": -20.0},
                }
            ]
        ),
    ),
    "overlay": (
        changed(operations=[{"op": "overlay", "input": "in", "output": "a", "overlay_source": "logo", "margin": 5}]),
        changed(
            operations=[
                {"op": "overlay", "inputs": {"base": "in", "overlay": "logo"}, "output": "a", "params": {"margin": 5}}
            ]
        ),
    ),
    "debug": (changed(operations=[{"op": "debug", "input": "in"}]), changed(operations=[])),
    "codec": (
        {**MINIMAL, "outputs": [{"id": "in", "destination": "o.mp4", "codec": "libx264"}]},
        {**MINIMAL, "outputs": [{"id": "in", "destination": "o.mp4", "codec": {"video": "libx264"}}]},
    ),
    "rate": (
        {
            **MINIMAL,
            "outputs": [{"id": "in", "destination": "o.mp4", "codec": {"audio": {"codec": "aac", "rate": 48000}}}],
        },
        {
            **MINIMAL,
            "outputs": [
                {"id": "in", "destination": "o.mp4", "codec": {"audio": {"codec": "aac", "sample_rate": 48000}}}
            ],
        },
    ),
}


def problems_of(document: Any) -> list[str]:
    problems = Problems()
    load_partly(document, problems=problems)
    return [p.code for p in problems]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_certain_is_rewritten(name):
    foreign, ours = FOREIGN[name]
    before = copy.deepcopy(foreign)
    found = rewrite(foreign)
    assert found.document == ours
    assert found.changes
    assert foreign == before
    assert problems_of(foreign)
    assert problems_of(ours) == []
    assert rewrite(ours).changes == ()


@pytest.mark.parametrize("inputs", [5, "in", None, [], {}, [5], {"a": None}, True])
@pytest.mark.parametrize("name", ["export", "combine", "overlay", "mix"])
def test_inputs_of_any_kind_are_a_problem_and_no_crash(name, inputs):
    params = {"overlay_source": "logo", "mode": "ducking"}
    document = changed(operations=[{"op": name, "inputs": inputs, "output": "a", "params": params}])
    assert problems_of(document)
    assert rewrite(document).changes


def test_what_has_no_place_is_named():
    params = {"destination": "o.mp4", "chunks": 5}
    export = {"op": "export", "input": "in", "params": params}
    (change,) = rewrite(changed(operations=[export])).changes
    assert change.text.endswith('; left out: "chunks"')
    params = {"mode": "ducking", "main_weight": 1, "bg_weight": 7}
    mix = {"op": "mix", "inputs": ["a", "b"], "output": "c", "params": params}
    (change,) = rewrite(changed(operations=[mix])).changes
    assert change.text.endswith('; left out: "bg_weight"')


@pytest.mark.parametrize("document", [MINIMAL, FULL, {}, changed(operatons=[], outputs=5)])
def test_everything_else_stays_as_it_is(document):
    found = rewrite(document)
    assert (found.document, found.changes) == (document, ())


@given(
    mutated(
        {
            **FULL,
            "operations": [
                *FULL["operations"],
                *(d["operations"][0] for d, _ in [FOREIGN["ducking"], FOREIGN["overlay"], FOREIGN["export"]]),
            ],
        }
    )
)
def test_any_document_is_rewritten_once(document: Any):
    if isinstance(document, dict):
        once = rewrite(document)
        assert rewrite(once.document).changes == ()
        assert len(set(problems_of(once.document)) & {"wrapped-job", "misplaced-parameters"}) == 0


def test_an_export_gets_an_id_that_no_output_has():
    export = {"op": "export", "input": "clip", "params": {"destination": "b.mp4"}}
    document = {"operations": [export, export], "outputs": [{"id": "clip", "destination": "a.mp4"}]}
    written = rewrite(document).document["outputs"]
    assert [(each["id"], each.get("input")) for each in written] == [
        ("clip", None), ("clip-2", "clip"), ("clip-3", "clip"),
    ]  # fmt: skip
