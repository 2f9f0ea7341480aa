"""The schema of jobs with the operators that are installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import jsonschema
import pytest

from mediapipeline.errors import PluginLoadError
from mediapipeline.graph.schema import job_schema
from mediapipeline.operators import AV, Category, Clip, Lowering, Operator, many, operator
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.params import Param
from mediapipeline.testing import clip_info
from planning import job, op, problems

SCHEMA = job_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def wrong_with(document: Any) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(document)]


def test_it_is_a_schema_of_plain_json():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("name", list(default_registry()))
def test_every_operator_is_in_it_with_its_words(name):
    definition = default_registry().load(name).definition
    described = SCHEMA["$defs"][f"op.{name}"]
    assert described["description"] == definition.summary
    assert all(field.get("description") for field in described["properties"].values())
    assert all(
        "default" in field for key, field in described["properties"].items() if key not in described.get("required", [])
    )


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema in *schema*, itself included; not those that are conditions, and no form of a value."""
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key not in {"not", "if", "examples", "default", "const", "enum"}:
                yield from parts(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from parts(item)


def test_what_editors_offer_is_valid():
    """Examples and defaults are what is written into a document when somebody picks them."""
    offered = 0
    for part in parts(SCHEMA):
        here = {"$defs": SCHEMA["$defs"], **part}
        for value in [*part.get("examples", ()), *([part["default"]] if "default" in part else [])]:
            errors = list(jsonschema.Draft202012Validator(here).iter_errors(value))
            assert not errors, (part, errors)
            offered += 1
    assert offered > 80


FOLDERS = {"hls": {"destination": "out/"}, "thumbnail": {"destination": "out/", "format": "jpg"}}


def test_the_examples_of_operations_are_jobs():
    examples = SCHEMA["$defs"]["operation"]["examples"]
    assert {example["op"] for example in examples} == set(default_registry())
    for example in examples:
        read = example["inputs"] if "inputs" in example else [example["input"]]
        document = {
            "inputs": [{"id": name, "source": f"{name}.mp4"} for name in read],
            "operations": [example],
            "outputs": [{"id": "out", **FOLDERS.get(example["op"], {"destination": "out.mp4"})}],
        }
        clips = {f"{name}.mp4": clip_info(duration="60s") for name in read}
        assert [p for p in problems(document, clips) if p.code != "function-not-allowed"] == []
        assert wrong_with(document) == []


def test_editors_have_words_for_every_pattern():
    """A pattern says nothing to people, and an editor shows it where there is nothing else to show."""
    silent = [part["pattern"] for part in parts(SCHEMA) if "pattern" in part and "errorMessage" not in part]
    assert silent == ["^[^\\u0000]*$"]


def test_editors_know_each_operator_by_its_own_words():
    operators = SCHEMA["$defs"]["operation"]["properties"]["op"]["anyOf"]
    described = {each["const"]: each["description"] for each in operators}
    assert described == {name: default_registry().load(name).definition.summary for name in default_registry()}


def test_nothing_that_may_be_written_in_two_ways_is_told_as_a_wrong_type():
    """Alternatives of plain types would: whoever validates picks one of them, and says what is wrong with that."""
    for part in parts(SCHEMA):
        ways = [way for way in part.get("anyOf", ()) if way != {"type": "null"}]
        assert sum(way.get("type") in ("string", "number", "integer") for way in ways) < 2, part


SOUND = [
    op("trim", "in", "a", start="1s", duration="2s"),
    op("hflip", "in", "a"),
    op("hflip", ["in"], "a"),
    op("hflip", {"clip": "in"}, "a"),
    op("overlay", ["in", "in"], "a"),
    op("overlay", {"base": "in", "overlay": "in"}, "a", margin=0),
    op("concat", ["in", "in", "in"], "a"),
    {"op": "scale", "input": "in", "outputs": {"clip": "a"}, "params": {"size": "720p"}},
    {"op": "scale", "input": "in", "output": "a", "params": {"width": 640, "height": None}},
    {"op": "trim", "input": "in", "output": "a"},
]
UNSOUND = [
    op("tirm", "in", "a", start="1s"),
    op("trim", "in", "a", begin="1s"),
    op("trim", "in", "a", start="soon"),
    op("scale", "in", "a", size="720p", algorithm="fast"),
    op("overlay", "in", "a"),
    op("overlay", ["in"], "a"),
    op("overlay", {"base": "in", "ovrelay": "in"}, "a"),
    op("overlay", {"base": "in"}, "a"),
    op("hflip", ["in", "in"], "a"),
    op("concat", {"clips": "in"}, "a"),
    {"op": "hflip", "input": "in", "outputs": {"mirror": "a"}},
    {"op": "volume", "input": "in", "output": "a"},
    {"op": "volume", "input": "in", "output": "a", "params": 5},
    {"op": "volume", "input": "in", "output": "a", "gain_db": 5},
]


@pytest.mark.parametrize("operation", SOUND, ids=json.dumps)
def test_sound_operations(operation):
    document = job(operation, outputs={"a": "out.mp4"})
    assert problems(document) == []
    assert wrong_with(document) == []


@pytest.mark.parametrize("operation", UNSOUND, ids=json.dumps)
def test_unsound_operations(operation):
    document = job(operation, outputs={"a": "out.mp4"})
    assert problems(document)
    assert any(path.startswith("$.operations[0]") for path in wrong_with(document))


@operator("test.needy", category=Category.PICTURE, inputs={"clips": many(AV, 2, 3)}, outputs=("left", "right"))
class Needy(Operator):
    """Need a number, and give two clips."""

    number: Annotated[int, Param("How many", ge=1)]

    def lower(self, work: Lowering) -> dict[str, Clip]:
        return {"left": work["clips"], "right": work["clips"]}


@pytest.mark.parametrize(
    ("operation", "sound"),
    [
        ({"inputs": ["a", "b"], "outputs": {"left": "l", "right": "r"}, "params": {"number": 1}}, True),
        ({"inputs": ["a", "b"], "outputs": {"left": "l"}, "params": {"number": 1}}, True),
        ({"inputs": ["a", "b"], "outputs": {"left": "l"}, "params": {}}, False),
        ({"inputs": ["a", "b"], "outputs": {"left": "l"}}, False),
        ({"inputs": ["a", "b"], "output": "l", "params": {"number": 1}}, False),
        ({"input": "a", "outputs": {"left": "l"}, "params": {"number": 1}}, False),
        ({"inputs": ["a", "b", "c", "d"], "outputs": {"left": "l"}, "params": {"number": 1}}, False),
        ({"inputs": ["a", "b"], "outputs": {"middle": "l"}, "params": {"number": 1}}, False),
    ],
)
def test_what_an_operator_declares_is_asked_for(operation, sound):
    validator = jsonschema.Draft202012Validator(job_schema(Registry([Needy])))
    document = job({"op": "test.needy", **operation}, outputs={"l": "out.mp4"})
    assert validator.is_valid(document) is sound


def test_broken_operators_are_left_out(monkeypatch):
    registry = Registry([Needy])

    def load(name: str) -> type[Operator]:
        raise PluginLoadError("it cannot be imported")

    monkeypatch.setattr(registry, "load", load)
    assert "op.test.needy" not in job_schema(registry)["$defs"]
