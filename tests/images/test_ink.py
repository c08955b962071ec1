"""A character looks the same to a network whatever it was drawn on, where, how large, in which colours."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from zoo.errors import InputError
from zoo.images import ink, strokes

FONT = Path(__file__).parents[2] / "demos" / "fonts" / "lato-latin-400-normal.woff2"
SIZE = 56, 56
STEPS = [[10.0, 90.0], [30.0, 20.0], [50.0, 90.0]], [[18.0, 60.0], [42.0, 60.0]]  # an A


def printed(
    character: str, size: int = 160, at: tuple[int, int] = (150, 150), paper: str = "white", pen: str = "black"
) -> Image.Image:
    picture = Image.new("RGB", (300, 300), paper)
    ImageDraw.Draw(picture).text(at, character, pen, ImageFont.truetype(FONT, size), "mm")
    return picture


def seen(picture: Image.Image) -> np.ndarray:
    return ink.fit(picture, SIZE)[0][..., 0] > 0


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("character", "AgR5i")
def test_colours_place_and_size_do_not_matter(character: str) -> None:
    usual = seen(printed(character))
    assert 0.05 < usual.mean() < 0.6
    for paper, pen in (("black", "white"), ("#c81e1e", "#1ea01e"), ("#dddddd", "#bbbbbb")):
        assert alike(usual, seen(printed(character, paper=paper, pen=pen))) > 0.95
    assert alike(usual, seen(printed(character, at=(90, 190)))) > 0.95
    for size, least in ((40, 0.6), (90, 0.8), (220, 0.85)):  # in small, a pixel of the picture is two or more
        assert alike(usual, seen(printed(character, size))) > least, size


def test_what_was_framed_once_stays_as_it_is() -> None:
    for character in "AgR5iMl":
        pixels, _ = ink.fit(printed(character), SIZE)
        again, place = ink.fit(Image.fromarray(pixels), SIZE)
        assert (again == pixels).all() and (place.scale, place.left, place.top) == (1.0, 0.0, 0.0)
        assert set(np.unique(pixels)) == {0, 255}
        rows, columns = (np.flatnonzero(pixels[..., 0].any(axis)) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 52 and min(rows[0], columns[0]) >= 2


@pytest.mark.parametrize("side", [200, 700, 3000])
def test_a_thin_stroke_does_not_vanish(side: int) -> None:
    picture = Image.new("RGB", (side, side), "white")
    ImageDraw.Draw(picture).ellipse((side // 8, side // 8, side * 7 // 8, side * 7 // 8), outline="black", width=2)
    ring = seen(picture)
    _, pieces = ndimage.label(ring, np.ones((3, 3)))
    _, holes = ndimage.label(~ring)
    assert pieces == 1 and holes == 2 and 100 < ring.sum() < 400


def test_dots_are_kept_and_dirt_is_not() -> None:
    clean = printed("i")
    dirty = clean.copy()
    for x, y in ((20, 20), (280, 40), (30, 270)):
        ImageDraw.Draw(dirty).rectangle((x, y, x + 2, y + 2), "black")
    assert ndimage.label(seen(clean))[1] == 2
    assert (seen(clean) == seen(dirty)).all()


def test_a_picture_without_ink_is_black() -> None:
    for colour in ("white", "black", "#336699"):
        assert not seen(Image.new("RGB", (80, 60), colour)).any()


def test_the_placement_says_where_the_ink_lies() -> None:
    for size, at in ((160, (150, 150)), (30, (40, 200)), (280, (150, 140))):
        picture = printed("H", size, at)
        pixels, place = ink.fit(picture, SIZE)
        box = np.array([Image.eval(picture.convert("L"), lambda v: 255 - v).getbbox()], float)
        rows, columns = (np.flatnonzero(pixels[..., 0].any(axis)) for axis in (1, 0))
        there = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert place.to_input(box)[0] == pytest.approx(there, abs=1 + 1.2 * place.scale)


def test_strokes_look_the_same_wherever_they_were_drawn() -> None:
    whole = np.asarray(strokes.draw([[(0.25, 0.75), (0.5, 0.75)]], whole=True).convert("L"))
    assert whole.shape == (strokes.SIDE,) * 2, "or place and size stay"
    rows, columns = (np.flatnonzero(whole.max(axis) > 127) / strokes.SIDE for axis in (1, 0))
    assert rows.mean() == pytest.approx(0.75, abs=0.01) and columns.mean() == pytest.approx(0.375, abs=0.01)
    usual = strokes.draw(STEPS)
    moved = [[[3 * x + 400, 3 * y + 7] for x, y in stroke] for stroke in STEPS]
    assert usual.tobytes() == strokes.draw(moved).tobytes() and max(usual.size) > strokes.SIDE
    assert seen(usual)[:6, 18:38].any() and not seen(usual)[45:, 24:32].any()  # its tip is above
    assert seen(strokes.draw(STEPS, 0.15)).sum() > 1.5 * seen(strokes.draw(STEPS, 0.03)).sum()


def test_strokes_of_a_point_are_dots() -> None:
    for dot in ([[5.0, 5.0]], [[5.0, 5.0], [5.0, 5.0]]):
        assert seen(strokes.draw([dot])).mean() > 0.4
        over = seen(strokes.draw([[[50.0, 40.0], [50.0, 90.0]], [[50.0 + x - 5, 20.0 + y - 5] for x, y in dot]]))
        assert ndimage.label(over)[1] == 2
    assert not seen(strokes.draw([])).any() and not seen(strokes.draw([[]])).any()


def test_a_covered_part_does_not_move_the_rest() -> None:
    whole = printed("H")
    covered = whole.copy()
    ImageDraw.Draw(covered).rectangle((0, 0, 150, 300), "white")
    pixels, place = ink.fit(whole, SIZE)
    rest, same = ink.fit(covered, SIZE, whole)
    assert place == same != ink.fit(covered, SIZE)[1]
    assert not rest[:, :26].any() and (rest[:, 30:] == pixels[:, 30:]).all() and rest.any()


@pytest.mark.parametrize(
    "drawing", [[[1.0, 2.0]], [[["a", 2]]], [[[1, 2, 3]]], [[[float("nan"), 0]]], 5, [[[1], [1, 2]]]]
)
def test_what_is_no_drawing_is_refused(drawing: Any) -> None:
    with pytest.raises(InputError, match="list of strokes"):
        strokes.draw(drawing)


def test_a_drawing_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="20,000 points"):
        strokes.draw([[[float(i), 0.0] for i in range(30_000)]])
