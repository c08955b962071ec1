"""Whole pictures: every line is found, in reading order and upright, and read word by word where the words are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import zoo
from tests.conftest import write_crnn, write_tiny
from training.data import signs
from training.data.captcha import draw_test
from training.data.drawing import fonts
from zoo.images.quads import project, rectangle
from zoo.readers import page as pages
from zoo.readers.base import Reader

FACE = next(face for face in fonts.faces("test") if face.family == "cabin")


def page(*lines: tuple[str, tuple[int, int]], size: tuple[int, int] = (640, 360), turn: float = 0.0) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    for text, at in lines:
        ImageDraw.Draw(picture).text(at, text, "black", fonts.load(FACE.path, 36))
    return picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


@pytest.fixture(autouse=True, scope="module")
def fast() -> Iterator[None]:
    """The words here are large: the detector finds them without enlarging the pictures, three times as fast."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pages, "SHORT", 320)
        yield


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """It has learned nothing, but spells something in every picture, spaces too."""
    return zoo.load(write_crnn(tmp_path_factory.mktemp("tiny-crnn"), "ab ", 12), runtime="torch")


def test_lines_are_found_row_by_row() -> None:
    found = pages.find(page(("Right", (400, 45)), ("Hello world", (40, 40)), ("Last of all", (60, 200))))
    assert len(found) == 3
    for corners, (left, top) in zip(found, [(40, 40), (400, 45), (60, 200)], strict=True):
        assert np.abs(corners[0] - (left, top + 5)).max() < 15, "the upper left corner"
    assert pages.find(page()) == []


def test_a_small_picture_is_enlarged_fourfold_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SHORT", 608)
    detector, seen = pages._detector().text_det, []
    session = detector.session
    monkeypatch.setattr(detector, "session", lambda pixels: (seen.append(pixels.shape[2:]), session(pixels))[1])
    for size in ((108, 32), (900, 600), (300, 96)):
        pages.find(Image.new("RGB", size, "white"))
    assert seen == [(128, 448), (608, 896), (384, 1_216)], "sides of multiples of 32, as the detector has them"


@pytest.fixture(scope="module")
def straight() -> Image.Image:
    picture = page(("Slanting", (200, 150)))
    [crop] = pages.upright_crops(picture, pages.find(picture)[0])
    return crop.picture


@pytest.mark.parametrize("turn", [12.0, -90.0, 90.0])
def test_a_line_is_seen_upright_and_its_places_are_those_in_the_picture(turn: float, straight: Image.Image) -> None:
    picture = page(("Slanting", (200, 150)), turn=turn)
    [corners] = pages.find(picture)
    crops = pages.upright_crops(picture, corners)
    assert len(crops) == 1 + (abs(turn) == 90), "it may run down or up"
    likeness = []
    for crop in crops:
        assert crop.picture.width > 2.5 * crop.picture.height
        dark = np.argwhere(np.asarray(crop.picture.convert("L")) < 100)[:, ::-1]
        x, y = np.rint(project(crop.homography, dark)).astype(int).T
        assert (np.asarray(picture.convert("L").filter(ImageFilter.MinFilter(3)))[y, x] < 200).mean() > 0.97
        alike = [np.asarray(one.convert("L").resize((120, 30)), float).ravel() for one in (crop.picture, straight)]
        likeness.append(np.corrcoef(alike)[0, 1])
    assert np.argmax(likeness) == (turn == 90), "a line that runs up is the second"
    assert max(likeness) > 0.5, "not upside down"


@pytest.mark.parametrize("turn", [90.0, -90.0])
def test_a_line_on_its_side_is_read_the_way_that_is_surer(turn: float) -> None:
    [line] = pages.read(zoo.load("word-crnn"), page(("Slanting", (200, 150)), turn=turn)).lines
    assert line.text == "Slanting" == line.words[0].text
    along = line.words[0].box[1] - line.words[0].box[0]
    assert abs(along[1]) > 3 * abs(along[0]) and (along[1] < 0) == (turn > 0), "where it runs"


def test_a_page_is_lines_of_words_each_with_its_place_and_what_the_network_made_of_it(reader: Reader) -> None:
    picture = page(("Hello world", (40, 40)), ("Second line", (60, 200)))
    read = pages.read(reader, picture, keep=True)
    assert len(read.lines) == 2 and read.text.count("\n") == 1 and read.size == picture.size
    assert read.answer is None and read.alternatives == () and read.label is None
    assert read.text.replace("\n", " ").split() == [text for _, text, _ in read.rows()]
    for line, (left, top) in zip(read.lines, [(40, 40), (60, 200)], strict=True):
        assert line.text == " ".join(word.text for word in line.words)
        for word in line.words:
            assert word.box.shape == (4, 2) and 0 < word.confidence <= 1
            assert (word.box[:, 0] > left - 15).all() and (np.abs(word.box[:, 1] - top - 20) < 40).all()
        assert line.look and line.picture
        [alone] = reader.read([line.picture])
        assert reader.answer(line.look).text == alone.text
        assert line.confidence == pytest.approx(alone.confidence, rel=1e-3), "in a batch sums are rounded otherwise"
    assert read.confidence == pytest.approx(read.lines[0].confidence * read.lines[1].confidence)
    assert read.status == ("ok" if {line.status for line in read.lines} == {"ok"} else "unsure")


def test_a_crop_of_one_line_is_read_as_a_whole_and_a_line_in_a_large_picture_is_not(reader: Reader) -> None:
    [alone] = pages.read(reader, page(("Alone", (300, 150)))).lines
    assert np.abs(alone.box - (350, 170)).max() < 100 and alone.look is alone.picture is None
    crop = page(("Only this", (10, 5)), size=(170, 60))
    read = pages.read(reader, crop)
    [answer] = reader.read([crop])
    assert read.answer == answer and read.status == answer.status and read.alternatives == answer.alternatives
    assert read.text == answer.text and (read.lines[0].box == rectangle(crop.size)).all()
    blank = pages.read(reader, page())
    assert (blank.lines, blank.text, blank.status) == ((), "", "empty")


def test_a_crop_is_known_at_a_glance_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    shorts: list[int] = []
    detect = pages.detect
    monkeypatch.setattr(pages, "detect", lambda rgb, short: (shorts.append(short), detect(rgb, short))[1])
    word = page(("Only this", (10, 5)), size=(170, 60))
    assert pages.is_crop(word) and pages.is_crop(word.resize((1_700, 600)))
    assert shorts == [60, pages.GLANCE]
    small_print = page(("Large", (10, 60)), size=(170, 160)).resize((680, 640))
    ImageDraw.Draw(small_print).text((40, 20), "and small", "black", fonts.load(FACE.path, 40))
    assert not pages.is_crop(small_print) and not pages.is_crop(page())


def test_a_reader_of_crops_alone_reads_the_whole_picture_as_one(tmp_path: Path) -> None:
    reader = zoo.load(write_tiny(tmp_path / "tiny"), runtime="torch")
    picture = Image.fromarray(np.asarray(draw_test(3, ("orange",), 0)[0])).convert("RGB")
    [answer] = reader.read([picture])
    read = pages.read(reader, picture)
    assert (read.text, read.confidence, read.label) == (answer.text, answer.confidence, answer.label)
    [[box, text, share]] = read.rows()
    assert text == answer.text and share == answer.confidence and box[2] == list(map(float, picture.size))


def test_a_line_is_split_into_words_at_its_spaces(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, space = 1, 2, 3
    path = [0, a, a, 0, b, 0, space, 0, 0, b, 0, 0]
    frames = np.full((len(path), 4), np.log(0.01), np.float32)
    frames[np.arange(len(path)), path] = np.log(0.97)
    monkeypatch.setattr(reader, "frames", lambda inputs: frames[None])
    [whole] = reader.read([Image.new("RGB", (96, 32))])
    (first, sure, box), (second, also, other) = whole.words
    assert (first, second) == ("ab", "b") and 0.8 < sure < 1 and 0.8 < also < 1
    assert box[0] < box[2] <= other[0] < other[2] <= 96
    assert sure * also == pytest.approx(whole.confidence, rel=0.05)


def test_drawn_pictures_say_where_their_words_are() -> None:
    for index in range(2):
        picture, row = signs.draw(index, "test", 72)
        boxes = np.array(str(row["boxes"]).split(), float).reshape(-1, 4)
        assert len(boxes) == len(str(row["text"]).split()) > 0
        lines = np.array([[*corners.min(0), *corners.max(0)] for corners in pages.find(picture)])
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (middles[:, None] > lines[None, :, :2]) & (middles[:, None] < lines[None, :, 2:])
        assert inside.all(2).any(1).mean() > 0.6, "most lie in a line that is found"
