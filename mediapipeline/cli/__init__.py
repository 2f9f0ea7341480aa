"""The command line. The one package that prints; it only calls what a host application could call as well."""

from __future__ import annotations

from mediapipeline.cli.app import main

__all__ = ["main"]
