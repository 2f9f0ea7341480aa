from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
import textwrap

import pytest

import mediapipeline

PUBLIC = [
    "",
    ".errors",
    ".jobs",
    ".media",
    ".operators",
    ".params",
    ".report",
    ".sources",
    ".steps",
    ".testing",
    ".tracing",
]


def test_public_names_change_on_purpose_only(golden):
    lines = []
    for suffix in PUBLIC:
        module = importlib.import_module(f"mediapipeline{suffix}")
        lines += [module.__name__, *(f"    {name}" for name in sorted(module.__all__)), ""]
    golden("public_api.txt", "\n".join(lines))


@pytest.mark.parametrize("suffix", PUBLIC)
def test_all_tells_the_truth(suffix):
    module = importlib.import_module(f"mediapipeline{suffix}")
    assert len(set(module.__all__)) == len(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert set(module.__all__) <= set(dir(module))


def test_types_and_runtime_agree_about_the_root():
    """A type checker reads the imports under TYPE_CHECKING, Python the table: they must say the same."""
    tree = ast.parse(inspect.getsource(mediapipeline))
    guarded = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imported = {
        alias.asname or alias.name: statement.module
        for statement in guarded.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert imported == mediapipeline._DEFINED_IN
    assert set(mediapipeline.__all__) == {*imported, "__version__"}


@pytest.mark.parametrize("name", sorted(mediapipeline._DEFINED_IN))
def test_root_names_are_what_their_module_defines(name):
    module = importlib.import_module(mediapipeline._DEFINED_IN[name])
    assert getattr(mediapipeline, name) is getattr(module, name)
    assert getattr(module, name).__module__ == module.__name__


def test_unknown_root_name_is_an_attribute_error():
    misspelt = "Plannner"
    with pytest.raises(AttributeError, match="no attribute 'Plannner'"):
        getattr(mediapipeline, misspelt)


def test_importing_the_root_has_no_side_effects():
    """No process, no socket, no file but modules of Python, and no package that costs anything."""
    code = """
        import json, sys
        seen = []
        def watch(event, args):
            if event.startswith(("subprocess.", "socket.", "os.exec", "os.posix_spawn", "os.fork", "os.system")):
                seen.append(event)
            elif event == "open" and not str(args[0]).endswith((".py", ".pyc")) and ".pyc." not in str(args[0]):
                seen.append(f"open {args[0]}")
        before = set(sys.modules)
        sys.addaudithook(watch)
        import mediapipeline
        heavy = {"av", "numpy", "PIL", "rich", "attr", "attrs", "cattrs", "asyncio", "subprocess"}
        print(json.dumps([seen, sorted(heavy & {name.partition(".")[0] for name in set(sys.modules) - before})]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == [[], []]


def test_using_the_root_imports_no_heavy_package():
    """Every name of the root together still leave PyAV, numpy and rich alone."""
    code = """
        import sys
        import mediapipeline
        for name in mediapipeline.__all__:
            getattr(mediapipeline, name)
        print(*sorted({"av", "numpy", "PIL", "rich", "pytest", "hypothesis", "imageio_ffmpeg"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
