"""Sets of single characters, by hand and in print: 56×56, white on black, tightly cropped, upper and lower case one.

    python -m training.data.glyph study --data DATA --out DIR    as many of each class as in the recruitment study
    python -m training.data.glyph train --data DATA --out DIR    what the bundled reader learns from, and drawings that
                                                                 it has not seen, by which it is calibrated
    python -m training.data.glyph validation --data DATA --out DIR    those alone
    python -m training.data.glyph tests --data DATA --out DIR    drawings that no set above has seen, and what is none

DATA holds strokes-train.json and strokes-test.json (handwriting as pen strokes: character, drawings, strokes, points)
and digits-mnist.npz. A drawing, a font and a digit of MNIST belong to one split for good.
"""

import json
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageFilter

from training.data import command, folder
from training.data.drawing import degrade, fonts, render
from training.data.drawing.captchas import draw_scene
from zoo.images import ink, strokes

CLASSES = string.digits + string.ascii_uppercase
SYMBOLS = '#$%&*?@~^>={};:"'  # none that is a letter's twin, as | and ( and + are of I, C and t
SIDE = 56  # pixels
WIDTHS = 0.03, 0.07, 0.13  # of the test drawings' pens, times their longer side

# The recruitment study's set: 30,134 images, one class with a single image, the others with 102 to 3,291.
STUDY = {"train": 22_634, "validation": 2_500, "test": 5_000}
RAREST, COMMONEST = 102, 3_291

Split = Literal["train", "validation", "test"]
Drawing = Sequence[strokes.Stroke]
Scribble = Callable[[np.random.Generator], Any]  # its points, (n, 2)

# which of twenty drawings or digits a split has
SHARES: dict[Split, range] = {"train": range(15), "validation": range(15, 17), "test": range(17, 20)}


@dataclass(frozen=True)
class Sources:
    """What characters are drawn from, under one folder."""

    data: Path  # the folder

    def path(self, name: str) -> Path:
        """The file `strokes-NAME.json`."""
        return self.data / f"strokes-{name}.json"

    def drawings(self, name: str) -> dict[str, list[Drawing]]:
        """The drawings of each character in `strokes-NAME.json`."""
        return _drawings(self.path(name))

    def digits(self) -> tuple[np.ndarray, np.ndarray]:
        """MNIST's digits, uint8 (n, 28, 28), and their values."""
        return _digits(self.data / "digits-mnist.npz")


@cache
def _drawings(path: Path) -> dict[str, list[Drawing]]:
    found: dict[str, list[Drawing]] = json.loads(path.read_text())
    return found


@cache
def _digits(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path) as arrays:
        return arrays["image"], arrays["label"]


def of_split(count: int, splits: Sequence[Split]) -> np.ndarray:
    """Which of `count` drawings or digits belong to any of the splits."""
    turn = np.arange(count) % 20
    return np.flatnonzero(np.isin(turn, [i for split in splits for i in SHARES[split]]))


def by_hand(rng: np.random.Generator, drawing: Drawing) -> Image.Image:
    """A drawing drawn again: stretched, slanted, turned, bent, its strokes shifted, by any pen."""
    points = [np.array(stroke, float) for stroke in drawing]
    every = np.concatenate(points)
    middle, extent = (every.max(0) + every.min(0)) / 2, np.ptp(every, axis=0).max() or 1.0
    angle, slant, stretch = rng.normal(0, 0.1), rng.normal(0, 0.18), np.exp(rng.normal(0, 0.14, 2))
    matrix = _turned(angle) @ np.array([[stretch[0], slant], [0.0, stretch[1]]])
    waves = rng.normal(0, 0.035, (3, 2)), rng.uniform(0.6, 1.6, (3, 2)), rng.uniform(0, 2 * np.pi, 3)
    moved = []
    for stroke in points:
        at = (stroke - middle) / extent @ matrix.T
        bent = sum(a * np.sin(2 * np.pi * at @ f + p)[:, None] for a, f, p in zip(*waves, strict=True))
        moved.append(at + bent + rng.normal(0, 0.012, 2))
    step = int(rng.integers(1, 4))  # a slow machine takes fewer points of a stroke
    fewer = [stroke[np.unique(np.append(np.arange(0, len(stroke), step), len(stroke) - 1))] for stroke in moved]
    width = float(np.exp(rng.uniform(np.log(0.015), np.log(0.17))))
    drawn = strokes.draw(fewer, width)
    if rng.random() < 0.5:
        return drawn
    scale = rng.uniform(max(24, 1.5 / width), 160) / max(drawn.size)  # as in a small picture, a pixel and a half a pen
    return drawn.resize([max(round(scale * side), 1) for side in drawn.size], Image.Resampling.BOX)


def in_print(rng: np.random.Generator, character: str, face: fonts.Face) -> Image.Image:
    """A character in a font, large or small, somewhat slanted and turned, its ink run or dried."""
    drawn = render.line(character, face.path, int(rng.integers(20, 110))).mask
    return damaged(rng, drawn)


def of_mnist(rng: np.random.Generator, digit: np.ndarray) -> Image.Image:
    """A digit of MNIST, slanted, turned and with other pens than its own."""
    return damaged(rng, Image.fromarray(digit).resize((84, 84), Image.Resampling.BICUBIC))


def damaged(rng: np.random.Generator, drawn: Image.Image) -> Image.Image:
    """Ink (L, white on black) that is stretched, slanted, turned and bent, then thicker or thinner, its edges rough."""
    width, height = drawn.size
    room = max(width, height) // 3 + 4
    canvas = Image.new("L", (width + 2 * room, height + 2 * room))
    canvas.paste(drawn, (room, room))
    middle = np.array(canvas.size) / 2
    angle, slant, stretch = rng.normal(0, 0.08), rng.normal(0, 0.12), np.exp(rng.normal(0, 0.1, 2))
    inverse = np.linalg.inv(_turned(angle) @ np.array([[stretch[0], slant], [0.0, stretch[1]]]))
    shift = middle - inverse @ middle
    matrix = (*inverse[0], shift[0], *inverse[1], shift[1])
    moved = canvas.transform(canvas.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    if rng.random() < 0.5:
        filters = ImageFilter.MaxFilter, ImageFilter.MinFilter
        changed = moved.filter(filters[int(rng.integers(2))](3))
        moved = changed if (np.asarray(changed) > 127).sum() > 12 else moved  # a hair line would vanish
    if rng.random() < 0.4:
        rough = np.asarray(moved, np.float32) + 90 * degrade.smooth(rng, moved.size, int(rng.integers(8, 24)))
        rough = np.where(np.asarray(moved.filter(ImageFilter.MaxFilter(3))) > 0, rough, 0)
        moved = Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))
    return moved.convert("RGB")


def _walk(rng: np.random.Generator) -> np.ndarray:
    return np.cumsum(rng.normal(0, 1, (int(rng.integers(12, 40)), 2)), axis=0)


def _tangle(rng: np.random.Generator) -> np.ndarray:
    return rng.random((int(rng.integers(12, 40)), 2)) * 5


def _loops(rng: np.random.Generator) -> np.ndarray:
    turns, phase = rng.integers(2, 9, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 2))
    return np.asarray(np.sin(np.linspace(0, 2 * np.pi, 120)[:, None, None] * turns + phase).sum(1))


def _spiral(rng: np.random.Generator) -> np.ndarray:
    out = np.linspace(0, 1, 150)[:, None]
    angle = 2 * np.pi * (rng.uniform(3, 7) * out * rng.choice([-1, 1]) + rng.random())
    return np.asarray(2 * out * np.hstack([np.cos(angle), np.sin(angle)]) * rng.uniform(0.7, 1.4, 2))


def _wave(rng: np.random.Generator) -> np.ndarray:
    along = np.linspace(0, rng.uniform(5, 10), 160)
    path = np.stack([along, rng.uniform(0.2, 1.5) * np.sin(2 * np.pi * along)], axis=1)
    return np.asarray(path @ _turned(rng.normal(0, 0.3)))


def _dash(rng: np.random.Generator) -> np.ndarray:
    """Lying, for standing it is a letter."""
    return np.asarray([[0.0, 0.0], [rng.uniform(1, 4), 0.0]] @ _turned(rng.normal(0, 0.1)))


def _dot(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 1, (1, 2))


def _hatching(rng: np.random.Generator) -> np.ndarray:
    """Lines side by side, drawn to and fro without lifting the pen."""
    lines = int(rng.integers(5, 12))
    ends = np.stack([np.repeat(np.arange(lines), 2) * 0.3, np.tile([0, 1, 1, 0], lines)[: 2 * lines] * 3.0], axis=1)
    return np.asarray((ends + rng.normal(0, 0.08, ends.shape)) @ _turned(rng.uniform(0, np.pi)))


def _star(rng: np.random.Generator) -> np.ndarray:
    points = int(rng.choice([5, 7, 9]))
    angle = 2 * np.pi * np.arange(points + 1) * (points // 2) / points + rng.uniform(0, 2 * np.pi)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.05, (points + 1, 2))


def _turned(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


TAUGHT = _walk, _tangle, _loops, _spiral, _wave, _dash, _dot
UNTAUGHT = _hatching, _star  # in the test alone


def scribble(rng: np.random.Generator, kinds: Sequence[Scribble]) -> Image.Image:
    """One to three lines of one of the kinds, which are no character."""
    line = kinds[int(rng.integers(len(kinds)))]
    lines = [line(rng) + rng.normal(0, 1, 2) for _ in range(int(rng.integers(1, 4)))]
    return strokes.draw(lines, float(np.exp(rng.uniform(np.log(0.015), np.log(0.1)))))


def several(rng: np.random.Generator, drawings: Sequence[Drawing]) -> Image.Image:
    """Characters by hand in a row, which are more than one."""
    lines, x = [], 0.0
    for drawing in drawings:
        points = np.concatenate([np.array(stroke, float) for stroke in drawing])
        least, extent = points.min(0), np.ptp(points, axis=0)
        tall = extent.max() or 1.0
        lines += [(np.array(stroke, float) - least) / tall + (x, 0.0) for stroke in drawing]
        x += extent[0] / tall + rng.uniform(0.15, 0.4)
    return strokes.draw(lines, float(np.exp(rng.uniform(np.log(0.015), np.log(0.06)))))


def framed(picture: Image.Image) -> Image.Image:
    """The picture as every set holds it and every network sees it."""
    return Image.fromarray(ink.fit(picture, (SIDE, SIDE))[0][..., 0])


def draw_character(rng: np.random.Generator, label: str, sources: Sources, split: Split) -> folder.Drawing:
    """A character of a class: redrawn by hand, in a font, or for digits one of MNIST."""
    character = label if rng.random() < 0.5 else label.lower()
    kind = rng.random()
    if label.isdigit() and kind < 0.3:
        images, values = sources.digits()
        of_class = np.flatnonzero(values == int(label))
        chosen = int(of_class[rng.choice(of_split(len(of_class), (split,)))])
        return labelled(of_mnist(rng, images[chosen]), label, f"mnist {chosen}")
    if kind < 0.65:
        every = sources.drawings("train")[character]
        chosen = int(rng.choice(of_split(len(every), (split,))))
        return labelled(by_hand(rng, every[chosen]), character, f"strokes {character} {chosen}")
    face = _faces(split)[int(rng.integers(len(_faces(split))))]
    return labelled(in_print(rng, character, face), character, face.family)


@cache
def _faces(split: Split) -> tuple[fonts.Face, ...]:
    return fonts.faces("train") + fonts.faces("display") if split == "train" else fonts.faces(split)


def labelled(picture: Image.Image, text: str, source: str, label: str | None = None) -> folder.Drawing:
    """The framed picture, its metadata, and the box of its ink; the class is the character's unless it is given."""
    seen = framed(picture)
    box = " ".join(map(str, seen.getbbox() or ()))
    return seen, {"text": text, "label": text.upper() if label is None else label, "source": source, "boxes": box}


def draw_nothing(rng: np.random.Generator, kinds: Sequence[Scribble]) -> folder.Drawing:
    """What is no character: an empty canvas, a scribble of the kinds, a scene like a photo."""
    kind = rng.random()
    if kind < 0.1:
        picture, source = Image.new("RGB", (SIDE, SIDE)), "empty"
    elif kind < 0.6:
        picture, source = scribble(rng, kinds), "scribble"
    else:
        picture, source = Image.fromarray(draw_scene(rng).image), "scene"
    return labelled(picture, "", source)


def draw_symbol(rng: np.random.Generator, split: Split) -> folder.Drawing:
    """A sign that is none of the 36, in print."""
    face = _faces(split)[int(rng.integers(len(_faces(split))))]
    symbol = SYMBOLS[int(rng.integers(len(SYMBOLS)))]
    return labelled(in_print(rng, symbol, face), symbol, face.family, "")


def draw_several(rng: np.random.Generator, sources: Sources, split: Split) -> folder.Drawing:
    """Two to five characters by hand, which are none of the 36 together."""
    every = sources.drawings("train")
    text = "".join(rng.choice(list(every), int(rng.integers(2, 6))))
    drawings = [every[c][int(rng.choice(of_split(len(every[c]), (split,))))] for c in text]
    return labelled(several(rng, drawings), text, "several", "")


def draw_study(index: int, sources: Sources, split: Split, seed: int) -> folder.Drawing:
    """Image `index` of a part of the study's set."""
    label = CLASSES[int(np.searchsorted(np.cumsum(study_counts()[split]), index, "right"))]
    return draw_character(np.random.default_rng((seed, index)), label, sources, split)


@cache
def study_counts() -> dict[Split, np.ndarray]:
    """How many images of each of CLASSES each part of the study's set has.

    One class has a single image, for training. The others have from RAREST to COMMONEST, evenly spaced on a bent
    logarithmic scale; which class has how many is by chance, and every part has about the same share of each.
    """
    ramp = np.linspace(0, 1, len(CLASSES) - 1)
    wanted = sum(STUDY.values()) - 1
    low, high = 0.2, 5.0
    for _ in range(50):
        bend = (low + high) / 2
        counts = np.rint(RAREST * (COMMONEST / RAREST) ** ramp**bend).astype(int)
        low, high = (bend, high) if counts.sum() > wanted else (low, bend)
    counts[len(counts) // 2] += wanted - counts.sum()
    totals = np.random.default_rng(0).permutation(np.append(counts, 1))
    held: dict[Split, np.ndarray] = {}
    for split in ("validation", "test"):
        exact = np.where(totals > 1, totals, 0) * STUDY[split] / wanted
        held[split] = np.floor(exact).astype(int)
        most = np.argsort(held[split] - exact, kind="stable")[: STUDY[split] - held[split].sum()]
        held[split][most] += 1
    return {"train": totals - held["validation"] - held["test"], **held}


def draw_any(index: int, sources: Sources, split: Split, nothing: float, seed: int) -> folder.Drawing:
    """Image `index` of a balanced set, of which the share `nothing` is no character."""
    rng = np.random.default_rng((seed, index))
    if rng.random() >= nothing:
        return draw_character(rng, CLASSES[index % len(CLASSES)], sources, split)
    kind = rng.random()
    if kind < 0.6:
        return draw_nothing(rng, TAUGHT)
    return draw_symbol(rng, split) if kind < 0.8 else draw_several(rng, sources, split)


@cache
def _held_out(path: Path, splits: tuple[Split, ...] | None) -> list[tuple[str, int]]:
    """Character and number of the drawings of a file, all of them or those of the splits."""
    return [
        (character, int(number))
        for character, every in _drawings(path).items()
        for number in (range(len(every)) if splits is None else of_split(len(every), splits))
    ]


def draw_drawing(index: int, sources: Sources, name: str, splits: tuple[Split, ...] | None = None) -> folder.Drawing:
    """Image `index` of the held-out drawings of `strokes-NAME.json`, each at the three WIDTHS, as it was drawn."""
    character, number = _held_out(sources.path(name), splits)[index // len(WIDTHS)]
    width = WIDTHS[index % len(WIDTHS)]
    drawing = sources.drawings(name)[character][number]
    return labelled(strokes.draw(drawing, width), character, f"strokes {character} {number} {width}")


def draw_test_nothing(index: int, seed: int) -> folder.Drawing:
    """Image `index` of what is no character, for testing."""
    return draw_nothing(np.random.default_rng((seed, index)), TAUGHT + UNTAUGHT)


def sets(sources: Sources) -> dict[str, folder.DrawnSet]:
    """Every set by name."""
    study = {
        f"glyph-study-{split}": folder.DrawnSet(count, partial(draw_study, sources=sources, split=split, seed=30 + i))
        for i, (split, count) in enumerate(STUDY.items())
    }
    held: dict[str, tuple[str, tuple[Split, ...] | None]] = {
        "glyph-validation": ("train", ("validation", "test")),
        "glyph-test": ("test", None),
    }
    drawings = {
        name: folder.DrawnSet(
            len(_held_out(sources.path(file), splits)) * len(WIDTHS),
            partial(draw_drawing, sources=sources, name=file, splits=splits),
        )
        for name, (file, splits) in held.items()
    }
    any_of = partial(draw_any, sources=sources, split="train", nothing=0.15, seed=33)
    return (
        study
        | drawings
        | {
            "glyph-train": folder.DrawnSet(200_000, any_of),
            "glyph-test-nothing": folder.DrawnSet(1_000, partial(draw_test_nothing, seed=35)),
        }
    )


def main() -> None:
    parser = command.parser("glyph", __doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the strokes and of MNIST")
    groups = {
        "study": ("glyph-study",),
        "train": ("glyph-train", "glyph-validation"),
        "validation": ("glyph-validation",),
        "tests": ("glyph-test",),
    }
    command.draw(parser, groups, lambda args: sets(Sources(args.data)))


if __name__ == "__main__":
    main()
