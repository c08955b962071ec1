"""Text to a mask of ink, with the box of every letter.

A mask is an 8-bit image, 255 where there is ink. Boxes are float32 (n, 4): left, top, right, bottom in pixels, one per
character of the text.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont
from scipy import ndimage

from training.data.drawing import degrade, fonts
from training.data.drawing.pen import DRAWN, Hand
from zoo.text import direction

Boxes = np.ndarray


@dataclass(frozen=True)
class Ink:
    """A drawn text: its mask, its letters' boxes, the text itself."""

    mask: Image.Image
    boxes: Boxes
    text: str


def line(text: str, font: Path, size: int, spacing: float = 0.0) -> Ink:
    """One straight line of text, tightly cropped; `spacing` pixels between letters beyond the font's own."""
    face = fonts.load(font, size)
    # kerning is between neighbours only, so that pairs add up; it is not counted before a text's last letter
    alone = [fonts.advance(font, size, letter) for letter in text[:-1]]
    pens = accumulate(
        (face.getlength(text[i : i + 2]) - fonts.advance(font, size, text[i + 1]) for i in range(len(text) - 2)),
        initial=0.0,
    )
    starts = [0.0, *(pen + step + i * spacing for i, (pen, step) in enumerate(zip(pens, alone, strict=False), 1))]
    boxes = np.array([fonts.letter_box(font, size, c) for c in text], float)
    boxes[:, [0, 2]] += np.array(starts)[:, None]
    left, top = np.floor(boxes[:, :2].min(0))
    right, bottom = np.ceil(boxes[:, 2:].max(0))
    mask = Image.new("L", (max(int(right - left), 1), max(int(bottom - top), 1)))
    draw = ImageDraw.Draw(mask)
    if spacing:
        for c, x in zip(text, starts, strict=True):
            draw.text((x - left, -top), c, 255, face, anchor="ls")
    else:
        draw.text((-left, -top), text, 255, face, anchor="ls")
    return Ink(mask, (boxes - (left, top, left, top)).astype(np.float32), text)


REFERENCE = "تاریخ شماره پیوست مورخ موضوع ۰۱۲۳۴۵۶۷۸۹"  # as high and as deep as a line of Persian is


@cache
def _line(path: Path, size: int) -> tuple[int, int]:
    """Top and bottom of a Persian line's ink, in pixels from the baseline; the top is negative."""
    font = fonts.load(path, size, ImageFont.Layout.RAQM)
    _, top, _, bottom = font.getbbox(REFERENCE, anchor="ls", direction="rtl", language="fa")
    return math.floor(top), math.ceil(bottom)


def shaped(text: str, face: fonts.Face, size: int) -> Ink:
    """One line in a Persian font, letters joined, as wide as its ink and as high as a line of that font.

    So a dash, an underscore and a zero keep their height on the line and their size. What is all ASCII runs from left
    to right, all else from right to left with its digits in order. There is one box, of the whole text.
    """
    path = face.file(text)
    font = fonts.load(path, size, ImageFont.Layout.RAQM)
    way = {"direction": "ltr"} if text.isascii() else {"direction": "rtl", "language": "fa"}
    left, top, right, bottom = font.getbbox(text, anchor="ls", **way)
    first, last = _line(face.path, size)
    first, last = min(first, math.floor(top)), max(last, math.ceil(bottom))
    left = math.floor(left)
    mask = Image.new("L", (max(math.ceil(right) - left, 1), last - first))
    ImageDraw.Draw(mask).text((-left, -first), text, 255, font, anchor="ls", **way)
    box = mask.getbbox() or (0, 0, *mask.size)
    return Ink(mask, np.array([box], np.float32), text)


def persian(text: str, face: fonts.Face, size: int, hand: Hand | None = None) -> tuple[Ink, int]:
    """Renders a Persian line, tightly cropped: letters joined, numbers and Latin words from left to right.

    It draws the line in parts, because a family may keep its ASCII signs in a separate file. If there is a `hand`,
    numbers in Persian digits are handwritten. The ink has one box, around the whole text. Returns the ink and how many
    of its pixel rows lie above the baseline.
    """
    margin, base = size, 2 * size  # more than any font's letters reach beyond their pen positions
    parts, x = [], 0.0
    for part, ltr in reversed(direction.runs(text)):
        if hand and ltr and DRAWN.issuperset(part):
            number = hand.mask(part, round(0.7 * size))
            parts.append((x, number))
            x += number.width + hand.gap * size
            continue
        cut = [(run, run.isascii()) for run in re.findall(r"[\x00-\x7f]+|[^\x00-\x7f]+", part)]
        for run, plain in cut if ltr else reversed(cut):
            shown = run if ltr or not plain else run[::-1].translate(direction.MIRRORED)
            way = {"direction": "ltr"} if ltr or plain else {"direction": "rtl", "language": "fa"}
            font = fonts.load(face.file(run), size, ImageFont.Layout.RAQM)
            parts.append((x, (shown, font, way)))
            x += font.getlength(shown, **way)
    canvas = Image.new("L", (math.ceil(x) + 2 * margin, 2 * base))
    draw = ImageDraw.Draw(canvas)
    for x, run in parts:
        if isinstance(run, Image.Image):
            canvas.paste(run, (round(margin + x), base - round(run.height * 1.3 / 1.6)))
        else:
            shown, font, way = run
            draw.text((margin + x, base), shown, 255, font, anchor="ls", **way)
    left, top, right, bottom = canvas.getbbox() or (margin, base - 1, margin + 1, base)
    mask = canvas.crop((left, top, right, bottom))
    return Ink(mask, np.array([[0, 0, *mask.size]], np.float32), text), base - top


def varied(rng: np.random.Generator, mask: Image.Image) -> Image.Image:
    """A text as another font might have it: wider or narrower, slanted, bent, its strokes thinner, thicker or rounder.

    As high as before; what is on it moves up or down by a twentieth at most.
    """
    width, height = mask.size
    slant, stretch = rng.normal(0, 0.12), rng.uniform(0.75, 1.3)
    wide = max(round((width + abs(slant) * height) * stretch + 0.1 * height), 1)
    y, x = np.mgrid[:height, :wide].astype(np.float32)
    fields = [degrade.smooth(rng, (wide, height), int(rng.integers(2, 5))) for _ in "xy"]
    x = (x - wide / 2) / stretch + slant * (y - height / 2) + width / 2 + fields[0] * rng.uniform(0, 0.08) * height
    y = y + fields[1] * rng.uniform(0, 0.05) * height
    bent = ndimage.map_coordinates(np.asarray(mask, np.float32), (y, x), order=1)
    if rng.random() < 0.6:
        soft = ndimage.gaussian_filter(bent, rng.uniform(0.01, 0.045) * height)
        other = np.clip((soft - 255 * rng.uniform(0.3, 0.6)) * 5 + 127, 0, 255)
        parts = [ndimage.label(drawn > 127)[1] for drawn in (bent, other)]  # no dot is lost, no two run together
        if parts[0] == parts[1] and 0.5 < other.sum() / max(bent.sum(), 1) < 2:
            bent = other
    return Image.fromarray(np.rint(bent).astype(np.uint8))


def dance(
    text: str, faces: Sequence[Path], size: int, rng: np.random.Generator, turn: float, hop: float, overlap: float
) -> Ink:
    """Letters, each in its face, that turn (up to `turn` degrees), hop (up to `hop` × size), overlap (× size)."""
    parts, x = [], 0.0
    for c, font in zip(text, faces, strict=True):
        letter = line(c, font, size).mask.rotate(rng.uniform(-turn, turn), Image.Resampling.BILINEAR, expand=True)
        left, top, right, bottom = letter.getbbox() or (0, 0, *letter.size)
        baseline = fonts.letter_box(font, size, c)[3]
        parts.append((letter.crop((left, top, right, bottom)), x, baseline + rng.uniform(-hop, hop) * size))
        x += right - left + (rng.uniform(0.0, 0.15) - overlap) * size
    boxes = np.array([(x, bottom - im.height, x + im.width, bottom) for im, x, bottom in parts])
    left, top = np.floor(boxes[:, :2].min(0))
    right, bottom = np.ceil(boxes[:, 2:].max(0))
    mask = Image.new("L", (int(right - left) + 1, int(bottom - top) + 1))
    for (im, *_), box in zip(parts, boxes, strict=True):
        layer = Image.new("L", mask.size)
        layer.paste(im, (int(box[0] - left), int(box[1] - top)))
        mask = ImageChops.lighter(mask, layer)
    return Ink(mask, (boxes - (left, top, left, top)).astype(np.float32), text)


def place(ink: Ink, size: tuple[int, int], scale: float, angle: float, shear: float, at: tuple[float, float]) -> Ink:
    """The ink scaled, sheared, turned by `angle` degrees and laid on a canvas of `size` (width, height).

    `at` is the position in the free room: (0, 0) top left, (1, 1) bottom right. What does not fit is scaled down.
    """
    corners = ink.boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cos, sin], [-sin, cos]]) @ np.array([[1.0, shear], [0.0, 1.0]]) * scale
    frame = np.array([[0, 0], [ink.mask.width, 0], [ink.mask.width, ink.mask.height], [0, ink.mask.height]])
    extent = np.ptp(frame @ matrix.T, axis=0)
    fit = min(1.0, *((np.array(size) - 2) / extent))
    matrix, extent, scale = matrix * fit, extent * fit, scale * fit
    offset = (frame @ matrix.T).min(0) - (np.array(size) - extent) * at
    mask, inverse = ink.mask, np.linalg.inv(matrix)
    if scale < 0.9:  # shrink with a proper filter first: the affine transform below would drop thin strokes
        small = max(round(mask.width * scale), 1), max(round(mask.height * scale), 1)
        inverse = np.diag([small[0] / mask.width, small[1] / mask.height]) @ inverse
        mask = mask.resize(small, Image.Resampling.BILINEAR)
    shift = inverse @ offset
    mask = mask.transform(
        size, Image.Transform.AFFINE, (*inverse[0], shift[0], *inverse[1], shift[1]), Image.Resampling.BILINEAR
    )
    moved = (corners @ matrix.T - offset).reshape(-1, 4, 2)
    return Ink(mask, np.concatenate([moved.min(1), moved.max(1)], axis=1).astype(np.float32), ink.text)


def wave(ink: Ink, amplitude: float, period: float, phase: float, strips: int = 12) -> Ink:
    """The ink with its columns moved up and down along a sine: amplitude and period in pixels."""
    width, height = ink.mask.size

    def lift(x: np.ndarray | float) -> np.ndarray:
        return np.asarray(amplitude * np.sin(2 * np.pi * np.asarray(x) / period + phase))

    edges = np.linspace(0, width, strips + 1).astype(int).tolist()
    mesh = []
    for x0, x1 in zip(edges, edges[1:], strict=False):
        y0, y1 = float(lift(x0)), float(lift(x1))
        mesh.append(((x0, 0, x1, height), (x0, -y0, x0, height - y0, x1, height - y1, x1, -y1)))
    boxes = ink.boxes.copy()
    boxes[:, 1] += np.minimum(lift(boxes[:, 0]), lift(boxes[:, 2]))
    boxes[:, 3] += np.maximum(lift(boxes[:, 0]), lift(boxes[:, 2]))
    mask = ink.mask.transform(ink.mask.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    return Ink(mask, boxes, ink.text)


def homography(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The perspective (3, 3) that takes four points x, y, (4, 2), to where they are moved, homogeneous coordinates."""
    rows = [
        row
        for (x, y), (u, v) in zip(points, moved, strict=True)
        for row in ([x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y])
    ]
    found = np.linalg.solve(np.array(rows, float), np.asarray(moved, float).ravel())
    return np.append(found, 1).reshape(3, 3)


def project(points: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Where a homography (3, 3) takes points, (n, 2)."""
    there = np.c_[points, np.ones(len(points))] @ way.T
    return np.asarray(there[:, :2] / there[:, 2:])


def project_boxes(boxes: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The upright boxes, (n, 4), around where a homography (3, 3) takes upright boxes."""
    corners = project(boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2), way).reshape(-1, 4, 2)
    return np.concatenate([corners.min(1), corners.max(1)], 1)
