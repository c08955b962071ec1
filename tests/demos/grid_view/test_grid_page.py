"""The grid's page as a person uses it: a real server, a real browser."""

import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, TimeoutError, expect

from benchmarks import grid_page
from demos.grid_view import sets
from tests.conftest import new_home
from tests.demos.conftest import free_port, serving
from zoo import grid
from zoo.grid import sort

FOLDER = "A folder of this machine"
COUNT = 256  # pictures of a set: they are arranged and read in a quarter of the time
UNREAD = "reader="  # in an address: no network is to read the pictures
HUES = {"red": (220, 40, 40), "green": (40, 180, 60), "blue": (50, 70, 210)}


@pytest.fixture(scope="module")
def pages_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page keeps what it drew and computed: at first its sets, with fewer pictures than they have else."""
    home = new_home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLYPHZOO_HOME", str(home))
        patch.setattr(sets, "COUNT", COUNT)
        for name in ("A thousand drawn captchas", "Drawn letters and digits"):
            sets.folder(name)
    return home


@contextmanager
def opened(home: Path, *flags: str) -> Iterator[str]:
    """The address of the page, started with some flags of its own."""
    port = free_port()
    command = [*grid_page.SERVER, "--server.address=127.0.0.1", f"--server.port={port}", "--logger.enableRich=false"]
    log = home / f"log-{port}.txt"
    with serving([*command, "--", *flags], port, log, GLYPHZOO_HOME=str(home), HF_HUB_OFFLINE="1"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def address(pages_home: Path) -> Iterator[str]:
    """The page's address."""
    with opened(pages_home) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 1300})  # all of the grid is in sight
    page.set_default_timeout(60_000)
    strangers: list[str] = []
    failures: list[str] = []
    page.on("request", lambda r: strangers.append(r.url) if "127.0.0.1" not in r.url and "://" in r.url else None)
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    page.close()
    assert strangers == [] and failures == []


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    """Forty-eight pictures of three colours, and a file that is none."""
    rng = np.random.default_rng(0)
    path = tmp_path / "colours.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, hue in HUES.items():
            for i in range(16):
                buffer = io.BytesIO()
                pixels = np.clip(np.array(hue) + rng.normal(0, 12, (24, 24, 3)), 0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
                archive.writestr(f"{name}/{i:02} *a* <i>b & :red[c].png", buffer.getvalue())
        archive.writestr("../out *a* <i>b.png", b"leads out")
        archive.writestr("broken.png", b"no picture")
    return path


def ready(page: Page) -> None:
    """Returns once the grid shows its pictures."""
    try:
        page.wait_for_selector(".grid[data-ready]", timeout=240_000)
    except TimeoutError:
        pytest.fail(f"the grid shows no pictures; the page says:\n{page.inner_text('body')}")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def table(page: Page) -> list[dict[str, str]]:
    """The rows of the table that the page gives."""
    page.wait_for_selector("[data-test-script-state=notRunning]")  # a run that is under way would take the file back
    with page.expect_download() as started:
        page.get_by_role("button", name="Table").click()
    with Path(started.value.path()).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_first_visit_shows_captchas(page: Page, address: str) -> None:
    page.goto(address)
    ready(page)
    expect(page.get_by_text("Neighbours alike")).to_be_visible()
    expect(page.get_by_text("random 0.", exact=False).first).to_be_visible()
    expect(page.get_by_text("Cost over the least", exact=True)).to_be_visible()
    [(_, x, y)] = grid_page.spots(page, 1)
    grid_page.hover(page, x, y)
    said = f"captcha-seq2seq: {page.locator('.card strong').inner_text()}"
    expect(page.locator(".card em")).to_contain_text(said, timeout=120_000)  # once all are read


def test_other_pictures_have_another_reader(page: Page, address: str) -> None:
    page.goto(f"{address}/?pictures=Drawn+letters+and+digits")
    ready(page)
    [(_, x, y)] = grid_page.spots(page, 1)
    grid_page.hover(page, x, y)
    expect(page.locator(".card em")).to_contain_text("glyph-efficientnet: ", timeout=120_000)


def test_a_zip_is_shown_named_and_taken_away(page: Page, address: str, zipped: Path) -> None:
    page.goto(f"{address}/?pictures=A+zip+of+pictures")
    expect(page.get_by_text("Name some pictures")).to_be_visible()
    choose(page, "Alike by", "colours and edges (no network)")
    # last: Streamlit forgets an upload that is begun just before a run, and this field comes with the last one
    choose(page, "Pictures", "A zip of pictures")
    page.locator("input[type=file]").set_input_files(zipped)
    ready(page)
    page.get_by_text("2 files were left out").click()
    expect(page.get_by_text("../out *a* <i>b.png")).to_be_visible()
    page.get_by_text("2 files were left out").click()
    expect(page.get_by_text("../out *a* <i>b.png")).to_be_hidden()
    page.locator(".grid canvas").scroll_into_view_if_needed()  # what was clicked stands below the grid
    name, x, y = next(grid_page.spots(page, 1))
    assert grid_page.hover(page, x, y) == name
    card = page.locator(".card")
    assert name.split("/")[0] == card.locator("strong").inner_text() and name.split("/")[0] in HUES
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(500)
    assert card.locator("span").inner_text() == name
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text(f"{name} · 0.00")).to_be_visible()
    assert len(table(page)) == 48
    canvas = page.locator(".grid canvas")
    escape = partial(canvas.press, "Escape")
    escape()
    expect(page.get_by_text(f"{name} · 0.00")).to_have_count(0)
    for clear in (page.get_by_role("button", name="Clear selection").click, escape):
        canvas.scroll_into_view_if_needed()
        edge = canvas.bounding_box()
        assert edge
        page.keyboard.down("Shift")
        page.mouse.move(edge["x"] + 5, edge["y"] + 5)
        page.mouse.down()
        page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2, steps=4)
        page.mouse.up()
        page.keyboard.up("Shift")
        expect(page.get_by_text(re.compile(r"Selected: \d+ pictures"))).to_be_visible()
        chosen = table(page)
        assert 0 < len(chosen) < 48 and {row["row"] for row in chosen} == {"0", "1", "2", "3"}
        clear()
        expect(page.get_by_text("Take it away")).to_be_visible()
    page.get_by_role("combobox", name="Alike by").fill("resnet1800")
    page.get_by_role("combobox", name="Alike by").press("Enter")
    expect(page.get_by_text("There is no embedder 'resnet1800'")).to_be_visible(timeout=60_000)


def test_a_connection_that_breaks_off_is_tried_again(page: Page, address: str) -> None:
    tried: list[str] = []

    def break_off(route: Route) -> None:
        tried.append(route.request.url)
        if len(tried) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/data.json", break_off)
    page.goto(f"{address}/?{UNREAD}")
    ready(page)
    assert len(tried) == 2 and page.locator(".problem").is_hidden()


def test_every_place_names_its_picture_after_zooming_too(
    page: Page, pages_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, count = tmp_path / "many.zip", 3_000
    grid_page.write(pictures, count)
    # sorting so many takes its time: the page finds them arranged at random
    monkeypatch.setenv("GLYPHZOO_HOME", str(pages_home))
    monkeypatch.setattr(sort, "arrange", lambda vectors, *_: np.random.default_rng(1).permutation(len(vectors)))
    grid.arrange(grid.find(pictures), embedder="colour", layout="sorted")
    with opened(pages_home, "--local-folders") as address:
        page.goto(f"{address}{grid_page.link(pictures)}&{UNREAD}")
        ready(page)
        assert len(grid_page.shown(page)["names"]) == count
        page.wait_for_timeout(1000)
        for name, x, y in list(grid_page.spots(page, 6)):
            assert grid_page.hover(page, x, y) == name
            page.mouse.wheel(0, -1200)
            assert grid_page.hover(page, x, y) == name
            page.mouse.down()
            page.mouse.up()
            expect(page.get_by_text(f"{name} · 0.00")).to_be_visible()
            page.locator(".grid canvas").press("Escape")
        page.close()


def test_a_folder_of_the_machine_wants_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.testing.v1 import AppTest  # takes a second to import

    # Streamlit puts the page in its place, and every process that is spawned later would run that
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    def shown(*flags: str) -> AppTest:
        monkeypatch.setattr("sys.argv", ["grid.py", *flags])
        app = AppTest.from_file(str(grid_page.PAGE), default_timeout=60)
        app.query_params["pictures"] = "A zip of pictures" if not flags else FOLDER
        app.query_params["folder"] = "/nowhere/at/all"
        return app.run()

    closed, opened = shown(), shown("--local-folders")
    assert FOLDER not in closed.selectbox[0].options and "--local-folders" in closed.selectbox[0].help
    assert not closed.exception and not closed.error
    assert FOLDER in opened.selectbox[0].options
    assert "/nowhere/at/all does not exist" in opened.error[0].value.replace("\\", "")  # which Markdown shows as text


def test_an_address_shows_no_folder(page: Page, address: str, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    page.goto(f"{address}/?{urlencode({'pictures': FOLDER, 'folder': tmp_path})}&{UNREAD}")
    ready(page)
    assert len(grid_page.shown(page)["names"]) == COUNT, "what is shown without being asked for"
