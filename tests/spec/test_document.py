from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.errors import Problems
from mediapipeline.media.fields import NOT_READ
from mediapipeline.spec.document import DEEPEST, LARGEST, read


def found(document: Any) -> list[tuple[str, str]]:
    problems = Problems()
    read(document, problems)
    return [(p.path, p.code) for p in problems]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("", [("", "bad-json")]),
        ("{} x", [("", "bad-json")]),
        ('{"a": 1,}', [("", "bad-json")]),
        ("{'a': 1}", [("", "bad-json")]),
        ('{"a": 1', [("", "bad-json")]),
        ('{"a": "\x01"}', [("", "bad-json")]),
        ("\ufeff{}", [("", "bad-json")]),
        (b"\xef\xbb\xbf{}", [("", "bad-json")]),
        (b'{"a": "\xc3("}', [("", "bad-json")]),
        ("{}".encode("utf-16"), [("", "bad-json")]),
        ('{"a": 1, "b": [{"c": 1, "c": 2, "c": 3}], "a": 2}', [("/a", "duplicate-key"), ("/b/0/c", "duplicate-key")]),
        ('{"a": NaN, "b": [-Infinity]}', [("/a", "bad-json"), ("/b/0", "bad-json")]),
        ('{"a": 1e999}', [("/a", "number-too-long")]),
        ('{"a": ' + "1" * 5000 + "}", [("/a", "number-too-long")]),
        ('{"a": -' + "1" * 5000 + "}", [("/a", "number-too-long")]),
        ('{"a": 0.' + "1" * 5000 + "}", [("/a", "number-too-long")]),
        ('{"a": "\\ud800"}', [("/a", "bad-text")]),
        ('{"\\udfff": 1}', [("", "bad-key")]),
        ("[" * 100_000, [("", "too-deep")]),
        ('{"a":' * 100_000, [("", "too-deep")]),
        (json.dumps(deep(DEEPEST)), []),
        (json.dumps(deep(DEEPEST + 1)), [("/a" * DEEPEST, "too-deep")]),
        (" " * (LARGEST + 1), [("", "too-large")]),
        (deep(100_000), [("/a" * DEEPEST, "too-deep")]),
        ({1: 2}, [("", "bad-key")]),
        ({"a": float("nan")}, [("/a", "bad-json")]),
        ({"a": [object(), {1}, b"x"]}, [("/a/0", "not-json"), ("/a/1", "not-json"), ("/a/2", "not-json")]),
        ({"a": 10**5000}, [("/a", "number-too-long")]),
        ({"a": (1, 2)}, []),
    ],
)  # fmt: skip
def test_what_is_not_json(document: Any, expected: list[tuple[str, str]]) -> None:
    assert found(document) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n  "a": 1,\n}', "line 3, column 1"),
        ('{"a": tru}', "line 1, column 7"),
        ("[" * 100_000, "line 1, column 65"),
        (b'{\n "a": "\xff"}', "line 2, byte 8"),
    ],
)
def test_the_place_is_told(text: str | bytes, says: str) -> None:
    problems = Problems()
    assert read(text, problems) is NOT_READ
    (problem,) = problems
    assert says in problem.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"a": 1,}', "no comma"),
        ("{'a': 1}", "double quotes"),
        ('{"a": 1 // x\n}', "no comments"),
        ("#", "no comments"),
    ],
)
def test_common_slips_get_a_hint(text: str, hint: str) -> None:
    problems = Problems()
    read(text, problems)
    (problem,) = problems
    assert hint in (problem.hint or "")


def test_a_value_that_contains_itself() -> None:
    cycle: dict[str, Any] = {"x": 1}
    cycle["again"] = [cycle]
    assert found(cycle) == [("/again/0", "cyclic")]


def test_a_small_value_that_unfolds_to_a_huge_one() -> None:
    value: Any = [0]
    for _ in range(30):
        value = [value] * 10
    assert found({"a": value}) == [("", "too-large")]


def test_shared_parts_are_no_cycle() -> None:
    shared = {"a": [1]}
    problems = Problems()
    assert read({"x": shared, "y": shared}, problems) == {"x": shared, "y": shared}
    assert not list(problems)


def test_a_copy_shares_nothing_and_keeps_the_order() -> None:
    original = {"b": [1, {"c": None}], "a": {"z": 1, "y": [2]}}
    copy = read(original, Problems())
    assert json.dumps(copy) == json.dumps(original)
    copy["b"][1]["c"] = 5
    assert original["b"] == [1, {"c": None}]


def test_a_million_mistakes_are_not_all_told() -> None:
    assert 0 < len(found({"a": [float("nan")] * 10_000})) <= 101


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON))
def test_json_comes_through_as_it_is(value: dict[str, Any]) -> None:
    problems = Problems()
    assert read(json.dumps(value), problems) == value
    assert read(value, problems) == value
    assert not list(problems)


@given(st.text() | st.binary())
def test_any_text_is_read_or_explained(text: str | bytes) -> None:
    problems = Problems()
    assert (read(text, problems) is NOT_READ) == bool(list(problems))
