"""Words for people."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, what: str) -> str:
    """So many of *what*, in the singular or the plural.

    >>> counted(1, "still"), counted(3, "still"), counted(0, "still")
    ('1 still', '3 stills', 'no still')
    """
    return f"{count or 'no'} {what}{'s' * (count > 1)}"
