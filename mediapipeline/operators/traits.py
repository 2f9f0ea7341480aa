"""Traits: the algebra of an operator's filters, which the optimiser's rules build on.

A trait is a promise. A wrong one makes a plan that gives other frames than the job asked for, so the test kit checks
every trait by running the operator with and without the rules that use it.
"""

from __future__ import annotations

import attrs

__all__ = ["OPAQUE", "POINTWISE", "TIMED", "Traits"]


@attrs.frozen(kw_only=True)
class Traits:
    """What is known of the filters that an operator lowers to, of those that take one stream, or one and stills.

    Attributes:
        pointwise: The pixels (samples) of a frame depend only on the pixels of that frame, and of the stills: cuts and
            changes of frame rate may cross the filter.
        timed: They also depend on the frame's time: cuts may cross the filter if each frame is told the time that it
            had there before.
    """

    pointwise: bool = False
    timed: bool = False


OPAQUE = Traits()
"""Nothing is promised; no rule moves anything across."""
POINTWISE = Traits(pointwise=True)
TIMED = Traits(timed=True)
