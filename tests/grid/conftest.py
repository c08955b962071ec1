"""Pictures to arrange, and a home of the test's own."""

from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image

from tests.conftest import new_home

HUES = {"red": (220, 40, 40), "green": (40, 180, 60), "blue": (50, 70, 210)}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLYPHZOO_HOME", str(new_home(tmp_path / "home")))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "home"


def paint(rng: np.random.Generator, colour: str) -> Image.Image:
    """A noisy picture of one colour, with a light spot somewhere."""
    pixels = np.array(HUES[colour]) + rng.normal(0, 12, (20, 30, 3))
    y, x = rng.integers(0, 14), rng.integers(0, 22)
    pixels[y : y + 6, x : x + 8] += 60
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty pictures in three folders, one for each colour."""
    rng = np.random.default_rng(0)
    for colour in HUES:
        (tmp_path / "colours" / colour).mkdir(parents=True)
        for i in range(20):
            paint(rng, colour).save(tmp_path / "colours" / colour / f"{i:02}.png")
    return tmp_path / "colours"
