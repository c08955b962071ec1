"""How each checkpoint is trained."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from training.data import persian
from training.data.drawing.fonts import Extra
from training.data.glyph import CLASSES, SIDE
from training.data.study import canvas
from training.data.texts.english import LONGEST, WORDS
from zoo.images import preprocess
from zoo.networks.seq2seq import Grid
from zoo.text.alphabets import ALPHANUMERIC, PRINTABLE
from zoo.text.alphabets import PERSIAN as PERSIAN_LINES


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training."""

    name: str  # of the run, and of the checkpoint where it is bundled
    kind: Literal["classifier", "seq2seq", "crnn", "finder"]  # the reader's kind, or "finder"
    architecture: str  # a timm name for classifiers, otherwise the kind
    model_args: dict[str, Any]  # what the network is built with
    # folders or zips of --data. Of one that is named in both, a tenth by `seed` validates. The first that validates is
    # of readable captchas, of which few may be called unsure.
    train: tuple[str, ...]
    validation: tuple[str, ...]
    epochs: int
    # images an epoch of each train folder, drawn anew for each; all of a small folder come several times. Of a stream,
    # a multiple of `dataset.CHUNK`.
    samples: tuple[int, ...]
    learning_rate: float | None  # the highest; None for what the finder suggests
    labels: tuple[str, ...] = ()  # a classifier's class names, else empty
    named_by: str = "text"  # the column of the metadata that names a picture's class
    texts: tuple[str, ...] = ()  # what is printed in a picture of each class, where that is not its name
    alphabet: str = ""  # a sequence reader's characters, else empty
    right_to_left: bool = False  # whether texts run the other way than a sequence reader's frames do
    input_size: tuple[int, int] = (48, 192)  # height and width of the network's input
    widths: tuple[int, int] = (192, 192)  # the narrowest and widest input
    # what draws pictures while they are trained on, one of `dataset.STREAMS`; "" to take them from `train`
    stream: str = ""
    extra: Extra = ()  # fonts beside those of the training split that a stream draws Persian with
    # what it reads, by which it is measured and described
    subject: Literal["captcha", "glyph", "persian", "word", "line", "letter"] = "captcha"
    # whether this is the study's: its folders are one pool, of which a tenth by `seed` is the test
    protocol: bool = False
    # the checkpoint that training goes on from, as far as the network has the same layers; "" to start from chance
    start: str = ""
    pretrained: bool = False  # whether it goes on from timm's weights instead, where the Hub can be reached
    # of a training in several: each a name and the fields in which it differs from the recipe
    phases: tuple[tuple[str, dict[str, Any]], ...] = ()
    # whether Lightning's finder of a learning rate (Smith 2017) is run before, and its curve is kept
    finder: bool = False
    frozen: bool = False  # whether all but the last layer and the normalisations stay as they are
    # how many times slower the first layer learns than the last; those between in even steps (discriminative learning
    # rates, Howard & Ruder 2018)
    spread: float = 1.0
    recolour: bool = True  # whether every picture's colours are changed, for those of the reading may be any
    ink: bool = False  # whether the network sees ink alone, white on black and tightly cropped, instead of the picture
    jitter: bool = False  # whether every picture is moved, scaled and slanted a little, for folders that hold few
    batch: int = 64
    weight_decay: float = 0.02
    # how many images of none of the classes are shown for each image of a class; a classifier learns to answer them
    # evenly (outlier exposure, Hendrycks et al. 2019).
    outliers: float = 0.0
    balanced: bool = False  # whether every class has as many images in an epoch, however few there are of it
    # whether the classes' logits are changed in the end as far as training showed some more often
    adjusted: bool = False
    guidance: float = 0.0  # weight of the loss that leads cross-attention to the letter's drawn box
    # weight of the loss that has each of the encoder's cells tell the letter whose drawn box it lies in
    spotting: float = 0.0
    # in the end the weights are the means of those that it started from and those that it learned
    averaged: bool = False
    seed: int = 0
    mean: tuple[float, float, float] = field(default=(0.5, 0.5, 0.5))
    std: tuple[float, float, float] = field(default=(0.25, 0.25, 0.25))

    @property
    def folders(self) -> tuple[str, ...]:
        """All folders, in the order of their pictures' numbers."""
        return tuple(dict.fromkeys((*self.train, *self.validation)))

    @property
    def steps(self) -> dict[str, "Recipe"]:
        """The recipe of every phase, by its name; of a training in one its own, by ""."""
        return {name: replace(self, phases=(), **values) for name, values in self.phases or (("", {}),)}

    @property
    def grid(self) -> Grid:
        """The cells that a sequence reader's encoder sees."""
        return Grid(self.model_args.get("output_stride", Grid.across))

    def frame(self, rgb: Image.Image) -> tuple[preprocess.Box | None, tuple[int, int]]:
        """The part of a picture that is shown to the network (None for all), and the input's height and width."""
        if self.kind == "classifier":
            return None, self.input_size
        return preprocess.frame(rgb, self.input_size[0], self.widths)


def _resnet18(name: str, **values: Any) -> Recipe:
    args = {"drop_rate": 0.2}
    return Recipe(name, "classifier", "resnet18", args, labels=WORDS, **({"learning_rate": 1.5e-3} | values))


def _seq2seq(name: str, **values: Any) -> Recipe:
    args = {"longest": LONGEST, "dropout": 0.05}
    values = {"learning_rate": 1e-3, "guidance": 0.2, "spotting": 0.5} | values
    return Recipe(name, "seq2seq", "seq2seq", args, alphabet=ALPHANUMERIC, **values)


def _glyph(name: str, **values: Any) -> Recipe:
    """Ink is a tenth to a third of a picture: its mean and deviation over the training set normalise it."""
    args, seen = {"drop_rate": 0.2}, {"mean": (0.2,) * 3, "std": (0.4,) * 3}
    values = {"input_size": (SIDE, SIDE), "ink": True, "recolour": False, "learning_rate": 2e-3} | seen | values
    return Recipe(name, "classifier", "efficientnet_b0", args, labels=tuple(CLASSES), subject="glyph", **values)


def _persian(name: str, architecture: str = "resnet34", **values: Any) -> Recipe:
    """Crops as high as their line; what is printed is not the class's name."""
    seen = {
        "input_size": PERSIAN,
        "learning_rate": None,
        "named_by": "label",
        "subject": "persian",
        "batch": 128,
        "jitter": True,
    }
    return Recipe(name, "classifier", architecture, {"drop_rate": 0.2}, **seen | values)


def _study(make: Callable[..., Recipe], name: str, enlarged: float = 1.0, **values: Any) -> Recipe:
    """The study's protocol, at the size of its own images or enlarged."""
    width, height = (round(enlarged * side) for side in canvas())
    size: dict[str, Any] = {"input_size": (height, width), "widths": (width, width)}
    pool: dict[str, Any] = {"train": ("easy", "hard"), "validation": (), "samples": (81_810,), "protocol": True}
    return make(name, **pool, **size, **values)


def _crnn(name: str, **values: Any) -> Recipe:
    """Of printable ASCII unless named, in pictures that are drawn while it learns from them."""
    seen: dict[str, Any] = {"input_size": (32, 128), "widths": (16, 640), "recolour": False, "learning_rate": 1e-3}
    drawn = {"train": (), "validation": ("words-validation",), "stream": "words", "subject": "word"}
    return Recipe(name, "crnn", "crnn", {"dropout": 0.1}, **seen | drawn | {"alphabet": PRINTABLE} | values)


_DRAWN: dict[str, Any] = {"train": ("train",), "validation": ("validation",)}
WIDTHS = 48, 512  # narrowest and widest input of a reader of any captcha
_REAL = ("captcha-five-train.zip", "captcha-login-train.zip", "captcha-wide-train.zip")


PERSIAN = 50, 90  # height and width of the input
_SMALL = {"input_size": (32, 58)}
# Progressive resizing; at each size first the last layer alone, at the finder's rate, then all. Those rates were chosen
# by looking at the finder's curves, which are flat until the loss explodes, at 0.003: they have no steepest place.
_PHASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("1-small-frozen", {**_SMALL, "epochs": 1, "frozen": True}),
    ("2-small", {**_SMALL, "epochs": 6, "learning_rate": 2e-3, "spread": 10.0}),
    ("3-frozen", {"epochs": 1, "frozen": True}),
    ("4-whole", {"epochs": 2, "learning_rate": 1e-3, "spread": 10.0}),
)
# The study's own steps, with fewer pictures and small ones, at the rates that were found for the reader
_STUDIED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("1-frozen", {"epochs": 1, "learning_rate": 5e-3, "frozen": True}),
    ("2-whole", {"epochs": 4, "learning_rate": 2e-3, "spread": 10.0}),
)
_MORE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("5-small", {**_SMALL, "epochs": 4, "learning_rate": 1e-3, "spread": 10.0}),
    ("6-whole", {"epochs": 1, "learning_rate": 6e-4, "spread": 10.0}),
)


_LETTERS: dict[str, Any] = {
    **_SMALL,
    "labels": persian.letter_forms(),
    "train": ("persian-letters",),
    "validation": ("persian-letters",),
    "samples": (47_000,),
    "epochs": 3,
    "learning_rate": 2e-3,
}
_CLASSES: dict[str, Any] = {
    "labels": persian.LABELS,
    "texts": tuple(persian.TEXTS[label] for label in persian.LABELS),
    "epochs": 0,  # those of the phases
    "start": "persian-letters",
    "pretrained": True,
    "phases": _PHASES,
    "finder": True,
}

_RANDOM: dict[str, Any] = {
    **_CLASSES,
    **_SMALL,
    "train": ("persian-study",),
    "validation": (),
    "samples": (16_856,),
    "protocol": True,
    "phases": _STUDIED,
    "finder": False,
}


def _after(start: str, name: str, **values: Any) -> Recipe:
    """A recipe that goes on from another's checkpoint."""
    return replace(recipe_of(start), name=name, start=start, **values)


_RECIPES: dict[str, Callable[[str], Recipe]] = {
    "captcha-resnet18": partial(_resnet18, **_DRAWN, samples=(90_000,), epochs=6, outliers=0.4),
    # goes on from the classifier of many fonts, which never saw the study's images but knows letters of this height
    "captcha-resnet18-study": partial(
        _study,
        _resnet18,
        start="captcha-resnet18",
        enlarged=1.375,
        epochs=6,
        learning_rate=5e-4,
        recolour=False,
    ),
    "captcha-seq2seq-words": partial(_seq2seq, **_DRAWN, samples=(100_000,), epochs=9),
    "captcha-seq2seq-study": partial(_study, _seq2seq, epochs=3),
    # every style and width that can be drawn, after words; cells half as wide, for narrow letters
    "captcha-seq2seq-drawn": partial(
        _after,
        "captcha-seq2seq-words",
        model_args={"longest": LONGEST, "dropout": 0.05, "output_stride": 4},
        train=("train", "styles"),
        validation=("validation", "styles-validation"),
        samples=(40_000, 22_000),
        epochs=3,
        learning_rate=5e-4,
        widths=WIDTHS,
    ),
    # real captchas, with more drawn ones, so that those are not forgotten
    "captcha-seq2seq-real": partial(
        _after,
        "captcha-seq2seq-drawn",
        train=("train", "styles", "sparse", *_REAL),
        validation=("validation", "styles-validation", *_REAL),
        samples=(26_000, 10_000, 16_000, 2_000, 3_000, 8_000),
        epochs=5,
        learning_rate=7e-4,
        jitter=True,
    ),
    # mostly words again, of which the steps after the first saw few
    "captcha-seq2seq": partial(
        _after,
        "captcha-seq2seq-real",
        samples=(56_000, 8_000, 10_000, 1_000, 2_000, 4_000),
        epochs=2,
        learning_rate=5e-4,
    ),
    "glyph-efficientnet": partial(
        _glyph, train=("glyph-train",), validation=("glyph-validation",), samples=(200_000,), epochs=4, outliers=0.15
    ),
    # its CNN goes on from that of a reader of captchas that never saw a real one
    "word-crnn-first": partial(_crnn, samples=(100 * 1_024,), epochs=4, start="captcha-seq2seq-drawn", seed=60),
    "word-crnn": partial(_after, "word-crnn-first", epochs=4, learning_rate=8e-4, seed=64),
    # lines of Persian letters, as long as a page is wide; what a stroke looks like it knows from words
    "persian-crnn-first": partial(
        _crnn,
        widths=(16, 1024),
        samples=(50 * 1_024,),
        epochs=4,
        start="word-crnn",
        seed=90,
        alphabet=PERSIAN_LINES,
        right_to_left=True,
        validation=("persian-lines-validation",),
        stream="persian-lines",
        subject="line",
    ),
    "persian-crnn-second": partial(_after, "persian-crnn-first", samples=(40 * 1_024,), epochs=4, seed=94),
    "persian-crnn-third": partial(_after, "persian-crnn-second", learning_rate=8e-4, seed=98),
    # digits in endless hands, smaller lines, full stops within them
    "persian-crnn-fourth": partial(_after, "persian-crnn-third", samples=(20 * 1_024,), seed=102),
    # fields with their labels, what stands around a text
    "persian-crnn": partial(_after, "persian-crnn-fourth", samples=(30 * 1_024,), averaged=True, seed=106),
    # finds fields and lines on pages of letters, of which it learns pieces
    "persian-letter-detector-first": partial(
        Recipe,
        kind="finder",
        architecture="mobilenetv3_small_100",
        model_args={},
        input_size=(512, 512),
        train=(),
        validation=("letters-validation",),
        stream="letters",
        subject="letter",
        samples=(10_240,),
        epochs=2,
        batch=16,
        learning_rate=3e-3,
        pretrained=True,
        seed=80,
    ),
    "persian-letter-detector-second": partial(
        _after, "persian-letter-detector-first", pretrained=False, learning_rate=2e-3, seed=84
    ),
    "persian-letter-detector": partial(
        _after, "persian-letter-detector-second", epochs=1, learning_rate=1.5e-3, seed=88
    ),
    # teaches a network to see Persian letters, where ImageNet's weights cannot be had
    "persian-letters": partial(_persian, **_LETTERS),
    "persian-letters-resnet50": partial(_persian, architecture="resnet50", **_LETTERS | {"epochs": 2}),
    "persian-resnet34-classes": partial(
        _persian, **_CLASSES, train=("persian-train",), validation=("persian-validation",), samples=(90_000,)
    ),
    # a third of what it is shown is of none of the classes, of which there is most to know
    "persian-resnet34": partial(
        _after,
        "persian-resnet34-classes",
        train=("persian-mixed",),
        validation=("persian-validation", "persian-validation-nothing"),
        pretrained=False,
        finder=False,
        adjusted=True,
        phases=_MORE,
    ),
    # the study's protocol: a random split of as many crops as it had, in all families
    "persian-resnet34-study": partial(_persian, **_RANDOM),
    "persian-resnet50-study": partial(
        _persian, architecture="resnet50", **_RANDOM | {"start": "persian-letters-resnet50"}
    ),
}
NAMES = tuple(sorted(_RECIPES))


def recipe_of(name: str) -> Recipe:
    """The recipe of a checkpoint, one of NAMES."""
    return _RECIPES[name](name)


TAUGHT = 1_500  # pictures an epoch of a style, at least; of few, each comes several times


def finetuning(base: Recipe, folder: Path, count: int) -> Recipe:
    """How a trained reader is taught one style from `count` labelled pictures: minutes on a CPU."""
    return replace(
        base,
        name=f"{base.name}-{folder.stem}",
        start=base.name,
        train=(str(folder.resolve()),),
        validation=(str(folder.resolve()),),
        samples=(max(count, TAUGHT),),
        epochs=8,
        batch=32,
        learning_rate=3e-4,
        jitter=True,
        widths=WIDTHS,
    )
