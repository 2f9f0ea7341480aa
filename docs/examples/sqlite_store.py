"""A job store in SQLite: jobs outlive the process, and several processes share the work.

Each record is kept whole, as JSON, beside the columns that are looked for. `JobStoreContract` holds it to the protocol
(tests/examples/test_sqlite_store.py); a store for another database differs in little more than its SQL.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import attrs

from mediapipeline.errors import JobExistsError, JobNotFoundError, JobStoreError
from mediapipeline.jobs import Job, JobPage, JobQuery, JobStatus, check_change

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, priority INTEGER NOT NULL, created INTEGER NOT NULL,
    not_before INTEGER NOT NULL, worker TEXT, user_id TEXT, record TEXT NOT NULL
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS next_jobs ON jobs (status, priority DESC, created, id)"
_KEEP = "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_CLAIM = """
SELECT record FROM jobs WHERE status = 'pending' AND not_before <= ? ORDER BY priority DESC, created, id LIMIT 1
"""

_EVERYTHING = JobQuery()

# For each order: the columns it goes by, of which each ascends.
_ORDERS = {"oldest": ("created", "id"), "newest": ("created", "id"), "next": ("-priority", "created", "id")}


class SqliteJobStore:
    """Keeps jobs in the database file *path*. Safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        with self._transaction() as database:
            database.execute(_TABLE)
            database.execute(_INDEX)

    def close(self) -> None:
        self._database.close()

    def create(self, job: Job) -> Job:
        if job.status is not JobStatus.PENDING:
            raise JobStoreError(f"job {job.id!r} begins as pending, not as {job.status}", job=job.id)
        with self._transaction() as database:
            if _find(database, job.id) is not None:
                raise JobExistsError(job.id)
            return _keep(database, attrs.evolve(job, version=1))

    def get(self, id_: str) -> Job:
        with self._transaction() as database:
            return _get(database, id_)

    def update(self, job: Job) -> Job:
        with self._transaction() as database:
            check_change(_get(database, job.id), job)
            return _keep(database, attrs.evolve(job, version=job.version + 1))

    def list(self, query: JobQuery = _EVERYTHING) -> JobPage:
        columns = _ORDERS[query.order]
        order = ", ".join(f"{column} {'DESC' if query.order == 'newest' else 'ASC'}" for column in columns)
        where, values = _where(query)
        # Only names of columns and question marks are put into the text, nothing that somebody wrote
        sql = f"SELECT record, {', '.join(columns)} FROM jobs WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608
        with self._transaction() as database:
            rows = database.execute(sql, [*values, query.limit + 1]).fetchall()
        page = rows[: query.limit]
        cursor = json.dumps(page[-1][1:]) if len(rows) > len(page) else None
        return JobPage(jobs=tuple(_read(row[0]) for row in page), cursor=cursor)

    def delete(self, id_: str) -> None:
        with self._transaction() as database:
            if database.execute("DELETE FROM jobs WHERE id = ?", [id_]).rowcount == 0:
                raise JobNotFoundError(id_)

    def claim(self, worker: str, now: datetime) -> Job | None:
        with self._transaction() as database:
            row = database.execute(_CLAIM, [_microseconds(now)]).fetchone()
            if row is None:
                return None
            job = _read(row[0])
            return _keep(database, job.to(JobStatus.VALIDATING, now=now, worker=worker, version=job.version + 1))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One at a time, over all processes: what is read in it is still true when it is written."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _where(query: JobQuery) -> tuple[str, list[str | int]]:
    """What rows must be like, and the values of its question marks."""
    conditions, values = ["TRUE"], list[str | int]()
    if query.statuses is not None:
        conditions.append(f"status IN ({', '.join('?' * len(query.statuses))})")
        values += [str(status) for status in query.statuses]
    for column, value in (("worker", query.worker), ("user_id", query.user_id)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if query.cursor is not None:
        columns = _ORDERS[query.order]
        mark = _read_cursor(query.cursor, len(columns))
        sign = "<" if query.order == "newest" else ">"
        conditions.append(f"({', '.join(columns)}) {sign} ({', '.join('?' * len(mark))})")
        values += mark
    return " AND ".join(conditions), values


def _find(database: sqlite3.Connection, id_: str) -> Job | None:
    row = database.execute("SELECT record FROM jobs WHERE id = ?", [id_]).fetchone()
    return None if row is None else _read(row[0])


def _get(database: sqlite3.Connection, id_: str) -> Job:
    job = _find(database, id_)
    if job is None:
        raise JobNotFoundError(id_)
    return job


def _keep(database: sqlite3.Connection, job: Job) -> Job:
    rest = 0 if job.not_before is None else _microseconds(job.not_before)
    columns = [job.id, str(job.status), job.priority, _microseconds(job.created_at), rest, job.worker, job.user_id]
    database.execute(_KEEP, [*columns, json.dumps(job.to_dict())])
    return job


def _read(record: str) -> Job:
    return Job.from_dict(json.loads(record))


def _microseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000)


def _read_cursor(cursor: str, length: int) -> list[str | int]:
    try:
        mark = json.loads(cursor)
    except json.JSONDecodeError:
        mark = None
    if not isinstance(mark, list) or len(mark) != length:
        raise ValueError(f"not a cursor of this store: {cursor!r}")
    return mark
