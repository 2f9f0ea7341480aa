"""Workspaces: the folders that runs work in, beside what they will publish, and the sweeping up after dead ones.

A workspace is locked for as long as its run lives, by a lock that the system drops when the process dies, however it
dies. So a workspace that can be locked by another is nobody's, and is removed. Knows nothing of plans.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Workspace", "sweep"]

_log = logging.getLogger(__name__)

_PREFIX = ".mediapipeline-"
_KEPT = ".mediapipeline-kept-"
_OURS = re.compile(r"\.mediapipeline-[0-9a-f]{12}")
_LOCK = "lock"


class Workspace:
    """A folder of one run.

    Args:
        folder: Where it is made, so that what is made in it can be renamed to a neighbour.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path: Path | None = None
        self._lock: int | None = None

    def open(self) -> Path:
        """Make it.

        Raises:
            OSError: The folder takes no new entries.
        """
        while self.path is None:
            path = self.folder / f"{_PREFIX}{secrets.token_hex(6)}"
            path.mkdir(mode=0o700)
            try:
                self._lock = _take_lock(path)
            except OSError:
                with contextlib.suppress(OSError):
                    path.rmdir()
                raise
            if self._lock is not None or sys.platform == "win32":
                self.path = path
        return self.path

    def close(self, *, keep: bool = False) -> Path | None:
        """Remove it, or keep it under another name, which is returned. What can't be removed is for the next sweep."""
        path, self.path = self.path, None
        kept: Path | None = None
        if path is not None:
            if keep:
                kept = path.with_name(path.name.replace(_PREFIX, _KEPT, 1))
                path.rename(kept)
            else:
                _remove(path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        return kept


def sweep(folder: Path) -> None:
    """Remove the workspaces in *folder* whose runs are dead."""
    if sys.platform == "win32":  # without such a lock the dead can't be told from the living
        return
    for path in _candidates(folder):
        try:
            lock = _take_lock(path)
        except OSError as error:
            _log.debug("%s is left alone: %s", path, error)
            continue
        if lock is not None:
            _log.info("removing %s, which a run has left that did not end by itself", path)
            _remove(path)
            os.close(lock)


def _candidates(folder: Path) -> Iterator[Path]:
    if sys.platform == "win32":  # where nobody's number says whose a folder is
        return
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError as error:  # may be written to, and not be read
        _log.debug("%s is not swept: %s", folder, error)
        return
    for entry in entries:
        # Nobody else's folder, and no link to somewhere else
        if _OURS.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    yield Path(entry.path)


def _take_lock(workspace: Path) -> int | None:
    """Lock *workspace*; None where another holds it, or it went away in the same moment.

    The file is made if it is not there: its maker may have died before, and a maker who comes later finds it locked and
    begins anew under another name.
    """
    file = workspace / _LOCK
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileNotFoundError:
        return None
    if sys.platform == "win32":
        os.close(handle)
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.stat(file), os.fstat(handle)):  # noqa: PTH116 - beside fstat it reads better
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _remove(path: Path) -> None:
    """Remove a workspace, its lock last."""
    try:
        with os.scandir(path) as found:
            entries = list(found)
        for entry in entries:
            if entry.name == _LOCK:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)  # noqa: PTH108 - an entry of scandir is text
        (path / _LOCK).unlink(missing_ok=True)
        path.rmdir()
    except OSError as error:
        _log.warning("%s could not be removed, and is tried again by the next run there: %s", path, error)
