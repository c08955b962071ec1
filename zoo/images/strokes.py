"""Draws the strokes of a pen."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from zoo.errors import InputError

Stroke = Sequence[Sequence[float]]  # points (x, y) in order; y points down
SIDE = 224  # pixels: longer side of a drawing
MAX_POINTS = 20_000


def draw(strokes: Sequence[Stroke], width: float = 0.07, whole: bool = False) -> Image.Image:
    """Draws strokes with a round pen, white on black, scaled so that the drawing's longer side has SIDE pixels.

    The result does not depend on the place and size of the drawing. A stroke of equal points is a dot.

    Args:
        strokes: points (n, 2) of each stroke; empty strokes are ignored.
        width: width of the pen, divided by the drawing's longer side.
        whole: draw the whole unit square, SIDE × SIDE pixels, so that place and size of the drawing are kept.

    Raises:
        InputError: the strokes are no lists of points, or have too many.
    """
    lines = _lines(strokes)
    pen = max(width * SIDE, 1.0)
    margin = int(pen) + 1
    if not lines:
        return Image.new("RGB", (SIDE, SIDE))
    points = np.concatenate(lines)
    least, extent = points.min(0), np.ptp(points, axis=0)
    scale = SIDE / extent.max() if extent.max() > 0 else 0.0
    if whole:
        least, extent, scale, margin = np.zeros(2), np.ones(2), SIDE, 0
    size = np.ceil(extent * scale).astype(int) + 2 * margin
    picture = Image.new("L", (int(size[0]), int(size[1])))
    brush = ImageDraw.Draw(picture)
    for line in lines:
        placed = (line - least) * scale + margin
        brush.line(placed.ravel().tolist(), 255, round(pen), "curve")
        for x, y in (placed[0], placed[-1]):
            brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)
    return picture.convert("RGB")


def _lines(strokes: Sequence[Stroke]) -> list[npt.NDArray[np.float64]]:
    """The strokes that have points, each as an array (n, 2)."""
    try:
        lines = [np.array(stroke, float) for stroke in strokes if len(stroke)]
    except (TypeError, ValueError):
        lines = [np.empty(0)]
    if not all(line.ndim == 2 and line.shape[1] == 2 and np.isfinite(line).all() for line in lines):
        raise InputError("A drawing is a list of strokes, each a list of points [x, y].")
    if sum(map(len, lines)) > MAX_POINTS:
        raise InputError(f"The drawing has more than {MAX_POINTS:,} points; clear it and draw one character.")
    return lines
