"""The command line as a program: ``mediapipeline`` and ``python -m mediapipeline``."""

from __future__ import annotations

import gc

from mediapipeline.cli import main

__all__ = ["program"]

_SELDOM = 50_000  # objects; what is imported is more than a hundred times what Python waits for


def program() -> int:
    """The command line, in a process that is over afterwards.

    Memory is looked through for garbage seldom, and not once more at the end: of a short run, that took 70 ms.
    """
    gc.set_threshold(_SELDOM)
    try:
        return main()
    finally:
        gc.freeze()


if __name__ == "__main__":
    raise SystemExit(program())
