"""Computes the jobs of demos.api.jobs, one after the other, as a process of its own.

    python -m demos.api.worker

The app starts one and ends it with itself; more may be started by hand.
"""

import argparse
import logging
import os
import sqlite3
import threading
import time

from demos.api.jobs import BEAT, Jobs


def watch(jobs: Jobs, parent: int | None) -> None:
    """Queues lost jobs again and again, and ends this process when the parent is gone."""
    while parent is None or os.getppid() == parent:
        try:
            jobs.revive()
        except sqlite3.OperationalError as error:  # another process holds the tables; next time, then
            logging.warning("%s", error)
        time.sleep(BEAT)
    os._exit(1)  # at once, as the parent did; the job's lease runs out and it is queued again


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demos.api.worker", description=__doc__.split("\n")[0])
    parser.add_argument("--parent", type=int, help="number of the process that this one shall not outlive")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    jobs = Jobs()
    jobs.tidy()
    threading.Thread(target=watch, args=(jobs, args.parent), daemon=True).start()
    jobs.queue.create_consumer(workers=1, periodic=False, max_delay=1.0).run()


if __name__ == "__main__":
    main()
