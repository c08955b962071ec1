"""A convolution of one's own: what the first layer of a network does many times over, once and with known numbers."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from zoo.errors import InputError

Kernel = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

KERNELS: Mapping[str, Kernel] = {
    "standing edges (Sobel)": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "lying edges (Sobel)": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "rising edges": ((2, 1, 0), (1, 0, -1), (0, -1, -2)),
    "falling edges": ((0, 1, 2), (-1, 0, 1), (-2, -1, 0)),
    "all edges (Laplace)": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "blur": ((1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9)),
    "nothing": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}


def convolve(picture: Image.Image, kernel: npt.ArrayLike) -> Image.Image:
    """A picture's brightness under a 3×3 kernel, as networks convolve: the kernel is not turned around.

    Args:
        picture: of any mode and size; it ends as if its border went on for ever.
        kernel: nine numbers (3, 3).

    Returns:
        Greys of the same size. Where the kernel's numbers add up to nothing, as those of edges do, the middle grey is
        nothing, what is lighter is positive and what is darker negative; black and white are as far from it as the
        strongest answer. Otherwise values stay what they are, as far as there are greys for them.

    Raises:
        InputError: it is no such kernel.
    """
    try:
        weights = np.array(kernel, float)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (3, 3) or not np.isfinite(weights).all():
        raise InputError("A kernel is nine numbers, three in each of three rows; fill in the empty ones.")
    found = ndimage.correlate(np.asarray(picture.convert("L"), float), weights, mode="nearest")
    if abs(weights.sum()) < 1e-6:
        found = 127.5 + 127.5 * found / max(np.abs(found).max(), 1e-6)
    return Image.fromarray(np.clip(np.rint(found), 0, 255).astype(np.uint8))
