"""Sets of single characters, by hand and in print: 56×56, white on black, tightly cropped, upper and lower case one.

    python -m training.data.glyph study --data DATA --out DIR    as many of each class as in the recruitment study
    python -m training.data.glyph train --data DATA --out DIR    what the bundled reader learns from, and validation
    python -m training.data.glyph tests --data DATA --out DIR    drawings that no set above has seen, and what is none

DATA holds strokes-train.json and strokes-test.json (handwriting as pen strokes: character, drawings, strokes, points)
and digits-mnist.npz. A drawing, a font and a digit of MNIST belong to one split for good.
"""

import argparse
import json
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageFilter

from training.data import degrade, folder, fonts, render
from training.data.drawing import draw_scene
from zoo import ink, strokes

CLASSES = string.digits + string.ascii_uppercase
SYMBOLS = "!#$%&*+?@~^<>=/\\|()[]{};:\"'"
SIDE = 56  # pixels
WIDTHS = 0.03, 0.07, 0.13  # of the test drawings' pens, times their longer side

# The recruitment study's set: 30,134 images, one class with a single image, the others with 102 to 3,291.
STUDY = {"train": 22_634, "validation": 2_500, "test": 5_000}
RAREST, COMMONEST = 102, 3_291

Split = Literal["train", "validation", "test"]
Drawing = Sequence[strokes.Stroke]

# which of twenty drawings or digits a split has
SHARES: dict[Split, range] = {"train": range(15), "validation": range(15, 17), "test": range(17, 20)}


@dataclass(frozen=True)
class Sources:
    """What characters are drawn from, under one folder.

    Attributes:
        data: the folder.
    """

    data: Path

    def drawings(self, name: str) -> dict[str, list[Drawing]]:
        """The drawings of each character in `strokes-NAME.json`."""
        return _drawings(self.data / f"strokes-{name}.json")

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
    angle, slant = rng.normal(0, 0.1), rng.normal(0, 0.18)
    stretch = np.exp(rng.normal(0, 0.14, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[stretch[0], slant], [0.0, stretch[1]]])
    waves = rng.normal(0, 0.035, (3, 2)), rng.uniform(0.6, 1.6, (3, 2)), rng.uniform(0, 2 * np.pi, 3)
    moved = []
    for stroke in points:
        at = (stroke - middle) / extent @ matrix.T
        bent = sum(a * np.sin(2 * np.pi * at @ f + p)[:, None] for a, f, p in zip(*waves, strict=True))
        moved.append(at + bent + rng.normal(0, 0.012, 2))
    return strokes.draw(moved, float(np.exp(rng.uniform(np.log(0.015), np.log(0.17)))))


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
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.array([[stretch[0], slant], [0.0, stretch[1]]]))
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


def scribble(rng: np.random.Generator) -> Image.Image:
    """Lines to and fro that are no character: a walk, zigzags, loops."""
    lines = []
    for _ in range(int(rng.integers(1, 4))):
        corners = int(rng.integers(12, 40))
        kind = rng.integers(3)
        if kind == 0:
            path = np.cumsum(rng.normal(0, 1, (corners, 2)), axis=0)
        elif kind == 1:
            path = rng.random((corners, 2)) * 5
        else:
            turns, phase = rng.integers(2, 9, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 2))
            path = np.sin(np.linspace(0, 2 * np.pi, 120)[:, None, None] * turns + phase).sum(1)
        lines.append(path + rng.normal(0, 1, 2))
    return strokes.draw(lines, float(np.exp(rng.uniform(np.log(0.015), np.log(0.1)))))


def framed(picture: Image.Image) -> Image.Image:
    """The picture as every set holds it and every network sees it."""
    return Image.fromarray(ink.fit(picture, (SIDE, SIDE))[0][..., 0])


def draw_character(rng: np.random.Generator, label: str, sources: Sources, splits: tuple[Split, ...]) -> folder.Drawing:
    """A character of a class: redrawn by hand, in a font, or for digits one of MNIST."""
    character = label if rng.random() < 0.5 else label.lower()
    kind = rng.random()
    if label.isdigit() and kind < 0.3:
        images, values = sources.digits()
        of_class = np.flatnonzero(values == int(label))
        chosen = int(of_class[rng.choice(of_split(len(of_class), splits))])
        return framed(of_mnist(rng, images[chosen])), _row(label, label, f"mnist {chosen}")
    if kind < 0.65:
        every = sources.drawings("train")[character]
        chosen = int(rng.choice(of_split(len(every), splits)))
        return framed(by_hand(rng, every[chosen])), _row(character, label, f"strokes {character} {chosen}")
    faces = [face for split in splits for face in _faces(split)]
    face = faces[int(rng.integers(len(faces)))]
    return framed(in_print(rng, character, face)), _row(character, label, face.family)


@cache
def _faces(split: Split) -> tuple[fonts.Face, ...]:
    return fonts.faces("train") + fonts.faces("display") if split == "train" else fonts.faces(split)


def _row(text: str, label: str, source: str) -> folder.Row:
    return {"text": text, "label": label, "source": source}


def draw_nothing(rng: np.random.Generator) -> folder.Drawing:
    """What is no character: an empty canvas, a scribble, a scene like a photo."""
    kind = rng.random()
    if kind < 0.1:
        picture, source = Image.new("RGB", (SIDE, SIDE)), "empty"
    elif kind < 0.6:
        picture, source = scribble(rng), "scribble"
    else:
        picture, source = Image.fromarray(draw_scene(rng).image), "scene"
    return framed(picture), _row("", "", source)


def draw_symbol(rng: np.random.Generator, split: Split) -> folder.Drawing:
    """A sign that is none of the 36, in print."""
    face = _faces(split)[int(rng.integers(len(_faces(split))))]
    symbol = SYMBOLS[int(rng.integers(len(SYMBOLS)))]
    return framed(in_print(rng, symbol, face)), _row(symbol, "", face.family)


def draw_study(index: int, sources: Sources, split: Split, seed: int) -> folder.Drawing:
    """Image `index` of a part of the study's set."""
    label = CLASSES[int(np.searchsorted(np.cumsum(study_counts()[split]), index, "right"))]
    return draw_character(np.random.default_rng((seed, index)), label, sources, (split,))


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


def draw_any(index: int, sources: Sources, splits: tuple[Split, ...], nothing: float, seed: int) -> folder.Drawing:
    """Image `index` of a balanced set, of which the share `nothing` is no character."""
    rng = np.random.default_rng((seed, index))
    if rng.random() < nothing:
        return draw_nothing(rng) if rng.random() < 0.8 else draw_symbol(rng, splits[0])
    return draw_character(rng, CLASSES[index % len(CLASSES)], sources, splits)


def draw_test(index: int, sources: Sources) -> folder.Drawing:
    """Image `index` of the test drawings, each at the three WIDTHS, as it was drawn."""
    every = [(c, i, drawing) for c, found in sources.drawings("test").items() for i, drawing in enumerate(found)]
    character, number, drawing = every[index // len(WIDTHS)]
    width = WIDTHS[index % len(WIDTHS)]
    row = _row(character, character.upper(), f"strokes {character} {number} {width}")
    return framed(strokes.draw(drawing, width)), row


def draw_test_nothing(index: int, seed: int) -> folder.Drawing:
    """Image `index` of what is no character, for testing."""
    return draw_nothing(np.random.default_rng((seed, index)))


def sets(sources: Sources) -> dict[str, folder.DrawnSet]:
    """Every set by name."""
    study = {
        f"glyph-study-{split}": folder.DrawnSet(count, partial(draw_study, sources=sources, split=split, seed=30 + i))
        for i, (split, count) in enumerate(STUDY.items())
    }
    any_of = partial(draw_any, sources=sources, nothing=0.15)
    drawings = sum(map(len, sources.drawings("test").values()))
    return study | {
        "glyph-train": folder.DrawnSet(200_000, partial(any_of, splits=("train", "test"), seed=33)),
        "glyph-validation": folder.DrawnSet(4_000, partial(any_of, splits=("validation",), seed=34)),
        "glyph-test": folder.DrawnSet(drawings * len(WIDTHS), partial(draw_test, sources=sources)),
        "glyph-test-nothing": folder.DrawnSet(1_000, partial(draw_test_nothing, seed=35)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.data.glyph", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=["study", "train", "tests"])
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the strokes and of MNIST")
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder that the sets are written under")
    parser.add_argument("--workers", type=int, help="processes (default: one per core); the bytes do not depend on it")
    args = parser.parse_args()
    known = sets(Sources(args.data))
    groups = {"study": "glyph-study", "tests": "glyph-test"}
    prefixes = (groups[args.name],) if args.name in groups else ("glyph-train", "glyph-validation")
    for name, drawn in known.items():
        if name.startswith(prefixes):
            folder.write(args.out / name, drawn.draw, drawn.count, args.workers, name)


if __name__ == "__main__":
    main()
