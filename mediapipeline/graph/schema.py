"""The schema of job documents, with the operators of a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediapipeline.errors import PluginError, Problems
from mediapipeline.operators.base import Operator
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.params.converter import structure
from mediapipeline.params.types import object_type
from mediapipeline.spec.schema import OperatorForm, document_schema

__all__ = ["job_schema"]


def job_schema(registry: Registry | None = None) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of jobs that use the operators of *registry*; default, everything installed.

    An operator whose package is broken is left out, as no job can use it; `Registry.errors` says which.
    """
    registry = registry if registry is not None else default_registry()
    forms = []
    for name in registry:
        try:
            forms.append(_form(registry.load(name)))
        except PluginError:  # kept by the registry, which says it to whoever asks, and raises it when it is used
            continue
    return document_schema(forms)


def _form(cls: type[Operator]) -> OperatorForm:
    definition = cls.definition
    return OperatorForm(
        name=definition.name,
        summary=definition.summary,
        ports={name: (port.minimum, port.maximum) for name, port in definition.inputs.items()},
        outputs=definition.outputs,
        parameters=(parameters := object_type(cls).schema()),
        example=_example(cls, parameters["properties"]),
    )


def _example(cls: type[Operator], described: Mapping[str, Any]) -> dict[str, Any] | None:
    """As few of the examples of its parameters as it takes for *cls*."""
    given = {name: each["examples"][0] for name, each in described.items() if each.get("examples")}
    needed = {p.name for p in object_type(cls).parameters if p.required}
    least = {name: example for name, example in given.items() if name in needed}
    for found in (least, *({**least, name: example} for name, example in given.items()), given):
        if structure(cls, found, path="", problems=Problems()) is not None:
            return found
    return None
