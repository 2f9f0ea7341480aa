"""The example store keeps the contract, across processes too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import planning
from mediapipeline.jobs import JobQuery, JobRunner, JobStatus, JobStore
from mediapipeline.testing import DryRunExecutor, JobStoreContract
from sqlite_store import SqliteJobStore


class TestSqliteJobStore(JobStoreContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Iterator[None]:
        self.path = tmp_path
        self.stores: list[SqliteJobStore] = []
        yield
        for store in self.stores:
            store.close()

    def make_store(self) -> JobStore:
        self.stores.append(SqliteJobStore(self.path / f"jobs-{len(self.stores)}.sqlite"))
        return self.stores[-1]


WORKER = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
import planning
from mediapipeline.jobs import JobRunner
from mediapipeline.testing import DryRunExecutor
from sqlite_store import SqliteJobStore

store = SqliteJobStore(Path({database!r}))
JobRunner(planner=planning.planner(), executor=DryRunExecutor(), store=store, worker_id={name!r}, poll=0.05).run()
"""


def test_processes_share_the_work(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    database = str(tmp_path / "jobs.sqlite")
    store = SqliteJobStore(Path(database))
    runner = JobRunner(planner=planning.planner(), executor=DryRunExecutor(), store=store)
    for number in range(12):
        clip = {"id": "in", "source": "in.mp4"}
        runner.submit({"inputs": [clip], "outputs": [{"id": "o", "input": "in", "destination": f"{number}.mkv"}]})
    paths = [str(root / "tests"), str(root / "docs" / "examples")]
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER.format(paths=paths, database=database, name=name)])
        for name in ("one", "two")
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    jobs = store.list(JobQuery(limit=100)).jobs
    assert [job.status for job in jobs] == [JobStatus.COMPLETED] * 12
    assert {job.worker for job in jobs} <= {"one", "two"}
    assert all(job.plan is not None and job.result is not None for job in jobs)
    store.close()
