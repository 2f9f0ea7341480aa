"""How a value is refused: with problems whose paths are relative to the value."""

from __future__ import annotations

from collections.abc import Iterable

from mediapipeline.errors import Problem, pointer

__all__ = ["Rejected"]


class Rejected(ValueError):
    """A value is not of the type that was declared; `problems` say why.

    It travels from where the fault is to whoever asked, and every level adds its part of the path.
    """

    problems: tuple[Problem, ...]
    likely: bool
    """Whether the hint names what was meant, so that other readings of the value are beside the point."""

    def __init__(self, problems: Iterable[Problem], *, likely: bool = False) -> None:
        self.problems = tuple(problems)
        self.likely = likely
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @classmethod
    def because(cls, code: str, message: str, hint: str | None = None, *, likely: bool = False) -> Rejected:
        """One problem with the value itself."""
        return cls((Problem("", code, message, hint),), likely=likely)

    def below(self, *parts: str | int) -> list[Problem]:
        """The problems as seen from further up."""
        base = pointer("", *parts)
        return [Problem(base + p.path, p.code, p.message, p.hint, p.kind) for p in self.problems]
