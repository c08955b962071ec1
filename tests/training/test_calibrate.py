"""What is chosen on validation."""

from types import SimpleNamespace

import numpy as np

from training.calibrate import weighing
from zoo.language import NGram

BEAMS = [  # what is drawn, and the network's texts with their probabilities
    ("word", {"wgrd": 0.6, "word": 0.3}),
    ("xqzj", {"xqzj": 0.9, "word": 0.0001}),
    ("word", {"word": 0.6, "ward": 0.2}),
    ("ward", {"word": 0.6, "ward": 0.2}),
]


class Reader:
    """A reader whose network answers as BEAMS says."""

    texts = 36, 12
    settings = SimpleNamespace(temperature=2.0)

    def prepare(self, picture: int) -> tuple[int, None]:
        return picture, None

    def candidates(self, picture: int, temperature: float, _lm: NGram) -> list[list[tuple[str, float]]]:
        """Those of BEAMS at its own temperature, less sure at higher ones."""
        return [[(text, share ** (temperature / 2)) for text, share in BEAMS[picture][1].items()]]


class Pictures:
    """As many as BEAMS has."""

    texts = np.array([text.encode() for text, _ in BEAMS])

    def image(self, i: int) -> int:
        return i


def test_temperature_and_the_weight_of_a_language_model_are_chosen_together() -> None:
    model = NGram.of(["word"], "abcdefghijklmnopqrstuvwxyz", 3)

    def chosen(*pictures: int) -> tuple[float, float]:
        return weighing(Reader(), model, Pictures(), np.array(pictures))

    assert 0 < chosen(0, 1)[1] < 0.8, "it helps the word; were it heavier, it would spoil the other"
    assert chosen(1)[0] == 2, "right: as confident as can be"
    assert chosen(2, 3) == (2.6, 0), "right once in two: no surer than need be"
