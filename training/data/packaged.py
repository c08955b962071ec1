"""Captchas of the package `captcha`, which many small sites use."""

import random
from unittest import mock

import captcha.image
import numpy as np

from training.data.drawing import fonts
from training.data.drawing.captchas import Captcha
from training.data.drawing.styles import WIDEST, capital


class Dice(random.Random):
    """A seeded stand-in for the module `secrets`, in the three functions that the package captcha asks of it."""

    def randbelow(self, limit: int) -> int:
        return self.randrange(limit)

    def randbits(self, bits: int) -> int:
        return self.getrandbits(bits)


def draw(rng: np.random.Generator, text: str, face: fonts.Face) -> Captcha:
    """A captcha of the package `captcha` (the places of its letters are unknown)."""
    height = 12 * int(rng.integers(3, 8))
    width = int(min(height * max(0.55 * len(text) + rng.uniform(0, 0.6), 1.5), WIDEST))
    text = text.upper() if capital(face.path) else text
    sizes = tuple(int(height * part) for part in (0.6, 0.72, 0.85))
    maker = captcha.image.ImageCaptcha(width, height, [str(face.path)], sizes)
    with mock.patch.object(captcha.image, "secrets", Dice(int(rng.integers(2**32)))):
        image = maker.generate_image(text)
    return Captcha(np.asarray(image.convert("RGB")), text, np.zeros((0, 4), np.float32), face.family)
