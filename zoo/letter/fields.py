"""The fields of a letter: each label on a page, the value that stands behind it, and what is doubtful about both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from zoo.images.preprocess import Pixels
from zoo.images.quads import MARGIN, Crop, Quad, beside, crop, height, joined, moved, short, shortened
from zoo.letter import values
from zoo.letter.boxes import dashed, inked
from zoo.letter.finder import FIELDS, LABELS, Region
from zoo.letter.result import MEANING, Field
from zoo.letter.values import DASHES, Value

if TYPE_CHECKING:
    from zoo.readers.base import Reader
    from zoo.readers.prediction import Prediction

# margins above and below, and at both ends, in heights of the box
AGAIN = (0.02, 0.3), (0.22, 0.45)  # of a value that is read once more: it is read otherwise, or reaches beyond its box
LABELLED = (0.02, 0.2), (0.1, 0.3)  # of a value that is read in one picture with its label
BARE = (0.12, 0.12), (0.02, 0.1), (0.3, 0.1)  # of what may stand behind a label where no value was found
BEHIND = 0.85  # least confidence of what is read there
AGREED = 0.95  # least share of the likeliest text in the confidence of all readings of a value
GAP = 3.0  # heights of a label: how far a value without a label on its line is from its own at most
REACH = 0.3, 8.0  # heights of a label: how far to the left of it a value begins and ends


@dataclass(frozen=True, eq=False)
class Text:
    """A text on a page: where it was found, how it was cut out, what was read in it."""

    region: Region
    crop: Crop
    answer: Prediction

    @property
    def kind(self) -> str:
        return self.region.kind

    @property
    def box(self) -> Quad:
        return self.region.box


@dataclass(frozen=True)
class Label:
    """Which of FIELDS a text is the label of, and what speaks against that, or ""."""

    field: str
    doubt: str


def cut(page: Pixels, box: Quad, *margins: float) -> Image.Image:
    """What stands in a box of a page, with `margins` as `quads.crop` takes them."""
    return crop(page, box, *margins).picture


def labels(page: Pixels, texts: Sequence[Text], classifier: Reader) -> dict[int, Label]:
    """The labels among the texts of a page, by their indices.

    A text that was found as one is one if it is spelled like one, or else if the classifier takes it for any.
    """
    marks = [i for i, text in enumerate(texts) if text.kind in LABELS]
    pictures = [cut(page, texts[i].box) for i in marks]
    found = {}
    for i, answer in zip(marks, classifier.read(pictures), strict=True):
        looks_like = {"dated": "date"}.get(answer.label or "", answer.label)
        if looks_like not in FIELDS or answer.status != "ok":
            looks_like = None
        spelled = values.label(texts[i].answer.text)
        # both may be wrong on bad print: where a label stands tells the finder its field, too
        if field := spelled or (looks_like and texts[i].kind.removesuffix(" label")):
            differs = looks_like not in (None, field)
            found[i] = Label(field, f"Its label looks like {answer.text}." if differs else "")
    return found


def fields(
    page: Pixels, texts: Sequence[Text], marks: Mapping[int, Label], reader: Reader, number: int
) -> Iterable[Field]:
    """Each of FIELDS on a page: its label, and the value that stands to the left of it.

    Args:
        page: uint8 (H, W, 3).
        texts: all that was found on it.
        marks: the labels among them, by their indices.
        reader: of values.
        number: of the page, from 0.
    """
    read = [i for i, text in enumerate(texts) if text.kind in FIELDS and values.bare(text.kind, text.answer.text)]
    owners = {i: _owner(texts[i].box, {mark: texts[mark].box for mark in marks}) for i in read}
    unit = float(np.median([height(texts[i].box) for i in marks or read] or [0]))
    label_boxes = [texts[i].box for i in marks]
    long_boxes = [texts[i].box for i in read if not short(texts[i].box)]
    for name in FIELDS:
        candidates = [i for i, label in marks.items() if label.field == name]
        mark = max(candidates, key=lambda i: texts[i].region.confidence, default=None)
        label = None if mark is None else texts[mark].box
        # a label tells what its value is; what a value looks like counts only where it has no label
        own = [i for i in read if mark is not None and owners[i] == mark] or [
            i
            for i in read
            if owners[i] is None and texts[i].kind == name and (label is None or gap(texts[i].box, label) < GAP * unit)
        ]
        # a piece of a label may look like a value, but makes no sense as one
        own = [i for i in own if not MEANING[name](values.bare(name, texts[i].answer.text)).problem] or own
        own.sort(key=lambda i: -float(texts[i].box[:, 0].max()))
        if label is not None and (dash := _dash(page, label, label_boxes, long_boxes, reader)):
            (place, readings), own = dash, []
        elif not own:
            yield _empty(page, name, label, unit, reader, number)
            continue
        else:
            place, first = texts[own[0]].box, texts[own[0]].answer
            if len(own) > 1:  # it may have come to pieces
                place = inked(page, reduce(joined, (texts[i].box for i in own)), unit, label_boxes)
                [first] = reader.read([cut(page, place)])
            readings = _readings(page, name, place, label, first, reader)
        mended = [replace(one, text=values.mended(name, one.text)) for one in readings]
        answer, share = agreed([one for one in mended if not MEANING[name](one.text).problem] or mended)
        value = MEANING[name](answer.text)
        if own and (end := ending(place, first, answer.text)) < 1:
            place = inked(page, shortened(place, end), unit, label_boxes)
        doubts = (
            value.problem,
            "" if share >= AGREED else "It can be read in several ways.",
            "" if answer.status == "ok" else "It is hard to read.",
            "" if any(one.text == answer.text for one in readings) else "A word of it is guessed.",
            "There is no label before it." if mark is None else marks[mark].doubt,
            "There are several such values on the page." if len(own) > 1 else "",
        )
        problem = next(filter(None, doubts), "")
        yield Field(name, value, "doubtful" if problem else "ok", answer.confidence, place, label, number, problem)


def gap(value: Quad, label: Quad) -> float:
    """How far a value is from its label, in pixels: between the middles of the sides that face each other."""
    return float(np.linalg.norm(value[1:3].mean(0) - label[[0, 3]].mean(0)))


def _readings(
    page: Pixels, name: str, place: Quad, label: Quad | None, first: Prediction, reader: Reader
) -> list[Prediction]:
    """A value read several ways, the first of them given: by itself, and in one picture with its label.

    Where a value begins and its label ends is known only about; what is read of both has no such edge, and counts
    twice.
    """
    own = [first, *reader.read([cut(page, place, *around) for around in AGAIN])]
    own = [replace(one, text=values.bare(name, one.text)) for one in own]
    if label is None:
        return own
    both = joined(place, label)
    behind = [
        replace(one, text=text)
        for one in reader.read([cut(page, both, *around) for around in LABELLED])
        if (text := values.labelled(name, one.text)) is not None
    ]
    return own + 2 * behind


def ending(place: Quad, whole: Prediction, text: str) -> float:
    """Where a value ends to the right, as a share of its box's width: less than 1 where the box begins in its label.

    Args:
        place: the box.
        whole: what is read in it.
        text: the value.
    """
    kept = [box for *_, box in whole.characters[-len(text) :] if box is not None]
    if not kept or whole.text == text or not whole.text.endswith(text):
        return 1.0
    right = max(box[2] for box in kept) - MARGIN * height(place)
    return min(right / max(float(np.linalg.norm(place[1] - place[0])), 1e-6), 1.0)


def _dash(
    page: Pixels, label: Quad, labels: Sequence[Quad], others: Sequence[Quad], reader: Reader
) -> tuple[Quad, list[Prediction]] | None:
    """Where a dash stands behind a label, and what is read there; None unless all readings tell one.

    It is so small that the finder may miss it. Its size is told by all labels and the other values.
    """
    if (place := dashed(page, label, labels, others)) is None:
        return None
    told = reader.read([cut(page, place), *(cut(page, place, *around) for around in AGAIN)])
    return (place, told) if all(one.text in DASHES for one in told) else None


def _empty(page: Pixels, name: str, label: Quad | None, unit: float, reader: Reader, number: int) -> Field:
    """A field of which no value was found: what is read behind its label all the same, and makes sense, is doubtful.

    A unit is the height of the page's labels.
    """
    if label is None:
        return Field(name, Value("", ""), "missing", page=number)
    place = behind(label)
    readings = [one for one in reader.read([cut(page, place, *around) for around in BARE]) if one.text]
    readings = [one for one in readings if one.confidence >= BEHIND and not MEANING[name](one.text).problem]
    if not readings:
        return Field(name, Value("", ""), "empty", label=label, page=number)
    read = max(readings, key=lambda one: one.confidence)
    place = inked(page, moved(place, BARE[-1][0] * unit), unit, [label])
    problem = "It does not look like a value."
    return Field(name, MEANING[name](read.text), "doubtful", read.confidence, place, label, number, problem)


def behind(label: Quad) -> Quad:
    """Where the value of a label stands: REACH times its height to the left of it."""
    along = (label[1] - label[0]) / max(float(np.linalg.norm(label[1] - label[0])), 1e-6) * height(label)
    far, near = -REACH[1] * along, -REACH[0] * along
    return np.stack([label[0] + far, label[0] + near, label[3] + near, label[3] + far]).astype(np.float32)


def _owner(box: Quad, labels: Mapping[int, Quad]) -> int | None:
    """Which label a value stands behind: the nearest to the right of it on its line."""
    left = float(box[:, 0].mean())
    level = {i: float(own[:, 0].mean()) for i, own in labels.items() if beside(box, own)}
    return min((i for i, at in level.items() if at > left), key=lambda i: level[i], default=None)


def agreed(readings: Sequence[Prediction]) -> tuple[Prediction, float]:
    """Of several readings of a text the likeliest, all of them counted, and its share of their confidence."""
    shares: dict[str, float] = defaultdict(float)
    for one in readings:
        shares[one.text] += one.confidence
    text = max(shares, key=lambda text: shares[text])
    own = max((one for one in readings if one.text == text), key=lambda one: one.confidence)
    return own, shares[text] / max(sum(shares.values()), 1e-9)
