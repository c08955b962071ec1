"""Boxes of texts on a page: four corners, what stands between them, and where its ink is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.image import Pixels

Quad = npt.NDArray[np.float32]  # (4, 2): corners x, y, clockwise from the upper left one
AROUND = 0.12  # of a text's height that is cut out beside it on every side
# what `inked` goes by, in heights of a label
ROOM = 0.3  # how far beyond its box a text is looked for
SMALL = 0.16  # what is no wider and no higher is a dot or a speck
NEAR = 0.45, 0.16  # how far beside and over the rest a dot, such as a zero, may end that is part of a text
RULE = 2.4, 0.28  # what is lower and wider than this, or as wide as all that is seen, is the line of a form
TALL = 1.8  # what is higher is a stamp or a frame
BOXED = 0.6  # no box is narrower or lower
BESIDE = 0.1  # how far beside its box a part of a text may stand
INSIDE = 0.5  # of the height of a part, how much is between the box's top and its bottom
DARK = 0.4, 20.0  # of the contrast, and grey levels of it at least, by which ink is darker than paper


def moved(box: Quad, by: float) -> Quad:
    """A box whose sides are moved out by so many pixels, or in where that is negative, at most to its middle."""
    middle = box.mean(0)
    across, along = box[1] - box[0], box[3] - box[0]
    sides = []
    for side in (across, along):
        length = float(np.linalg.norm(side))
        sides.append(side * max(length + 2 * by, 1e-3) / max(length, 1e-6) / 2)
    x, y = sides
    return np.stack([middle - x - y, middle + x - y, middle + x + y, middle - x + y]).astype(np.float32)


def height(box: Quad) -> float:
    """How high the text in a box is, in pixels: its shorter sides."""
    return float(min(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])))


def upright(corners: npt.NDArray[np.float32]) -> Quad:
    """The corners of a box in order: clockwise from the upper left one, for a page that is about upright."""
    centre = corners.mean(0)
    angles = np.arctan2(*(corners - centre).T[::-1])
    ordered = corners[np.argsort(angles)]  # from the left over the top
    sides = np.roll(ordered, -1, 0) - ordered
    lying = np.abs(sides[:, 0]) > np.abs(sides[:, 1])
    first = next((i for i in range(4) if lying[i] and sides[i, 0] > 0), int(np.argmin(ordered.sum(1))))
    return np.roll(ordered, -first, 0)


def cut(page: Image.Image | Pixels, box: Quad, around: float = AROUND, aside: float | None = None) -> Image.Image:
    """What stands in a box, upright, with a little around it: that share of its height, or another to its sides."""
    along, down = box[1] - box[0], box[3] - box[0]
    high = height(box)
    wide = float(np.linalg.norm(along))
    over, beyond = around * high, (around if aside is None else aside) * high
    size = max(round(wide + 2 * beyond), 4), max(round(high + 2 * over), 4)
    right, below = along / max(wide, 1e-6) * beyond, down / max(float(np.linalg.norm(down)), 1e-6) * over
    corners = np.array([box[0] - right - below, box[1] + right - below, box[2] + right + below, box[3] - right + below])
    target = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    way = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    flat = cv2.warpPerspective(np.asarray(page), way, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Image.fromarray(flat)


def inked(page: Pixels, box: Quad, unit: float) -> Quad:
    """The box of a text's ink.

    Args:
        page: uint8 (H, W, 3).
        box: where the text about stands: it may be cut off a little, or too large.
        unit: height of a label on the page, in pixels.

    Returns:
        The box, parallel to the first one; the first one where there is no ink to be seen.
    """
    room = ROOM * unit
    grey = cv2.cvtColor(np.asarray(cut(page, box, room / height(box))), cv2.COLOR_RGB2GRAY)
    darkest, paper, lightest = np.quantile(grey, (0.005, 0.8, 0.98))
    ink = grey < paper - DARK[0] * max(lightest - darkest, DARK[1])
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    left, top, wide, high = stats[1:, :4].T / unit
    right, bottom = left + wide, top + high
    x = np.minimum(right, grey.shape[1] / unit - ROOM) - np.maximum(left, ROOM)
    y = np.minimum(bottom, grey.shape[0] / unit - ROOM) - np.maximum(top, ROOM)
    own = (x >= -BESIDE) & (y >= INSIDE * high)
    own &= ~((wide > min(RULE[0], 0.95 * grey.shape[1] / unit)) & (high < RULE[1])) & (high < TALL)
    letters = own & ((wide > SMALL) | (high > SMALL))
    if not letters.any():
        return box
    end = bottom[letters].max()
    letters |= (
        own
        & (left > left[letters].min() - NEAR[0])
        & (right < right[letters].max() + NEAR[0])
        & (top > top[letters].min() - NEAR[1])
        & (bottom < end)
    )
    first = np.array([left[letters].min(), top[letters].min()])
    last = np.array([right[letters].max(), end])
    grown = np.maximum(BOXED - (last - first), 0) / 2
    first, last = (first - grown - ROOM) * unit, (last + grown - ROOM) * unit
    along, down = box[1] - box[0], box[3] - box[0]
    along, down = along / max(float(np.linalg.norm(along)), 1e-6), down / max(float(np.linalg.norm(down)), 1e-6)
    corners = [(first[0], first[1]), (last[0], first[1]), (last[0], last[1]), (first[0], last[1])]
    return np.array([box[0] + x * along + y * down for x, y in corners], np.float32)
