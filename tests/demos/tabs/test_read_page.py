"""The Read tab: any pictures, read by every network, the surest answer first."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

import zoo
from demos.tabs import captcha, read
from demos.widgets import answers
from tests.demos.conftest import WIDTHS, Visit, papers
from tests.demos.pictures import bad_files, encoded
from zoo.images import strokes
from zoo.readers.prediction import Status

expect.set_options(timeout=60_000)  # the first answer loads every network
SEVEN = [[[0.0, 0.0], [5.0, 0.0], [1.0, 9.0]]]
PICTURES = {
    "captcha.png": captcha.example(0),  # says computer
    "seven.png": strokes.draw(SEVEN),
    "blank.png": Image.new("RGB", (120, 60), "white"),
}


@pytest.fixture
def read_tab(context: BrowserContext, server: str) -> Iterator[Visit]:
    """Opens the page on this tab."""
    with Visit(context, server, "Read", "#read-files") as visit:
        yield visit


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pictures, and a file that is none."""
    folder = tmp_path_factory.mktemp("files")
    for name, picture in PICTURES.items():
        picture.save(folder / name)
    bad, data, _ = bad_files()["animated"]
    (folder / bad).write_bytes(data)
    return {path.name: path for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def found(files: dict[str, Path]) -> list[read.Read]:
    """What is read in the files; each step is told before its file."""
    steps: list[tuple[int, int]] = []
    paths = [str(path) for path in files.values()]
    every = read.read_every(paths, steps.append)
    assert steps == [(i, len(paths)) for i in range(len(paths))]
    return every


def prediction(status: Status, confidence: float, text: str = "a") -> zoo.Prediction:
    return zoo.Prediction(text, confidence, ((text, confidence),), (), status)


def test_the_sure_ones_come_first_by_their_confidence() -> None:
    given: list[tuple[Status, float]] = [("empty", 0.99), ("unsure", 0.9), ("ok", 0.6), ("ok", 0.8), ("unsure", 0.95)]
    ranked = sorted((read.Answer("x", prediction(*one), 1.0) for one in given), key=lambda answer: answer.rank)
    assert [(a.page.status, a.page.confidence) for a in ranked] == [
        ("ok", 0.8),
        ("ok", 0.6),
        ("unsure", 0.95),
        ("unsure", 0.9),
        ("empty", 0.99),
    ]
    other = read.Answer("y", prediction("ok", 0.99, read.OTHER), 1.0)
    assert max([*ranked, other], key=lambda answer: answer.rank) is other, "it names nothing"


def test_every_network_answers_every_picture(found: list[read.Read]) -> None:
    by_name = {one.file: one for one in found}
    for name in PICTURES:
        assert {answer.network for answer in by_name[name].answers} == set(zoo.names())
        assert by_name[name].answers[0].page.status == by_name[name].status
    assert by_name["captcha.png"].answers[0].page.text.lower() == "computer"
    assert by_name["blank.png"].status == "empty"
    bad, _, sentence = bad_files()["animated"]
    assert sentence in by_name[bad].problem and not by_name[bad].answers


def test_tables_to_take_away(files: dict[str, Path], found: list[read.Read]) -> None:
    table, told = map(Path, read.tables(found))
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    first = {row["file"]: row for row in rows if row["rank"] in ("1", "")}
    assert set(first) == set(files) and first["captcha.png"]["text"].lower() == "computer"
    assert len(rows) == len(PICTURES) * len(zoo.names()) + 1
    bad, _, sentence = bad_files()["animated"]
    assert sentence in first[bad]["error"] and first[bad]["network"] == ""
    assert {one["file"]: len(one["answers"]) for one in json.loads(told.read_text())}[bad] == 0


def test_more_than_fit_are_refused() -> None:
    with pytest.raises(zoo.InputError, match="give 200 at a time"):
        read.read_every(["x.png"] * 201, lambda step: None)


def give(page: Page, *paths: Path) -> None:
    page.locator("#read-files input[type=file]").set_input_files([str(path) for path in paths])


def test_many_files_become_a_table(read_tab: Visit, files: dict[str, Path]) -> None:
    page = read_tab()
    expect(page.locator("#read-answers")).to_be_hidden()
    give(page, *files.values())
    rows = page.locator("#read-table tbody tr")
    expect(rows).to_have_count(len(files))
    for row, name in enumerate(files):
        expect(rows.nth(row)).to_contain_text(name)
    captcha_row, blank_row = (rows.filter(has_text=name) for name in ("captcha.png", "blank.png"))
    expect(captcha_row).to_contain_text("Sure: ")
    expect(captcha_row.locator("img")).to_have_count(1)
    expect(blank_row).to_contain_text("Nothing to read")
    bad, _, sentence = bad_files()["animated"]
    expect(rows.filter(has_text=bad)).to_contain_text(sentence)
    captcha_row.click()
    expect(page.locator("#read-best h3")).to_have_text("captcha.png")
    expect(page.locator("#read-best .answer")).to_have_count(len(zoo.names()))
    expect(page.locator("#read-best .looked img")).to_have_count(1)
    blank_row.press("Enter")
    expect(page.locator("#read-best [role=status]")).to_have_text(read.EMPTY)
    with page.expect_download() as download:
        page.locator("#read-csv").click()
    rows_taken = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert {row["file"] for row in rows_taken} == set(files)


def test_one_file_is_told_in_full(read_tab: Visit, files: dict[str, Path], tmp_path: Path) -> None:
    page = read_tab()
    give(page, files["captcha.png"])
    expect(page.locator("#read-best .reading").first).to_have_text("computer")
    expect(page.locator("#read-table table")).to_have_count(0)
    noise = np.random.default_rng(0).integers(0, 256, (60, 160, 3), np.uint8)
    (tmp_path / "noise.png").write_bytes(encoded(Image.fromarray(noise), "PNG"))
    page.locator("#read-files").get_by_label("Clear").click()
    expect(page.locator("#read-answers")).to_be_hidden()
    give(page, tmp_path / "noise.png")
    expect(page.locator("#read-best h3")).to_have_text("noise.png")
    expect(page.locator("#read-best [role=status]")).to_have_text(read.UNSURE)


def test_it_fits(read_tab: Visit, files: dict[str, Path], tmp_path: Path) -> None:
    page = read_tab(WIDTHS[0])
    give(page, *files.values())
    page.locator("#read-best h3").wait_for()
    assert len(list(papers(page, tmp_path))) == 4


def test_programs_read_pictures(server: str, files: dict[str, Path]) -> None:
    client = Client(server, verbose=False)
    given = [handle_file(path) for path in files.values()]
    said = {one["file"]: one for one in client.predict(given, api_name="/read_pictures")}
    best = said["captcha.png"]["answers"][0]
    assert best["text"].lower() == "computer" and best["status"] == "ok" and len(best["alternatives"]) == 5
    bad, _, sentence = bad_files()["animated"]
    assert sentence in said[bad]["error"] and said["seven.png"]["error"] is None
    with pytest.raises(AppError, match="at a time"):
        client.predict([handle_file(files["seven.png"])] * 201, api_name="/read_pictures")


def test_no_answer_is_worded_as_a_text() -> None:
    assert answers.spelled("�") == "other" and answers.spelled("<b>") == "&lt;b&gt;"
