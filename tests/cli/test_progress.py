from __future__ import annotations

import io
import json
from fractions import Fraction

import pytest

from mediapipeline.cli import progress
from mediapipeline.cli.terminal import Terminal
from mediapipeline.executor.events import Event, RunStarted, StepProgress, event_from_dict


def test_json_lines_are_the_events(capsys):
    events: list[Event] = [
        RunStarted(steps=("ö",), outputs=("a",)),
        StepProgress(step="ö", frame=1, out_time=Fraction(1001, 30000), run_fraction=0.5),
    ]
    with progress.watching("json", Terminal.standard()) as on_event:
        for event in events:
            on_event(event)
    lines = capsys.readouterr().out.splitlines()
    assert [event_from_dict(json.loads(line)) for line in lines] == events


def test_none_is_silent(capsys):
    with progress.watching("none", Terminal.standard()) as on_event:
        on_event(RunStarted(steps=(), outputs=()))
    assert capsys.readouterr() == ("", "")


def test_lines_come_a_second_apart_at_the_least(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    err = io.StringIO()
    with progress.watching("auto", Terminal(None, err)) as on_event:
        for number in range(41):
            clock[0] = 100 + number / 10
            on_event(StepProgress(step="a", fps=25.4, speed=1.5, run_fraction=number / 40, run_eta=61.2))
    assert err.getvalue().splitlines() == [
        " 25.0 %  25 fps  1.5x  1:01 left",
        " 50.0 %  25 fps  1.5x  1:01 left",
        " 75.0 %  25 fps  1.5x  1:01 left",
        "100.0 %  25 fps  1.5x  1:01 left",
    ]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (StepProgress(step="a"), ""),
        (StepProgress(step="a", fps=0.0, run_eta=3599.6), "0 fps  1:00:00 left"),
        (StepProgress(step="a", speed=123.456, run_eta=0.0), "123x  0:00 left"),
    ],
)
def test_what_is_unknown_is_left_out(event, text):
    assert progress.rates(event) == text
