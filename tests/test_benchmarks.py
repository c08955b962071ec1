"""Readers are measured one by one, on one core in truth; the least cost is the least."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from benchmarks import grid, peers, readers, spotting
from tests.clients import CONTEXT
from tests.sets import save
from training.data import folder
from training.measure.report import Row
from zoo.grid import assign

WORDS = ("apple", "river", "stone", "cloud", "money", "heart", "table", "night")


def draw(index: int) -> folder.Drawing:
    """A word in large black letters; the last two are labelled as another."""
    image = Image.new("RGB", (200, 64), "white")
    ImageDraw.Draw(image).text((100, 32), WORDS[index], "black", ImageFont.load_default(40), "mm")
    return image, {"text": WORDS[index] if index < 6 else "Wrong"}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The words as an ImageFolder."""
    out = tmp_path_factory.mktemp("benchmarks") / "words"
    save(out, draw, len(WORDS))
    return out


def measured(path: Path, name: str, make: Callable[[], readers.Read]) -> tuple[list[Row], set[str]]:
    """What a reader is measured at, and the cores that any of the process's threads may use."""
    rows = readers.measure(path, name, make, None)
    return rows, {_cores(task) for task in Path("/proc/self/task").iterdir()}


def _cores(task: Path) -> str:
    lines = (task / "status").read_text().splitlines()
    return next(line for line in lines if line.startswith("Cpus_allowed_list"))


@pytest.mark.parametrize(
    ("name", "make"),
    [("captcha-seq2seq", partial(readers.ours, "captcha-seq2seq")), *list(readers.PEERS["captcha"].items())[:2]],
)
def test_a_reader_is_scored_on_one_core(words: Path, name: str, make: Callable[[], readers.Read]) -> None:
    with ProcessPoolExecutor(1, CONTEXT) as alone:
        (accuracy, errors, *_, time), cores = alone.submit(measured, words, name, make).result(300)
    assert len(cores) == 1 and cores.pop().split()[-1].isdecimal()
    assert {row.model for row in (accuracy, errors, time)} == {name} and accuracy.count == errors.count == len(WORDS)
    assert accuracy.value == pytest.approx(6 / 8)
    wrong = sum(Levenshtein.distance(word, "wrong") for word in WORDS[6:])
    assert errors.value == pytest.approx(wrong / (sum(map(len, WORDS[:6])) + 10))
    assert 0.5 < time.value < 5_000 and time.interval and time.interval[0] <= time.value <= time.interval[1]


def draw_page(index: int) -> folder.Drawing:
    """Two words in large letters, far apart; of the second picture the first is labelled as another."""
    image, boxes = Image.new("RGB", (480, 240), "white"), []
    texts = WORDS[2 * index : 2 * index + 2]
    for text, at in zip(texts, ((40, 30), (260, 150)), strict=True):
        ImageDraw.Draw(image).text(at, text, "black", font := ImageFont.load_default(40))
        boxes += ImageDraw.Draw(image).textbbox(at, text, font)
    named = " ".join(texts) if index == 0 else f"wrong {texts[1]}"
    return image, {"text": named, "boxes": " ".join(map(str, boxes))}


def test_a_peer_is_scored_on_whole_pictures(tmp_path: Path) -> None:
    save(tmp_path / "pages", draw_page, 2)
    rows = {row.measure: row for row in spotting.measure(tmp_path / "pages", "RapidOCR", spotting.rapidocr(), None)}
    assert rows["F1 of words found"].value == 1 and rows["F1 of words read"].value == pytest.approx(3 / 4)


def test_words_are_taken_from_the_table_of_tesseract() -> None:
    table = (
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
        "1\t1\t0\t0\t0\t0\t0\t0\t480\t240\t-1\t\n"
        '5\t1\t1\t1\t1\t1\t40\t30\t100\t35\t96.1\t"apple\n'
    )
    [(row, text, box)] = peers.words(table)
    assert (row["conf"], text, box) == ("96.1", '"apple', (40, 30, 140, 65))


PERSIAN = ("۵", "5"), ("٥", "5"), ("شماره", "number"), ("مورخ", "dated"), ("شرکت", "other")


def draw_persian(index: int) -> folder.Drawing:
    text, label = PERSIAN[index]
    return Image.new("RGB", (90, 50), "white"), {"text": text, "label": label}


def always(text: str) -> readers.Read:
    return lambda _: text


def test_persian_peers_are_asked_only_what_is_a_class(tmp_path: Path) -> None:
    """Either shape of a digit is right, what is something else is left out, words are also told alone."""
    save(tmp_path / "persian", draw_persian, len(PERSIAN))
    found = {}
    with ProcessPoolExecutor(1, CONTEXT) as alone:
        for text in ("۵", "شماره"):
            found[text] = alone.submit(readers.measure, tmp_path / "persian", text, partial(always, text), None).result(
                300
            )
    assert {text: [row.value for row in rows[:2]] for text, rows in found.items()} == {
        "۵": [0.5, 0],
        "شماره": [0.25, 0.5],
    }
    assert [row.count for row in found["۵"][:2]] == [4, 2]


def test_a_peer_that_is_missing_is_named(
    words: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readers, "PEERS", {"captcha": {"Absent": absent}})
    monkeypatch.setattr(readers, "get_context", lambda _: CONTEXT)  # in which torch is loaded once for all
    monkeypatch.setattr("sys.argv", ["readers", "captcha-resnet18", "--data", str(words), "--limit", "1"])
    readers.main()
    printed = capsys.readouterr().out
    assert "Absent is not installed (nowhere); left out" in printed
    assert "captcha-resnet18" in printed and "word accuracy" in printed and "(1 images)" in printed


def absent() -> readers.Read:
    raise ImportError("nowhere")


def test_the_least_cost_is_found_from_any_assignment() -> None:
    points = np.random.default_rng(3).random((100, 2))
    best = assign.to_grid(points, 10, 10, "lapjv")
    for cells in (best, np.random.default_rng(4).permutation(best)):
        assert grid.optimum(points, cells, 10, 10) == pytest.approx(assign.cost(points, best, 10, 10))
