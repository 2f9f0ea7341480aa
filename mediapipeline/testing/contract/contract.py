"""`OperatorContract`: the tests that every operator has to pass, as a class to derive from.

Needs no pytest by itself: tests are methods that raise `AssertionError`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from mediapipeline.errors import MediaPipelineError
from mediapipeline.operators import Operator
from mediapipeline.testing.contract import algebra, declaration, effect, estimate, media, purity, text
from mediapipeline.testing.contract.failed import failed
from mediapipeline.testing.contract.finding import Finding, told
from mediapipeline.testing.contract.trial import Trial
from mediapipeline.testing.media import ClipRecipe

__all__ = ["OperatorContract"]


class OperatorContract:
    """Tests of one operator.

    Derive a class whose name begins with ``Test``, and pytest runs them all::

        class TestVignette(OperatorContract):
            operator = Vignette
            cases = [{}, {"angle": 1.2}]
            invalid = [{"angle": 9}]

    The operator is run on a dozen tiny clips (odd sizes, turned, of varying rate, ten bits, silent, …) with one FFmpeg;
    ``MEDIAPIPELINE_FFMPEG`` in the environment, or `ffmpeg`, says which. What fails says what was inferred and probed,
    and gives the job that shows it.

    Attributes:
        operator: The operator.
        cases: Parameters that it is tried with; a few that differ in what they do.
        invalid: Parameters that it has to refuse, at the parameter that is given; where several are, or it is wrong
            elsewhere, with the JSON Pointer of what is wrong: ``({"width": 0, "height": 0}, "/width")``.
        beside: Suffix and recipe of what further ports are given, by port; by default something small that suits.
        leaves_out: What it is meant to leave out of its first clip without a word: ``picture``, ``sound``,
            ``subtitles``, ``chapters``, ``tags``.
        opaque: Why it declares no trait although no case shows the need.
        unseen: Parameters of which no clip shows what they do, each with the reason.
        spared: Clips (by their names in what fails) that it is not tried on, each with the reason.
        thorough: Whether every case is run on every clip. Otherwise the plain clip has all, each other two in turn.
        ffmpeg: The FFmpeg to use; None takes the one that the library would.
    """

    operator: ClassVar[type[Operator]]
    cases: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    invalid: ClassVar[Sequence[Mapping[str, Any] | tuple[Mapping[str, Any], str]]] = ()
    beside: ClassVar[Mapping[str, tuple[str, ClipRecipe]]] = {}
    leaves_out: ClassVar[Sequence[str]] = ()
    opaque: ClassVar[str] = ""
    unseen: ClassVar[Mapping[str, str]] = {}
    spared: ClassVar[Mapping[str, str]] = {}
    thorough: ClassVar[bool] = False
    ffmpeg: ClassVar[str | Path | None] = None

    @classmethod
    @functools.cache
    def trial(cls) -> Trial:
        """The operator on trial: one for all tests of the class, so that nothing is run twice.

        Raises:
            TypeError: The class does not say what it has to, or not in the form that it has to.
        """
        if not hasattr(cls, "operator"):
            raise TypeError(f"{cls.__name__} does not say which operator it is about: operator = Vignette")
        for name in ("cases", "invalid"):
            given: object = getattr(cls, name)  # types are hints only
            if isinstance(given, Mapping | str) or not isinstance(given, Sequence):
                raise TypeError(f"{cls.__name__}: {name} is a list of sets of parameters, {name} = [{given!r}]")
        return Trial(cls.operator, cls.cases, cls.beside, cls.ffmpeg, cls.spared, thorough=cls.thorough)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Let pytest run one test for each clip."""
        if "clip" in metafunc.fixturenames:
            metafunc.parametrize("clip", self.trial().clips)

    def test_documented(self) -> None:
        self._hold("documentation", declaration.documented)

    def test_json_round_trip(self) -> None:
        self._hold("its parameters as JSON", declaration.round_trip)

    def test_invalid_is_refused(self) -> None:
        self._hold("what it refuses", lambda trial: declaration.refused(trial, self.invalid))

    def test_pure(self) -> None:
        self._hold("answers only, and always the same", purity.pure)

    def test_answers_for_the_unknown(self) -> None:
        self._hold("unknown in, unknown out", purity.answers_for_the_unknown)

    def test_inferred_is_probed(self, clip: str) -> None:
        first = clip == self.trial().first
        self._hold("what it infers is what comes out", lambda trial: media.inferred_is_probed(trial, clip), first=first)

    def test_every_case_is_accepted(self) -> None:
        self._hold("every case suits a clip", media.accepted)

    def test_every_parameter_counts(self) -> None:
        self._hold("every parameter changes something", lambda trial: effect.every_parameter_counts(trial, self.unseen))

    def test_nothing_left_out(self) -> None:
        self._hold(
            "what it does not touch passes", lambda trial: media.nothing_left_out(trial, frozenset(self.leaves_out))
        )

    def test_requirements(self) -> None:
        self._hold("what FFmpeg must have", declaration.requirements_declared)

    def test_used_twice(self) -> None:
        self._hold("several uses in one job", algebra.used_twice)

    def test_noop(self) -> None:
        self._hold("is_noop()", algebra.noop_is_noop)

    def test_traits(self) -> None:
        self._hold("traits", lambda trial: algebra.traits_are_true(trial.beside_stills, self.opaque))

    def test_optimised_is_unoptimised(self) -> None:
        self._hold("the same with the optimiser and without", algebra.optimised_is_unoptimised)

    def test_text_stays_text(self) -> None:
        self._hold("text stays text", text.text_stays_text)

    def test_estimate(self) -> None:
        self._hold("estimate()", estimate.estimates)

    def test_stays_in_its_folder(self) -> None:
        self._hold("nothing is written elsewhere", purity.stays_in_its_folder)

    def _hold(self, check: str, find: Callable[[Trial], Iterable[Finding]], *, first: bool = False) -> None:
        """Fail with what *find* finds; what is wrong with the first clip already is told by the *first* check only."""
        __tracebackhide__ = True
        trial = self.trial()
        try:
            findings = list(find(trial))
        except MediaPipelineError as error:
            findings = [failed(error, folder=trial.last)]
        if findings:
            raise AssertionError(told(trial, check, findings, () if first else trial.remembered(media.of_the_first)))
