"""Whole pictures: the lines of a page or a sign are found, and each is read word by word.

Lines are found by PP-OCR's detector (Liao et al. 2020: real-time scene text detection with differentiable
binarization), which the package rapidocr brings along, weights included.
"""

import threading
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from zoo import cores
from zoo.images import preprocess, quads
from zoo.images.quads import Crop, Quad
from zoo.readers.base import Look, Reader
from zoo.readers.prediction import Prediction, Status

FILLED = 0.4  # of a picture's height that a line fills at least where the picture is a crop of it
ON_ITS_SIDE = 1.5  # times as high as wide a line is at least that stands on its side
SHORT = 608  # pixels to which the detector enlarges a picture's shorter side, if that is less
ENLARGED = 4  # times at most: a word of 30 pixels is found as well so, and in a twentieth of the time
GLANCE = 256  # pixels of a picture's shorter side at most that tell whether it is a crop of one line
ALONE = threading.Lock()  # else one thread would change how far another's picture is enlarged


@dataclass(frozen=True, eq=False)
class Word:
    """A word: its text, its calibrated probability, its corners in the page's pixels."""

    text: str
    confidence: float
    box: Quad


@dataclass(frozen=True, eq=False)
class Line:
    """A line of text.

    Attributes:
        text: its words, single spaces between them.
        confidence: calibrated probability of the whole text.
        box: its corners in the page's pixels, clockwise from the upper left one of the text.
        words: in reading order.
        status: as a Prediction's.
        picture: the line alone, upright; None unless it was asked for.
        look: what the network made of that; None unless it was asked for.
    """

    text: str
    confidence: float
    box: Quad
    words: tuple[Word, ...] = ()
    status: Status = "ok"
    picture: Image.Image | None = None
    look: Look | None = None


@dataclass(frozen=True, eq=False)
class Page:
    """What a picture says.

    Attributes:
        lines: in reading order.
        size: width and height of the picture, in pixels.
        answer: to the picture as a whole, where it is a crop of a single line.
        look: what the network made of that; None unless it was asked for.
    """

    lines: tuple[Line, ...]
    size: tuple[int, int]
    answer: Prediction | None = None
    look: Look | None = None

    @property
    def words(self) -> list[Word]:
        return [word for line in self.lines for word in line.words]

    @property
    def text(self) -> str:
        """The answer to a crop; of a page plain text in reading order, a row for each line."""
        if self.answer and self.lines:
            return self.answer.text
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """The probability that every line is right."""
        if self.answer:
            return self.answer.confidence
        return float(np.prod([line.confidence for line in self.lines])) if self.lines else 0.0

    @property
    def status(self) -> Status:
        """As a Prediction's: "unsure" where one of the lines is."""
        if self.answer or not self.lines:
            return self.answer.status if self.answer else "empty"
        return "ok" if all(line.status == "ok" for line in self.lines) else "unsure"

    @property
    def label(self) -> str | None:
        """The class of a crop, where its reader is a classifier."""
        return self.answer.label if self.answer else None

    @property
    def alternatives(self) -> tuple[tuple[str, float], ...]:
        """The best texts of a crop with their probabilities; of a page none."""
        return self.answer.alternatives if self.answer else ()

    def rows(self) -> list[list[Any]]:
        """The words in the form of other readers of pages: [[corners], text, confidence] of each."""
        return [[word.box.astype(float).round(1).tolist(), word.text, word.confidence] for word in self.words]


def line(answer: Prediction, crop: Crop, box: Quad) -> Line:
    """The line of a page that was read in a crop."""
    words = tuple(Word(text, share, crop.on_page(place)) for text, share, place in answer.words)
    text = " ".join(answer.text.split())
    return Line(text, answer.confidence, box, words or (Word(text, answer.confidence, box),), answer.status)


def read(reader: Reader, source: preprocess.Source, keep: bool = False) -> Page:
    """Reads a whole picture.

    It is read as a crop of one line where the reader knows nothing else, and where a single row of text fills it.

    Args:
        reader: of any kind.
        source: the picture.
        keep: whether the result keeps what the network made of each line, to be explained.

    Raises:
        InputError: the picture cannot be read.
    """
    rgb = preprocess.load(source).rgb
    boxes = [] if not reader.reads_pages or is_crop(rgb) else find(rgb)
    if not boxes or fills(boxes, rgb.height):
        look = reader.look(rgb)
        answer = reader.answer(look)
        whole = line(answer, Crop(rgb, np.eye(3)), quads.rectangle(rgb.size))
        return Page((whole,) if answer.status != "empty" else (), rgb.size, answer, look if keep else None)
    crops = [(i, crop) for i, box in enumerate(boxes) for crop in upright(rgb, box)]
    looks = reader.looks([crop.picture for _, crop in crops])
    lines: dict[int, Line] = {}
    for (i, crop), look in zip(crops, looks, strict=True):
        answer = reader.answer(look)
        if answer.status != "empty" and (i not in lines or answer.confidence > lines[i].confidence):
            one = line(answer, crop, boxes[i])
            lines[i] = replace(one, picture=crop.picture, look=look) if keep else one
    return Page(tuple(lines.values()), rgb.size)


def is_crop(rgb: Image.Image) -> bool:
    """Whether a picture is a crop of one line, at a glance: ten times faster than to find all lines of a photo."""
    scale = min(GLANCE / min(rgb.size), 1.0)
    small = rgb.resize([max(round(side * scale), preprocess.MIN_SIDE) for side in rgb.size], reducing_gap=2.0)
    boxes = detect(small, min(small.size))
    return bool(boxes) and fills(boxes, small.height)


def fills(boxes: list[Quad], height: int) -> bool:
    """Whether boxes in a picture so many pixels high are one row of text that fills it."""
    return len(quads.rows(boxes)) == 1 and max(float(np.ptp(box[:, 1])) for box in boxes) > FILLED * height


def upright(rgb: Image.Image, box: Quad) -> list[Crop]:
    """A line cut out upright: two crops of one that stands on its side, since it may run down or up."""
    sides = np.linalg.norm(box - np.roll(box, -1, 0), axis=1)
    on_its_side = sides[1::2].mean() >= ON_ITS_SIDE * sides[::2].mean()
    ways = [np.roll(box, -1, 0), np.roll(box, 1, 0)] if on_its_side else [box]
    return [quads.crop(rgb, way, 0.0, cubic=True) for way in ways]


def find(picture: preprocess.Source) -> list[Quad]:
    """The boxes of the lines of text in a picture, in reading order.

    Raises:
        InputError: the picture cannot be read.
    """
    rgb = preprocess.load(picture).rgb
    boxes = detect(rgb, min(SHORT, ENLARGED * min(rgb.size)))
    return [boxes[i] for row in quads.rows(boxes) for i in row]


def detect(rgb: Image.Image, short: int) -> list[Quad]:
    """The boxes of the lines in a picture that is enlarged until its shorter side has so many pixels, in any order."""
    engine = _detector()
    with ALONE:
        engine.text_det.limit_side_len = short
        boxes = engine(np.asarray(rgb)[..., ::-1], use_det=True, use_cls=False, use_rec=False).boxes
    return [] if boxes is None else [np.asarray(box, np.float32) for box in boxes]


@cache
def _detector() -> Any:
    from rapidocr import RapidOCR  # takes long to import

    threads = cores.available()
    engine: Any = RapidOCR(
        params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    )
    engine._load_det_model()  # else it would come with the first picture
    return engine
