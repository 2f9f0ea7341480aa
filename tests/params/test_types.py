from __future__ import annotations

import copy
import enum
import inspect
import pickle
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import attrs
import pytest

from mediapipeline.errors import PluginContractError, Problem, Problems, SpecError
from mediapipeline.media import AudioCodec, Duration, FrameRate, Resolution, Timecode, VideoCodec
from mediapipeline.params import Param, define, exactly_one_of, structure, unstructure
from mediapipeline.params.types import is_defined, object_type


class Mode(enum.Enum):
    FAST = "fast"
    GOOD = "good"


@define
class Region:
    x: Annotated[int, Param("Pixels", ge=0)] | Annotated[float, Param("Share of the width", ge=0, le=1)]
    end: Duration | None = None


@define
class Everything:
    text: Annotated[str, Param("Text", min_length=1, max_length=5)] = "abc"
    color: Annotated[str, Param("Colour", pattern="#[0-9a-f]{6}", examples=("#00ff00",))] = "#000000"
    whole: Annotated[int, Param("Whole", ge=-5, lt=100)] = 1
    plain: int = 0
    share: Annotated[float, Param("Share", gt=0, le=1, unit="of it")] = 0.5
    real: float = 0.0
    flag: bool = False
    length: Annotated[Duration | None, Param("Length", gt=0, le="1m")] = None
    rate: FrameRate | None = None
    start: Annotated[Timecode, Param("Start", le=3600)] = Timecode("0")
    size: Resolution | Literal["first"] = "first"
    picture: VideoCodec | None = None
    sound: AudioCodec | None = None
    mode: Mode = Mode.FAST
    fit: Literal["contain", "cover", 90] = "contain"
    position: Annotated[int | Literal["center"], Param("Place", ge=0)] = "center"
    number: int | float = 1
    regions: Annotated[tuple[Region, ...], Param("Parts", max_length=3)] = ()
    names: list[str] = attrs.field(factory=list)
    options: Mapping[str, str | int | float | bool] = attrs.field(factory=dict)
    even: Annotated[int, Param("Even", custom=lambda n: "must be even" if n % 2 else None)] = 2


GOOD = [
    ("text", "é", "é"),
    ("color", "#00ff00", "#00ff00"),
    ("whole", -5, -5),
    ("real", 1, 1.0),
    ("real", 1.5, 1.5),
    ("flag", True, True),
    ("length", "10s", Fraction(10)),
    ("length", 0.1, Fraction(1, 10)),
    ("length", Decimal("0.1"), Fraction(1, 10)),
    ("length", None, None),
    ("length", 60, Fraction(60)),
    ("rate", "29.97", Fraction(30000, 1001)),
    ("start", "00:00:10:12", Timecode("00:00:10:12")),
    ("start", "99:00:00:12", Timecode("99:00:00:12")),  # how long that is, is not known yet
    ("start", 10, Timecode("10")),
    ("start", Timecode("10s"), Timecode("10s")),
    ("size", "720p", Resolution(1280, 720)),
    ("size", {"width": 2, "height": 4}, Resolution(2, 4)),
    ("size", "first", "first"),
    ("picture", "h264", VideoCodec(codec="h264")),
    ("picture", {"codec": "h264", "crf": 20}, VideoCodec(codec="h264", crf=20)),
    ("picture", VideoCodec(codec="h264"), VideoCodec(codec="h264")),
    ("sound", "aac", AudioCodec(codec="aac")),
    ("mode", "good", Mode.GOOD),
    ("mode", Mode.GOOD, Mode.GOOD),
    ("fit", 90, 90),
    ("position", 7, 7),
    ("position", "center", "center"),
    ("number", 1, 1),
    ("number", 1.0, 1.0),
    ("regions", [{"x": 1}, {"x": 0.5, "end": "1s"}], (Region(x=1), Region(x=0.5, end=Fraction(1)))),
    ("names", ["a"], ["a"]),
    ("names", ("a",), ["a"]),
    ("options", {"a": 1, "b": 1.0, "c": True, "d": "x"}, {"a": 1, "b": 1.0, "c": True, "d": "x"}),
]


@pytest.mark.parametrize(("name", "value", "read"), GOOD)
def test_documents_and_constructors_read_the_same(name, value, read):
    problems = Problems()
    found = structure(Everything, {name: value}, path="", problems=problems)
    assert list(problems) == []
    assert getattr(found, name) == read
    assert type(getattr(found, name)) is type(read)
    assert found == Everything(**{name: value})
    document = unstructure(found)
    assert structure(Everything, document, path="", problems=problems) == found
    assert structure(Everything, unstructure(found, omit_defaults=True), path="", problems=problems) == found


def _types(value: Any) -> Any:
    return {key: type(item) for key, item in value.items()}


def test_types_inside_a_mapping_are_kept():
    options = {"a": 1, "b": 1.0, "c": True}
    assert _types(Everything(options=options).options) == _types(options)


BAD: list[tuple[str, Any, str, str, str]] = [
    # name, value, path below the parameter, code, part of the message or hint
    ("text", 5, "", "wrong-type", 'put it in quotes: "5"'),
    ("text", True, "", "wrong-type", "must be a text"),
    ("text", None, "", "wrong-type", "leave it out to get the default"),
    ("text", ["a"], "", "wrong-type", "an array"),
    ("text", "", "", "too-short", "at least 1 characters"),
    ("text", "abcdef", "", "too-long", "at most 5 characters, not of 6"),
    ("text", "\ud800", "", "bad-text", "broken characters"),
    ("text", "a\0b", "", "bad-text", "without NUL"),
    ("color", "#00FF00", "", "pattern-mismatch", 'for example "#00ff00"'),
    ("color", "#00ff00\n", "", "pattern-mismatch", "must match"),
    ("color", "x#00ff00", "", "pattern-mismatch", "must match"),
    ("whole", True, "", "wrong-type", "must be a whole number, not true"),
    ("plain", False, "", "wrong-type", "not false"),
    ("plain", "12", "", "wrong-type", "write 12, without quotes"),
    ("plain", "twelve", "", "wrong-type", 'not "twelve"'),
    ("plain", 1.9, "", "wrong-type", "not 1.9"),
    ("plain", 2.0, "", "wrong-type", "write 2"),
    ("plain", float("nan"), "", "wrong-type", "nan"),
    ("plain", float("inf"), "", "wrong-type", "inf"),
    ("plain", 1e300, "", "wrong-type", "1e+300"),
    ("plain", 10**400, "", "out-of-range", "hundreds of digits"),
    ("plain", -(10**5000), "", "out-of-range", "hundreds of digits"),
    ("plain", "9" * 5000, "", "wrong-type", "…"),
    ("plain", Fraction(1), "", "wrong-type", "whole number"),
    ("whole", -6, "", "out-of-range", "at least -5"),
    ("whole", 100, "", "out-of-range", "less than 100"),
    ("real", True, "", "wrong-type", "must be a number"),
    ("real", "0.5", "", "wrong-type", "write 0.5, without quotes"),
    ("real", float("nan"), "", "out-of-range", "finite"),
    ("real", float("-inf"), "", "out-of-range", "finite"),
    ("real", 10**400, "", "out-of-range", "hundreds of digits"),
    ("share", 0, "", "out-of-range", "more than 0 and at most 1 of it, not 0"),
    ("share", 1.0000001, "", "out-of-range", "at most 1"),
    ("flag", "False", "", "wrong-type", "write false, without quotes"),
    ("flag", 1, "", "wrong-type", "must be true or false, not 1"),
    ("flag", None, "", "wrong-type", "null"),
    ("length", "soon", "", "bad-duration", '"1h30m"'),
    ("length", True, "", "wrong-type", "a duration such as"),
    ("length", ["1s"], "", "wrong-type", "an array"),
    ("length", float("nan"), "", "bad-duration", "NaN"),
    ("length", 10**400, "", "bad-duration", "longer than"),
    ("length", "9" * 5000, "", "bad-duration", "characters"),
    ("length", -1, "", "bad-duration", "negative"),
    ("length", 0, "", "out-of-range", "more than 0 and at most 60 seconds"),
    ("length", "60.000001", "", "out-of-range", "at most 60 seconds"),
    ("rate", "fast", "", "bad-frame-rate", "30000/1001"),
    ("rate", 0, "", "bad-frame-rate", "between 0 and 1000"),
    ("start", "2h", "", "out-of-range", "at most 3600 seconds"),
    ("start", "1:2:3:4", "", "bad-timecode", "write seconds"),
    ("start", None, "", "wrong-type", "00:01:30:12"),
    ("size", "2k", "", "bad-resolution", "to others"),
    ("size", "frist", "", "not-a-choice", 'did you mean "first"?'),
    ("size", {"width": 0, "height": 4}, "", "bad-resolution", "between 1"),
    ("size", 720, "", "wrong-type", 'or "first"'),
    ("picture", "h265x", "", "unknown-codec", "did you mean"),
    ("picture", {"codec": "h264", "crf": 99}, "/crf", "out-of-range", "51"),
    ("sound", "h264", "", "wrong-codec-kind", "of video"),
    ("sound", 5, "", "wrong-type", "an audio codec"),
    ("mode", "FAST", "", "not-a-choice", 'did you mean "fast"?'),
    ("mode", "slow", "", "not-a-choice", '"fast" or "good"'),
    ("fit", "kover", "", "not-a-choice", 'did you mean "cover"?'),
    ("fit", "90", "", "not-a-choice", "write 90, without quotes"),
    ("fit", True, "", "wrong-type", "not true"),
    ("fit", 90.0, "", "wrong-type", "not 90.0"),
    ("fit", {"a": 1}, "", "wrong-type", "an object"),
    ("fit", ["cover"], "", "wrong-type", "an array"),
    ("position", "centre", "", "not-a-choice", 'did you mean "center"? (accepted: a whole number of at least 0 or'),
    ("position", -1, "", "out-of-range", 'accepted: a whole number of at least 0 or "center"'),
    ("position", 1.5, "", "wrong-type", 'must be a whole number of at least 0 or "center", not 1.5'),
    ("position", [], "", "wrong-type", 'or "center", not an array'),
    ("number", "1", "", "wrong-type", "a whole number or a number"),
    ("number", True, "", "wrong-type", "not true"),
    ("regions", {"x": 1}, "", "wrong-type", "must be an array"),
    ("regions", "x", "", "wrong-type", 'write it in brackets: ["x"]'),
    ("regions", [{"x": 1}] * 4, "", "too-long", "at most 3 items, not of 4"),
    ("regions", [{"x": 1}, 5], "/1", "wrong-type", "must be an object"),
    ("regions", [{"x": 1}, {}], "/1/x", "missing-parameter", "x is needed"),
    ("regions", [{"x": 1, "y": 2}], "/0/y", "unknown-parameter", "the parameters are: x, end"),
    ("regions", [{"x": 1.5}], "/0/x", "out-of-range", "at most 1, not 1.5"),
    ("regions", [{"x": 1, "end": "x"}], "/0/end", "bad-duration", "not a duration"),
    ("names", ["a", 5], "/1", "wrong-type", "must be a text"),
    ("options", {"a/b": None}, "/a~1b", "wrong-type", "null"),
    ("options", {"a~b": []}, "/a~0b", "wrong-type", "an array"),
    ("options", {5: 1}, "/5", "wrong-type", "must be a text"),
    ("options", [], "", "wrong-type", "must be an object"),
    ("even", 3, "", "rule-violated", "must be even"),
]


@pytest.mark.parametrize(("name", "value", "below", "code", "said"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_reported_at_its_path(name, value, below, code, said):
    problems = Problems()
    found = structure(Everything, {name: value}, path="/operations/0/params", problems=problems)
    assert found is None
    (problem,) = problems
    assert problem.path == f"/operations/0/params/{name}{below}"
    assert problem.code == code
    assert said in f"{problem.message} {problem.hint}"
    assert len(str(problem)) < 600
    with pytest.raises(SpecError) as caught:
        Everything(**{name: value})
    assert caught.value.problems == (attrs.evolve(problem, path=f"/{name}{below}"),)
    assert caught.value.__suppress_context__


def test_everything_wrong_is_reported_at_once():
    problems = Problems()
    data = {"whole": 1000, "flag": "True", "regions": [5, {"x": -1}], "wohle": 1, "fit": "cower", "": 1, "a/b": 1}
    assert structure(Everything, data, path="/p", problems=problems) is None
    assert [(p.path, p.code) for p in problems] == [
        ("/p/whole", "out-of-range"),
        ("/p/flag", "wrong-type"),
        ("/p/fit", "not-a-choice"),
        ("/p/regions/0", "wrong-type"),
        ("/p/regions/1/x", "out-of-range"),
        ("/p/wohle", "unknown-parameter"),
        ("/p/", "unknown-parameter"),
        ("/p/a~1b", "unknown-parameter"),
    ]
    assert next(p for p in problems if p.path == "/p/wohle").hint == 'did you mean "whole"?'


def test_the_constructor_reports_everything_at_once_too():
    with pytest.raises(SpecError) as caught:
        _made(Region, end="x", y=1)
    assert [(p.path, p.code) for p in caught.value.problems] == [
        ("/x", "missing-parameter"),
        ("/end", "bad-duration"),
        ("/y", "unknown-parameter"),
    ]


@pytest.mark.parametrize("data", [None, [], "x", 5, True, [{}]])
def test_parameters_are_an_object(data):
    problems = Problems()
    assert structure(Everything, data, path="/p", problems=problems) is None
    assert [(p.path, p.code) for p in problems] == [("/p", "wrong-type")]


def _made(cls: type, **given: Any) -> Any:
    """An instance from forms of a document, which type checkers refuse."""
    return cls(**given)


def test_instances_behave_as_values():
    made = _made(Everything, regions=[{"x": 1}], names=["a"], options={"a": 1})
    assert hash(made) == hash(_made(Everything, regions=[{"x": 1}], names=["a"], options={"a": 1}))
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    assert attrs.evolve(made, whole=7).whole == 7
    with pytest.raises(SpecError, match="/whole"):
        attrs.evolve(made, whole=700)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.whole = 3
    problems = Problems()
    assert structure(Everything, made, path="", problems=problems) is made


def test_defaults_are_not_shared():
    first = _made(Everything)
    first.names.append("x")
    first.options["a"] = 1
    assert Everything().names == []
    assert Everything().options == {}
    assert object_type(Everything).parameters[-2].default == {}


def test_what_is_handed_in_is_not_shared():
    names = ["a"]
    made = Everything(names=names)
    names.append("b")
    assert made.names == ["a"]


def test_what_is_no_parameter_stays_as_it_is():
    @define
    class Some:
        """Doc."""

        limit: ClassVar[int] = 3
        other = 4
        angle: float = 1

        @property
        def doubled(self) -> float:
            return 2 * self.angle

        @staticmethod
        def five() -> int:
            return 5

    assert (Some.limit, Some.other, Some(angle=2).doubled, Some.five(), Some.__doc__) == (3, 4, 4.0, 5, "Doc.")
    assert list(inspect.signature(Some).parameters) == ["angle"]
    assert inspect.signature(Some).parameters["angle"].default == 1.0
    assert repr(Some(angle=2)).endswith("Some(angle=2.0)")
    with pytest.raises(SpecError, match="limit"):
        _made(Some, limit=1)
    with pytest.raises(TypeError):
        Some(1.0)  # type: ignore[call-arg]  # what is tested


def test_classes_without_parameters_and_with_plain_bases():
    class Base:
        definition: ClassVar[str]

        def check(self) -> str:
            return "checked"

    @define
    class Empty(Base):
        pass

    assert is_defined(Empty)
    assert not is_defined(Base)
    assert Empty().check() == "checked"
    assert Empty() == Empty()
    assert unstructure(Empty()) == {}
    problems = Problems()
    assert structure(Empty, {"a": 1}, path="", problems=problems) is None
    assert [p.hint for p in problems] == ["the parameters are: none"]


def test_derived_classes_add_fields_and_rules():
    @define(rules=[exactly_one_of("end", "duration")])
    class Part:
        end: Timecode | None = None
        duration: Duration | None = None

    @define
    class Faded(Part):
        fade: Annotated[float, Param("Fade", ge=0)] = 0

    class Named(Faded):
        def name(self) -> str:
            return "named"

    made = Faded(end=Timecode("1"), fade=2)
    assert unstructure(made) == {"end": "1", "duration": None, "fade": 2.0}
    with pytest.raises(SpecError, match="one of end or duration is needed"):
        Faded(fade=1)
    problems = Problems()
    named = structure(Named, {"end": 1}, path="", problems=problems)
    assert named is not None
    assert named.name() == "named"
    assert Named(end=Timecode("1")) == named


def _declare(annotation: Any, default: Any = ..., **more: Any) -> type:
    body: dict[str, Any] = {"__annotations__": {"field": annotation}, "__module__": __name__, **more}
    if default is not ...:
        body["field"] = default
    return define(type("Bad", (), body))


@pytest.mark.parametrize(
    ("annotation", "default", "said"),
    [
        (Fraction, ..., "write Duration or FrameRate"),
        (bytes, ..., "bytes cannot be the type of a parameter"),
        (Any, ..., "cannot be the type"),
        (object, ..., "cannot be the type"),
        (complex | None, ..., "complex"),
        (tuple[int, int], ..., "cannot be the type"),
        (dict[int, str], ..., "cannot be the type"),
        (set[int], ..., "cannot be the type"),
        (Literal[b"x"], ..., "choices are texts, numbers or booleans"),
        (Literal[1, True], ..., "two of the choices are equal"),
        ("Missing", ..., "cannot be evaluated"),
        ("int |", ..., "cannot be evaluated"),
        (int, "x", "default must be a whole number"),
        (int, None, "default must be a whole number"),
        (Annotated[int, Param("n", ge=1)], 0, "default must be a whole number of at least 1"),
        (Annotated[int, Param("n", ge=1, examples=[0])], 1, "example must be a whole number of at least 1"),
        (Annotated[bool, Param("b", ge=1)], ..., "limits (ge, gt, le, lt) cannot concern bool"),
        (Annotated[int, Param("n", pattern="x")], ..., "a pattern cannot concern int"),
        (Annotated[Resolution, Param("n", max_length=2)], ..., "a length cannot concern resolution"),
        (Annotated[Duration, Param("n", ge="soon")], ..., "not a duration"),
        (tuple[Region, ...], [{"y": 1}], "default/0/x x is needed"),
        (int, attrs.Factory(lambda self: 1, takes_self=True), "cannot depend on other parameters"),
    ],
)
def test_unsound_declarations_are_refused(annotation, default, said):
    with pytest.raises(PluginContractError) as caught:
        _declare(annotation, default)
    assert "parameters of Bad: field: " in str(caught.value)
    assert said in str(caught.value)


def test_all_faults_of_a_declaration_are_listed():
    body = {"__annotations__": {"a": "bytes", "b": "Fraction", "_c": "int"}, "__init__": lambda self: None}
    with pytest.raises(PluginContractError) as caught:
        define(type("Bad", (), body | {"__module__": __name__}), rules=[exactly_one_of("d", "e")])
    for said in ("__init__ of its own", "a: bytes", "b: a Fraction", "_c: names", "speaks of d", "speaks of e"):
        assert said in str(caught.value)


def test_a_default_is_not_changed_in_silence():
    with pytest.raises(PluginContractError, match="x: annotate it again"):

        @define
        class Derived(Region):
            x = 5


def test_only_classes_of_parameters_are_structured():
    with pytest.raises(PluginContractError, match=r"not made with params\.define"):
        structure(Problem, {}, path="", problems=Problems())
