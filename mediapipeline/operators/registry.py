"""The registry: which operators there are, and their classes, imported when first used.

Operators are found through the entry-point group ``mediapipeline.operators``; the shipped ones use the same group as
everybody else. A registry is a value that a host can build and hand in; the default one is made once, at first use.
What is wrong with a package is kept as an error and raised only to those who use its operator.
"""

from __future__ import annotations

import difflib
import functools
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from importlib import metadata

import attrs

from mediapipeline.errors import PluginContractError, PluginError, PluginLoadError
from mediapipeline.operators.base import API_VERSION, Definition, Operator
from mediapipeline.operators.discovery import SWITCH, distribution_of, entry_points, plugins_are_on
from mediapipeline.operators.known import KNOWN_PACKAGES

__all__ = ["GROUP", "Registry", "default_registry"]

GROUP = "mediapipeline.operators"
_OWN = "mediapipeline"
_THIRD_PARTY = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_OBJECT = re.compile(r"\s*[A-Za-z_][\w.]*\s*:\s*[A-Za-z_][\w.]*\s*(\[.*\]\s*)?")


@attrs.define(eq=False)
class _Entry:
    """Where an operator comes from, and its class or what is wrong with it, as soon as somebody has asked."""

    provider: str
    distribution: str | None = None
    point: metadata.EntryPoint | None = None
    outcome: type[Operator] | PluginError | None = None


class Registry:
    """Operators by name.

    Names list without importing anything; a class is imported when it is first asked for. Errors of a package are
    raised only to those who use its operator. Safe to use from several threads.

    Args:
        operators: Classes to begin with.
        known: Packages that may be recommended where an operator is not installed, by name of the operator.
    """

    def __init__(self, operators: Iterable[type[Operator]] = (), *, known: Mapping[str, str] = KNOWN_PACKAGES) -> None:
        self._lock = threading.RLock()  # a plugin may look into the registry while it is imported
        self._entries: dict[str, _Entry] = {}
        self._faults: list[PluginError] = []
        self._known = dict(known)
        self._off: dict[str, str] = {}
        self._denied: set[str] = set()
        self._whole = True
        for cls in operators:
            self.register(cls)

    @classmethod
    def discover(cls, *, known: Mapping[str, str] = KNOWN_PACKAGES) -> Registry:
        """Every operator that the installed distributions offer.

        With ``MEDIAPIPELINE_PLUGINS=off`` in the environment, only those that come with the library.
        """
        found = cls(known=known)
        others = plugins_are_on(found._faults)
        offers: dict[str, list[_Entry]] = {}
        for point in entry_points(GROUP, found._faults):
            distribution = distribution_of(point)
            if others or distribution == _OWN:
                provider = f"{distribution}, entry point {point.name} = {point.value}"
                offers.setdefault(point.name, []).append(_Entry(provider, distribution, point))
            else:
                found._off[point.name] = distribution
        for name, entries in offers.items():
            found._settle(name, entries)
        return found

    def _settle(self, name: str, entries: list[_Entry]) -> None:
        """Decide who provides *name*."""
        shipped = [entry for entry in entries if entry.distribution == _OWN]
        others = [entry for entry in entries if entry.distribution != _OWN]
        if not _THIRD_PARTY.fullmatch(name):
            # Names without a vendor belong to the shipped operators: a package that takes one would shadow them.
            for entry in others:
                entry.outcome = _badly_named(name, entry)
            left_out = others if shipped else others[1:]
            self._faults += [entry.outcome for entry in left_out if isinstance(entry.outcome, PluginError)]
            others = [] if shipped else others[:1]
        distinct = list({(entry.distribution, _value(entry)): entry for entry in shipped + others}.values())
        found = distinct[0]
        if len(distinct) > 1 and found.outcome is None:
            providers = " and by ".join(sorted(entry.provider for entry in distinct))
            error = PluginLoadError(
                f"operator {name!r} is provided {_times(len(distinct))}: by {providers}; uninstall all but one"
            )
            error.provider = providers  # which the message has already
            found = _Entry(providers, outcome=error)
        self._entries[name] = found

    @property
    def errors(self) -> tuple[PluginError, ...]:
        """What is wrong with installed packages, as far as it is known: those not imported yet may be broken too."""
        outcomes = (entry.outcome for entry in self._entries.values())
        return (*self._faults, *(outcome for outcome in outcomes if isinstance(outcome, PluginError)))

    @property
    def faults(self) -> tuple[PluginError, ...]:
        """Those of `errors` that belong to no operator of the registry: packages that were left out."""
        return tuple(self._faults)

    @property
    def switched_off(self) -> Mapping[str, str]:
        """The operators that ``MEDIAPIPELINE_PLUGINS=off`` leaves out, and their distributions."""
        return dict(self._off)

    def register(self, cls: type[Operator], *, override: bool = False) -> None:
        """Add one class, as a host or a test does.

        Args:
            cls: The class.
            override: Whether it takes the place of an operator of that name: a shipped one, a broken one, or one that
                several packages provide.

        Raises:
            PluginLoadError: The name is taken and *override* is not set.
            PluginContractError: It is no operator.
        """
        if not isinstance(getattr(cls, "definition", None), Definition):
            raise PluginContractError(f"{cls!r} is no operator: @operator(…) has to stand before the class")
        name = cls.definition.name
        with self._lock:
            if name in self._entries and not override:
                raise PluginLoadError(f"operator {name!r} is already provided by {self._entries[name].provider}")
            self._entries[name] = _Entry(f"{cls.__module__}.{cls.__qualname__}", outcome=cls)
            self._denied.discard(name)

    def allowing(self, names: Iterable[str]) -> Registry:
        """A registry with some of these operators only, for jobs of somebody who may not use them all.

        What is added to either of the two afterwards is not in the other one. Classes are imported once for both.

        Args:
            names: Names, or patterns: ``acme.*`` is everything of a vendor.
        """
        patterns = tuple(names)
        with self._lock:
            kept = {
                name: entry
                for name, entry in self._entries.items()
                if any(fnmatchcase(name, pattern) for pattern in patterns)
            }
            view = Registry(known={})
            view._lock = self._lock  # entries are shared, and so is what guards them
            view._entries = kept
            view._whole = False
            view._denied = self._denied | (self._entries.keys() - kept.keys())
            return view

    def denies(self, name: str) -> bool:
        """Whether there is such an operator and this registry leaves it out; see `allowing`."""
        return name in self._denied

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def provider(self, name: str) -> str:
        """The distribution and entry point, or the class, that provides an operator.

        Raises:
            KeyError: Nothing does.
        """
        return self._entries[name].provider

    def load(self, name: str) -> type[Operator]:
        """The class of operator *name*.

        Raises:
            KeyError: There is no such operator.
            PluginError: There is, but its package is broken.
        """
        with self._lock:
            entry = self._entries[name]
            if entry.outcome is None:
                try:
                    entry.outcome = _import(name, entry)
                except PluginError as error:
                    entry.outcome = error
            if isinstance(entry.outcome, PluginError):
                raise entry.outcome.with_traceback(None)  # or it would grow with everybody who asks
            return entry.outcome

    def close_matches(self, name: str) -> list[str]:
        """Names that *name* may have been meant to be, the likeliest first."""
        return _close(name, list(self))

    def hint(self, name: str) -> str:
        """What to do about *name*, which is not the name of an operator here: what was meant, and who has it."""
        listing = "'mediapipeline operators list' shows what is installed"
        if name in self._denied:
            return f"allowed are {', '.join(self)}" if self._entries else "none is allowed"
        cls = _declared(name) if self._whole and name not in self._off and name not in self._known else None
        if cls is not None:
            return (
                f"the class {cls.__module__}.{cls.__qualname__} declares it and is not registered here: "
                f"registry.register({cls.__name__}), and hand that registry in, Planner(registry=registry)"
            )
        near = self.close_matches(name)
        if name not in self._off and name not in self._known and near:
            return f"did you mean {near[0]!r}?"
        elsewhere = {name: self._known[name] for name in self._known if name not in self._entries} | self._off
        meant = next(iter(_close(name, list(elsewhere))), None)
        if meant is None:
            vendor = name.partition(".")[0] + "."
            theirs = [each for each in self if "." in name and each.startswith(vendor)]
            has = f"{self._entries[theirs[0]].distribution or vendor[:-1]} has {', '.join(theirs)}" if theirs else ""
            return f"{has}; what it got since is found when it is installed again" if has else listing
        ask = "" if meant == name else f"did you mean {meant!r}? "
        if meant in self._off:
            return f"{ask}it is in the package {self._off[meant]!r}, and packages are switched off by {SWITCH}"
        return f"{ask}it is in the package {elsewhere[meant]!r}, which is not installed: pip install {elsewhere[meant]}"


def _declared(name: str) -> type[Operator] | None:
    """A class of this process that declares itself the operator *name*, registered anywhere or not."""
    waiting = Operator.__subclasses__()
    while waiting:
        cls = waiting.pop()
        definition = vars(cls).get("definition")
        if isinstance(definition, Definition) and definition.name == name:
            return cls
        waiting += cls.__subclasses__()
    return None


def _import(name: str, entry: _Entry) -> type[Operator]:
    assert entry.point is not None  # an entry has an outcome or an entry point
    if not _OBJECT.fullmatch(entry.point.value):
        raise PluginLoadError(
            f"operator {name!r} cannot be imported: {entry.point.value!r} is not of the form 'module:Class'",
            provider=entry.provider,
        )
    try:
        cls = entry.point.load()
    except PluginError as error:
        raise PluginContractError(str(error), provider=entry.provider) from error
    except (Exception, SystemExit) as error:  # whatever somebody else's module raises, or ends, when it is imported
        raise PluginLoadError(f"operator {name!r} cannot be imported: {error!r}", provider=entry.provider) from error
    if not (isinstance(cls, type) and issubclass(cls, Operator) and "definition" in vars(cls)):
        raise PluginContractError(
            f"operator {name!r} is {cls!r}, not a class declared with @operator", provider=entry.provider
        )
    definition = cls.definition
    if definition.name != name:
        raise PluginContractError(
            f"the class calls itself {definition.name!r}, its entry point {name!r}", provider=entry.provider
        )
    if definition.api_version != API_VERSION:
        old = "the package" if definition.api_version < API_VERSION else "mediapipeline"
        raise PluginContractError(
            f"operator {name!r} is written for contract {definition.api_version}, this library has {API_VERSION}: "
            f"{old} is too old",
            provider=entry.provider,
        )
    return cls


def _badly_named(name: str, entry: _Entry) -> PluginLoadError:
    if re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return PluginLoadError(f"the name {name!r} is reserved; call it 'vendor.{name}'", provider=entry.provider)
    return PluginLoadError(
        f"the name {name!r} is not of the form 'vendor.op' (small letters, digits, _)", provider=entry.provider
    )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _value(entry: _Entry) -> str | None:
    return None if entry.point is None else entry.point.value


def _close(name: str, known: list[str]) -> list[str]:
    folded = {n.replace("_", "").lower(): n for n in known}
    exact = folded.get(name.replace("-", "").replace("_", "").lower())
    return [exact] if exact else difflib.get_close_matches(name, known, n=3, cutoff=0.6)


@functools.cache
def default_registry() -> Registry:
    """The registry of everything that is installed; made at the first call."""
    return Registry.discover()
