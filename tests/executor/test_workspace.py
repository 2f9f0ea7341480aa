from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from mediapipeline.executor.workspace import Workspace, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs locks that die with their holder")


def test_a_living_one_is_left_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    path = workspace.open()
    (path / "file").write_text("x")
    sweep(tmp_path)
    assert (path / "file").exists()
    assert workspace.close() is None
    assert list(tmp_path.iterdir()) == []
    assert workspace.close() is None


@pytest.mark.parametrize("lock", [True, False])
def test_a_dead_one_is_removed(tmp_path: Path, lock: bool) -> None:
    dead = tmp_path / ".mediapipeline-0123456789ab"
    (dead / "home" / "deep").mkdir(parents=True)
    (dead / "final-0.mp4").write_text("x")
    if lock:
        (dead / "lock").touch()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".mediapipeline-0123456789ab").symlink_to(outside)
    (folder / ".mediapipeline-0123456789ac").write_text("a file")
    (folder / ".mediapipeline-kept-0123456789ab").mkdir()
    (folder / ".mediapipeline-mine").mkdir()
    dead = folder / ".mediapipeline-0123456789ad"
    dead.mkdir()
    (dead / "link").symlink_to(outside)
    (dead / "lock").symlink_to(outside / "precious")
    sweep(folder)
    assert (outside / "precious").read_text() == "x"
    assert len(list(folder.iterdir())) == 5  # even the one with the odd lock: no link is followed
    sweep(tmp_path / "no such folder")


def test_one_can_be_kept(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (workspace.open() / "file").write_text("x")
    kept = workspace.close(keep=True)
    assert kept is not None
    sweep(tmp_path)
    assert (kept / "file").read_text() == "x"


def test_sweepers_and_makers_at_the_same_time(tmp_path: Path) -> None:
    stop = threading.Event()
    failures: list[Exception] = []

    def sweeping() -> None:
        while not stop.is_set():
            sweep(tmp_path)

    def making() -> None:
        try:
            for _ in range(200):
                workspace = Workspace(tmp_path)
                file = workspace.open() / "file"
                file.write_text("x")
                assert file.read_text() == "x"
                workspace.close()
        except (OSError, AssertionError) as error:
            failures.append(error)

    sweepers = [threading.Thread(target=sweeping) for _ in range(2)]
    makers = [threading.Thread(target=making) for _ in range(3)]
    for thread in sweepers + makers:
        thread.start()
    for thread in makers:
        thread.join()
    stop.set()
    for thread in sweepers:
        thread.join()
    assert failures == []
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
