"""What a newcomer writes is short, and keeps the contract."""

from __future__ import annotations

from pathlib import Path

from kit import newcomer
from kit.newcomer import TestVignette

__all__ = ["TestVignette"]  # pytest runs it here


def test_thirty_lines_are_enough() -> None:
    assert len(Path(newcomer.__file__).read_text(encoding="utf-8").splitlines()) <= 30
