"""A single character as white ink on black, cropped and centred, whatever paper or screen it comes from."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from zoo.images import preprocess
from zoo.images.preprocess import Pixels, Placement

MARGIN = 2  # pixels free around the ink
LARGEST = 512  # pixels: pictures with a longer side are reduced first
DIRT = 0.25  # area of the largest speck that is removed, divided by the squared stroke width

Mask = npt.NDArray[np.bool_]


def mask(rgb: Image.Image) -> Mask:
    """The ink of a picture, (H, W): pixels that differ from the border's colour by more than Otsu's threshold.

    Specks of dirt are removed. Otsu: A threshold selection method from gray-level histograms, 1979.
    """
    from scipy import ndimage  # takes longer to import than all else that a reader needs

    paper = Image.new("RGB", rgb.size, tuple(preprocess.border(np.asarray(rgb)).tolist()))
    red, green, blue = ImageChops.difference(rgb, paper).split()
    difference = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    contrast = np.asarray(difference)
    if contrast.max() <= preprocess.SAME:
        return np.zeros(contrast.shape, bool)
    ink: Mask = contrast > _otsu(np.array(difference.histogram(), float))
    components, _ = ndimage.label(ink, np.ones((3, 3)))
    areas = np.bincount(components.ravel())
    areas[0] = 0
    outline = ink & ~ndimage.binary_erosion(ink)
    stroke = 2 * areas.sum() / outline.sum()  # width in pixels
    clean = areas >= DIRT * stroke**2
    return ink if clean[1:].all() else np.asarray(clean[components])


def _otsu(histogram: npt.NDArray[np.float64]) -> int:
    """The level that splits a histogram (256,) into two classes with the largest between-class variance."""
    below, sums = histogram.cumsum(), (histogram * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return int(np.nanargmax(variance))


def fit(rgb: Image.Image, size: tuple[int, int], whole: Image.Image | None = None) -> tuple[Pixels, Placement]:
    """The ink of a picture, scaled to fit into `size` with a margin and centred; the aspect ratio is kept.

    Before ink is scaled down, all strokes are dilated, so that a stroke of one pixel does not vanish. `whole` is the
    picture before parts of it were masked: if it is given, the crop is taken from its ink.

    The result is uint8 (height, width, 3) for a size (height, width), 255 for ink and 0 elsewhere, all 0 if there is no
    ink; and the picture's placement.
    """
    coarse = math.ceil(max(rgb.size) / LARGEST)
    ink = mask(rgb.reduce(coarse))
    framing = ink if whole is None else mask(whole.reduce(coarse))
    height, width = size
    room = height - 2 * MARGIN, width - 2 * MARGIN
    out = np.zeros((height, width, 3), np.uint8)
    if not framing.any():
        return out, Placement(1.0, 0.0, 0.0, rgb.size)
    rows, columns = _span(framing, 1), _span(framing, 0)
    shrink = max((rows[1] - rows[0]) / room[0], (columns[1] - columns[0]) / room[1])
    reach = max(round((shrink - 1) / 2), 0)
    if reach:  # ink and picture grow by `reach` pixels on all sides
        from scipy import ndimage

        ink = ndimage.maximum_filter(np.pad(ink, reach), 2 * reach + 1, mode="constant")
    ink = ink[rows[0] : rows[1] + 2 * reach, columns[0] : columns[1] + 2 * reach]
    scale = min(room[0] / ink.shape[0], room[1] / ink.shape[1])
    inner = max(round(ink.shape[1] * scale), 1), max(round(ink.shape[0] * scale), 1)
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(ink.astype(np.uint8) * 255).resize(inner, resampling)) >= 128
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    out[y : y + inner[1], x : x + inner[0]] = 255 * small[..., None]
    scale /= coarse
    left, top = (columns[0] - reach) * coarse, (rows[0] - reach) * coarse
    return out, Placement(scale, x - left * scale, y - top * scale, rgb.size)


def _span(ink: Mask, axis: int) -> tuple[int, int]:
    """First row or column with ink, and the one after the last; `axis` is the one that is summed over."""
    inked = np.flatnonzero(ink.any(axis))
    return int(inked[0]), int(inked[-1]) + 1
