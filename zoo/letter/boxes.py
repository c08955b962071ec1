"""Where the ink of a letter's values is: boxes that are cut off, too large, or missing around a dash."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from zoo.images.preprocess import Pixels
from zoo.images.quads import Floats, Quad, axes, crop, height, spanned

Bools = npt.NDArray[np.bool_]
# what `inked` goes by, in heights of a label
ROOM = 0.45  # how far beyond its box a text is looked for
SMALL = 0.16  # what is no wider and no higher is a dot or a speck
NEAR = 0.45, 0.16  # how far beside and over the rest a dot, such as a zero, may end that is part of a text
RULE = 2.4, 0.28  # what is lower and wider than this, or as wide as all that is seen, is the line of a form
TALL = 1.8  # what is higher is a stamp or a frame
BOXED = 0.7  # no box is narrower or lower
BESIDE = 0.1  # how far beside its box a part of a text may stand
INSIDE = 0.5  # of the height of a part, how much is between the box's top and its bottom
LEVEL = 0.3  # of a text's height, how far from its top and its bottom a dot is that stands beside its box
COLON = 0.12, 0.2, 0.7  # how far beside one another its dots are at most, over one another at least and at most
# what `dashed` goes by, in heights of a label too
DASH = 0.68  # how wide and high its box is, in heights of labels and values
FLAT = 0.12, 0.95, 0.36  # how wide a dash is at least and at most, and how high at most
AT = -0.35, 0.78  # how far under its label's top its middle is at least and at most
FAR = 4.0, 0.7  # how far to the left of its label's left side it is looked for, and to the right
EDGE = 0.05  # how near to where that ends it is cut off
LINED = 1.0, 0.15, 0.3  # how far beside one another dots of a line are at most, and how high; the least size of another
DARK = 0.4, 20.0  # of the contrast, and grey levels of it at least, by which ink is darker than paper


def inked(page: Pixels, box: Quad, unit: float, others: Sequence[Quad] = ()) -> Quad:
    """The box of a value's ink.

    Args:
        page: uint8 (H, W, 3).
        box: where the value about stands: it may be cut off a little, or too large.
        unit: height of a label on the page, in pixels.
        others: boxes of what is no part of it, such as its label.

    Returns:
        The box, parallel to the first one; the first one where there is no ink to be seen.
    """
    parts = _parts(page, box, unit, ROOM, ROOM)
    way = axes(box) * unit
    middles = box[0] + (parts[:, :2] + parts[:, 2:] / 2) @ way
    apart = np.full(len(parts), False)
    for other in others:
        apart |= [cv2.pointPolygonTest(other, middle, False) >= 0 for middle in middles.tolist()]
    width, high = np.linalg.norm(box[1] - box[0]) / unit, np.linalg.norm(box[3] - box[0]) / unit
    own = parts[_own(parts, apart, float(width), float(high))]
    if not len(own):
        return box
    return _grown(box[0], way, own[:, :2].min(0), (own[:, :2] + own[:, 2:]).max(0), BOXED)


def dashed(page: Pixels, label: Quad, labels: Sequence[Quad], values: Sequence[Quad]) -> Quad | None:
    """The box of a dash that stands behind a label, or None.

    A dash has no height: its box is as high and as wide as it would be for a letter, which the texts around it tell.

    Args:
        page: uint8 (H, W, 3).
        label: of the value that a dash may be.
        labels: boxes of all labels on the page.
        values: boxes of other values.
    """
    unit = float(np.median([height(one) for one in labels]))
    usual = [unit, *([float(np.median([height(one) for one in values]))] if values else [])]
    side = DASH * float(np.exp(np.log(usual).mean()))
    way = axes(label) * unit
    place = spanned(label[0], way, np.array([-FAR[0], 0.0]), np.array([FAR[1], 1.0]))
    parts = _parts(page, place, unit, ROOM, 0.0)
    if not (flat := _flat(parts)).any():
        return None
    dash = parts[int(np.where(flat, parts[:, 2], 0).argmax())]
    return _grown(place[0], way, dash[:2], dash[:2] + dash[2:], side / unit)


def _parts(page: Pixels, box: Quad, unit: float, over: float, aside: float) -> Floats:
    """The connected parts of ink in a box and around it.

    Args:
        page: uint8 (H, W, 3).
        box: where they are.
        unit: pixels, such as a label's height.
        over: how many units over it and under it count.
        aside: how many to its sides.

    Returns:
        (n, 4) left, top, width and height of each, in units from the box's corner.
    """
    margin = np.array([over, aside]) * unit / height(box)
    grey = cv2.cvtColor(np.asarray(crop(page, box, *margin).picture), cv2.COLOR_RGB2GRAY)
    darkest, paper, lightest = np.quantile(grey, (0.005, 0.8, 0.98))
    ink = grey < paper - DARK[0] * max(lightest - darkest, DARK[1])
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    return np.asarray(stats[1:, :4] / unit - (aside, over, 0, 0))


def _grown(origin: npt.NDArray[np.float32], way: Floats, first: Floats, last: Floats, side: float) -> Quad:
    """The box between two corners, about its middle so wide and high at least, all along some axes from an origin."""
    more = np.maximum(side - (last - first), 0) / 2
    return spanned(origin, way, first - more, last + more)


def _own(parts: Floats, apart: Bools, width: float, height: float) -> Bools:
    """Which connected parts of ink are a value's.

    Args:
        parts: (n, 4) left, top, width and height of each in heights of a label, from the corner of the value's box.
        apart: (n,) which stand in the box of something else.
        width: of the value's box.
        height: of the value's box.
    """
    left, top, wide, high = parts.T
    right, bottom = left + wide, top + high
    within = np.minimum(right, width) - np.maximum(left, 0)  # the box; negative for what stands beside it
    small = (wide <= SMALL) & (high <= SMALL)
    own = within >= np.where(small, -NEAR[0], -BESIDE)
    own &= np.minimum(bottom, height) - np.maximum(top, 0) >= INSIDE * high
    own &= ~((wide > min(RULE[0], 0.95 * (width + 2 * ROOM))) & (high < RULE[1])) & (high < TALL)
    own &= ~apart | (within > wide / 2)
    letters = own & ~small
    last = right[letters].max(initial=-ROOM)  # a colon is its label's, to the right of it
    own &= ~(_colons(left + wide / 2, top + high / 2, small) & (left > last))
    if not letters.any():
        return np.asarray(letters)
    start, end = top[letters].min(), bottom[letters].max()
    far = np.where(within < 0, LEVEL, 0.0) * (end - start)  # a zero stands about level with the others' middles
    beside = (left > left[letters].min() - NEAR[0]) & (right < right[letters].max() + NEAR[0])
    return np.asarray(letters | (own & beside & (top > start - NEAR[1] + far) & (bottom < end - far)))


def _flat(parts: Floats) -> Bools:
    """Which connected parts of ink may be a dash that stands behind a label.

    Args:
        parts: (n, 4) left, top, width and height of each in heights of a label, from where FAR begins.
    """
    left, top, wide, high = parts.T
    x, y, size = left + wide / 2, top + high / 2, wide * high
    level = (AT[0] < y) & (y < AT[1])
    text = level & (high >= FLAT[2]) & (high < TALL)
    flat = level & (wide > FLAT[0]) & (wide < FLAT[1]) & (high < np.minimum(FLAT[2], wide))
    flat &= left + wide < sum(FAR) - EDGE
    flat &= left < x[text].min(initial=sum(FAR))  # a text behind it is the value
    flat &= ~(text & (left < (left + wide)[:, None]) & (left + wide > left[:, None])).any(1)  # it is a letter's dot
    near = (abs(x - x[:, None]) < LINED[0]) & (abs(y - y[:, None]) < LINED[1]) & (size > LINED[2] * size[:, None])
    flat &= near.sum(1) <= 2  # itself, and a dot of a colon
    outside = flat & (x < FAR[0])
    return np.asarray(outside if outside.any() else flat)


def _colons(x: Floats, y: Floats, dots: Bools) -> Bools:
    """Which parts are dots that stand over one another, their middles given: those of a colon."""
    aside, over = abs(x[:, None] - x), abs(y[:, None] - y)
    return np.asarray(dots & ((aside < COLON[0]) & (over > COLON[1]) & (over < COLON[2]) & dots).any(1))
