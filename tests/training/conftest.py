"""What drawings of characters are made from in tests."""

import json
import string

import numpy as np
import pytest

from training.data import glyph


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> glyph.Sources:
    """Twenty drawings of each character, and twenty of each digit: zigzags and noise, but in the files' own form."""
    data = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(0)
    for name, count in (("train", 20), ("test", 2)):
        drawn = {
            c: [[rng.integers(50, 500, (12, 2)).tolist()] for _ in range(count)]
            for c in string.digits + string.ascii_letters
        }
        (data / f"strokes-{name}.json").write_text(json.dumps(drawn))
    digits = rng.integers(0, 255, (200, 28, 28)).astype(np.uint8)
    digits[:, :4] = digits[:, -4:] = digits[..., :4] = digits[..., -4:] = 0
    np.savez(data / "digits-mnist.npz", image=digits, label=np.arange(200) % 10)
    return glyph.Sources(data)
