"""Boxes of values and dashes, corrected by the ink on the page: the finder's may be cut off, too large, or absent."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from zoo.images.preprocess import Pixels
from zoo.images.quads import Floats, Quad, axes, box_between, crop, height

Bools = npt.NDArray[np.bool_]
# lengths are heights of a label unless they say otherwise
ROOM = 0.45  # margin around a box in which ink is searched
SPECK = 0.16  # largest width and height of a dot or a speck
DOT_ASIDE, DOT_ABOVE = 0.45, 0.16  # farthest that a value's dot, such as a zero, lies beside and above its letters
RULE_WIDTH, RULE_HEIGHT = 2.4, 0.28  # ink that is wider and lower is the rule of a form
TALL = 1.8  # ink that is higher is a stamp or a frame
MIN_SIDE = 0.7  # least width and height of a value's box
PART_ASIDE = 0.1  # farthest that a part of a value lies beside its box
PART_INSIDE = 0.5  # least share of a part's height inside its box
DOT_LEVEL = 0.3  # share of a value's height: least distance from its top and bottom to a dot beside its box
COLON_SHIFT = 0.12  # largest horizontal distance between the dots of a colon
COLON_MIN, COLON_MAX = 0.2, 0.7  # vertical distance between the dots of a colon
DASH = 0.68  # sides of a dash's box, in heights of labels and values
DASH_MIN_WIDTH, DASH_MAX_WIDTH, DASH_MAX_HEIGHT = 0.12, 0.95, 0.36
DASH_TOP, DASH_BOTTOM = -0.35, 0.78  # where a dash's middle lies below the top of its label
LEFT, RIGHT = 4.0, 0.7  # a dash is searched so far to the left and right of its label's left side
EDGE = 0.05  # ink so near to the right end of that is cut off
RULE_GAP, RULE_SHIFT = 1.0, 0.15  # farthest that neighbouring dots of a dotted rule lie apart, across and down
RULE_DOT = 0.3  # share of a dash's area: least area of a dot of the same rule
INK_CONTRAST = 0.4  # share of the page's contrast by which ink is darker than paper
MIN_CONTRAST = 20.0  # grey levels: least contrast assumed


def ink_box(page: Pixels, box: Quad, unit: float, others: Sequence[Quad] = ()) -> Quad:
    """The box of a value's ink, parallel to `box`; `box` itself if there is no ink.

    Args:
        page: uint8 (H, W, 3).
        box: approximate box of the value; it may be cut off or too large.
        unit: height of a label on the page, in pixels.
        others: boxes of other texts, such as the value's label.
    """
    parts = _parts(page, box, unit, ROOM, ROOM)
    basis = axes(box) * unit
    middles = box[0] + (parts[:, :2] + parts[:, 2:] / 2) @ basis
    foreign = np.full(len(parts), False)
    for other in others:
        foreign |= [cv2.pointPolygonTest(other, middle, False) >= 0 for middle in middles.tolist()]
    width, high = np.linalg.norm(box[1] - box[0]) / unit, np.linalg.norm(box[3] - box[0]) / unit
    own = parts[_value_parts(parts, foreign, float(width), float(high))]
    if not len(own):
        return box
    return _box_of_at_least(MIN_SIDE, box[0], basis, own[:, :2].min(0), (own[:, :2] + own[:, 2:]).max(0))


def dash_box(page: Pixels, label: Quad, labels: Sequence[Quad], values: Sequence[Quad]) -> Quad | None:
    """The box of a dash to the left of a label, or None.

    A dash has no height of its own. Its box is as high and wide as a letter; the size comes from the other texts.

    Args:
        page: uint8 (H, W, 3).
        label: box of the label.
        labels: boxes of all labels on the page.
        values: boxes of other values.
    """
    unit = float(np.median([height(one) for one in labels]))
    heights = [unit, *([float(np.median([height(one) for one in values]))] if values else [])]
    side = DASH * float(np.exp(np.log(heights).mean()))
    basis = axes(label) * unit
    place = box_between(label[0], basis, np.array([-LEFT, 0.0]), np.array([RIGHT, 1.0]))
    parts = _parts(page, place, unit, ROOM, 0.0)
    if not (dashes := _dash_parts(parts)).any():
        return None
    dash = parts[int(np.where(dashes, parts[:, 2], 0).argmax())]
    return _box_of_at_least(side / unit, place[0], basis, dash[:2], dash[:2] + dash[2:])


def _parts(page: Pixels, box: Quad, unit: float, over: float, aside: float) -> Floats:
    """The connected components of ink in and around a box.

    Args:
        page: uint8 (H, W, 3).
        box: on the page.
        unit: in pixels, such as a label's height.
        over: margin above and below the box, in units.
        aside: margin at both ends, in units.

    Returns:
        (n, 4) left, top, width and height of each, in units from the box's corner.
    """
    margin = np.array([over, aside]) * unit / height(box)
    grey = cv2.cvtColor(np.asarray(crop(page, box, *margin).picture), cv2.COLOR_RGB2GRAY)
    darkest, paper, lightest = np.quantile(grey, (0.005, 0.8, 0.98))
    ink = grey < paper - INK_CONTRAST * max(lightest - darkest, MIN_CONTRAST)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    return np.asarray(stats[1:, :4] / unit - (aside, over, 0, 0))


def _box_of_at_least(side: float, origin: npt.NDArray[np.float32], basis: Floats, first: Floats, last: Floats) -> Quad:
    """`box_between` two corners, widened about its middle until both sides have at least the length `side`."""
    more = np.maximum(side - (last - first), 0) / 2
    return box_between(origin, basis, first - more, last + more)


def _value_parts(parts: Floats, foreign: Bools, width: float, height: float) -> Bools:
    """Which components of ink belong to a value.

    Args:
        parts: (n, 4) left, top, width and height in heights of a label, from the corner of the value's box.
        foreign: (n,) which lie in the box of another text.
        width: of the value's box, in heights of a label.
        height: of the value's box, in heights of a label.
    """
    left, top, wide, high = parts.T
    right, bottom = left + wide, top + high
    inside = np.minimum(right, width) - np.maximum(left, 0)  # width inside the box; negative beside it
    small = (wide <= SPECK) & (high <= SPECK)
    rule = (wide > min(RULE_WIDTH, 0.95 * (width + 2 * ROOM))) & (high < RULE_HEIGHT)
    own = inside >= np.where(small, -DOT_ASIDE, -PART_ASIDE)
    own &= np.minimum(bottom, height) - np.maximum(top, 0) >= PART_INSIDE * high
    own &= ~rule & (high < TALL)
    own &= ~foreign | (inside > wide / 2)
    letters = own & ~small
    end = right[letters].max(initial=-ROOM)
    own &= ~(_colon_dots(left + wide / 2, top + high / 2, small) & (left > end))  # a colon belongs to the label
    if not letters.any():
        return np.asarray(letters)
    first, last = top[letters].min(), bottom[letters].max()
    level = np.where(inside < 0, DOT_LEVEL, 0.0) * (last - first)  # a zero stands near the middle of the digits
    near = (left > left[letters].min() - DOT_ASIDE) & (right < right[letters].max() + DOT_ASIDE)
    near &= (top > first - DOT_ABOVE + level) & (bottom < last - level)
    return np.asarray(letters | (own & near))


def _dash_parts(parts: Floats) -> Bools:
    """Which components of ink may be a dash to the left of a label.

    Args:
        parts: (n, 4) left, top, width and height in heights of a label, from LEFT of the label's left side.
    """
    left, top, wide, high = parts.T
    x, y, area = left + wide / 2, top + high / 2, wide * high
    level = (y > DASH_TOP) & (y < DASH_BOTTOM)
    text = level & (high >= DASH_MAX_HEIGHT) & (high < TALL)
    dash = level & (wide > DASH_MIN_WIDTH) & (wide < DASH_MAX_WIDTH) & (high < np.minimum(DASH_MAX_HEIGHT, wide))
    dash &= left + wide < LEFT + RIGHT - EDGE
    dash &= left < x[text].min(initial=LEFT + RIGHT)  # a text to the left is the value
    dash &= ~(text & (left < (left + wide)[:, None]) & (left + wide > left[:, None])).any(1)  # the dot of a letter
    near = (abs(x - x[:, None]) < RULE_GAP) & (abs(y - y[:, None]) < RULE_SHIFT) & (area > RULE_DOT * area[:, None])
    dash &= near.sum(1) <= 2  # itself and a dot of a colon
    outside = dash & (x < LEFT)
    return np.asarray(outside if outside.any() else dash)


def _colon_dots(x: Floats, y: Floats, dots: Bools) -> Bools:
    """Which components are dots of a colon, by their middles x and y (n,)."""
    aside, over = abs(x[:, None] - x), abs(y[:, None] - y)
    return np.asarray(dots & ((aside < COLON_SHIFT) & (over > COLON_MIN) & (over < COLON_MAX) & dots).any(1))
