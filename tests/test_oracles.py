"""Two packages that the standard library has overtaken, as oracles for what we build on the standard library."""

from __future__ import annotations

import functools
import graphlib
import importlib.util
import itertools
import os
import subprocess
import sys
import textwrap
import zipfile
from importlib import metadata
from pathlib import Path

import entrypoints
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
GROUP = "mediapipeline.operators"


# ------------------------------------------------------------------------------- entrypoints: what the wheel declares


@pytest.fixture(scope="session")
def installed_wheel(tmp_path_factory) -> Path:
    """The wheel as a user gets it, unpacked into a folder of its own."""
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", built, ROOT],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (wheel,) = built.glob("*.whl")
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_entrypoints_finds_in_the_wheel_what_the_standard_library_finds(installed_wheel):
    oracle = {
        (found.name, f"{found.module_name}:{found.object_name}", found.distro.name)
        for found in entrypoints.get_group_all(GROUP, path=[str(installed_wheel)])
    }
    ours = {
        (point.name, point.value, distribution.name)
        for distribution in metadata.distributions(path=[str(installed_wheel)])
        for point in distribution.entry_points.select(group=GROUP)
    }
    assert ours == oracle
    assert ("trim", "mediapipeline.standard.timeline.trim:Trim", "mediapipeline") in oracle


def test_registry_finds_in_the_wheel_what_entrypoints_finds(installed_wheel):
    """In a process of its own, so that the wheel's files are imported and not those of the source tree."""
    code = """
        import mediapipeline
        from mediapipeline.operators import Registry

        registry = Registry.discover()
        print(mediapipeline.__file__)
        for name in registry:
            if "." not in name:  # other packages' operators carry a vendor
                operator = registry.load(name)
                print(f"{name} {operator.__module__}:{operator.__qualname__}")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(installed_wheel)},
        cwd=installed_wheel,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    imported, *ours = done.stdout.splitlines()
    assert Path(imported).parent.parent == installed_wheel
    oracle = entrypoints.get_group_all(GROUP, path=[str(installed_wheel)])
    assert ours == sorted(f"{found.name} {found.module_name}:{found.object_name}" for found in oracle)


def test_wheel_holds_the_library_and_nothing_else(installed_wheel):
    top = {path.name for path in installed_wheel.iterdir() if not path.name.endswith(".dist-info")}
    assert top == {"mediapipeline"}
    assert (installed_wheel / "mediapipeline" / "py.typed").is_file()
    shipped = {path.relative_to(installed_wheel).as_posix() for path in installed_wheel.glob("mediapipeline/**/*.py")}
    assert shipped == {path.relative_to(ROOT).as_posix() for path in ROOT.glob("mediapipeline/**/*.py")}


# ------------------------------------------------------------------------- graphlib-backport: order, stages and cycles


@functools.cache
def _backport():
    """The backport, by its file: its package is called ``graphlib`` too, and the standard library comes first."""
    (file,) = (f for f in metadata.files("graphlib-backport") or () if f.as_posix().endswith("graphlib/graphlib.py"))
    spec = importlib.util.spec_from_file_location("graphlib_backport", file.locate())
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TopologicalSorter is not graphlib.TopologicalSorter
    return module


def _backport_stages(dependencies):
    sorter = _backport().TopologicalSorter(dependencies)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(set(ready))
        sorter.done(*ready)
    return found


NAMES = st.sampled_from("abcdefghij")
ANY_GRAPH = st.dictionaries(NAMES, st.frozensets(NAMES, max_size=3), max_size=10)


@st.composite
def acyclic_graphs(draw):
    """Each name depends on names before it only, told in any order."""
    names = draw(st.permutations("abcdefghijkl"))
    edges = [
        (name, draw(st.frozensets(st.sampled_from(names[:at]), max_size=3))) for at, name in enumerate(names) if at
    ]
    return dict(draw(st.permutations(edges)))


@given(acyclic_graphs())
def test_stages_agree_with_the_backport(dependencies):
    from mediapipeline.graph.graph import stages

    ours = stages(dependencies)
    assert [set(stage) for stage in ours] == _backport_stages(dependencies)
    order = [name for stage in ours for name in stage]
    assert len(order) == len(set(order))
    assert set(order) == set(_backport().TopologicalSorter(dependencies).static_order())


@given(ANY_GRAPH)
@example({"a": frozenset("a")})
@example({"a": frozenset("b"), "b": frozenset("a"), "c": frozenset("a")})
def test_cycles_agree_with_the_backport(dependencies):
    from mediapipeline.graph.graph import stages

    oracle = _backport()
    try:
        expected = _backport_stages(dependencies)
    except oracle.CycleError:
        expected = None
    if expected is not None:
        assert [set(stage) for stage in stages(dependencies)] == expected
        return
    with pytest.raises(graphlib.CycleError) as caught:
        stages(dependencies)
    cycle = caught.value.args[1]  # which of several cycles is shown is free; that it is one is not
    assert cycle[0] == cycle[-1]
    assert all(before in dependencies[after] for before, after in itertools.pairwise(cycle))
