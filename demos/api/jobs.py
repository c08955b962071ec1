"""Arrangements that are computed in the background: what was asked for, how far it is, and what came of it.

huey's queue on SQLite hands a job to a worker once and forgets it. A table beside it remembers: a worker that computes
a job holds a lease and renews it; a job whose lease ran out, because its worker was killed, is queued again, and goes
on from the vectors that were kept.
"""

import hashlib
import io
import json
import logging
import os
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
from PIL import Image

from demos.grid_view import sets
from zoo import InputError, grid
from zoo.grid import mosaic
from zoo.grid.arrangement import shape
from zoo.hub import store
from zoo.images import preprocess

LEASE = 15.0  # seconds
BEAT = 3.0  # seconds between renewals
LONGEST = 1800.0  # seconds that a job may take
TRIES = 3  # a job that breaks off that often is given up
KEPT = 500  # jobs: of older ones the files are deleted
KEPT_SETS = 3  # data sets of the Hub, beside those that jobs wait for
STALE = 3600.0  # seconds after which what is half written is no one's any more
SIDE = 1000  # rows or columns, at most
MB = 2**20
IMAGE, PAGE, TABLE = FILES = ("image.jpg", "page.html", "table.csv")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What shall be arranged, and how.

    Attributes:
        upload: the SHA-256 of a zip that was uploaded, or "".
        dataset: else one of demos.grid_view.sets by its short name, or a data set on the Hub.
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


@dataclass(frozen=True)
class Limits:
    """What may be asked for at most.

    Attributes:
        upload: bytes of a whole request.
        unpacked: bytes of all files of a zip or a data set.
        count: pictures.
        pixels: of all pictures together.
        waiting: jobs that wait already.
    """

    upload: int = 200 * MB
    unpacked: int = 2_000 * MB
    count: int = 20_000
    pixels: int = 4_000_000_000
    waiting: int = 20


class TooMuch(InputError):
    """More pictures or pixels than are taken."""


class Full(Exception):
    """Too many jobs wait."""


class Jobs:
    """The jobs of a home, by default GLYPHZOO_HOME/jobs; any number of processes may share it."""

    def __init__(self, home: Path | None = None, limits: Limits | None = None) -> None:
        self.home = home or store.home() / "jobs"
        self.limits = limits or Limits()
        self.uploads, self.results, self.sets = (self.home / name for name in ("uploads", "results", "sets"))
        for folder in (self.uploads, self.results, self.sets):
            folder.mkdir(parents=True, exist_ok=True)
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
        return self.results / key

    def get(self, key: str) -> Job | None:
        """The job of that key, if there is one."""
        with self._table() as table:
            row = table.execute(
                "SELECT key, wish, status, stage, done, total, reason, facts, tries FROM jobs WHERE key = ?", (key,)
            ).fetchone()
        return Job(row[0], Wish(**json.loads(row[1])), *row[2:7], json.loads(row[7]), row[8]) if row else None

    def full(self) -> bool:
        """Whether as many jobs wait as may."""
        with self._table() as table:
            return self._full(table)

    def _full(self, table: sqlite3.Connection) -> bool:
        waiting: int = table.execute("SELECT count(*) FROM jobs WHERE status = 'pending'").fetchone()[0]
        return waiting >= self.limits.waiting

    def submit(self, wish: Wish, upload: Path | None = None) -> Job:
        """The wish's job: the one that there is already, unless it failed, else a new one, which takes the upload.

        Raises:
            Full: too many others wait.
        """
        with self._table() as table, table:  # which commits, or takes all back
            table.execute("BEGIN IMMEDIATE")
            known = table.execute("SELECT status FROM jobs WHERE key = ?", (wish.key,)).fetchone()
            if new := known in (None, ("error",)):
                if self._full(table):
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
        over, end = threading.Event(), time.monotonic() + LONGEST

        def renew() -> None:
            while not over.wait(BEAT):
                if time.monotonic() > end:
                    reason = f"It took longer than {LONGEST / 60:.0f} minutes; try fewer pictures or another layout."
                    self._set(key, status="error", reason=reason)
                    os._exit(1)  # nothing else ends a computation; another worker follows
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
        self.tidy()

    def _arrange(self, job: Job) -> dict[str, Any]:
        told = 0.0

        def tell(stage: str, done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told > 0.3 or done == 0:
                told = time.monotonic()
                self._set(job.key, stage=stage, done=done, total=total)

        wish = job.wish
        pictures = grid.find(self._source(wish, tell))
        if wish.dataset not in ("", *sets.BY_NAME):  # uploads were checked when they came
            check(pictures, wish, self.limits)
        found = grid.arrange(pictures, wish.rows, wish.cols, wish.embedder or None, wish.layout, progress=tell)
        whole = mosaic.montage(pictures, found, progress=tell)
        with tempfile.TemporaryDirectory(dir=self.uploads, suffix=".part") as scratch:
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

    def _set_folder(self, wish: Wish) -> Path:
        return self.sets / wish.dataset.replace("/", "--")

    def _source(self, wish: Wish, tell: grid.Progress) -> Path:
        if wish.upload:
            return self._zip(wish)
        if wish.dataset in sets.BY_NAME:
            return sets.folder(sets.BY_NAME[wish.dataset], tell)
        return grid.fetch(wish.dataset, self.limits.unpacked, self.limits.count, self._set_folder(wish))

    def tidy(self) -> None:
        """Deletes what no job waits for, what was left half written, and the oldest jobs beyond KEPT."""
        there = [*self.results.iterdir()]  # looked at before the table: what comes later is in use
        parts = [path for path in self.uploads.glob("*.part") if _age(path) > STALE]
        fetched = sorted(self.sets.iterdir(), key=_age)
        with self._table() as table, table:  # which commits, or takes all back
            table.execute("BEGIN IMMEDIATE")
            unfinished = table.execute("SELECT wish FROM jobs WHERE status IN ('pending', 'running')").fetchall()
            wishes = [Wish(**json.loads(wish)) for (wish,) in unfinished]
            for path in set(self.uploads.glob("*.zip")) - {self._zip(wish) for wish in wishes}:
                path.unlink(missing_ok=True)
            table.execute(
                "DELETE FROM jobs WHERE key IN (SELECT key FROM jobs WHERE status IN ('done', 'error') "
                "ORDER BY made DESC LIMIT -1 OFFSET ?)",
                (KEPT,),
            )
            known = {key for (key,) in table.execute("SELECT key FROM jobs")}
            wanted = {self._set_folder(wish) for wish in wishes}
            old = [path for path in fetched if path not in wanted][KEPT_SETS:]
            old += parts + [path for path in there if path.name not in known]
            for path in old:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Seconds since a file or folder was changed; 0 where it is gone by now."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def check(pictures: grid.Pictures, wish: Wish, most: Limits) -> None:
    """Looks at what pictures say of themselves, before any is decoded.

    Raises:
        TooMuch: there are too many, or too large ones.
        InputError: the grid that is wished does not suit them.
    """
    if len(pictures) > most.count:
        raise TooMuch(f"There are {len(pictures):,} pictures; {most.count:,} are taken.")
    check_grid(len(pictures), wish)
    total = 0
    for name in pictures.names:
        total += _pixels(pictures, name)
        if total > most.pixels:
            raise TooMuch(f"The pictures have more than {most.pixels:,} pixels together; send fewer or smaller.")


def check_grid(count: int, wish: Wish) -> None:
    """Raises InputError where that many pictures do not suit the rows and columns that are wished."""
    rows, cols = shape(count, wish.rows, wish.cols)
    if max(rows, cols) > SIDE:
        raise InputError(f"A grid of {rows} × {cols} is too long; {SIDE} rows and columns are taken.")


def _pixels(pictures: grid.Pictures, name: str) -> int:
    """A picture's pixels as its header says; 0 where it will be left out anyway."""
    try:
        with Image.open(io.BytesIO(pictures.read(name))) as picture:
            pixels = picture.width * picture.height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0
    return pixels if pixels <= preprocess.MAX_PIXELS else 0
