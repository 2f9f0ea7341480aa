"""``mediapipeline new-operator``: writes a package with an operator that works and passes its tests."""

from __future__ import annotations

import argparse
import keyword
import re
from importlib import resources
from pathlib import Path
from string import Template

from mediapipeline.cli.exits import DONE, UsageError
from mediapipeline.cli.terminal import Terminal

__all__ = ["DESCRIPTION", "SUMMARY", "add_arguments", "execute", "package_of"]

SUMMARY = "write a package with an operator of your own"
DESCRIPTION = """\
Write an installable package with an operator, its tests, a README and a
pyproject.toml, in a folder named after the vendor:

  mediapipeline new-operator acme.sparkle
  cd mediapipeline-acme
  python -m pip install -e '.[dev]' && python -m pytest

It works as it is; change it into what you want."""

_NAME = re.compile(r"(?P<vendor>[a-z][a-z0-9_]*)\.(?P<op>[a-z][a-z0-9_]*)")
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
    try:
        folder.mkdir()
    except FileExistsError:
        raise UsageError(f"{str(folder)!r} exists already", "move it away, or name another place with --into") from None
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    terminal.say(f"written: {folder}")
    terminal.say(f"next: cd {folder} && python -m pip install -e '.[dev]' && python -m pytest")
    return DONE


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
        "name": name, "op": op, "cls": cls, "package": package, "distribution": package.replace("_", "-"),
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
