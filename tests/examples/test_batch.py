"""Two hundred jobs on two workers, and the example program on real clips."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import batch
import planning
from mediapipeline.executor.events import StepStarted
from mediapipeline.jobs import Job, JobRunner, JobStatus, RetryPolicy
from mediapipeline.testing import DryRunExecutor, clip_info, make_clip

COUNT = 200


def test_two_hundred_jobs(tmp_path: Path) -> None:
    executors: dict[str, DryRunExecutor] = {}
    changes: list[Job] = []
    runner: JobRunner

    class Executors(DryRunExecutor):
        """An executor of its own for each attempt, so that one job can be told from another."""

        def start(self, plan, **options):
            source = plan.inputs[0].source
            executor = DryRunExecutor()
            if source == "17.mp4" and source not in executors:
                executor.fail(error="No space left on device", retryable=True)
            if source == "42.mp4":
                executor.hang()
            executors[source] = executor
            return executor.start(plan, **options)

    def on_event(id_: str, event: object) -> None:
        if id_ == "job-42" and isinstance(event, StepStarted):
            runner.cancel(id_)

    clips = {f"{number}.mp4": clip_info(duration="2s") for number in range(COUNT)}
    runner = JobRunner(
        planner=planning.planner(clips), executor=Executors(), workers=2, poll=0.05,
        retry=RetryPolicy(first=RetryPolicy().first / 100), on_change=changes.append, on_event=on_event,
    )  # fmt: skip
    for number in range(COUNT):
        document = batch.job(Path(f"{number}.mp4"), Path("out"))
        runner.submit(document, id=f"job-{number}", priority=number % 3)
    runner.run()

    jobs = batch.every_job(runner)
    assert len(jobs) == COUNT
    by_id = {job.id: job for job in jobs}
    assert batch.report(jobs) == {JobStatus.COMPLETED: COUNT - 1, JobStatus.CANCELLED: 1}
    assert by_id["job-42"].status is JobStatus.CANCELLED
    assert by_id["job-42"].result is None
    assert (by_id["job-17"].status, by_id["job-17"].retries) == (JobStatus.COMPLETED, 1)
    assert {job.retries for job in jobs if job.id != "job-17"} == {0}
    assert all(job.progress == 1 and job.result is not None for job in jobs if job.id != "job-42")

    begun = [by_id[job.id].priority for job in changes if job.status is JobStatus.VALIDATING and job.retries == 0]
    assert begun == sorted(begun, reverse=True), "the greatest priority first"
    first = [job.id for job in changes if job.status is JobStatus.VALIDATING and job.priority == 2]
    fresh = list(dict.fromkeys(first))
    assert fresh == sorted(fresh, key=lambda name: int(name[4:])), "of equal ones the oldest first"

    running = most = 0
    for before, job in zip([None, *changes], changes, strict=False):
        running += job.status is JobStatus.VALIDATING
        running -= job.terminal
        most = max(most, running if before else 0)
    assert 1 <= most <= 2, "no more at a time than there are workers"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    clip = make_clip(tmp_path / "in" / "a.mp4", audio=1, video_codec="libx264")
    shutil.copy(clip, clip.with_name("b.mp4"))
    return tmp_path / "in", tmp_path / "out"


def test_the_program(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    source, target = folders
    assert batch.main([str(source), str(target)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 completed"
    (source / "c.mp4").write_text("no clip")
    assert batch.main([str(source), str(target), "--workers", "1"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "2 completed, 1 failed"
    assert "c.mp4: 1 problem in the job" in said.err
    assert sorted(file.name for file in target.iterdir()) == ["a.mp4", "b.mp4"]
