"""The schema of job documents, with the operators of a registry."""

from __future__ import annotations

from typing import Any

from mediapipeline.errors import PluginError
from mediapipeline.operators.base import Operator
from mediapipeline.operators.registry import Registry, default_registry
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
        parameters=object_type(cls).schema(),
    )
