"""The fields of a letter: pairs each label on a page with the value to the left of it, and collects doubts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from zoo.images.preprocess import Pixels
from zoo.images.quads import MARGIN, Crop, Quad, crop, grow, height, is_short, left_part, same_line, union
from zoo.letter import values
from zoo.letter.boxes import dash_box, ink_box
from zoo.letter.finder import FIELDS, LABELS, Region
from zoo.letter.result import MEANING, Field
from zoo.letter.values import DASHES, Value

if TYPE_CHECKING:
    from zoo.readers.base import Reader
    from zoo.readers.prediction import Prediction


class Margins(NamedTuple):
    """Margins of a crop in heights of its box: above and below, and at both ends."""

    over: float
    aside: float


AGAIN = Margins(0.02, 0.3), Margins(0.22, 0.45)  # of the further crops of a value
WITH_LABEL = Margins(0.02, 0.2), Margins(0.1, 0.3)  # of the crops of a value together with its label
NO_VALUE = Margins(0.12, 0.12), Margins(0.02, 0.1), Margins(0.3, 0.1)  # of the crops behind a label without a value
MIN_CONFIDENCE = 0.85  # of a reading behind a label without a value
AGREED = 0.95  # least share of the best text in the confidence of all readings of a value
GAP = 3.0  # heights of a label: farthest that a value off its label's line lies from it
NEAR, FAR = 0.3, 8.0  # heights of a label: where a value to the left of it begins and ends at the farthest


@dataclass(frozen=True, eq=False)
class Text:
    """A text on a page: its region, its crop, its reading."""

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
    """The field that a label names, one of FIELDS, and a doubt about it in a sentence, or ""."""

    field: str
    doubt: str


def cut(page: Pixels, box: Quad, *margins: float) -> Image.Image:
    """Crops a box of a page; `margins` as in `quads.crop`."""
    return crop(page, box, *margins).picture


def labels(page: Pixels, texts: Sequence[Text], classifier: Reader) -> dict[int, Label]:
    """Finds the printed names of fields among the texts of a page; returns them by the index of the text.

    A text that the finder marked as a label is kept if it is spelled like one or the classifier recognises one.
    """
    marks = [i for i, text in enumerate(texts) if text.kind in LABELS]
    pictures = [cut(page, texts[i].box) for i in marks]
    named = {}
    for i, answer in zip(marks, classifier.read(pictures), strict=True):
        looks_like = {"dated": "date"}.get(answer.label or "", answer.label)
        if looks_like not in FIELDS or answer.status != "ok":
            looks_like = None
        spelled = values.label(texts[i].answer.text)
        # on bad print both may be wrong; the finder knows the field by the label's place, too
        if field := spelled or (looks_like and texts[i].kind.removesuffix(" label")):
            differs = looks_like not in (None, field)
            named[i] = Label(field, f"Its label looks like {answer.text}." if differs else "")
    return named


def fields(
    page: Pixels, texts: Sequence[Text], marks: Mapping[int, Label], reader: Reader, number: int
) -> Iterable[Field]:
    """Each of FIELDS on a page: its label and the value to the left of it.

    Args:
        page: uint8 (H, W, 3).
        texts: all texts of the page.
        marks: the labels among them, by their indices.
        reader: of values.
        number: of the page, from 0.
    """
    found = [(i, text) for i, text in enumerate(texts) if text.kind in FIELDS]
    read = [i for i, text in found if values.without_label(text.kind, text.answer.text)]
    owners = {i: _owner(texts[i].box, {mark: texts[mark].box for mark in marks}) for i in read}
    unit = float(np.median([height(texts[i].box) for i in marks or read] or [0]))
    label_boxes = [texts[i].box for i in marks]
    long_boxes = [texts[i].box for i in read if not is_short(texts[i].box)]
    for name in FIELDS:
        candidates = [i for i, label in marks.items() if label.field == name]
        mark = max(candidates, key=lambda i: texts[i].region.confidence, default=None)
        label = None if mark is None else texts[mark].box
        # the kind of a value counts only if it has no label
        own = [i for i in read if mark is not None and owners[i] == mark]
        if not own:
            own = [i for i in read if owners[i] is None and texts[i].kind == name]
            own = [i for i in own if label is None or gap(texts[i].box, label) < GAP * unit]
        # a fragment of a label may look like a value, but makes no sense as one
        own = [i for i in own if not MEANING[name](values.without_label(name, texts[i].answer.text)).problem] or own
        own.sort(key=lambda i: -float(texts[i].box[:, 0].max()))
        if label is not None and (dash := _dash(page, label, label_boxes, long_boxes, reader)):
            (place, readings), own = dash, []
        elif not own:
            yield _empty(page, name, label, unit, reader, number)
            continue
        else:
            place, first = texts[own[0]].box, texts[own[0]].answer
            if len(own) > 1:  # these may be fragments of one value
                place = ink_box(page, reduce(union, (texts[i].box for i in own)), unit, label_boxes)
                [first] = reader.read([cut(page, place)])
            readings = _readings(page, name, place, label, first, reader)
        corrected = [replace(one, text=values.correct_words(name, one.text)) for one in readings]
        sensible = [one for one in corrected if not MEANING[name](one.text).problem]
        answer, share = best(sensible or corrected)
        value = MEANING[name](answer.text)
        if own and (end := right_end(place, first, answer.text)) < 1:
            place = ink_box(page, left_part(place, end), unit, label_boxes)
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
    """Distance between a value and its label in pixels: between the middles of the sides that face each other."""
    return float(np.linalg.norm(value[1:3].mean(0) - label[[0, 3]].mean(0)))


def _readings(
    page: Pixels, name: str, place: Quad, label: Quad | None, first: Prediction, reader: Reader
) -> list[Prediction]:
    """Readings of a value from several crops: alone, of which the first is given, and together with its label.

    The edge between value and label is uncertain. A crop of both has no such edge, so its reading counts twice.
    """
    own = [first, *reader.read([cut(page, place, *margins) for margins in AGAIN])]
    own = [replace(one, text=values.without_label(name, one.text)) for one in own]
    if label is None:
        return own
    both = union(place, label)
    after = [
        replace(one, text=text)
        for one in reader.read([cut(page, both, *margins) for margins in WITH_LABEL])
        if (text := values.after_label(name, one.text)) is not None
    ]
    return own + 2 * after


def right_end(place: Quad, whole: Prediction, text: str) -> float:
    """Where a value ends, as a share of its box's width from the left; below 1 if the box holds part of the label.

    Args:
        place: the box.
        whole: the reading of the box.
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
    """The box of a dash to the left of a label and its readings; None unless all of them are dashes.

    The finder may miss a dash, which is small.
    """
    if (place := dash_box(page, label, labels, others)) is None:
        return None
    readings = reader.read([cut(page, place), *(cut(page, place, *margins) for margins in AGAIN)])
    return (place, readings) if all(one.text in DASHES for one in readings) else None


def _empty(page: Pixels, name: str, label: Quad | None, unit: float, reader: Reader, number: int) -> Field:
    """A field without a value: doubtful if a text to the left of its label makes sense, else empty or missing.

    `unit` is the height of the page's labels in pixels.
    """
    if label is None:
        return Field(name, Value("", ""), "missing", page=number)
    place = value_place(label)
    readings = [one for one in reader.read([cut(page, place, *margins) for margins in NO_VALUE]) if one.text]
    readings = [one for one in readings if one.confidence >= MIN_CONFIDENCE and not MEANING[name](one.text).problem]
    if not readings:
        return Field(name, Value("", ""), "empty", label=label, page=number)
    read = max(readings, key=lambda one: one.confidence)
    place = ink_box(page, grow(place, NO_VALUE[-1].over * unit), unit, [label])
    problem = "It does not look like a value."
    return Field(name, MEANING[name](read.text), "doubtful", read.confidence, place, label, number, problem)


def value_place(label: Quad) -> Quad:
    """The box to the left of a label in which its value may stand."""
    along = (label[1] - label[0]) / max(float(np.linalg.norm(label[1] - label[0])), 1e-6) * height(label)
    far, near = -FAR * along, -NEAR * along
    return np.stack([label[0] + far, label[0] + near, label[3] + near, label[3] + far]).astype(np.float32)


def _owner(box: Quad, labels: Mapping[int, Quad]) -> int | None:
    """The label of a value: the nearest to the right of it on its line."""
    left = float(box[:, 0].mean())
    middles = {i: float(own[:, 0].mean()) for i, own in labels.items() if same_line(box, own)}
    return min((i for i, middle in middles.items() if middle > left), key=lambda i: middles[i], default=None)


def best(readings: Sequence[Prediction]) -> tuple[Prediction, float]:
    """The reading whose text has the largest summed confidence, and its share of the sum."""
    shares: dict[str, float] = defaultdict(float)
    for one in readings:
        shares[one.text] += one.confidence
    text = max(shares, key=lambda text: shares[text])
    own = max((one for one in readings if one.text == text), key=lambda one: one.confidence)
    return own, shares[text] / max(sum(shares.values()), 1e-9)
