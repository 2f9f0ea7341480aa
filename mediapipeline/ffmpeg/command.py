"""An FFmpeg command as a value, and the argument list it becomes.

A command names its files by tokens (``source:in``, ``final:web``) and becomes an argument list when it is known where
they lie and what the build can do. Whatever guards a run is put in here and not left to who makes the command: which
protocols and formats may be opened, that standard input is left alone, that every output of the graph is mapped. It is
handed to the system as a list, never to a shell; `shell_words` is for people. Nothing here runs or reads anything.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from mediapipeline.ffmpeg.escaping import check_text
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.filtergraph import File, FilterGraph, InputStream, Label, Pad, file_path, parse_pad, read_list

__all__ = ["GRAPH_ON_COMMAND_LINE", "NO_FILE_MUXERS", "Command", "InputFile", "Option", "OutputFile", "shell_words"]

Option: TypeAlias = tuple[str, str | File | None]
"""Name of an option without its dash, and its value; None for a switch, which takes none."""

GRAPH_ON_COMMAND_LINE = 8000
"""Characters up to which the filter graphs of a command are arguments; longer ones are read from files. Windows takes
32,767 for the whole command, Linux 131,072 for one argument."""

NO_FILE_MUXERS = frozenset({"null"})
"""Muxers that write no file."""

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:-]*")
_MUXER = re.compile(r"[A-Za-z0-9_]+")
_DEMUXER = re.compile(r"[A-Za-z0-9_,.-]+")
_CODEC = re.compile(r"(?:c|codec|[vas]codec)(?P<stream>:.*)?")
# What `argv` writes by itself, what opens files that no token names, and filters that nobody has escaped.
_OURS = frozenset(
    """
    f filter_complex filter_complex_script format_whitelist i lavfi loglevel map n progress protocol_whitelist stdin v y
    dump_attachment fpre report sdp_file vstats vstats_file
    af filter filter_script vf
    """.split()
)
_FILES = frozenset({"attach", "passlogfile"})


_HEADS = frozenset({"-i", "-filter_complex", "-filter_complex_script", "-/filter_complex"})  # of a line, for reading


def _check_options(options: Iterable[Option], *, besides: frozenset[str] = frozenset()) -> None:
    for key, value in options:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not the name of an option: {key!r}")
        if key.partition(":")[0] in _OURS - besides:
            raise ValueError(f"the option {key!r} is not for a command to set")
        if key.partition(":")[0] in _FILES and not isinstance(value, File):
            raise ValueError(f"the option {key!r} takes a File")
        if isinstance(value, str):
            check_text(value, what=f"the option {key}")
        elif value is not None and not isinstance(value, File):
            raise ValueError(f"not a value for the option {key}: {value!r}")  # types are hints only


def _check_token(token: object) -> None:
    if not isinstance(token, str):  # types are hints only
        raise ValueError(f"not the token of a file: {token!r}")


@attrs.frozen(kw_only=True)
class InputFile:
    """A file that is read.

    Attributes:
        file: Token of the file.
        options: What stands before ``-i``: ``("ss", "5")``.
        demuxers: The formats that it may turn out to be; nothing else is tried.
    """

    file: str
    options: tuple[Option, ...] = ()
    demuxers: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        _check_token(self.file)
        _check_options(self.options, besides=frozenset({"f"}))
        if not self.demuxers:
            raise ValueError(f"the formats that {self.file!r} may have must be given")
        for name in self.demuxers:
            if not _DEMUXER.fullmatch(name):
                raise ValueError(f"not the name of a demuxer: {name!r}")

    def argv(self, paths: Mapping[str, str]) -> list[str]:
        """Its part of a command."""
        guards = ["-protocol_whitelist", "file", "-format_whitelist", ",".join(self.demuxers)]
        return [*guards, *_options(self.options, paths), "-i", _url(self.file, paths)]


@attrs.frozen(kw_only=True)
class OutputFile:
    """A file that is written.

    Attributes:
        file: Token of the file; None with a muxer that writes none (`NO_FILE_MUXERS`).
        muxer: FFmpeg's name of the format.
        maps: Its streams in order: outputs of the graph, or streams of inputs.
        options: What stands before it: ``("c:v:0", "libx264")``.
    """

    file: str | None
    muxer: str
    maps: tuple[Pad, ...]
    options: tuple[Option, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.file is not None:
            _check_token(self.file)
        _check_options(self.options)
        if not _MUXER.fullmatch(self.muxer):
            raise ValueError(f"not the name of a muxer: {self.muxer!r}")
        if (self.file is None) != (self.muxer in NO_FILE_MUXERS):
            raise ValueError(f"the muxer {self.muxer} {'needs a' if self.file is None else 'writes no'} file")

    @property
    def copied(self) -> tuple[bool, ...]:
        """Of each stream whether its packets are copied; a specifier that is not a number counts as encoding."""
        codecs = {(m["stream"] or "")[1:]: value for key, value in self.options if (m := _CODEC.fullmatch(key))}
        return tuple(codecs.get(str(at), codecs.get("")) == "copy" for at, _ in enumerate(self.maps))

    def argv(self, paths: Mapping[str, str]) -> list[str]:
        """Its part of a command."""
        maps = [word for pad in self.maps for word in ("-map", f"[{pad}]" if isinstance(pad, Label) else str(pad))]
        head = [*maps, *_options(self.options, paths), "-f", self.muxer]
        # The null muxer opens nothing, and "-" is the name that FFmpeg takes for no name.
        return [*head, "-"] if self.file is None else [*head, "-protocol_whitelist", "file", _url(self.file, paths)]


@attrs.frozen(kw_only=True)
class Command:
    """One run of FFmpeg.

    Attributes:
        inputs: In the order in which `InputStream` counts them.
        graph: What is filtered, or None where streams are only copied or encoded. FFmpeg is given each of its `parts
            <FilterGraph.parts>` as a graph of its own.
        outputs: One at least.
        options: What stands before everything: ``("filter_complex_threads", "2")``.
    """

    inputs: tuple[InputFile, ...] = ()
    graph: FilterGraph | None = None
    outputs: tuple[OutputFile, ...]
    options: tuple[Option, ...] = ()

    def __attrs_post_init__(self) -> None:
        _check_options(self.options)
        if not self.outputs:
            raise ValueError("a command needs an output")
        mapped = Counter(pad for output in self.outputs for pad in output.maps)
        written = dict.fromkeys(() if self.graph is None else self.graph.outputs)
        read = [*(pad for pad in mapped if isinstance(pad, InputStream)), *(self.graph.inputs if self.graph else ())]
        wrong: dict[str, list[Pad]] = {
            "outputs of the graph that nothing maps": [pad for pad in written if pad not in mapped],
            "outputs of the graph mapped twice": [p for p, n in mapped.items() if n > 1 and isinstance(p, Label)],
            "maps of labels that the graph does not leave": [
                pad for pad in mapped if isinstance(pad, Label) and pad not in written
            ],
            "streams of inputs that are not there": [pad for pad in read if pad.input >= len(self.inputs)],
        }
        found = [f"{what}: {', '.join(map(str, pads))}" for what, pads in wrong.items() if pads]
        if found:
            raise ValueError("; ".join(found))

    def argv(
        self,
        *,
        binary: str,
        paths: Mapping[str, str],
        features: Capabilities,
        graph_file: Callable[[str], str] | None = None,
        progress: str | None = "pipe:1",
    ) -> list[str]:
        """The argument list.

        Args:
            binary: FFmpeg itself.
            paths: Path by token, for every file that the command names.
            features: What the build can do.
            graph_file: Writes a long graph to a file, as UTF-8 and byte for byte, and says where; to another one each
                time. Without it, or with a build that reads no graph from a file, a graph is an argument however long.
            progress: Where FFmpeg reports its progress; None for nowhere.

        Raises:
            ValueError: A file has no path, or one with a control character.
        """
        # Outputs are new files in a folder of ours, so -y overwrites nothing and no question is ever asked.
        argv = [binary, "-hide_banner", "-nostdin", "-y", "-loglevel", "level+warning", "-nostats"]
        if progress is not None:
            argv += ["-progress", progress]
            if features.has("option:stats_period"):
                argv += ["-stats_period", "0.2"]
        argv += _options(self.options, paths)
        for source in self.inputs:
            argv += source.argv(paths)
        if self.graph is not None:
            argv += _graphs([part.text(paths) for part in self.graph.parts], features, graph_file)
        for output in self.outputs:
            argv += output.argv(paths)
        return argv

    @property
    def files(self) -> tuple[str, ...]:
        """The tokens of all files that it names, each once."""
        sides: list[InputFile | OutputFile] = [*self.inputs, *self.outputs]
        values: list[object] = [value for side in (self, *sides) for _, value in side.options]
        for chain in () if self.graph is None else self.graph.chains:
            values += (value for part in chain.filters for _, value in part.options)
        named = [side.file for side in sides if side.file is not None]
        return tuple(dict.fromkeys([*named, *(value.token for value in values if isinstance(value, File))]))

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "inputs": [
                {"file": i.file, "demuxers": list(i.demuxers), "options": _write_options(i.options)}
                for i in self.inputs
            ],
            "outputs": [
                {
                    "file": o.file,
                    "muxer": o.muxer,
                    "maps": [str(pad) for pad in o.maps],
                    "options": _write_options(o.options),
                }
                for o in self.outputs
            ],
        }
        if self.graph is not None:
            data["graph"] = self.graph.to_dict()
        return data | {"options": _write_options(self.options)} if self.options else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Command:
        """The command that `to_dict` wrote.

        Raises:
            ValueError: The data are not a command.
        """
        try:
            inputs = [
                InputFile(**i | {"demuxers": tuple(read_list(i["demuxers"])), "options": _read_options(i)})
                for i in read_list(data["inputs"])
            ]
            outputs = [
                OutputFile(**o | {"maps": tuple(map(parse_pad, read_list(o["maps"]))), "options": _read_options(o)})
                for o in read_list(data["outputs"])
            ]
            graph = FilterGraph.from_dict(data["graph"]) if "graph" in data else None
            return cls(inputs=tuple(inputs), graph=graph, outputs=tuple(outputs), options=_read_options(data))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a command: {error!r}") from error


def shell_words(argv: Sequence[str]) -> str:
    r"""*argv* for a POSIX shell, with a line for each input, each graph and each output.

    >>> print(shell_words(["ffmpeg", "-y", "-i", "file:a b.mp4", "-map", "0:0", "-f", "mp4", "file:out.mp4"]))
    ffmpeg -y \
      -i 'file:a b.mp4' \
      -map 0:0 -f mp4 \
      file:out.mp4
    """
    lines: list[list[str]] = [[]]
    done = False  # whether the last word ended a part
    previous = ""
    for word in argv:
        output = word.startswith("file:") and previous != "-i"
        if lines[-1] and (done or output or word in _HEADS):
            lines.append([])
        lines[-1].append(word)
        done = output or previous in _HEADS
        previous = word
    return " \\\n  ".join(shlex.join(line) for line in lines)


def _graphs(texts: Sequence[str], features: Capabilities, graph_file: Callable[[str], str] | None) -> list[str]:
    """Graphs as arguments; each has an equal share of the room that there is on the command line."""
    known = [option for option in ("/filter_complex", "filter_complex_script") if features.has(f"option:{option}")]
    words: list[str] = []
    for text in texts:
        if known and graph_file is not None and len(text) * len(texts) > GRAPH_ON_COMMAND_LINE:
            words += [f"-{known[0]}", graph_file(text)]
        else:
            words += ["-filter_complex", text]
    return words


def _options(options: Iterable[Option], paths: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for key, value in options:
        words.append(f"-{key}")
        if value is not None:
            words.append(file_path(value, paths) if isinstance(value, File) else value)
    return words


def _url(token: str, paths: Mapping[str, str]) -> str:
    """A path that can be neither an option nor another protocol, whatever it begins with."""
    return f"file:{file_path(File(token), paths)}"


def _write_options(options: Iterable[Option]) -> list[list[Any]]:
    return [[key, {"file": value.token} if isinstance(value, File) else value] for key, value in options]


def _read_options(data: Mapping[str, Any]) -> tuple[Option, ...]:
    found: list[Option] = []
    for key, value in read_list(data.get("options", [])):
        found.append((key, File(value["file"]) if isinstance(value, dict) else value))
    return tuple(found)
