"""Computes the jobs of demos.api.jobs, one after the other, as a process of its own.

    python -m demos.api.worker

The app starts one worker and ends it when it ends; more may be started by hand.
"""

import argparse
import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from demos.api.jobs import Job, Jobs
from demos.api.request import Request, check
from demos.grid_view import sets
from zoo import InputError, grid
from zoo.grid import mosaic

BEAT = 3.0  # seconds between two renewals of a lease
LONGEST = 1800.0  # seconds that a job may take
IDLE = 1.0  # seconds between two looks for a job
IMAGE, PAGE, TABLE = FILES = ("image.jpg", "page.html", "table.csv")

log = logging.getLogger(__name__)


def compute(jobs: Jobs, job: Job) -> None:
    """Computes a claimed job: its files and facts, or the reason why there are none."""
    with _leased(jobs, job.key):
        try:
            facts = arrange(jobs, job)
            jobs.update(job.key, status="done", facts=json.dumps(facts, ensure_ascii=False))
        except InputError as error:
            jobs.update(job.key, status="error", reason=str(error))
        except Exception:  # the worker goes on with the next job
            log.exception("job %s failed", job.key)
            jobs.update(job.key, status="error", reason="The computation failed; the server's log says why.")
    jobs.tidy()


@contextmanager
def _leased(jobs: Jobs, key: str) -> Iterator[None]:
    """Renews a job's lease; ends the process if the job takes longer than LONGEST."""
    over, end = threading.Event(), time.monotonic() + LONGEST

    def renew() -> None:
        while not over.wait(BEAT):
            if time.monotonic() > end:
                reason = f"It took longer than {LONGEST / 60:.0f} minutes; try fewer pictures or another layout."
                jobs.update(key, status="error", reason=reason)
                os._exit(1)  # nothing else ends a computation; the app starts another worker
            jobs.renew(key)

    beat = threading.Thread(target=renew, daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()


def arrange(jobs: Jobs, job: Job) -> dict[str, Any]:
    """Writes the files of a job; returns the facts about them."""
    reported = 0.0

    def report(stage: str, done: int, total: int) -> None:
        nonlocal reported
        if time.monotonic() - reported > 0.3 or done == 0:
            reported = time.monotonic()
            jobs.update(job.key, stage=stage, done=done, total=total)

    request = job.request
    pictures = grid.find(_source(jobs, request, report))
    if request.dataset not in ("", *sets.BY_NAME):  # the server checked uploads
        check(pictures, request, jobs.limits)
    found = grid.arrange(
        pictures, request.rows, request.cols, request.embedder or None, request.layout, progress=report
    )
    image = mosaic.montage(pictures, found, progress=report)
    with tempfile.TemporaryDirectory(dir=jobs.uploads, suffix=".part") as scratch:
        part = Path(scratch) / job.key
        part.mkdir()
        image.save(part / IMAGE, quality=90)
        (part / PAGE).write_text(mosaic.page(pictures, found, "Glyphzoo", image), encoding="utf-8")
        (part / TABLE).write_text(mosaic.table(pictures, found), encoding="utf-8")
        shutil.rmtree(jobs.folder(job.key), ignore_errors=True)
        part.rename(jobs.folder(job.key))
    return mosaic.facts(pictures, found) | {"embedded": found.fresh}


def _source(jobs: Jobs, request: Request, progress: grid.Progress) -> Path:
    if request.upload:
        return jobs.upload(request)
    if request.dataset in sets.BY_NAME:
        return sets.folder(sets.BY_NAME[request.dataset], progress)
    return grid.fetch(request.dataset, jobs.limits.unpacked, jobs.limits.count, jobs.dataset(request))


@asynccontextmanager
async def running(_: object) -> AsyncIterator[None]:
    """The lifespan of an app: a worker runs; if it dies, another one is started."""
    over = threading.Event()
    supervisor = threading.Thread(target=_supervise, args=(over,), daemon=True)
    supervisor.start()
    yield
    over.set()
    await run_in_threadpool(supervisor.join, 15)


def _supervise(over: threading.Event) -> None:
    while not over.is_set():
        command = [sys.executable, "-m", "demos.api.worker", "--parent", str(os.getpid())]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        while process.poll() is None and not over.wait(0.5):
            pass
        if over.is_set():
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        over.wait(1)  # a worker that cannot start is not restarted without a pause


def _end_with(parent: int) -> None:
    """Ends this process at once when its parent is gone; its job's lease runs out then."""
    while os.getppid() == parent:
        time.sleep(BEAT)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demos.api.worker", description=__doc__.split("\n")[0])
    parser.add_argument("--parent", type=int, help="number of the process that this one shall not outlive")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends it without a traceback
    if args.parent:
        threading.Thread(target=_end_with, args=(args.parent,), daemon=True).start()
    jobs = Jobs()
    jobs.tidy()
    while True:
        try:
            job = jobs.claim()
        except sqlite3.OperationalError as error:  # another process holds the table
            log.warning("%s", error)
            job = None
        if job:
            compute(jobs, job)
        else:
            time.sleep(IDLE)


if __name__ == "__main__":
    main()
