"""How texts are misspelled: which edits lead from what is printed to what was read."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from training.measure.metrics import bootstrap, wilson
from training.measure.report import Row

EDITS = {"replace": "substitutions", "delete": "deletions", "insert": "insertions"}


def error_rates(data: str, read: Sequence[str], true: Sequence[str], suffix: str = "", **extra: str) -> list[Row]:
    """The character error rate, edits per true character, and that of each kind of edit; intervals over pictures."""
    edits = map(Levenshtein.editops, true, read)
    ops = [(Counter(tag for tag, _, _ in found), len(text)) for found, text in zip(edits, true, strict=True)]
    rows = []
    for measure, tags in (("CER", tuple(EDITS)), *((f"{name} per character", (tag,)) for tag, name in EDITS.items())):
        counts = np.array([(sum(found[tag] for tag in tags), length) for found, length in ops])

        def rate(sample: np.ndarray) -> float:
            return float(sample[:, 0].sum() / max(sample[:, 1].sum(), 1))

        rows.append(Row(data, measure + suffix, rate(counts), len(true), bootstrap(counts, rate), **extra))
    return rows


def confused(data: str, read: Sequence[str], true: Sequence[str], most: int = 10) -> list[Row]:
    """The `most` frequent substitutions, as shares of the true character's occurrences (the count of the row)."""
    pairs = Counter(
        (text[i], found[j])
        for found, text in zip(read, true, strict=True)
        for tag, i, j in Levenshtein.editops(text, found)
        if tag == "replace"
    )
    places = Counter("".join(true))
    return [
        Row(data, f"{a} read as {b}", hits / places[a], places[a], wilson(hits, places[a]))
        for (a, b), hits in pairs.most_common(most)
    ]
