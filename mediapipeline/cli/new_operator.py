"""``mediapipeline new-operator``: writes a package with an operator that works and passes its tests."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template

from mediapipeline.cli.exits import DONE, UsageError
from mediapipeline.cli.terminal import Terminal

__all__ = ["DESCRIPTION", "add_arguments", "execute", "package_of"]

DESCRIPTION = """\
Write an installable package with an operator, its tests, a README and a
pyproject.toml, in a folder named after the vendor:

  mediapipeline new-operator acme.sparkle
  cd mediapipeline-acme
  python -m pip install -e '.[dev]' && python -m pytest

It works as it is; change it into what you want. Where the vendor's package is there
already, the operator is added to it."""

_NAME = re.compile(r"(?P<vendor>[a-z][a-z0-9_]*)\.(?P<op>[a-z][a-z0-9_]*)")
_HEADER = '[project.entry-points."mediapipeline.operators"]'
# Where they would hide what the module of the operator imports.
_TAKEN = frozenset({"Annotated", "Category", "Clip", "Facts", "Literal", "Lowering", "MediaInfo", "Operator", "Param"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="what jobs will call it: vendor.operator, in small letters")
    parser.add_argument("--into", metavar="DIR", default=".", help="where the folder is made (default: here)")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    files = package_of(args.name)
    into = Path(args.into)
    if not into.is_dir():
        raise UsageError(f"there is no folder {str(into)!r}")
    folder = into / f"mediapipeline-{args.name.partition('.')[0].replace('_', '-')}"
    if into.resolve().name == folder.name and (into / "pyproject.toml").is_file():
        folder = into  # called in the package itself
    try:
        folder.mkdir()
    except FileExistsError:
        _add_to(folder, args.name, files)
        terminal.say(f"added to {folder}: {', '.join(_own(args.name))}, and the entry point in pyproject.toml")
    else:
        for name, text in files.items():
            _write(folder / name, text)
        terminal.say(f"written: {folder}")
    # An entry point that was added is found when the package is installed again, editable or not.
    there = "" if folder.samefile(Path.cwd()) else f"cd {folder} && "
    terminal.say(f"next: {there}python -m pip install -e '.[dev]' && python -m pytest")
    return DONE


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _own(name: str) -> list[str]:
    """The files that are one operator's alone, within the folder of the package."""
    vendor, _, op = name.partition(".")
    return [f"mediapipeline_{vendor}/{op}.py", f"tests/test_{op}.py"]


def _add_to(folder: Path, name: str, files: Mapping[str, str]) -> None:
    """Add an operator to a package that is there: files that it has not, and one line of its pyproject.toml.

    Raises:
        UsageError: It is not such a package, or has such an operator.
    """
    vendor = name.partition(".")[0]
    elsewhere = "move it away, or name another place with --into"
    project = folder / "pyproject.toml"
    if not (folder / f"mediapipeline_{vendor}").is_dir() or not project.is_file():
        raise UsageError(f"{str(folder)!r} exists already, and is no package of operators of {vendor!r}", elsewhere)
    there = [file for file in _own(name) if (folder / file).exists()]
    text = project.read_text(encoding="utf-8")
    line = _entry_point(files["pyproject.toml"])
    if there or f'"{name}"' in text:
        what = ", ".join(there) or f"the entry point {name!r}"
        raise UsageError(f"{str(folder)!r} has {what} already", "choose another name for the operator")
    if text.count(_HEADER) != 1:
        raise UsageError(
            f"{str(project)!r} has no section {_HEADER} to add the operator to", f"add one, with the line: {line}"
        )
    for file in _own(name):
        _write(folder / file, files[file])
    project.write_text(text.replace(_HEADER, f"{_HEADER}\n{line}"), encoding="utf-8")


def _entry_point(project: str) -> str:
    """The line after the header."""
    return project.partition(f"{_HEADER}\n")[2].partition("\n")[0]


def package_of(name: str) -> dict[str, str]:
    """The files of a package with an operator of that name: text by path within its folder.

    Raises:
        UsageError: It is not the name of an operator that a package may bring along.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        hint = f"write 'acme.{name}'" if re.fullmatch("[a-z][a-z0-9_]*", name) else "write it like 'acme.sparkle'"
        raise UsageError(
            f"{name!r} is not the name of an operator of a package: vendor, dot and operator, each of small letters,"
            " digits and _",
            hint,
        )
    vendor, op = found["vendor"], found["op"]
    cls = "".join(part.capitalize() for part in op.split("_"))
    if keyword.iskeyword(op) or cls in _TAKEN:
        raise UsageError(f"{op!r} can't be the name of a module with a class {cls}", "choose another")
    package = f"mediapipeline_{vendor}"
    words = {
        "name": name, "vendor": vendor, "op": op, "cls": cls,
        "package": package, "distribution": package.replace("_", "-"),
    }  # fmt: skip
    places = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{package}/__init__.py": "__init__.py",
        f"{package}/{op}.py": "operator.py",
        f"tests/test_{op}.py": "test_operator.py",
    }
    folder = resources.files("mediapipeline.cli") / "templates" / "operator"
    texts = {place: folder.joinpath(f"{part}.tmpl").read_text(encoding="utf-8") for place, part in places.items()}
    return {place: Template(text).substitute(words) for place, text in texts.items()} | {f"{package}/py.typed": ""}
