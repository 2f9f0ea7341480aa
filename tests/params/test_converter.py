from __future__ import annotations

import enum
import json
import string
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.errors import Problems, SpecError
from mediapipeline.media import AudioCodec, Duration, FrameRate, Resolution, Timecode, VideoCodec
from mediapipeline.params import Param, define, json_schema, structure, unstructure
from mediapipeline.params.converter import converter
from mediapipeline.params.rejection import Rejected


class Level(enum.Enum):
    LOW = 1
    HIGH = "high"


@define
class Inner:
    at: Timecode = Timecode("0")
    weight: float = 1.0


@define
class Outer:
    text: str = ""
    whole: int = 0
    real: float = 0.0
    flag: bool = False
    length: Duration | None = None
    rate: FrameRate | Literal["max"] = "max"
    at: Timecode | Literal["end"] = "end"
    size: Resolution | Literal["first", "largest"] = "first"
    level: Level = Level.LOW
    angle: Literal["auto", 0, 90] | float = "auto"
    mixed: int | float | bool | str | None = None
    picture: VideoCodec | None = None
    sound: AudioCodec | None = None
    inner: Inner = Inner()
    many: tuple[Inner | str, ...] = ()
    lists: tuple[tuple[int, ...], ...] = ()
    options: Mapping[str, str | int | float | bool] = {}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
REAL = st.floats(allow_nan=False, allow_infinity=False)
LENGTH = st.fractions(0, 10**9, max_denominator=10**9)
RATE = st.fractions(Fraction(1, 1000), 1000, max_denominator=1001)
TIMECODE = st.one_of(
    LENGTH.map(lambda seconds: Timecode(str(seconds))),
    st.sampled_from(["1h30m", "00:01:30.5", "00:01:00;02", "00:00:01:24", " 5s "]).map(Timecode),
)
SIDE = st.integers(1, 16384)
INNER = st.builds(Inner, at=TIMECODE, weight=REAL)
PICTURE = st.sampled_from(["h264", "libx264", "copy", {"codec": "h264", "crf": 20}, {"codec": "vp9", "gop": "2s"}])
SOUND = st.sampled_from(["aac", "none", {"codec": "aac", "bitrate": "128k"}])


def _instances() -> st.SearchStrategy[Outer]:
    fields = {
        "text": TEXT,
        "whole": WHOLE,
        "real": REAL,
        "flag": st.booleans(),
        "length": st.none() | LENGTH,
        "rate": st.just("max") | RATE,
        "at": st.just("end") | TIMECODE,
        "size": st.sampled_from(["first", "largest"]) | st.builds(Resolution, SIDE, SIDE),
        "level": st.sampled_from(Level),
        "angle": st.sampled_from(["auto", 0, 90]) | REAL,
        "mixed": st.one_of(st.none(), WHOLE, REAL, st.booleans(), TEXT),
        "picture": st.none() | PICTURE,
        "sound": st.none() | SOUND,
        "inner": INNER,
        "many": st.lists(INNER | TEXT, max_size=3),
        "lists": st.lists(st.lists(WHOLE, max_size=3), max_size=3),
        "options": st.dictionaries(TEXT, st.one_of(TEXT, WHOLE, REAL, st.booleans()), max_size=3),
    }
    return st.builds(Outer, **fields)


def _exact(value: Any) -> Any:
    """*value* with the types of everything in it, since 1 == 1.0 == True."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return type(value), value


SCHEMA = jsonschema.Draft202012Validator(json_schema(Outer))


@given(_instances())
def test_what_is_written_is_read_back(made):
    problems = Problems()
    for document in (unstructure(made), unstructure(made, omit_defaults=True)):
        through_json = json.loads(json.dumps(document, allow_nan=False))
        assert _exact(through_json) == _exact(document)
        SCHEMA.validate(document)
        again = structure(Outer, through_json, path="", problems=problems)
        assert list(problems) == []
        assert again is not None
        assert again == made
        assert _exact(again.__dict__) == _exact(made.__dict__)
        assert str(again.at) == str(made.at)


NAME = st.text(string.printable, max_size=6)
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just(10**400), st.just("\ud800"),
        st.sampled_from(["10s", "1920x1080", "first", "90", "true", "h264", "25", "00:00:01:12", "hihg", "9" * 5000]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*Outer.__annotations__, "textt", "a/b~c", ""]), JSON, max_size=5))
def test_any_document_is_read_or_explained(data):
    problems = Problems()
    found = structure(Outer, data, path="/operations/3/params", problems=problems)
    assert (found is None) == (len(problems) > 0)
    for problem in problems:
        assert _points_into(problem.path, data)
        assert problem.code
        assert f"{problem.message} {problem.hint}".isprintable()
        assert len(problem.message) + len(problem.hint or "") < 800
    if found is None:
        with pytest.raises(SpecError) as caught:
            Outer(**data)
        assert [f"/operations/3/params{p.path}" for p in caught.value.problems] == [p.path for p in problems]
    else:
        assert Outer(**data) == found
        assert structure(Outer, unstructure(found), path="", problems=problems) == found


def _points_into(path: str, data: Any) -> bool:
    """Whether the JSON Pointer leads to something in the document, or to a name that may be given there."""
    parts = path.removeprefix("/operations/3/params").split("/")[1:]
    for index, part in enumerate(parts):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict):
            if name not in data:
                return index == len(parts) - 1
            data = data[name]
        elif isinstance(data, list):
            data = data[int(name)]
        else:
            return False
    return True


@pytest.mark.parametrize(
    ("annotation", "document", "value"),
    [
        (Duration, "10s", Fraction(10)),
        (Timecode, "10s", Timecode("10s")),
        (Resolution, "720p", Resolution(1280, 720)),
        (Inner, {"weight": 2}, Inner(weight=2.0)),
        (tuple[Inner, ...], [{"weight": 2}], (Inner(weight=2.0),)),
        (int | Literal["center"], "center", "center"),
        (Annotated[int, Param("n", ge=1)], 1, 1),
        (Level, "high", Level.HIGH),
        (bool, True, True),
    ],
)
def test_the_converter_reads_every_annotation(annotation, document, value):
    assert converter.structure(document, annotation) == value


@pytest.mark.parametrize(
    ("annotation", "document", "path"),
    [
        (bool, "False", ""),
        (int, True, ""),
        (int, 1.9, ""),
        (float, True, ""),
        (Annotated[int, Param("n", ge=1)], 0, ""),
        (tuple[Inner, ...], [{}, {"weight": "x"}], "/1/weight"),
        (Inner, {"weihgt": 2}, "/weihgt"),
    ],
)
def test_the_converter_keeps_path_and_reason(annotation, document, path):
    with pytest.raises(Rejected) as caught:
        converter.structure(document, annotation)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_nothing_heavy_is_imported():
    heavy = {"av", "numpy", "rich", "asyncio", "subprocess"}
    code = f"import sys, mediapipeline.params; print(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
