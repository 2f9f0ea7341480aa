"""Which functions a job may name: none but those that the host allows.

A job is data, and may come from anybody; a function is code that runs with the rights of the host. So a name counts
only if the host has allowed it, with `allow` or in the environment variable ``MEDIAPIPELINE_FRAMES_ALLOW`` (names with
commas between). A name is ``module:function``, or ``module:*`` for all public functions that the module itself defines.
"""

from __future__ import annotations

import os
import re

__all__ = ["NAME", "VARIABLE", "allow", "is_allowed"]

NAME = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z]\w*"
"""What the name of a function looks like."""

VARIABLE = "MEDIAPIPELINE_FRAMES_ALLOW"

_ALLOWED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:([A-Za-z]\w*|\*)")
_allowed: set[str] = set()


def allow(*names: str) -> None:
    """Let jobs name these functions, in this process from now on.

    Raises:
        ValueError: One of them is not of the form ``module:function`` or ``module:*``.
    """
    wrong = [name for name in names if not _ALLOWED.fullmatch(name)]
    if wrong:
        raise ValueError(f"not the name of a function, 'module:function' or 'module:*': {', '.join(map(repr, wrong))}")
    _allowed.update(names)


def is_allowed(name: str) -> bool:
    """Whether a job may name the function *name*."""
    if re.fullmatch(NAME, name) is None:
        return False
    known = {*_allowed, *(each.strip() for each in os.environ.get(VARIABLE, "").split(","))}
    return name in known or f"{name.partition(':')[0]}:*" in known
