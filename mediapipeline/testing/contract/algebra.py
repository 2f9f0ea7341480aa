"""Checks of what the optimiser relies on: traits, no-ops, and that plans with its rules and without give the same.

A trait is held against its meaning, not against a rule that happens to use it. That the pixels of a frame depend on
nothing but that frame means that it makes no difference whether some frames of a part are taken before the operator or
after it; that they depend on its time as well, that it makes none as long as these keep their times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from mediapipeline.errors import MediaPipelineError
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Traits
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.streams import Filter, StreamGraph
from mediapipeline.testing.contract.content import Content, differences, same_sound
from mediapipeline.testing.contract.failed import failed
from mediapipeline.testing.contract.finding import Finding
from mediapipeline.testing.contract.job import Job
from mediapipeline.testing.contract.ran import Ran
from mediapipeline.testing.contract.thin import THIN, WINDOW
from mediapipeline.testing.contract.trial import Trial

__all__ = ["noop_is_noop", "optimised_is_unoptimised", "traits_are_true", "used_twice"]


@attrs.frozen
class _Behaviour:
    """What one case showed: where it makes a difference whether other frames are there, in sentences."""

    case: Mapping[str, Any]
    ran: Ran
    outputs: tuple[str, str]
    differs: tuple[str, ...]


def traits_are_true(trial: Trial, opaque: str) -> Iterator[Finding]:
    """Each trait that is declared is true, and none that is true is kept from the optimiser.

    Args:
        trial: The operator on trial.
        opaque: Why it promises less than shows, if it does.
    """
    declared = trial.operator.definition.traits
    if declared.pointwise and declared.timed:
        yield Finding(
            text="its traits exclude each other: pointwise says that time does not matter, timed that it does",
            hint="declare one of them",
        )
        return
    if not _has_effect(trial):
        if declared.pointwise or declared.timed:
            yield Finding(
                text=f"it declares {_names(declared)}, and no filter of its own is one that a trait could concern",
                hint="leave traits out: they concern filters of one stream (and stills) that something may follow",
            )
        return
    if declared.timed:
        for each in trial.remembered(_at_its_time):
            if each.differs:
                yield Finding(
                    text="it declares timed, and its frames depend on others: " + "; ".join(each.differs),
                    case=each.case, clip=trial.first, folder=each.ran.folder, outputs=each.outputs,
                    hint="leave traits out",
                )  # fmt: skip
        return
    shown = trial.remembered(_anywhere)
    differ = [each for each in shown if each.differs]
    for each in differ if declared.pointwise else ():
        yield Finding(
            text="it declares pointwise, and its frames depend on more than themselves: " + "; ".join(each.differs),
            case=each.case, clip=trial.first, folder=each.ran.folder, outputs=each.outputs,
            hint="declare TIMED if they depend on their time only, turn off what the filter adds by itself (noise, "
            "dithering), otherwise leave traits out",
        )  # fmt: skip
    if shown and not differ and not declared.pointwise and not opaque and _would_help(trial):
        yield Finding(
            text="no case shows that its frames depend on more than themselves, and it does not declare pointwise, "
            "so nothing can be cut or left out before it",
            hint="declare traits=POINTWISE, add a case that shows more, or say in the contract why not: opaque = '…'",
            case=shown[0].case, clip=trial.first, folder=shown[0].ran.folder, outputs=shown[0].outputs,
        )  # fmt: skip


def _would_help(trial: Trial) -> bool:
    """Whether a job is planned in another way because the operator declares pointwise."""
    job = trial.job()
    source = job.clip(trial.first)
    infos: Mapping[str, MediaInfo] = {}
    for at, case in enumerate(trial.cases):
        mark = job.mark()
        then = job.do("trim", job.apply(case, source, f"case{at}")[0], f"then{at}", start="8/25", end="21/25")
        look = trial.look(job)
        if look.problems:
            job.back_to(mark)
        else:
            job.write(then)
            infos = look.clips
    _, document = trial.place(job, infos)
    plans = []
    for pointwise in (False, True):
        with trial.promising(Traits(pointwise=pointwise)):
            plans.append(trial.plan(document).plan.steps)
    return plans[0] != plans[1]


def _names(traits: Traits) -> str:
    return " and ".join(name for name, given in attrs.asdict(traits).items() if given)


def _has_effect(trial: Trial) -> bool:
    """Whether there are filters which a trait of the operator is attached to, and that anything may follow."""
    marker = Traits()  # equal to others, and the only one that is this one
    with trial.promising(marker):
        for clip in trial.clips:
            job = trial.job()
            source = job.clip(clip)
            for at, case in enumerate(trial.cases):
                made = job.apply(case, source, f"case{at}")
                look = trial.look(job)
                if look.problems or any(look.clips[name].files for name in made):
                    job.operations.pop()
                else:
                    job.write(*made)
            if job.written:
                _, document = trial.place(job, trial.look(job).clips)
                if _marked(trial.plan(document, ()).graph, marker):
                    return True
    return False


def _marked(graph: StreamGraph, marker: Traits) -> bool:
    return any(node.traits is marker and graph.beside_stills(node) for node in graph.of(Filter))


_Operations = Sequence[tuple[str, Mapping[str, Any]]]
_Compare = Callable[[Content, Content, tuple[str, str]], Iterator[str]]


def _anywhere(trial: Trial) -> list[_Behaviour]:
    """What it makes of some frames of a part, whose time is another than in the whole."""
    # On the frames and on the samples of the plain clip.
    return _behaviour(trial, [("trim", {"start": "8/25", "end": "21/25"}), (THIN, {})], differences)


def _at_its_time(trial: Trial) -> list[_Behaviour]:
    """What it makes of some frames, at the times that they have."""
    return _behaviour(trial, [(THIN, {"sound": True})], _differences_within)


def _behaviour(trial: Trial, operations: _Operations, compare: _Compare) -> list[_Behaviour]:
    """Whether it matters that *operations* are done before or after. Without rules: what is declared plays no part."""
    job = trial.job()
    source = job.clip(trial.first)
    pairs: dict[int, tuple[str, str]] = {}
    infos: Mapping[str, MediaInfo] = {}
    for at, case in enumerate(trial.cases):
        mark = job.mark()
        names = _both_ways(job, case, source, f"part{at}", operations)
        look = trial.look(job)
        if look.problems or any(look.clips[name].files for name in names):
            job.back_to(mark)
        else:
            pairs[at] = names
            job.write(*names)
            infos = look.clips
    if not pairs:
        return []
    ran = trial.run(job, infos)
    words = "taken before it", "taken after it"
    return [
        _Behaviour(
            trial.cases[at],
            ran,
            (before, after),
            tuple(compare(_alone(ran, before), _alone(ran, after), words)),
        )
        for at, (before, after) in pairs.items()
    ]


def _both_ways(job: Job, case: Mapping[str, Any], source: str, name: str, operations: _Operations) -> tuple[str, str]:
    """*operations* before the operator under test, on all of its inputs, and after it."""
    first = job.chain(operations, source, f"{name}_in")
    before = job.apply(case, first, f"{name}_first", through=operations)
    after = job.apply(case, source, f"{name}_last")
    return before[0], job.chain(operations, after[0], f"{name}_then")


def _alone(ran: Ran, output: str) -> Content:
    ((_, found),) = ran.all_decoded(output).items()
    return found


def _differences_within(one: Content, other: Content, names: tuple[str, str]) -> Iterator[str]:
    """Where pictures differ, and sound well within what was left of it."""
    yield from differences(attrs.evolve(one, sound=()), attrs.evolve(other, sound=()), names)
    start, end = WINDOW[0] + (WINDOW[1] - WINDOW[0]) / 5, WINDOW[1] - (WINDOW[1] - WINDOW[0]) / 5
    for at, (a, b) in enumerate(zip(one.sound, other.sound, strict=False)):
        middle = [attrs.evolve(each, samples=each.part(start, end)) for each in (a, b)]
        yield from same_sound(middle[0], middle[1], f"sound track {at}", names)


def optimised_is_unoptimised(trial: Trial) -> Iterator[Finding]:
    """Between other operations, with all rules and with none, the outputs are the same."""
    job = trial.job()
    source = job.clip(trial.first)
    cases: dict[str, Mapping[str, Any]] = {}
    infos: Mapping[str, MediaInfo] = {}
    for at, case in enumerate(trial.cases):
        # Two ways for the first case, one in turn for others.
        for number, around in enumerate((_trimmed, _scaled)):
            if at and number == at % 2:
                continue
            mark = job.mark()
            try:
                names, infos_now = around(trial, job, case, source, f"chain{at}{'ab'[number]}")
            except _Refused:
                job.back_to(mark)
                continue
            infos = infos_now
            job.write(*names)
            cases |= dict.fromkeys(names, case)
    if not cases:
        return
    ran: dict[str, Ran] = {}
    for words, rules in (("without rules", ()), ("with rules", RULES)):
        try:
            ran[words] = trial.run(job, infos, rules)
        except MediaPipelineError as error:
            yield failed(
                error,
                text=f"{words} the job fails",
                folder=trial.last,
                rules="all" if rules else "none",
                clip=trial.first,
            )
            return
    plain, quick = ran.values()
    for name, case in cases.items():
        for part, want in plain.all_decoded(name).items():
            for difference in differences(quick.all_decoded(name)[part], want, ("the optimised", "the other")):
                yield Finding(
                    text=f"{name}{part}: the optimiser changes what comes out: {difference}", case=case,
                    clip=trial.first, folder=quick.folder, outputs=(name,), rules="all",
                    hint="see test_traits and test_noop first: what is promised there is what the optimiser relies on",
                )  # fmt: skip


class _Refused(Exception):
    """A chain that the operator has reasons to refuse."""


def _trimmed(
    trial: Trial, job: Job, case: Mapping[str, Any], source: str, name: str
) -> tuple[list[str], Mapping[str, MediaInfo]]:
    """A part, the operator, a part of that, and smaller or quieter."""
    first = job.do("trim", source, f"{name}_in", start="4/25", end="24/25")
    return _after(trial, job, job.apply(case, first, f"{name}_made"), [
        lambda _: ("trim", {"start": "4/25", "end": "14/25"}),
        lambda info: ("scale", {"width": 32, "height": 24}) if info.video else ("volume", {"gain_db": -6}),
    ])  # fmt: skip


def _scaled(
    trial: Trial, job: Job, case: Mapping[str, Any], source: str, name: str
) -> tuple[list[str], Mapping[str, MediaInfo]]:
    """Smaller or quieter, the operator, and then fewer frames or the last part."""
    picture = bool(trial.look(job).clips[source].video)
    op, params = ("scale", {"width": 48, "height": 36}) if picture else ("volume", {"gain_db": -3})
    first = job.do(op, source, f"{name}_in", **params)
    return _after(trial, job, job.apply(case, first, f"{name}_made"), [
        lambda info: ("fps", {"fps": 5}) if info.video else ("trim", {"start": "1/5"}),
    ])  # fmt: skip


_Next = Callable[[MediaInfo], tuple[str, Mapping[str, Any]]]


def _after(trial: Trial, job: Job, made: list[str], steps: list[_Next]) -> tuple[list[str], Mapping[str, MediaInfo]]:
    names = list(made)
    for number, step in enumerate(steps):
        look = trial.look(job)
        if look.problems:
            raise _Refused
        if any(look.clips[name].files or look.clips[name].still for name in names):
            break  # nothing can follow, or nothing that takes time
        done = []
        for each in names:
            op, params = step(look.clips[each])
            done.append(job.do(op, each, f"{each}_{number}", **params))
        names = done
    look = trial.look(job)
    if look.problems:
        raise _Refused
    return names, look.clips


def used_twice(trial: Trial) -> Iterator[Finding]:
    """Several uses in one job do not know of each other: each gives what it gives alone."""
    first, others = trial.first, [name for name in ("odd", "no-picture", "still") if name in trial.clips[1:]]
    uses = [(first, 0), (first, 0), (others[0] if others else first, -1)]
    alone = {name: trial.written(name) for name, _ in uses}
    job, pairs = trial.job(), []
    for number, (name, which) in enumerate(uses):
        for at, outputs in [*alone[name].outputs.items()][which:][:1]:
            made = job.apply(trial.cases[at], job.clip(name), f"use{number}")
            job.write(*made)
            pairs += [(at, name, here, there) for here, there in zip(made, outputs, strict=True)]
    for at in [*alone[first].outputs][:1]:
        mark = job.mark()
        once = job.apply(trial.cases[at], job.clip(first), "once")
        again = job.apply(trial.cases[at], once[0], "again")
        if trial.look(job).problems:
            job.back_to(mark)
        else:
            job.write(*again)
    infos = trial.look(job).clips
    if not pairs:
        return
    try:
        ran = trial.run(job, infos)
    except MediaPipelineError as error:
        yield failed(error, text="used several times in one job, the job fails", folder=trial.last)
        return
    for at, name, here, there in pairs:
        before = alone[name].ran
        assert before is not None  # it has outputs
        want, have = before.all_decoded(there), ran.all_decoded(here)
        for part, one in have.items():
            other = want.get(part)
            said = ["there are more files"] if other is None else differences(
                one, other, ("one use of several", "the only use")
            )  # fmt: skip
            for difference in said:
                yield Finding(
                    text=f"used several times in one job it gives something else: {difference}", case=trial.cases[at],
                    clip=name, folder=ran.folder, hint="nothing may be shared between uses: names, files, counters",
                )  # fmt: skip


def noop_is_noop(trial: Trial) -> Iterator[Finding]:
    """Where the operator says that it would give its input back, it does."""
    for name, written in trial.each_written():
        if written.ran is None:
            continue
        same = {node.origin for node in written.ran.planned.graph if node.same_as is not None}
        places = {op.path: op.outputs for op in written.ran.planned.plan.operations}
        for path in same & set(places):
            for at, outputs in written.outputs.items():
                if tuple(outputs) != places[path]:
                    continue
                made, source = _alone(written.ran, outputs[0]), trial.source_decoded(name)
                for difference in differences(made, source, ("the output", "the input")):
                    yield Finding(
                        text=f"is_noop() says that nothing is changed, and something is: {difference}",
                        clip=name, case=trial.cases[at], folder=written.ran.folder, outputs=tuple(outputs),
                    )  # fmt: skip
