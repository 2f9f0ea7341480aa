"""`Planner`: from a job to a plan, or to everything that is wrong with the job.

The stages are pure but for the prober that is handed in: reading the document, binding operators, probing, inferring
media, expanding, optimising, scheduling. Each goes on with what the one before left sound, so that one call reports the
mistakes of all.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from mediapipeline.errors import JobError, Problem, Problems
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.graph.build import build, placed
from mediapipeline.media.prober import Prober
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.planner.draft import Draft, Stage, container_of
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.rule import Rule, checked
from mediapipeline.planner.strategies import chosen, without_disabled
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.spec.job import JobSpec
from mediapipeline.spec.load import load_partly
from mediapipeline.tracing import Trace, no_trace

__all__ = ["Document", "Planner", "Stage", "Validation"]

Document: TypeAlias = JobSpec | Mapping[str, Any] | str | bytes
"""A job: a `JobSpec`, a document as a mapping, or the text of one."""

_NOTHING = Staged()


@attrs.frozen
class Validation:
    """What `Planner.validate` found."""

    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {"valid": self.valid, "problems": [problem.to_dict() for problem in self.problems]}

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: everything that is wrong."""
        from mediapipeline.planner.show import problems_bundle

        return problems_bundle(self.problems)

    def raise_if_invalid(self) -> None:
        """Raise the `JobError` that fits, with every problem."""
        if self.problems:
            raise JobError.of(self.problems)


class Planner:
    """Plans jobs. Safe to use from several threads.

    Args:
        registry: Where operators are found; default, everything installed.
        prober: How inputs are probed; default, ffprobe or PyAV, with a cache.
        capabilities: What FFmpeg can do; default, what the FFmpeg that is found says of itself.
        machine: What estimates count on; default, this machine.
        policy: What a job may read and write; default, local files.
        base_dir: Folder that relative paths are looked up in; default, that of the policy, or the working directory.
        rules: The rules to optimise by, of those in `mediapipeline.planner.optimize.RULES`; ``()`` plans without
            optimising.
        strategies: Ways of working that not everyone wants, by name, each ``disabled``, ``preferred`` or ``required``;
            ``{"stream_copy": "required"}`` refuses a job of which a stream has to be encoded. See
            `mediapipeline.planner.strategies`.
        ffmpeg: The FFmpeg to ask, where *prober* or *capabilities* are left to default.
        trace: Opens a span around what takes time; see `mediapipeline.tracing`.

    Raises:
        ValueError: There is no such strategy, or it has no such value.
        TypeError: *rules* holds something that is not a rule, or *strategies* is not a mapping.
    """

    def __init__(
        self,
        *,
        registry: Registry | None = None,
        prober: Prober | None = None,
        capabilities: Capabilities | None = None,
        machine: Machine | None = None,
        policy: SourcePolicy | None = None,
        base_dir: str | PathLike[str] | None = None,
        rules: Sequence[Rule] = RULES,
        strategies: Mapping[str, str] = MappingProxyType({}),
        ffmpeg: str | PathLike[str] | None = None,
        trace: Trace = no_trace,
    ) -> None:
        policy = policy or SourcePolicy()
        self.policy = policy if base_dir is None else attrs.evolve(policy, base_dir=base_dir)
        self.strategies = chosen(strategies)
        self.rules = without_disabled(checked(rules), self.strategies)
        self.machine = machine or Machine()
        self._registry = registry
        self._prober = prober
        self._capabilities = capabilities
        self._ffmpeg = ffmpeg
        self.trace = trace

    @cached_property
    def registry(self) -> Registry:
        return self._registry if self._registry is not None else default_registry()

    @cached_property
    def prober(self) -> Prober:
        if self._prober is not None:
            return self._prober
        from mediapipeline.ffmpeg.engine import default_engine

        return default_engine(self._ffmpeg).prober

    @cached_property
    def capabilities(self) -> Capabilities:
        if self._capabilities is not None:
            return self._capabilities
        from mediapipeline.ffmpeg.engine import default_engine

        return default_engine(self._ffmpeg).capabilities

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """Those of `plan_async`: few, since one job after the other is planned no slower than all at once."""
        return ThreadPoolExecutor(self.machine.cores, thread_name_prefix="mediapipeline-plan")

    def validate(self, document: Document, *, probe: bool = False) -> Validation:
        """Everything that is wrong with a job; nothing is raised for it.

        Args:
            document: The job.
            probe: Whether the inputs are probed, and so whether the operations suit them is checked. Without it no file
                is touched and no FFmpeg needed, and remote inputs need not have been fetched.
        """
        problems = Problems()
        if probe:
            self._plan(document, problems, _NOTHING, _unheard)
        else:
            loaded = load_partly(document, problems=problems)
            if loaded.spec is not None:
                build(loaded.spec, self.registry, problems, excuses=loaded.excuses, written=loaded.written)
                self.paths(loaded.spec, problems, None)
                for path, output in placed("/outputs", loaded.spec.outputs):
                    container_of(path, output, problems)
        return Validation(tuple(problems))

    def plan(
        self, document: Document, *, staged: Staged | None = None, on_stage: Callable[[Stage], None] | None = None
    ) -> ProcessingPlan:
        """The plan of a job.

        Args:
            document: The job.
            staged: Local files of inputs that a resolver has fetched. The plan goes on naming their sources.
            on_stage: Told when probing begins, and then planning, if all is well; what it raises ends it.

        Raises:
            JobError: With everything that is wrong with the job; a subclass where all of it is of one kind.
            EngineError: There is no FFmpeg, or it does not answer.
        """
        problems = Problems()
        with self.trace("mediapipeline.plan", {}):
            plan = self._plan(document, problems, staged or _NOTHING, on_stage or _unheard)
        problems.raise_if_any()
        assert plan is not None  # without problems there is a plan
        return plan

    async def plan_async(
        self, document: Document, *, staged: Staged | None = None, on_stage: Callable[[Stage], None] | None = None
    ) -> ProcessingPlan:
        """`plan` for a running event loop, which goes on meanwhile.

        It is done in one of a few threads of this planner, as many as the machine has cores, in which *on_stage* is
        called as well; who waits for his turn holds none. Cancelled, it does not begin, or is finished for nobody.
        """
        import asyncio

        plan = partial(self.plan, document, staged=staged, on_stage=on_stage)
        return await asyncio.wrap_future(self._threads.submit(contextvars.copy_context().run, plan))

    def _plan(
        self, document: Document, problems: Problems, staged: Staged, on_stage: Callable[[Stage], None]
    ) -> ProcessingPlan | None:
        loaded = load_partly(document, problems=problems)
        if loaded.spec is None:
            return None
        job = Draft(self, loaded.spec, loaded, problems, staged)
        job.look_at_everything(on_stage)
        return None if problems else job.plan()

    def paths(self, spec: JobSpec, problems: Problems, staged: Staged | None = _NOTHING) -> dict[str, Path]:
        """The local files of the inputs that the policy allows, by JSON Pointer of the source.

        A source that a resolver serves must be *staged*; with None it may be fetched later.
        """
        read, _ = self.policy.check(
            [(path + "/source", item.source) for path, item in placed("/inputs", spec.inputs)],
            [(path + "/destination", item.destination) for path, item in placed("/outputs", spec.outputs)],
            problems,
        )
        for path, item in placed("/inputs", spec.inputs):
            if staged is None or self.policy.resolver_for(item.source) is None:
                continue
            if item.id in staged.inputs:
                read[path + "/source"] = staged.inputs[item.id]
            else:
                problems.add(
                    path + "/source", "not-fetched", f"{item.source!r} has to be fetched before the job is planned",
                    "run the job with a JobRunner, or hand in the file that your resolver fetched (staged=)",
                    kind="source",
                )  # fmt: skip
        return read


def _unheard(stage: Stage) -> None:
    """What becomes of stages that nobody asked for."""
