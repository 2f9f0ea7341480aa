"""The registry: which operators there are, and their classes, imported when first used.

Operators are found through the entry-point group ``mediapipeline.operators``; the shipped ones use the same group as
everybody else. A registry is a value that a host can build and hand in; the default one is made once, at first use.
"""

from __future__ import annotations

import difflib
import functools
import os
import threading
from collections.abc import Iterable, Iterator
from importlib import metadata

import attrs

from mediapipeline.errors import PluginContractError, PluginError, PluginLoadError
from mediapipeline.operators.base import API_VERSION, Operator

__all__ = ["GROUP", "Registry", "default_registry"]

GROUP = "mediapipeline.operators"
_OWN = "mediapipeline"


@attrs.frozen
class _Entry:
    """Where an operator comes from: a class, or an entry point that has not been imported yet."""

    provider: str
    point: metadata.EntryPoint | None = None
    cls: type[Operator] | None = None


class Registry:
    """Operators by name.

    Names list without importing anything; a class is imported when it is first asked for. Errors of a package are
    raised only to those who use its operator. Safe to use from several threads.
    """

    def __init__(self, operators: Iterable[type[Operator]] = ()) -> None:
        self._lock = threading.RLock()  # a plugin may look into the registry while it is imported
        self._entries: dict[str, _Entry] = {}
        self._failed: dict[str, PluginError] = {}
        self._ignored: dict[str, PluginError] = {}
        for cls in operators:
            self.register(cls)

    @classmethod
    def discover(cls) -> Registry:
        """Every operator that the installed distributions offer.

        With ``MEDIAPIPELINE_PLUGINS=off`` in the environment, only those that come with the library.
        """
        found = cls()
        others = os.environ.get("MEDIAPIPELINE_PLUGINS", "").strip().lower() != "off"
        for point in metadata.entry_points(group=GROUP):
            if others or _distribution(point) == _OWN:
                found._offer(point)
        return found

    @property
    def errors(self) -> tuple[PluginError, ...]:
        """What is wrong with installed packages, as far as it is known: those not imported yet may be broken too."""
        return (*self._ignored.values(), *self._failed.values())

    def _offer(self, point: metadata.EntryPoint) -> None:
        distribution = _distribution(point)
        provider = f"{distribution}, entry point {point.name} = {point.value}"
        known = self._entries.get(point.name)
        if "." not in point.name and distribution != _OWN:
            # Names without a vendor belong to the shipped operators: a package that takes one would shadow them.
            error = PluginLoadError(
                f"the name {point.name!r} is reserved; call it 'vendor.{point.name}'", provider=provider
            )
            self._ignored.setdefault(point.name, error)
        elif known is not None and known.point is not None and known.point.value != point.value:
            self._failed[point.name] = PluginLoadError(
                f"operator {point.name!r} is provided twice: by {known.provider} and by {provider}", provider=provider
            )
        else:
            self._entries[point.name] = _Entry(provider, point=point)

    def register(self, cls: type[Operator], *, override: bool = False) -> None:
        """Add one class, as a host or a test does.

        Raises:
            PluginLoadError: The name is taken and *override* is not set.
        """
        name = cls.definition.name
        with self._lock:
            if name in self._entries and not override:
                raise PluginLoadError(f"operator {name!r} is already provided by {self._entries[name].provider}")
            self._entries[name] = _Entry(f"{cls.__module__}.{cls.__qualname__}", cls=cls)
            self._failed.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return any(name in known for known in (self._entries, self._failed, self._ignored))

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        return iter(sorted({*self._entries, *self._failed, *self._ignored}))

    def __len__(self) -> int:
        return len({*self._entries, *self._failed, *self._ignored})

    def provider(self, name: str) -> str:
        """The distribution and entry point, or the class, that provides an operator.

        Raises:
            KeyError: Nothing usable does.
        """
        return self._entries[name].provider

    def load(self, name: str) -> type[Operator]:
        """The class of operator *name*.

        Raises:
            KeyError: There is no such operator.
            PluginError: There is, but its package is broken.
        """
        with self._lock:
            if name in self._failed:
                raise self._failed[name]
            if name in self._ignored and name not in self._entries:
                raise self._ignored[name]
            entry = self._entries[name]
            if entry.cls is not None:
                return entry.cls
            try:
                cls = self._import(name, entry)
            except PluginError as error:
                self._failed[name] = error
                raise
            self._entries[name] = attrs.evolve(entry, cls=cls)
            return cls

    def _import(self, name: str, entry: _Entry) -> type[Operator]:
        assert entry.point is not None  # an entry has a class or an entry point
        try:
            cls = entry.point.load()
        except PluginError as error:
            raise PluginContractError(str(error), provider=entry.provider) from error
        except Exception as error:  # whatever somebody else's module raises when it is imported
            raise PluginLoadError(
                f"operator {name!r} cannot be imported: {error!r}", provider=entry.provider
            ) from error
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
            raise PluginContractError(
                f"operator {name!r} is written for contract {definition.api_version}, this library has {API_VERSION}",
                provider=entry.provider,
            )
        return cls

    def close_matches(self, name: str) -> list[str]:
        """Names that *name* may have been meant to be, the likeliest first."""
        known = list(self)
        folded = {n.replace("_", "").lower(): n for n in known}
        exact = folded.get(name.replace("-", "").replace("_", "").lower())
        return [exact] if exact else difflib.get_close_matches(name, known, n=3, cutoff=0.6)


def _distribution(point: metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown distribution"


@functools.cache
def default_registry() -> Registry:
    """The registry of everything that is installed; made at the first call."""
    return Registry.discover()
