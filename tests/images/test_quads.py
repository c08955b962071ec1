"""Boxes on pages: what stands in them, and the order in which they are read, on a page askew too."""

import numpy as np
import pytest
from PIL import Image

from zoo.images import quads
from zoo.images.quads import Quad, crop


def box(left: float, top: float, right: float, turn: float = 0.0, height: float = 20.0) -> Quad:
    """A line turned about the page's corner by some radians, with all others."""
    corners = np.array([[left, top], [right, top], [right, top + height], [left, top + height]])
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (corners @ spin).astype(np.float32)


@pytest.mark.parametrize("turn", [0.0, 0.05, -0.05])
def test_lines_are_in_order_on_a_page_askew(turn: float) -> None:
    """Over 600 pixels such a page rises by a line's height."""
    lines = [box(400, 184, 700, turn), box(100, 156, 700, turn), box(100, 212, 700, turn), box(100, 100, 700, turn),
             box(100, 184, 300, turn), box(560, 128, 700, turn)]  # fmt: skip
    assert quads.rows(lines) == [[3], [5], [1], [4, 0], [2]]
    assert quads.rows(lines, right_to_left=True) == [[3], [5], [1], [0, 4], [2]]
    for over, under in ((80, 120), (120, 80)):  # the end of one is as high as the beginning of the other
        assert not turn or not quads.same_line(box(over, 100, 700, turn), box(under, 100 + 600 * abs(turn), 700, turn))
    assert quads.same_line(lines[0], lines[4])


def test_halves_of_lines_belong_together_where_the_page_rises_by_more_than_a_line() -> None:
    lines = [box(x, 100 + 28 * row, x + 200, 0.15) for row in range(4) for x in (0, 220)]
    assert quads.rows(lines) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_boxes_of_different_heights_stand_on_one_line() -> None:
    boxes = [
        box(300, 12, 400, height=30),
        box(0, 100, 90, height=30),
        box(0, 10, 200, height=30),
        box(500, 0, 600, height=35),
    ]
    assert quads.rows(boxes) == [[2, 0, 3], [1]]
    assert quads.rows([]) == []


def test_a_crop_is_upright_with_a_margin_and_knows_its_place() -> None:
    page = Image.new("RGB", (300, 200), "white")
    for x, tint in ((100, "red"), (150, "blue")):
        page.paste(tint, (x, 80, x + 50, 100))
    turned = page.rotate(-20, Image.Resampling.BICUBIC, fillcolor="white")  # clockwise
    spin = np.radians(20)
    corners = np.array([[100, 80], [200, 80], [200, 100], [100, 100]], float) - [150, 100]
    corners = corners @ np.array([[np.cos(spin), np.sin(spin)], [-np.sin(spin), np.cos(spin)]]) + [150, 100]
    for cubic in (False, True):
        there = crop(turned, corners.astype(np.float32), cubic=cubic)
        pixels = np.asarray(there.picture, int)
        margin = 20 * quads.MARGIN
        assert pixels.shape[:2] == pytest.approx((20 + 2 * margin, 100 + 2 * margin), abs=1)
        left, right = pixels[6:-6, 10:45], pixels[6:-6, 60:95]
        assert left[..., 0].mean() > 240 > 20 > left[..., 2].mean()
        assert right[..., 2].mean() > 240 > 20 > right[..., 0].mean()
        again = there.on_page((margin, margin, there.picture.width - margin, there.picture.height - margin))
        np.testing.assert_allclose(again, corners, atol=1)
