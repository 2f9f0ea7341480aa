"""`Shell`: runs FFmpeg commands as somebody at a terminal would, and notes what was run and when it first said so."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["Shell"]


class Shell:
    """Runs commands with outputs in one folder.

    Attributes:
        commands: What was run, without the program and the options that only concern this class.
        first_report: Clock time of the first report of progress; None before it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []
        self.first_report: float | None = None

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def ffmpeg(self, *words: str | Path) -> str:
        """Run a command; what it says on its standard error.

        Raises:
            RuntimeError: It failed.
        """
        command = [str(word) for word in words]
        self.commands.append(command)
        level = "info" if "null" in command else "error"  # measurements are told at that level
        program = str(default_engine().binaries.ffmpeg)
        argv = [program, "-v", level, "-nostdin", "-y", "-nostats", "-progress", "pipe:1", *command]
        errors = self.folder / "errors"
        with errors.open("wb") as log:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
            assert child.stdout is not None
            for line in child.stdout:
                if self.first_report is None and line.startswith(b"progress="):
                    self.first_report = time.perf_counter()
            code = child.wait()
        said = errors.read_text(errors="replace")
        if code:
            raise RuntimeError(f"exit code {code}: {' '.join(command)}\n{said[-2000:]}")
        return said
