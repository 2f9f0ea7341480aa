"""Media facts on every edge of a graph, and whether every operator can work with what it gets.

Pure: facts of the inputs go in, facts of every clip come out. What is downstream of a problem has no facts and is not
looked at, since it could only report consequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import attrs

from mediapipeline.errors import MediaPipelineError, PluginContractError, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.graph.graph import BoundOperation, Graph
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators.base import Facts, Kind
from mediapipeline.steps.resources import Resources

__all__ = ["Inferred", "infer"]

_T = TypeVar("_T")


@attrs.frozen
class Inferred:
    """What is known of a graph's clips.

    Attributes:
        clips: Facts by name of the clip; a clip that depends on a problem is missing.
        outputs: What each operation infers for its output ports, by path.
        noops: Paths of the operations that give their first input back.
        estimates: What operators say that an operation uses, by path; those that leave it to the planner are missing.
    """

    clips: Mapping[str, MediaInfo]
    outputs: Mapping[str, Mapping[str, MediaInfo]]
    noops: frozenset[str]
    estimates: Mapping[str, Resources] = attrs.field(factory=dict)


def infer(
    graph: Graph, inputs: Mapping[str, MediaInfo], capabilities: Capabilities | None, problems: Problems
) -> Inferred:
    """The facts of every clip of *graph*.

    Args:
        graph: The graph.
        inputs: Facts of the input clips, with times from their starts; those that could not be had are missing.
        capabilities: What FFmpeg can do; None leaves that unchecked.
        problems: Takes what operators cannot do with their inputs.
    """
    clips = dict(inputs)
    outputs: dict[str, Mapping[str, MediaInfo]] = {}
    noops = set()
    estimates: dict[str, Resources] = {}
    lacking: dict[str, tuple[str, ...]] = {}
    for operation in graph.operations:
        definition = operation.definition
        if capabilities is not None:
            if definition.name not in lacking:
                lacking[definition.name] = capabilities.missing(definition.requires)
            if lacking[definition.name]:
                problems.add(
                    operation.path, "missing-feature",
                    f"{definition.name} needs what this FFmpeg ({capabilities.version_text}) has not got: "
                    f"{', '.join(lacking[definition.name])}",
                    "install a fuller build of FFmpeg", kind="planning",
                )  # fmt: skip
        if not all(clip in clips for clip in operation.needs):
            continue
        facts = Facts({port: [clips[clip] for clip in names] for port, names in operation.inputs.items()})
        before = len(problems)
        _check(operation, facts, problems)
        if len(problems) > before:
            continue
        ports = _infer(operation, facts)
        if _ask(operation, "is_noop", partial(operation.operator.is_noop, facts)):
            noops.add(operation.path)
            # What comes back is what went in, also where the operator would round a time that the container rounded.
            ports[definition.outputs[0]] = facts.clip
        outputs[operation.path] = ports
        clips.update((name, ports[port]) for port, name in operation.outputs.items())
        said = _estimate(operation, facts)
        if said is not None:
            estimates[operation.path] = said
    return Inferred(clips, outputs, frozenset(noops), estimates)


def _estimate(operation: BoundOperation, facts: Facts) -> Resources | None:
    """What the operator says that the operation uses."""
    said: object = _ask(operation, "estimate", partial(operation.operator.estimate, facts))
    if said is None or isinstance(said, Resources):
        return said
    message = f"estimate() of operator {operation.definition.name!r} gives {said!r}, not Resources"
    raise PluginContractError(message, provider=_provider(operation))


def _infer(operation: BoundOperation, facts: Facts) -> dict[str, MediaInfo]:
    """What the operator says of each of its outputs."""
    definition = operation.definition
    made: object = _ask(operation, "infer", partial(operation.operator.infer, facts))
    ports = {definition.outputs[0]: made} if isinstance(made, MediaInfo) else made
    if (
        not isinstance(ports, Mapping)
        or set(ports) != set(definition.outputs)
        or not all(isinstance(info, MediaInfo) for info in ports.values())
    ):
        raise PluginContractError(
            f"infer() of operator {definition.name!r} gives {made!r}, not the facts of {', '.join(definition.outputs)}",
            provider=_provider(operation),
        )
    return dict(ports)


def _check(operation: BoundOperation, facts: Facts, problems: Problems) -> None:
    definition = operation.definition
    suits = True
    for port, names in operation.inputs.items():
        wanted = definition.inputs[port].kind
        for at, info in enumerate(facts.all(port)):
            held = Kind.of(info)
            if not held & wanted:
                suits = False
                what = held.names() or "nothing that can be used"
                problems.add(
                    operation.path, "wrong-media",
                    f"{definition.name} needs {wanted.names()}, and the clip {names[at]!r} holds {what}",
                    f"give it a clip that holds {wanted.names()}", kind="planning",
                )  # fmt: skip
    if not suits:
        return
    for problem in _ask(operation, "check", lambda: list(operation.operator.check(facts))):
        path = operation.path + "/params" + problem.path if problem.path else operation.path
        problems.add(path, problem.code, problem.message, problem.hint, kind="planning")


def _ask(operation: BoundOperation, method: str, call: Callable[[], _T]) -> _T:
    """What an operator's method gives; whatever it raises is the operator's fault, and says so."""
    try:
        return call()
    except MediaPipelineError:
        raise
    except Exception as error:  # a plugin's method may raise anything
        raise PluginContractError(
            f"{method}() of operator {operation.definition.name!r} raised {error!r}", provider=_provider(operation)
        ) from error


def _provider(operation: BoundOperation) -> str:
    return type(operation.operator).__module__ + "." + type(operation.operator).__qualname__
