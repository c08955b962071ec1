"""How well letters are read: whether fields are found, values are right, doubt is told, and the text is spelled.

A field counts as found if its box and the true one share half of what both cover. A value is right if it is what is
printed, whichever code points its digits and letters have; it is claimed if it is not marked as doubtful.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.measure.report import Row, share
from training.measure.spelling import error_rates
from training.measure.spotting import SHARED, overlap
from zoo.images.quads import rows, upright_box
from zoo.letter.finder import FIELDS
from zoo.letter.result import Letter
from zoo.text.normalise import single_spaced

MEASURED = FIELDS[:3]


def body(objects: Sequence[dict[str, Any]]) -> str:
    """The lines of a drawn letter in reading order."""
    lines = [one for one in objects if one["kind"] == "line"]
    order = rows([np.array(one["box"], np.float32) for one in lines], right_to_left=True)
    return "\n".join(lines[i]["text"] for row in order for i in row)


def rates(data: str, read: Sequence[Letter], true: Sequence[Sequence[dict[str, Any]]], **extra: str) -> list[Row]:
    """The rows of letters read, beside what is drawn on each."""
    found: dict[str, list[bool]] = {name: [] for name in MEASURED}
    right, claimed, wrong = [], [], []
    for letter, objects in zip(read, true, strict=True):
        for name in MEASURED:
            if not any(one["kind"] == f"{name} label" for one in objects):
                continue
            own = next((one for one in objects if one["kind"] == name), None)
            said = letter[name]
            if own is not None:
                there = said.box is not None and (
                    overlap(np.array([upright_box(said.box)]), np.array([upright_box(own["box"])]))[0, 0] >= SHARED
                )
                found[name].append(bool(there))
            right.append(single_spaced(said.value.text) == single_spaced(own["text"] if own else ""))
            claimed.append(said.status in ("ok", "empty"))
            wrong.append(claimed[-1] and not right[-1])
    own, bodies = [single_spaced(one.text) for one in read], [single_spaced(body(objects)) for objects in true]
    return [
        *(share(data, f"{name} found", hits, **extra) for name, hits in found.items()),
        share(data, "field found", [hit for hits in found.values() for hit in hits], **extra),
        share(data, "value exactly right", right, **extra),
        share(data, "value not marked doubtful", claimed, **extra),
        share(data, "wrong value not marked doubtful", wrong, **extra),
        *error_rates(data, own, bodies, " of the body", **extra),
    ]
