"""A lone character as white ink on black, cropped and centred: whatever it was drawn, printed or photographed on."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from zoo import image
from zoo.image import Pixels, Placement

MARGIN = 2  # pixels left free around the ink
LARGEST = 512  # pixels: a larger picture is looked at in small
DIRT = 0.25  # of the square of the strokes' width: what is smaller is no dot

Mask = npt.NDArray[np.bool_]


def mask(rgb: Image.Image) -> Mask:
    """Where there is ink, (H, W): what differs from the border's colour by more than Otsu's threshold, without dirt.

    Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    pixels = np.asarray(rgb, np.int16)
    contrast = np.abs(pixels - image.border(pixels)).max(2)
    if contrast.max() <= image.SAME:
        return np.zeros(contrast.shape, bool)
    found: Mask = contrast > _otsu(contrast)
    pieces, _ = ndimage.label(found, np.ones((3, 3)))
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    edge = found & ~ndimage.binary_erosion(found)
    width = 2 * areas.sum() / edge.sum()
    return np.asarray((areas >= DIRT * width**2)[pieces] & found)


def _otsu(values: npt.NDArray[np.int16]) -> int:
    """The level 0…255 that parts the values into the two groups whose means lie farthest apart for their sizes."""
    counts = np.bincount(values.ravel(), minlength=256).astype(float)
    below, sums = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return int(np.nanargmax(apart))


def fit(rgb: Image.Image, size: tuple[int, int], whole: Image.Image | None = None) -> tuple[Pixels, Placement]:
    """The ink of a picture, scaled to fit into `size` (height, width) but for a margin, without squeezing, centred.

    What is scaled down keeps its thin strokes: they are thickened first, to what becomes one pixel.

    Args:
        rgb: the picture.
        size: height and width of the result.
        whole: where parts of the picture are covered, the picture without, which says how both are framed.

    Returns:
        uint8 (height, width, 3), 255 where there is ink and 0 elsewhere, and where the picture lies in it. A picture
        without ink is black.
    """
    coarse = math.ceil(max(rgb.size) / LARGEST)
    there = mask(rgb.reduce(coarse))
    framing = there if whole is None else mask(whole.reduce(coarse))
    height, width = size
    room = height - 2 * MARGIN, width - 2 * MARGIN
    out = np.zeros((height, width, 3), np.uint8)
    if not framing.any():
        return out, Placement(1.0, 0.0, 0.0)
    rows, columns = _span(framing, 1), _span(framing, 0)
    shrink = max((rows[1] - rows[0]) / room[0], (columns[1] - columns[0]) / room[1])
    reach = max(round((shrink - 1) / 2), 0)
    if reach:
        there = ndimage.maximum_filter(np.pad(there, reach), 2 * reach + 1)
    there = there[rows[0] : rows[1] + 2 * reach, columns[0] : columns[1] + 2 * reach]
    scale = min(room[0] / there.shape[0], room[1] / there.shape[1])
    inner = max(round(there.shape[1] * scale), 1), max(round(there.shape[0] * scale), 1)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(there.astype(np.uint8) * 255).resize(inner, how)) >= 128
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    out[y : y + inner[1], x : x + inner[0]] = 255 * small[..., None]
    scale /= coarse
    left, top = (columns[0] - reach) * coarse, (rows[0] - reach) * coarse
    return out, Placement(scale, x - left * scale, y - top * scale)


def _span(there: Mask, axis: int) -> tuple[int, int]:
    """The first row or column with ink, and the one behind the last."""
    found = np.flatnonzero(there.any(axis))
    return int(found[0]), int(found[-1]) + 1
