"""``mediapipeline operators``: what is installed, and what each takes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mediapipeline.cli.exits import DONE, FAILED, UsageError
from mediapipeline.cli.job import add_ffmpeg
from mediapipeline.cli.terminal import Terminal, one_line

if TYPE_CHECKING:
    from mediapipeline.operators.base import Operator, Port
    from mediapipeline.operators.registry import Registry
    from mediapipeline.params.describe import ParameterInfo

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
  operators              list what is installed, shipped and third-party
  operators show NAME    parameters, ports, and what FFmpeg must have for it
  operators doctor       which packages are broken, in conflict, or need more than
                         this FFmpeg has; the exit code is 1 where one is broken"""

_WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    actions = parser.add_subparsers(dest="action", metavar="list|show|doctor", title="actions")
    formats: dict[str, Any] = {"choices": ["text", "json"], "default": "text", "help": "what to print (default: text)"}
    parser.set_defaults(format="text")
    listed = actions.add_parser("list", help="list them (default)", description="List the installed operators.")
    listed.add_argument("--format", **formats)
    shown = actions.add_parser("show", help="show one", description="Show an operator.")
    shown.add_argument("name", metavar="NAME", help='name of the operator, such as "trim"')
    shown.add_argument("--format", **formats)
    looked = actions.add_parser("doctor", help="find what is wrong", description="Import and examine every operator.")
    looked.add_argument("--format", **formats)
    add_ffmpeg(looked)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    from mediapipeline.operators.registry import default_registry

    registry = default_registry()
    if args.action == "doctor":
        return _examine(registry, args.ffmpeg, terminal, as_json=args.format == "json")
    if args.action == "show":
        _show(args.name, registry, terminal, as_json=args.format == "json")
    else:
        _list(registry, terminal, as_json=args.format == "json")
    return DONE


def _examine(registry: Registry, ffmpeg: str | None, terminal: Terminal, *, as_json: bool) -> int:
    from mediapipeline.cli.operators_doctor import describe as described
    from mediapipeline.cli.operators_doctor import examine
    from mediapipeline.errors import FFmpegNotFoundError
    from mediapipeline.ffmpeg.binary import find_ffmpeg
    from mediapipeline.ffmpeg.detect import capabilities

    try:
        found = capabilities(find_ffmpeg(ffmpeg))
    except FFmpegNotFoundError:
        if ffmpeg is not None:
            raise
        found = None
    facts = examine(registry, found)
    if as_json:
        terminal.data(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in described(facts):
            terminal.say(line)
    return DONE if facts["sound"] else FAILED


def _list(registry: Registry, terminal: Terminal, *, as_json: bool) -> None:
    from mediapipeline.errors import PluginError

    found: list[type[Operator]] = []
    broken: list[dict[str, Any]] = []
    for name in registry:
        try:
            found.append(registry.load(name))
        except PluginError as error:
            broken.append({"name": name, "error": error.to_dict()})
            terminal.note(f"{name}: {one_line(str(error))}")
    for fault in registry.faults:
        terminal.note(f"left out: {one_line(str(fault))}")
    if as_json:
        listed = [_summary(cls, registry) for cls in found]
        terminal.data(json.dumps([*listed, *broken], indent=2, ensure_ascii=False) + "\n")
        return
    order = list(dict.fromkeys(category for cls in found for category in type(cls.definition.category)))
    width = max((len(cls.definition.name) for cls in found), default=0)
    for category in order:
        members = [cls.definition for cls in found if cls.definition.category is category]
        if members:
            terminal.say(category.value)
            for definition in members:
                terminal.say(f"  {definition.name:<{width}}  {one_line(definition.summary)}")


def _show(name: str, registry: Registry, terminal: Terminal, *, as_json: bool) -> None:
    if name not in registry:
        raise UsageError(f"there is no operator {name!r}", registry.hint(name))
    cls = registry.load(name)
    if as_json:
        from mediapipeline.params.describe import json_schema, parameters

        described = _summary(cls, registry) | {
            "description": cls.definition.description,
            "parameters": [parameter.to_dict() for parameter in parameters(cls)],
            "schema": json_schema(cls),
        }
        terminal.data(json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in describe(cls, registry):
            terminal.say(line)


def _summary(cls: type[Operator], registry: Registry) -> dict[str, Any]:
    definition = cls.definition
    return {
        "name": definition.name,
        "category": definition.category.value,
        "summary": definition.summary,
        "version": definition.version,
        "provider": registry.provider(definition.name),
        "inputs": {port: _port(spec) for port, spec in definition.inputs.items()},
        "outputs": list(definition.outputs),
        "requires": list(definition.requires),
    }


def _port(port: Port) -> dict[str, Any]:
    kinds = [kind.name.lower() for kind in type(port.kind) if kind in port.kind and kind.name]
    return {"kinds": kinds, "minimum": port.minimum, "maximum": port.maximum}


def describe(cls: type[Operator], registry: Registry) -> Iterator[str]:
    """An operator as people read it."""
    from mediapipeline.params.describe import parameters

    definition = cls.definition
    yield f"{definition.name}: {definition.summary}"
    for paragraph in filter(None, definition.description.split("\n\n")):
        yield ""
        yield from _wrapped(" ".join(paragraph.split()), "  ")
    yield ""
    yield f"  category  {definition.category.value}, version {definition.version}"
    yield f"  from      {registry.provider(definition.name)}"
    yield f"  inputs    {'; '.join(_port_text(name, port) for name, port in definition.inputs.items())}"
    yield f"  outputs   {', '.join(definition.outputs)}"
    if definition.requires:
        yield f"  needs     {', '.join(definition.requires)}"
    described = parameters(cls)
    yield ""
    yield "parameters" if described else "no parameters"
    yield from _parameters(described, "  ")


def _port_text(name: str, port: Port) -> str:
    count = "" if port.single else f"{port.minimum} to {port.maximum} of "
    return f"{name} ({count}{port.kind.names()})"


def _parameters(described: Iterable[ParameterInfo], indent: str) -> Iterator[str]:
    for parameter in described:
        state = "required" if parameter.required else f"default {json.dumps(parameter.default, ensure_ascii=False)}"
        yield f"{indent}{parameter.name}: {parameter.text}, {state}"
        inner = indent + "    "
        if parameter.doc:
            yield from _wrapped(parameter.doc, inner)
        limits = [f"{_LIMITS.get(name, name)} {value}" for name, value in parameter.constraints.items()]
        if parameter.unit is not None:
            limits.append(f"in {parameter.unit}")
        if limits:
            yield f"{inner}{', '.join(limits)}"
        if parameter.examples:
            yield f"{inner}such as {', '.join(json.dumps(e, ensure_ascii=False) for e in parameter.examples)}"
        yield from _parameters(parameter.fields, inner)


_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"} | {
    "min_length": "length at least", "max_length": "length at most", "pattern": "matches",
}  # fmt: skip


def _wrapped(text: str, indent: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
