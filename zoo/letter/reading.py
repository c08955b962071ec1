"""A Persian letter from its file to what it says: its number, date and attachment, its title, its text.

A page is turned upright by the lines that are found on it, each text is cut out and read, the values are paired with
their labels. What is doubtful is marked, with the reason, and never guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, reduce
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.images import preprocess
from zoo.images.documents import pages
from zoo.images.preprocess import Pixels
from zoo.letter import values
from zoo.letter.finder import FIELDS, LABELS, Finder, Found
from zoo.letter.quad import AROUND, Quad, cut, dashed, height, inked, joined, moved, short, shortened
from zoo.letter.values import DASHES, Value
from zoo.loading import load, trained
from zoo.text.normalise import single_spaced

if TYPE_CHECKING:
    from zoo.readers.base import Reader
    from zoo.readers.prediction import Prediction

FINDER, READER, CLASSIFIER = "persian-letter-detector", "persian-crnn", "persian-resnet34"
STRAIGHT = 0.3  # degrees: a page that is less askew is read as it is
# the same above and below, and to its sides, with which a value is read once more: what is hard to read, or reaches
# beyond its box, is read another way
AGAIN = (0.02, 0.3), (0.22, 0.45)
LABELLED = (0.02, 0.2), (0.1, 0.3)  # the same where it is read in one picture with its label
BARE = (0.12, 0.12), (0.02, 0.1), (0.3, 0.1)  # the same of what may stand behind a label where no value was found
LINE = 0.02, 0.2  # the same of a line: others are close over it and under it
LINE_AGAIN = (0.2, 0.3), (-0.04, 0.2)  # the same of a line that is read once more
CLEAR = 0.5  # confidence of a line, from which on it is read once only
BEHIND = 0.85  # confidence of what is read behind a label, where no value was found, from which on it is one
AGREED = 0.95  # share of the confidence of all readings of a value, from which on they are taken to agree
TOGETHER = 0.4  # of the lower text's height that two share when they stand on one line
OVER = 0.5  # of the shorter text's width that two share at most when they stand on one line
GAP = 3.0  # times a label's height that its value is away at most, where it stands on no line with it
REACH = 0.3, 8.0  # times a label's height: from where to where its value stands behind it
MEANING: dict[str, Callable[[str], Value]] = {
    "number": values.number,
    "date": values.date,
    "attachment": values.attachment,
    "title": lambda text: Value(text, single_spaced(text)),
}
Status = Literal["ok", "doubtful", "empty", "missing", "corrected"]


@dataclass(frozen=True)
class Field:
    """One of the FIELDS of a letter.

    Attributes:
        name: one of FIELDS.
        value: what it says.
        status: "ok"; "doubtful", to be looked at; "empty" where its label has nothing behind it; "missing" where there
            is no label either; "corrected" where a person said what it says.
        confidence: the probability that the value is read right, of one that was read.
        box, label: the corners of the value and of the label in the page's pixels, clockwise from the upper left.
        page: from 0.
        problem: why it is doubtful, in a sentence, or "".
    """

    name: str
    value: Value
    status: Status
    confidence: float = 0.0
    box: Quad | None = None
    label: Quad | None = None
    page: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the text: what is read, its probability, its corners in the page's pixels, its page from 0."""

    text: str
    confidence: float
    box: Quad
    page: int


@dataclass(frozen=True)
class Letter:
    """What a letter says.

    Attributes:
        fields: one for each of FIELDS, in their order.
        lines: of all pages, in reading order.
        sizes: width and height of each page, in pixels.
    """

    fields: tuple[Field, ...]
    lines: tuple[Line, ...]
    sizes: tuple[tuple[int, int], ...] = field(default=())

    def __getitem__(self, name: str) -> Field:
        return self.fields[FIELDS.index(name)]

    @property
    def number(self) -> str:
        """Its number, digits in ASCII; "" for none."""
        return self["number"].value.normal

    @property
    def date(self) -> str:
        """Its day in the Persian calendar, YYYY/MM/DD, or as it is printed where that is no date; "" for none."""
        return self["date"].value.normal

    @property
    def attachment(self) -> str:
        """What is attached; "" for nothing."""
        return self["attachment"].value.normal

    @property
    def title(self) -> str:
        """What it is about, if it says so."""
        return self["title"].value.normal

    @property
    def text(self) -> str:
        """All of its text but the fields, line by line."""
        return "\n".join(line.text for line in self.lines)

    def corrected(self, name: str, text: str) -> Letter:
        """The same letter where a person says what one of its fields says."""
        fields = [
            replace(one, value=MEANING[name](text), status="corrected", confidence=1.0, problem="")
            if one.name == name
            else one
            for one in self.fields
        ]
        return replace(self, fields=tuple(fields))

    @property
    def doubtful(self) -> tuple[Field, ...]:
        """The fields that somebody should look at."""
        return tuple(one for one in self.fields if one.status == "doubtful")


@dataclass(frozen=True)
class Networks:
    """The networks that read a letter: what finds texts, what reads them, what tells the fields' labels apart."""

    finder: Finder
    reader: Reader
    labels: Reader


@cache
def networks() -> Networks:
    """Those of the zoo, loaded once.

    Raises:
        InputError: one is neither here nor to be had.
    """
    finder = trained(FINDER)
    assert isinstance(finder, Finder)
    return Networks(finder, load(READER), load(CLASSIFIER))


def read(source: preprocess.Source, using: Networks | None = None) -> Letter:
    """Reads a letter; its fields are those of the first page that has any.

    Args:
        source: a picture, a TIFF or a PDF of one or more pages, by its path, its bytes or in memory.
        using: the networks; None for those of the zoo.

    Raises:
        InputError: the file cannot be read, or a network is out of reach.
    """
    using = using or networks()
    fields: dict[str, Field] = {}
    lines: list[Line] = []
    sizes = []
    for number, page in enumerate(pages(source)):
        sizes.append(page.size)
        found, texts = _page(page, using)
        pixels = np.asarray(page)
        labels = _labels(pixels, found, texts, using.labels)
        own = {one.name: one for one in _fields(pixels, found, texts, labels, using.reader, number)}
        if not any(one.status != "missing" for one in fields.values()):
            fields = own
        lines += [
            Line(texts[i].text, texts[i].confidence, found[i].box, number)
            for i in in_order(found, [i for i, one in enumerate(found) if texts[i].text and _told(one, i in labels)])
        ]
    return Letter(tuple(fields[name] for name in FIELDS), tuple(lines), tuple(sizes))


def _page(page: Image.Image, using: Networks) -> tuple[list[Found], list[Prediction]]:
    """The texts of a page, in its own pixels, and what is read in each."""
    found = using.finder.find(page)
    turn = skew(found)
    if abs(turn) > STRAIGHT:
        upright, back = straightened(page, turn)
        found = [Found(one.kind, _through(back, one.box), one.confidence) for one in using.finder.find(upright)]
    pixels = np.asarray(page)
    texts = using.reader.read([cut(pixels, one.box, *LINE if one.kind == "line" else ()) for one in found])
    unsure = [i for i, one in enumerate(found) if one.kind == "line" and texts[i].confidence < CLEAR]
    again = using.reader.read([cut(pixels, found[i].box, *around) for i in unsure for around in LINE_AGAIN])
    for number, i in enumerate(unsure):
        texts[i], _ = agreed([texts[i], *again[number * len(LINE_AGAIN) :][: len(LINE_AGAIN)]])
    return found, texts


def skew(found: Iterable[Found]) -> float:
    """How far a page is turned clockwise, in degrees: the median of its longer lines, each by its length."""
    angles, lengths = [], []
    for one in found:
        side = one.box[1] - one.box[0]
        if (length := float(np.linalg.norm(side))) > 4 * height(one.box):
            angles.append(float(np.degrees(np.arctan2(side[1], side[0]))))
            lengths.append(length)
    if not angles:
        return 0.0
    order = np.argsort(angles)
    shares = np.cumsum(np.array(lengths)[order]) / sum(lengths)
    return float(angles[order[int(np.searchsorted(shares, 0.5))]])


def straightened(page: Image.Image, turn: float) -> tuple[Image.Image, npt.NDArray[np.float64]]:
    """The page turned back by so many degrees about its middle, and the way (2, 3) from its pixels to the page's."""
    centre = page.width / 2, page.height / 2
    way = cv2.getRotationMatrix2D(centre, turn, 1.0)
    fill = tuple(int(value) for value in preprocess.border(np.asarray(page)))
    turned = cv2.warpAffine(np.asarray(page), way, page.size, flags=cv2.INTER_LINEAR, borderValue=fill)
    return Image.fromarray(turned), np.asarray(cv2.invertAffineTransform(way))


def _through(way: npt.NDArray[np.float64], box: Quad) -> Quad:
    return np.asarray(box @ way[:, :2].T + way[:, 2], np.float32)


def in_order(found: Sequence[Found], chosen: Sequence[int]) -> list[int]:
    """Texts in reading order: line after line, on a page that may be askew, in each from the right."""
    turn = np.radians(skew(found[i] for i in chosen))
    down = {i: float(found[i].box.mean(0) @ (-np.sin(turn), np.cos(turn))) for i in chosen}
    rows: list[list[int]] = []
    for i in sorted(chosen, key=lambda i: down[i]):
        if rows and beside(found[rows[-1][0]].box, found[i].box):
            rows[-1].append(i)
        else:
            rows.append([i])
    return [i for row in rows for i in sorted(row, key=lambda i: -float(found[i].box[:, 0].mean()))]


def beside(one: Quad, other: Quad) -> bool:
    """Whether two texts stand beside one another on one line: the nearer sides of both are about as high."""
    left, right = (one, other) if one[:, 0].mean() < other[:, 0].mean() else (other, one)
    if left[1, 0] - right[0, 0] > OVER * min(float(np.ptp(left[:, 0])), float(np.ptp(right[:, 0]))):
        return False
    top, bottom = max(left[1, 1], right[0, 1]), min(left[2, 1], right[3, 1])
    return bool(bottom - top > TOGETHER * min(height(one), height(other)))


def gap(value: Quad, label: Quad) -> float:
    """How far a value is from its label, to the right of it: from the middle of a side to that of a side."""
    return float(np.linalg.norm(value[1:3].mean(0) - label[[0, 3]].mean(0)))


def _told(one: Found, label: bool) -> bool:
    """Whether a text is part of what a letter tells: a line, and what looked like a label and is none."""
    return one.kind == "line" or (one.kind in LABELS and not label)


def _labels(
    page: Pixels, found: Sequence[Found], texts: Sequence[Prediction], reader: Reader
) -> dict[int, tuple[str, str]]:
    """Which of the texts are labels, of one of FIELDS each, and what speaks against it, or "".

    What looks like one is one if it is spelled like one, or else if the classifier of labels takes it for any.
    """
    marks = [i for i, one in enumerate(found) if one.kind in LABELS]
    sure = {}
    for i, told in zip(marks, reader.read([cut(page, found[i].box) for i in marks]), strict=True):
        seen = "date" if told.label == "dated" else told.label if told.label in FIELDS else ""
        seen = seen if told.status == "ok" else ""
        # both may be wrong where it is badly printed; where it stands tells the finder too what it is
        if name := values.label(texts[i].text) or (seen and found[i].kind.removesuffix(" label")):
            sure[i] = name, f"Its label looks like {told.text}." if seen not in ("", name) else ""
    return sure


def _fields(
    page: Pixels,
    found: Sequence[Found],
    texts: Sequence[Prediction],
    labels: Mapping[int, tuple[str, str]],
    reader: Reader,
    number: int,
) -> Iterable[Field]:
    """Each of FIELDS on a page: its label, and the value that stands to the left of it."""
    said = [i for i, one in enumerate(found) if one.kind in FIELDS and values.bare(one.kind, texts[i].text)]
    owners = {i: _owner(found[i].box, {mark: found[mark].box for mark in labels}) for i in said}
    unit = float(np.median([height(found[i].box) for i in labels or said] or [0]))
    boxes = [found[i].box for i in labels], [found[i].box for i in said if not short(found[i].box)]
    for name in FIELDS:
        mark = max((i for i in labels if labels[i][0] == name), key=lambda i: found[i].confidence, default=None)
        label = None if mark is None else found[mark].box
        # the label tells what a value is of; only where it has none, or is not there, what a value looks like
        own = [i for i in said if mark is not None and owners[i] == mark] or [
            i
            for i in said
            if owners[i] is None and found[i].kind == name and (label is None or gap(found[i].box, label) < GAP * unit)
        ]
        # a piece of a label may look like a value, but makes no sense as one
        own = [i for i in own if not MEANING[name](values.bare(name, texts[i].text)).problem] or own
        own.sort(key=lambda i: -float(found[i].box[:, 0].max()))
        if label is not None and (dash := _dash(page, label, *boxes, reader)):
            (place, printed), own = dash, []
        elif not own:
            yield _empty(page, name, label, unit, reader, number)
            continue
        else:
            place, first = found[own[0]].box, texts[own[0]]
            if len(own) > 1:  # it may have come to pieces
                place = inked(page, reduce(joined, (found[i].box for i in own)), unit, boxes[0])
                [first] = reader.read([cut(page, place)])
            printed = _readings(page, name, place, label, first, reader)
        told = [replace(one, text=values.mended(name, one.text)) for one in printed]
        read, share = agreed([one for one in told if not MEANING[name](one.text).problem] or told)
        meant = MEANING[name](read.text)
        if own and (end := ending(place, first, read.text)) < 1:
            place = inked(page, shortened(place, end), unit, boxes[0])
        doubts = (
            meant.problem,
            "" if share >= AGREED else "It can be read in several ways.",
            "" if read.status == "ok" else "It is hard to read.",
            "" if any(one.text == read.text for one in printed) else "A word of it is guessed.",
            "There is no label before it." if mark is None else labels[mark][1],
            "There are several such values on the page." if len(own) > 1 else "",
        )
        problem = next(filter(None, doubts), "")
        status: Status = "doubtful" if problem else "ok"
        yield Field(name, meant, status, read.confidence, place, label, number, problem)


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
    right = max(box[2] for box in kept) - AROUND * height(place)
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
