"""The example host with threads: jobs share the cores, and end when they are told to."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from mediapipeline.errors import JobError
from mediapipeline.executor.events import Event, StepFinished, StepStarted
from mediapipeline.testing import DryRunExecutor, make_clip
from thread_host import Cancelled, Work


def document(name: str, source: str = "in.mp4") -> dict[str, object]:
    return {
        "inputs": [{"id": "in", "source": source}],
        "operations": [{"op": "scale", "input": "in", "output": "small", "params": {"width": 32}}],
        "outputs": [{"id": "small", "destination": name}],
    }


@pytest.fixture
def media(tmp_path: Path) -> Path:
    make_clip(tmp_path / "in.mp4", audio=1, video_codec="libx264")
    return tmp_path


def test_jobs_of_several_threads_share_the_cores(media: Path) -> None:
    lock = threading.Lock()
    running = most = 0

    class Watching(Work):
        def start(self, doc):
            ticket = super().start(doc)
            heard = ticket.heard

            def counted(event: Event) -> None:
                nonlocal running, most
                with lock:
                    running += event.cpus if isinstance(event, StepStarted) else 0
                    most = max(most, running)
                    running -= 1 if isinstance(event, StepFinished) else 0
                heard(event)

            ticket.heard = counted  # type: ignore[method-assign]  # to look at it
            return ticket

    with Watching(media, threads=4, cpus=1) as work:
        tickets = [work.start(document(f"{n}.mkv")) for n in range(4)]
        results = [ticket.result(60) for ticket in tickets]
    assert most == 1, "four jobs in four threads, one core"
    assert [ticket.progress for ticket in tickets] == [1] * 4
    assert sorted(result.outputs["small"].path.name for result in results) == [f"{n}.mkv" for n in range(4)]


def test_a_job_is_cancelled_from_another_thread(media: Path) -> None:
    with Work(media, threads=1) as work:
        first, second = threading.Event(), threading.Event()

        class Slow(DryRunExecutor):
            def run(self, plan, *, on_event=None, **options):
                def heard(event: Event) -> None:
                    first.set()
                    second.wait(20)
                    on_event(event)

                return super().run(plan, on_event=heard, **options)

        executor = Slow(base_dir=media)
        work.executor = executor
        running, waiting = work.start(document("a.mkv")), work.start(document("b.mkv"))
        assert first.wait(20)
        waiting.cancel()
        running.cancel()
        second.set()
        with pytest.raises(Cancelled):
            running.result(20)
        with pytest.raises(CancelledError):
            waiting.result(20)
    assert [run.outcome for run in executor.runs] == [None]


def test_what_is_wrong_with_a_job_comes_out_of_its_ticket(media: Path) -> None:
    with Work(media) as work, pytest.raises(JobError) as caught:
        work.start(document("out", "gone.mp4")).result(20)
    assert {problem.code for problem in caught.value.problems} == {"unknown-container", "missing-input"}
