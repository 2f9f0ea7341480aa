"""What an executor offers to its host besides running: staged files, spans, bounded threads, kept workspaces."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from mediapipeline import Executor
from mediapipeline.errors import ExecutionError, OutputError, SourceNotAllowedError
from mediapipeline.sources import Staged
from mediapipeline.spec.foreign import explain_field


def test_staged_files_stand_for_what_the_plan_names(bench) -> None:
    plan = bench.plan("a.mp4")
    plan = attrs.evolve(
        plan,
        inputs=(attrs.evolve(plan.inputs[0], source="s3://bucket/in.mp4"),),
        outputs=(attrs.evolve(plan.outputs[0], destination="s3://bucket/out.mp4"),),
    )
    with pytest.raises(SourceNotAllowedError):
        bench.executor().run(plan)
    staged = Staged(inputs={"in": bench.clip}, outputs={"a": bench.out / "staged.mp4"})
    result = bench.executor().run(plan, staged=staged)
    assert result.outputs["a"].path == bench.out / "staged.mp4"
    assert result.outputs["a"].destination == "s3://bucket/out.mp4"
    bench.assert_left("staged.mp4")
    with pytest.raises(ExecutionError, match="cannot be read"):
        bench.executor().run(plan, staged=attrs.evolve(staged, inputs={"in": bench.out / "gone.mp4"}))


def test_spans(bench) -> None:
    spans: list[tuple[str, str]] = []
    ended: list[str] = []

    @contextmanager
    def trace(name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        spans.append((name.removeprefix("mediapipeline."), str(attributes.get("step.id", attributes.get("output.id")))))
        try:
            yield
        except BaseException as error:
            ended.append(f"{name}: {type(error).__name__}")
            raise

    bench.executor(trace=trace).run(bench.plan("a.mp4"))
    assert spans == [("run", "None"), ("step", "write-a"), ("verify", "a"), ("publish", "None")]
    with pytest.raises(OutputError):
        bench.executor(trace=trace).run(
            bench.plan("b.mp4", outputs=(bench.output("b.mp4", expectation=bench.loose("audio")),))
        )
    assert ended == ["mediapipeline.verify: OutputError", "mediapipeline.run: OutputError"]


def test_runs_of_many_threads_need_few_more(bench) -> None:
    """Each has a loop of its own, and what blocks has threads that all loops share."""
    count = 12
    executor = bench.executor(cpus=2)
    most = before = threading.active_count()

    def on_event(event: object) -> None:
        nonlocal most
        most = max(most, threading.active_count())

    plans = [bench.plan(f"n{number}.mp4") for number in range(count)]
    hosts = [threading.Thread(target=executor.run, args=(plan,), kwargs={"on_event": on_event}) for plan in plans]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()
    assert most - before <= count + min(32, (os.cpu_count() or 1) + 4) + 2 * 2
    bench.assert_left(*(f"n{number}.mp4" for number in range(count)))


def test_the_workspace_of_a_failed_run_is_kept_if_asked_for(bench, caplog) -> None:
    bad = bench.plan("a.mp4", outputs=(bench.output("a.mp4", expectation=bench.loose("audio")),))
    with caplog.at_level(logging.WARNING, logger="mediapipeline"), pytest.raises(OutputError):
        bench.executor(keep_workspace="on_failure").run(bad)
    (kept,) = bench.out.iterdir()
    assert kept.name.startswith(".mediapipeline-kept-")
    assert [record.getMessage() for record in caplog.records] == [f"the workspace is kept: {kept}"]
    assert [file.name for file in kept.iterdir() if file.suffix == ".mp4"] == ["final-0.mp4"]
    bench.executor(keep_workspace="on_failure").run(bench.plan("a.mp4"))
    assert sorted(entry.name for entry in bench.out.iterdir()) == [kept.name, "a.mp4"]


@pytest.mark.parametrize("wrong", [{"keep_workspace": True}, {"keep_workspace": "on-failure"}, {"verify": "none"}])
def test_words_that_mean_nothing_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="is one of"):
        Executor(**wrong)


def test_the_hint_about_workspaces_can_be_followed() -> None:
    explained = explain_field("debug")
    assert explained is not None
    call = re.search(r"Executor\(.*\)", explained.hint)
    assert call is not None
    assert eval(call[0], {"Executor": Executor})


def test_logging_is_silent_until_someone_listens() -> None:
    """Python prints warnings of libraries that nobody listens to, unless the library says not to."""
    code = "import logging, mediapipeline.errors; logging.getLogger('mediapipeline.executor').warning('heard')"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stderr == ""
    heard = subprocess.run(
        [sys.executable, "-c", f"import logging; logging.basicConfig(); {code}"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "heard" in heard.stderr
