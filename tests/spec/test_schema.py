"""The schema says what the reader says, as far as a schema can."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from documents import DOCUMENTS, FULL, INPUTS, MINIMAL, OPERATIONS, OUTPUTS, changed, mutated
from mediapipeline.errors import Problem, Problems
from mediapipeline.spec import load_partly
from mediapipeline.spec.schema import document_schema


def _pattern(_: Any, pattern: str, instance: object, __: Any) -> Iterator[jsonschema.ValidationError]:
    """The end is the end, as schemas mean it; in Python's expressions a line feed may follow."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})
STRUCTURE = Validator(document_schema([]))

BEYOND = {  # what no schema says, by code, and where it may be
    "duplicate-name": r".*",
    "duplicate-id": r".*",
    "bad-json": r".*",  # what is no JSON at all
    "unknown-container": r"/outputs/\d+/destination",  # the suffix of a text
    "out-of-range": r"/outputs/\d+/codec/(video|audio)/.*",  # what one encoder takes, and so are these three
    "not-allowed": r"/outputs/\d+/codec/(video|audio)/.*",
    "setting-not-supported": r"/outputs/\d+/codec/(video|audio)/.*",
    "no-encoder": r"/outputs/\d+/codec/(video|audio)",
}


def problems_of(document: Any) -> list[Problem]:
    problems = Problems()
    load_partly(document, problems=problems)
    return list(problems)


def agree(document: Any) -> None:
    """What loads is valid, and what does not is not, unless all that is wrong with it is beyond a schema."""
    found = problems_of(document)
    errors = [error.message for error in STRUCTURE.iter_errors(document)]
    if not found:
        assert not errors
    elif not all(re.fullmatch(BEYOND.get(p.code, "(?!)"), p.path) or escapes(document, p) for p in found):
        assert errors, found


def escapes(document: Any, problem: Problem) -> bool:
    """Whether the schema cannot say it of this value: 1.0, which is 1 to it, a number next to
    nothing, or how much a text stands for."""
    for part in problem.path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document.get(key)
    numbers = document if isinstance(document, list) else [document]
    return any(isinstance(n, float) and (n.is_integer() or 0 < n < 1e-40) for n in numbers) or (
        problem.code == "out-of-range" and isinstance(document, str)
    )


def test_it_is_a_schema():
    schema = document_schema([])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("document", [MINIMAL, FULL], ids=["minimal", "full"])
def test_sound_documents(document: Any):
    assert not problems_of(document)
    agree(document)


@pytest.mark.parametrize("document", [document for document, _ in DOCUMENTS if not isinstance(document, str)])
def test_documents(document: Any):
    agree(document)


@pytest.mark.parametrize("part", [part for part, _ in INPUTS])
def test_inputs(part: Any):
    agree(changed(inputs=[{"id": "in", "source": "x"}, part]))


@pytest.mark.parametrize("part", [part for part, _ in OPERATIONS])
def test_operations(part: Any):
    agree(changed(operations=[{"op": "x", "input": "in", "output": "a"}, part]))


@pytest.mark.parametrize("part", [part for part, _ in OUTPUTS])
def test_outputs(part: Any):
    agree(changed(outputs=[{"id": "in", "destination": "out.mp4"}, part]))


NULLABLE = {
    "inputs": {"id": "in", "source": "in.mp4"},
    "operations": {"op": "hflip", "input": "in", "output": "a"},
    "outputs": {"id": "in", "destination": "out.mp4"},
}


@pytest.mark.parametrize("part", NULLABLE)
def test_null_is_what_leaving_out_is(part: str):
    definition = document_schema([])["$defs"][part.removesuffix("s")]
    optional = [name for name in definition["properties"] if name not in NULLABLE[part]]
    assert optional
    for name in optional:
        document = changed(**{part: [{**NULLABLE[part], name: None}]})
        assert not problems_of(document)
        agree(document)


@pytest.mark.parametrize("size", ["4k", "4K", "1080P", "1280X720", "1280 × 720", " 720p ", "720i", "K"])
def test_sizes(size: str):
    agree(changed(limits={"max_resolution": size}))


@pytest.mark.parametrize("time", ["1s", " 1h 30m", "90.5 ", "1001/30000\t", "PT1M30S ", "", " ", "1 x", "1h30m s"])
def test_times(time: str):
    agree(changed(timeout=time))
    agree(changed(inputs=[{"id": "in", "source": "in.mp4", "start_offset": time}]))


@settings(max_examples=300)
@given(mutated(FULL))
def test_mutated_documents(document: Any):
    agree(document)
