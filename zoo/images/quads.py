"""Boxes of texts on a page as four corners: crops of them, their geometry, their reading order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.images.preprocess import Pixels

Floats: TypeAlias = npt.NDArray[np.float64]
Quad: TypeAlias = npt.NDArray[np.float32]  # (4, 2): corners x, y in pixels, clockwise from the text's upper left
MARGIN = 0.12  # default margin of a crop, in heights of its box
LONG = 2.0  # heights: a wider box shows the direction of its line
STEADY = 4.0  # heights: a wider box shows the skew of its page
LEVEL = 0.4  # share of the lower box's height: least vertical overlap on one line
OVER = 0.5  # share of the narrower box's width: largest horizontal overlap on one line


@dataclass(frozen=True, eq=False)
class Crop:
    """A text cut out of its page, upright."""

    picture: Image.Image  # the text alone
    homography: Floats  # (3, 3), from its pixels to the page's

    def on_page(self, box: tuple[float, float, float, float]) -> Quad:
        """A box in the crop (left, top, right, bottom) as a quad on the page."""
        return project(self.homography, corners(*box))


def project(homography: Floats, points: npt.NDArray[np.floating]) -> Quad:
    """Applies a homography (3, 3) to points (n, 2)."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:], np.float32)


def corners(left: float, top: float, right: float, bottom: float) -> Floats:
    """The corners (4, 2) of an upright box, clockwise from the upper left one."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def rectangle(size: tuple[int, int]) -> Quad:
    """The corners of a picture, from its width and height."""
    return corners(0, 0, *size).astype(np.float32)


def crop(
    page: Image.Image | Pixels, box: Quad, over: float = MARGIN, aside: float | None = None, *, cubic: bool = False
) -> Crop:
    """Cuts out a box and a margin around it.

    Args:
        page: the picture, or its pixels uint8 (H, W, 3).
        box: of the text.
        over: margin above and below, in heights of the box.
        aside: margin at both ends, in heights of the box; `over` by default.
        cubic: whether to interpolate cubically, not linearly.
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


def grow(box: Quad, by: float) -> Quad:
    """Moves each side of a box outwards by `by` pixels; inwards, at most to the middle, if `by` is negative."""
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


def box_between(origin: npt.NDArray[np.float32], axes: Floats, first: Floats, last: Floats) -> Quad:
    """The box with opposite corners `first` and `last`, (2,) each, given along `axes` from `origin`."""
    return np.asarray(origin + corners(*first, *last) @ axes, np.float32)


def enclosing(points: npt.NDArray[np.float32], axes: Floats) -> Quad:
    """The smallest box along `axes` that holds points (n, 2)."""
    places = (points - points[0]) @ axes.T
    return box_between(points[0], axes, places.min(0), places.max(0))


def union(box: Quad, other: Quad) -> Quad:
    """The smallest box that holds both and is parallel to the first."""
    return enclosing(np.concatenate([box, other]), axes(box))


def left_part(box: Quad, end: float) -> Quad:
    """The left part of a box; `end` is its share of the width."""
    right = box[[0, 3]] + end * (box[[1, 2]] - box[[0, 3]])
    return np.stack([box[0], right[0], right[1], box[3]]).astype(np.float32)


def align(box: Quad, like: Quad) -> Quad:
    """The smallest box that is parallel to `like` and encloses `box`; a long box is returned unchanged."""
    return enclosing(box, axes(like)) if is_short(box) else box


def is_short(box: Quad) -> bool:
    """Whether a box is too short to show the direction of its text."""
    return float(np.linalg.norm(box[1] - box[0])) <= LONG * height(box)


def upright_box(corners: npt.ArrayLike) -> list[float]:
    """Left, top, right and bottom of the upright box around corners (n, 2)."""
    points = np.asarray(corners, float)
    return [*points.min(0).tolist(), *points.max(0).tolist()]


def height(box: Quad) -> float:
    """The height of the text in a box, in pixels: its shorter side."""
    return float(min(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])))


def clockwise(box: Quad) -> Quad:
    """Sorts the corners of a box clockwise from the upper left, on a page that is nearly upright."""
    angles = np.arctan2(*(box - box.mean(0)).T[::-1])
    ordered = box[np.argsort(angles)]  # from the left over the top
    sides = np.roll(ordered, -1, 0) - ordered
    lying = np.abs(sides[:, 0]) > np.abs(sides[:, 1])
    first = next((i for i in range(4) if lying[i] and sides[i, 0] > 0), int(np.argmin(ordered.sum(1))))
    return np.roll(ordered, -first, 0)


def skew(boxes: Iterable[Quad]) -> float:
    """Clockwise skew of a page in degrees: the median over its long boxes, weighted by length."""
    sides = np.array([box[1] - box[0] for box in boxes if np.linalg.norm(box[1] - box[0]) > STEADY * height(box)])
    if not len(sides):
        return 0.0
    angles, lengths = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])), np.linalg.norm(sides, axis=1)
    return float(np.quantile(angles, 0.5, weights=lengths, method="inverted_cdf"))


def same_line(one: Quad, other: Quad) -> bool:
    """Whether two boxes lie on the same line of text."""
    left, right = (one, other) if one[:, 0].mean() < other[:, 0].mean() else (other, one)
    if left[1, 0] - right[0, 0] > OVER * min(float(np.ptp(left[:, 0])), float(np.ptp(right[:, 0]))):
        return False
    # between the sides that face each other a line rises little, even on a skewed page
    top, bottom = max(left[1, 1], right[0, 1]), min(left[2, 1], right[3, 1])
    return bool(bottom - top > LEVEL * min(height(one), height(other)))


def rows(boxes: Sequence[Quad], right_to_left: bool = False) -> list[list[int]]:
    """Reading order: the indices of the boxes on each line of text, the upper lines first."""
    turn = np.radians(skew(boxes))
    down = [float(box.mean(0) @ (-np.sin(turn), np.cos(turn))) for box in boxes]
    lines: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=down.__getitem__):
        if lines and same_line(boxes[lines[-1][0]], boxes[i]):
            lines[-1].append(i)
        else:
            lines.append([i])
    return [sorted(line, key=lambda i: float(boxes[i][:, 0].mean()), reverse=right_to_left) for line in lines]
