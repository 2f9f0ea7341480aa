"""Entry points of the installed distributions, whatever state these are in.

``importlib.metadata`` reads those of all distributions at once, and one with a damaged list of entry points makes it
fail for all of them. Here that one is left out and reported. Nothing is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib import metadata

from mediapipeline.errors import PluginError, PluginLoadError

__all__ = ["SWITCH", "distribution_of", "entry_points", "plugins_are_on"]

SWITCH = "MEDIAPIPELINE_PLUGINS"
"""The environment variable that turns off what other distributions offer."""


def plugins_are_on(faults: list[PluginError]) -> bool:
    """Whether anything but what the library brings may be used.

    Args:
        faults: Takes a word that is neither on nor off; it is taken for off, since whoever sets it wants less.
    """
    value = os.environ.get(SWITCH, "").strip().lower()
    if value in ("", "on", "1", "yes", "true"):
        return True
    if value not in ("off", "0", "no", "false"):
        faults.append(PluginLoadError(f"{SWITCH} is {value!r}, neither 'on' nor 'off': taken for 'off'"))
    return False


def entry_points(group: str, faults: list[PluginError]) -> Iterable[metadata.EntryPoint]:
    """The entry points of *group*.

    Args:
        group: Name of the group.
        faults: Takes what is wrong with distributions that are left out.
    """
    try:
        return metadata.entry_points(group=group)
    except Exception:  # noqa: BLE001 - whatever a damaged file makes of it
        return list(_one_by_one(group, faults))


def _one_by_one(group: str, faults: list[PluginError]) -> Iterator[metadata.EntryPoint]:
    seen: set[str] = set()
    for distribution in metadata.distributions():
        name = _name(distribution)
        if name in seen:
            continue  # one further on in sys.path, which is shadowed
        seen.add(name)
        try:
            yield from distribution.entry_points.select(group=group)
        except Exception as error:  # noqa: BLE001 - see above
            if _may_be_meant(distribution, group):
                faults.append(PluginLoadError(f"its entry_points.txt cannot be read: {_damage(error)}", provider=name))


def _damage(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, TypeError | ValueError):  # by version of Python
        return "a line is not of the form 'name = module:Class'"
    return repr(error)


def _may_be_meant(distribution: metadata.Distribution, group: str) -> bool:
    """Whether a damaged list of entry points has some of *group*."""
    try:
        return group in (distribution.read_text("entry_points.txt") or "")
    except ValueError:  # not even text
        return True


def distribution_of(point: metadata.EntryPoint) -> str:
    """The name of the distribution that has *point*."""
    return "an unknown distribution" if point.dist is None else _name(point.dist)


def _name(distribution: metadata.Distribution) -> str:
    try:
        return distribution.name or "a distribution without a name"
    except Exception:  # noqa: BLE001 - versions of Python differ in what they raise where METADATA is missing
        return "a distribution without a name"
