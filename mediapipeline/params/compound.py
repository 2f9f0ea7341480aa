"""The parameter types made of others: limits on a type, arrays, mappings, and unions.

Every fault of a value is reported, not just the first; each level adds its part to the path.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

from mediapipeline.errors import Problem
from mediapipeline.media.malformed import shown
from mediapipeline.media.timecode import Timecode, format_time
from mediapipeline.params.codec_schema import optional
from mediapipeline.params.quantities import DurationType, TimecodeType
from mediapipeline.params.rejection import Rejected
from mediapipeline.params.rules import Bound, Param, exact
from mediapipeline.params.scalars import ParameterType, StringType, TypeName

__all__ = ["ArrayType", "ConstrainedType", "MapType", "UnionType"]

_COMPARE: Mapping[str, tuple[Callable[[Any, Any], bool], str, str]] = {
    "ge": (operator.ge, "at least", "minimum"),
    "gt": (operator.gt, "more than", "exclusiveMinimum"),
    "le": (operator.le, "at most", "maximum"),
    "lt": (operator.lt, "less than", "exclusiveMaximum"),
}
_Limit: TypeAlias = tuple[Callable[[Any, Any], bool], int | float, Fraction]


def _plain(bound: Bound) -> int | float:
    if isinstance(bound, int | float):
        return bound
    value = exact(bound)
    return value.numerator if value.denominator == 1 else float(value)


class ConstrainedType(ParameterType):
    """A type with the limits of a `Param`."""

    def __init__(self, base: ParameterType, param: Param) -> None:
        self.base = base
        self.param = param
        self._limits: tuple[_Limit, ...] = tuple(
            (_COMPARE[name][0], _plain(bound), exact(bound)) for name, bound in param.bounds.items() if base.numeric
        )

    @property
    def name(self) -> TypeName:  # type: ignore[override]  # a limit does not change what type it is
        return self.base.name

    @property
    def rank(self) -> int:  # type: ignore[override]  # as above
        return self.base.rank

    @property
    def samples(self) -> tuple[Any, ...]:  # type: ignore[override]  # as above
        return self.base.samples

    def read(self, value: object) -> Any:
        found = self.base.read(value)
        refusal = self._refusal(found, value)
        if refusal is not None:
            raise refusal
        return found

    def _refusal(self, found: Any, value: object) -> Rejected | None:
        if self._limits and not self._within(found):
            return Rejected.because("out-of-range", f"must be {self.phrase}, not {shown(value)}")
        param = self.param
        if self.base.sized:
            size = len(found)
            if param.min_length is not None and size < param.min_length:
                return Rejected.because("too-short", f"must be {self.phrase}, not of {size}")
            if param.max_length is not None and size > param.max_length:
                return Rejected.because("too-long", f"must be {self.phrase}, not of {size}")
        if param.pattern is not None and isinstance(found, str) and not param.pattern.fullmatch(found):
            examples = " or ".join(shown(example) for example in param.examples[:3])
            hint = f"for example {examples}" if examples else None
            message = f"must match {param.pattern.pattern}, which {shown(value)} does not"
            return Rejected.because("pattern-mismatch", message, hint)
        if param.custom is not None:
            complaint = param.custom(found)
            if complaint is not None:
                return Rejected.because("rule-violated", complaint)
        return None

    def _within(self, found: Any) -> bool:
        if isinstance(found, Timecode):
            found = found.seconds
            if found is None:
                return True  # frames are counted; how long they are is not known yet
        if isinstance(found, Fraction):
            return all(compare(found, limit) for compare, _, limit in self._limits)
        return all(compare(found, plain) for compare, plain, _ in self._limits)

    def holds(self, value: object) -> bool:
        return self.base.holds(value)

    def write(self, value: Any) -> Any:
        return self.base.write(value)

    @property
    def text(self) -> str:
        return self.base.text

    @property
    def phrase(self) -> str:
        param, words = self.param, []
        if self.base.numeric:
            unit = f" {param.unit}" if param.unit else ""
            if not unit and isinstance(self.base, DurationType | TimecodeType):
                unit = " seconds"
            words = [f"{_COMPARE[name][1]} {_number(bound)}" for name, bound in param.bounds.items()]
            if words:
                words[-1] += unit
        if self.base.sized:
            things = "characters" if isinstance(self.base, StringType) else "items"
            words += [f"at least {param.min_length} {things}"] if param.min_length is not None else []
            words += [f"at most {param.max_length} {things}"] if param.max_length is not None else []
        return f"{self.base.phrase} of {' and '.join(words)}" if words else self.base.phrase

    def schema(self) -> dict[str, Any]:
        found = self.base.schema()
        param = self.param
        if self.base.numeric:
            # Of the ways to write a time, only plain numbers can be compared, which is what these keywords do.
            found = _narrowed(found, {_COMPARE[name][2]: _plain(bound) for name, bound in param.bounds.items()})
        if self.base.sized:
            least, most = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(
                found["type"], ("minProperties", "maxProperties")
            )
            found |= {least: param.min_length} if param.min_length is not None else {}
            found |= {most: param.max_length} if param.max_length is not None else {}
        if param.pattern is not None and isinstance(self.base, StringType):
            found |= {"pattern": f"^(?:{param.pattern.pattern})$", "errorMessage": _in_words(param)}
        return found


def _in_words(param: Param) -> str:
    """What a text has to be, where a pattern would be shown otherwise."""
    if param.examples:
        return f"must be a text such as {' or '.join(shown(example) for example in param.examples[:3])}"
    return "must be a text of another form: see the description"


def _narrowed(schema: Mapping[str, Any], limits: Mapping[str, int | float]) -> dict[str, Any]:
    """*schema* with *limits*, where these are narrower than its own."""
    found = dict(schema)
    for keyword, limit in limits.items():
        own = found.get(keyword, limit)
        found[keyword] = max(own, limit) if keyword.endswith("inimum") else min(own, limit)
    return found


def _number(bound: Bound) -> str:
    return format_time(exact(bound)) if isinstance(bound, str | Fraction) else str(bound)


class ArrayType(ParameterType):
    """Any number of values of one type: a tuple, or a list where the annotation says so."""

    name = "array"
    sized = True

    def __init__(self, item: ParameterType, into: type[tuple[Any, ...] | list[Any]]) -> None:
        self.item = item
        self.into = into

    def read(self, value: object) -> Any:
        if not isinstance(value, list | tuple):
            one = self.item.holds(value) or isinstance(value, str | int | float)
            raise self.wrong(value, f"write it in brackets: [{shown(value)}]" if one else None)
        items: list[Any] = []
        problems: list[Problem] = []
        for index, item in enumerate(value):
            try:
                items.append(self.item.read(item))
            except Rejected as refusal:
                problems += refusal.below(index)
        if problems:
            raise Rejected(problems)
        return self.into(items)

    def holds(self, value: object) -> bool:
        return isinstance(value, list | tuple) and all(self.item.holds(item) for item in value)

    def write(self, value: Sequence[Any]) -> list[Any]:
        return [self.item.write(item) for item in value]

    @property
    def phrase(self) -> str:
        return "an array"

    @property
    def text(self) -> str:
        inner = self.item.text
        return f"array of ({inner})" if len(self.item.members) > 1 or " | " in inner else f"array of {inner}"

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema()}


class MapType(ParameterType):
    """An object whose names are free and whose values are of one type."""

    name = "object"
    sized = True
    _names: ClassVar[StringType] = StringType()

    def __init__(self, item: ParameterType) -> None:
        self.item = item

    def read(self, value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise self.wrong(value)
        items: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, item in value.items():
            part = name if isinstance(name, str) else shown(name)
            try:
                items[self._names.read(name)] = self.item.read(item)
            except Rejected as refusal:
                problems += refusal.below(part)
        if problems:
            raise Rejected(problems)
        return items

    def holds(self, value: object) -> bool:
        return isinstance(value, Mapping) and all(self.item.holds(item) for item in value.values())

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.item.write(item) for name, item in value.items()}

    @property
    def phrase(self) -> str:
        return "an object"

    @property
    def text(self) -> str:
        return f"object of {self.item.text}"

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.item.schema()}


class UnionType(ParameterType):
    """One of several types, or None."""

    def __init__(self, members: Sequence[ParameterType], *, nullable: bool) -> None:
        self._members = tuple(members)
        self._nullable = nullable
        self._tried = tuple(sorted(self._members, key=lambda member: member.rank))

    @property
    def name(self) -> TypeName:  # type: ignore[override]  # of a union the first member's, see `members`
        return self._members[0].name

    @property
    def samples(self) -> tuple[Any, ...]:  # type: ignore[override]  # of all of them
        return tuple(sample for member in self._members for sample in member.samples)

    @property
    def members(self) -> tuple[ParameterType, ...]:
        return self._members

    @property
    def nullable(self) -> bool:
        return self._nullable

    def read(self, value: object) -> Any:
        if value is None and self._nullable:
            return None
        refusals: list[Rejected] = []
        for member in self._tried:
            try:
                return member.read(value)
            except Rejected as refusal:
                refusals.append(refusal)
        raise self._refusal(value, refusals)

    def _refusal(self, value: object, refusals: list[Rejected]) -> Rejected:
        """One problem that names all that is accepted, unless the fault lies deeper in the only member that fits."""
        if len(refusals) == 1:
            return refusals[0]
        near = [refusal for refusal in refusals if not _wrong_type(refusal)]
        if len(near) > 1:  # a text is a choice misspelt, or was not meant as a choice
            likely = [refusal for refusal in near if refusal.likely]
            near = likely or [refusal for refusal in near if refusal.problems[0].code != "not-a-choice"]
        if len(near) == 1:
            if any(problem.path for problem in near[0].problems):
                return near[0]
            first = near[0].problems[0]
            accepted = f"accepted: {self.phrase}"
            return Rejected.because(first.code, first.message, f"{first.hint} ({accepted})" if first.hint else accepted)
        codes = {problem.code for refusal in near for problem in refusal.problems}
        hints = [problem.hint for refusal in near or refusals for problem in refusal.problems if problem.hint]
        message = f"must be {self.phrase}, not {shown(value)}"
        code = codes.pop() if len(codes) == 1 else "wrong-type"
        return Rejected.because(code, message, hints[0] if len(hints) == 1 else None)

    def holds(self, value: object) -> bool:
        return (value is None and self._nullable) or any(member.holds(value) for member in self._members)

    def write(self, value: Any) -> Any:
        if value is None:
            return None
        return next(member for member in self._tried if member.holds(value)).write(value)

    @property
    def phrase(self) -> str:
        words = [member.phrase for member in self._members]
        return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" or {words[-1]}"

    @property
    def text(self) -> str:
        return " | ".join([member.text for member in self._members] + (["null"] if self._nullable else []))

    def schema(self) -> dict[str, Any]:
        ways = [member.schema() for member in self._members] + ([{"type": "null"}] if self._nullable else [])
        flat: list[dict[str, Any]] = []
        for way in ways:
            flat += way["anyOf"] if set(way) == {"anyOf"} else [way]
        if len(self._members) == 1 and self._nullable:
            return optional(self._members[0].schema())
        if all(set(way) == {"type"} for way in flat):
            return {"type": [way["type"] for way in flat]}
        return {"anyOf": flat}


def _wrong_type(refusal: Rejected) -> bool:
    return all(problem.code == "wrong-type" and not problem.path for problem in refusal.problems)
