"""Drawn letters: what is said to stand on a page stands where it is said to."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.sets import save
from training.data import letters
from training.data.drawing import letter_page, render
from training.data.drawing.fonts import persian
from training.data.folder import Drawing
from training.data.texts import persian_texts

PAGES = 3


@pytest.fixture(scope="module")
def pages() -> list[Drawing]:
    return [letters.draw(i, "train", "scan" if i % 2 else "phone", 5, (100,)) for i in range(PAGES)]


def test_every_text_lies_in_its_box(pages: list[Drawing]) -> None:
    for picture, row in pages:
        grey = np.asarray(picture.convert("L"), float)
        objects = json.loads(str(row["objects"]))
        assert {"number label", "date label", "attachment label", "line"} <= {one["kind"] for one in objects}
        for one in objects:
            corners = np.array(one["box"])
            (left, top), (right, bottom) = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
            assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height, one
            inside = grey[top:bottom, left:right]
            around = np.median(grey[max(top - 3, 0) : bottom + 3, max(left - 3, 0) : right + 3])
            if right - left > 4 and bottom - top > 4:
                assert inside.min() < around - 12, f"there is no ink in {one}"


def test_a_page_is_the_same_again(pages: list[Drawing]) -> None:
    picture, row = letters.draw(1, "train", "scan", 5, (100,))
    assert picture.tobytes() == pages[1][0].tobytes() and row == pages[1][1]


def test_splits_share_no_layout_no_name_and_no_font() -> None:
    parts = [set(letter_page.layouts(split)) for split in ("train", "validation", "test")]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2]) and min(map(len, parts)) > 100
    assert not set(persian_texts.dictionary(True)) & set(persian_texts.dictionary(False))
    for split in ("train", "test"):
        own = [letter_page.office(np.random.default_rng(i), split) for i in range(20)]
        families = {face.family for face in persian(split)}
        assert all({one.head.family, one.body.family, one.typed.family} <= families for one in own)


def test_values_are_of_every_kind() -> None:
    rng = np.random.default_rng(0)
    dates = [persian_texts.date(rng) for _ in range(300)]
    assert any(re.fullmatch(r"1[34]\d\d/\d\d/\d\d", date) for date in dates)
    assert any(re.fullmatch(r"\d+ \w+ 1[34]\d\d", date) for date in dates)
    assert {"", "دارد", "ندارد"} <= {persian_texts.attachment(rng) for _ in range(300)}
    assert persian_texts.shaped("1397/2", "persian") == "\u06f1\u06f3\u06f9\u06f7/\u06f2"


def test_numbers_in_a_line_run_from_the_left() -> None:
    face = persian("train")[0]
    number = render.persian("12/34", face, 40)[0].mask
    line, _ = render.persian("نامه 12/34", face, 40)
    cut = line.mask.crop((0, 0, number.width, line.mask.height))
    cut = cut.crop(cut.getbbox())
    assert np.abs(np.asarray(cut.resize(number.size), float) - np.asarray(number, float)).mean() < 20


def test_cocos_form_says_the_same(tmp_path: Path) -> None:
    save(tmp_path / "letters", lambda i: letters.draw(i, "test", "scan", 6, (100,)), 2)
    letters.coco(tmp_path / "letters")
    told = json.loads((tmp_path / "letters" / "annotations.json").read_text(encoding="utf-8"))
    objects = json.loads(str(letters.draw(0, "test", "scan", 6, (100,))[1]["objects"]))
    own = [one for one in told["annotations"] if one["image_id"] == 0]
    names = {one["id"]: one["name"] for one in told["categories"]}
    assert [(names[a["category_id"]], a["text"]) for a in own] == [(b["kind"], b["text"]) for b in objects]
    for a, b in zip(own, objects, strict=True):
        np.testing.assert_allclose(a["bbox"][:2], np.array(b["box"]).min(0), atol=0.06)


def test_a_dash_has_a_box_that_can_be_found() -> None:
    page = letter_page.Page(np.random.default_rng(0), 4.0, Image.new("RGB", (840, 1188), "white"))
    page.write("attachment", "-", persian("train")[0], 12, 100, 100, (0, 0, 0))
    [one] = page.objects
    sides = np.ptp(np.array(one["box"]), axis=0)
    assert (sides >= letter_page.LEAST * 12 * 25.4 / 72 * 4 - 1).all()
    (left, top), (right, bottom) = np.array(one["box"])[[0, 2]].round().astype(int)
    assert np.asarray(page.picture)[top:bottom, left:right].min() < 200, "around its ink"
