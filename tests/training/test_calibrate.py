"""What is chosen on validation."""

import numpy as np

from training.calibrate import language_weight
from zoo.language import NGram
from zoo.seq2seq import Hypothesis
from zoo.text import ALPHANUMERIC, CharTokenizer

BEAMS = [  # what is drawn, and the network's texts with their probabilities
    ("word", {"wgrd": 0.6, "word": 0.3}),
    ("xqzj", {"xqzj": 0.9, "word": 0.0001}),
]


class Reader:
    """A reader whose network answers as BEAMS says."""

    tokenizer = CharTokenizer(ALPHANUMERIC)
    texts = 36, 12

    def prepare(self, picture: int) -> tuple[int, None]:
        return picture, None

    def answers(self, picture: int, _width: int, lm: bool) -> list[list[tuple[Hypothesis, float]]]:
        assert lm is False
        found = BEAMS[picture][1].items()
        return [[(Hypothesis(tuple(self.tokenizer.encode(t)), (), np.zeros((0, 0), np.float32)), p) for t, p in found]]


class Pictures:
    """As many as BEAMS has."""

    texts = np.array([text.encode() for text, _ in BEAMS])

    def image(self, i: int) -> int:
        return i


def test_a_language_model_gets_the_least_weight_that_reads_most() -> None:
    model = NGram.of(["word"], "abcdefghijklmnopqrstuvwxyz", 3)
    assert language_weight(Reader(), model, Pictures(), np.arange(2)) == 0.1
    assert language_weight(Reader(), model, Pictures(), np.array([1])) == 0
