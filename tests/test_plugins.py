"""The packages under plugins/ as their users get them: from wheels of their own, against the wheel of the library."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the library and of the plugins, unpacked into one folder."""
    built, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    for project in (ROOT, *PLUGINS):
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", built, project],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
    for wheel in built.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    return target


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_plugin_passes_its_tests_when_installed(site: Path, plugin: Path, tmp_path: Path) -> None:
    """Nothing of the source tree is imported: neither the library nor the plugin."""
    check = (
        "import pathlib, sys, pytest\n"
        "code = pytest.main(sys.argv[2:])\n"
        "found = [m.__file__ for name, m in sys.modules.items() if name.startswith('mediapipeline') and m.__file__]\n"
        "assert all(pathlib.Path(file).is_relative_to(sys.argv[1]) for file in found), found\n"
        "sys.exit(code)\n"
    )
    few = ["-k", "documented or refused or encoded or mistake or round_trip or stays or at_three or allow"]
    argv = [sys.executable, "-P", "-c", check, str(site), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [*argv, "--rootdir", str(tmp_path), "--import-mode=importlib", *few, str(plugin / "tests")],
        cwd=tmp_path, env={**env, "PYTHONPATH": str(site)}, check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.slow
def test_plugins_type_check_strictly_against_the_wheel(site: Path, tmp_path: Path) -> None:
    packages = [word for plugin in PLUGINS for word in ("-p", plugin.name.replace("-", "_"))]
    assert all((site / package / "py.typed").is_file() for package in ["mediapipeline", *packages[1::2]])
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", tmp_path, *packages],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(site)}, check=False, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_command_writes_from_the_wheel(site: Path, tmp_path: Path) -> None:
    code = "import sys; from mediapipeline.cli import main; sys.exit(main(['new-operator', 'example.vignette']))"
    subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, check=True
    )
    assert (tmp_path / "mediapipeline-example" / "mediapipeline_example" / "vignette.py").is_file()


def test_every_plugin_is_found_where_it_is_developed() -> None:
    from mediapipeline.operators import default_registry

    assert {"example.vignette", "frames.picture", "frames.sound"} <= set(default_registry())
