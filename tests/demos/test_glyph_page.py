"""The Draw tab in a real browser, used as a person uses it."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Locator, Page, expect

from tests.demos.conftest import Visit, scrolls_sideways
from tests.demos.pictures import bad_files, encoded
from zoo import catalog, strokes

pytestmark = pytest.mark.skipif("glyph-efficientnet" not in catalog.CATALOG, reason="its network is not trained yet")
Lines = Sequence[Sequence[tuple[float, float]]]
ROUND = [(0.5 + 0.3 * np.sin(a), 0.5 - 0.4 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 24)]
DRAWINGS: dict[str, Lines] = {
    "7": [[(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)]],
    "L": [[(0.3, 0.1), (0.3, 0.9), (0.7, 0.9)]],
    "T": [[(0.2, 0.1), (0.8, 0.1)], [(0.5, 0.1), (0.5, 0.9)]],
    "X": [[(0.2, 0.1), (0.8, 0.9)], [(0.8, 0.1), (0.2, 0.9)]],
    "E": [[(0.8, 0.1), (0.2, 0.1), (0.2, 0.9), (0.8, 0.9)], [(0.2, 0.5), (0.7, 0.5)]],
    "O": [ROUND],
}


@pytest.fixture
def page(visit: Visit) -> Page:
    return opened(visit)


def opened(visit: Visit, width: int = 1280, theme: str = "light") -> Page:
    page = visit(width, theme)
    page.get_by_role("tab", name="Draw").click()
    page.locator("#glyph-canvas canvas").wait_for()
    return page


def draw(page: Page, lines: Lines, side: float = 0.8, corner: tuple[float, float] = (0.1, 0.1)) -> None:
    """Draws with the mouse on a square part of the canvas, a stroke after the other."""
    box = page.locator("#glyph-canvas canvas").bounding_box()
    assert box
    for line in lines:
        places = [
            (box["x"] + box["width"] * (corner[0] + side * x), box["y"] + box["height"] * (corner[1] + side * y))
            for x, y in line
        ]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()


def reading(page: Page) -> Locator:
    return page.locator("#glyph-efficientnet .reading")


def verdict(page: Page) -> Locator:
    return page.locator("#glyph-efficientnet .verdict")


def upload(page: Page, name: str, data: bytes) -> None:
    if not page.locator("#glyph-picture").is_visible():
        page.get_by_role("button", name="Or take a picture of one").click()
    page.locator("#glyph-picture input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )


def test_it_reads_while_one_draws(page: Page) -> None:
    expect(page.locator("#glyph-answers")).to_be_hidden()
    box = page.locator("#glyph-canvas canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 300, steps=30)
    expect(reading(page)).to_be_visible()
    page.mouse.move(box["x"] + 260, box["y"] + 300, steps=30)
    expect(reading(page)).to_have_text("L")
    page.mouse.up()
    expect(verdict(page)).to_contain_text("Sure")
    expect(page.locator("#glyph-efficientnet .bars li")).to_have_count(5)
    expect(page.locator("#glyph-efficientnet .looked img")).to_have_count(1)
    expect(page.locator("#glyph-seen img")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#glyph-answers")).to_be_hidden()


@pytest.mark.parametrize("character", DRAWINGS)
def test_place_and_size_do_not_matter(page: Page, character: str) -> None:
    for side, corner in ((0.8, (0.1, 0.1)), (0.25, (0.02, 0.02)), (0.3, (0.6, 0.65))):
        draw(page, DRAWINGS[character], side, corner)
        expect(reading(page)).to_have_text("0" if character == "O" and reading(page).inner_text() == "0" else character)
        page.get_by_role("button", name="Clear").click()
        expect(page.locator("#glyph-answers")).to_be_hidden()


def test_what_has_the_same_shape_is_named(page: Page) -> None:
    draw(page, DRAWINGS["O"])
    expect(page.locator("#glyph-efficientnet .said .note")).to_contain_text("have the same shape")
    assert {"0", "O"} <= set(page.locator("#glyph-efficientnet .said .note").inner_text().split())
    page.get_by_role("button", name="Clear").click()
    draw(page, DRAWINGS["E"])
    expect(reading(page)).to_have_text("E")
    expect(page.locator("#glyph-efficientnet .said .note")).to_have_count(0)


def test_a_scribble_is_no_character(page: Page) -> None:
    rng = np.random.default_rng(3)
    draw(page, [[(float(x), float(y)) for x, y in rng.uniform(0, 1, (30, 2))]])
    expect(verdict(page)).to_contain_text("Not sure")


def picture(ink: str, paper: str, size: tuple[int, int], corner: tuple[int, int], side: int, pen: int) -> Image.Image:
    """A 7 on a sheet."""
    sheet = Image.new("RGB", size, paper)
    places = [(corner[0] + side * x, corner[1] + side * y) for x, y in DRAWINGS["7"][0]]
    ImageDraw.Draw(sheet).line(places, ink, pen, "curve")
    return sheet


PICTURES = {
    "dark on light": picture("black", "white", (200, 200), (20, 20), 160, 14),
    "light on dark": picture("#ffd", "#123", (200, 200), (20, 20), 160, 14),
    "small and off-centre": picture("navy", "#eee", (640, 480), (500, 380), 60, 5),
    "a hair line in a large picture": picture("black", "white", (1600, 1600), (200, 200), 1200, 6),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_a_character_is_read(page: Page, name: str) -> None:
    upload(page, "seven.png", encoded(PICTURES[name], "PNG"))
    expect(reading(page)).to_have_text("7")
    expect(verdict(page)).to_contain_text("Sure")


def test_bad_files_get_a_sentence_and_the_page_goes_on(page: Page) -> None:
    for name, (file, data, sentence) in bad_files().items():
        upload(page, file, data)
        expect(page.locator("#glyph-message [role=alert]"), name).to_contain_text(sentence)
        expect(page.locator("#glyph-answers"), name).to_be_hidden()
        page.locator("#glyph-picture").get_by_label("Remove Image").click()
        expect(page.locator("#glyph-message [role=alert]"), name).to_have_count(0)
    draw(page, DRAWINGS["7"])
    expect(reading(page)).to_have_text("7")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits(visit: Visit, width: int, theme: str, tmp_path: Path) -> None:
    page = opened(visit, width, theme)
    draw(page, DRAWINGS["E"])
    page.locator("#glyph-efficientnet .looked img").wait_for()
    assert not scrolls_sideways(page)
    shot = Image.open(io.BytesIO(page.screenshot(path=tmp_path / f"{width}-{theme}.png", full_page=True)))
    paper = np.asarray(shot.convert("L"))[:, 2].mean() / 255
    assert paper < 0.2 if theme == "dark" else paper > 0.8


def test_the_study_shows_what_is_taken_for_what(page: Page) -> None:
    study = page.locator("#glyph-study")
    expect(study.get_by_role("row").filter(has_text="EfficientNet-B0").first).to_be_visible()
    cell = study.locator("[data-tiles]").first
    cell.hover()
    expect(study.locator(".cell")).to_have_text(cell.get_attribute("title") or "")
    assert study.locator(".errors .tile").count() == len((cell.get_attribute("data-tiles") or "").split())
    other = study.locator("[data-tiles]").nth(1)
    other.focus()
    expect(study.locator(".cell")).to_have_text(other.get_attribute("title") or "")


@pytest.fixture(scope="module")
def client(server: str) -> Client:
    return Client(server, verbose=False)


def test_programs_read_pictures_and_strokes(client: Client, tmp_path: Path) -> None:
    seven: Any = [[list(point) for point in line] for line in DRAWINGS["7"]]
    drawn = client.predict(seven, api_name="/read_drawing")
    assert drawn["text"] == "7" and drawn["status"] == "ok" and len(drawn["alternatives"]) == 5
    for kind in (strokes.draw(seven), ImageOps.invert(strokes.draw(seven))):
        kind.save(tmp_path / "seven.png")
        answer = client.predict(handle_file(tmp_path / "seven.png"), api_name="/read_glyph")
        assert (answer["text"], answer["confidence"]) == (drawn["text"], pytest.approx(drawn["confidence"], abs=0.02))
    nothing = client.predict([], api_name="/read_drawing")
    assert nothing["status"] == "empty" and nothing["text"] == ""
    with pytest.raises(AppError, match="list of strokes"):
        client.predict([["a"]], api_name="/read_drawing")
