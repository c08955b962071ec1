"""A real server and a real browser."""

import base64
import inspect
import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

# At import gradio writes a .pyi beside each component anew, for over a second, unless it finds no source
with patch.object(inspect, "getfile", side_effect=FileNotFoundError):
    import gradio  # noqa: F401

from tests.demos.pictures import bad_files

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(command: Sequence[str], port: int, log: Path, **env: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A server of ours, once it answers; it must outlive all that the tests throw at it, and is stopped at the end."""
    with log.open("a") as out:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=os.environ | env, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(f"http://127.0.0.1:{port}", process, log)
        yield process
        assert process.poll() is None, f"the server died:\n{log.read_text()}"
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:  # it waits for the connections of clients that never hang up
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `python app.py`."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    env = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(folder), "HF_HUB_OFFLINE": "1"}
    with serving(["app.py"], port, folder / "log.txt", **env):
        yield f"http://127.0.0.1:{port}"


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 90) -> None:
    """Returns once the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


def _visits(tab: str, ready: str) -> Callable[[BrowserContext, str], Iterator["Visit"]]:
    """A fixture that opens the page on a tab, where no request may leave this machine and no script may fail."""

    def visit(context: BrowserContext, server: str) -> Iterator["Visit"]:
        with Visit(context, server, tab, ready) as opened:
            yield opened

    return pytest.fixture(visit)


visit = _visits("Captcha", "#captcha-read")
draw_tab = _visits("Draw", "#glyph-canvas canvas")
persian_tab = _visits("Persian", "#persian-picture")
words_tab = _visits("Words", "#words-picture")
letters_tab = _visits("Letters", "#letters-files")
memorization_tab = _visits("Memorisation", "#memorization")


def shown_in(place: Locator) -> np.ndarray:
    """The picture that a page shows, float (H, W, 3)."""
    source = place.locator("img").get_attribute("src") or ""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGB"), float)


def refuses_bad_files(page: Page, tab: str, upload: Callable[[Page, str, bytes], None]) -> None:
    """Each bad file gets its sentence in place of an answer, which goes when the file is taken away."""
    problem = page.locator(f"#{tab}-message [role=alert]")
    for name, (file, data, sentence) in bad_files().items():
        upload(page, file, data)
        expect(problem, name).to_contain_text(sentence)
        expect(page.locator(f"#{tab}-answers"), name).to_be_hidden()
        expect(page.locator(".toast-wrap .error"), name).to_have_count(0)
        page.locator(f"#{tab}-picture").get_by_label("Remove Image").click()
        expect(problem, name).to_have_count(0)


def paper_of(page: Page, theme: str, path: Path) -> float:
    """The brightness of the page's paper, 0…1, which must be its theme's; a picture of the page is left."""
    shot = Image.open(io.BytesIO(page.screenshot(path=path, full_page=True)))
    paper = float(np.asarray(shot.convert("L"))[:, 2].mean()) / 255
    assert paper < 0.2 if theme == "dark" else paper > 0.8
    return paper


WIDTHS = 390, 1280  # pixels: a phone's and a desk's


def at_each_width(page: Page) -> Iterator[int]:
    """The widths, once the page has each, where it may not scroll sideways."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not scrolls_sideways(page), width
        yield width


def papers(page: Page, folder: Path) -> Iterator[tuple[int, float]]:
    """The widths, and the brightness of the page's paper as `paper_of` tells it, at each light and dark."""
    for width in at_each_width(page):
        for theme in ("light", "dark"):
            page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", theme == "dark")
            yield width, paper_of(page, theme, folder / f"{width}-{theme}.png")


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


class Visit:
    """Pages of one test, and what they asked of the world."""

    def __init__(self, context: BrowserContext, server: str, tab: str, ready: str) -> None:
        self.context, self.server, self.tab, self.ready = context, server, tab, ready
        self.strangers: list[str] = []
        self.failures: list[str] = []
        self.pages: list[Page] = []

    def __call__(self, width: int = 1280, theme: str = "light") -> Page:
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        self.pages.append(page)
        page.set_default_timeout(30_000)
        page.on("request", self._watch)
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        page.goto(f"{self.server}/?__theme={theme}")
        page.locator("[role=tab]").first.wait_for()
        if not (own := page.get_by_role("tab", name=self.tab)).is_visible():  # there is no room for all on a phone
            page.get_by_label("More tabs").click()
            own = page.locator(".overflow-dropdown").get_by_text(self.tab)
        own.click()
        page.locator(self.ready).hover(trial=True)  # there, and no longer covered
        return page

    def _watch(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        for page in self.pages:
            page.close()
        assert self.strangers == self.failures == []
