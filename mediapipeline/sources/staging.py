"""`Staged`: the local files that stand for what a job names by the scheme of a resolver or a publisher.

FFmpeg only ever opens local files. Who fetches a source, or publishes an output, says with this where the file is
in the meantime; the job, its problems and its plan go on naming what the user wrote. A value, without I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import attrs

__all__ = ["Staged"]


def _paths(value: Mapping[str, str | PathLike[str]]) -> dict[str, Path]:
    return {name: Path(path).absolute() for name, path in value.items()}


@attrs.frozen(kw_only=True)
class Staged:
    """Local files by the ids of a job. They are the host's, so no policy is asked whether they may be used."""

    inputs: Mapping[str, Path] = attrs.field(factory=dict, converter=_paths, hash=False)
    """What has been fetched, by id of the input."""
    outputs: Mapping[str, Path] = attrs.field(factory=dict, converter=_paths, hash=False)
    """Where an output is written to be published afterwards, by its id; its folder exists."""
