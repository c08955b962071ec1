"""How well the words of whole pictures are found and read: precision, recall and their F1.

A word counts if its box and a true one share at least half of what both cover and its letters and digits are those of
that one (end-to-end recognition, as in the ICDAR competitions on text in scenes).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.data.folder import Row as Labels
from training.measure.metrics import bootstrap
from training.measure.report import Row
from zoo.text.normalise import plain

Boxes = npt.NDArray[np.floating]
Word = tuple[Sequence[float], str]  # left, top, right, bottom in pixels; its text
SHARED = 0.5


def true_words(row: Labels) -> list[Word]:
    """The words of a drawn picture, from its metadata."""
    return list(zip(np.array(row["boxes"].split(), float).reshape(-1, 4).tolist(), row["text"].split(), strict=True))


def overlap(one: Boxes, other: Boxes) -> Boxes:
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (one, other)]
    return np.asarray(both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9))


def hits(found: Sequence[Word], true: Sequence[Word], spelled: bool = True) -> int:
    """How many true words were found, each by one word at most, and unless not `spelled` read right."""
    if not found or not true:
        return 0
    shared = overlap(np.array([box for box, _ in found]), np.array([box for box, _ in true]))
    if spelled:
        shared *= np.array([[plain(text) == plain(wanted) for _, wanted in true] for _, text in found])
    count = 0
    while shared.max(initial=0) >= SHARED:
        i, j = np.unravel_index(shared.argmax(), shared.shape)
        shared[i], shared[:, j] = 0, 0
        count += 1
    return count


def rates(data: str, found: Sequence[Sequence[Word]], true: Sequence[Sequence[Word]], **extra: str) -> list[Row]:
    """F1, precision and recall of words read, and F1 of words merely found, over pictures; intervals over these."""
    rows = []
    for what, spelled in (("read", True), ("found", False)):
        pairs = zip(found, true, strict=True)
        counts = np.array([(hits(a, b, spelled), len(a), len(b)) for a, b in pairs], float)

        def f1(sample: Boxes) -> float:
            return float(2 * sample[:, 0].sum() / max(sample[:, 1:].sum(), 1))

        def precision(sample: Boxes) -> float:
            return float(sample[:, 0].sum() / max(sample[:, 1].sum(), 1))

        def recall(sample: Boxes) -> float:
            return float(sample[:, 0].sum() / max(sample[:, 2].sum(), 1))

        measures = {"F1": f1, "precision": precision, "recall": recall} if spelled else {"F1": f1}
        rows += [
            Row(data, f"{name} of words {what}", measure(counts), len(true), bootstrap(counts, measure), **extra)
            for name, measure in measures.items()
        ]
    return rows
