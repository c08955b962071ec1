"""A Persian letter from its file to what it says: its number, date and attachment, its title, its text.

A page is turned upright by the lines that are found on it, each text is cut out and read, the values are paired with
their labels. What is doubtful is marked, with the reason, and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from zoo.images import preprocess, quads
from zoo.images.documents import pages
from zoo.images.quads import Floats, crop, skew, through
from zoo.letter.fields import Label, Text, agreed, fields, labels
from zoo.letter.finder import FIELDS, LABELS, Finder, Region
from zoo.letter.result import Field, Letter
from zoo.loading import load, trained
from zoo.readers.page import Line, Page, line

if TYPE_CHECKING:
    from zoo.readers.base import Reader

FINDER, READER, CLASSIFIER = "persian-letter-detector", "persian-crnn", "persian-resnet34"
STRAIGHT = 0.3  # degrees: a page that is less askew is read as it is
# margins above and below a line, and at its ends, in heights of it: others are close above and below
LINE = 0.02, 0.2
LINE_AGAIN = (0.2, 0.3), (-0.04, 0.2)  # of a line that is read once more
CLEAR = 0.5  # confidence of a line, from which on it is read once only


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
    values: dict[str, Field] = {}
    read_pages = []
    for number, page in enumerate(pages(source)):
        pixels, texts = np.asarray(page), _texts(page, using)
        marks = labels(pixels, texts, using.labels)
        own = {one.name: one for one in fields(pixels, texts, marks, using.reader, number)}
        if not any(one.status != "missing" for one in values.values()):
            values = own
        read_pages.append(Page(_lines(texts, marks), page.size))
    return Letter(tuple(values[name] for name in FIELDS), tuple(read_pages))


def _texts(page: Image.Image, using: Networks) -> list[Text]:
    """The texts of a page, found where it is straight, in its own pixels."""
    regions = using.finder.find(page)
    turn = skew(region.box for region in regions)
    if abs(turn) > STRAIGHT:
        straight, back = straightened(page, turn)
        regions = [Region(one.kind, through(back, one.box), one.confidence) for one in using.finder.find(straight)]
    pixels = np.asarray(page)
    crops = [crop(pixels, one.box, *LINE if one.kind == "line" else ()) for one in regions]
    answers = using.reader.read([one.picture for one in crops])
    texts = [Text(*one) for one in zip(regions, crops, answers, strict=True)]
    unclear = [i for i, text in enumerate(texts) if text.kind == "line" and text.answer.confidence < CLEAR]
    others = [crop(pixels, texts[i].box, *margins) for i in unclear for margins in LINE_AGAIN]
    again = [*zip(others, using.reader.read([one.picture for one in others]), strict=True)]
    for number, i in enumerate(unclear):
        readings = [(texts[i].crop, texts[i].answer), *again[number * len(LINE_AGAIN) :][: len(LINE_AGAIN)]]
        best, _ = agreed([answer for _, answer in readings])
        texts[i] = next(Text(regions[i], cut, answer) for cut, answer in readings if answer is best)
    return texts


def _lines(texts: list[Text], marks: dict[int, Label]) -> tuple[Line, ...]:
    """The lines of a page in reading order; what looks like a label and is none is one of them."""
    body = [
        text
        for i, text in enumerate(texts)
        if text.answer.text and (text.kind == "line" or (text.kind in LABELS and i not in marks))
    ]
    order = quads.rows([text.box for text in body], right_to_left=True)
    return tuple(line(body[i].answer, body[i].crop, body[i].box) for row in order for i in row)


def straightened(page: Image.Image, turn: float) -> tuple[Image.Image, Floats]:
    """The page turned back by so many degrees about its middle, and the homography (3, 3) from it to the page."""
    matrix = cv2.getRotationMatrix2D((page.width / 2, page.height / 2), turn, 1.0)
    fill = tuple(int(value) for value in preprocess.border(np.asarray(page)))
    pixels = cv2.warpAffine(np.asarray(page), matrix, page.size, flags=cv2.INTER_LINEAR, borderValue=fill)
    return Image.fromarray(pixels), np.vstack([cv2.invertAffineTransform(matrix), (0, 0, 1)])
