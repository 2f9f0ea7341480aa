"""``python -m mediapipeline`` is the command line."""

from __future__ import annotations

from mediapipeline.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
