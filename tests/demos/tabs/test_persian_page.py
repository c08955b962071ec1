"""The Persian tab in a real browser, used as a person uses it."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import zoo
from demos.tabs import persian as tab
from tests.demos.conftest import WIDTHS, Visit, papers, refuses_bad_files
from tests.demos.pictures import bad_files, encoded
from training.data import persian

expect.set_options(timeout=60_000)  # the first answer takes the longest
COPY = "navigator.clipboard.readText()"
PUT = """source => fetch(source).then((response) => response.blob()).then((blob) =>
    navigator.clipboard.write([new ClipboardItem({"image/png": blob})]))"""


def panel(page: Page, part: str) -> Locator:
    return page.locator(f"#{tab.NETWORK.name} {part}")


def crop(label: str, text: str = "", seed: int = 1) -> Image.Image:
    """A clean crop in a font that no network has seen in training."""
    rng = np.random.default_rng(seed)
    return persian.draw_text(rng, text or persian.TEXTS[label], label, tab.FACES["amiri"], "clean")[0]


def upload(page: Page, name: str, data: bytes) -> None:
    page.locator("#persian-picture input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )


def remove(page: Page) -> None:
    page.locator("#persian-picture").get_by_label("Remove Image").click()
    expect(page.locator("#persian-answers")).to_be_hidden()


def test_words_and_digits_are_read_in_both_languages(persian_tab: Visit) -> None:
    page = persian_tab()
    expect(page.locator("#persian-answers")).to_be_hidden()
    for label in ("number", "attachment", "5", "-"):
        upload(page, f"{label}.png", encoded(crop(label), "PNG"))
        expect(panel(page, ".reading")).to_have_text(persian.TEXTS[label])
        expect(panel(page, ".verdict")).to_contain_text("Sure: ")
        expect(panel(page, ".bars li")).to_have_count(5)
        expect(panel(page, ".looked img")).to_have_count(1)
        written = panel(page, ".reading").evaluate("element => getComputedStyle(element).direction")
        assert written == ("rtl" if label in persian.WORDS else "ltr"), "words run from right to left"
        if label != "-":
            expect(panel(page, ".answer .class")).to_have_text(label)
        remove(page)


def test_both_shapes_of_a_digit_are_one_class(persian_tab: Visit) -> None:
    page = persian_tab()
    for text in "۴٤":
        upload(page, "four.png", encoded(crop("4", text), "PNG"))
        expect(panel(page, ".reading")).to_have_text("۴")
        remove(page)


def test_something_else_is_other(persian_tab: Visit) -> None:
    page = persian_tab()
    upload(page, "word.png", encoded(crop(persian.OTHER, "شرکت"), "PNG"))
    expect(panel(page, ".reading")).to_have_text("other")
    expect(panel(page, ".answer .class")).to_have_count(0)
    remove(page)
    upload(page, "blank.png", encoded(Image.new("RGB", (90, 50), "white"), "PNG"))
    expect(panel(page, ".verdict")).to_have_text("Nothing to read")


def test_a_crop_is_pasted_and_its_text_is_copied(persian_tab: Visit) -> None:
    """What is copied from the page is the text in logical order, letter by letter."""
    page = persian_tab()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    source = base64.b64encode(encoded(crop("title"), "PNG")).decode()
    page.evaluate(PUT, f"data:image/png;base64,{source}")
    page.locator("#persian-picture").get_by_label("Paste from clipboard").first.click()
    expect(panel(page, ".reading")).to_have_text(persian.WORDS["title"])
    panel(page, ".reading").select_text()
    page.keyboard.press("Control+c")
    assert page.evaluate(COPY).strip() == "".join(("\u0645", "\u0648", "\u0636", "\u0648", "\u0639"))


def test_a_digit_is_drawn_on_the_line(persian_tab: Visit) -> None:
    page = persian_tab()
    page.get_by_role("button", name="Draw one").click()
    canvas = page.locator("#persian-canvas canvas")

    def spot(x: float, y: float) -> tuple[float, float]:
        box = canvas.bounding_box()
        assert box
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    for points, text in (([(0.38, 0.2), (0.5, 0.64), (0.62, 0.2)], "۷"), ([(0.4, 0.63), (0.6, 0.63)], "_")):
        canvas.scroll_into_view_if_needed()
        page.mouse.move(*spot(*points[0]))
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*spot(*point), steps=12)
        page.mouse.up()
        expect(panel(page, ".reading")).to_have_text(text)
        page.locator("#persian-canvas").get_by_role("button", name="Clear").click()
        expect(page.locator("#persian-answers")).to_be_hidden()


@pytest.mark.parametrize("damage", tab.DAMAGE)
def test_a_crop_is_made(persian_tab: Visit, damage: str) -> None:
    page = persian_tab()
    page.get_by_role("button", name="Make one").last.click()
    page.locator("#persian-make").get_by_label("What it shows").click()
    page.get_by_role("option", name="date", exact=False).first.click()
    page.locator("#persian-make").get_by_label(damage).check()
    page.locator("#persian-draw-it").click()
    expect(panel(page, ".answer .class")).to_have_text("date")
    expect(page.locator("#persian-picture img")).to_have_count(1)


def test_bad_files_get_a_sentence_and_the_page_goes_on(persian_tab: Visit) -> None:
    page = persian_tab()
    refuses_bad_files(page, "persian", upload)
    upload(page, "number.png", encoded(crop("number"), "PNG"))
    expect(panel(page, ".reading")).to_have_text(persian.WORDS["number"])


def test_it_fits(persian_tab: Visit, tmp_path: Path) -> None:
    page = persian_tab(WIDTHS[0])
    expect(page.get_by_text("drawn data").first).to_be_visible()
    upload(page, "number.png", encoded(crop("number"), "PNG"))
    panel(page, ".looked img").wait_for()
    assert len(list(papers(page, tmp_path))) == 4


def test_programs_read_and_make_crops(server: str, tmp_path: Path) -> None:
    client = Client(server, verbose=False)
    crop("dated").save(tmp_path / "crop.png")
    said = client.predict(handle_file(tmp_path / "crop.png"), api_name="/read_persian")
    assert (said["text"], said["label"], said["status"], len(said["alternatives"])) == ("مورخ", "dated", "ok", 5)
    assert json.loads(json.dumps(said))["text"] == "\u0645\u0648\u0631\u062e", "in logical order"
    made = client.predict("7", "amiri", "none", api_name="/make_persian")
    again = client.predict(handle_file(made["path"] if isinstance(made, dict) else made), api_name="/read_persian")
    assert (again["text"], again["label"]) == ("۷", "7")
    name, data, sentence = bad_files()["animated"]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(tmp_path / name), api_name="/read_persian")


def test_the_fonts_to_choose_from_hold_what_is_drawn() -> None:
    for label in persian.LABELS:
        if label != persian.OTHER:
            drawn = {
                name: persian.draw_text(np.random.default_rng(0), persian.TEXTS[label], label, face, "clean")[0]
                for name, face in tab.FACES.items()
            }
            assert len({picture.tobytes() for picture in drawn.values()}) == len(tab.FACES), label
    assert zoo.load(tab.NETWORK.name).settings.size == (50, 90)
