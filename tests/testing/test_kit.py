"""The front door of the kit: names that are imported when they are used."""

from __future__ import annotations

import ast
import importlib
import inspect

import pytest

import mediapipeline.testing as kit


def test_types_and_runtime_agree():
    """A type checker reads the imports under TYPE_CHECKING, Python the table: they must say the same."""
    tree = ast.parse(inspect.getsource(kit))
    guarded = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imported = {
        alias.asname or alias.name: statement.module
        for statement in guarded.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert imported == vars(kit)["_DEFINED_IN"]
    assert set(kit.__all__) == set(imported)


@pytest.mark.parametrize("name", sorted(kit.__all__))
def test_names_are_what_their_module_defines(name):
    module = importlib.import_module(vars(kit)["_DEFINED_IN"][name])
    assert getattr(kit, name) is getattr(module, name)
    assert name in module.__all__


def test_an_unknown_name_is_an_attribute_error():
    misspelt = "FakePorber"
    with pytest.raises(AttributeError, match="no attribute 'FakePorber'"):
        getattr(kit, misspelt)
