from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.cli.terminal import Terminal, one_line, printable


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")


def written(out: io.TextIOWrapper) -> bytes:
    binary = out.buffer
    assert isinstance(binary, io.BytesIO)
    return binary.getvalue()


@given(st.text(), st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252", "utf-16"]))
def test_every_text_can_be_said_everywhere(text, encoding):
    out = stream(encoding)
    Terminal(out, None).say(text)
    said = written(out).decode(encoding)
    assert said.endswith("\n")
    assert not any(char in said for char in "\x1b\x07\x9b\u202e\r")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["utf-8", "ascii", "cp1252"]))
def test_data_are_exact(text, encoding):
    out = stream(encoding)
    Terminal(out, None).data(text)
    assert written(out) == text.encode()


def test_data_and_text_keep_their_order():
    out = stream("utf-8")
    terminal = Terminal(out, None)
    terminal.say("a")
    terminal.data("b\n")
    terminal.say("c")
    assert written(out) == b"a\nb\nc\n"


def test_what_is_not_ascii_has_a_stand_in():
    out = stream("ascii")
    Terminal(out, None).say("a — b → 3×4 … ü")
    assert written(out) == rb"a - b -> 3x4 ... \xfc" + b"\n"


def test_escapes_are_shown_and_not_sent():
    assert printable("\x1b]0;title\x07\tkept\nkept") == "\\x1b]0;title\\x07\tkept\nkept"


def test_one_line():
    assert one_line("a\n  b\r\nc\u2028d\n") == "a b c d"
    assert one_line("") == ""


def test_streams_without_bytes_are_written_to_as_well():
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out, err)
    terminal.data("ä")
    terminal.note("ö")
    assert (out.getvalue(), err.getvalue()) == ("ä", "ö\n")


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_nothing_is_written_to_a_reader_that_went_away():
    terminal = Terminal(Gone(), Gone())
    terminal.say("a")
    terminal.note("b")
    assert terminal.out is None
    assert terminal.err is None
    terminal.data("c")


def test_other_failures_are_the_callers():
    out = io.StringIO()
    out.close()
    with pytest.raises(ValueError, match="closed file"):
        Terminal(out, None).say("a")
