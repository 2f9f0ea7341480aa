"""What may be asked of parameters beyond their types: `Param` of one, rules of several.

Both are declarations: they are held against values by the types, and shown by `mediapipeline.params.describe`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from mediapipeline.errors import PluginContractError
from mediapipeline.media.timecode import parse_duration

__all__ = ["Bound", "Exclusive", "InstanceRule", "Param", "Rule", "at_most_one_of", "exact", "exactly_one_of", "rule"]

Bound: TypeAlias = int | float | Fraction | Decimal | str
"""A limit: a number, or for durations and timecodes a duration such as ``"30s"``."""


def exact(bound: Bound) -> Fraction:
    """A limit as a number.

    Raises:
        ValueError: It is a text, and no duration.
    """
    if isinstance(bound, str):
        return parse_duration(bound)
    return Fraction(Decimal(repr(bound))) if isinstance(bound, float) else Fraction(bound)


def _compiled(pattern: str | re.Pattern[str] | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise PluginContractError(f"the pattern {pattern!r} is no regular expression: {error}") from error


def _tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(items, str):
        raise PluginContractError(f"examples are a sequence of values, not the text {items!r}")
    return tuple(items)


@attrs.frozen(eq=False)  # compared and hashed by identity: examples need not be hashable
class Param:
    """What is to be known of one parameter; stands in its annotation.

    ::

        angle: Annotated[float, Param("Lens angle, radians", ge=0, le=1.5707, unit="rad")] = 0.628

    A limit, pattern or length concerns those members of a union that it can concern: with `ge` on ``int | "center"``
    the number is bounded.
    """

    doc: str
    ge: Bound | None = attrs.field(default=None, kw_only=True)
    gt: Bound | None = attrs.field(default=None, kw_only=True)
    le: Bound | None = attrs.field(default=None, kw_only=True)
    lt: Bound | None = attrs.field(default=None, kw_only=True)
    pattern: re.Pattern[str] | None = attrs.field(default=None, kw_only=True, converter=_compiled)
    """Must match the whole text."""
    unit: str | None = attrs.field(default=None, kw_only=True)
    min_length: int | None = attrs.field(default=None, kw_only=True)
    """Characters of a text, items of an array, entries of an object; so is `max_length`."""
    max_length: int | None = attrs.field(default=None, kw_only=True)
    custom: Callable[[Any], str | None] | None = attrs.field(default=None, kw_only=True)
    """Takes a value of the right type and returns what is wrong with it, or None."""
    examples: tuple[Any, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)

    def faults(self) -> Iterator[str]:
        """What is wrong with it as it is declared, a sentence each."""
        texts: tuple[tuple[str, object], ...] = (("its documentation", self.doc), ("its unit", self.unit or ""))
        yield from (f"{what} is {text!r}, not a text" for what, text in texts if not isinstance(text, str))
        for one, other in (("ge", "gt"), ("le", "lt")):
            if one in self.bounds and other in self.bounds:
                yield f"{one} and {other} are limits of one side: give one of them"
        for least, most in itertools.product(("ge", "gt"), ("le", "lt")):
            if least in self.bounds and most in self.bounds:
                low, high = exact(self.bounds[least]), exact(self.bounds[most])
                if low > high or (low == high and (least, most) != ("ge", "le")):
                    yield f"no value is left by {least}={self.bounds[least]!r} and {most}={self.bounds[most]!r}"
        lengths = {"min_length": self.min_length, "max_length": self.max_length}
        yield from (f"{name}={length} is no length" for name, length in lengths.items() if (length or 0) < 0)
        if self.max_length is not None and self.max_length < (self.min_length or 0):
            yield f"no value is left by min_length={self.min_length} and max_length={self.max_length}"

    @property
    def bounds(self) -> dict[str, Bound]:
        """The limits that are set, by name."""
        every = {"ge": self.ge, "gt": self.gt, "le": self.le, "lt": self.lt}
        return {name: bound for name, bound in every.items() if bound is not None}

    @property
    def constrains(self) -> bool:
        """Whether it asks anything of the value."""
        others = (self.pattern, self.min_length, self.max_length, self.custom)
        return bool(self.bounds) or any(other is not None for other in others)


@attrs.frozen
class Exclusive:
    """At most one, or exactly one, of several parameters may differ from its default."""

    fields: tuple[str, ...]
    needed: bool

    def complaint(self, given: Iterable[str]) -> tuple[str, str, str] | None:
        """Code, message and hint where *given*, the names of the parameters that are set, break the rule."""
        found = [name for name in self.fields if name in given]
        names = ", ".join(self.fields[:-1]) + f" or {self.fields[-1]}"
        if len(found) > 1:
            both = ", ".join(found[:-1]) + f" and {found[-1]}"
            return "exclusive-parameters", f"{both} exclude each other", f"give only one of {names}"
        if self.needed and not found:
            return "missing-parameter", f"one of {names} is needed", f"give exactly one of {names}"
        return None


@attrs.frozen
class InstanceRule:
    """A condition over a whole set of parameters that are sound one by one."""

    check: Callable[[Any], str | None]
    fields: tuple[str, ...]
    code: str = "rule-violated"
    hint: str | None = None


Rule: TypeAlias = Exclusive | InstanceRule


def exactly_one_of(*fields: str) -> Rule:
    """One of these parameters must be given, and only one. All of them have the default None."""
    return _exclusive(fields, needed=True)


def at_most_one_of(*fields: str) -> Rule:
    """No two of these parameters may be given, that is, differ from their defaults."""
    return _exclusive(fields, needed=False)


def _exclusive(fields: tuple[str, ...], *, needed: bool) -> Exclusive:
    if len(set(fields)) < 2:
        raise PluginContractError(f"a rule over parameters that exclude each other needs two of them, not {fields}")
    return Exclusive(fields, needed)


def rule(
    check: Callable[[Any], str | None], *fields: str, code: str = "rule-violated", hint: str | None = None
) -> Rule:
    """A condition of one's own over several parameters.

    Args:
        check: Takes the instance and returns what is wrong with it, or None. Called only where every parameter is
            sound by itself.
        fields: The parameters it is about; a problem is reported at the first.
        code: Code of the problem.
        hint: What to do about it.
    """
    return InstanceRule(check, fields, code, hint)
