"""Rewrites documents that were made for other systems, where it is certain what they mean.

`rewrite` does what the hints of problems say, and only where a hint is the rewritten JSON; it guesses nothing, so a
misspelt name stays as it is. Whether the result is a sound job is for those to say who read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

from mediapipeline.media.encoders import CODECS, resolve
from mediapipeline.media.malformed import shown
from mediapipeline.spec.foreign import (
    Explanation,
    beside_params,
    explain_field,
    explain_operation,
    misplaced_parameters,
)

__all__ = ["Change", "Rewriting", "rewrite"]

_Object: TypeAlias = dict[str, Any]


@attrs.frozen
class Change:
    """One thing that was written differently.

    Attributes:
        path: Where it stood in the document that was given, as a JSON Pointer.
        text: What was done.
    """

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path or '(the document)'}: {self.text}"


@attrs.frozen
class Rewriting:
    """A document as this library has it.

    Attributes:
        document: The document; what is given is left as it is.
        changes: What is different in it, in the order of the document.
    """

    document: _Object
    changes: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "document": self.document,
            "changes": [{"path": change.path, "text": change.text} for change in self.changes],
        }


def rewrite(document: Mapping[str, Any]) -> Rewriting:
    """*document* in the words of this job format.

    >>> rewrite({"inputs": [], "operations": [{"op": "trim", "input": "a", "output": "b", "start": "1s"}]}).document
    {'inputs': [], 'operations': [{'op': 'trim', 'input': 'a', 'output': 'b', 'params': {'start': '1s'}}]}
    """
    changes: list[Change] = []
    below = ""
    inner = document.get("spec")
    if isinstance(inner, Mapping) and "outputs" not in document:
        changes.append(Change("/spec", "taken out: a job is the document itself"))
        beside = {name: value for name, value in document.items() if name != "spec" and name not in inner}
        document, below = {**inner, **beside}, "/spec"
    new: _Object = {}
    for name, value in document.items():
        explained = explain_field(name)
        if explained is None:
            new[name] = value
        else:
            changes.append(Change(f"{below}/{name}", f"left out: {explained.message}; {explained.hint}"))
    written: list[_Object] = []
    if isinstance(new.get("operations"), list):
        new["operations"] = list(_operations(new["operations"], f"{below}/operations", changes, written))
    if isinstance(new.get("outputs"), list) or written:
        given = new.get("outputs")
        outputs: list[Any] = list(given) if isinstance(given, list) else []
        new["outputs"] = [*outputs, *_with_ids_of_their_own(written, outputs)]
        new["outputs"] = [
            _output(item, f"{below}/outputs/{at}", changes) if isinstance(item, Mapping) else item
            for at, item in enumerate(new["outputs"])
        ]
    return Rewriting(new, tuple(changes))


def _operations(items: Iterable[Any], path: str, changes: list[Change], written: list[_Object]) -> Iterator[Any]:
    for at, item in enumerate(items):
        kept: Any = item
        while isinstance(kept, Mapping):
            explained = _explained(kept)
            if explained is None:
                break
            lost = f"; left out: {', '.join(map(shown, explained.left_out))}" if explained.left_out else ""
            changes.append(Change(f"{path}/{at}", explained.message + lost))
            if explained.output is not None:
                written.append(dict(explained.output))
            kept = explained.instead
        if kept is not None:
            yield kept


def _with_ids_of_their_own(written: Iterable[_Object], outputs: Iterable[Any]) -> Iterator[_Object]:
    """Entries whose ids were made up, each with one that no other output has; they name their clips beside it."""
    taken = {item.get("id") for item in outputs if isinstance(item, Mapping) and isinstance(item.get("id"), str)}
    for entry in written:
        name, number = entry["id"], 2
        while isinstance(name, str) and name in taken:
            name, number = f"{entry['id']}-{number}", number + 1
        if isinstance(name, str):
            taken.add(name)
        yield {**entry, "id": name}


def _explained(operation: Mapping[str, Any]) -> Explanation | None:
    misplaced = misplaced_parameters(operation)
    if misplaced:
        return beside_params(operation, misplaced)
    return explain_operation(operation)


def _output(output: Mapping[str, Any], path: str, changes: list[Change]) -> _Object:
    new = dict(output)
    codec = new.get("codec")
    if isinstance(codec, str) and (known := resolve(codec)) is not None:
        kind = CODECS[known[0]].kind
        if kind in {"video", "audio"}:
            new["codec"] = {kind: codec}
            changes.append(Change(f"{path}/codec", f"{shown(codec)} is the codec of {kind}"))
    audio = codec.get("audio") if isinstance(codec, Mapping) else None
    if isinstance(codec, Mapping) and isinstance(audio, Mapping) and "rate" in audio and "sample_rate" not in audio:
        renamed = {("sample_rate" if name == "rate" else name): value for name, value in audio.items()}
        new["codec"] = {**codec, "audio": renamed}
        changes.append(Change(f"{path}/codec/audio/rate", 'it is called "sample_rate"'))
    return new
