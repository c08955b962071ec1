"""The sets of pictures that the grid's page offers; each is drawn once and kept."""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.data.drawing import degrade
from training.data.drawing.captchas import sample
from training.data.texts import english
from zoo.grid import Progress
from zoo.hub import store

FONTS = {path.name.split("-latin")[0]: path for path in sorted((Path(__file__).parents[1] / "fonts").glob("*.woff2"))}
COUNT = 1024
GLYPHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

Drawn = Iterator[tuple[Image.Image, str]]


def captchas() -> Drawn:
    """Captchas of the hundred words in the page's fonts, on every background."""
    rng = np.random.default_rng(0)
    kinds, fonts = list(degrade.BY_NAME), list(FONTS.values())
    for _ in range(COUNT):
        word = english.one_of(rng, english.WORDS)
        ink = tuple(int(v) for v in rng.integers(0, 110, 3))
        drawn = sample(
            word, fonts[rng.integers(len(fonts))], kinds[rng.integers(len(kinds))], rng.uniform(0, 25), ink, rng
        )
        yield Image.fromarray(drawn.image), word


def digits() -> Drawn:
    """The first 1,024 of scikit-learn's handwritten digits (Alpaydin & Kaynak 1998, UCI), 8 × 8 pixels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    for pixels, label in zip(data.images[:COUNT], data.target[:COUNT], strict=True):
        yield Image.fromarray(np.uint8(pixels * 15.9375)).resize((32, 32), Image.Resampling.NEAREST), str(label)


def glyphs() -> Drawn:
    """Letters and digits in the page's fonts, slightly rotated and shifted."""
    rng = np.random.default_rng(0)
    fonts = [ImageFont.truetype(str(path), 40) for path in FONTS.values()]
    for i in range(COUNT):
        glyph = GLYPHS[i % len(GLYPHS)]
        picture = Image.new("L", (56, 56), 0)
        at = tuple(28 + rng.normal(0, 2, 2))
        ImageDraw.Draw(picture).text(at, glyph, 255, fonts[rng.integers(len(fonts))], anchor="mm")
        yield picture.rotate(rng.normal(0, 8), Image.Resampling.BILINEAR), glyph


SETS: dict[str, Callable[[], Drawn]] = {
    "A thousand drawn captchas": captchas,
    "Handwritten digits": digits,
    "Drawn letters and digits": glyphs,
}
BY_NAME = {draw.__name__: title for title, draw in SETS.items()}


def folder(name: str, progress: Progress | None = None) -> Path:
    """The set's folder in the Hub's ImageFolder layout; drawn at the first call."""
    path = store.home() / "sets" / SETS[name].__name__
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=path.parent))
    with (part / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file_name", "label"])
        for i, (picture, label) in enumerate(SETS[name]()):
            picture.save(part / f"{i:04}.png")
            table.writerow([f"{i:04}.png", label])
            if progress and i % 32 == 31:
                progress("drawing the set", i + 1, COUNT)
    try:
        part.rename(path)
    except OSError:  # another session has drawn it meanwhile
        shutil.rmtree(part)
    return path
