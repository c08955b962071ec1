"""The grid's page in a real browser, with many pictures: first view, exact hovering, zoom.

    python -m benchmarks.grid_page [1024 10000 100000]

For each count: seconds from an address to the picture on the screen, the first time (embedding, sorting, drawing tiles)
and when it is known (median of five new browsers); how many of 40 places name the right file, before and after zooming;
and milliseconds from a turn of the wheel to the frame that shows it (median, worst).
"""

import io
import json
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.pages import chromium, served
from training.data import options

PORT = 8629
ADDRESS = f"http://127.0.0.1:{PORT}"
PAGE = Path(__file__).parents[1] / "demos" / "grid_view" / "grid_page.py"
SERVER = ("-m", "streamlit", "run", "demos/grid.py", "--server.headless=true", "--server.fileWatcherType=none")
VISITS, PLACES = 5, 40
FRAME = """() => new Promise((done) => {
  const start = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""


def write(path: Path, count: int) -> None:
    """A zip of small pictures, each of a colour of its own."""
    rng = np.random.default_rng(count)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(count):
            buffer = io.BytesIO()
            pixels = rng.integers(0, 256, 3) + rng.normal(0, 20, (24, 24, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG")
            archive.writestr(f"{i % 10}/{i:06}.jpg", buffer.getvalue())


def visit(browser: Browser, address: str, seconds: float) -> tuple[Page, float]:
    """The page with its pictures on the screen, and the seconds until then."""
    page = browser.new_context(viewport={"width": 1280, "height": 1300}).new_page()
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".grid[data-ready]", timeout=seconds * 1000)
    page.evaluate(FRAME)
    return page, time.perf_counter() - start


def hover(page: Page, x: float, y: float) -> str:
    """The file that the card names for a place on the screen."""
    page.mouse.move(0, 0)
    page.mouse.move(x, y)
    page.wait_for_selector(".card:not([hidden])", timeout=30_000)
    return page.locator(".card span").inner_text()


def shown(page: Page) -> dict[str, Any]:
    """What the page's grid was told to show."""
    asked = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    found: dict[str, Any] = json.load(urllib.request.urlopen([url for url in asked if url.endswith("/data.json")][-1]))
    return found


def spots(page: Page, count: int) -> Iterator[tuple[str, float, float]]:
    """Files by chance, and where the middle of each lies on the screen while all is shown."""
    data, edge = shown(page), page.locator(".grid canvas").bounding_box()
    assert edge
    rows, cols, (wide, tall) = data["rows"], data["cols"], data["size"]
    scale = min(edge["width"] / (wide * cols), edge["height"] / (tall * rows))
    left = edge["x"] + (edge["width"] - wide * cols * scale) / 2
    top = edge["y"] + (edge["height"] - tall * rows * scale) / 2
    for picture in np.random.default_rng(0).choice(len(data["names"]), count, replace=False).tolist():
        row, col = divmod(data["cells"].index(picture), cols)
        yield data["names"][picture], left + (col + 0.5) * wide * scale, top + (row + 0.5) * tall * scale


def measure(browser: Browser, address: str, count: int) -> None:
    page, cold = visit(browser, address, 3600)
    known = []
    for _ in range(VISITS):
        page.context.close()
        page, seconds = visit(browser, address, 120)
        known.append(seconds)
    page.wait_for_timeout(1000)
    right, frames = 0, []
    for name, x, y in spots(page, PLACES):
        named = [hover(page, x, y)]
        for _ in range(4):
            page.mouse.wheel(0, -400)
            frames.append(page.evaluate(FRAME))
        named.append(hover(page, x, y))
        right += named == [name, name]
        page.locator(".grid canvas").press("Escape")
    page.context.close()
    print(
        f"{count:>8} {cold:8.1f} {np.median(known):8.2f} {right:>4} of {PLACES} "
        f"{np.median(frames):8.0f} {max(frames):8.0f}",
        flush=True,
    )


def link(pictures: Path) -> str:
    """The address of the page, behind its host, that shows a zip."""
    wish = {
        "pictures": "A folder of this machine",
        "folder": str(pictures),
        "alike": "colours and edges (no network)",
        "layout": "sorted into cells",
    }
    return f"/?{urlencode(wish)}"


def main() -> None:
    parser = options.parser("benchmarks.grid_page", __doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[1024, 10_000, 100_000])
    print(f"{'pictures':>8} {'first s':>8} {'known s':>8} {'right':>8} {'zoom ms':>8} {'worst':>8}")
    command = (*SERVER, "--server.address=127.0.0.1", f"--server.port={PORT}", "--", "--local-folders")
    with (
        tempfile.TemporaryDirectory() as scratch,
        served(command, f"{ADDRESS}/_stcore/health", GLYPHZOO_HOME=scratch),
        chromium() as browser,
    ):
        for count in parser.parse_args().counts:
            pictures = Path(scratch) / f"{count}.zip"
            write(pictures, count)
            measure(browser, ADDRESS + link(pictures), count)


if __name__ == "__main__":
    main()
