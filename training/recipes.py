"""How each checkpoint is trained."""

from dataclasses import dataclass, field
from typing import Any, Literal

from training.data.captcha import WORDS, canvas
from zoo.text import ALPHANUMERIC


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training.

    Attributes:
        name: of the run, and of the checkpoint where it is bundled.
        kind: the reader's kind.
        architecture: a timm name for classifiers, "seq2seq" otherwise.
        model_args: what the network is built with.
        labels: a classifier's class names, else empty.
        alphabet: a sequence reader's characters, else empty.
        input_size: height and width of the network's input.
        train, validation: folders under --data. The study's protocol has one pool of images: it is split 90/10 into
            train and test by `seed`, and a tenth of the train part validates.
        protocol: whether this is the study's protocol.
        samples: images an epoch, drawn anew from the train set for each.
        strangers: how many images of none of the classes are shown for each image of a class; a classifier learns to
            answer them evenly (outlier exposure, Hendrycks et al. 2019).
        guidance: weight of the loss that leads cross-attention to the letter's drawn box.
        spotting: weight of the loss that has each of the encoder's cells tell the letter whose drawn box it lies in.
    """

    name: str
    kind: Literal["classifier", "seq2seq"]
    architecture: str
    model_args: dict[str, Any]
    train: tuple[str, ...]
    validation: tuple[str, ...]
    epochs: int
    samples: int
    learning_rate: float
    labels: tuple[str, ...] = ()
    alphabet: str = ""
    input_size: tuple[int, int] = (48, 192)
    protocol: bool = False
    batch: int = 64
    weight_decay: float = 0.02
    strangers: float = 0.0
    guidance: float = 0.0
    spotting: float = 0.0
    seed: int = 0
    mean: tuple[float, float, float] = field(default=(0.5, 0.5, 0.5))
    std: tuple[float, float, float] = field(default=(0.25, 0.25, 0.25))


def _resnet18(name: str, **values: Any) -> Recipe:
    args = {"drop_rate": 0.2}
    return Recipe(name, "classifier", "resnet18", args, labels=WORDS, learning_rate=1.5e-3, **values)


def _seq2seq(name: str, **values: Any) -> Recipe:
    args = {"longest": 12, "dropout": 0.05}
    return Recipe(
        name,
        "seq2seq",
        "seq2seq",
        args,
        alphabet=ALPHANUMERIC,
        learning_rate=1e-3,
        guidance=0.2,
        spotting=0.5,
        **values,
    )


_DRAWN = {"train": ("train",), "validation": ("validation",)}
_STUDY = {"train": ("easy", "hard"), "validation": (), "protocol": True}


def recipes() -> dict[str, Recipe]:
    """Every recipe by name."""
    study_size = canvas()[::-1]
    every = (
        _resnet18("captcha-resnet18", **_DRAWN, epochs=6, samples=90_000, strangers=0.4),
        _seq2seq("captcha-seq2seq", **_DRAWN, epochs=9, samples=100_000),
        _resnet18("captcha-resnet18-study", **_STUDY, epochs=3, samples=81_810, input_size=study_size),
        _seq2seq("captcha-seq2seq-study", **_STUDY, epochs=3, samples=81_810, input_size=study_size),
    )
    return {recipe.name: recipe for recipe in every}
