"""Whole pictures: the lines of a page or a sign are found, and each is read and parted into words.

Lines are found by PP-OCR's detector (Liao et al. 2020: real-time scene text detection with differentiable
binarization), as the package rapidocr brings it along, weights included.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo import cores
from zoo.images import preprocess
from zoo.readers.base import Look
from zoo.readers.crnn import CRNNReader
from zoo.readers.prediction import Prediction, Status

Floats = npt.NDArray[np.float64]
Quad = npt.NDArray[np.float32]  # (4, 2): corners x, y, from the upper left one of the text on, clockwise
CROPPED = 0.4  # of a picture's height that a line fills at least where the picture was cropped to it
UPRIGHT = 1.5  # how much higher than wide a line is that stands on its side
SHORT = 736  # pixels to which the detector enlarges a picture's shorter side, if that is less
ENLARGED = 4  # times at most: a word of 30 pixels is found as well so, and in a twentieth of the time
ALONE = threading.Lock()  # else one thread would change how far another's picture is enlarged


@dataclass(frozen=True)
class Word:
    """A word in a picture: its corners in the picture's pixels as a Quad's, its text, its calibrated probability."""

    box: tuple[tuple[float, float], ...]
    text: str
    confidence: float


@dataclass(frozen=True)
class Spotted:
    """What a picture says.

    Attributes:
        lines: the words of each line, in reading order.
        status: as a Prediction's: "unsure" where one of the words is.
        pictures: of each line, alone and upright.
        looks: what the network made of each.
        crop: the answer to the picture as a whole, where it is a crop of a single line.
    """

    lines: tuple[tuple[Word, ...], ...]
    status: Status
    pictures: tuple[Image.Image, ...] = ()
    looks: tuple[Look, ...] = ()
    crop: Prediction | None = None

    @property
    def words(self) -> list[Word]:
        return [word for line in self.lines for word in line]

    @property
    def text(self) -> str:
        """Plain text in reading order, a line of the picture to a line."""
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)

    @property
    def confidence(self) -> float:
        """The probability that every word is right, each for itself."""
        return _sure(self.words)

    def rows(self) -> list[list[Any]]:
        """The form that other readers of pages have: [[corners], text, confidence] of each word."""
        return [[[list(corner) for corner in word.box], word.text, word.confidence] for word in self.words]


def _sure(words: Sequence[Word]) -> float:
    """The probability that every word is right, each for itself; 0 of none."""
    return float(np.prod([word.confidence for word in words])) if words else 0.0


@cache
def _detector() -> Any:
    from rapidocr import RapidOCR  # takes long to import

    threads = cores.available()
    engine: Any = RapidOCR(
        params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    )
    engine._load_det_model()  # else it would come with the first picture
    return engine


def find(picture: preprocess.Source) -> list[Quad]:
    """The lines of text in a picture, in reading order.

    Raises:
        InputError: the picture cannot be read.
    """
    rgb = preprocess.load(picture).rgb
    engine = _detector()
    with ALONE:
        engine.text_det.limit_side_len = min(SHORT, ENLARGED * min(rgb.size))
        found = engine(np.asarray(rgb)[..., ::-1], use_det=True, use_cls=False, use_rec=False).boxes
    quads = [] if found is None else [np.asarray(quad, np.float32) for quad in found]
    return [quads[i] for row in rows(quads) for i in row]


def rows(quads: list[Quad]) -> list[list[int]]:
    """The lines of each row, from left to right, the upper rows first.

    A line belongs to a row if its middle lies between top and bottom of the row's first line.
    """
    found: list[list[int]] = []
    for i in sorted(range(len(quads)), key=lambda i: float(quads[i][:, 1].mean())):
        first = quads[found[-1][0]][:, 1] if found else np.zeros(1)
        if first.min() < quads[i][:, 1].mean() < first.max():
            found[-1].append(i)
        else:
            found.append([i])
    return [sorted(row, key=lambda i: float(quads[i][:, 0].mean())) for row in found]


def rectified(rgb: Image.Image, quad: Quad) -> list[tuple[Image.Image, Floats]]:
    """The picture of a line alone, upright, and the homography (3, 3) from its pixels to those of the picture.

    Of a line that stands on its side there are two, for it may run down, as on a book's back, or up.
    """
    sides = np.linalg.norm(quad - np.roll(quad, -1, 0), axis=1)
    width, height = (max(round(float(sides[i::2].mean())), preprocess.MIN_SIDE) for i in (0, 1))
    quads = [quad]
    if height >= UPRIGHT * width:
        quads, width, height = [np.roll(quad, -1, 0), np.roll(quad, 1, 0)], height, width
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    ways = [preprocess.homography(corners, each) for each in quads]
    turn = partial(rgb.transform, (width, height), Image.Transform.PERSPECTIVE, resample=Image.Resampling.BICUBIC)
    return [(turn(way.ravel()[:8].tolist()), way) for way in ways]


def spot(reader: CRNNReader, source: preprocess.Source) -> Spotted:
    """Finds and reads the words of a picture.

    A picture that no more than one row of text is found in, which fills it, is a crop of a line and read as a whole.

    Raises:
        InputError: the picture cannot be read.
    """
    rgb = preprocess.load(source).rgb
    found = find(rgb)
    tall = max((np.ptp(quad[:, 1]) for quad in found), default=rgb.height)
    if len(rows(found)) < 2 and tall > CROPPED * rgb.height:
        look = reader.look(rgb)
        crop = reader.answer(look)
        line = _words(reader, look, crop, np.eye(3)) if crop.status != "empty" else ()
        return Spotted((line,) if line else (), crop.status, (rgb,), (look,), crop)
    lines, pictures, looks = [], [], []
    for quad in found:
        read = []
        for picture, way in rectified(rgb, quad):
            look = reader.look(picture)
            read.append((_words(reader, look, reader.answer(look), way), picture, look))
        words, picture, look = max(read, key=lambda one: _sure(one[0]))
        if words:
            lines.append(words)
            pictures.append(picture)
            looks.append(look)
    sure = all(word.confidence >= reader.settings.threshold for line in lines for word in line)
    return Spotted(tuple(lines), ("ok" if sure else "unsure") if lines else "empty", tuple(pictures), tuple(looks))


def _words(reader: CRNNReader, look: Look, answer: Prediction, way: Floats) -> tuple[Word, ...]:
    """The words of a line that `rectified` gives."""
    found = []
    for text, share, (left, top, right, bottom) in reader.words(look, answer):
        corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ way.T
        at = (corners[:, :2] / corners[:, 2:]).round(1).tolist()
        found.append(Word(tuple((x, y) for x, y in at), text, share))
    return tuple(found)
