"""Drawings are sound XML whatever is written in them, and stand by themselves."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.display import (
    Bar,
    Flow,
    FlowEdge,
    FlowNode,
    Markup,
    escaped,
    gantt,
    page,
    picture,
    preformatted,
    problem_list,
    table,
)
from mediapipeline.errors import Problem

SVG = "{http://www.w3.org/2000/svg}"
NASTY = ["<script>alert(1)</script>", "a & b", "\"quoted\" 'text'", "\x00\x1b[31m", "]]>", "é漢🎬", "", "x" * 500]


def flow(*edges: tuple[str, str], names: str = "") -> Flow:
    ids = dict.fromkeys([*names, *(name for edge in edges for name in edge)])
    return Flow(
        nodes=tuple(FlowNode(id=name, lines=(name,), kind="operation") for name in ids),
        edges=tuple(FlowEdge(source=a, target=b, label=f"{a}{b}") for a, b in edges),
    )


def boxes(drawing: str) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for group in ET.fromstring(drawing).iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
        found[str(group.findtext(f"{SVG}title"))] = (x, y, width, height)
    return found


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5)), max_size=20))
def test_arrows_go_to_the_right_and_boxes_do_not_overlap(pairs):
    edges = {(str(source), str(source + step)) for source, step in pairs}
    drawn = boxes(flow(*sorted(edges), names="x").to_svg())
    for source, target in edges:
        assert drawn[source][0] + drawn[source][2] < drawn[target][0]
    for a in drawn.values():
        for b in drawn.values():
            apart = a[0] + a[2] < b[0] or b[0] + b[2] < a[0] or a[1] + a[3] < b[1] or b[1] + b[3] < a[1]
            assert a == b or apart


def test_what_is_too_large_to_look_at_stays_small():
    names = [str(number) for number in range(10_000)]
    drawing = flow(*itertools.pairwise(names)).to_svg()
    assert "10,000 boxes" in "".join(ET.fromstring(drawing).itertext())
    assert len(drawing) < 1000
    long = FlowNode(id="a", lines=("a", "x" * 1_000_000), kind="input")
    assert len(Flow(nodes=(long,), edges=()).to_svg()) < 3000


@pytest.mark.parametrize("text", NASTY)
def test_text_is_text(text):
    node = FlowNode(id="a", lines=(text, text), kind="input")
    drawings = [
        Flow(nodes=(node,), edges=()).to_svg(),
        gantt([Bar(label=text, start=0, end=1)]),
        table((text,), [(text, None)]),
        preformatted(text),
        picture(b"png", text),
    ]
    for drawing in drawings:
        closed = re.sub(r"(<img[^>]*)>", r"\1/>", drawing)  # HTML does not close it, XML does
        assert "script" not in {element.tag.removeprefix(SVG) for element in ET.fromstring(closed).iter()}
    assert "<script>" not in page(text, [(text, [escaped(text)])])


def test_markup_stays_and_everything_else_does_not():
    assert escaped(Markup("<b>")) == "<b>"
    assert escaped("<b>") == "&lt;b&gt;"
    assert escaped(escaped("<b>")) == "&lt;b&gt;"


def test_bars_are_as_long_as_they_take():
    drawn = [float(r.get("width", "")) for r in ET.fromstring(gantt([
        Bar(label="a", start=0, end=1), Bar(label="b", start=1, end=3), Bar(label="c", start=3, end=3)
    ])).iter(f"{SVG}rect")]  # fmt: skip
    assert drawn[1] == pytest.approx(2 * drawn[0], rel=0.01)
    assert drawn[2] > 0


def test_a_page_refers_to_nothing_outside():
    text = page("title", [("kept", [Markup("<p>x</p>")]), ("empty", [])])
    assert "<h2>kept</h2>" in text
    assert "empty" not in text
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert "default-src 'none'" in text


def test_arrows_go_round_the_boxes_between():
    drawing = flow(("a", "b"), ("b", "c"), ("a", "c")).to_svg()
    placed = boxes(drawing)
    between = placed["b"]
    paths = [path.get("d", "") for path in ET.fromstring(drawing).findall(f"{SVG}path")]
    far = next(path for path in paths if "L" in path)
    crossed = re.search(r"([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)", far)
    assert crossed is not None
    x1, y1, x2, y2 = map(float, crossed.groups())
    assert (x1, x2) == (between[0], between[0] + between[2])
    assert y1 == y2
    assert not between[1] <= y1 <= between[1] + between[3]


def test_very_long_ones_end():
    many = [Bar(label=f"step {number}", start=number, end=number + 1) for number in range(5000)]
    drawn = ET.fromstring(gantt(many))
    assert len(list(drawn.iter(f"{SVG}rect"))) == 200
    assert "… and 4,800 more" in "".join(drawn.itertext())
    assert float(drawn.get("height", "")) < 6000
    rows = table(("a", "b"), [(number, number) for number in range(5000)], foot=("sum", 7))
    assert rows.count("<tr>") == 1 + 200 + 1 + 1
    assert "… and 4,800 more" in rows
    assert rows.endswith(">7</td></tr></tbody></table>")


def test_notebooks_cannot_align_cells_otherwise():
    made = table(("a", "n"), [("x", 1)], numbers=[1])
    assert re.findall(r"<(t[hd])[^>]*text-align:(\w+)", made) == [
        ("th", "left"), ("th", "right"), ("td", "left"), ("td", "right"),
    ]  # fmt: skip


def test_problems_as_a_table():
    made = problem_list([Problem("/inputs/0", "x", "it is <b>", "write b"), Problem("", "y", "no", None)])
    assert "it is &lt;b&gt;" in made
    assert "(the job)" in made
