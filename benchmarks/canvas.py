"""Handwritten characters replayed on the Draw tab's canvas in a real browser.

    python -m benchmarks.canvas --data DIR

DIR holds strokes-test.json. Each drawing is redrawn by the mouse, at a place and size by chance; what the page reads is
compared with what the network reads in the same strokes, drawn by `zoo.images.strokes` without a page. Before that,
without a page, it measures how long it takes from the strokes to an answer on one thread. With --save both numbers go
into the checkpoint's evaluation.json.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Page, Request
from tqdm import tqdm

import zoo
from benchmarks.pages import chromium, served
from demos.tabs.glyph import NETWORK
from training.data import options
from training.data.glyph import Sources
from training.measure import card
from training.measure.report import median, share
from zoo.hub.store import CHECKPOINTS
from zoo.images import strokes

PORT = 8631
ADDRESS = f"http://127.0.0.1:{PORT}"
RESTED = 700  # milliseconds after the pen was lifted, when the whole drawing has gone out
SETTLED = 0.3  # seconds with nothing asked and nothing new, after which the answer is that to the whole drawing


def placed(drawing: Sequence[strokes.Stroke], rng: np.random.Generator) -> list[np.ndarray]:
    """The strokes, scaled to a quarter of the canvas or more and moved to any place on it: (n, 2) in 0…1."""
    lines = [np.array(stroke, float) for stroke in drawing if len(stroke)]
    points = np.concatenate(lines)
    least, extent = points.min(0), np.ptp(points, axis=0)
    scale = rng.uniform(0.25, 0.9) / max(extent.max(), 1.0)
    corner = 0.03 + rng.uniform(0, 1, 2) * (0.94 - extent * scale)
    return [(line - least) * scale + corner for line in lines]


@contextmanager
def asked(page: Page) -> Iterator[set[Request]]:
    """What the page asks meanwhile and has no answer to yet."""
    waiting: set[Request] = set()

    def begun(request: Request) -> None:
        waiting.add(request)

    def ended(request: Request) -> None:
        waiting.discard(request)

    page.on("request", begun)
    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    yield waiting
    page.remove_listener("request", begun)
    page.remove_listener("requestfinished", ended)
    page.remove_listener("requestfailed", ended)


def replay(page: Page, lines: Sequence[np.ndarray]) -> str:
    """What the page reads once the mouse has drawn the strokes on its empty canvas."""
    page.get_by_role("button", name="Clear").click()
    page.locator(f"#{NETWORK.name}").wait_for(state="hidden")
    box = page.locator("#glyph-canvas canvas").bounding_box()
    assert box
    corner, size = np.array([box["x"], box["y"]]), np.array([box["width"], box["height"]])
    with asked(page) as waiting:
        for line in lines:
            on_page = line * size + corner
            page.mouse.move(*on_page[0])
            page.mouse.down()
            for point in on_page[1:]:
                page.mouse.move(*point)
            page.mouse.up()
        page.evaluate(f"new Promise(done => setTimeout(done, {RESTED}))")
        page.locator(f"#{NETWORK.name} .took").wait_for()
        seen, since = "", time.monotonic()
        while time.monotonic() < since + SETTLED:
            page.wait_for_timeout(50)
            answer = page.locator(f"#{NETWORK.name} .answer").inner_text()
            if waiting or answer != seen:
                seen, since = answer, time.monotonic()
    return page.locator(f"#{NETWORK.name} .reading").inner_text()


def main() -> None:
    parser = options.parser("benchmarks.canvas", __doc__, "data", "save")
    parser.add_argument("--count", type=int, default=180, help="of drawings (default: 180)")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    every = [drawing for drawings in Sources(args.data).drawings("test").values() for drawing in drawings]
    chosen = [every[i] for i in rng.permutation(len(every))[: args.count]]
    reader, found, times, same = zoo.load(NETWORK.name, threads=1), [], [], []
    for drawing in [*chosen[:5], *chosen]:  # the first warm up
        start = time.perf_counter()
        found += reader.read([strokes.draw(drawing)])
        times.append(1000 * (time.perf_counter() - start))
    found, times = found[5:], times[5:]
    with (
        tempfile.TemporaryDirectory() as scratch,
        served(["app.py"], ADDRESS, GRADIO_SERVER_PORT=str(PORT), GRADIO_TEMP_DIR=scratch),
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(ADDRESS)
        page.get_by_role("tab", name="Draw").click()
        for drawing, alone in zip(tqdm(chosen, "drawings"), found, strict=True):
            same.append(replay(page, placed(drawing, rng)) == (alone.text if alone.status != "empty" else "—"))
    command = "python -m benchmarks.canvas --data DIR"
    quick = "ms from strokes to answer on one thread, median"
    rows = [
        share("glyph-test", "same answer to strokes replayed on the canvas", same, command=command),
        median("glyph-test", quick, times, command=command),
    ]
    if args.save:
        card.keep(CHECKPOINTS / NETWORK.name, rows)
    for row in rows:
        print(f"{row.measure}: {row.value:.4g} of {row.count}, 95 % interval {row.interval}")


if __name__ == "__main__":
    main()
