"""What all tests share: the FFmpegs to run on, the real clips, and golden files."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from mediapipeline.testing.pytest_plugin import updates_golden_files

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.binary import Engine, Origin

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"

# Machines are slow at times, and no test asserts a time.
# In the suite the examples are always the same ones; `make fuzz` draws new ones.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@functools.cache
def _engines() -> dict[str, Engine]:
    """Every FFmpeg at hand by the id of its version: the system's, the fetched older one, the wheel's."""
    from mediapipeline.ffmpeg.binary import Engine

    found: list[tuple[Path, Path | None, Origin]] = []
    if system := shutil.which("ffmpeg"):
        ffprobe = shutil.which("ffprobe", path=str(Path(system).parent))
        found.append((Path(system), Path(ffprobe) if ffprobe else None, "path"))
    found += [(binary, None, "explicit") for binary in sorted((ROOT / ".cache").glob("ffmpeg-*/ffmpeg"))]
    try:
        files = metadata.files("imageio-ffmpeg") or []
    except metadata.PackageNotFoundError:
        files = []
    found += [(Path(str(file.locate())), None, "wheel") for file in files if re.match(r"ffmpeg-.*v\d", file.name)]
    engines: dict[str, Engine] = {}
    for ffmpeg, probe, origin in found:
        said = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True, timeout=60).stdout
        version = re.match(r"ffmpeg version n?(\d+\.\d+|\S+)", said)
        assert version, f"{ffmpeg} does not tell its version: {said[:80]!r}"
        engines.setdefault(f"ffmpeg-{version[1]}", Engine(ffmpeg=ffmpeg, ffprobe=probe, origin=origin))
    return engines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        engines = _engines()
        metafunc.parametrize("engine", list(engines.values()), ids=list(engines), scope="session")


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files go where those of tests do, and stay as long.

    Contracts that fail keep their folder for somebody to look at, and many are meant to fail.
    """
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session")
def default_engine() -> Engine:
    """The FFmpeg that the library would use, for tests that do not depend on its version."""
    engines = _engines()
    if not engines:
        pytest.fail("no FFmpeg: install one, or the extra [ffmpeg]")
    # The system's, else the wheel's: what the library itself would take. 7.0 is the odd one out in several ways.
    return next((each for each in engines.values() if each.origin == "path"), [*engines.values()][-1])


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of real clips beside the project."""
    folder = ROOT.parent / "shared" / "media"
    if not folder.is_dir():
        pytest.skip("the real clips are not here (a folder shared/media beside the project)")
    return folder


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden(name, text)`` holds *text* against tests/golden/*name*; ``--update-golden`` writes it there."""

    from mediapipeline.testing.snapshots import check_golden

    def check(name: str, text: str) -> None:
        check_golden(GOLDEN / name, text, update=updates_golden_files(request.config))

    return check
