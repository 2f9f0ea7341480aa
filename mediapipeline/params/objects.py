"""The parameter type that is a class of parameters: reads a whole object and holds its rules.

Every fault of every parameter is reported, unknown and missing ones too, before an instance is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mediapipeline.errors import PluginContractError, Problem
from mediapipeline.media.fields import closest
from mediapipeline.media.malformed import shown
from mediapipeline.params.codec_schema import NOT_OFFERED
from mediapipeline.params.rejection import Rejected
from mediapipeline.params.rules import Exclusive, InstanceRule, Param, Rule
from mediapipeline.params.scalars import ParameterType

__all__ = ["ObjectType", "Parameter"]


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
            ways.append({"required": [name], "properties": {name: {"not": unset, **NOT_OFFERED}}})
        names = rule.fields
        pairs = [(a, b) for a in range(len(names)) for b in range(a + 1, len(names))]
        apart = [
            {"not": {"allOf": [ways[a], ways[b]]}, "errorMessage": f"{names[a]} and {names[b]} exclude each other"}
            for a, b in pairs
        ]
        return [*([{"anyOf": ways}] if rule.needed else []), *apart]


def _advised(problems: list[Problem], parameter: Parameter, value: object) -> list[Problem]:
    if value is not None or parameter.required:
        return problems
    return [attrs.evolve(p, hint=p.hint or "leave it out to get the default") for p in problems]


def _fits(kind: ParameterType, sample: object) -> bool:
    try:
        kind.read(sample)
    except Rejected:  # by a limit of this parameter
        return False
    return True


def _documented(parameter: Parameter) -> dict[str, Any]:
    found = parameter.type.schema()
    param = parameter.param
    if param.doc:
        found = {"description": f"{param.doc} ({param.unit})" if param.unit else param.doc, **found}
    if not parameter.required:
        found["default"] = parameter.type.write(parameter.default)
    examples = [parameter.type.write(parameter.type.read(example)) for example in param.examples]
    examples = examples or [sample for sample in parameter.type.samples if _fits(parameter.type, sample)]
    if examples:
        found["examples"] = examples
    if param.unit:
        found["x-unit"] = param.unit
    return found
