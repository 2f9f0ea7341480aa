"""What was measured, kept beside the clips until it is measured again, so that a run can be done in parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

__all__ = ["FOLDER", "forget", "read", "write"]

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "benchmark-results"


def write(name: str, rows: Any) -> None:
    """Keep *rows*: attrs values, or what JSON can say."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if isinstance(rows, Sequence):
        rows = [row if isinstance(row, dict) else attrs.asdict(row) for row in rows]
    _file(name).write_text(json.dumps(rows, indent=1))


def read(name: str) -> Any:
    """What was kept; None where nothing was."""
    return json.loads(_file(name).read_text()) if _file(name).exists() else None


def forget(name: str) -> None:
    """It is not true any more."""
    _file(name).unlink(missing_ok=True)


def _file(name: str) -> Path:
    return FOLDER / f"{name}.json"
