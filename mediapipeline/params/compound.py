"""The parameter types made of others: limits on a type, arrays, objects, and unions.

Every fault of a value is reported, not just the first; each level adds its part to the path.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

import attrs

from mediapipeline.errors import PluginContractError, Problem
from mediapipeline.media.fields import closest
from mediapipeline.media.malformed import shown
from mediapipeline.media.timecode import Timecode, format_time, parse_duration
from mediapipeline.params.rejection import Rejected
from mediapipeline.params.rules import Bound, Exclusive, InstanceRule, Param, Rule
from mediapipeline.params.scalars import DurationType, ParameterType, StringType, TimecodeType, TypeName

__all__ = ["ArrayType", "ConstrainedType", "MapType", "ObjectType", "Parameter", "UnionType"]

_COMPARE: Mapping[str, tuple[Callable[[Any, Any], bool], str, str]] = {
    "ge": (operator.ge, "at least", "minimum"),
    "gt": (operator.gt, "more than", "exclusiveMinimum"),
    "le": (operator.le, "at most", "maximum"),
    "lt": (operator.lt, "less than", "exclusiveMaximum"),
}
_Limit: TypeAlias = tuple[Callable[[Any, Any], bool], int | float, Fraction]


def _exact(bound: Bound) -> Fraction:
    if isinstance(bound, str):
        return parse_duration(bound)
    return Fraction(Decimal(repr(bound))) if isinstance(bound, float) else Fraction(bound)


def _plain(bound: Bound) -> int | float:
    if isinstance(bound, int | float):
        return bound
    exact = _exact(bound)
    return exact.numerator if exact.denominator == 1 else float(exact)


class ConstrainedType(ParameterType):
    """A type with the limits of a `Param`."""

    def __init__(self, base: ParameterType, param: Param) -> None:
        self.base = base
        self.param = param
        self._limits: tuple[_Limit, ...] = tuple(
            (_COMPARE[name][0], _plain(bound), _exact(bound)) for name, bound in param.bounds.items() if base.numeric
        )

    @property
    def name(self) -> TypeName:  # type: ignore[override]  # a limit does not change what type it is
        return self.base.name

    @property
    def rank(self) -> int:  # type: ignore[override]  # as above
        return self.base.rank

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
            return all(compare(found, exact) for compare, _, exact in self._limits)
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
            limits = {_COMPARE[name][2]: _plain(bound) for name, bound in param.bounds.items()}
            if "anyOf" in found:  # of the ways to write a time, only plain numbers can be compared
                found = {
                    "anyOf": [_narrowed(way, limits) if way["type"] == "number" else way for way in found["anyOf"]]
                }
            else:
                found = found | limits
        if self.base.sized:
            least, most = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(
                found["type"], ("minProperties", "maxProperties")
            )
            found |= {least: param.min_length} if param.min_length is not None else {}
            found |= {most: param.max_length} if param.max_length is not None else {}
        if param.pattern is not None and isinstance(self.base, StringType):
            found |= {"pattern": f"^(?:{param.pattern.pattern})$"}
        return found


def _narrowed(schema: Mapping[str, Any], limits: Mapping[str, int | float]) -> dict[str, Any]:
    """*schema* with *limits*, where these are narrower than its own."""
    found = dict(schema)
    for keyword, limit in limits.items():
        own = found.get(keyword, limit)
        found[keyword] = max(own, limit) if keyword.endswith("inimum") else min(own, limit)
    return found


def _number(bound: Bound) -> str:
    return format_time(_exact(bound)) if isinstance(bound, str | Fraction) else str(bound)


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
        return {"anyOf": flat}


def _wrong_type(refusal: Rejected) -> bool:
    return all(problem.code == "wrong-type" and not problem.path for problem in refusal.problems)


@attrs.frozen(kw_only=True)
class Parameter:
    """One field of a class of parameters, as it was declared."""

    name: str
    type: ParameterType
    param: Param
    required: bool
    default: Any = None
    """A value of the library; None where the parameter is required."""

    def initial(self) -> Any:
        """The default, a copy where it could be changed."""
        return self.default.copy() if isinstance(self.default, list | dict) else self.default

    def is_set(self, value: Any) -> bool:
        """Whether *value* differs from the default."""
        return self.required or type(value) is not type(self.default) or bool(value != self.default)


_ABSENT = object()


class ObjectType(ParameterType):
    """A class of parameters, as `mediapipeline.params.define` makes it."""

    name = "object"
    rank = 8

    def __init__(self, cls: type, parameters: Iterable[Parameter], rules: Iterable[Rule]) -> None:
        self.cls = cls
        self.parameters = tuple(parameters)
        self.rules = tuple(rules)
        self._by_name = {parameter.name: parameter for parameter in self.parameters}
        self._plan = tuple((p.name, p.type.read, p) for p in self.parameters)
        self._exclusive = tuple(r for r in self.rules if isinstance(r, Exclusive))
        self._checks = tuple(r for r in self.rules if isinstance(r, InstanceRule))

    def read(self, value: object, cls: type | None = None) -> Any:
        """An instance of *cls*, which is the class itself or one derived from it without more parameters."""
        cls = cls or self.cls
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise self.wrong(value)
        found: Any = object.__new__(cls)
        self.fill(found, value)
        return found

    def fill(self, instance: Any, data: Mapping[Any, Any]) -> None:
        """Initialise *instance* from the fields of a document, or from values of the library.

        Raises:
            Rejected: Something is wrong with them; all of it is reported.
        """
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        seen = 0
        for name, read, parameter in self._plan:
            value = data.get(name, _ABSENT)
            if value is not _ABSENT:
                seen += 1
                try:
                    values[name] = read(value)
                except Rejected as refusal:
                    problems += _advised(refusal.below(name), parameter, value)
            elif parameter.required:
                message = f"{name} is needed: {parameter.type.phrase}"
                problems.append(Problem("/" + name, "missing-parameter", message, parameter.param.doc or None))
            else:
                values[name] = parameter.initial()
        if seen < len(data):
            problems += self._unknown(data)
        if self._exclusive:
            problems += self._exclusions(values, data)
        if problems:
            raise Rejected(problems)
        instance.__attrs_init__(**values)
        if self._checks:
            self._hold_rules(instance)

    def _unknown(self, data: Mapping[Any, Any]) -> list[Problem]:
        found: list[Problem] = []
        for name in data:
            if name in self._by_name:
                continue
            text = name if isinstance(name, str) else shown(name)
            near = closest(text, self._by_name)
            known = ", ".join(self._by_name) or "none"
            hint = f"did you mean {shown(near)}?" if near else f"the parameters are: {known}"
            refusal = Rejected.because("unknown-parameter", f"there is no parameter {shown(name)}", hint)
            found += refusal.below(text)
        return found

    def _exclusions(self, values: Mapping[str, Any], data: Mapping[Any, Any]) -> list[Problem]:
        given = {name for name in data if name in self._by_name and name not in values}  # set, though wrongly
        given |= {name for name, value in values.items() if self._by_name[name].is_set(value)}
        complaints = (rule.complaint(given) for rule in self._exclusive)
        return [Problem("", *complaint) for complaint in complaints if complaint is not None]

    def _hold_rules(self, instance: Any) -> None:
        problems = []
        for rule in self._checks:
            try:
                complaint = rule.check(instance)
            except Exception as error:  # whatever a rule of a plugin raises is a fault of the plugin, not of the job
                what = f"a rule of {type(instance).__name__} failed with {type(error).__name__}: {error}"
                raise PluginContractError(what) from error
            if complaint is not None:
                path = f"/{rule.fields[0]}" if rule.fields else ""
                problems.append(Problem(path, rule.code, complaint, rule.hint))
        if problems:
            raise Rejected(problems)

    def holds(self, value: object) -> bool:
        return isinstance(value, self.cls)

    def write(self, value: Any) -> dict[str, Any]:
        return {p.name: p.type.write(getattr(value, p.name)) for p in self.parameters}

    def write_set(self, value: Any) -> dict[str, Any]:
        """The JSON form without the parameters that have their defaults."""
        given = ((p, getattr(value, p.name)) for p in self.parameters)
        return {p.name: p.type.write(found) for p, found in given if p.is_set(found)}

    @property
    def phrase(self) -> str:
        return "an object of parameters"

    def schema(self) -> dict[str, Any]:
        properties = {p.name: _documented(p) for p in self.parameters}
        found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [p.name for p in self.parameters if p.required]
        if required:
            found["required"] = required
        exclusions = [condition for rule in self._exclusive for condition in self._excluded(rule)]
        if exclusions:
            found["allOf"] = exclusions
        return found

    def _excluded(self, rule: Exclusive) -> list[dict[str, Any]]:
        ways = []
        for name in rule.fields:
            parameter = self._by_name[name]
            unset = {"const": parameter.type.write(parameter.default)}
            ways.append({"required": [name], "properties": {name: {"not": unset}}})
        if rule.needed:
            return [{"oneOf": ways}]
        pairs = [{"allOf": [a, b]} for index, a in enumerate(ways) for b in ways[index + 1 :]]
        return [{"not": pair} for pair in pairs]


def _advised(problems: list[Problem], parameter: Parameter, value: object) -> list[Problem]:
    if value is not None or parameter.required:
        return problems
    return [attrs.evolve(p, hint=p.hint or "leave it out to get the default") for p in problems]


def _documented(parameter: Parameter) -> dict[str, Any]:
    found = parameter.type.schema()
    param = parameter.param
    if param.doc:
        found = {"description": param.doc, **found}
    if not parameter.required:
        found["default"] = parameter.type.write(parameter.default)
    if param.examples:
        found["examples"] = [parameter.type.write(parameter.type.read(example)) for example in param.examples]
    if param.unit:
        found["x-unit"] = param.unit
    return found
