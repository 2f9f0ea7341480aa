"""Reading what a filter measured, and choosing by it: the pure part of `measure` and `late`.

Only the standard library is used, and nothing else of this one, so that a plan written out as a shell script can carry
this file along.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

__all__ = ["amount", "number", "pick", "read"]


_SPEAKS = re.compile(r"\[\w+@\w+ @ ")  # a filter; what others say may come in between


def read(
    instance: str, fields: Mapping[str, tuple[str, str | None, str, float, float | None]], stderr: str
) -> dict[str, float]:
    """What the filters of the name *instance* say they measured, by field. Peaks of silence are ``-inf``, and kept.

    Args:
        instance: The name that the filters carry in FFmpeg's messages.
        fields: For each how it is printed, by which filter (None: whichever carries the name), what it is called there,
            what is added to it, and the number that stands for nothing. It is printed as ``json``, an object;
            ``summary``, indented lines under headings (``Loudness range/LRA``); or ``lines``, each of a name and a
            number.
        stderr: What FFmpeg printed. Of several results the last counts: 5.1 sets up a graph twice, and says what it
            measured by then.

    Raises:
        ValueError: They did not say, or not a number.
    """
    lines = stderr.splitlines()
    said = {(reading, by): _said(reading, by or r"\w+", instance, lines) for reading, by, *_ in fields.values()}
    return {
        name: _number(said[reading, by], key, plus, least) for name, (reading, by, key, plus, least) in fields.items()
    }


def _number(found: Mapping[str, str], key: str, plus: float, least: float | None) -> float:
    if key not in found:
        if found and least is not None:
            return -math.inf
        raise ValueError(f"it did not say {key!r}")
    try:
        value = float(found[key])
    except ValueError:
        raise ValueError(f"{key!r} is no number: {found[key]!r}") from None
    if math.isnan(value):
        raise ValueError(f"{key!r} is no number: {found[key]!r}")
    if least is not None and value <= least:
        return -math.inf
    return round(value + plus, 6)


def _said(reading: str, by: str, instance: str, lines: Sequence[str]) -> dict[str, str]:
    """What the filters say last, by its name there; *by* is a pattern."""
    head = re.compile(rf"\[{by}@{re.escape(instance)} @ [^\]]*\] (?:\[\w+\] )?(.*)")
    starts = [at for at, line in enumerate(lines) if head.match(line)]
    found: dict[str, str] = {}
    for start in starts:
        match = head.match(lines[start])
        first = match[1] if match else ""
        end = next((at for at in range(start + 1, len(lines)) if _SPEAKS.match(lines[at])), len(lines))
        block = [first, *(line for line in lines[start + 1 : end] if not line.startswith("["))]
        if reading == "lines":
            found |= _line(first)
        else:
            found = (_object(block) if reading == "json" else _summary(block)) or found
    return found


def _object(lines: Sequence[str]) -> dict[str, str]:
    text = "\n".join(lines)
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return {}
    try:
        data = json.loads(text[start : end + 1])
    except ValueError:
        return {}
    return {key: str(value) for key, value in data.items()}


def _line(line: str) -> dict[str, str]:
    key, colon, value = line.partition(":")
    return {key.strip(): value.split()[0]} if colon and value.strip() else {}


def _summary(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not lines[0].startswith("Summary"):
        return found
    heading = ""
    for line in lines[1:]:
        key, colon, value = line.strip().partition(":")
        if colon and value.strip():
            found[f"{heading}/{key}"] = value.split()[0]
        elif colon:
            heading = key
    return found


def amount(terms: Sequence[tuple[str, float]], constant: float, values: Mapping[str, float]) -> float:
    """The sum of *constant* and of factors of fields.

    >>> amount([("integrated", -1.0)], -16.0, {"integrated": -23.5})
    7.5
    """
    return sum((factor * values[field] for field, factor in terms), constant)


def number(value: float, low: float | None, high: float | None, unit: str) -> str:
    """*value* as FFmpeg reads it, no less than *low* and no more than *high*.

    >>> number(-16.0 + 23.4, None, None, "dB"), number(float("-inf"), -99, 99, "")
    ('7.4dB', '-99')

    Raises:
        ValueError: It is not finite, and nothing bounds it.
    """
    value = value if low is None else max(value, low)
    value = value if high is None else min(value, high)
    if not math.isfinite(value):
        raise ValueError(f"{value} is no value for an option")
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text) + unit


def pick(
    cases: Sequence[Sequence[tuple[Sequence[tuple[str, float]], float, float]]], values: Mapping[str, float]
) -> int:
    """The first of *cases* all of whose conditions hold; a condition is terms, a constant, and what they may reach.

    Raises:
        ValueError: There is none.
    """
    for at, conditions in enumerate(cases):
        if all(amount(terms, constant, values) <= limit for terms, constant, limit in conditions):
            return at
    raise ValueError("none of the cases holds")
