from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.media.malformed import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("é", '"é"'),
        ('say "x"', r'"say \"x\""'),
        ("a\nb", r'"a\nb"'),
        ("\ud800", r'"\ud800"'),
        ("\u202eevil", r'"\u202eevil"'),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        (10**5000, "a number of hundreds of digits"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 10**5000), "a fraction of hundreds of digits"),
        ({"a": 1}, "an object"),
        ([1], "an array"),
        (object(), "a Python object"),
    ],
    ids=range(15),
)
def test_values_are_shown_as_json_would(value, text):
    assert shown(value) == text


@given(st.one_of(st.text(), st.integers(), st.floats(), st.fractions(), st.binary()))
def test_what_is_shown_is_short_and_printable(value):
    text = shown(value)
    assert text.isprintable()
    assert len(text) < 400
    text.encode()
