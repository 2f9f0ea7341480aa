"""Writes the pages of the Python reference: one for each public module, each public name once.

A name that several modules offer is described where it belongs, and named with a link everywhere else. The pages are
made anew whenever the site is built, and are not kept.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["MODULES", "write"]

MODULES = [
    "errors", "media", "params", "steps", "operators", "sources", "jobs", "report", "testing", "tracing", "",
]  # fmt: skip
"""In the order in which they may claim a name; the root comes last, as it only gathers the most used ones."""


def write(folder: Path) -> None:
    """Write the pages into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    described: dict[int, str] = {}
    for suffix in MODULES:
        name = f"mediapipeline.{suffix}".rstrip(".")
        _update(folder / f"{suffix or 'root'}.md", _page(importlib.import_module(name), described))
    entries = "\n".join(["root", *sorted(suffix for suffix in MODULES if suffix)])
    _update(
        folder / "index.md",
        "# Python\n\nThe names in `__all__` of these modules are public: they change only with a line in the changelog "
        "that says how.\nEverything else may change without one.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n",
    )


def _update(page: Path, text: str) -> None:
    """Leave a page alone that says this already, so that it is not built again."""
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def _page(module: ModuleType, described: dict[int, str]) -> str:
    name = module.__name__
    doc = inspect.getdoc(module) or ""
    note = f"What stands here is read from the code when the site is built (`make docs`); `help({name})` says it too."
    lines = [f"# {name}", "", note, "", "```{eval-rst}", doc, ""]
    elsewhere: list[str] = []
    for public in sorted(module.__all__):
        value = getattr(module, public)
        home = described.get(id(value))
        if home is not None:
            elsewhere.append(f"* :py:obj:`{home}`")
            continue
        full = f"{name}.{public}"
        if inspect.isclass(value) or inspect.isfunction(value):
            described[id(value)] = full
        lines += _directive(full, value)
    if elsewhere:
        lines += ["Also here:", "", *elsewhere, ""]
    return "\n".join([*lines, "```", ""])


def _directive(name: str, value: object) -> list[str]:
    if inspect.isclass(value):
        inherited = "   :inherited-members: Exception, tuple, str, dict" if _ours(value) else ""
        return [f".. autoclass:: {name}", "   :members:", *([inherited] if inherited else []), ""]
    if inspect.isfunction(value):
        return [f".. autofunction:: {name}", ""]
    return [f".. autodata:: {_home(name, value)}", "   :no-value:", ""]


def _home(name: str, value: object) -> str:
    """Where a value was defined, and so described: the innermost module that offers it."""
    package, _, public = name.rpartition(".")
    inner = [
        module.__name__
        for module in list(sys.modules.values())
        if module.__name__.startswith(f"{package}.") and getattr(module, public, None) is value
    ]
    return f"{max(inner, key=len, default=package)}.{public}"


def _ours(cls: type) -> bool:
    return any(base.__module__.startswith("mediapipeline") for base in cls.__mro__[1:])
