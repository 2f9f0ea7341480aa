"""The bench of bugs: every broken operator is found by the check that names its fault."""

from __future__ import annotations

import pytest

from kit.bug import verdict
from kit.bugs_foreseen import FORESEEN
from kit.bugs_sought import SOUGHT

_BUGS = {**FORESEEN, **SOUGHT}


@pytest.mark.parametrize("name", list(_BUGS))
def test_a_broken_operator_is_found(name: str) -> None:
    bug = _BUGS[name]
    said = verdict(bug.contract(), bug.check)
    assert bug.words in said


def test_the_bench_is_large_enough() -> None:
    assert len(FORESEEN) >= 20
    assert len(SOUGHT) >= 10
