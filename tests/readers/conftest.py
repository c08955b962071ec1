"""Tiny readers with random weights, and noise for them to read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.readers.base import Reader


@pytest.fixture(scope="module")
def reader(folder: Path) -> Reader:
    """The reader of a file's own checkpoint, `folder`, computed by torch."""
    return zoo.load(folder, runtime="torch")


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest) -> list[Image.Image]:
    """Noise, 32 pixels high, as wide as the WIDTHS of a file."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (8, width // 4, 3), np.uint8) for width in request.module.WIDTHS]
    return [Image.fromarray(pixels).resize((4 * pixels.shape[1], 32)) for pixels in noise]
