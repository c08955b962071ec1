"""Arrangements that are computed in the background: what was asked for, how far it is, and what came of it.

huey's queue on SQLite hands a job to a worker once and forgets it. A table beside it remembers: a worker that computes
a job holds a lease and renews it; a job whose lease ran out, because its worker was killed, is queued again, and goes
on from the vectors that were kept.
"""

import hashlib
import json
import logging
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from huey import SqliteHuey

from demos import sets
from zoo import InputError, grid, store
from zoo.grid import mosaic

LEASE = 15.0  # seconds
BEAT = 3.0  # seconds between renewals
TRIES = 3  # a job that breaks off that often is given up
KEPT = 500  # jobs: of older ones the files are deleted
MOST_PICTURES = 20_000
MOST_BYTES = 2_000 * 2**20  # of all pictures together
IMAGE, PAGE, TABLE = FILES = ("image.jpg", "page.html", "table.csv")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What shall be arranged, and how.

    Attributes:
        upload: the SHA-256 of a zip that was uploaded, or "".
        dataset: else one of demos.sets by its short name, or a data set on the Hub.
        embedder: a name, or "" for the default.
        layout: one of zoo.grid.LAYOUTS.
        rows, cols: of the grid; None for about square.
    """

    upload: str = ""
    dataset: str = ""
    embedder: str = ""
    layout: str = grid.LAYOUTS[0]
    rows: int | None = None
    cols: int | None = None

    @property
    def key(self) -> str:
        """The same for the same wish."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Job:
    """A wish and what became of it.

    Attributes:
        key: of the wish.
        wish: itself.
        status: "pending", "running", "done" or "error".
        stage, done, total: what is being computed, how much of it is done, and of how much.
        reason: why there is an error.
        facts: about what was computed.
        tries: how often it was begun.
    """

    key: str
    wish: Wish
    status: str
    stage: str
    done: int
    total: int
    reason: str
    facts: dict[str, Any]
    tries: int


class Full(Exception):
    """Too many jobs wait."""


class Jobs:
    """The jobs of a home, by default GLYPHZOO_HOME/jobs; any number of processes may share it."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or store.home() / "jobs"
        self.uploads = self.home / "uploads"
        self.uploads.mkdir(parents=True, exist_ok=True)
        self.queue = SqliteHuey("jobs", filename=str(self.home / "queue.sqlite"), results=False)
        with self._table() as table:
            table.execute("PRAGMA journal_mode=WAL")
            table.execute(
                "CREATE TABLE IF NOT EXISTS jobs (key TEXT PRIMARY KEY, wish TEXT, status TEXT, stage TEXT DEFAULT '', "
                "done INT DEFAULT 0, total INT DEFAULT 0, reason TEXT DEFAULT '', facts TEXT DEFAULT '{}', "
                "tries INT DEFAULT 0, lease REAL DEFAULT 0, made REAL)"
            )

        def compute(key: str) -> None:
            self.compute(key)

        self._enqueue = self.queue.task()(compute)

    @contextmanager
    def _table(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.home / "jobs.sqlite", timeout=60, isolation_level=None)) as table:
            yield table

    def _set(self, key: str, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        with self._table() as table:
            table.execute(f"UPDATE jobs SET {names} WHERE key = ?", (*values.values(), key))

    def folder(self, key: str) -> Path:
        """Where what a job gives is."""
        return self.home / "results" / key

    def get(self, key: str) -> Job | None:
        """The job of that key, if there is one."""
        with self._table() as table:
            row = table.execute(
                "SELECT key, wish, status, stage, done, total, reason, facts, tries FROM jobs WHERE key = ?", (key,)
            ).fetchone()
        return Job(row[0], Wish(**json.loads(row[1])), *row[2:7], json.loads(row[7]), row[8]) if row else None

    def submit(self, wish: Wish, most: int, upload: Path | None = None) -> Job:
        """The wish's job: the one that there is already, unless it failed, else a new one, which takes the upload.

        Raises:
            Full: `most` others wait.
        """
        with self._table() as table, table:  # which commits, or takes all back
            table.execute("BEGIN IMMEDIATE")
            known = table.execute("SELECT status FROM jobs WHERE key = ?", (wish.key,)).fetchone()
            if new := known in (None, ("error",)):
                waiting = table.execute("SELECT count(*) FROM jobs WHERE status = 'pending'").fetchone()[0]
                if waiting >= most:
                    raise Full
                table.execute(
                    "INSERT OR REPLACE INTO jobs (key, wish, status, made) VALUES (?, ?, 'pending', ?)",
                    (wish.key, json.dumps(asdict(wish)), time.time()),
                )
                if upload:
                    upload.rename(self._zip(wish))
        if new:
            self._enqueue(wish.key)
        job = self.get(wish.key)
        assert job
        return job

    def revive(self) -> None:
        """Queues what waits and is in no queue any more, and what no worker computes any more."""
        queued = {task.args[0] for task in self.queue.pending()}
        with self._table() as table:
            lost = table.execute(
                "SELECT key, tries FROM jobs WHERE status = 'pending' OR (status = 'running' AND lease < ?)",
                (time.time(),),
            ).fetchall()
        for key, tries in lost:
            if tries >= TRIES:
                self._set(key, status="error", reason=f"The computation broke off {tries} times; try fewer pictures.")
            elif key not in queued:
                self._enqueue(key)

    def _claim(self, key: str) -> bool:
        with self._table() as table:
            found = table.execute(
                "UPDATE jobs SET status = 'running', tries = tries + 1, lease = ? "
                "WHERE key = ? AND (status = 'pending' OR (status = 'running' AND lease < ?))",
                (time.time() + LEASE, key, time.time()),
            )
            return found.rowcount == 1

    @contextmanager
    def _leased(self, key: str) -> Iterator[None]:
        over = threading.Event()

        def renew() -> None:
            while not over.wait(BEAT):
                self._set(key, lease=time.time() + LEASE)

        beat = threading.Thread(target=renew, daemon=True)
        beat.start()
        try:
            yield
        finally:
            over.set()
            beat.join()

    def compute(self, key: str) -> None:
        """What a worker does with a job that the queue gave it, unless another does it already."""
        job = self.get(key)
        if not job or not self._claim(key):
            return
        with self._leased(key):
            try:
                facts = self._arrange(job)
                self._set(key, status="done", facts=json.dumps(facts, ensure_ascii=False))
            except InputError as error:
                self._set(key, status="error", reason=str(error))
            except Exception:  # the worker goes on to the next job, and the log says what happened to this one
                log.exception("job %s failed", key)
                self._set(key, status="error", reason="The computation failed; the server's log says why.")
        self._tidy()

    def _arrange(self, job: Job) -> dict[str, Any]:
        told = 0.0

        def tell(stage: str, done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told > 0.3 or done == 0:
                told = time.monotonic()
                self._set(job.key, stage=stage, done=done, total=total)

        wish = job.wish
        pictures = grid.find(self._source(wish, tell))
        if len(pictures) > MOST_PICTURES:
            raise InputError(f"{wish.dataset} holds {len(pictures):,} pictures; {MOST_PICTURES:,} are taken.")
        found = grid.arrange(pictures, wish.rows, wish.cols, wish.embedder or None, wish.layout, progress=tell)
        whole = mosaic.montage(pictures, found, progress=tell)
        self.folder(job.key).parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.home) as scratch:
            part = Path(scratch) / job.key
            part.mkdir()
            whole.save(part / IMAGE, quality=90)
            (part / PAGE).write_text(mosaic.page(pictures, found, "Glyphzoo", whole), encoding="utf-8")
            (part / TABLE).write_text(mosaic.table(pictures, found), encoding="utf-8")
            shutil.rmtree(self.folder(job.key), ignore_errors=True)
            part.rename(self.folder(job.key))
        return {
            "pictures": len(found.kept),
            "embedded": found.fresh,
            "embedder": found.embedder,
            "rows": found.rows,
            "cols": found.cols,
            "quality": asdict(found.quality),
            "random": asdict(found.random),
            "seconds": dict(found.seconds),
            "skipped": {**pictures.skipped, **found.skipped},
        }

    def _zip(self, wish: Wish) -> Path:
        return self.uploads / f"{wish.upload}.zip"

    def _source(self, wish: Wish, tell: grid.Progress) -> Path:
        if wish.upload:
            return self._zip(wish)
        return (
            sets.folder(sets.BY_NAME[wish.dataset], tell) if wish.dataset in sets.BY_NAME else grid.fetch(wish.dataset)
        )

    def _tidy(self) -> None:
        """Deletes uploads that no job waits for, and the oldest jobs beyond KEPT."""
        with self._table() as table, table:  # which commits, or takes all back
            table.execute("BEGIN IMMEDIATE")
            unfinished = table.execute("SELECT wish FROM jobs WHERE status IN ('pending', 'running')").fetchall()
            wanted = {self._zip(Wish(**json.loads(wish))) for (wish,) in unfinished}
            for path in set(self.uploads.glob("*.zip")) - wanted:
                path.unlink(missing_ok=True)
            old = table.execute(
                "SELECT key FROM jobs WHERE status IN ('done', 'error') ORDER BY made DESC LIMIT -1 OFFSET ?", (KEPT,)
            ).fetchall()
            table.executemany("DELETE FROM jobs WHERE key = ?", old)
        for (key,) in old:
            shutil.rmtree(self.folder(key), ignore_errors=True)
