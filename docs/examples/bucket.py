"""A resolver and a publisher: how a host brings storage of its own, here a folder that stands for an object store.

``bucket://name/key`` is the file ``key`` in the folder ``name``. A real one awaits its client where this one copies.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mediapipeline import ExecutionError


class Buckets:
    """Both seams in one: what is read with ``SourcePolicy(resolvers=…)``, and written with ``publishers=…``.

    Args:
        root: The folder of the buckets.
        largest: Bytes; nothing larger is fetched.
    """

    schemes = frozenset({"bucket"})

    def __init__(self, root: Path, *, largest: int = 10**9) -> None:
        self._root = root
        self._largest = largest

    async def fetch(self, source: str, target: Path) -> None:
        await asyncio.to_thread(self._fetch, self._object(source), target)

    async def publish(self, path: Path, destination: str, *, overwrite: bool) -> None:
        await asyncio.to_thread(self._publish, path, self._object(destination), overwrite)

    def _object(self, url: str) -> Path:
        """The file of an object. The job may be a stranger's: no address may lead out of the root."""
        parts = urlsplit(url)
        names = [parts.netloc, *unquote(parts.path).strip("/").split("/")]
        if any(name in ("", ".", "..") or "\\" in name or "\0" in name for name in names):
            raise ExecutionError(f"{url!r} names no object")
        return self._root.joinpath(*names)

    def _fetch(self, stored: Path, target: Path) -> None:
        try:
            if stored.stat().st_size > self._largest:
                raise ExecutionError(f"{stored.name!r} is larger than the {self._largest} bytes that may be fetched")
            shutil.copyfile(stored, target)
        except FileNotFoundError:
            raise ExecutionError(f"there is no object {stored.name!r}") from None
        except OSError as error:
            raise later(f"{stored.name!r} cannot be fetched just now: {error.strerror}") from error

    def _publish(self, path: Path, stored: Path, overwrite: bool) -> None:
        stored.parent.mkdir(parents=True, exist_ok=True)
        part = stored.with_name(f".{stored.name}.{secrets.token_hex(4)}")
        try:
            shutil.copyfile(path, part)
            if overwrite:
                part.replace(stored)
            else:
                os.link(part, stored)  # fails where something is there
        except FileExistsError:
            raise ExecutionError(f"there is an object {stored.name!r} already") from None
        except OSError as error:
            raise later(f"{stored.name!r} cannot be stored just now: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)


def later(message: str) -> ExecutionError:
    """A failure that may pass: the job is tried again."""
    error = ExecutionError(message)
    error.retryable = True
    return error
