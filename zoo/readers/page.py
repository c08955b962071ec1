"""Reads whole pictures: finds the lines of a page or a sign and reads each word by word.

PP-OCR's detector finds the lines (Liao et al. 2020: real-time scene text detection with differentiable binarization).
The package rapidocr carries it with its weights.
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

FILLED = 0.4  # of a picture's height: least height of the line in a crop
ON_ITS_SIDE = 1.5  # least height / width of a line that stands on its side
SHORT = 608  # pixels: least shorter side of the detector's input; smaller pictures are enlarged
ENLARGED = 4  # times: largest enlargement; a word of 30 pixels is found as well, 20 times faster
GLANCE = 256  # pixels: largest shorter side of the picture that is tested for a single line
ALONE = threading.Lock()  # guards the detector's input size, which all threads share


@dataclass(frozen=True, eq=False)
class Word:
    """A word: its text, its calibrated probability, its corners in pixels of the page."""

    text: str
    confidence: float
    box: Quad


@dataclass(frozen=True, eq=False)
class Line:
    """A line of text.

    Attributes:
        text: its words, joined by single spaces.
        confidence: calibrated probability of the whole text.
        box: its corners in pixels of the page, clockwise from the text's upper left.
        words: in reading order.
        status: as in Prediction.
        picture: the upright crop; None unless kept.
        look: the network's outputs for the crop; None unless kept.
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
    """The text of a picture.

    Attributes:
        lines: in reading order.
        size: width and height of the picture, in pixels.
        answer: to the whole picture if it is a crop of a single line.
        look: the network's outputs for that; None unless kept.
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
        """The text of a crop, or of a page line by line in reading order."""
        if self.answer and self.lines:
            return self.answer.text
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Probability that every line is right."""
        if self.answer:
            return self.answer.confidence
        return float(np.prod([line.confidence for line in self.lines])) if self.lines else 0.0

    @property
    def status(self) -> Status:
        """As in Prediction; "unsure" if any line is."""
        if self.answer or not self.lines:
            return self.answer.status if self.answer else "empty"
        return "ok" if all(line.status == "ok" for line in self.lines) else "unsure"

    @property
    def label(self) -> str | None:
        """The class of a crop if its reader is a classifier."""
        return self.answer.label if self.answer else None

    @property
    def alternatives(self) -> tuple[tuple[str, float], ...]:
        """The best texts of a crop with their probabilities; empty for a page."""
        return self.answer.alternatives if self.answer else ()

    def rows(self) -> list[list[Any]]:
        """[corners, text, confidence] of each word: the form that other readers of pages return."""
        return [[word.box.astype(float).round(1).tolist(), word.text, word.confidence] for word in self.words]


def line(answer: Prediction, crop: Crop, box: Quad) -> Line:
    """The line of a page from the answer to its crop."""
    words = tuple(Word(text, share, crop.on_page(place)) for text, share, place in answer.words)
    text = " ".join(answer.text.split())
    return Line(text, answer.confidence, box, words or (Word(text, answer.confidence, box),), answer.status)


def read(reader: Reader, source: preprocess.Source, keep: bool = False) -> Page:
    """Reads a whole picture.

    It is read as one line if the reader cannot read pages or if a single line fills the picture.

    Args:
        reader: of any kind.
        source: the picture.
        keep: whether to keep crops and the network's outputs, from which answers are explained.

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
    crops = [(i, crop) for i, box in enumerate(boxes) for crop in upright_crops(rgb, box)]
    looks = reader.looks([crop.picture for _, crop in crops])
    lines: dict[int, Line] = {}
    for (i, crop), look in zip(crops, looks, strict=True):
        answer = reader.answer(look)
        if answer.status != "empty" and (i not in lines or answer.confidence > lines[i].confidence):
            one = line(answer, crop, boxes[i])
            lines[i] = replace(one, picture=crop.picture, look=look) if keep else one
    return Page(tuple(lines.values()), rgb.size)


def is_crop(rgb: Image.Image) -> bool:
    """Whether a picture is a crop of one line, by its thumbnail: ten times faster than to find all lines of a photo."""
    scale = min(GLANCE / min(rgb.size), 1.0)
    small = rgb.resize([max(round(side * scale), preprocess.MIN_SIDE) for side in rgb.size], reducing_gap=2.0)
    boxes = detect(small, min(small.size))
    return fills(boxes, small.height)


def fills(boxes: list[Quad], height: int) -> bool:
    """Whether boxes are one row of text that fills a picture of `height` pixels."""
    return len(quads.rows(boxes)) == 1 and max(float(np.ptp(box[:, 1])) for box in boxes) > FILLED * height


def upright_crops(rgb: Image.Image, box: Quad) -> list[Crop]:
    """Upright crops of a line: one, or two if it stands on its side, where it may run down or up."""
    sides = np.linalg.norm(box - np.roll(box, -1, 0), axis=1)
    on_its_side = sides[1::2].mean() >= ON_ITS_SIDE * sides[::2].mean()
    turns = [np.roll(box, -1, 0), np.roll(box, 1, 0)] if on_its_side else [box]
    return [quads.crop(rgb, turn, 0.0, cubic=True) for turn in turns]


def find(picture: preprocess.Source) -> list[Quad]:
    """The boxes of the lines in a picture, in reading order.

    Raises:
        InputError: the picture cannot be read.
    """
    rgb = preprocess.load(picture).rgb
    boxes = detect(rgb, min(SHORT, ENLARGED * min(rgb.size)))
    return [boxes[i] for row in quads.rows(boxes) for i in row]


def detect(rgb: Image.Image, short: int) -> list[Quad]:
    """The boxes of the lines, in any order; `short` is the least shorter side of the detector's input in pixels."""
    engine = _detector()
    with ALONE:
        engine.text_det.limit_side_len = short
        boxes = engine(np.asarray(rgb)[..., ::-1], use_det=True, use_cls=False, use_rec=False).boxes
    return [] if boxes is None else [np.asarray(box, np.float32) for box in boxes]


@cache
def _detector() -> Any:
    from rapidocr import RapidOCR  # slow to import

    threads = cores.available()
    engine: Any = RapidOCR(
        params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    )
    engine._load_det_model()  # now, not with the first picture
    return engine
