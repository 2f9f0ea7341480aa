"""The environment that every FFmpeg and ffprobe process of the library runs in.

FFmpeg obeys variables of its own (``FFREPORT`` writes a log wherever it says, ``AV_LOG_FORCE_COLOR`` puts escapes
into stderr, proxies are honoured by its network protocols), so a child is given a new environment rather than the
host's. Nothing here starts a process or touches the file system.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["environment"]

# What decides whether and how the build starts at all. A build from a module system, conda or Nix finds its shared
# libraries by these, and without the fontconfig ones a relocated build finds no font. They are set by whoever runs the
# host, never by a job.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH")


def environment(home: Path) -> dict[str, str]:
    """The whole environment for a child process.

    Args:
        home: A folder of our own that stands in for the home folder and for the place of temporary files, so that
            neither personal presets (``~/.ffmpeg``) nor leftovers count.
    """
    folder = str(home)
    # C.UTF-8 and not C: messages stay English, and names and metadata are still read as UTF-8.
    child = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": folder, "TMPDIR": folder}
    # A statically linked build must not load the character set modules of the system's other C library: it crashes
    # (measured with the 7.0.2 of a wheel, on any MPEG-TS). UTF-8 needs no module.
    child["GCONV_PATH"] = str(home / "no-modules")
    child.update((name, os.environ[name]) for name in _KEPT if name in os.environ)
    if sys.platform == "win32":
        child |= {"SYSTEMROOT": os.environ["SYSTEMROOT"], "TEMP": folder, "TMP": folder, "USERPROFILE": folder}
    return child
