"""`Publication`: finished files get their final names, all of them or none.

Without `overwrite` a file that is there already is never replaced, not even one that appears in this very moment: a
hard link fails where a rename would replace in silence. A folder is given its name as a whole, and one that is there
is put aside as a whole. What the files are is not looked at.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

from mediapipeline.errors import OutputError

__all__ = ["Publication", "Ready", "sync_file"]

# What file systems and sandboxes without hard links say
_NO_LINKS = frozenset({errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


@attrs.frozen(kw_only=True)
class Ready:
    """A file that is finished and on disk, or a folder of such.

    Attributes:
        output: Id of the output.
        file: Where it is.
        target: What it is to be called, on the same file system.
    """

    output: str
    file: Path
    target: Path


@attrs.define
class _Done:
    item: Ready
    identity: tuple[int, int]
    previous: Path | None


class Publication:
    """The outputs of one run, on their way to their final names.

    Args:
        items: What is published.
        overwrite: Whether files that are there may be replaced.
    """

    def __init__(self, items: Sequence[Ready], *, overwrite: bool) -> None:
        self._items = tuple(items)
        self._overwrite = overwrite
        self._done: list[_Done] = []

    def publish(self) -> None:
        """Give every file its name.

        Raises:
            OutputError: One of them could not be published; those before it are taken back.
        """
        try:
            for item in self._items:
                self._publish(item)
            made = [item.target for item in self._items if item.target.is_dir()]
            for folder in dict.fromkeys([*made, *(item.target.parent for item in self._items)]):
                _sync_folder(folder)
        except BaseException:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Undo `publish`: what was there before is there again."""
        while self._done:
            done = self._done.pop()
            with contextlib.suppress(FileNotFoundError):
                if _identity(done.item.target) != done.identity:
                    continue  # somebody has put another file there meanwhile, which is theirs
                if done.item.target.is_dir():
                    done.item.target.rename(done.item.file)
                    if done.previous is not None:
                        done.previous.rename(done.item.target)
                elif done.previous is not None:
                    done.previous.replace(done.item.target)
                elif done.item.file.exists():
                    done.item.target.unlink()
                else:
                    done.item.target.rename(done.item.file)

    def settle(self) -> None:
        """Let go of what `take_back` would need."""
        for done in self._done:
            done.item.file.unlink(missing_ok=True)
            if done.previous is not None and done.previous.is_dir() and not done.previous.is_symlink():
                shutil.rmtree(done.previous, ignore_errors=True)  # it lies in the workspace, which goes as well
            elif done.previous is not None:
                done.previous.unlink(missing_ok=True)
        self._done.clear()

    def _publish(self, item: Ready) -> None:
        try:
            identity = _identity(item.file)
            done = _Done(item, identity, None)
            if self._overwrite:
                done.previous = _set_aside(item)
                _replace(item, done.previous)
            else:
                _name(item)
            self._done.append(done)
        except FileExistsError as error:
            raise OutputError(
                f"output {item.output!r}: {str(item.target)!r} exists already, and appeared while the run was going on",
                output=item.output,
            ) from error
        except OSError as error:
            raise OutputError(
                f"output {item.output!r} cannot be published as {str(item.target)!r}: {error.strerror or error}",
                output=item.output,
            ) from error


def _name(item: Ready) -> None:
    """Give the file its name if nothing has that name."""
    if item.file.is_dir():
        _name_folder(item)
        return
    try:
        os.link(item.file, item.target, follow_symlinks=False)
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LINKS:
            raise
        # Claim the name with an empty file, which fails if it is taken; then replace our own claim.
        os.close(os.open(item.target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            item.file.replace(item.target)
        except OSError:
            item.target.unlink(missing_ok=True)
            raise


def _name_folder(item: Ready) -> None:
    """Claim the name with an empty folder, which fails if it is taken; then replace our own claim."""
    item.target.mkdir()
    try:
        if sys.platform == "win32":  # where no folder is replaced
            item.target.rmdir()
        item.file.rename(item.target)
    except OSError:
        with contextlib.suppress(OSError):
            item.target.rmdir()
        raise


def _set_aside(item: Ready) -> Path | None:
    """Keep the file that is about to be replaced, under a name of ours."""
    previous = item.file.with_name(f"{item.file.name}.previous")
    if item.file.is_dir():
        return _folder_aside(item, previous)
    if item.target.is_dir() and not item.target.is_symlink():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(item.target))
    try:
        os.link(item.target, previous, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LINKS:
            raise
        if not os.path.lexists(item.target):
            return None
        item.target.rename(previous)  # for a moment there is no file of that name; without links it can't be helped
    return previous


def _folder_aside(item: Ready, previous: Path) -> Path | None:
    try:
        if item.target.is_symlink() or not item.target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(item.target))
        item.target.rename(previous)  # no system that we know of swaps two folders everywhere
    except OSError:
        if not os.path.lexists(item.target):
            return None
        raise
    return previous


def _replace(item: Ready, previous: Path | None) -> None:
    try:
        item.file.replace(item.target)
    except OSError:
        if previous is not None:
            previous.replace(item.target)  # does nothing where the target is still the same file
        raise


def _identity(path: Path) -> tuple[int, int]:
    facts = path.lstat()
    return facts.st_dev, facts.st_ino


def sync_file(path: Path) -> None:
    """Have the system write the file to disk."""
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    # Windows opens no folders, and some file systems sync none: the names are there all the same, if later
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
