"""Sets that can only be learned by heart, and the set that they were made of.

The pictures are as easy as the captcha study's easy ones, but each has noise and a case of letters of its own. What
differs is their labels, or their pixels, and nothing else.
"""

from functools import cache

import numpy as np
from PIL import Image

from training.data import folder, study
from training.data.drawing import fonts
from training.data.drawing.captchas import row_of
from training.data.texts.english import WORDS

TRUE, SHUFFLED, NOISE = KINDS = ("true labels", "shuffled labels", "noise for pictures")
COUNT, TESTED = 2_000, 1_000


@cache
def elsewhere() -> np.ndarray:
    """A random permutation p (COUNT,): picture i gets the label of picture p[i]."""
    return np.random.default_rng(80).permutation(COUNT)


def draw(index: int, kind: str, tested: bool = False) -> folder.Drawing:
    """Picture `index` of what one of KINDS is trained on, or tested with, where labels are never shuffled.

    The metadata's `word` is what is printed, `text` the label. Every word is printed as often.
    """
    number = index + COUNT * tested
    rng = np.random.default_rng((81, number))
    word, font = WORDS[number % len(WORDS)], int(rng.integers(len(fonts.STUDY)))
    text = study.any_case(rng, word)
    drawn = study.study(text, study.study_fonts()[font], "plain", study.NOISE[0], (0, 0, 0), rng)
    picture = Image.fromarray(drawn.image)
    label = WORDS[int(elsewhere()[index]) % len(WORDS)] if kind == SHUFFLED and not tested else word
    if kind == NOISE:
        picture = Image.fromarray(rng.integers(0, 256, (picture.height, picture.width, 3), np.uint8))
    return picture, row_of(drawn) | {"word": word, "font": fonts.STUDY[font], "text": label}
