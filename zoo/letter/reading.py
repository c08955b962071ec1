"""Reads Persian letters: number, date, attachment, title and text.

Skewed pages are straightened by their lines. Each text is cropped and read, and values are paired with their labels.
Doubtful values are marked, with the reason.
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
from zoo.images.quads import Floats, crop, project, skew
from zoo.letter.fields import Label, Margins, Text, best, fields, labels
from zoo.letter.finder import FIELDS, LABELS, Finder, Region
from zoo.letter.result import Field, Letter
from zoo.loading import load, trained
from zoo.readers.page import Line, Page, line

if TYPE_CHECKING:
    from zoo.readers.base import Reader

FINDER, READER, CLASSIFIER = "persian-letter-detector", "persian-crnn", "persian-resnet34"
STRAIGHT = 0.3  # degrees: largest skew of a page that is read unchanged
LINE = Margins(0.02, 0.2)  # of the crop of a line, which has others close above and below
LINE_AGAIN = Margins(0.2, 0.3), Margins(-0.04, 0.2)  # of the further crops of an unclear line
CLEAR = 0.5  # confidence from which on a line is read only once


@dataclass(frozen=True)
class Networks:
    """The networks that read a letter: a finder of texts, a reader, a classifier of labels."""

    finder: Finder
    reader: Reader
    labels: Reader


@cache
def networks() -> Networks:
    """The networks of the zoo, loaded once.

    Raises:
        InputError: a network is neither stored here nor within reach.
    """
    finder = trained(FINDER)
    assert isinstance(finder, Finder)
    return Networks(finder, load(READER), load(CLASSIFIER))


def read(source: preprocess.Source, using: Networks | None = None) -> Letter:
    """Reads a letter; its fields are those of the first page that has any.

    Args:
        source: a picture, TIFF or PDF of one or more pages, as a path, bytes or a picture in memory.
        using: the networks; those of the zoo by default.

    Raises:
        InputError: the file cannot be read, or a network is out of reach.
    """
    using = using or networks()
    values: dict[str, Field] = {}
    read_pages = []
    for number, page in enumerate(pages(source)):
        pixels, texts = np.asarray(page), _texts(page, using)
        marks = labels(pixels, texts, using.labels)
        if all(one.status == "missing" for one in values.values()):
            values = {one.name: one for one in fields(pixels, texts, marks, using.reader, number)}
        read_pages.append(Page(_lines(texts, marks), page.size))
    return Letter(tuple(values[name] for name in FIELDS), tuple(read_pages))


def _texts(page: Image.Image, using: Networks) -> list[Text]:
    """The texts of a page, found on the straightened page; boxes in the pixels of the page itself."""
    regions = using.finder.find(page)
    turn = skew(region.box for region in regions)
    if abs(turn) > STRAIGHT:
        straight, back = straightened(page, turn)
        regions = [Region(one.kind, project(back, one.box), one.confidence) for one in using.finder.find(straight)]
    pixels = np.asarray(page)
    crops = [crop(pixels, one.box, *LINE if one.kind == "line" else ()) for one in regions]
    answers = using.reader.read([one.picture for one in crops])
    texts = [Text(*one) for one in zip(regions, crops, answers, strict=True)]
    unclear = [i for i, text in enumerate(texts) if text.kind == "line" and text.answer.confidence < CLEAR]
    others = [crop(pixels, texts[i].box, *margins) for i in unclear for margins in LINE_AGAIN]
    again = [*zip(others, using.reader.read([one.picture for one in others]), strict=True)]
    for number, i in enumerate(unclear):
        readings = [(texts[i].crop, texts[i].answer), *again[number * len(LINE_AGAIN) :][: len(LINE_AGAIN)]]
        chosen, _ = best([answer for _, answer in readings])
        texts[i] = next(Text(regions[i], cut, answer) for cut, answer in readings if answer is chosen)
    return texts


def _lines(texts: list[Text], marks: dict[int, Label]) -> tuple[Line, ...]:
    """The lines of a page in reading order, among them texts that only look like labels."""
    body = [
        text
        for i, text in enumerate(texts)
        if text.answer.text and (text.kind == "line" or (text.kind in LABELS and i not in marks))
    ]
    order = quads.rows([text.box for text in body], right_to_left=True)
    return tuple(line(body[i].answer, body[i].crop, body[i].box) for row in order for i in row)


def straightened(page: Image.Image, turn: float) -> tuple[Image.Image, Floats]:
    """Turns a page back by `turn` degrees about its middle; returns it and the homography (3, 3) to the page."""
    matrix = cv2.getRotationMatrix2D((page.width / 2, page.height / 2), turn, 1.0)
    fill = tuple(int(value) for value in preprocess.border(np.asarray(page)))
    pixels = cv2.warpAffine(np.asarray(page), matrix, page.size, flags=cv2.INTER_LINEAR, borderValue=fill)
    return Image.fromarray(pixels), np.vstack([cv2.invertAffineTransform(matrix), (0, 0, 1)])
