"""Convolutions that are seen: which way an edge goes, and that greys mean what they are said to mean."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoo.errors import InputError
from zoo.images.convolution import KERNELS, convolve


def step(axis: int) -> Image.Image:
    """Black at the left or on top, white behind."""
    pixels = np.zeros((20, 20), np.uint8)
    pixels[(slice(None),) * axis + (slice(10, None),)] = 200
    return Image.fromarray(pixels)


@pytest.mark.parametrize(("name", "axis"), [("standing edges (Sobel)", 1), ("lying edges (Sobel)", 0)])
def test_an_edge_is_found_by_its_own_kernel_only(name: str, axis: int) -> None:
    found, other = (np.asarray(convolve(step(a), KERNELS[name]), int) for a in (axis, 1 - axis))
    assert found.max() == 255 and np.ptp(other) == 0
    where = np.unique(np.nonzero(found == 255)[axis])
    assert where.tolist() == [9, 10], "on the edge, and lighter since it grows lighter that way"
    turned = np.asarray(convolve(Image.fromarray(255 - np.asarray(step(axis))), KERNELS[name]), int)
    assert turned.min() == 0, "the same edge the other way round is negative"


def test_diagonals_are_told_apart() -> None:
    rising = Image.fromarray(np.fromfunction(lambda y, x: 255.0 * (x + y > 20), (20, 20)).astype(np.uint8))
    strength = {
        name: np.abs(np.asarray(convolve(rising, KERNELS[name]), int)[5:15, 5:15] - 127.5).mean()
        for name in ("rising edges", "falling edges")
    }
    assert strength["rising edges"] > 2 * strength["falling edges"]


def test_flat_paper_has_no_edges_and_nothing_changes_nothing() -> None:
    flat = Image.new("RGB", (9, 7), (90, 90, 90))
    for name, kernel in KERNELS.items():
        found = np.asarray(convolve(flat, kernel), int)
        assert found.shape == (7, 9) and np.ptp(found) == 0
        assert found[0, 0] in ((127, 128) if "edges" in name else (90,)), name
    noise = np.random.default_rng(0).integers(0, 255, (8, 8), np.uint8)
    assert np.array_equal(np.asarray(convolve(Image.fromarray(noise), KERNELS["nothing"])), noise)
    assert np.asarray(convolve(Image.fromarray(noise), KERNELS["blur"])).std() < noise.std() / 1.5


@pytest.mark.parametrize("kernel", [[[1, 2], [3, 4]], [[1, 2, None]] * 3, "abc", [[1, 2, float("nan")]] * 3])
def test_what_is_no_kernel_is_refused(kernel: Any) -> None:
    with pytest.raises(InputError, match="nine numbers"):
        convolve(step(0), kernel)
