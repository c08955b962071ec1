"""The Captcha tab in a real browser, used as a person uses it."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.demos.conftest import WIDTHS, Visit, papers, refuses_bad_files
from tests.demos.pictures import drawn, encoded, odd_files

expect.set_options(timeout=60_000)  # the first reading loads the networks
NETWORKS = ("captcha-resnet18", "captcha-seq2seq")


def upload(page: Page, name: str, data: bytes) -> None:
    page.locator("#captcha-picture input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )


def reading(page: Page, network: str) -> Locator:
    return page.locator(f"#{network} .reading")


def maps(page: Page, network: str) -> list[np.ndarray]:
    """The overlays that are seen, float (H, W, 3)."""
    page.locator(f"#{network} .looked img").first.wait_for()
    sources = [image.get_attribute("src") or "" for image in page.locator(f"#{network} .looked img").all()]
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGB"), float)
        for source in sources
    ]


def luma(colour: str) -> float:
    """Brightness 0…1 of a CSS rgb(…)."""
    red, green, blue = (float(v) for v in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def test_an_uploaded_captcha_is_read_and_explained(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#captcha-answers")).to_be_hidden()
    picture = drawn("computer")
    upload(page, "word.png", encoded(picture, "PNG"))
    for network in NETWORKS:
        expect(reading(page, network)).to_have_text("computer")
        expect(page.locator(f"#{network} .verdict")).to_contain_text("Sure: ")
        expect(page.locator(f"#{network} .took")).to_contain_text("ms")
        expect(page.locator(f"#{network} .bars .text")).to_have_count(5)
        expect(page.locator(f"#{network} .bars .text").first).to_have_text("computer")
        widths = [(bar.bounding_box() or {})["width"] for bar in page.locator(f"#{network} .bars .bar > span").all()]
        assert widths == sorted(widths, reverse=True) and widths[0] > 10 * widths[1], "a bar is as long as its share"
    letters = page.locator("#captcha-seq2seq .looked figcaption").all_text_contents()
    assert letters == ["computer", *"computer"], "one map for the text, and for each character, with its character"
    assert page.locator("#captcha-resnet18 .looked img").count() == 1
    for network in NETWORKS:
        for shown in maps(page, network):
            grey = picture.convert("L").resize(shown.shape[1::-1]).convert("RGB")
            assert np.abs(shown - np.asarray(grey, float)).max() > 60, "the map is seen on the picture"
            assert np.ptp(shown, axis=2).max() > 60, "the map has colour, and the picture under it has none"


def test_a_made_captcha_is_read(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Make one").click()
    page.wait_for_timeout(1000)
    page.get_by_label("Or any text").fill("kq42xw")
    page.get_by_label("upper").check()
    page.get_by_label("Background").click()
    page.get_by_role("option", name="stripes").click()
    page.get_by_role("button", name="Draw it").click()
    expect(reading(page, "captcha-seq2seq")).to_have_text("KQ42XW")
    expect(page.locator("#captcha-resnet18 .verdict")).to_contain_text("treat as a guess")
    page.get_by_label("One of the 100 words").click()
    page.get_by_role("option", name="television").click()
    expect(page.get_by_label("Or any text")).to_have_value("television")
    page.get_by_role("button", name="Draw it").click()
    expect(reading(page, "captcha-resnet18")).to_have_text("television")
    expect(reading(page, "captcha-seq2seq")).to_have_text("TELEVISION")


def test_an_example_is_read_at_a_click(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Example: computer").click()
    for network in NETWORKS:
        expect(reading(page, network)).to_have_text("computer")


def test_blank_paper_is_not_read(visit: Visit) -> None:
    page = visit()
    upload(page, "blank.png", encoded(Image.new("RGB", (192, 48), "white"), "PNG"))
    for network in NETWORKS:
        expect(page.locator(f"#{network} .verdict")).to_have_text("Nothing to read")
        expect(page.locator(f"#{network} .looked img")).to_have_count(0)


def test_bad_files_get_a_sentence_and_the_page_goes_on(visit: Visit) -> None:
    page = visit()
    refuses_bad_files(page, "captcha", upload)
    upload(page, "word.png", encoded(drawn("computer"), "PNG"))
    expect(reading(page, "captcha-seq2seq")).to_have_text("computer")


def test_only_letters_and_digits_are_drawn(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Make one").click()
    page.wait_for_timeout(1000)  # gradio puts the first values into fields that it has just unfolded
    page.get_by_label("Or any text").fill("two words")
    page.get_by_role("button", name="Draw it").click()
    expect(page.get_by_text("Write 1 to 12 letters")).to_be_visible()


def test_nothing_at_all_gets_a_sentence(visit: Visit) -> None:
    page = visit()
    page.locator("#captcha-read").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no picture")


def test_odd_files_are_read_with_a_note(visit: Visit) -> None:
    page = visit()
    for name, (file, data, note) in odd_files("computer").items():
        upload(page, file, data)
        expect(page.locator("#captcha-message .note"), name).to_contain_text(note)
        expect(reading(page, "captcha-seq2seq"), name).to_have_text("computer")
        page.get_by_label("Remove Image").click()
        expect(page.locator("#captcha-answers"), name).to_be_hidden()


def test_it_fits_and_can_be_read(visit: Visit, tmp_path: Path) -> None:
    page = visit(WIDTHS[0])
    page.get_by_role("button", name="Make one").click()
    upload(page, "word.png", encoded(drawn("Wxm7WWWWWWWW"), "PNG"))
    page.locator("#captcha-seq2seq .bars").wait_for()
    page.locator("#captcha-seq2seq .looked").wait_for()
    for width, paper in papers(page, tmp_path):
        for part in (".reading", ".bars", ".looked"):
            for box in [found.bounding_box() for found in page.locator(part).all()]:
                assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, part
        for part in (".reading", ".card p", ".bars .text"):
            ink = luma(page.locator(part).first.evaluate("(e) => getComputedStyle(e).color"))
            assert abs(ink - paper) > 0.5, f"{part} stands out"


@pytest.mark.parametrize("width", WIDTHS)
def test_what_teaching_brings_is_shown_whole(visit: Visit, width: int) -> None:
    page = visit(width)
    page.get_by_role("button", name="Teach it your style").click()
    chart = page.locator("#captcha-teach .main-svg").first
    chart.locator(".textpoint").first.wait_for()
    labels = chart.locator(".textpoint")
    assert re.fullmatch(r"(\d\d %){6}", "".join(labels.all_text_contents()))
    paper = chart.bounding_box()
    for label in labels.all():
        box = label.bounding_box()
        assert paper and box
        assert paper["x"] <= box["x"]
        assert box["x"] + box["width"] <= paper["x"] + paper["width"]


def test_every_control_has_a_name(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Make one").click()
    page.locator("#make-draw").wait_for()
    for label in ("One of the 100 words", "Or any text", "Font", "Background", "Colour of the text"):
        expect(page.get_by_label(label, exact=False).first).to_be_visible()
    upload(page, "word.png", encoded(drawn("computer"), "PNG"))
    page.locator("#captcha-seq2seq .looked img").first.wait_for()
    assert all(image.get_attribute("alt") for image in page.locator(".looked img").all())
