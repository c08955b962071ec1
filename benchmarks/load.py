"""Many clients at once on the app's interface for programs.

    python -m benchmarks.load                  64 clients for five minutes, then more at once than may wait

Every client sends captchas that were drawn for it, one after the other, and compares each answer with what the network
says when it is asked alone. Memory is that of the server's process and all that it started.
"""

import json
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

import zoo
from benchmarks.pages import served
from benchmarks.peers import png
from demos.grid_view.sets import captchas
from training.data import options

ADDRESS = "http://127.0.0.1:7869"
NETWORK = "captcha-seq2seq"
PICTURES = 64
FLAT = 0.2  # of the time has passed before memory is compared with that at the end


def read(client: httpx2.Client, picture: bytes) -> str:
    """What the app reads in a picture; "refused" where too many wait.

    Raises:
        RuntimeError, httpx2.HTTPError: anything else than an answer.
    """
    [path] = client.post("/gradio_api/upload", files={"files": ("captcha.png", picture)}).raise_for_status().json()
    data = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    asked = client.post("/gradio_api/call/read_captcha", json=data)
    if asked.status_code == 503:
        return "refused"
    event = asked.raise_for_status().json()["event_id"]
    with client.stream("GET", f"/gradio_api/call/read_captcha/{event}") as lines:
        kind = ""
        for line in lines.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "complete":
                answer: dict[str, Any] = json.loads(line.removeprefix("data: "))[0]
                return str(answer[NETWORK]["text"])
            elif line.startswith("data: ") and kind == "error":
                raise RuntimeError(line)
    raise RuntimeError("the stream ended without an answer")


def memory(process: int) -> int:
    """Bytes of memory that a process and those it started hold."""
    status = Path(f"/proc/{process}/status").read_text()
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return own * 1024 + sum(memory(int(child)) for child in children)


class Visitors:
    """Clients that ask until their time is over, and what became of it."""

    def __init__(self, pictures: list[bytes], expected: list[str]) -> None:
        self.pictures, self.expected = pictures, expected
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.lock = threading.Lock()

    def ask(self, client: httpx2.Client, number: int) -> None:
        """One question, and its outcome: right, wrong, refused or the name of what went wrong."""
        start = time.perf_counter()
        try:
            found = read(client, self.pictures[number % len(self.pictures)])
            outcome = found if found == "refused" else "wrong"
            outcome = "right" if found == self.expected[number % len(self.pictures)] else outcome
        except (httpx2.HTTPError, RuntimeError) as error:
            outcome = type(error).__name__
        with self.lock:
            self.outcomes[outcome] += 1
            self.seconds.append(time.perf_counter() - start)

    def visit(self, number: int, end: float, most: int | None = None) -> None:
        """Asks until `end`, or that often."""
        with httpx2.Client(base_url=ADDRESS, trust_env=False, timeout=120) as client:
            turn = 0
            while time.monotonic() < end and turn != most:
                self.ask(client, number + turn)
                turn += 1


def main() -> None:
    parser = options.parser("benchmarks.load", __doc__)
    parser.add_argument("--clients", type=int, default=64, help="at once (default: 64)")
    parser.add_argument("--seconds", type=float, default=300, help="that they ask for (default: 300)")
    parser.add_argument("--burst", type=int, default=400, help="clients that ask once, all together (default: 400)")
    args = parser.parse_args()
    drawn = [picture for picture, _ in zip(captchas(), range(PICTURES), strict=False)]
    pictures = [png(picture) for picture, _ in drawn]
    expected = [found.text for found in zoo.load(NETWORK).read(pictures)]
    port = ADDRESS.rsplit(":", 1)[1]
    with (
        tempfile.TemporaryDirectory() as scratch,
        served(["app.py"], ADDRESS, GRADIO_SERVER_PORT=port, GRADIO_TEMP_DIR=scratch) as process,
    ):
        crowd = Visitors(pictures, expected)
        crowd.visit(0, time.monotonic() + 120, most=1)  # loads the networks
        crowd = Visitors(pictures, expected)
        end, held = time.monotonic() + args.seconds, []
        with ThreadPoolExecutor(args.clients) as threads:
            for number in range(args.clients):
                threads.submit(crowd.visit, number, end)
            while time.monotonic() < end:
                held.append(memory(process.pid))
                time.sleep(1)
        early, late = held[int(FLAT * len(held))], float(np.median(held[-max(len(held) // 10, 1) :]))
        print(f"{args.clients} clients, {args.seconds:.0f} s: {dict(crowd.outcomes)}")
        half, most = np.percentile(crowd.seconds, [50, 95])
        print(f"seconds from picture to answer: median {half:.2f}, p95 {most:.2f}")
        print(f"memory: {early / 2**20:.0f} MB, at the end {late / 2**20:.0f} MB ({late / early - 1:+.1%})")
        burst = Visitors(pictures, expected)
        with ThreadPoolExecutor(args.burst) as threads:
            list(threads.map(lambda number: burst.visit(number, time.monotonic() + 60, 1), range(args.burst)))
        print(f"{args.burst} at once: {dict(burst.outcomes)}")


if __name__ == "__main__":
    main()
