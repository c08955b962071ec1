"""Whole pictures: every line is found, in reading order and upright, and parted into words where they are."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import zoo
from tests.conftest import write_crnn
from training.data import signs
from training.data.drawing import fonts
from zoo.readers import spotting
from zoo.readers.crnn import CRNNReader
from zoo.readers.spotting import Quad

FACE = next(face for face in fonts.faces("test") if face.family == "cabin")


def page(*lines: tuple[str, tuple[int, int]], size: tuple[int, int] = (640, 360), turn: float = 0.0) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    for text, at in lines:
        ImageDraw.Draw(picture).text(at, text, "black", fonts.load(FACE.path, 36))
    return picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def quad(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> CRNNReader:
    """It has learned nothing, but spells something in every picture, spaces too."""
    reader = zoo.load(write_crnn(tmp_path_factory.mktemp("tiny-crnn"), "ab ", 12), runtime="torch")
    assert isinstance(reader, CRNNReader)
    return reader


def test_lines_are_found_row_by_row() -> None:
    found = spotting.find(page(("Right", (400, 45)), ("Hello world", (40, 40)), ("Last of all", (60, 200))))
    assert len(found) == 3
    for corners, (left, top) in zip(found, [(40, 40), (400, 45), (60, 200)], strict=True):
        assert np.abs(corners[0] - (left, top + 5)).max() < 15, "the upper left corner"
    assert spotting.find(page()) == []


def test_a_small_picture_is_enlarged_fourfold_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    detector, seen = spotting._detector().text_det, []
    session = detector.session
    monkeypatch.setattr(detector, "session", lambda pixels: (seen.append(pixels.shape[2:]), session(pixels))[1])
    for size in ((108, 32), (900, 600), (300, 96)):
        spotting.find(Image.new("RGB", size, "white"))
    assert seen == [(128, 448), (736, 1_088), (384, 1_216)], "sides of multiples of 32, as the detector has them"


def test_rows_are_read_from_left_to_right() -> None:
    quads = [quad(300, 12, 400, 42), quad(0, 100, 90, 130), quad(0, 10, 200, 40), quad(500, 0, 600, 35)]
    assert spotting.rows(quads) == [[2, 0, 3], [1]]


@pytest.mark.parametrize("turn", [12.0, -90.0, 90.0])
def test_a_line_is_seen_upright_and_its_places_are_those_in_the_picture(turn: float) -> None:
    picture = page(("Slanting", (200, 150)), turn=turn)
    [corners] = spotting.find(picture)
    [(straight, _)] = spotting.rectified(flat := page(("Slanting", (200, 150))), spotting.find(flat)[0])
    seen = spotting.rectified(picture, corners)
    assert len(seen) == 1 + (abs(turn) == 90), "it may run down or up"
    likeness = []
    for crop, way in seen:
        assert crop.width > 2.5 * crop.height
        dark = np.argwhere(np.asarray(crop.convert("L")) < 100)[:, ::-1]
        there = np.c_[dark, np.ones(len(dark))] @ way.T
        x, y = np.rint(there[:, :2] / there[:, 2:]).astype(int).T
        assert (np.asarray(picture.convert("L").filter(ImageFilter.MinFilter(3)))[y, x] < 200).mean() > 0.97
        alike = [np.asarray(one.convert("L").resize((120, 30)), float).ravel() for one in (crop, straight)]
        likeness.append(np.corrcoef(alike)[0, 1])
    assert np.argmax(likeness) == (turn == 90), "a line that runs up is the second"
    assert max(likeness) > 0.5, "not upside down"


@pytest.mark.parametrize("turn", [90.0, -90.0])
def test_a_line_on_its_side_is_read_the_way_that_is_surer(turn: float) -> None:
    reader = zoo.load("word-crnn")
    assert isinstance(reader, CRNNReader)
    picture = page(("Slanting", (200, 150)), turn=turn)
    [[word]] = spotting.spot(reader, picture).lines
    assert word.text == "Slanting"
    along = np.subtract(word.box[1], word.box[0])
    assert abs(along[1]) > 3 * abs(along[0]) and (along[1] < 0) == (turn > 0), "where it runs"


def test_words_are_told_as_other_readers_of_pages_do(reader: CRNNReader) -> None:
    picture = page(("Hello world", (40, 40)), ("Second line", (60, 200)))
    found = spotting.spot(reader, picture)
    assert len(found.lines) == 2 and found.text.count("\n") == 1
    assert found.text.replace("\n", " ").split() == [text for _, text, _ in found.rows()]
    for line, (left, top) in zip(found.lines, [(40, 40), (60, 200)], strict=True):
        for word in line:
            corners = np.array(word.box)
            assert corners.shape == (4, 2) and 0 < word.confidence <= 1
            assert (corners[:, 0] > left - 15).all() and (np.abs(corners[:, 1] - top - 20) < 40).all()


def test_a_crop_of_one_line_is_read_as_a_whole_and_a_line_in_a_large_picture_is_not(reader: CRNNReader) -> None:
    [[alone]] = [spotting.spot(reader, page(("Alone", (300, 150)))).lines]
    assert all(np.abs(np.array(word.box) - (350, 170)).max() < 100 for word in alone)
    crop = page(("Only this", (10, 5)), size=(170, 60))
    found = spotting.spot(reader, crop)
    assert found.crop == reader.read([crop])[0] and found.status == found.crop.status
    assert found.text == " ".join(found.crop.text.split())
    blank = spotting.spot(reader, page())
    assert (blank.lines, blank.text, blank.status, blank.confidence) == ((), "", "empty", 0)


def test_words_of_a_line_are_parted_by_its_spaces(reader: CRNNReader, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, space = 1, 2, 3
    path = [0, a, a, 0, b, 0, space, 0, 0, b, 0, 0]
    frames = np.full((len(path), 4), np.log(0.01), np.float32)
    frames[np.arange(len(path)), path] = np.log(0.97)
    monkeypatch.setattr(reader, "frames", lambda inputs: frames[None])
    look = reader.look(Image.new("RGB", (96, 32)))
    (first, sure, box), (second, also, other) = reader.words(look, reader.answer(look))
    assert (first, second) == ("ab", "b") and 0.8 < sure < 1 and 0.8 < also < 1
    assert box[0] < box[2] <= other[0] < other[2] <= 96
    [whole] = reader.read([Image.new("RGB", (96, 32))])
    assert sure * also == pytest.approx(whole.confidence, rel=0.05)


def test_drawn_pictures_say_where_their_words_are() -> None:
    for index in range(4):
        picture, row = signs.draw(index, "test", 72)
        boxes = np.array(str(row["boxes"]).split(), float).reshape(-1, 4)
        assert len(boxes) == len(str(row["text"]).split()) > 0
        lines = np.array([[*corners.min(0), *corners.max(0)] for corners in spotting.find(picture)])
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (middles[:, None] > lines[None, :, :2]) & (middles[:, None] < lines[None, :, 2:])
        assert inside.all(2).any(1).mean() > 0.6, "most lie in a line that is found"
