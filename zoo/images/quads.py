"""Boxes of texts on a page: their four corners, what stands between them, and the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.images.preprocess import Pixels

Floats: TypeAlias = npt.NDArray[np.float64]
Quad: TypeAlias = npt.NDArray[np.float32]  # (4, 2): corners x, y in pixels, clockwise from the text's upper left one
MARGIN = 0.12  # of a box's height that is cut out around it
LONG = 2.0  # heights: a box that is wider runs along its line
STEADY = 4.0  # heights: a box that is wider tells how far its page is turned
LEVEL = 0.4  # of the lower box's height that two boxes on one line share at least
OVER = 0.5  # of the shorter box's width that two boxes on one line share at most


@dataclass(frozen=True, eq=False)
class Crop:
    """A text cut out of its page, upright."""

    picture: Image.Image  # the text alone
    homography: Floats  # (3, 3), from its pixels to the page's

    def on_page(self, box: tuple[float, float, float, float]) -> Quad:
        """A box in the crop (left, top, right, bottom) as a quad on the page."""
        return through(self.homography, corners(*box))


def through(homography: Floats, points: npt.NDArray[np.floating]) -> Quad:
    """Points (n, 2) where a homography (3, 3) takes them."""
    moved = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float32)


def corners(left: float, top: float, right: float, bottom: float) -> Floats:
    """The corners (4, 2) of an upright box, clockwise from the upper left one."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def rectangle(size: tuple[int, int]) -> Quad:
    """The corners of a picture of some width and height."""
    return corners(0, 0, *size).astype(np.float32)


def crop(
    page: Image.Image | Pixels, box: Quad, over: float = MARGIN, aside: float | None = None, *, cubic: bool = False
) -> Crop:
    """Cuts out a box and a margin around it.

    Args:
        page: the picture, or its pixels uint8 (H, W, 3).
        box: where the text stands.
        over: margin above and below, in heights of the box.
        aside: margin at both ends; the same by default.
        cubic: interpolate so rather than linearly.
    """
    import cv2  # whole pages need it, readers of crops do not

    along, down = box[1] - box[0], box[3] - box[0]
    high, wide = height(box), float(np.linalg.norm(along))
    above, beyond = over * high, (over if aside is None else aside) * high
    size = max(round(wide + 2 * beyond), 4), max(round(high + 2 * above), 4)
    right, below = along / max(wide, 1e-6) * beyond, down / max(float(np.linalg.norm(down)), 1e-6) * above
    outer = np.array([box[0] - right - below, box[1] + right - below, box[2] + right + below, box[3] - right + below])
    to_crop = cv2.getPerspectiveTransform(outer.astype(np.float32), rectangle(size))
    pixels = cv2.warpPerspective(
        np.asarray(page),
        to_crop,
        size,
        flags=cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Crop(Image.fromarray(pixels), np.asarray(np.linalg.inv(to_crop), np.float64))


def moved(box: Quad, by: float) -> Quad:
    """A box whose sides are moved out by so many pixels; in by a negative number, at most to its middle."""
    middle = box.mean(0)
    half_sides = []
    for side in (box[1] - box[0], box[3] - box[0]):
        length = float(np.linalg.norm(side))
        half_sides.append(side * max(length + 2 * by, 1e-3) / max(length, 1e-6) / 2)
    x, y = half_sides
    return np.stack([middle - x - y, middle + x - y, middle + x + y, middle - x + y]).astype(np.float32)


def axes(box: Quad) -> Floats:
    """Unit vectors along a box and down it, (2, 2)."""
    sides = np.stack([box[1] - box[0], box[3] - box[0]]).astype(np.float64)
    return np.asarray(sides / np.maximum(np.linalg.norm(sides, axis=1, keepdims=True), 1e-6))


def spanned(origin: npt.NDArray[np.float32], axes: Floats, first: Floats, last: Floats) -> Quad:
    """The box between two opposite corners, (2,) each, whose coordinates are along `axes` from `origin`."""
    return np.asarray(origin + corners(*first, *last) @ axes, np.float32)


def around(points: npt.NDArray[np.float32], axes: Floats) -> Quad:
    """The smallest box along some axes around points (n, 2)."""
    places = (points - points[0]) @ axes.T
    return spanned(points[0], axes, places.min(0), places.max(0))


def joined(box: Quad, other: Quad) -> Quad:
    """The smallest box around two that is parallel to the first."""
    return around(np.concatenate([box, other]), axes(box))


def shortened(box: Quad, end: float) -> Quad:
    """The left part of a box, up to a share of its width."""
    right = box[[0, 3]] + end * (box[[1, 2]] - box[[0, 3]])
    return np.stack([box[0], right[0], right[1], box[3]]).astype(np.float32)


def turned(box: Quad, like: Quad) -> Quad:
    """The smallest box around a short one that is parallel to another; a long one as it is."""
    return around(box, axes(like)) if short(box) else box


def short(box: Quad) -> bool:
    """Whether a box is too short to tell by its own sides how its text is turned."""
    return float(np.linalg.norm(box[1] - box[0])) <= LONG * height(box)


def height(box: Quad) -> float:
    """The height of the text in a box, in pixels: the shorter one of its sides."""
    return float(min(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])))


def upright(box: Quad) -> Quad:
    """Sorts the corners of a box clockwise from the upper left one, on a page that is about upright."""
    angles = np.arctan2(*(box - box.mean(0)).T[::-1])
    ordered = box[np.argsort(angles)]  # from the left over the top
    sides = np.roll(ordered, -1, 0) - ordered
    lying = np.abs(sides[:, 0]) > np.abs(sides[:, 1])
    first = next((i for i in range(4) if lying[i] and sides[i, 0] > 0), int(np.argmin(ordered.sum(1))))
    return np.roll(ordered, -first, 0)


def skew(boxes: Iterable[Quad]) -> float:
    """How far a page is turned clockwise, in degrees: the median of its long boxes, weighted by their lengths."""
    sides = np.array([box[1] - box[0] for box in boxes if np.linalg.norm(box[1] - box[0]) > STEADY * height(box)])
    if not len(sides):
        return 0.0
    angles, lengths = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])), np.linalg.norm(sides, axis=1)
    return float(np.quantile(angles, 0.5, weights=lengths, method="inverted_cdf"))


def beside(one: Quad, other: Quad) -> bool:
    """Whether two boxes lie on the same line of text."""
    left, right = (one, other) if one[:, 0].mean() < other[:, 0].mean() else (other, one)
    if left[1, 0] - right[0, 0] > OVER * min(float(np.ptp(left[:, 0])), float(np.ptp(right[:, 0]))):
        return False
    # the sides that face each other: between them even a page askew rises little
    top, bottom = max(left[1, 1], right[0, 1]), min(left[2, 1], right[3, 1])
    return bool(bottom - top > LEVEL * min(height(one), height(other)))


def rows(boxes: Sequence[Quad], right_to_left: bool = False) -> list[list[int]]:
    """Reading order: the indices of the boxes on each line of text, the upper lines first."""
    turn = np.radians(skew(boxes))
    down = [float(box.mean(0) @ (-np.sin(turn), np.cos(turn))) for box in boxes]
    lines: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=down.__getitem__):
        if lines and beside(boxes[lines[-1][0]], boxes[i]):
            lines[-1].append(i)
        else:
            lines.append([i])
    return [sorted(line, key=lambda i: float(boxes[i][:, 0].mean()), reverse=right_to_left) for line in lines]
