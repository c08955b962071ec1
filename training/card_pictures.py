"""The pictures of a model card: what was read right and what wrong, and whether confidence means what it says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from training.data.folder import ImageFolder
from training.truth import right
from zoo.metrics import wilson
from zoo.prediction import Prediction

EXAMPLES, CALIBRATION = "examples.png", "calibration.png"
EACH = 12  # pictures that were read right, and as many that were not
ACROSS = 6  # in a row
TILE, CAPTION = (150, 70), 34  # width and height in pixels; height of two lines
BINS = 10

Answers = Sequence[tuple[Prediction, str]]


def examples(pictures: ImageFolder, found: Answers) -> Image.Image:
    """Pictures of a set, evenly spread over it: first those that were read right, then those that were not.

    Under each stands what was read, and if that is wrong, what is right; of a classifier the names of its classes.
    """
    hits = [right(prediction, text) for prediction, text in found]
    chosen = []
    for wanted in (True, False):
        places = [i for i, hit in enumerate(hits) if hit == wanted]
        chosen.append([places[k] for k in np.linspace(0, len(places) - 1, min(EACH, len(places))).astype(int)])
    rows = [-(-len(part) // ACROSS) for part in chosen]
    sheet = Image.new("RGB", (ACROSS * TILE[0], sum(rows) * (TILE[1] + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for first, part in zip((0, rows[0]), chosen, strict=True):
        for k, index in enumerate(part):
            x, y = k % ACROSS * TILE[0], (first + k // ACROSS) * (TILE[1] + CAPTION)
            picture = pictures.image(index)
            picture.thumbnail((TILE[0] - 10, TILE[1] - 10))
            sheet.paste(picture, (x + (TILE[0] - picture.width) // 2, y + (TILE[1] - picture.height) // 2))
            prediction, true = found[index]
            row = pictures.row(index)
            said = f"{prediction.label or prediction.text} ({prediction.confidence:.0%})"
            wrong = "" if hits[index] else f"is {row.get('label') or true}"
            draw.text((x + TILE[0] / 2, y + TILE[1]), f"{said}\n{wrong}", "black", font, "ma", align="center")
    return sheet


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
