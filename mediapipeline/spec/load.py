"""From a document to a job: the ways in.

`load` and `load_file` raise with everything that is wrong; `load_partly` goes on with what is sound, for callers that
want the mistakes of later stages at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import attrs

from mediapipeline.errors import Problems
from mediapipeline.spec.document import LARGEST
from mediapipeline.spec.job import JobSpec, Loaded, Operation

__all__ = ["load", "load_file", "load_partly"]


def load(document: str | bytes | Mapping[str, Any] | JobSpec) -> JobSpec:
    """The job that *document* says: JSON text, a mapping, or a job built in Python, which is checked alike.

    Raises:
        SpecError: With all that is wrong with its structure.
    """
    problems = Problems()
    loaded = load_partly(document, problems=problems)
    problems.raise_if_any()
    assert loaded.spec is not None
    return loaded.spec


def load_file(path: str | PathLike[str]) -> JobSpec:
    """The job that a JSON file says.

    Raises:
        SpecError: With all that is wrong with its structure.
        OSError: The file cannot be read.
    """
    with Path(path).open("rb") as file:
        return load(file.read(LARGEST + 1))


def load_partly(document: str | bytes | Mapping[str, Any] | JobSpec, *, problems: Problems) -> Loaded:
    """As much of the job as *document* soundly says, with everything else in *problems*."""
    loaded = JobSpec.parse(document, problems)
    if loaded.spec is None or not loaded.complete or not isinstance(document, JobSpec):
        return loaded
    # What Python handed in may be a form that stands for a value, or anything at all, so what was read is the job; but
    # parameters stay the values that they are.
    parts: Iterable[Any] = document.operations or ()  # types are hints only
    given = [part.params if isinstance(part, Operation) else part.get("params") for part in parts]
    operations = tuple(
        attrs.evolve(read, params=params or {}) for read, params in zip(loaded.spec.operations, given, strict=True)
    )
    return attrs.evolve(loaded, spec=attrs.evolve(loaded.spec, operations=operations))
