"""A job whose clip comes from the example store, and whose outputs go there, on real media."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bucket import Buckets
from mediapipeline import Executor, Planner
from mediapipeline.errors import ExecutionError, JobError
from mediapipeline.jobs import Job, JobRunner, JobStatus
from mediapipeline.sources import Publisher, Resolver, SourcePolicy
from mediapipeline.testing import make_clip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_clip(tmp_path / "store" / "clips" / "a b.mp4", audio=1, video_codec="libx264")
    for name in ("work", "local"):
        (tmp_path / name).mkdir()
    return tmp_path


def run(root: Path, document: dict[str, object], **options: object) -> Job:
    buckets = Buckets(root / "store", **options)  # type: ignore[arg-type]  # of a test
    policy = SourcePolicy.untrusted(
        [root / "local"], output_roots=[root / "local"], resolvers=[buckets], publishers=[buckets]
    )
    runner = JobRunner(
        planner=Planner(policy=policy), executor=Executor(policy=policy), work_dir=root / "work", poll=0.1
    )  # fmt: skip
    assert runner.submit(document, id="a").status is JobStatus.PENDING
    assert Planner(policy=policy).validate(document).valid
    runner.run()
    assert list((root / "work").iterdir()) == []
    return runner.store.get("a")


def document(
    source: str = "bucket://clips/a%20b.mp4", destination: str = "bucket://made/x/out.mkv"
) -> dict[str, object]:
    return {
        "inputs": [{"id": "in", "source": source}],
        "operations": [{"op": "trim", "input": "in", "output": "part", "params": {"duration": "0.5s"}}],
        "outputs": [
            {"id": "remote", "input": "part", "destination": destination},
            {"id": "folder", "input": "part", "destination": "local.mp4"},
        ],
    }


def test_they_are_what_they_say() -> None:
    assert isinstance(Buckets(Path()), Resolver)
    assert isinstance(Buckets(Path()), Publisher)


def test_fetched_run_and_published(root: Path) -> None:
    job = run(root, document())
    assert job.error is None
    assert job.result is not None
    assert job.plan is not None
    assert job.plan.inputs[0].source == "bucket://clips/a%20b.mp4"
    stored = root / "store" / "made" / "x" / "out.mkv"
    assert [file.name for file in stored.parent.iterdir()] == ["out.mkv"]
    assert stored.stat().st_size == job.result.outputs["remote"].size
    assert job.result.outputs["remote"].destination == "bucket://made/x/out.mkv"
    assert (root / "local" / "local.mp4").exists()


@pytest.mark.parametrize(
    ("source", "destination", "options", "said"),
    [
        ("bucket://clips/none.mp4", "bucket://made/o.mkv", {}, "there is no object 'none.mp4'"),
        ("bucket://clips/a%20b.mp4", "bucket://clips/a%20b.mp4", {}, "already"),
        ("bucket://clips/../../secret.mp4", "bucket://made/o.mkv", {}, "names no object"),
        ("bucket://clips/%2e%2e/%2e%2e/x.mp4", "bucket://made/o.mkv", {}, "names no object"),
        ("bucket://clips/a%20b.mp4", "bucket://made/o.mkv", {"largest": 100}, "larger than the 100 bytes"),
    ],
)
def test_what_cannot_be_fetched_or_stored(root: Path, source: str, destination: str, options, said: str) -> None:
    before = (root / "store" / "clips" / "a b.mp4").read_bytes()
    job = run(root, document(source, destination), **options)
    assert job.status is JobStatus.FAILED
    with pytest.raises((ExecutionError, JobError), match=said):
        raise job.failure or AssertionError
    assert (root / "store" / "clips" / "a b.mp4").read_bytes() == before
    assert not (root / "store" / "made").exists() or list((root / "store" / "made").iterdir()) == []


def test_a_failure_that_may_pass_says_so(root: Path) -> None:
    folder = root / "store" / "made"
    folder.write_text("in the way")
    with pytest.raises(ExecutionError) as caught:
        asyncio.run(Buckets(root / "store").fetch("bucket://made/x", root / "work" / "x"))
    assert caught.value.retryable
