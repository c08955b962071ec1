"""The Draw tab in a real browser, used as a person uses it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Locator, Page, expect

import zoo
from benchmarks.canvas import placed, replay
from demos.studies import glyph_study
from demos.tabs import glyph
from demos.widgets import plots
from tests.demos.conftest import WIDTHS, Visit, at_each_width, papers, refuses_bad_files, shown_in
from tests.demos.pictures import bad_files, encoded
from zoo.images import ink, strokes

expect.set_options(timeout=60_000)  # the first answer takes the longest
Lines = Sequence[Sequence[tuple[float, float]]]
SEVEN: Lines = [[(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)]]
LETTER_E: Lines = [[(0.8, 0.1), (0.2, 0.1), (0.2, 0.9), (0.8, 0.9)], [(0.2, 0.5), (0.7, 0.5)]]


@pytest.fixture(scope="module")
def reader() -> zoo.Reader:
    return zoo.load(glyph.NETWORK.name)


def panel(page: Page, part: str) -> Locator:
    return page.locator(f"#{glyph.NETWORK.name} {part}")


def seen(page: Page) -> np.ndarray:
    """What the page says the network sees, float (H, W)."""
    return shown_in(page.locator("#glyph-seen"))[..., 0]


def upload(page: Page, name: str, data: bytes) -> None:
    if not page.locator("#glyph-picture").is_visible():
        page.get_by_role("button", name="Or take a picture of one").click()
    page.locator("#glyph-picture input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )


def test_it_answers_while_one_draws(draw_tab: Visit) -> None:
    page = draw_tab()
    expect(page.locator("#glyph-answers")).to_be_hidden()
    box = page.locator("#glyph-canvas canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 300, steps=30)
    expect(panel(page, ".reading")).to_be_visible()
    page.wait_for_timeout(500)
    before = seen(page)
    page.mouse.move(box["x"] + 260, box["y"] + 300, steps=30)
    page.wait_for_timeout(1000)
    assert np.abs(seen(page) - before).max() > 100, "the pen is still down"
    page.mouse.up()
    expect(panel(page, ".bars li")).to_have_count(5)
    expect(panel(page, ".looked img")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#glyph-answers")).to_be_hidden()


def test_place_and_size_do_not_matter(draw_tab: Visit, reader: zoo.Reader) -> None:
    page, rng = draw_tab(), np.random.default_rng(2)
    for drawing, text in ((SEVEN, "7"), (LETTER_E, "E")):
        pixels = np.asarray(ink.fit(strokes.draw(drawing), reader.settings.size)[0], float)[..., 0]
        for _ in range(3):
            assert replay(page, placed(drawing, rng)) == text
            expect(panel(page, ".verdict")).to_contain_text("Sure: ")
            assert np.abs(seen(page) - pixels).mean() < 12, "it is given what the strokes are"
            assert np.abs(seen(page)[:, ::-1] - pixels).mean() > 30, "and would not be, mirrored"


def picture(colour: str, paper: str, size: tuple[int, int], corner: tuple[int, int], side: int) -> Image.Image:
    """A 7 on a sheet, with a pen of the width that the canvas has."""
    sheet = Image.new("RGB", size, paper)
    drawn = ImageOps.contain(strokes.draw(SEVEN).convert("L"), (side, side))
    sheet.paste(colour, corner, drawn)
    return sheet


PICTURES = {
    "dark on light": picture("black", "white", (200, 200), (20, 20), 160),
    "light on dark": picture("#ffd", "#123", (200, 200), (20, 20), 160),
    "small and off-centre": picture("navy", "#eee", (640, 480), (500, 380), 60),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_seen_as_the_drawing_is(draw_tab: Visit, reader: zoo.Reader, name: str) -> None:
    page = draw_tab()
    upload(page, "seven.png", encoded(PICTURES[name], "PNG"))
    expect(panel(page, ".reading")).to_have_text("7")
    pixels = np.asarray(ink.fit(strokes.draw(SEVEN), reader.settings.size)[0], float)[..., 0]
    assert np.abs(seen(page) - pixels).mean() < 15


def test_a_hair_line_does_not_vanish(draw_tab: Visit) -> None:
    sheet = Image.new("RGB", (1600, 1600), "white")
    ImageDraw.Draw(sheet).line([(200 + 1200 * x, 200 + 1200 * y) for x, y in SEVEN[0]], "black", 4)
    page = draw_tab()
    upload(page, "hair.png", encoded(sheet, "PNG"))
    expect(panel(page, ".reading")).to_have_text("7")
    assert (seen(page) > 128).any(1).mean() > 0.8, "from its top to its foot"


def test_a_scribble_is_a_guess(draw_tab: Visit) -> None:
    page, rng = draw_tab(), np.random.default_rng(4)
    for _ in range(2):
        replay(page, placed([rng.random((30, 2))], rng))
        expect(panel(page, ".verdict")).to_contain_text("treat as a guess")


def test_nothing_is_nothing(draw_tab: Visit) -> None:
    page = draw_tab()
    upload(page, "blank.png", encoded(Image.new("RGB", (90, 90), "white"), "PNG"))
    expect(panel(page, ".verdict")).to_have_text("Nothing to read")
    expect(panel(page, ".looked img")).to_have_count(0)


def test_bad_files_get_a_sentence_and_the_page_goes_on(draw_tab: Visit) -> None:
    page = draw_tab()
    refuses_bad_files(page, "glyph", upload)
    assert replay(page, [np.array(line) for line in SEVEN]) == "7"


def test_it_fits(draw_tab: Visit, tmp_path: Path) -> None:
    page = draw_tab(WIDTHS[0])
    replay(page, [np.array(line) for line in LETTER_E])
    panel(page, ".looked img").wait_for()
    assert len(list(papers(page, tmp_path))) == 4


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ((("O", 0.5), ("0", 0.4), ("Q", 0.1)), "O and 0 have the same shape"),
        ((("1", 0.4), ("L", 0.3), ("I", 0.2)), "1, L and I have the same shape"),
        ((("O", 0.9), ("0", 0.02), ("Q", 0.05)), ""),
        ((("E", 0.6), ("F", 0.4)), ""),
    ],
)
def test_what_has_the_same_shape_is_named(shares: tuple[tuple[str, float], ...], named: str) -> None:
    said = glyph.doubt(zoo.Prediction(shares[0][0], shares[0][1], shares, (), "ok", label=shares[0][0]))
    assert (named in said) if named else not said


def test_programs_read_pictures_and_strokes(server: str, tmp_path: Path) -> None:
    client = Client(server, verbose=False)
    seven: Any = [[list(point) for point in line] for line in SEVEN]
    drawn = client.predict(seven, api_name="/read_drawing")
    assert (drawn["text"], drawn["status"], len(drawn["alternatives"])) == ("7", "ok", 5)
    assert drawn["alternatives"][0] == {"text": "7", "probability": drawn["confidence"]}
    strokes.draw(seven).save(tmp_path / "seven.png")
    assert client.predict(handle_file(tmp_path / "seven.png"), api_name="/read_glyph")["text"] == "7"
    assert client.predict([], api_name="/read_drawing")["status"] == "empty"
    with pytest.raises(AppError, match="list of strokes"):
        client.predict([["a"]], api_name="/read_drawing")
    name, data, sentence = bad_files()["animated"]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(tmp_path / name), api_name="/read_glyph")


def test_the_study_shows_what_is_behind_each_cell(draw_tab: Visit) -> None:
    study = plots.results(glyph_study.NAME)
    assert study is not None
    page = draw_tab()
    part = page.locator("#glyph-study")
    rows = part.locator("table").first.locator("tr")
    expect(rows).to_have_count(1 + len(study["models"]))
    for row, model in zip(rows.all()[1:], study["models"], strict=True):
        expect(row).to_contain_text(model["name"])
        expect(row).to_contain_text(f"{100 * model['macro_f1']:.1f}")
    worst = study["pairs"][0]
    tiles = [e["tile"] for e in study["errors"] if (e["true"], e["read"]) == (worst["true"], worst["read"])]
    assert len(tiles) == worst["count"]
    cell = part.locator(f'[data-tiles="{" ".join(map(str, tiles))}"]')
    cell.focus()
    true, read = (study["classes"][worst[name]] for name in ("true", "read"))
    expect(part.locator(".cell")).to_contain_text(f"{true} read as {read}: {worst['count']} of ")
    shown = part.locator(".errors .tile")
    expect(shown).to_have_count(len(tiles))
    places = [tile.evaluate("tile => getComputedStyle(tile).backgroundPosition") for tile in shown.all()]
    assert places == [f"{-56 * (tile % 32) or 0}px {-56 * (tile // 32) or 0}px" for tile in tiles]
    assert shown.first.evaluate("tile => getComputedStyle(tile).backgroundImage").startswith('url("data:image/webp')
    part.get_by_role("button", name="What was tried").click()
    expect(part.locator("#glyph-grid tr.best th")).to_be_visible()
    assert len(list(at_each_width(page))) == 2
