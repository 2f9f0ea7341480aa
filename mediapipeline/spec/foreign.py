"""Recognises what documents for other systems say differently, and writes down how this one says it.

Looks at plain JSON and gives the code, message and hint of a problem; the hint is the rewritten JSON. It decides
nothing: a document that is right is never shown to it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from mediapipeline.media.fields import closest
from mediapipeline.media.malformed import shown

__all__ = [
    "Explanation",
    "beside_params",
    "explain_field",
    "explain_operation",
    "misplaced_parameters",
    "rewritten",
]

_FIELDS_OF_AN_OPERATION = ("op", "input", "inputs", "output", "outputs", "params")


class Explanation(NamedTuple):
    """What to say of something that other systems write, and what this one writes instead."""

    code: str
    message: str
    hint: str
    instead: Mapping[str, Any] | None = None
    """The operation that stands for it; None where none does."""
    output: Mapping[str, Any] | None = None
    """The entry of outputs that stands for it."""
    left_out: tuple[str, ...] = ()
    """Its parameters that what stands for it has no place for."""

    @property
    def problem(self) -> tuple[str, str, str]:
        """Code, message and hint."""
        return self.code, self.message, self.hint


_LONGEST_HINT = 1000
_NOT_SHIPPED = "which the library does not ship yet: a package has to bring it"
_DUCKING = ("mode", "main_weight", "bg_weight", "ducking_threshold")

_FIELDS: Mapping[str, Explanation] = {
    "webhook_url": Explanation(
        "not-ours",
        "webhook_url is not part of a job: the library calls nobody",
        "the host that runs the job sends its own notifications, from the events of the run",
    ),
    "debug": Explanation(
        "not-ours",
        "debug is not part of a job",
        'to keep intermediate files, run it with Executor(keep_workspace="always")',
    ),
}


def explain_field(name: str) -> Explanation | None:
    """What to say of a field of the document that other systems have; None where it is just unknown."""
    return _FIELDS.get(name)


def explain_operation(raw: Mapping[str, Any]) -> Explanation | None:
    """What to say of an operation that other systems have; None where it is none of these."""
    explain = _OPERATIONS.get(raw["op"]) if isinstance(raw.get("op"), str) else None
    return explain(raw, _params(raw)) if explain is not None else None


def rewritten(value: Any) -> str:
    """*value* as a hint shows it: JSON on one line."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST_HINT else text[: _LONGEST_HINT - 1] + "…"


def _params(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    params = raw.get("params")
    return params if isinstance(params, Mapping) else {}


def _legs(raw: Mapping[str, Any], *ports: str) -> dict[str, Any]:
    given = raw.get("inputs")
    if isinstance(given, Mapping):
        return dict(given)
    names = given if isinstance(given, list) else []
    return {port: names[n] if n < len(names) else f"<{port}>" for n, port in enumerate(ports)}


def _export(raw: Mapping[str, Any], params: Mapping[str, Any]) -> Explanation:
    clip = raw.get("input") or _first_leg(raw.get("inputs")) or "<clip>"
    entry: dict[str, Any] = {"id": raw.get("output") or clip, "input": clip, "destination": "<where to>"}
    for name in ("destination", "format", "codec", "metadata"):
        if name in params or name in raw:
            entry[name] = params.get(name, raw.get(name))
    hint = f'add to "outputs": {rewritten(entry)}'
    message = "what is written is not an operation but an entry of outputs"
    left_out = tuple(name for name in params if name not in entry)
    return Explanation("not-an-operation", message, hint, output=entry, left_out=left_out)


def _first_leg(given: object) -> object:
    """The first clip of ``inputs``, whatever stands there; None where there is none."""
    match given:
        case Mapping():
            return next(iter(given.values()), None)
        case [first, *_]:
            return first
    return None


def _combine(raw: Mapping[str, Any], _: Mapping[str, Any]) -> Explanation:
    new = {"op": "replace_audio", "inputs": _legs(raw, "video", "audio"), "output": raw.get("output", "<name>")}
    message = f'there is no "combine"; it is called "replace_audio", {_NOT_SHIPPED}'
    return Explanation("renamed-operation", message, rewritten(new), new)


def _mix(raw: Mapping[str, Any], params: Mapping[str, Any]) -> Explanation | None:
    if not any(name in params for name in _DUCKING):
        return None
    new_params: dict[str, Any] = {}
    threshold = _decibels(params.get("ducking_threshold"))
    if threshold is not None:
        new_params["threshold_db"] = threshold
    gain = _decibels(params.get("bg_weight"))
    if gain is not None:
        new_params["background_gain_db"] = gain
    ports = _legs(raw, "main", "background")
    new = {"op": "duck", "inputs": ports, "output": raw.get("output", "<name>"), "params": new_params}
    message = f'ducking is no mode of "mix" but the operation "duck", {_NOT_SHIPPED}'
    said = {"mode": True, "main_weight": params.get("main_weight") == 1}
    said |= {"ducking_threshold": threshold is not None, "bg_weight": gain is not None}
    left_out = tuple(name for name in params if not said.get(name))
    return Explanation("renamed-operation", message, rewritten(new), new, left_out=left_out)


def _overlay(raw: Mapping[str, Any], params: Mapping[str, Any]) -> Explanation | None:
    if "overlay_source" not in params:
        return None
    ports = {"base": raw.get("input", "<clip>"), "overlay": params["overlay_source"]}
    rest = {name: value for name, value in params.items() if name != "overlay_source"}
    new = {"op": "overlay", "inputs": ports, "output": raw.get("output", "<name>"), "params": rest}
    message = "overlay_source is not a parameter: what is laid over is a second clip, from an entry of inputs"
    return Explanation("renamed-field", message, rewritten(new), new)


def _debug(_raw: Mapping[str, Any], _params: Mapping[str, Any]) -> Explanation:
    return _FIELDS["debug"]


def _decibels(value: object) -> float | None:
    """A level as decibels: linear where it is a share of full scale, as it is where it is negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if value <= 0:
        return float(value) if value < 0 else None
    return round(20 * math.log10(value), 1) if value <= 1 else None


_OPERATIONS = {"export": _export, "combine": _combine, "mix": _mix, "overlay": _overlay, "debug": _debug}


def misplaced_parameters(raw: Mapping[str, Any]) -> list[str]:
    """The fields of an operation that are its parameters, rather than a field misspelt."""
    known = _FIELDS_OF_AN_OPERATION
    unknown = [name for name in raw if name not in known]
    likely = [name for name in unknown if closest(name, known) is None or "params" in raw]
    return [name for name in likely if closest(name, known, cutoff=0.8) is None]


def beside_params(raw: Mapping[str, Any], names: list[str]) -> Explanation:
    """What to say where the parameters *names* stand beside ``op``."""
    moved = {**_params(raw), **{name: raw[name] for name in names}}
    new = {name: value for name, value in raw.items() if name not in names and name != "params"}
    listed = ", ".join(shown(name) for name in names[:8])
    whole = {**new, "params": moved}
    message = f"parameters stand in params, not beside op: {listed}"
    return Explanation("misplaced-parameters", message, rewritten(whole), whole)
