"""A filter graph as a value, and its text for FFmpeg.

The tree is checked when it is made: names can't break out of their place, and every label has one filter that writes it
and at most one that reads it. That matters more than it seems: FFmpeg takes a label that nothing writes for a stream
specifier and silently binds an input (measured: ``[v]`` and ``[a]`` on every version, *any* label such as ``[l3]`` on
9.0), so a graph with a slip in it runs and gives the wrong picture. This module knows no filter by name, runs nothing
and reads nothing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import attrs

from mediapipeline.ffmpeg.escaping import check_text, escape_option_value

__all__ = [
    "Chain",
    "Expr",
    "File",
    "Filter",
    "FilterGraph",
    "InputStream",
    "Label",
    "Pad",
    "Value",
    "file_path",
    "number_text",
    "parse_pad",
    "read_list",
    "read_value",
    "write_value",
]


@attrs.frozen
class Expr:
    """An expression that FFmpeg evaluates, such as ``W-w-16`` or ``gte(t,2)``.

    It is escaped like any text, so it can't end its option; being a type of its own, it can't be a user's string by
    accident.
    """

    text: str = attrs.field()

    @text.validator
    def _check(self, _: object, value: str) -> None:
        if not value.strip():
            raise ValueError("an expression can't be empty")
        check_text(value, what="an expression")


@attrs.frozen
class File:
    """A path that is known only when the command runs, by the token that stands for it (``work:cues.srt``)."""

    token: str


Value: TypeAlias = str | int | bool | float | Fraction | Expr | File
"""What an option can be set to; see `number_text` for how numbers are written."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")  # soft-knee, keep-ratio
_LABEL = re.compile(r"[a-z]+[0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MICROSECONDS = 1_000_000
_ALWAYS_WRITABLE = (int, Fraction, Expr)  # an expression was looked at when it was made


@lru_cache(maxsize=1024)
def _is_name(text: str) -> bool:
    """Whether it may name a filter, or a use of one."""
    return _NAME.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _is_key(text: str) -> bool:
    """Whether it may name an option. A graph has few names, many times."""
    return _KEY.fullmatch(text) is not None


def number_text(value: float | Fraction) -> str:
    """A number as FFmpeg reads it, for every kind of option.

    A fraction of whole microseconds is written as a decimal, since options that are durations take no quotients
    (``trim=start=1/50`` is an error); any other stays exact.

    >>> number_text(Fraction(30000, 1001)), number_text(Fraction(5, 2)), number_text(1e-7), number_text(True)
    ('30000/1001', '2.5', '0.0000001', '1')

    Raises:
        ValueError: A float is not finite.
    """
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Fraction):
        if _MICROSECONDS % value.denominator or value.denominator == 1:
            return str(value)
        whole, rest = divmod(abs(value), 1)
        return f"{'-' if value < 0 else ''}{whole}.{int(rest * _MICROSECONDS):06}".rstrip("0")
    if not math.isfinite(value):
        raise ValueError(f"not a finite number: {value}")
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def file_path(file: File, paths: Mapping[str, str] | None) -> str:
    """The path that stands for *file*; without *paths* its token, for reading.

    Raises:
        ValueError: There is no path for it, or one with a control character.
    """
    if paths is None:
        return file.token
    try:
        path = paths[file.token]
    except KeyError:
        raise ValueError(f"no path for the file {file.token!r}; known: {', '.join(sorted(paths)) or 'none'}") from None
    if not path or _CONTROL.search(path):
        raise ValueError(f"not a usable path for the file {file.token!r}: {path!r}")
    return path


@attrs.frozen
class Label:
    """A link between two filters, or from a filter to an output: a generated name such as ``s12``."""

    name: str = attrs.field()

    @name.validator
    def _check(self, _: object, value: str) -> None:
        if not _LABEL.fullmatch(value):
            raise ValueError(f"not a label (letters, then digits, so that it reads as no stream specifier): {value!r}")

    def __str__(self) -> str:
        return self.name


@attrs.frozen
class InputStream:
    """A stream of an input file: position of the file in the command, position of the stream in the file."""

    input: int = attrs.field(validator=attrs.validators.ge(0))
    index: int = attrs.field(validator=attrs.validators.ge(0))

    def __str__(self) -> str:
        return f"{self.input}:{self.index}"


Pad: TypeAlias = Label | InputStream


def parse_pad(text: str) -> Pad:
    """The pad that ``str(pad)`` wrote: ``s12`` or ``0:5``.

    Raises:
        ValueError: It is neither.
    """
    match = re.fullmatch(r"([0-9]+):([0-9]+)", text)
    return InputStream(int(match[1]), int(match[2])) if match else Label(text)


@attrs.frozen
class Filter:
    """One filter with its options.

    Attributes:
        name: FFmpeg's name of the filter.
        options: Names and values, in order, each name once.
        instance: A name for this use of it, which FFmpeg puts into its messages.
    """

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    instance: str | None = None

    def __attrs_post_init__(self) -> None:
        if not _is_name(self.name):
            raise ValueError(f"not the name of a filter: {self.name!r}")
        if self.instance is not None and not _is_name(self.instance):
            raise ValueError(f"not the name of an instance of {self.name}: {self.instance!r}")
        for key, value in self.options:
            if not _is_key(key):
                raise ValueError(f"not the name of an option of {self.name}: {key!r}")
            if isinstance(value, _ALWAYS_WRITABLE):
                continue
            try:
                _value_text(value, None)
            except ValueError as error:
                raise ValueError(f"option {key} of {self.name}: {error}") from None
        if len(self.options) > 1 and len({key for key, _ in self.options}) < len(self.options):
            twice = [key for key, count in Counter(key for key, _ in self.options).items() if count > 1]
            raise ValueError(f"options of {self.name} given twice: {', '.join(twice)}")

    def text(self, paths: Mapping[str, str] | None = None) -> str:
        """As FFmpeg reads it: ``scale@op1=w=1280:h=720``."""
        head = self.name if self.instance is None else f"{self.name}@{self.instance}"
        options = ":".join(f"{key}={_value_text(value, paths)}" for key, value in self.options)
        return f"{head}={options}" if options else head

    def __str__(self) -> str:
        return self.text()


@attrs.frozen
class Chain:
    """Filters in a row; the first reads `inputs`, the last writes `outputs`."""

    inputs: tuple[Pad, ...]
    filters: tuple[Filter, ...]
    outputs: tuple[Label, ...]

    def __attrs_post_init__(self) -> None:
        if not self.filters:
            raise ValueError("a chain needs a filter")
        if not all(isinstance(pad, Label) for pad in self.outputs):
            raise ValueError(f"a chain can't write to an input: {' '.join(map(str, self.outputs))}")

    def text(self, paths: Mapping[str, str] | None = None) -> str:
        """As FFmpeg reads it: ``[0:1]hflip,vflip[s3]``."""
        filters = ",".join(part.text(paths) for part in self.filters)
        return "".join(f"[{pad}]" for pad in self.inputs) + filters + "".join(f"[{pad}]" for pad in self.outputs)

    def __str__(self) -> str:
        return self.text()


@attrs.frozen
class FilterGraph:
    """Chains that are linked by labels. What no chain reads (`outputs`) is for a command to map."""

    chains: tuple[Chain, ...]

    def __attrs_post_init__(self) -> None:
        if not self.chains:
            raise ValueError("a filter graph needs a chain")
        written = Counter(pad for chain in self.chains for pad in chain.outputs)
        read = Counter(pad for chain in self.chains for pad in chain.inputs if isinstance(pad, Label))
        wrong = {
            "labels written twice": [pad for pad, count in written.items() if count > 1],
            "labels read twice (a split is needed)": [pad for pad, count in read.items() if count > 1],
            "labels that nothing writes": [pad for pad in read if pad not in written],
        }
        found = [f"{what}: {', '.join(map(str, pads))}" for what, pads in wrong.items() if pads]
        if found:
            raise ValueError("; ".join(found))

    @property
    def inputs(self) -> tuple[InputStream, ...]:
        """The streams that it reads, each once, in order."""
        pads = (pad for chain in self.chains for pad in chain.inputs)
        return tuple(dict.fromkeys(pad for pad in pads if isinstance(pad, InputStream)))

    @property
    def outputs(self) -> tuple[Label, ...]:
        """The labels that it leaves for outputs, in order."""
        read = {pad for chain in self.chains for pad in chain.inputs}
        return tuple(pad for chain in self.chains for pad in chain.outputs if pad not in read)

    @property
    def parts(self) -> tuple[FilterGraph, ...]:
        """What of it has nothing to do with the rest: no label and no stream of an input leads from one to another.

        In the order of their first chains, of which each keeps its own.
        """
        above: dict[Pad, Pad] = {}  # of pads that belong together one is the top, which is above itself

        def top(pad: Pad) -> Pad:
            while (over := above.setdefault(pad, pad)) != pad:
                above[pad] = above[over]  # so that the next way is half as long
                pad = over
            return pad

        for chain in self.chains:
            pads = (*chain.inputs, *chain.outputs)
            for pad in pads[1:]:
                above[top(pad)] = top(pads[0])
        found: dict[object, list[Chain]] = {}
        for chain in self.chains:
            pads = (*chain.inputs, *chain.outputs)
            found.setdefault(top(pads[0]) if pads else object(), []).append(chain)
        return (self,) if len(found) == 1 else tuple(FilterGraph(tuple(chains)) for chains in found.values())

    def text(self, paths: Mapping[str, str] | None = None) -> str:
        """As FFmpeg reads it, on one line.

        Args:
            paths: Where the files are that options name; without it the text shows their tokens, and can't be run
                if there are any.
        """
        return ";".join(chain.text(paths) for chain in self.chains)

    def __str__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, Any]:
        return {"chains": [_write_chain(chain) for chain in self.chains]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FilterGraph:
        """The graph that `to_dict` wrote.

        Raises:
            ValueError: The data are not a graph.
        """
        try:
            return cls(tuple(_read_chain(chain) for chain in read_list(data["chains"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a filter graph: {error!r}") from error


def _value_text(value: Value, paths: Mapping[str, str] | None) -> str:
    match value:
        case str():
            return escape_option_value(value)
        case Expr():
            return escape_option_value(value.text)
        case File():
            return escape_option_value(file_path(value, paths))
        case int() | float() | Fraction():
            return number_text(value)
    raise ValueError(f"not a value for an option: {value!r}")  # a None, say, would be written as a word


# JSON form. Only what JSON tells apart by itself stands bare: a float that is a whole number would come back as an int.


def write_value(value: Value) -> Any:
    """The JSON form of a value."""
    match value:
        case Fraction():
            return {"rational": str(value)}
        case float():
            return {"float": repr(value)}
        case Expr():
            return {"expr": value.text}
        case File():
            return {"file": value.token}
        case _:
            return value


def read_list(data: Any) -> list[Any]:
    """*data* as it stands, if it is a list: a text is not read as its letters, an object not as its keys.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(data, list):
        raise ValueError(f"a list is expected, not {data!r}")
    return data


def read_value(data: Any) -> Value:
    """The value that `write_value` wrote.

    Raises:
        ValueError: It is none.
    """
    match data:
        case str() | bool() | int():
            return data
        case {"rational": str(text)}:
            return Fraction(text)
        case {"float": str(text)}:
            return float(text)
        case {"expr": str(text)}:
            return Expr(text)
        case {"file": str(text)}:
            return File(text)
        case _:
            raise ValueError(f"not a value for an option: {data!r}")


def _write_filter(part: Filter) -> dict[str, Any]:
    data: dict[str, Any] = {"name": part.name}
    if part.options:
        data["options"] = [[key, write_value(value)] for key, value in part.options]
    return data if part.instance is None else data | {"instance": part.instance}


def _read_filter(data: Mapping[str, Any]) -> Filter:
    options = tuple((key, read_value(value)) for key, value in read_list(data.get("options", [])))
    return Filter(data["name"], options, data.get("instance"))


def _write_chain(chain: Chain) -> dict[str, Any]:
    return {
        "inputs": [str(pad) for pad in chain.inputs],
        "filters": [_write_filter(part) for part in chain.filters],
        "outputs": [str(pad) for pad in chain.outputs],
    }


def _read_chain(data: Mapping[str, Any]) -> Chain:
    filters = tuple(_read_filter(part) for part in read_list(data["filters"]))
    inputs, outputs = read_list(data["inputs"]), read_list(data["outputs"])
    return Chain(tuple(map(parse_pad, inputs)), filters, tuple(map(Label, outputs)))
