"""Convolution by a kernel that the user chooses: one of the many that a network's first layer learns."""

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
    """Convolves a picture's brightness with a 3×3 kernel, as networks do: the kernel is not flipped.

    Args:
        picture: of any mode and size; its border pixels are repeated outwards.
        kernel: nine numbers (3, 3).

    Returns:
        A grey picture of the same size. If the kernel sums to 0, as edge kernels do, mid-grey is 0, lighter is
        positive, darker is negative, and the strongest response is black or white. Otherwise values are clipped to
        0…255.

    Raises:
        InputError: the kernel is not nine finite numbers.
    """
    try:
        weights = np.array(kernel, float)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (3, 3) or not np.isfinite(weights).all():
        raise InputError("A kernel is nine numbers, three in each of three rows; fill in the empty ones.")
    response = ndimage.correlate(np.asarray(picture.convert("L"), float), weights, mode="nearest")
    if abs(weights.sum()) < 1e-6:
        response = 127.5 + 127.5 * response / max(np.abs(response).max(), 1e-6)
    return Image.fromarray(np.clip(np.rint(response), 0, 255).astype(np.uint8))
