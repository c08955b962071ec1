"""Boxes of values and dashes follow the ink, whatever box was found."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from zoo.images.quads import Quad, align, crop, union
from zoo.letter.boxes import DASH, MIN_SIDE, dash_box, ink_box

UNIT = 20.0  # height of a label on these pages
PAPER, INK = (235, 230, 220), (40, 40, 60)


def rectangle(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def page(*inks: tuple[int, int, int, int]) -> np.ndarray:
    picture = Image.new("RGB", (300, 120), PAPER)
    for one in inks:
        ImageDraw.Draw(picture).rectangle(one, INK)
    return np.asarray(picture)


DIGITS = tuple((x, 50, x + 6, 70) for x in range(60, 181, 12))  # ink from 60 to 187 and from 50 to 71


@pytest.mark.parametrize(
    "cut_off", [(5, 0, 0, 0), (0, 5, 0, 0), (0, 0, -6, 0), (0, 0, 0, -5), (-6, -5, 6, 5), (0, 0, 0, 0)]
)
def test_a_box_that_is_cut_off_or_too_large_ends_where_the_ink_does(cut_off: tuple[int, ...]) -> None:
    about = rectangle(60, 50, 187, 71) + np.array([cut_off[i] for i in (0, 1, 2, 1, 2, 3, 0, 3)], float).reshape(4, 2)
    there = ink_box(page(*DIGITS), about.astype(np.float32), UNIT)
    np.testing.assert_allclose(there, rectangle(60, 50, 187, 71), atol=1.1)


def test_a_dash_has_a_box_about_its_middle_and_a_form_s_line_none() -> None:
    dash, rule = (100, 58, 107, 60), (20, 75, 280, 76)
    there = ink_box(page(dash, rule), rectangle(92, 52, 104, 64), UNIT)
    side = MIN_SIDE * UNIT / 2
    np.testing.assert_allclose(there, rectangle(104 - side, 59.5 - side, 104 + side, 59.5 + side), atol=1.1)
    about = rectangle(60, 72, 90, 80)
    np.testing.assert_array_equal(ink_box(page(rule), about, UNIT), about, "no ink of a text")
    np.testing.assert_array_equal(ink_box(page(), about, UNIT), about)


def test_dots_belong_to_a_text_where_they_are_near_and_a_dotted_line_does_not() -> None:
    zero, specks, dotted = (192, 58, 194, 60), (240, 60, 242, 62), tuple((x, 76, x + 1, 77) for x in range(40, 220, 5))
    there = ink_box(page(*DIGITS, zero, specks, *dotted), rectangle(62, 50, 192, 74), UNIT)
    np.testing.assert_allclose(there, rectangle(60, 50, 195, 71), atol=1.1)


def test_a_neighbour_is_left_out_and_boxes_are_askew_as_the_first_was() -> None:
    turned = Image.fromarray(page(*DIGITS, (192, 40, 280, 72))).rotate(2, Image.Resampling.BICUBIC, fillcolor=PAPER)
    spin = np.radians(-2)
    way = np.array([[np.cos(spin), np.sin(spin)], [-np.sin(spin), np.cos(spin)]])
    true = (rectangle(60, 50, 187, 71) - (150, 60)) @ way + (150, 60)
    about = (rectangle(64, 53, 189, 70) - (150, 60)) @ way + (150, 60)
    there = ink_box(np.asarray(turned), about.astype(np.float32), UNIT)
    np.testing.assert_allclose(there, true, atol=2.5)
    assert crop(turned, there).picture.height == pytest.approx(21 * 1.24, abs=3)


def test_neither_its_label_nor_a_colon_is_part_of_a_value() -> None:
    colon, letter = ((192, 54, 194, 56), (192, 64, 194, 66)), (198, 48, 215, 72)
    about = rectangle(60, 50, 200, 71)
    alone = rectangle(60, 50, 187, 71)
    np.testing.assert_allclose(ink_box(page(*DIGITS, *colon), about, UNIT), alone, atol=1.1)
    label = rectangle(190, 48, 215, 72)
    np.testing.assert_allclose(ink_box(page(*DIGITS, *colon, letter), about, UNIT, [label]), alone, atol=1.1)
    assert ink_box(page(*DIGITS, letter), about, UNIT)[1, 0] > 205, "which only its box tells"


def test_boxes_join_along_the_first_and_a_short_one_turns_as_another() -> None:
    spin = np.array([[np.cos(0.1), np.sin(0.1)], [-np.sin(0.1), np.cos(0.1)]])
    value, label = (rectangle(*sides) @ spin for sides in ((50, 50, 150, 70), (170, 46, 220, 74)))
    np.testing.assert_allclose(union(value, label), rectangle(50, 46, 220, 74) @ spin, atol=0.01)
    tilted = np.array([[100, 90], [110, 100], [100, 110], [90, 100]], np.float32)  # as of a dash of a few cells
    upright = align(tilted, rectangle(170, 46, 220, 74))
    np.testing.assert_allclose(upright, rectangle(90, 90, 110, 110), atol=0.01)
    np.testing.assert_array_equal(align(value, label + 3), value)


LABEL = rectangle(200, 50, 240, 70)
LETTERS = tuple((x, 52, x + 9, 70) for x in range(201, 240, 13))
COLON = (191, 55, 193, 57), (191, 65, 193, 67)
RULED = tuple((x, 70, x + 3, 71) for x in range(20, 195, 7))  # dots of a line


def test_a_dash_behind_a_label_has_the_box_of_a_letter() -> None:
    dash = 160, 58, 168, 60
    for more in ((), COLON, RULED, (*COLON, *RULED), ((20, 40, 21, 100),), ((120, 57, 121, 58),)):
        there = dash_box(page(*LETTERS, dash, *more), LABEL, [LABEL], [])
        assert there is not None, more
        side = DASH * UNIT / 2
        middle = 164.5, 59.5
        np.testing.assert_allclose(there.mean(0), middle, atol=1)
        np.testing.assert_allclose(np.ptp(there, axis=0), 2 * side, atol=0.1)
    higher = dash_box(page(*LETTERS, dash), LABEL, [LABEL], [rectangle(0, 0, 99, 4 * UNIT)])
    assert higher is not None and np.ptp(higher[:, 1]) == pytest.approx(2 * DASH * UNIT), "between both"
    ending = dash_box(page(*LETTERS[1:], (200, 60, 211, 62), dash), LABEL, [LABEL], [])
    assert ending is not None and ending[1, 0] < 180, "before what is flat at its label's end"
    swallowed = rectangle(158, 50, 240, 70)
    assert dash_box(page(*LETTERS, dash), swallowed, [LABEL], []) is not None, "its label's box reaches over it"


def test_what_is_no_dash_is_none() -> None:
    digits = tuple((x, 52, x + 6, 70) for x in range(130, 156, 13))
    dotted = tuple((x, 60, x + 3, 61) for x in range(20, 195, 7))
    for inks in (
        (),
        COLON,
        RULED,
        dotted,
        digits,
        (*digits, (160, 58, 168, 60)),
        ((160, 80, 168, 82),),
        ((100, 58, 180, 60),),
    ):
        assert dash_box(page(*LETTERS, *inks), LABEL, [LABEL], []) is None, inks
    above = (201, 46, 209, 48), *LETTERS
    assert dash_box(page(*above), LABEL, [LABEL], []) is None, "the dot of a letter"
