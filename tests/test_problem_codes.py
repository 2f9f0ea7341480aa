"""The reference of problem codes names every code that the library uses, and none that it does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_CODE = re.compile(r"[a-z]+(-[a-z]+)+|cycle|empty")
_REPORTERS = {
    "add",
    "bad",
    "because",
    "rule",
    "Explanation",
    "Problem",
    "_NotJson",
    "_fault",
    "_parsed",
    "_problem",
    "_report",
}


def _constants(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)) if name in _REPORTERS:
            yield from node.args[:3]
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
        case ast.Return(value=ast.Tuple(elts=[first, *_])):  # (code, message, hint)
            yield first


def _used() -> set[str]:
    found = set()
    for file in (_ROOT / "mediapipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            for expression in _constants(node):
                for part in ast.walk(expression):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and _CODE.fullmatch(part.value):
                        found.add(part.value)
    return found


def test_every_code_is_explained() -> None:
    text = (_ROOT / "docs" / "reference" / "problems.md").read_text()
    explained = {
        code
        for line in text.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z-]+)`", line.split("|")[1])
    }
    assert explained - _used() == set(), "explained and not used"
    assert _used() - explained == set(), "used and not explained"
