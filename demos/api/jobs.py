"""The queue of jobs: one SQLite table, shared by the server and any number of workers.

A worker claims a job with a lease and renews it while it computes. When a worker is killed, its lease runs out and
another worker claims the job.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from demos.api.request import Limits, Request
from zoo.hub import store

LEASE = 15.0  # seconds
TRIES = 3  # claims, after which a job is given up
KEPT = 500  # finished jobs; files of older ones are deleted
KEPT_SETS = 3  # fetched data sets, besides those that unfinished jobs need
STALE = 3600.0  # seconds after which a half-written file is abandoned
COLUMNS = "key, request, status, stage, done, total, reason, facts"


@dataclass(frozen=True)
class Job:
    """A request and its progress."""

    key: str  # of the request
    request: Request
    status: str  # "pending", "running", "done" or "error"
    stage: str  # what is being computed
    done: int  # steps of the stage
    total: int  # steps of the stage
    reason: str  # sentence that explains an error
    facts: dict[str, Any]  # about the finished arrangement


class Full(Exception):
    """Too many jobs are pending."""


class Jobs:
    """The jobs and their files in `home`, by default GLYPHZOO_HOME/jobs."""

    def __init__(self, home: Path | None = None, limits: Limits | None = None) -> None:
        self.home = home or store.home() / "jobs"
        self.limits = limits or Limits()
        self.uploads, self.results, self.sets = (self.home / name for name in ("uploads", "results", "sets"))
        for folder in (self.uploads, self.results, self.sets):
            folder.mkdir(parents=True, exist_ok=True)
        with self._connection() as table:
            table.execute("PRAGMA journal_mode=WAL")
            table.execute(
                "CREATE TABLE IF NOT EXISTS jobs (key TEXT PRIMARY KEY, request TEXT, status TEXT, "
                "stage TEXT DEFAULT '', done INT DEFAULT 0, total INT DEFAULT 0, reason TEXT DEFAULT '', "
                "facts TEXT DEFAULT '{}', tries INT DEFAULT 0, lease REAL DEFAULT 0, made REAL)"
            )

    def _connection(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.home / "requests.sqlite", timeout=60, isolation_level=None))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits at the end, or rolls back on an error; no other process writes meanwhile."""
        with self._connection() as table, table:
            table.execute("BEGIN IMMEDIATE")
            yield table

    def folder(self, key: str) -> Path:
        """The folder of a job's results."""
        return self.results / key

    def upload(self, request: Request) -> Path:
        """The uploaded zip of a request."""
        return self.uploads / f"{request.upload}.zip"

    def dataset(self, request: Request) -> Path:
        """The folder of a request's data set of the Hub."""
        return self.sets / request.dataset.replace("/", "--")

    def get(self, key: str) -> Job | None:
        """The job with that key, if there is one."""
        with self._connection() as table:
            row = table.execute(f"SELECT {COLUMNS} FROM jobs WHERE key = ?", (key,)).fetchone()
        return _job(row) if row else None

    def update(self, key: str, **values: Any) -> None:
        """Sets columns of a job."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self._connection() as table:
            table.execute(f"UPDATE jobs SET {names} WHERE key = ?", (*values.values(), key))

    def full(self) -> bool:
        """Whether no further job is accepted."""
        with self._connection() as table:
            waiting: int = table.execute("SELECT count(*) FROM jobs WHERE status = 'pending'").fetchone()[0]
        return waiting >= self.limits.waiting

    def submit(self, request: Request, upload: Path | None = None) -> Job:
        """Returns the job of a request. An unknown or failed request becomes a new job, which takes over the upload.

        Raises:
            Full: too many other jobs are pending.
        """
        with self._transaction() as table:
            known = table.execute("SELECT status FROM jobs WHERE key = ?", (request.key,)).fetchone()
            if known in (None, ("error",)):
                if self.full():
                    raise Full
                table.execute(
                    "INSERT OR REPLACE INTO jobs (key, request, status, made) VALUES (?, ?, 'pending', ?)",
                    (request.key, json.dumps(asdict(request)), time.time()),
                )
                if upload:
                    upload.rename(self.upload(request))
        job = self.get(request.key)
        assert job
        return job

    def claim(self) -> Job | None:
        """Leases the oldest job that is pending or was lost by its worker; None if there is none.

        A job that was lost TRIES times is given up.
        """
        now = time.time()
        with self._transaction() as table:
            reason = f"The computation broke off {TRIES} times; try fewer pictures."
            table.execute(
                "UPDATE jobs SET status = 'error', reason = ? WHERE status = 'running' AND lease < ? AND tries >= ?",
                (reason, now, TRIES),
            )
            row = table.execute(
                "UPDATE jobs SET status = 'running', tries = tries + 1, lease = ? WHERE key = (SELECT key FROM jobs "
                "WHERE status = 'pending' OR (status = 'running' AND lease < ?) ORDER BY made LIMIT 1) "
                f"RETURNING {COLUMNS}",
                (now + LEASE, now),
            ).fetchone()
        return _job(row) if row else None

    def renew(self, key: str) -> None:
        """Extends the lease of a job."""
        self.update(key, lease=time.time() + LEASE)

    def tidy(self) -> None:
        """Deletes files that no job needs, half-written files, and the oldest jobs beyond KEPT."""
        results = [*self.results.iterdir()]  # listed before the table is read: newer ones are in use
        stale = [path for path in self.uploads.glob("*.part") if _age(path) > STALE]
        fetched = sorted(self.sets.iterdir(), key=_age)
        with self._transaction() as table:
            unfinished = table.execute("SELECT request FROM jobs WHERE status IN ('pending', 'running')").fetchall()
            requests = [Request(**json.loads(request)) for (request,) in unfinished]
            table.execute(
                "DELETE FROM jobs WHERE key IN (SELECT key FROM jobs WHERE status IN ('done', 'error') "
                "ORDER BY made DESC LIMIT -1 OFFSET ?)",
                (KEPT,),
            )
            known = {key for (key,) in table.execute("SELECT key FROM jobs")}
            needed = {self.dataset(request) for request in requests}
            old = {*self.uploads.glob("*.zip")} - {self.upload(request) for request in requests}
            old |= {path for path in results if path.name not in known}
            old |= {*stale, *[path for path in fetched if path not in needed][KEPT_SETS:]}
            for path in old:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _job(row: tuple[Any, ...]) -> Job:
    key, request, *progress, facts = row
    return Job(key, Request(**json.loads(request)), *progress, json.loads(facts))


def _age(path: Path) -> float:
    """Seconds since a file or folder was changed; 0 if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
