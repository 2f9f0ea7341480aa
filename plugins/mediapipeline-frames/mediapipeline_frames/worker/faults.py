"""What a run can fail of, told to the user."""

from __future__ import annotations

__all__ = ["Fault", "Unreadable"]


class Fault(Exception):
    """What is to be told to the user."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class Unreadable(Exception):
    """What is wrong with the file, which is no fault of the function."""
