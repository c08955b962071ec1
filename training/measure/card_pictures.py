"""The pictures of a model card: what was read right and what wrong, and whether confidence means what it says."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from training.data.drawing import fonts, render
from training.data.folder import ImageFolder
from training.measure.metrics import wilson
from training.measure.truth import right
from zoo.readers.prediction import Prediction

EXAMPLES, CALIBRATION = "examples.png", "calibration.png"
EACH = 12  # pictures that were read right, and as many that were not
WIDE = 900  # pixels of a row
TILE, LONG = (150, 70), (450, 50)  # width and height in pixels of a word or less, of a line
LONGEST = 16  # characters of a word
LINE = 18  # pixels from one line of a caption to the next
BINS = 10

Answers = Sequence[tuple[Prediction, str]]


def examples(pictures: ImageFolder, found: Answers) -> Image.Image:
    """Pictures of a set, evenly spread over it: first those that were read right, then those that were not.

    Under each stands what was read, and if that is wrong, what is right; of a classifier the names of its classes.
    """
    hits = [right(prediction, text) for prediction, text in found]
    tile = LONG if np.quantile([len(text) for _, text in found], 0.75) > LONGEST else TILE
    across, height = WIDE // tile[0], tile[1] + 2 * LINE
    chosen = []
    for wanted in (True, False):
        places = [i for i, hit in enumerate(hits) if hit == wanted]
        chosen.append([places[k] for k in np.linspace(0, len(places) - 1, min(EACH, len(places))).astype(int)])
    rows = [-(-len(part) // across) for part in chosen]
    sheet = Image.new("RGB", (WIDE, sum(rows) * height), "white")
    for first, part in zip((0, rows[0]), chosen, strict=True):
        for k, index in enumerate(part):
            x, y = k % across * tile[0], (first + k // across) * height
            picture = pictures.image(index)
            picture.thumbnail((tile[0] - 10, tile[1] - 10))
            sheet.paste(picture, (x + (tile[0] - picture.width) // 2, y + (tile[1] - picture.height) // 2))
            prediction, true = found[index]
            captions = [("", prediction.label or prediction.text, f" ({prediction.confidence:.0%})")]
            if not hits[index]:
                captions.append(("is ", pictures.row(index).get("label") or true, ""))
            for number, parts in enumerate(captions):
                ink = caption(*parts, tile[0] - 6)
                sheet.paste((0, 0, 0), (x + (tile[0] - ink.width) // 2, y + tile[1] + number * LINE), ink)
    return sheet


def caption(before: str, text: str, after: str, most: int) -> Image.Image:
    """A line of ink, 8 bits; what is wider than `most` pixels loses the end of its text."""
    inks = [written(part) for part in (before, text, after)]
    room = most - inks[0].width - inks[2].width
    if (over := inks[1].width - room) > 0:
        first = 0 if text.isascii() else over  # Persian begins at the right
        inks[1] = inks[1].crop((first, 0, first + room, LINE))
    line, x = Image.new("L", (sum(ink.width for ink in inks), LINE)), 0
    for ink in inks:
        line.paste(ink, (x, 0))
        x += ink.width
    return line


def written(text: str) -> Image.Image:
    """The ink of a text, 8 bits, LINE high."""
    if text.isascii():
        font = ImageFont.load_default(12)
        ink = Image.new("L", (math.ceil(font.getlength(text)), LINE))
        ImageDraw.Draw(ink).text((0, LINE - 5), text, 255, font, "ls")
        return ink
    face = next(face for face in fonts.persian("train") if face.family == "dejavu-sans")
    drawn, over = render.persian(text, face, 13)
    ink = Image.new("L", (drawn.mask.width, LINE))
    ink.paste(drawn.mask, (0, LINE - 5 - over))
    return ink


def calibration(found: Answers) -> Figure:
    """How often answers of about the same confidence are right, with 95 % intervals; the diagonal is what it means."""
    sure = np.array([prediction.confidence for prediction, _ in found])
    hits = np.array([right(prediction, text) for prediction, text in found])
    order = np.array_split(np.argsort(sure, kind="stable"), BINS)
    points = [
        (sure[part].mean(), hits[part].mean(), *wilson(hits[part].sum(), len(part))) for part in order if len(part)
    ]
    x, y, low, high = np.array(points).T
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), linestyle=":", color="grey")
    axes.errorbar(x, y, np.maximum((y - low, high - y), 0), marker="o", linestyle="none", capsize=3)
    axes.set(xlabel="confidence", ylabel="read right", xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    axes.grid(alpha=0.3)
    return figure


def write(folder: Path, pictures: ImageFolder, found: Answers) -> None:
    """Both, into a checkpoint's folder."""
    examples(pictures, found).quantize(64).save(folder / EXAMPLES, optimize=True)
    calibration(found).savefig(folder / CALIBRATION, dpi=80)
