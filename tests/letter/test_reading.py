"""From the texts on a page to a letter: pairs, doubts, order; with networks that make no mistakes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from training.data import letters
from training.data.texts import persian_texts
from zoo.images import quads
from zoo.images.quads import Quad, crop
from zoo.letter import fields, reading
from zoo.letter.finder import FIELDS, LABELS, Region
from zoo.letter.reading import Networks
from zoo.letter.result import Letter
from zoo.readers.prediction import Prediction

Objects = list[dict[str, Any]]


def answer(text: str, status: str = "ok", label: str | None = None) -> Prediction:
    return Prediction(text, 0.9, ((text, 0.9),), (), status, label)


def spread(whole: Prediction, crop: Image.Image) -> Prediction:
    """The answer with boxes of its characters, side by side from the right."""
    step = crop.width / max(len(whole.text), 1)
    boxes = [
        (crop.width - (i + 1) * step, 0.0, crop.width - i * step, float(crop.height)) for i in range(len(whole.text))
    ]
    return replace(whole, characters=tuple((c, 0.9, box) for c, box in zip(whole.text, boxes, strict=True)))


def read(
    picture: Image.Image,
    objects: Objects,
    status: Callable[[dict[str, Any]], str] = lambda _: "ok",
    label: str = "other",
    turned: Callable[[Image.Image], np.ndarray] = lambda _: np.eye(3)[:2],
    again: Callable[[str], str] = lambda text: text,
    together: Callable[[str], str] | None = None,
    behind: Prediction | list[Prediction] | None = None,
) -> Letter:
    """A letter as networks would read it that find and read all of the objects, in their order.

    What is read of a value once more `again` tells from its text, and `together` in one picture with its label;
    `behind` is what is read behind a label that has no value.
    """
    values = [one for one in objects if one["kind"] in FIELDS]
    marks = [one for one in objects if one["kind"] in LABELS]

    def find(page: Image.Image) -> list[Region]:
        way = turned(page)
        return [
            Region(one["kind"], np.asarray(np.array(one["box"]) @ way[:, :2].T + way[:, 2], np.float32), 0.9)
            for one in objects
        ]

    def texts(crops: Sequence[Image.Image]) -> list[Prediction]:
        if len(crops) == len(objects):
            return [spread(answer(one["text"], status(one)), crop) for one, crop in zip(objects, crops, strict=True)]
        if len(crops) == len(fields.NO_VALUE):
            return behind if isinstance(behind, list) else [behind or answer("", "empty")] * len(crops)
        if not crops:
            return []
        cuts: list[tuple[tuple[int, int], str, str]] = []
        for one in values:
            place = np.array(one["box"], np.float32)
            cuts.append((crop(picture, place, *fields.AGAIN[0]).picture.size, again(one["text"]), status(one)))
            for mark in marks:
                both = quads.union(place, np.array(mark["box"], np.float32))
                text = f"{mark['text']} {(together or again)(one['text'])}"
                cuts.append((crop(picture, both, *fields.WITH_LABEL[0]).picture.size, text, status(one)))
        _, text, state = min(cuts, key=lambda one: abs(np.subtract(one[0], crops[0].size)).sum())
        return [answer(text, state)] * len(crops)

    def told(crops: Sequence[Image.Image]) -> list[Prediction]:
        return [answer("تاریخ", label=label) for _ in crops]

    parts = (SimpleNamespace(find=find), SimpleNamespace(read=texts), SimpleNamespace(read=told))
    return reading.read(picture, Networks(*parts))


@cache
def drawing(seed: int, damage: Any) -> tuple[Image.Image, str]:
    picture, row = letters.draw(seed, "train", damage, 6, (100,))
    return picture, str(row["objects"])


def drawn(seed: int, damage: Any = "scan") -> tuple[Image.Image, Objects]:
    picture, objects = drawing(seed, damage)
    return picture, json.loads(objects)


@pytest.mark.parametrize("seed", range(6))
def test_every_value_is_paired_with_its_label_and_lines_stand_in_order(seed: int) -> None:
    picture, objects = drawn(seed, "scan" if seed % 2 else "phone")
    letter = read(picture, objects)
    for name in FIELDS:
        own = [one["text"] for one in objects if one["kind"] == name]
        labelled = any(one["kind"] == f"{name} label" for one in objects)
        assert letter[name].value.text == (own[0] if own else "")
        assert letter[name].status == ("ok" if own else "empty" if labelled else "missing"), letter[name]
    lines = [one["text"] for one in objects if one["kind"] == "line"]
    assert sorted(letter.text.split("\n")) == sorted(lines)
    turn = np.radians(quads.skew(one.box for one in letter.lines))
    down = [one.box.mean(0) @ (-np.sin(turn), np.cos(turn)) for one in letter.lines]
    assert np.mean(np.diff(down) > -12) == 1, "from above"


def test_what_is_doubtful_is_marked_with_the_reason() -> None:
    picture, objects = next(
        (picture, objects) for picture, objects in map(drawn, range(9)) if any(o["kind"] == "date" for o in objects)
    )
    assert read(picture, objects)["date"].status == "ok"
    hard = read(picture, objects, status=lambda one: "unsure" if one["kind"] == "date" else "ok")
    assert hard["date"].problem == "It is hard to read." and hard.doubtful == (hard["date"],)
    said = hard.corrected("date", "۱۳۹۸/۰۲/۰۵")
    assert said["date"].status == "corrected" and said.date == "1398/02/05" and not said.doubtful
    unlabelled = read(picture, [one for one in objects if one["kind"] != "date label"])
    assert "no label" in unlabelled["date"].problem
    assert "Its label looks like" in read(picture, objects, label="number")["date"].problem
    wrong = [{**one, "text": "1398/13/40"} if one["kind"] == "date" else one for one in objects]
    assert read(picture, wrong)["date"].problem == "There is no such day."
    twice = [*objects, next(one for one in objects if one["kind"] == "date")]
    assert "several such" in read(picture, twice)["date"].problem
    date = next(one for one in objects if one["kind"] == "date")
    piece = [*objects, {**date, "box": (np.array(date["box"]) + [9, 0]).tolist(), "text": "نامه"}]
    told = read(picture, piece)["date"]
    assert told.value == read(picture, objects)["date"].value and told.status == "ok", "a piece of its label is no date"
    month = [{**one, "text": "۱۲ آبان ۱۳۹۰"} if one["kind"] == "date" else one for one in objects]
    misread = read(picture, month, again=lambda _: "۱۲ آیان ۱۳۹۰")["date"]
    assert misread.value.text == "۱۲ آبان ۱۳۹۰" and misread.status == "ok", "which no reading contradicts"
    guessed = [{**one, "text": "۱۲ آیان ۱۳۹۰"} if one["kind"] == "date" else one for one in objects]
    guess = read(picture, guessed)["date"]
    assert guess.value.normal == "1390/08/12" and guess.problem == "A word of it is guessed."
    otherwise = read(picture, objects, together=lambda _: "1390/02/01")["date"]
    assert otherwise.value.normal == "1390/02/01", "as it is read more often"
    assert otherwise.problem == "It can be read in several ways."


def test_what_no_label_and_no_value_was_found_for_is_still_read() -> None:
    picture, objects = drawn(1)
    number = next(one for one in objects if one["kind"] == "number")
    unseen = [one for one in objects if one["kind"] != "number"]
    assert read(picture, unseen)["number"].status == "empty"
    found = read(picture, unseen, behind=answer("۱۲/۵"))["number"]
    assert found.status == "doubtful" and found.value.normal == "12/5"
    nonsense = read(picture, unseen, behind=answer("خط"))["number"]
    assert nonsense.status == "empty", "what is no number is no value"
    hardly = replace(answer("۱۲/۵"), confidence=0.5)
    assert read(picture, unseen, behind=hardly)["number"].status == "empty", "it may be no text at all"
    there, true = found.box, np.array(number["box"])
    assert there is not None and there[:, 0].min() < true[:, 0].max() <= there[:, 0].max() + 9
    assert there[:, 1].min() < true[:, 1].mean() < there[:, 1].max()
    false = [{**one, "text": "جناب آقای"} if one["kind"] == "number label" else one for one in objects]
    letter = read(picture, false)
    assert "جناب آقای" in letter.text and letter["number"].problem == "There is no label before it."
    assert read(picture, false, label="number")["number"].problem == "", "the classifier of labels knows it"
    unlike = read(picture, false, label="date")["number"]
    assert unlike.value.text == number["text"] and unlike.problem == "Its label looks like تاریخ."


def test_a_dash_that_was_not_found_is_read_where_its_ink_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of most; what is too short to tell from a dot, or lies on a dotted line, is doubtful."""
    monkeypatch.setitem(persian_texts.VALUES, "attachment", lambda _: "-")
    count = sure = 0
    for picture, written in (drawing.__wrapped__(seed, "scan") for seed in range(5)):  # not those that are kept
        objects = json.loads(written)
        dash = next((one for one in objects if one["kind"] == "attachment" and one["text"] == "-"), None)
        if dash is None:
            continue
        count += 1
        unseen = [one for one in objects if one is not dash]
        told = read(picture, unseen, behind=answer("-"))["attachment"]
        assert told.value.text == "-" and told.status in ("ok", "doubtful") and told.box is not None
        if told.status == "doubtful":
            continue
        sure += 1
        assert np.linalg.norm(told.box.mean(0) - np.mean(dash["box"], 0)) < 0.3 * np.ptp(np.array(dash["box"])[:, 1])
        for others in ([answer("۱")] * 3, [answer("-"), answer("۱"), answer("-")]):
            assert read(picture, unseen, behind=others)["attachment"].status != "ok", "not every reading is a dash"
        elsewhere = [{**dash, "box": (np.array(dash["box"]) - [30, 0]).tolist(), "text": "ا"}, *unseen]
        assert read(picture, elsewhere, behind=answer("-"))["attachment"].value.text == "-", "whatever else was found"
    assert sure > count / 2 > 2, (sure, count)


def test_a_value_over_or_under_the_line_of_its_label_is_its_own_all_the_same() -> None:
    picture, objects = drawn(1)
    number = next(one for one in objects if one["kind"] == "number")
    high = np.ptp(np.array(number["box"])[:, 1])
    others = [one for one in objects if one["kind"].split()[0] not in ("date", "attachment") and one is not number]
    for away, right in ((0.9, True), (6.0, False)):
        there = {**number, "box": (np.array(number["box"]) + [0, away * high]).tolist()}
        told = read(picture, [there, *others])["number"]
        assert (told.value.text == number["text"]) is right


def test_fragments_of_a_value_are_one_and_the_end_of_its_label_is_no_part_of_its_box() -> None:
    picture, objects = drawn(1)
    number = next(one for one in objects if one["kind"] == "number")
    true = np.array(number["box"])
    others = [one for one in objects if one is not number]
    pieces = [
        {**number, "text": "12", "box": quads.left_part(true, 0.4).tolist()},
        {**number, "text": "34", "box": quads.left_part(true[[1, 0, 3, 2]], 0.4)[[1, 0, 3, 2]].tolist()},
    ]
    whole = read(picture, [*pieces, *others])["number"]
    assert whole.box is not None and whole.status == "doubtful"
    np.testing.assert_allclose(whole.box, true, atol=4)
    wide = true + np.array([[0, 0], [1, 0], [1, 0], [0, 0]]) * np.ptp(true[:, 0])
    ended = [{**number, "text": "نامه 12/3", "box": wide.tolist()}, *others]
    alone = read(picture, ended, together=lambda _: "12/3")["number"]
    assert alone.value.text == "12/3" and alone.box is not None
    assert np.ptp(alone.box[:, 0]) < 0.7 * np.ptp(wide[:, 0])


def test_a_value_is_of_the_label_before_it_whatever_it_looks_like() -> None:
    picture, objects = drawn(1)
    text = next(one["text"] for one in objects if one["kind"] == "number")
    mixed = [{**one, "kind": "date"} if one["kind"] == "number" else one for one in objects]
    assert read(picture, mixed)["number"].value.text == text


def test_a_value_that_its_box_cuts_off_is_whole_where_it_is_read_with_its_label() -> None:
    picture, objects = drawn(1)
    dated = [{**one, "text": "1397/02/0"} if one["kind"] == "date" else one for one in objects]
    whole = read(picture, dated, together=lambda text: text + "1" if text == "1397/02/0" else text)["date"]
    assert whole.value.text == "1397/02/01" and whole.status == "ok", "the other way makes no sense"
    numbered = [{**one, "text": "12/3"} if one["kind"] == "number" else one for one in objects]
    either = read(picture, numbered, together=lambda text: text + "0" if text == "12/3" else text)["number"]
    assert either.value.text == "12/30" and either.problem == "It can be read in several ways."
    other = [{**one, "text": "خط"} if one["kind"] == "number label" else one for one in numbered]
    alone = read(picture, other, label="number", together=lambda text: text + "0")["number"]
    assert alone.value.text == "12/3" and alone.status == "ok", "where the label is not read, nothing is behind it"


def line(left: float, top: float, right: float, turn: float = 0.0) -> Region:
    """A line of 20 pixels, turned about the page's corner with all others."""
    box = np.array([[left, top], [right, top], [right, top + 20], [left, top + 20]])
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return Region("line", (box @ spin).astype(np.float32), 1.0)


def test_a_line_that_is_hardly_read_is_read_again() -> None:
    first = [replace(answer("نا"), confidence=0.4), replace(answer("مه"), confidence=0.6)]
    others = [replace(answer("نه"), confidence=0.3)] * len(reading.LINE_AGAIN)
    asked: list[int] = []

    def texts(crops: Sequence[Image.Image]) -> list[Prediction]:
        asked.append(len(crops))
        return first if len(asked) == 1 else others

    found = [line(100, 100, 700), line(100, 140, 700)]
    parts = SimpleNamespace(find=lambda _: found), SimpleNamespace(read=texts), SimpleNamespace(read=lambda _: [])
    letter = reading.read(Image.new("RGB", (800, 300), "white"), Networks(*parts))
    assert letter.text == "نه\nمه", "as it is read more often, and once where it is clear"
    assert asked == [2, len(reading.LINE_AGAIN)]


def test_a_page_that_is_askew_is_turned_and_boxes_lie_on_the_page_as_it_was() -> None:
    page = np.full((400, 600, 3), 255, np.uint8)
    cv2.rectangle(page, (100, 180), (500, 210), (0, 0, 0), -1)
    way = cv2.getRotationMatrix2D((300, 200), -8, 1.0)  # clockwise
    askew = Image.fromarray(cv2.warpAffine(page, way, (600, 400), borderValue=(255, 255, 255)))
    box = np.array([[100, 180], [500, 180], [500, 210], [100, 210]], np.float32)
    there = (box @ way[:, :2].T + way[:, 2]).astype(np.float32)
    assert quads.skew([there]) == pytest.approx(8, abs=0.01)
    seen: list[Image.Image] = []

    def turned(picture: Image.Image) -> np.ndarray:
        seen.append(picture)
        return np.eye(3)[:2] if len(seen) == 1 else np.asarray(cv2.getRotationMatrix2D((300, 200), 8, 1.0))

    letter = read(askew, [{"kind": "line", "text": "خط", "box": there.tolist()}], turned=turned)
    assert len(seen) == 2 and np.asarray(seen[1])[185:205, 110:490].mean() < 10, "the second time it is straight"
    np.testing.assert_allclose(letter.lines[0].box, there, atol=0.5)


def test_a_value_is_looked_at_again_with_more_beside_it_than_above() -> None:
    page = Image.new("RGB", (200, 100), "white")
    box = np.array([[60, 30], [140, 30], [140, 70], [60, 70]], np.float32)
    for around, aside in fields.AGAIN:
        assert aside > max(quads.MARGIN, around), "a digit at its end may reach beyond its box"
        assert crop(page, box, around, aside).picture.size == (round(80 + 80 * aside), round(40 + 80 * around))


def test_a_line_is_cut_out_closer_than_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, objects = drawn(2)
    asked: list[tuple[float, ...]] = []

    def cut(page: Any, box: Quad, *margins: float) -> quads.Crop:
        asked.append(margins)
        return crop(page, box, *margins)

    monkeypatch.setattr(reading, "crop", cut)
    read(picture, objects)
    lines = [one["kind"] == "line" for one in objects]
    assert asked[: len(objects)] == [reading.LINE if line else () for line in lines] and any(lines)
    assert reading.LINE[0] < quads.MARGIN


def test_every_line_has_its_words_and_their_places() -> None:
    picture, objects = drawn(2)
    letter = read(picture, objects)
    [page] = letter.pages
    assert page.size == picture.size and letter.lines == page.lines
    for line in page.lines:
        assert line.text == " ".join(word.text for word in line.words)
        assert all(word.box.shape == (4, 2) for word in line.words)
