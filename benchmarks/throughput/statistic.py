"""Medians of pairs, with how sure they are."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Sequence

import attrs

__all__ = ["Ratio", "geometric_mean"]

_DRAWS = 2000


@attrs.frozen
class Ratio:
    """The median of paired ratios, with a 95 % interval by resampling."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        """Of runs that alternated; where there are fewer of one, of those that have a partner."""
        pairs = [a / b for a, b in zip(ours, theirs, strict=False)]
        draw = random.Random(0)
        medians = sorted(statistics.median(draw.choices(pairs, k=len(pairs))) for _ in range(_DRAWS))
        return cls(statistics.median(pairs), medians[_DRAWS // 40], medians[-_DRAWS // 40])

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


def geometric_mean(values: Iterable[float]) -> float:
    """Of ratios; as far from 1 as they are, whichever way they are taken."""
    return statistics.geometric_mean(list(values))
