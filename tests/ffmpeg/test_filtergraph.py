from __future__ import annotations

import json
import math
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.filtergraph import (
    Chain,
    Expr,
    File,
    Filter,
    FilterGraph,
    InputStream,
    Label,
    Pad,
    number_text,
    parse_pad,
)


def _chain(inputs: str, name: str, outputs: str) -> Chain:
    return Chain(tuple(map(parse_pad, inputs.split())), (Filter(name),), tuple(map(Label, outputs.split())))


def test_the_text_is_what_ffmpeg_reads() -> None:
    scale = Filter("scale", (("w", 1280), ("h", -2), ("flags", "lanczos")), "op1")
    draw = Filter("drawtext", (("text", "it's 5:00, ok"), ("enable", Expr("gte(t,1)")), ("box", True)))
    rate = Filter("fps", (("fps", Fraction(30000, 1001)),))
    graph = FilterGraph(
        (
            Chain((InputStream(0, 5),), (scale, draw), (Label("s1"),)),
            Chain((Label("s1"),), (rate,), (Label("s2"),)),
        )
    )
    assert str(graph) == (
        r"[0:5]scale@op1=w=1280:h=-2:flags=lanczos,"
        r"drawtext=text=it\\\'s\ 5\\:00\,\ ok:enable=gte(t\,1):box=1[s1];"
        r"[s1]fps=fps=30000/1001[s2]"
    )
    assert (graph.inputs, graph.outputs) == ((InputStream(0, 5),), (Label("s2"),))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(5), "5"),
        (Fraction(-5), "-5"),
        (Fraction(5, 2), "2.5"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(1, 1_000_000), "0.000001"),
        (Fraction(-1, 25), "-0.04"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 2_000_000), "1/2000000"),
        (Fraction(30000, 1001), "30000/1001"),
        (10**30, "1" + "0" * 30),
        (True, "1"),
        (False, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (-1.5e-9, "-0.0000000015"),
        (1e22, "10000000000000000000000"),
        (-0.0, "0"),
        (2.0, "2"),
    ],
)
def test_numbers_have_no_exponent_and_stay_exact(value: float | Fraction, text: str) -> None:
    assert number_text(value) == text


@given(st.one_of(st.fractions(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_no_number_changes(value: float | Fraction) -> None:
    text = number_text(value)
    assert "e" not in text.lower()
    assert Fraction(text) == value if not isinstance(value, float) else float(text) == value


def test_what_is_no_number_is_refused() -> None:
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="option v of f: not a finite number"):
            Filter("f", (("v", value),))
    with pytest.raises(ValueError, match="option v of f: not a value"):
        Filter("f", (("v", None),))  # type: ignore[arg-type]  # what a caller without types may do


@pytest.mark.parametrize(
    ("name", "key", "instance"),
    [
        ("sc ale", "w", None),
        ("", "w", None),
        ("scale,movie", "w", None),
        ("scale@x", "w", None),
        ("scale\n", "w", None),
        ("scale", "w=1:h", None),
        ("scale", "", None),
        ("scale", "/w", None),
        ("scale", "-w", None),
        ("scale", "w\n", None),
        ("scale", "w", "a b"),
        ("scale", "w", ""),
        ("scale", "w", "a=b"),
    ],
)
def test_a_name_can_not_break_out(name: str, key: str, instance: str | None) -> None:
    with pytest.raises(ValueError, match="not the name of"):
        Filter(name, ((key, 1),), instance)


def test_options_are_given_once() -> None:
    with pytest.raises(ValueError, match="options of scale given twice: w"):
        Filter("scale", (("w", 1), ("h", 1), ("w", 2)))
    assert str(Filter("acompressor", (("soft-knee", 1),))) == "acompressor=soft-knee=1"


@pytest.mark.parametrize(
    "name", ["v", "a", "V", "0", "12", "0:v", "s", "s-1", "s 1", "1s", "", "[s1]", "s1\n", "v:0", "S1"]
)
def test_a_label_reads_as_no_stream_specifier(name: str) -> None:
    with pytest.raises(ValueError, match="not a label"):
        Label(name)


def test_pads_are_read_back() -> None:
    for pad in (Label("s12"), InputStream(0, 5), InputStream(10, 0)):
        assert parse_pad(str(pad)) == pad
    with pytest.raises(ValueError, match="must be >= 0"):
        InputStream(-1, 0)


def test_every_slip_in_the_wiring_is_named() -> None:
    with pytest.raises(ValueError, match="written twice") as caught:
        FilterGraph(
            (
                _chain("0:0", "split", "s1 s2"),
                _chain("s1", "hflip", "s3"),
                _chain("s1", "vflip", "s3"),
                _chain("s9 s2", "overlay", "s4"),
            )
        )
    assert str(caught.value) == (
        "labels written twice: s3; labels read twice (a split is needed): s1; labels that nothing writes: s9"
    )


def test_empty_graphs_and_writing_to_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="a filter graph needs a chain"):
        FilterGraph(())
    with pytest.raises(ValueError, match="a chain needs a filter"):
        Chain((), (), (Label("s1"),))
    with pytest.raises(ValueError, match="can't write to an input: 0:0"):
        Chain((), (Filter("null"),), (InputStream(0, 0),))  # type: ignore[arg-type]  # what a caller may do


def test_what_has_nothing_to_do_with_the_rest_is_a_part_of_its_own() -> None:
    graph = FilterGraph((
        _chain("0:0", "split", "s1 s2"), _chain("0:1", "anull", "s3"), _chain("s1 1:0", "overlay", "s4"),
        _chain("1:1", "anull", "s5"), _chain("0:1", "volume", "s6"), _chain("s2", "hflip", "s7"),
    ))  # fmt: skip
    assert [str(part) for part in graph.parts] == [
        "[0:0]split[s1][s2];[s1][1:0]overlay[s4];[s2]hflip[s7]",
        "[0:1]anull[s3];[0:1]volume[s6]",  # frames of one decoder
        "[1:1]anull[s5]",
    ]
    joined = FilterGraph((*graph.chains, _chain("s3 s5", "amix", "s8"), _chain("s4 s8", "concat", "s9")))
    assert joined.parts == (joined,)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=12))
def test_parts_are_what_no_link_leads_out_of(links: list[tuple[int, int]]) -> None:
    """Chains that read two streams of inputs, or the chain before."""
    chains = tuple(
        _chain(f"{a}:0 {f's{at - 1}' if a == b and at else f'{b}:0'}", "xstack", f"s{at}")
        for at, (a, b) in enumerate(links)
    )
    parts = FilterGraph(chains).parts
    assert sorted(map(str, (chain for part in parts for chain in part.chains))) == sorted(map(str, chains))
    taken = [{*part.inputs, *(pad for chain in part.chains for pad in chain.outputs)} for part in parts]
    for at, pads in enumerate(taken):
        assert all(pads.isdisjoint(others) for others in taken[at + 1 :])
    assert all(part.parts == (part,) for part in parts)


def test_files_get_their_paths_when_the_graph_is_written() -> None:
    part = Filter("subtitles", (("filename", File("work:a.srt")),))
    assert part.text({"work:a.srt": "/tmp/it's/C:a.srt"}) == r"subtitles=filename=/tmp/it\\\'s/C\\:a.srt"
    assert part.text() == r"subtitles=filename=work\\:a.srt"
    with pytest.raises(ValueError, match=r"no path for the file 'work:a.srt'; known: work:b.srt"):
        part.text({"work:b.srt": "/b"})
    for path in ("", "/a\nb", "/a\0b"):
        with pytest.raises(ValueError, match="not a usable path"):
            part.text({"work:a.srt": path})


_values = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.integers(-(10**20), 10**20),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.fractions(),
    st.text("abctn(),+*", min_size=1, max_size=8).map(Expr),
    st.sampled_from(["work:a", "source:in"]).map(File),
)
_names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
_filters = st.builds(
    lambda name, options, instance: Filter(name, tuple(options.items()), instance),
    _names,
    st.dictionaries(_names, _values, max_size=4),
    st.none() | _names,
)


@st.composite
def _graphs(draw: st.DrawFn) -> FilterGraph:
    chains: list[Chain] = []
    open_labels: list[Label] = []
    for index in range(draw(st.integers(1, 5))):
        inputs: list[Pad] = [InputStream(draw(st.integers(0, 3)), draw(st.integers(0, 9)))]
        inputs += [open_labels.pop() for _ in range(draw(st.integers(0, len(open_labels))))]
        outputs = tuple(Label(f"s{index * 10 + number}") for number in range(draw(st.integers(0, 3))))
        chains.append(Chain(tuple(inputs), tuple(draw(st.lists(_filters, min_size=1, max_size=3))), outputs))
        open_labels += outputs
    return FilterGraph(tuple(chains))


@given(_graphs())
def test_json_keeps_everything_types_included(graph: FilterGraph) -> None:
    again = FilterGraph.from_dict(json.loads(json.dumps(graph.to_dict())))
    assert again == graph
    assert hash(again) == hash(graph)
    assert again.text() == graph.text()
    for one, other in zip(graph.chains, again.chains, strict=True):
        for part, same in zip(one.filters, other.filters, strict=True):
            assert [type(value) for _, value in part.options] == [type(value) for _, value in same.options]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"chains": None},
        {"chains": [{}]},
        {"chains": ["x"]},
        {"chains": [{"inputs": ["v"], "filters": [{"name": "null"}], "outputs": []}]},
        {"chains": [{"inputs": [], "filters": [{"name": "null", "options": [["w", {"float": "x"}]]}], "outputs": []}]},
        {"chains": [{"inputs": [], "filters": [{"name": "null", "options": [["w", 1.5]]}], "outputs": []}]},
        {"chains": [{"inputs": [], "filters": [{"name": "null", "options": [["w"]]}], "outputs": []}]},
        {"chains": [{"inputs": [], "filters": [{"name": 5}], "outputs": []}]},
    ],
)
def test_broken_json_is_a_value_error(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        FilterGraph.from_dict(data)


def test_ffmpeg_takes_every_kind_of_value(engine: Engine, tmp_path: Path) -> None:
    report = tmp_path / "it's: a, [file]"
    source = Filter("testsrc2", (("s", "64x48"), ("r", Fraction(30000, 1001)), ("d", Fraction(1, 2))))
    change = (
        Filter("trim", (("start", Fraction(1, 25)), ("end", Fraction(2, 5))), "op0"),
        Filter("setpts", (("expr", Expr("PTS-0.04/TB")),)),
        Filter("scale", (("w", Expr("if(gte(iw,64),32,iw)")), ("h", 24), ("flags", "lanczos"))),
        Filter("setsar", (("sar", Fraction(16, 15)),)),
        Filter("gblur", (("sigma", 0.00001), ("enable", Expr("between(t,0,1)")))),
        Filter("fps", (("fps", 25.0),)),
        Filter("metadata", (("mode", "add"), ("key", "k"), ("value", "v"))),
        Filter("metadata", (("mode", "print"), ("file", File("work:m")), ("direct", True))),
        Filter("split", (("outputs", 2),)),
    )
    graph = FilterGraph(
        (Chain((), (source,), (Label("s1"),)), Chain((Label("s1"),), change, (Label("s2"), Label("s3"))))
    )
    argv = [str(engine.ffmpeg), "-v", "warning", "-nostdin", "-filter_complex", graph.text({"work:m": str(report)})]
    argv += ["-map", "[s2]", "-map", "[s3]", "-f", "framemd5", "-"]
    done = subprocess.run(argv, env=environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    assert done.stderr == b""
    assert {"#dimensions 0: 32x24", "#sar 0: 16/15", "#tb 0: 1/25"} <= set(lines)
    # 0.04 <= t < 0.4 keeps 10 frames of 29.97 a second, that is 0.334 s, and hence 8 frames at 25 a second.
    assert sum(line.startswith("0,") for line in lines) == 8
    assert report.read_text().count("k=v\n") == 8
