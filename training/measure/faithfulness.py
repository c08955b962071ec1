"""Whether heat maps mean something: three measures over correctly read captchas.

The map must change with the weights (Adebayo et al. 2018); covering what it calls hot must hurt the true text more than
covering as much, of the same shape, elsewhere in the text (after Samek et al. 2017); and the attention of a character
must peak on that character.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from training.data.folder import ImageFolder
from training.learn.dataset import Captchas
from training.measure.metrics import bootstrap
from training.measure.report import Row, share
from training.measure.truth import expected, right
from zoo.decoding import ctc
from zoo.decoding.probabilities import softmax
from zoo.readers.base import Reader
from zoo.readers.classifier import Classifier
from zoo.readers.crnn import CRNNReader
from zoo.readers.explain import Map
from zoo.readers.prediction import Prediction
from zoo.runtime.torch import TorchRuntime
from zoo.text.alphabets import CharTokenizer

IMAGES = 200
SHIFTS = 8  # places elsewhere that the hottest tenth's shape is moved to


@dataclass(frozen=True)
class Case:
    """A picture that was read right: its letters' drawn boxes (n, 4) in pixels, and the reader's text."""

    picture: Image.Image
    boxes: np.ndarray
    text: str


def read_right(
    reader: Reader,
    pictures: ImageFolder | Captchas,
    indices: Iterable[int],
    found: Iterable[Prediction],
    count: int = IMAGES,
) -> list[Case]:
    """The first `count` of the pictures that were read right and whose letters' boxes are known."""
    cases = []
    for index, prediction in zip(indices, found, strict=True):
        row = pictures.row(index)
        if right(prediction, expected(reader, row)) and row.get("boxes") and len(cases) < count:
            boxes = np.array(row["boxes"].split(), np.float32).reshape(-1, 4)
            cases.append(Case(pictures.image(index), boxes, prediction.text))
    return cases


def measure(reader: Reader, data: str, cases: Sequence[Case]) -> list[Row]:
    """The measures over pictures of the set `data`, as rows."""
    shuffled = randomised(reader)
    correlations, covered, peaks = [], [], []
    for case in tqdm(cases, "maps"):
        explanation = reader.explain(case.picture)
        whole, *letters = explanation.maps
        if letters and len(letters) == len(case.boxes):
            peaks += [inside(heat, box) for heat, box in zip(letters, case.boxes, strict=True)]
        correlations.append(correlation(whole, shuffled.explain(case.picture).maps[0]))
        covered.append(hurts_more(reader, case, whole))
    sameness = "correlation of the map with that of randomised weights"
    rows = [
        Row(data, sameness, float(np.mean(correlations)), len(cases), bootstrap(correlations, np.mean)),
        share(data, "covering the hottest tenth hurts more than elsewhere", covered),
    ]
    if peaks:
        rows.append(share(data, "attention peaks in its character's box", peaks))
    return rows


def best_layer(reader: Reader, layers: Sequence[str], cases: Sequence[Case]) -> str:
    """The layer whose activation map most often marks what matters; the first of `layers` where there is no case."""

    def share_of(layer: str) -> float:
        reader.config["glyphzoo"]["explained_layer"] = layer
        title = f"maps of {layer}"
        return sum(hurts_more(reader, case, reader.explain(case.picture).maps[0]) for case in tqdm(cases, title))

    return max(layers, key=share_of)


def randomised(reader: Reader) -> Reader:
    """The same reader with weights drawn anew."""
    torch.manual_seed(0)
    other = copy.copy(reader)
    other.network = reader.build(reader.config).eval()
    other._run = TorchRuntime(other.graphs(other.network), "cpu")
    return other


def correlation(a: Map, b: Map) -> float:
    """Pearson's, 0 where a map is flat."""
    if not np.ptp(a) or not np.ptp(b):
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def inside(heat: Map, box: np.ndarray) -> bool:
    """Whether the middle of the hottest pixels lies in the box (left, top, right, bottom).

    A map of frames is equally hot from its top to its bottom.
    """
    y, x = np.argwhere(heat == heat.max()).mean(0)
    return bool(box[0] <= x + 0.5 <= box[2] and box[1] <= y + 0.5 <= box[3])


def hurts_more(reader: Reader, case: Case, heat: Map) -> bool:
    """Whether covering the hottest tenth of the text's box lowers the text's probability more than covering elsewhere.

    For comparison the same shape is moved sideways within the box; log-probabilities are averaged over several moves.
    """
    pixels = np.asarray(case.picture)
    left, top = np.maximum(np.floor(case.boxes[:, :2].min(0)), 0).astype(int)
    right, bottom = np.ceil(case.boxes[:, 2:].max(0)).astype(int)
    cut = heat[top:bottom, left:right]
    hot = cut >= np.quantile(cut, 0.9)
    cover = np.median(pixels.reshape(-1, 3), axis=0)

    def covered(mask: np.ndarray) -> Image.Image:
        out = pixels.copy()
        out[top:bottom, left:right][mask] = cover
        return Image.fromarray(out)

    moves = np.linspace(0, hot.shape[1], SHIFTS + 1, endpoint=False)[1:].astype(int)
    elsewhere = [moved for move in moves if (moved := np.roll(hot, move, 1) & ~hot).sum() >= 0.7 * hot.sum()]
    if not elsewhere:
        return False
    scores = log_probabilities(reader, case, [covered(hot), *map(covered, elsewhere)])
    return bool(scores[0] < scores[1:].mean())


def log_probabilities(reader: Reader, case: Case, covered: Sequence[Image.Image]) -> np.ndarray:
    """Log-probability of the case's text in covered copies of its picture, whatever the reader would answer, (n,)."""
    inputs = np.concatenate([reader.prepare(picture, case.picture)[0] for picture in covered])
    if isinstance(reader, Classifier):
        return np.log(softmax(reader.logits(inputs))[:, reader.texts.index(case.text)])
    if isinstance(reader, CRNNReader):
        text, look = reader.encode(case.text), reader.look_at(inputs, [])
        return np.array([ctc.log_probabilities(frames, [text])[0] for frames in reader.frames(look)])
    tokens = CharTokenizer(reader.config["alphabet"]).batch([case.text] * len(covered))
    tokens = np.insert(tokens, 0, CharTokenizer.bos, axis=1)
    with torch.inference_mode():
        logits, _ = reader.network(torch.from_numpy(inputs), torch.from_numpy(tokens[:, :-1]))
    steps = logits.log_softmax(-1).gather(-1, torch.from_numpy(tokens[:, 1:, None]))
    return np.asarray(steps.sum((1, 2)))
