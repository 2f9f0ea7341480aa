from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

import jsonschema
import pytest

from mediapipeline.errors import Problems
from mediapipeline.media import Duration, FrameRate, Resolution, Timecode, VideoCodec
from mediapipeline.params import (
    Param,
    at_most_one_of,
    define,
    exactly_one_of,
    json_schema,
    parameters,
    structure,
)


@define
class Region:
    x: Annotated[int | float, Param("Left edge", ge=0)]


@define(rules=[exactly_one_of("end", "duration"), at_most_one_of("gain", "factor")])
class Sample:
    angle: Annotated[float, Param("Lens angle", ge=0, le=1.5707, unit="rad", examples=(0.5, 1))] = 0.628
    x: Annotated[int | Literal["center"], Param("Position", ge=0)] = "center"
    end: Annotated[Timecode | None, Param("End")] = None
    duration: Annotated[Duration | None, Param("Length", gt=0, le="1m")] = None
    regions: Annotated[tuple[Region, ...], Param("Parts", max_length=2)] = ()
    options: Mapping[str, str | int] = {}
    color: Annotated[str, Param("Colour", pattern="[a-z]+", max_length=9)] = "black"
    rate: FrameRate | None = None
    codec: VideoCodec | None = None
    size: Resolution | None = None
    gain: float = 0
    factor: float | None = None


def test_parameters_are_described_in_order():
    described = {info.name: info for info in parameters(Sample)}
    assert list(described) == list(Sample.__annotations__)
    assert {name: (info.type, info.text) for name, info in described.items()} == {
        "angle": ("float", "float"),
        "x": ("int | enum", 'int | "center"'),
        "end": ("timecode", "timecode | null"),
        "duration": ("duration", "duration | null"),
        "regions": ("array", "array of object"),
        "options": ("object", "object of string | int"),
        "color": ("string", "string"),
        "rate": ("string", "frame rate | null"),
        "codec": ("codec", "video codec | null"),
        "size": ("resolution", "resolution | null"),
        "gain": ("float", "float"),
        "factor": ("float", "float | null"),
    }
    angle = described["angle"]
    assert (angle.doc, angle.unit, angle.default, angle.required) == ("Lens angle", "rad", 0.628, False)
    assert angle.examples == (0.5, 1.0)
    assert angle.constraints == {"ge": 0, "le": 1.5707}
    assert described["x"].choices == ("center",)
    assert described["duration"].constraints == {"gt": 0, "le": "1m"}
    assert described["color"].constraints == {"pattern": "[a-z]+", "max_length": 9}
    (x,) = described["regions"].fields
    assert (x.name, x.required, x.default, x.text) == ("x", True, None, "int | float")


def test_descriptions_are_json():
    for info in parameters(Sample):
        assert json.loads(json.dumps(info.to_dict())) == info.to_dict()


def test_the_schema_says_what_there_is_to_know():
    schema = json_schema(Sample)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    assert schema["properties"]["angle"] == {
        "description": "Lens angle (rad)",
        "type": "number",
        "minimum": 0,
        "maximum": 1.5707,
        "default": 0.628,
        "examples": [0.5, 1.0],
        "x-unit": "rad",
    }
    assert schema["properties"]["x"]["anyOf"] == [{"type": "integer", "minimum": 0}, {"enum": ["center"]}]
    duration = schema["properties"]["duration"]
    assert duration["type"] == ["string", "number", "null"]
    assert (duration["minimum"], duration["exclusiveMinimum"], duration["maximum"]) == (0, 0, 60)
    assert schema["properties"]["regions"]["items"]["required"] == ["x"]


DOCUMENTS = [
    ({"end": 5}, True),
    ({"end": "00:00:01:12"}, True),
    ({"end": 5, "duration": None}, True),
    ({"duration": "10s", "x": 3, "regions": [{"x": 0.5}], "size": "720p", "rate": "25", "codec": "h264"}, True),
    ({"duration": 0.5, "size": {"width": 1, "height": 2}, "options": {"a": 1}}, True),
    ({"end": 5, "gain": 0, "factor": 2}, True),
    ({}, False),
    ({"end": None}, False),
    ({"end": 5, "duration": 5}, False),
    ({"end": 5, "gain": 1, "factor": 2}, False),
    ({"end": 5, "angel": 1}, False),
    ({"end": 5, "angle": 2}, False),
    ({"end": 5, "angle": "1"}, False),
    ({"end": 5, "angle": True}, False),
    ({"end": 5, "x": "centre"}, False),
    ({"end": 5, "x": -1}, False),
    ({"end": 5, "color": "Black"}, False),
    ({"end": 5, "color": "blackishgrey"}, False),
    ({"end": 5, "regions": [{}]}, False),
    ({"end": 5, "regions": [{"x": 1}] * 3}, False),
    ({"end": 5, "size": "big"}, False),
    ({"end": 5, "options": {"a": 1.5}}, False),
    ({"end": "soon"}, False),
    ({"duration": 61}, False),
]


@pytest.mark.parametrize(("document", "sound"), DOCUMENTS)
def test_schema_and_reader_agree(document, sound):
    problems = Problems()
    assert (structure(Sample, document, path="", problems=problems) is not None) is sound
    schema = json_schema(Sample)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(document) is sound
