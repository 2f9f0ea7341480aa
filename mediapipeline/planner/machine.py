"""`Machine`: what a plan may count on when it estimates how long things take."""

from __future__ import annotations

import os

import attrs

__all__ = ["Machine"]


def _cores() -> int:
    return os.cpu_count() or 1


@attrs.frozen(kw_only=True)
class Machine:
    """The machine that is to run a plan.

    Attributes:
        cores: Processor cores; default, those of this machine.
    """

    cores: int = attrs.field(factory=_cores)
