"""What the Words tab says of a picture, with a network that has learned nothing but is sure of itself."""

import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import zoo
from demos.tabs import words
from demos.widgets import answers
from tests.conftest import write_crnn
from zoo.readers import page as pages
from zoo.readers.crnn import CRNNReader
from zoo.text.alphabets import PRINTABLE


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CRNNReader:
    reader = zoo.load(write_crnn(tmp_path / "tiny-words", PRINTABLE, 40), runtime="torch")
    assert isinstance(reader, CRNNReader)
    monkeypatch.setattr(answers, "reader", lambda name: reader)
    return reader


@pytest.fixture
def picture() -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (8, 24, 3), np.uint8)).resize((96, 32))


def test_every_part_of_an_answer_is_told(reader: CRNNReader, picture: Image.Image) -> None:
    [found] = reader.read([picture])
    message, read, look, panels, invitation, said, chart, seen, boxes, ribbon, ways, step, beam = words._shown(picture)
    assert message == "" and read is picture and panels.visible and not invitation.visible
    assert answers.spelled(found.text) in said and chart.count("<li>") == len(found.alternatives)
    assert boxes.count("<rect") == len(found.characters) == seen.count("<figure>") - 1
    frames = len(reader.frames(look)[0])
    assert f"--frames: {frames}" in ribbon and step.maximum == step.value == frames
    assert ways.count("<tr>") == 4 and beam.count("<li>") > 1


def test_a_lexicon_is_one_more_way(reader: CRNNReader, picture: Image.Image) -> None:
    shown = words._shown(picture, options=("beam", True, "cat, dog cat"))
    assert words.words_of("cat, dog cat") == ("cat", "dog")
    assert re.search('class="reading"[^>]*>(cat|dog)<', shown[5]) and "the words of your lexicon" in shown[10]
    refused = words._shown(picture, options=("beam", True, "naïve"))
    assert "does not know the &#x27;ï&#x27;" in refused[0] and not refused[3].visible


def test_a_target_is_aligned_or_refused_with_the_reason(reader: CRNNReader, picture: Image.Image) -> None:
    look = reader.look(picture)
    assert words.target(look, "") == words.target(None, "a") == ""
    assert words.target(look, "hello").count("<em") == words.SHOWN
    assert "needs 41 frames, 21 for its characters and 20 for the blanks" in words.target(look, "l" * 21)
    assert "does not know" in words.target(look, "é")


def test_the_beam_after_a_frame(reader: CRNNReader, picture: Image.Image) -> None:
    look = reader.look(picture)
    assert words.beam(look, 1, False) != words.beam(look, 20, False)


def test_a_page_is_cut_into_lines_of_which_one_is_looked_into(
    reader: CRNNReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SHORT", 300)  # three times as fast
    picture = Image.new("RGB", (600, 300), "white")
    for text, y in (("Hi", 40), ("you", 180)):
        ImageDraw.Draw(picture).text((40, y), text, "black", ImageFont.load_default(36))
    page, figure, text, rows, line, lines, *shown = words._page(picture)
    assert page.visible and figure.count("<polygon") == len(rows) and text.count("\n") == 1
    assert [name for name, _ in line.choices] == text.split("\n") and len(lines) == 2
    assert shown[1] is lines[0].picture and words.show_line(lines, 1, "beam", True, "")[1] is lines[1].picture
    hidden, *_, none = words._page(lines[0].picture)[:6]
    assert not hidden.visible and none is None, "a single line is no page"


def test_what_cannot_be_drawn_is_refused() -> None:
    assert words.make_word("Hello 5!", "lato").width > 40
    for text in ("", "x" * 41, "né"):
        with pytest.raises(gr.Error, match="Write 1 to 40"):
            words.make_word(text, "lato")


def test_the_tab_offers_its_endpoints() -> None:
    with gr.Blocks() as page:
        words.build()
    assert {"make_word", "read_words"} <= {function.api_name for function in page.fns.values()}
