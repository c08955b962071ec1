"""A lone character as white ink on black, cropped and centred: whatever it was drawn, printed or photographed on."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from zoo.images import preprocess
from zoo.images.preprocess import Pixels, Placement

MARGIN = 2  # pixels left free around the ink
LARGEST = 512  # pixels: a larger picture is looked at in small
DIRT = 0.25  # of the square of the strokes' width: what is smaller is no dot

Mask = npt.NDArray[np.bool_]


def mask(rgb: Image.Image) -> Mask:
    """Where there is ink, (H, W): what differs from the border's colour by more than Otsu's threshold, without dirt.

    Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    from scipy import ndimage  # longer to import than all else that a reader needs

    paper = Image.new("RGB", rgb.size, tuple(preprocess.border(np.asarray(rgb)).tolist()))
    red, green, blue = ImageChops.difference(rgb, paper).split()
    farthest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    contrast = np.asarray(farthest)
    if contrast.max() <= preprocess.SAME:
        return np.zeros(contrast.shape, bool)
    found: Mask = contrast > _otsu(np.array(farthest.histogram(), float))
    pieces, _ = ndimage.label(found, np.ones((3, 3)))
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    width = 2 * areas.sum() / _edge(found).sum()
    clean = areas >= DIRT * width**2
    return found if clean[1:].all() else np.asarray(clean[pieces])


def _edge(there: Mask) -> Mask:
    """The ink that has none above, below, left or right of it."""
    padded = np.pad(there, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(there & ~inner)


def _otsu(counts: npt.NDArray[np.float64]) -> int:
    """The level that parts values, of which there are `counts` (256,), into the groups with the farthest means.

    How far apart the means of the two groups are counts by the groups' sizes.
    """
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
        return out, Placement(1.0, 0.0, 0.0, rgb.size)
    rows, columns = _span(framing, 1), _span(framing, 0)
    shrink = max((rows[1] - rows[0]) / room[0], (columns[1] - columns[0]) / room[1])
    reach = max(round((shrink - 1) / 2), 0)
    if reach:
        there = _thicker(there, reach)
    there = there[rows[0] : rows[1] + 2 * reach, columns[0] : columns[1] + 2 * reach]
    scale = min(room[0] / there.shape[0], room[1] / there.shape[1])
    inner = max(round(there.shape[1] * scale), 1), max(round(there.shape[0] * scale), 1)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(there.astype(np.uint8) * 255).resize(inner, how)) >= 128
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    out[y : y + inner[1], x : x + inner[0]] = 255 * small[..., None]
    scale /= coarse
    left, top = (columns[0] - reach) * coarse, (rows[0] - reach) * coarse
    return out, Placement(scale, x - left * scale, y - top * scale, rgb.size)


def _thicker(there: Mask, reach: int) -> Mask:
    """The ink, which has grown by `reach` pixels to all sides, and so has the picture."""
    grown = np.pad(there, 2 * reach)
    for axis in (0, 1):
        rows = np.lib.stride_tricks.sliding_window_view(grown, 2 * reach + 1, axis)
        grown = np.logical_or.reduce([rows[..., i] for i in range(2 * reach + 1)])
    return grown


def _span(there: Mask, axis: int) -> tuple[int, int]:
    """The first row or column with ink, and the one behind the last."""
    found = np.flatnonzero(there.any(axis))
    return int(found[0]), int(found[-1]) + 1
