"""A step cache in a folder: what was encoded once is not encoded again, by whichever job.

An entry is a folder named after its key: the files, and the facts as JSON. It appears by a rename, whole or not at all,
so that processes can share the folder. Nothing is ever thrown away here: how much is kept, and for how long, is the
host's to decide, and any entry may be deleted at any time.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FACTS = "facts.json"


class FolderCache:
    """For ``Executor(cache=…)``.

    Args:
        folder: Where entries are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str, files: Mapping[str, Path]) -> Mapping[str, Any] | None:
        entry = self._folder / key
        try:
            facts: Mapping[str, Any] = json.loads((entry / _FACTS).read_text(encoding="utf-8"))
            for name, path in files.items():
                shutil.copyfile(entry / name, path)
        except FileNotFoundError:  # never there, or deleted in this moment
            for path in files.values():
                path.unlink(missing_ok=True)
            return None
        os.utime(entry)  # so that what is used can be told from what is not
        return facts

    def put(self, key: str, files: Mapping[str, Path], facts: Mapping[str, Any]) -> None:
        part = self._folder / f".{key}-{secrets.token_hex(4)}"
        part.mkdir()
        try:
            for name, path in files.items():
                shutil.copyfile(path, part / name)
            (part / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
            part.rename(self._folder / key)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            if not (self._folder / key).is_dir():  # else somebody else was first, with the same
                raise
