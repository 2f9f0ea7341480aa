"""From a job to its graph: operators are bound, ports filled, references resolved, cycles shown.

Everything that is wrong is reported, and whatever is sound is built all the same, so that later stages can look at it.
"""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import attrs

from mediapipeline.errors import PluginError, Problems, pointer
from mediapipeline.graph.graph import BoundOperation, BoundOutput, Graph, stages
from mediapipeline.operators.base import Definition, Operator, Port
from mediapipeline.operators.registry import Registry
from mediapipeline.params.converter import structure
from mediapipeline.spec import Input, Operation, Output, Reference
from mediapipeline.spec.job import JobSpec

__all__ = ["build", "placed"]

_Part = TypeVar("_Part", Input, Operation, Output)

_LONGEST_CYCLE = 12
_COMPARISONS = 50_000


def build(
    spec: JobSpec,
    registry: Registry,
    problems: Problems,
    *,
    excuses: Callable[[str], bool] = lambda _: False,
    written: Iterable[Reference] = (),
) -> Graph:
    """The graph of *spec*, of what is sound in it.

    Args:
        spec: The job.
        registry: Where operators are found.
        problems: Takes everything that is wrong.
        excuses: Whether a clip may be missing only because what makes it is broken and reported already; what refers to
            such a clip is left out silently.
        written: Clips that outputs name which are broken otherwise: not built, but looked at.
    """
    inputs = {item.id: path for path, item in placed("/inputs", spec.inputs)}
    operations = list(placed("/operations", spec.operations))
    clips = {*inputs, *(made.clip for _, item in operations for made in item.makes)}
    resolver = _Resolver(clips, excuses, problems)
    bound = []
    for path, operation in operations:
        made = _bind(path, operation, registry, resolver, problems)
        if made is not None:
            bound.append(made)
    outputs = []
    for path, output in placed("/outputs", spec.outputs):
        if resolver.written(output.clip, path + ("/input" if output.input is not None else "/id")):
            outputs.append(BoundOutput(path=path, id=output.id, clip=output.clip))
    for reference in written:
        resolver.written(reference.clip, reference.at)
    ordered, staged = _order(bound, problems)
    return Graph(inputs=inputs, operations=ordered, outputs=tuple(outputs), stages=staged)


def placed(path: str, parts: Sequence[_Part]) -> Iterator[tuple[str, _Part]]:
    """Each part of a job with its JSON Pointer: that of its document, also where broken parts were left out."""
    for at, part in enumerate(parts):
        yield part.at or pointer(path, at), part


@attrs.frozen
class _Resolver:
    """Knows the names of clips."""

    clips: set[str]
    excuses: Callable[[str], bool]
    problems: Problems
    guesses: Iterator[int] = attrs.field(init=False)
    """One for each guess at what was meant that may still be made: they take time for every clip there is."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "guesses", iter(range(_COMPARISONS // (len(self.clips) or 1))))

    def known(self, clip: str, path: str, hint: str | None = None) -> bool:
        if clip in self.clips:
            return True
        if not self.excuses(clip):
            near = difflib.get_close_matches(clip, self.clips, n=1) if next(self.guesses, None) is not None else []
            tip = f"did you mean {near[0]!r}?" if near else hint or _known_names(self.clips)
            self.problems.add(
                path, "unresolved-reference", f"there is no input and no operation's output called {clip!r}", tip,
                kind="graph",
            )  # fmt: skip
        return False

    def written(self, clip: str, path: str) -> bool:
        """Whether the clip of an output is known, which is named at *path*."""
        return self.known(clip, path, 'name the clip that it writes with "input"' if path.endswith("/id") else None)


def _known_names(clips: Collection[str]) -> str:
    some = sorted(clips)[:8]
    return f"there are {', '.join(some)}{', …' if len(clips) > len(some) else ''}" if some else "the job has no inputs"


def _bind(
    path: str, operation: Operation, registry: Registry, resolver: _Resolver, problems: Problems
) -> BoundOperation | None:
    """The operation with its operator, or None with problems; everything about it is looked at."""
    resolved = [resolver.known(reference.clip, path + reference.at) for reference in operation.reads]
    cls = _operator_class(path, operation.op, registry, problems)
    if cls is None:
        return None
    operator = structure(cls, operation.params, path=path + "/params", problems=problems)
    inputs = _fill(path, operation, cls.definition, problems)
    outputs = _name(path, operation, cls.definition, problems)
    if operator is None or inputs is None or outputs is None or not all(resolved):
        return None
    return BoundOperation(path=path, operator=operator, inputs=inputs, outputs=outputs)


def _operator_class(path: str, name: str, registry: Registry, problems: Problems) -> type[Operator] | None:
    try:
        return registry.load(name)
    except KeyError:
        hint = registry.hint(name)
        if registry.denies(name):
            problems.add(path + "/op", "operator-not-allowed", f"operator {name!r} may not be used here", hint)
        else:
            problems.add(path + "/op", "unknown-operator", f"there is no operator {name!r}", hint)
    except PluginError as error:
        hint = "repair or remove the package that provides it"
        problems.add(path + "/op", "broken-operator", f"operator {name!r} cannot be used: {error}", hint)
    return None


def _fill(
    path: str, operation: Operation, definition: Definition, problems: Problems
) -> dict[str, tuple[str, ...]] | None:
    """The clips at each port."""
    ports = definition.inputs
    references = operation.reads
    by_name = isinstance(operation.inputs, Mapping)
    if by_name:
        return _fill_by_name(path, references, definition, problems)
    if len(ports) == 1:
        ((name, port),) = ports.items()
        if not port.minimum <= len(references) <= port.maximum:
            problems.add(
                path, "wrong-number-of-inputs",
                f"{definition.name} takes {_count(port)}, not {len(references)}",
                "leave out what is too much" if len(references) > port.maximum else "name more clips under inputs",
                kind="graph",
            )  # fmt: skip
            return None
        return {name: tuple(reference.clip for reference in references)}
    if len(references) != len(ports) or not all(port.single for port in ports.values()):
        example = json.dumps({"inputs": dict.fromkeys(ports, "…")}, ensure_ascii=False)
        problems.add(
            path, "wrong-number-of-inputs",
            f"{definition.name} takes {len(ports)} clips ({', '.join(ports)}), not {len(references)}",
            f"write {example}", kind="graph",
        )  # fmt: skip
        return None
    return {port: (reference.clip,) for port, reference in zip(ports, references, strict=True)}


def _fill_by_name(
    path: str, references: Iterable[Reference], definition: Definition, problems: Problems
) -> dict[str, tuple[str, ...]] | None:
    given = {str(reference.port): reference for reference in references}
    sound = True
    for name, reference in given.items():
        if name not in definition.inputs:
            near = difflib.get_close_matches(name, definition.inputs, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(definition.inputs)}"
            message = f"{definition.name} has no input called {name!r}"
            problems.add(path + reference.at, "unknown-port", message, hint, kind="graph")
            sound = False
    for name, port in definition.inputs.items():
        if name not in given and port.minimum > 0:
            message = f"{definition.name} needs the input {name!r}"
            problems.add(path + "/inputs", "missing-input", message, f'add "{name}": the name of a clip', kind="graph")
            sound = False
        elif name in given and port.minimum > 1:
            message = f"{definition.name} takes {_count(port)} at {name!r}, not one"
            hint = 'write "inputs" as a list of clips'
            problems.add(path + given[name].at, "wrong-number-of-inputs", message, hint, kind="graph")
            sound = False
    return {name: (given[name].clip,) for name in definition.inputs if name in given} if sound else None


def _count(port: Port) -> str:
    if port.single:
        return "one clip"
    return f"{port.minimum} to {port.maximum} clips"


def _name(path: str, operation: Operation, definition: Definition, problems: Problems) -> dict[str, str] | None:
    """The names of the clips that the operation gives, by port."""
    if operation.output is not None:
        if len(definition.outputs) == 1:
            return {definition.outputs[0]: operation.output}
        example = json.dumps({"outputs": dict.fromkeys(definition.outputs, "…")}, ensure_ascii=False)
        message = f"{definition.name} gives {len(definition.outputs)} clips"
        problems.add(path + "/output", "wrong-number-of-outputs", message, f"write {example}", kind="graph")
        return None
    named = {str(made.port): made for made in operation.makes}
    wrong = [made for name, made in named.items() if name not in definition.outputs]
    for made in wrong:
        message = f"{definition.name} has no output called {made.port!r}"
        hint = f"it has {', '.join(definition.outputs)}"
        problems.add(path + made.at, "unknown-port", message, hint, kind="graph")
    return None if wrong else {name: made.clip for name, made in named.items()}


def _order(
    bound: list[BoundOperation], problems: Problems
) -> tuple[tuple[BoundOperation, ...], tuple[tuple[str, ...], ...]]:
    """The operations in order and their stages; those in a circle are reported and left out."""
    by_path = {operation.path: operation for operation in bound}
    makers = {clip: operation.path for operation in bound for clip in operation.outputs.values()}
    needs = {op.path: [makers[clip] for clip in op.needs if clip in makers] for op in bound}
    circular = set()
    for cycle in _cycles(needs):
        _report_cycle(cycle, by_path, problems)
        circular.update(cycle)
    staged = stages(
        {at: [n for n in needed if n not in circular] for at, needed in needs.items() if at not in circular}
    )
    return tuple(by_path[path] for stage in staged for path in stage), staged


def _cycles(needs: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Circles that have no operation in common, each in the order of needing, until none is left.

    `graphlib` finds one and has to start over for the next, which takes too long where a document has thousands.
    """
    users: dict[str, list[str]] = defaultdict(list)
    for path, needed in needs.items():
        for other in set(needed):
            users[other].append(path)
    waiting = {path: len(set(needed)) for path, needed in needs.items()}
    left = dict.fromkeys(needs)
    done = [path for path, count in waiting.items() if not count]
    while left:
        for path in done:
            del left[path]
            for user in users[path]:
                waiting[user] -= 1
                if not waiting[user] and user in left:
                    done.append(user)
        if not left:
            return
        walk: dict[str, None] = {}
        here = next(iter(left))
        while here not in walk:
            walk[here] = None
            here = next(other for other in needs[here] if other in left)
        path_to_it = list(walk)
        cycle = path_to_it[path_to_it.index(here) :]
        yield cycle
        done = list(cycle)
        for path in cycle:
            waiting[path] = -1  # never again among those that are done


def _report_cycle(cycle: list[str], by_path: Mapping[str, BoundOperation], problems: Problems) -> None:
    order = {path: place for place, path in enumerate(by_path)}
    at = cycle.index(min(cycle, key=order.__getitem__))
    places = [*cycle[at:], *cycle[:at], cycle[at]]
    names = [f"{by_path[path].definition.name} ({path})" for path in places]
    if len(names) > _LONGEST_CYCLE:
        names = [*names[: _LONGEST_CYCLE // 2], "…", *names[-_LONGEST_CYCLE // 2 :]]
    problems.add(
        places[0], "cycle", f"the operations need each other in a circle: {' → '.join(names)}",
        "let one of them start from an input", kind="graph",
    )  # fmt: skip
