"""The Words tab in a real browser, with the bundled network."""

from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from demos.grid_view.sets import FONTS
from demos.tabs import words as tab
from tests.demos.conftest import WIDTHS, Visit, papers, refuses_bad_files
from tests.demos.pictures import bad_files, encoded
from training.data.drawing import fonts

expect.set_options(timeout=60_000)  # the first answer takes the longest
LINES = "Fresh bread", "open until 18:30"


def panel(page: Page, part: str) -> Locator:
    return page.locator(f"#{tab.NETWORK.name} {part}")


def printed(*lines: str) -> Image.Image:
    """Lines in a font that no network has seen in training, far apart."""
    picture = Image.new("RGB", (720, 60 + 130 * len(lines)), "#f4efe2")
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((60, 40 + 130 * number), line, "#3a2a1a", fonts.load(FONTS["lato"], 56))
    return picture


def upload(page: Page, name: str, data: bytes) -> None:
    page.locator("#words-picture input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )


def cropped(text: str) -> Image.Image:
    """A word as it is cut out of a picture."""
    return printed(text).crop((40, 20, 80 + 34 * len(text), 120))


def test_every_step_from_the_frames_to_the_text_is_shown(words_tab: Visit) -> None:
    page = words_tab()
    expect(page.locator("#words-answers")).to_be_hidden()
    upload(page, "word.png", encoded(cropped("hello"), "PNG"))
    expect(panel(page, ".reading")).to_have_text("hello")
    expect(panel(page, ".verdict")).to_contain_text("Sure: ")
    expect(panel(page, ".looked img")).to_have_count(6)  # of the text and of each character
    expect(page.locator("#words-boxes rect")).to_have_count(5)
    frames = page.locator("#words-frames .frames")
    expect(frames.first).to_be_visible()
    expect(page.locator("#words-frames")).to_contain_text("hello")
    expect(page.locator("#words-ways tr")).to_have_count(4)
    expect(page.locator("#words-beam li").first).to_contain_text("hello")
    page.locator("#words-target textarea, #words-target input").fill("hallo")
    expect(page.locator("#words-aligned em").first).to_be_visible()
    page.locator("#words-target textarea, #words-target input").fill("l" * 80)
    expect(page.locator("#words-aligned [role=alert]")).to_contain_text("159 frames")


def test_a_lexicon_decides(words_tab: Visit) -> None:
    page = words_tab()
    upload(page, "word.png", encoded(cropped("hello"), "PNG"))
    expect(panel(page, ".reading")).to_have_text("hello")
    page.get_by_role("button", name="How it decodes").click()
    expect(page.locator("#words-ways tr").last).to_be_visible()  # what is typed while it opens is lost
    page.wait_for_timeout(1_000)
    page.get_by_label("Lexicon").press_sequentially("hallow, help, yellow")
    expect(page.locator("#words-ways tr")).to_have_count(5)
    expect(panel(page, ".reading")).not_to_have_text("hello")


def test_a_page_is_told_word_by_word(words_tab: Visit) -> None:
    page = words_tab()
    upload(page, "page.png", encoded(printed(*LINES), "PNG"))
    expect(page.locator("#words-found polygon")).to_have_count(5)
    expect(page.locator("#words-found textarea")).to_have_value("\n".join(LINES))
    expect(panel(page, ".reading")).to_have_text(LINES[0])
    page.locator("#words-line input").click()
    page.get_by_role("option", name=LINES[1]).click()
    expect(panel(page, ".reading")).to_have_text(LINES[1])


def test_a_word_is_typed_and_drawn(words_tab: Visit) -> None:
    page = words_tab()
    page.get_by_role("button", name="Type one").click()
    page.locator("#words-make textarea, #words-make input").first.fill("station")
    page.locator("#words-draw-it").click()
    expect(page.locator("#words-picture img")).to_have_count(1)
    expect(panel(page, ".bars li").first).to_be_visible()


def test_bad_files_get_a_sentence_and_the_page_goes_on(words_tab: Visit) -> None:
    page = words_tab()
    refuses_bad_files(page, "words", upload)
    upload(page, "word.png", encoded(cropped("hello"), "PNG"))
    expect(panel(page, ".reading")).to_have_text("hello")


def test_it_fits(words_tab: Visit, tmp_path: Path) -> None:
    page = words_tab(WIDTHS[0])
    upload(page, "page.png", encoded(printed(*LINES), "PNG"))
    page.locator("#words-frames .frames").first.wait_for()
    assert len(list(papers(page, tmp_path))) == 4


def test_programs_read_words_and_pages(server: str, tmp_path: Path) -> None:
    client = Client(server, verbose=False)
    cropped("hello").save(tmp_path / "word.png")
    said = client.predict(handle_file(tmp_path / "word.png"), "", api_name="/read_words")
    assert (said["text"], said["status"], len(said["alternatives"])) == ("hello", "ok", 5)
    assert "".join(one["character"] for one in said["characters"]) == "hello"
    assert all(np.diff([one["box"][0] for one in said["characters"]]) > 0)
    chosen = client.predict(handle_file(tmp_path / "word.png"), "hullo jello", api_name="/read_words")
    assert chosen["text"] in ("hullo", "jello")
    printed(*LINES).save(tmp_path / "page.png")
    said = client.predict(handle_file(tmp_path / "page.png"), "", api_name="/read_words")
    assert said["text"] == "\n".join(LINES) and len(said["words"]) == 5
    corners, text, confidence = said["words"][0]
    assert text == "Fresh" and len(corners) == 4 and 0.3 < confidence <= 1
    made = client.predict("7 Elm St.", "lato", api_name="/make_word")
    assert client.predict(handle_file(made), "", api_name="/read_words")["text"]
    name, data, sentence = bad_files()["animated"]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(tmp_path / name), "", api_name="/read_words")
