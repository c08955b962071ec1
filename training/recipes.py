"""How each checkpoint is trained."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from training.data.study import canvas
from training.data.texts import LONGEST, WORDS
from zoo import image
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
        widths: the narrowest and widest input of a network that takes any width; () where it takes input_size's alone.
        train, validation: folders or zips of --data. Of one that is named in both, a tenth by `seed` validates.
        protocol: whether this is the study's: its folders are one pool, of which a tenth by `seed` is the test.
        samples: images an epoch of each train folder, drawn anew for each; all of a small folder come several times.
        start: the checkpoint that training goes on from; "" to start from chance.
        jitter: whether every picture is moved, scaled and slanted a little, for folders that hold few.
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
    samples: tuple[int, ...]
    learning_rate: float
    labels: tuple[str, ...] = ()
    alphabet: str = ""
    input_size: tuple[int, int] = (48, 192)
    widths: tuple[int, int] | tuple[()] = ()
    protocol: bool = False
    start: str = ""
    jitter: bool = False
    batch: int = 64
    weight_decay: float = 0.02
    strangers: float = 0.0
    guidance: float = 0.0
    spotting: float = 0.0
    seed: int = 0
    mean: tuple[float, float, float] = field(default=(0.5, 0.5, 0.5))
    std: tuple[float, float, float] = field(default=(0.25, 0.25, 0.25))

    def canvas(self, picture: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the input for a picture of this width and height."""
        return image.canvas(picture, self.input_size[0], self.widths) if self.widths else self.input_size


def _resnet18(name: str, **values: Any) -> Recipe:
    args = {"drop_rate": 0.2}
    return Recipe(name, "classifier", "resnet18", args, labels=WORDS, learning_rate=1.5e-3, **values)


def _seq2seq(name: str, **values: Any) -> Recipe:
    args = {"longest": LONGEST, "dropout": 0.05}
    values = {"learning_rate": 1e-3, "guidance": 0.2, "spotting": 0.5} | values
    return Recipe(name, "seq2seq", "seq2seq", args, alphabet=ALPHANUMERIC, **values)


_DRAWN: dict[str, Any] = {"train": ("train",), "validation": ("validation",)}
_STYLES: dict[str, Any] = {"train": ("train", "styles"), "validation": ("validation", "styles-validation")}
_REAL = ("captcha-five-train.zip", "captcha-login-train.zip", "captcha-wide-train.zip")
_STUDY: dict[str, Any] = {"train": ("easy", "hard"), "validation": (), "protocol": True, "samples": (81_810,)}
_WIDTHS = (48, 512)


def recipes() -> dict[str, Recipe]:
    """Every recipe by name."""
    study = _STUDY | {"input_size": canvas()[::-1]}
    drawn = _seq2seq("captcha-seq2seq-drawn", **_STYLES, samples=(45_000, 45_000), epochs=8, widths=_WIDTHS)
    real = replace(
        drawn,
        name="captcha-seq2seq",
        start=drawn.name,
        train=drawn.train + _REAL,
        validation=drawn.validation + _REAL,
        samples=(15_000, 15_000, 6_000, 6_000, 12_000),
        epochs=3,
        learning_rate=5e-4,
        jitter=True,
    )
    every = (
        _resnet18("captcha-resnet18", **_DRAWN, epochs=6, samples=(90_000,), strangers=0.4),
        _resnet18("captcha-resnet18-study", **study, epochs=5),
        drawn,
        real,
        _seq2seq("captcha-seq2seq-study", **study, epochs=3),
    )
    return {recipe.name: recipe for recipe in every}


def finetuning(base: Recipe, folder: Path, count: int) -> Recipe:
    """How a trained reader is taught one style from `count` labelled pictures: minutes on a CPU."""
    return replace(
        base,
        name=f"{base.name}-{folder.stem}",
        start=base.name,
        train=(str(folder.resolve()),),
        validation=(str(folder.resolve()),),
        samples=(max(count, 1_500),),
        epochs=8,
        batch=32,
        learning_rate=3e-4,
        jitter=True,
    )
