"""What is known only when a measurement is done, written as data.

So a plan stays a plan on a machine that does not have the operator: a `Late` value is a sum of fields of a
`mediapipeline.steps.measure.Measurement`, and a `Case` says which filters stand in the graph where its conditions hold.
Until then a command holds a filter that no FFmpeg has in their place; `fill` puts the chosen ones there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from mediapipeline.ffmpeg.command import Command
from mediapipeline.ffmpeg.filtergraph import (
    Chain,
    Expr,
    File,
    Filter,
    FilterGraph,
    Value,
    read_list,
    read_value,
    write_value,
)
from mediapipeline.media.values import custom, from_dict, to_dict
from mediapipeline.steps import readings

__all__ = [
    "Case",
    "Condition",
    "Late",
    "LateChain",
    "LateFilter",
    "LateValue",
    "fields_of",
    "fill",
    "filters_in",
    "placeholder",
]

_PLACEHOLDER = "late"


def _terms(value: Iterable[Sequence[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((str(field), float(factor)) for field, factor in value)


@attrs.frozen
class Late:
    """A number that is known when a measurement is: a sum of fields.

    >>> gain = -16 - Late.of("integrated")
    >>> gain.value({"integrated": -23.5}), str(gain)
    (7.5, '-16 - integrated')

    Attributes:
        terms: Fields and their factors.
        constant: What is added to them.
        low: What it is raised to where it is less.
        high: What it is lowered to where it is more.
        unit: What stands behind the number for FFmpeg: ``dB``.
    """

    terms: tuple[tuple[str, float], ...] = attrs.field(converter=_terms)
    constant: float = attrs.field(default=0.0, converter=float)
    low: float | None = None
    high: float | None = None
    unit: str = attrs.field(default="", validator=attrs.validators.matches_re(r"[A-Za-z]*"))

    @classmethod
    def of(cls, field: str) -> Late:
        """The value of a field."""
        return cls(((field, 1.0),))

    def __add__(self, other: Late | float) -> Late:
        if isinstance(other, Late):
            factors = dict(self.terms)
            for field, factor in other.terms:
                factors[field] = factors.get(field, 0.0) + factor
            return Late(tuple((f, n) for f, n in factors.items() if n), self.constant + other.constant)
        return Late(self.terms, self.constant + other)

    __radd__ = __add__

    def __neg__(self) -> Late:
        return Late(tuple((field, -factor) for field, factor in self.terms), -self.constant)

    def __sub__(self, other: Late | float) -> Late:
        return self + -other

    def __rsub__(self, other: float) -> Late:
        return -self + other

    def within(self, low: float | None, high: float | None) -> Late:
        """The same, kept between *low* and *high*."""
        return attrs.evolve(self, low=low, high=high)

    def measured_in(self, unit: str) -> Late:
        """The same, with a unit behind it."""
        return attrs.evolve(self, unit=unit)

    def at_most(self, limit: float, text: str = "") -> Condition:
        """That it is not above *limit*; *text* says so to people, as what comes after "where"."""
        return Condition(self, limit, text)

    def value(self, values: Mapping[str, float]) -> float:
        return readings.amount(self.terms, self.constant, values)

    def text(self, values: Mapping[str, float]) -> str:
        """As FFmpeg reads it.

        Raises:
            ValueError: It is not finite, and nothing bounds it.
        """
        return readings.number(self.value(values), self.low, self.high, self.unit)

    def __str__(self) -> str:
        parts = [] if not self.constant and self.terms else [f"{self.constant:g}"]
        for field, factor in self.terms:
            size = "" if abs(factor) == 1 else f"{abs(factor):g} "
            sign = "-" if factor < 0 else "+" if parts else ""
            parts += [sign, size + field] if parts else [sign + size + field]
        return " ".join(parts) + (f" {self.unit}" if self.unit else "")


@attrs.frozen
class Condition:
    """That `value` is not above `limit`; `text` is how people say it, empty where the sum tells as much.

    >>> str(Late.of("range").at_most(11)), str(Late.of("range").at_most(11, "the range is within 11 LU"))
    ('range ≤ 11', 'the range is within 11 LU')
    """

    value: Late
    limit: float = attrs.field(converter=float)
    text: str = ""

    def __str__(self) -> str:
        return self.text or f"{self.value} ≤ {self.limit:g}"


LateValue: TypeAlias = Value | Late


def _check_option(key: str, value: LateValue) -> None:
    if isinstance(value, File):
        raise ValueError(f"option {key}: a filter that is chosen late takes no file")


@attrs.frozen
class LateFilter:
    """A filter some of whose options may be `Late`."""

    name: str
    options: tuple[tuple[str, LateValue], ...] = ()

    def __attrs_post_init__(self) -> None:
        for key, value in self.options:
            _check_option(key, value)
        Filter(self.name, tuple((key, 0 if isinstance(value, Late) else value) for key, value in self.options))

    @classmethod
    def of(cls, name: str, /, **options: LateValue) -> LateFilter:
        """A filter with its options by name."""
        return cls(name, tuple(options.items()))

    def resolved(self, values: Mapping[str, float], instance: str | None) -> Filter:
        """The filter when *values* were measured.

        Raises:
            ValueError: An option would not be finite.
        """
        options = tuple((k, Expr(v.text(values)) if isinstance(v, Late) else v) for k, v in self.options)
        return Filter(self.name, options, instance)

    def __str__(self) -> str:
        fixed = Filter(self.name, tuple((key, value) for key, value in self.options if not isinstance(value, Late)))
        late = [f"{key}={{{value}}}" for key, value in self.options if isinstance(value, Late)]
        return ":".join([str(fixed), *late]) if fixed.options or not late else f"{fixed}={':'.join(late)}"


@attrs.frozen(kw_only=True)
class Case:
    """What is done where all of `when` holds.

    Attributes:
        name: What the result of a run calls it.
        when: Conditions; none hold always.
        filters: In a row; none leave the stream as it is.
        text: What they do, for people; empty where they tell it themselves.
    """

    name: str
    when: tuple[Condition, ...] = ()
    filters: tuple[LateFilter, ...] = ()
    text: str = ""

    def told(self) -> str:
        """One line for people.

        >>> Case(name="loud", when=(Late.of("peak").at_most(-1, "there is room"),), text="3 dB louder").told()
        'loud, where there is room: 3 dB louder'
        """
        return f"{self.name}{', where ' if self.when else ''}{self._conditions()}: {self.text or self._does()}"

    def _conditions(self) -> str:
        return " and ".join(dict.fromkeys(map(str, self.when)))  # two may say one thing to people

    def _does(self) -> str:
        return ",".join(map(str, self.filters)) or "left as it is"

    def __str__(self) -> str:
        return f"{self.name}{' where ' if self.when else ''}{self._conditions()}: {self._does()}"


def fields_of(cases: Iterable[Case]) -> set[str]:
    """The fields that *cases* depend on."""
    found: set[str] = set()
    for case in cases:
        late = [condition.value for condition in case.when]
        late += [value for part in case.filters for _, value in part.options if isinstance(value, Late)]
        found.update(field for value in late for field, _ in value.terms)
    return found


@attrs.frozen(kw_only=True)
class LateChain:
    """A place in a command's graph that is filled when a measurement is known.

    Attributes:
        id: Instance name of the `placeholder` that stands there.
        measure: Instance name of the filter that measures.
        cases: The first that holds is taken; the last always does.
        idle: The filter that stands there where a case has none.
        instance: The name that the filters carry in FFmpeg's messages.
    """

    id: str
    measure: str
    cases: tuple[Case, ...]
    idle: str
    instance: str | None = None

    def resolve(self, values: Mapping[str, float]) -> tuple[Case, tuple[Filter, ...]]:
        """The case that holds, and what stands there then.

        Raises:
            ValueError: The values do not do for it.
        """
        at = readings.pick(
            [[(c.value.terms, c.value.constant, c.limit) for c in case.when] for case in self.cases], values
        )
        case = self.cases[at]
        filters = tuple(part.resolved(values, self.instance) for part in case.filters)
        return case, filters or (Filter(self.idle),)

    def templates(self) -> list[list[str | Late]]:
        """The text that stands there in each case, in pieces: as it is, or to be worked out."""
        found = []
        for case in self.cases:
            pieces: list[str | Late] = []
            for part in case.filters:
                pieces += [",", *_template(part, self.instance)]
            found.append(pieces[1:] or [self.idle])
        return found


def _template(part: LateFilter, instance: str | None) -> list[str | Late]:
    pieces: list[str | Late] = [Filter(part.name, (), instance).text()]
    for key, value in part.options:
        pieces.append(":" if len(pieces) > 1 else "=")
        if isinstance(value, Late):
            pieces += [f"{key}=", value]
        else:
            pieces.append(Filter(part.name, ((key, value),)).text().partition("=")[2])
    return pieces


def placeholder(id: str) -> Filter:  # noqa: A002 - the word that the rest uses
    """What stands for a `LateChain`. FFmpeg has no filter of the name: a command that was not filled does not run."""
    return Filter(_PLACEHOLDER, (), id)


def filters_in(command: Command, late: Sequence[LateChain]) -> frozenset[str]:
    """The names of the filters of *command*, with those of all that *late* places may become."""
    chains = command.graph.chains if command.graph is not None else ()
    found = {part.name for chain in chains for part in chain.filters} - {_PLACEHOLDER}
    found |= {part.name for each in late for case in each.cases for part in case.filters}
    return frozenset(found | {each.idle for each in late if not all(case.filters for case in each.cases)})


def fill(
    command: Command, late: Sequence[LateChain], measured: Mapping[str, Mapping[str, float]]
) -> tuple[Command, dict[str, str]]:
    """*command* with its late places filled.

    Args:
        command: With placeholders.
        late: What belongs there.
        measured: The values of every measurement, by instance name.

    Returns:
        The command, and the name of the case that was taken, by `LateChain.id`.

    Raises:
        ValueError: A measurement is missing, or does not do.
    """
    if not late or command.graph is None:
        return command, {}
    missing = [each.measure for each in late if each.measure not in measured]
    if missing:
        raise ValueError(f"nothing has been measured as {', '.join(missing)}")
    resolved = {each.id: each.resolve(measured[each.measure]) for each in late}

    def filled(chain: Chain) -> Chain:
        filters: list[Filter] = []
        for part in chain.filters:
            late_here = part.name == _PLACEHOLDER and part.instance in resolved
            filters += resolved[part.instance or ""][1] if late_here else (part,)
        return attrs.evolve(chain, filters=tuple(filters))

    graph = FilterGraph(tuple(map(filled, command.graph.chains)))
    return attrs.evolve(command, graph=graph), {name: case.name for name, (case, _) in resolved.items()}


def _write_filter(part: LateFilter) -> dict[str, Any]:
    options = [
        [key, {"late": to_dict(value)} if isinstance(value, Late) else write_value(value)]
        for key, value in part.options
    ]
    return {"name": part.name, "options": options}


def _read_filter(data: Mapping[str, Any]) -> LateFilter:
    options: list[tuple[str, LateValue]] = []
    for key, value in read_list(data["options"]):
        late = isinstance(value, dict) and "late" in value
        options.append((key, from_dict(Late, value["late"]) if late else read_value(value)))
    return LateFilter(data["name"], tuple(options))


custom(LateFilter, _write_filter, _read_filter)
