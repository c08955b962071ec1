"""What is chosen on validation."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from training.learn import calibrate
from training.learn.calibrate import weighing
from zoo.decoding.ngram import NGram

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

    def look(self, picture: int) -> int:
        return picture

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


@pytest.mark.parametrize("sharpened", [1.0, 2.0])
def test_frames_are_as_sure_as_they_are_right(sharpened: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are drawn by the very chances of the frames, which are then sharpened: the temperature takes that back."""
    rng = np.random.default_rng(0)
    batches = []
    for length in (3, 7):  # pictures of two widths
        chances = rng.dirichlet((1, 1, 1), 1_000)
        frames = np.full((1_000, length, 4), 1e-6)
        frames[..., 0] = 1
        frames[:, 1, 1:], frames[:, 1, 0] = chances, 1e-6
        symbols = [int(rng.choice(3, p=chance)) + 1 for chance in chances]
        logits = torch.tensor(sharpened * np.log(frames), dtype=torch.float32)
        batches.append({"images": logits, "symbols": torch.tensor(symbols), "lengths": torch.ones(1_000, dtype=int)})
    monkeypatch.setattr(calibrate.dataset, "batches", lambda *_: None)
    monkeypatch.setattr(calibrate.dataset, "loader", lambda *_: batches)
    pictures = SimpleNamespace(recipe=SimpleNamespace(widths=(16, 64)))
    found = calibrate.frames_temperature(torch.nn.Identity(), pictures, np.arange(2_000), 0)
    assert found == pytest.approx(sharpened, rel=0.1)


class Shown(list[bytes]):
    """Pictures of three classes, each in one of a recipe's folders."""

    recipe = SimpleNamespace(kind="classifier", labels=("a", "b", "c"), train=("train",))

    def __init__(self, texts: np.ndarray, folders: np.ndarray) -> None:
        super().__init__(texts.tolist())
        self.texts, self.folders = texts, folders

    def within(self, indices: np.ndarray, folder: str) -> np.ndarray:
        return np.asarray(self.folders[indices] == folder)


@pytest.mark.parametrize(("shown", "expected"), [((8, 1, 1), 1.0), ((1, 1, 1), 0.0)])
def test_what_training_showed_more_often_is_no_likelier(shown: tuple[int, ...], expected: float) -> None:
    """Logits as Bayes has them after training on classes that were shown so often; validation has as many of each."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 3_000)
    seen = rng.normal(np.eye(3)[true], 0.7)
    logits = seen / 0.7**2 + np.log(np.array(shown) / sum(shown))
    texts = np.concatenate([np.repeat([b"a", b"b", b"c"], shown), np.array([b"a", b"b", b"c"])[true]])
    names = np.repeat(["train", "validation"], [sum(shown), len(true)])
    pictures = Shown(texts, names)
    change = calibrate.adjustment(logits, pictures, np.arange(sum(shown), len(texts)))
    away = -np.log(np.array(shown) / sum(shown))
    np.testing.assert_allclose(change, expected * (away - away.mean()), atol=0.3)
