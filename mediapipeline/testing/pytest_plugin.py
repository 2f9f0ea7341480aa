"""The pytest plugin: what the kit offers, as fixtures. Found through the entry point group ``pytest11``.

Every run of pytest in an environment with this library imports this module, so that it imports nothing but pytest, and
takes nothing that is not its own: fixtures have names that other plugins hardly use, and the option
``--update-golden`` is declared only where it is given, so that a project that has one of that name keeps it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

__all__ = ["updates_golden_files"]

_OPTION = "--update-golden"


@pytest.hookimpl(hookwrapper=True)  # the older form, which every pytest knows
def pytest_load_initial_conftests(args: list[str], parser: pytest.Parser) -> Iterator[None]:
    """Declare the option once every other plugin and conftest.py had its chance to."""
    yield
    if {_OPTION, "-h", "--help"}.isdisjoint(args):
        return
    try:
        parser.getgroup("mediapipeline").addoption(
            _OPTION, action="store_true", default=False, help="write golden files anew instead of comparing with them"
        )
    except (ValueError, argparse.ArgumentError):
        return  # somebody else has declared it: theirs counts, and is heeded


def updates_golden_files(config: pytest.Config) -> bool:
    """Whether this run is to write golden files anew."""
    return bool(config.getoption(_OPTION, default=config.getoption("update_golden", default=False)))
