"""What a classifier takes for what, as the pages show it: a confusion matrix, and the pictures behind its cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import confusion_matrix

PAIRS = 10  # of classes, the most confused
PER_ROW = 32  # pictures of a sheet

Labels = np.ndarray  # int (n,)


def misread(read: Labels, true: Labels) -> np.ndarray:
    """The places of what is misread, by their class and what was read."""
    wrong = np.flatnonzero(read != true)
    return wrong[np.lexsort((wrong, read[wrong], true[wrong]))]


def summary(classes: Sequence[str], read: Labels, true: Labels) -> dict[str, Any]:
    """The matrix, a row for each true class; the most confused pairs; every error, with its number on a sheet."""
    wrong = misread(read, true)
    counts = confusion_matrix(true, read, labels=range(len(classes)))
    off = counts - np.diag(np.diag(counts))
    pairs = [divmod(int(i), len(classes)) for i in np.argsort(-off, axis=None, kind="stable")[:PAIRS]]
    return {
        "classes": list(classes),
        "confusion": counts.tolist(),
        "errors": [{"true": int(true[i]), "read": int(read[i]), "tile": tile} for tile, i in enumerate(wrong.tolist())],
        "pairs": [{"true": a, "read": b, "count": int(off[a, b])} for a, b in pairs if off[a, b]],
    }


def sheet(pictures: np.ndarray) -> Image.Image:
    """Pictures of one size, (n, H, W) or (n, H, W, 3), PER_ROW in a row."""
    count, height, width, *depth = pictures.shape
    rows = max(-(-count // PER_ROW), 1)
    tiles = np.zeros((rows * PER_ROW, height, width, *depth), pictures.dtype)
    tiles[:count] = pictures
    whole = tiles.reshape(rows, PER_ROW, height, width, *depth).swapaxes(1, 2)
    return Image.fromarray(whole.reshape(rows * height, PER_ROW * width, *depth))
