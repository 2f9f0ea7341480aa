from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import attrs
import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.command import GRAPH_ON_COMMAND_LINE, Command, InputFile, OutputFile, shell_words
from mediapipeline.ffmpeg.detect import capabilities
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.filtergraph import Chain, File, Filter, FilterGraph, InputStream, Label

SOURCE = InputFile(file="source:in", options=(("ss", "5"), ("t", "2.5")), demuxers=("mov", "mp4"))
GRAPH = FilterGraph((Chain((InputStream(0, 0),), (Filter("scale", (("w", 64), ("h", -2))),), (Label("s1"),)),))
TARGET = OutputFile(
    file="final:web",
    muxer="mp4",
    maps=(Label("s1"), InputStream(0, 1)),
    options=(("c:v:0", "libx264"), ("c:a:0", "copy"), ("metadata:s:a:0", "title=it's"), ("shortest", None)),
)
COMMAND = Command(inputs=(SOURCE,), graph=GRAPH, outputs=(TARGET,), options=(("filter_complex_threads", "1"),))
PATHS = {"source:in": "/in/-x.mp4", "final:web": "/out/a b.mp4"}


def _long_graph(filters: int = 1000) -> FilterGraph:
    """Longer than what is put on the command line."""
    parts = tuple(Filter("setsar", (("sar", 1),), f"number_{index}") for index in range(filters))
    graph = FilterGraph((Chain((InputStream(0, 0),), parts, (Label("s1"),)),))
    assert len(graph.text()) > GRAPH_ON_COMMAND_LINE
    return graph


def _argv(command: Command, **changes: Any) -> list[str]:
    given = {"binary": "ffmpeg", "paths": PATHS, "features": Capabilities.assume("9.0"), **changes}
    return command.argv(**given)


def test_the_argument_list() -> None:
    assert _argv(COMMAND) == [
        "ffmpeg", "-hide_banner", "-nostdin", "-y", "-loglevel", "level+warning", "-nostats",
        "-progress", "pipe:1", "-stats_period", "0.2",
        "-filter_complex_threads", "1",
        "-protocol_whitelist", "file", "-format_whitelist", "mov,mp4", "-ss", "5", "-t", "2.5", "-i", "file:/in/-x.mp4",
        "-filter_complex", "[0:0]scale=w=64:h=-2[s1]",
        "-map", "[s1]", "-map", "0:1", "-c:v:0", "libx264", "-c:a:0", "copy", "-metadata:s:a:0", "title=it's",
        "-shortest", "-f", "mp4", "-protocol_whitelist", "file", "file:/out/a b.mp4",
    ]  # fmt: skip


def test_progress_is_asked_for_as_the_build_can() -> None:
    assert "-stats_period" not in _argv(COMMAND, features=Capabilities())
    silent = _argv(COMMAND, progress=None)
    assert "-progress" not in silent
    assert "-stats_period" not in silent


@pytest.mark.parametrize(
    ("version", "option"),
    [("5.1", "-filter_complex_script"), ("7.0", "-/filter_complex"), ("9.0", "-/filter_complex")],
)
def test_a_long_graph_goes_into_a_file(version: str, option: str) -> None:
    command = attrs.evolve(COMMAND, graph=_long_graph())
    written: list[str] = []

    def write(text: str) -> str:
        written.append(text)
        return "/srv/graph"

    argv = _argv(command, features=Capabilities.assume(version), graph_file=write)
    assert argv[argv.index(option) + 1] == "/srv/graph"
    assert "-filter_complex" not in argv
    assert written == [_long_graph().text()]
    assert "-filter_complex" in _argv(command, features=Capabilities.assume(version))
    assert "-filter_complex" in _argv(command, features=Capabilities(), graph_file=write)
    assert "-filter_complex" in _argv(COMMAND, features=Capabilities.assume(version), graph_file=write)
    assert len(written) == 1


def test_parts_of_a_graph_are_graphs_of_their_own() -> None:
    sound = Chain((InputStream(0, 1),), (Filter("anull"),), (Label("s2"),))
    graph = FilterGraph((*GRAPH.chains, sound))
    output = attrs.evolve(TARGET, maps=(Label("s1"), Label("s2")))
    argv = _argv(attrs.evolve(COMMAND, graph=graph, outputs=(output,)))
    at = argv.index("-filter_complex")
    assert argv[at : at + 4] == ["-filter_complex", "[0:0]scale=w=64:h=-2[s1]", "-filter_complex", "[0:1]anull[s2]"]


def test_parts_share_the_room_on_the_command_line() -> None:
    chains = tuple(
        Chain((InputStream(0, at),), (Filter("anull", (), "x" * 1000),), (Label(f"s{at}"),)) for at in range(9)
    )
    short = attrs.evolve(chains[0], filters=(Filter("anull"),))
    output = attrs.evolve(TARGET, maps=tuple(Label(f"s{at}") for at in range(9)), options=())
    command = attrs.evolve(COMMAND, graph=FilterGraph((short, *chains[1:])), outputs=(output,))
    written: list[str] = []

    def write(text: str) -> str:
        written.append(text)
        return f"/srv/graph-{len(written)}"

    argv = _argv(command, graph_file=write)
    assert written == [str(chain) for chain in chains[1:]]
    assert [word for word in argv if word.startswith("/srv/graph")] == [f"/srv/graph-{at}" for at in range(1, 9)]
    assert argv[argv.index("-filter_complex") + 1] == str(short)


@pytest.mark.parametrize("path", ["", "/a\nb", "/a\0b", "/a\x1bb", "/a\x7f"])
def test_paths_with_control_characters_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a usable path for the file 'final:web'"):
        _argv(COMMAND, paths=PATHS | {"final:web": path})


def test_a_file_without_a_path_is_named() -> None:
    with pytest.raises(ValueError, match="no path for the file 'final:web'; known: source:in"):
        _argv(COMMAND, paths={"source:in": "/in.mp4"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("-ss", "1"), ("", "1"), ("ss 1", "1"), ("ss\n", "1"), ("/filter_complex", "x"), ("é", "1"),
        ("i", "/etc/passwd"), ("y", None), ("n", None), ("map", "0"), ("vf", "movie=x"), ("filter:v", "null"),
        ("protocol_whitelist", "http"), ("format_whitelist", "hls"), ("dump_attachment:t", "x"), ("progress", "x"),
        ("attach", "/etc/passwd"), ("metadata", "a\0b"), ("metadata", "\ud800"), ("ss", 5),
    ],
)  # fmt: skip
def test_options_that_a_command_may_not_set(key: str, value: Any) -> None:
    for make in (
        lambda: InputFile(file="source:in", demuxers=("mp4",), options=((key, value),)),
        lambda: OutputFile(file="final:web", muxer="mp4", maps=(), options=((key, value),)),
        lambda: attrs.evolve(COMMAND, options=((key, value),)),
    ):
        with pytest.raises(ValueError, match="option"):
            make()


def test_the_format_is_forced_on_inputs_only() -> None:
    image = InputFile(file="source:in", demuxers=("png_pipe",), options=(("f", "png_pipe"),))
    assert image.argv(PATHS)[-4:] == ["-f", "png_pipe", "-i", "file:/in/-x.mp4"]
    with pytest.raises(ValueError, match="'f' is not for a command to set"):
        OutputFile(file="final:web", muxer="mp4", maps=(), options=(("f", "tee"),))


def test_formats_are_always_limited() -> None:
    with pytest.raises(ValueError, match="the formats that 'source:in' may have must be given"):
        InputFile(file="source:in", demuxers=())
    with pytest.raises(ValueError, match="not the name of a demuxer: 'mp4 '"):
        InputFile(file="source:in", demuxers=("mp4 ",))
    with pytest.raises(ValueError, match="not the name of a muxer"):
        OutputFile(file="final:web", muxer="mp4,mov", maps=())


def test_only_the_null_muxer_writes_no_file() -> None:
    nothing = OutputFile(file=None, muxer="null", maps=(InputStream(0, 0),))
    assert nothing.argv({}) == ["-map", "0:0", "-f", "null", "-"]
    with pytest.raises(ValueError, match="the muxer mp4 needs a file"):
        OutputFile(file=None, muxer="mp4", maps=())
    with pytest.raises(ValueError, match="the muxer null writes no file"):
        OutputFile(file="final:web", muxer="null", maps=())


def test_every_slip_in_the_maps_is_named() -> None:
    graph = FilterGraph((Chain((InputStream(3, 0),), (Filter("split"),), (Label("s1"), Label("s2"))),))
    with pytest.raises(ValueError, match="nothing maps") as caught:
        Command(
            inputs=(SOURCE,),
            graph=graph,
            outputs=(
                OutputFile(file="final:a", muxer="mp4", maps=(Label("s1"), Label("s9"), InputStream(1, 0))),
                OutputFile(file="final:b", muxer="mp4", maps=(Label("s1"), InputStream(0, 0))),
            ),
        )
    assert str(caught.value) == (
        "outputs of the graph that nothing maps: s2; outputs of the graph mapped twice: s1; "
        "maps of labels that the graph does not leave: s9; streams of inputs that are not there: 1:0, 3:0"
    )
    with pytest.raises(ValueError, match="a command needs an output"):
        Command(inputs=(SOURCE,), outputs=())


def _with_files() -> Command:
    source = attrs.evolve(SOURCE, options=(("attach", File("work:font")),))
    burn = Filter("subtitles", (("filename", File("work:a.srt")), ("charenc", "utf-8")))
    graph = FilterGraph((Chain((InputStream(0, 0),), (burn,), (Label("s1"),)),))
    return attrs.evolve(COMMAND, inputs=(source,), graph=graph, options=(("passlogfile", File("work:pass")),))


def test_every_file_is_known() -> None:
    assert _with_files().files == ("source:in", "final:web", "work:pass", "work:font", "work:a.srt")
    paths = PATHS | {"work:pass": "/w/pass", "work:font": "/w/a.ttf", "work:a.srt": "/w/a.srt"}
    argv = _argv(_with_files(), paths=paths)
    assert {"/w/pass", "/w/a.ttf", "[0:0]subtitles=filename=/w/a.srt:charenc=utf-8[s1]"} <= set(argv)


@pytest.mark.parametrize(
    "command",
    [
        COMMAND,
        _with_files(),
        Command(inputs=(SOURCE,), outputs=(OutputFile(file=None, muxer="null", maps=(InputStream(0, 0),)),)),
    ],
)
def test_json_keeps_everything(command: Command) -> None:
    again = Command.from_dict(json.loads(json.dumps(command.to_dict())))
    assert again == command
    assert hash(again) == hash(command)


@pytest.mark.parametrize(
    "change", [{"outputs": None}, {"outputs": [{}]}, {"inputs": [{"file": "x"}]}, {"graph": 5}, {"options": [["a"]]}]
)
def test_broken_json_is_a_value_error(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Command.from_dict(COMMAND.to_dict() | change)


def test_shell_words_read_back_as_the_same_list() -> None:
    argv = [*_argv(COMMAND), "-metadata", "a=b\nc; rm -rf / $HOME `id` '\"\\", "file:/second"]
    text = shell_words(argv)
    read = subprocess.run(["sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, text=True, check=True).stdout
    assert read.split("\0") == [*argv, ""]
    assert [line.split()[0] for line in text.split(" \\\n")] == [
        "ffmpeg", "-i", "-filter_complex", "-map", "'file:/out/a", "-metadata", "file:/second"
    ]  # fmt: skip


# What follows runs on real builds.


def _run(engine: Engine, command: Command, folder: Path, paths: dict[str, str]) -> subprocess.CompletedProcess[str]:
    def write(text: str) -> str:
        (folder / "graph").write_bytes(text.encode())
        return str(folder / "graph")

    argv = command.argv(binary=str(engine.ffmpeg), paths=paths, features=capabilities(engine), graph_file=write)
    return subprocess.run(
        argv, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _clip(engine: Engine, folder: Path, name: str) -> Path:
    """One second of picture and sound."""
    picture = Chain((), (Filter("testsrc2", (("s", "64x48"), ("d", 1))),), (Label("s1"),))
    sound = Chain((), (Filter("sine", (("d", 1),)),), (Label("s2"),))
    target = OutputFile(
        file="final:clip",
        muxer="matroska",
        maps=(Label("s1"), Label("s2")),
        options=(("c:v", "mpeg4"), ("c:a", "aac"), ("metadata", "title=a\n:';")),
    )
    path = folder / name
    done = _run(
        engine, Command(graph=FilterGraph((picture, sound)), outputs=(target,)), folder, {"final:clip": str(path)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "progress=end" in done.stdout
    assert path.stat().st_size > 1000
    return path


def test_a_command_runs_whatever_its_files_are_called(engine: Engine, tmp_path: Path) -> None:
    source = _clip(engine, tmp_path, "-x %03d 'it': [a],b;c\\ 🎬.mkv")
    command = Command(
        inputs=(InputFile(file="source:in", demuxers=("matroska", "webm"), options=(("ss", "0.2"),)),),
        graph=_long_graph(),
        outputs=(
            OutputFile(file="final:a", muxer="mp4", maps=(Label("s1"), InputStream(0, 1)), options=(("c:v", "mpeg4"),)),
            OutputFile(file="final:b", muxer="matroska", maps=(InputStream(0, 0),), options=(("c", "copy"),)),
            OutputFile(file=None, muxer="null", maps=(InputStream(0, 1),)),
        ),
    )
    paths = {"source:in": str(source)} | {f"final:{name}": str(tmp_path / f"-{name}:'%d.bin") for name in "ab"}
    done = _run(engine, command, tmp_path, paths)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "graph").exists()
    assert all(Path(path).stat().st_size > 1000 for path in paths.values())


def test_a_playlist_by_another_name_opens_nothing(engine: Engine, tmp_path: Path) -> None:
    secret = _clip(engine, tmp_path, "secret.mkv")
    disguised = tmp_path / "clip.mp4"
    target = OutputFile(file="final:a", muxer="matroska", maps=(InputStream(0, 0),), options=(("c", "copy"),))
    paths = {"source:in": str(disguised), "final:a": str(tmp_path / "a.mkv")}
    disguised.write_text(f"ffconcat version 1.0\nfile '{secret.name}'\n")

    def take(*demuxers: str) -> subprocess.CompletedProcess[str]:
        source = InputFile(file="source:in", demuxers=demuxers)
        return _run(engine, Command(inputs=(source,), outputs=(target,)), tmp_path, paths)

    assert take("concat", "matroska", "webm").returncode == 0  # so it is the list that stops it
    Path(paths["final:a"]).unlink()
    refused = take("mov", "mp4", "matroska", "webm")
    assert refused.returncode != 0
    assert "whitelist" in refused.stderr
    assert not Path(paths["final:a"]).exists()


def test_a_muxer_reaches_nothing_but_files(engine: Engine, tmp_path: Path) -> None:
    source = _clip(engine, tmp_path, "clip.mkv")
    target = OutputFile(
        file="final:a",
        muxer="segment",
        maps=(InputStream(0, 0),),
        options=(("c", "copy"), ("segment_list", "tcp://127.0.0.1:9/list")),
    )
    command = Command(inputs=(InputFile(file="source:in", demuxers=("matroska",)),), outputs=(target,))
    done = _run(engine, command, tmp_path, {"source:in": str(source), "final:a": str(tmp_path / "a%d.mkv")})
    assert done.returncode != 0
    assert "not on whitelist 'file'" in done.stderr
