"""Sets that can only be learned by heart, and the set that they were made of.

The pictures are of the captcha study's hard set. What differs is their labels, or their pixels, and nothing else.
"""

from functools import cache

import numpy as np
from PIL import Image

from training.data import folder, fonts, study
from training.data.texts import WORDS

TRUE, SHUFFLED, NOISE = KINDS = ("true labels", "shuffled labels", "noise for pictures")
COUNT, TESTED = 2_000, 500
HARD = len(study.COLOURS) * len(study.NOISE) * 5 * len(fonts.STUDY) * len(WORDS)  # pictures of the hard set


@cache
def chosen() -> tuple[np.ndarray, np.ndarray]:
    """Which of the hard pictures are used, COUNT and then TESTED; in whose place each of COUNT stands when shuffled."""
    rng = np.random.default_rng(80)
    places = rng.permutation(HARD)[: COUNT + TESTED]
    return places, rng.permutation(COUNT)


def draw(index: int, kind: str, tested: bool = False) -> folder.Drawing:
    """Picture `index` of what one of KINDS is trained on, or tested with, where labels are never shuffled.

    The metadata's `word` is what is printed, `text` the label.
    """
    places, elsewhere = chosen()
    number = index + COUNT * tested
    picture, row = study.draw_hard(int(places[number]))
    label = str(row["word"])
    if kind == SHUFFLED and not tested:
        label = WORDS[int(places[elsewhere[index]]) % len(WORDS)]
    if kind == NOISE:
        pixels = np.random.default_rng((81, number)).integers(0, 256, (picture.height, picture.width, 3), np.uint8)
        picture = Image.fromarray(pixels)
    return picture, {**row, "text": label}
