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
    measures = {"F1": (2, slice(1, 3)), "precision": (1, slice(1, 2)), "recall": (1, slice(2, 3))}
    for what, spelled, names in (("read", True, measures), ("found", False, ("F1",))):
        pairs = zip(found, true, strict=True)
        counts = np.array([(hits(a, b, spelled), len(a), len(b)) for a, b in pairs], float)
        for name in names:

            def rate(sample: Boxes, measure: tuple[int, slice] = measures[name]) -> float:
                times, columns = measure
                return float(times * sample[:, 0].sum() / max(sample[:, columns].sum(), 1))

            rows.append(Row(data, f"{name} of words {what}", rate(counts), len(true), bootstrap(counts, rate), **extra))
    return rows
