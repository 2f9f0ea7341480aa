"""The oracle is FFmpeg's own parser: what ``metadata=add`` was given is what ``metadata=print`` shows."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.escaping import escape_option_value

NASTY = [
    "",
    " ",
    "\n",
    " both ends \t",
    "  \n leading",
    "trailing \r\n ",
    "inner  space",
    "it's",
    "''",
    "'quoted'",
    '"double"',
    "a:b:c",
    "C:\\clips\\in put.mp4",
    "comma, then more",
    "semi;colon",
    "[in][0:v]",
    "]",
    "back\\slash",
    "trailing backslash\\",
    "two trailing\\\\",
    "\\",
    "\\'",
    "\\ ",
    "\\:\\,",
    "line\nbreak",
    "tab\there",
    "100% %{localtime} %%",
    "$HOME `id` $(id)",
    "a=b:c=d",
    "key=value|other=1@2",
    "metadata=mode=delete,null[x];[x]",
    "Ünïcödé – 日本語",
    "👩‍👩‍👧 emoji 🎬",
    "\u00a0no-break space\u00a0",
    "\x0bvertical\x0c",
    "#!/*comment*/",
    "-/filter_complex",
]


def _graph(values: list[str], report: Path) -> str:
    """Filters that set each value as a middle and as a last option, and one that prints what was set."""
    adders = []
    for index, value in enumerate(values):
        text = escape_option_value(value)
        adders.append(f"metadata=mode=add:value={text}:key=<m{index}>")
        adders.append(f"metadata=mode=add:key=<l{index}>:value={text}")
    printer = f"metadata=mode=print:file={escape_option_value(str(report))}"
    return "color=s=16x16:r=1:d=1," + ",".join([*adders, "metadata=mode=add:key=<end>:value=.", printer]) + "[out1]"


def _run(engine: Engine, graph: list[str], folder: Path) -> None:
    argv = [str(engine.ffmpeg), "-v", "error", "-nostdin", *graph, "-map", "[out1]", "-f", "null", "-"]
    done = subprocess.run(argv, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def _read(report: Path, count: int) -> dict[str, str]:
    """The printed values, by key; a value may itself hold line breaks."""
    text = report.read_bytes().decode()
    keys = [f"<{kind}{index}>" for index in range(count) for kind in "ml"] + ["<end>"]
    found, at = {}, text.index(f"{keys[0]}=")
    for key, following in itertools.pairwise(keys):
        at += len(key) + 1
        end = text.index(f"\n{following}=", at)
        found[key], at = text[at:end], end + 1
    return found


def _expected(values: list[str]) -> dict[str, str]:
    return {f"<{kind}{index}>": value for index, value in enumerate(values) for kind in "ml"}


def test_every_string_survives_as_an_argument(engine: Engine, tmp_path: Path) -> None:
    _run(engine, ["-filter_complex", _graph(NASTY, tmp_path / "report")], tmp_path)
    assert _read(tmp_path / "report", len(NASTY)) == _expected(NASTY)


def test_every_string_survives_in_a_file(engine: Engine, tmp_path: Path) -> None:
    script = tmp_path / "graph"
    script.write_bytes(_graph(NASTY, tmp_path / "report").encode())
    known = subprocess.run([engine.ffmpeg, "-h", "long"], capture_output=True, check=True).stdout
    option = "-filter_complex_script" if b"-filter_complex_script" in known else "-/filter_complex"
    _run(engine, [option, str(script)], tmp_path)
    assert _read(tmp_path / "report", len(NASTY)) == _expected(NASTY)


# Up to 20 characters: `metadata=print` of older builds cuts a line at 127 bytes.
_text = st.text(
    st.one_of(st.sampled_from("\\':,;[]= \n\t\r%$|@\"#"), st.characters(codec="utf-8", exclude_characters="\0")),
    max_size=20,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(_text, min_size=30, max_size=60))
def test_any_string_survives(engine: Engine, tmp_path: Path, values: list[str]) -> None:
    _run(engine, ["-filter_complex", _graph(values, tmp_path / "report")], tmp_path)
    assert _read(tmp_path / "report", len(values)) == _expected(values)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udcffb"])
def test_what_no_graph_can_carry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="can't hold"):
        escape_option_value(text)
