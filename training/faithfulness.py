"""Whether heat maps mean something: three measures over correctly read captchas.

The map must change with the weights (Adebayo et al. 2018); covering what it calls hot must hurt the true text more than
covering as much, of the same shape, elsewhere in the text (after Samek et al. 2017); and the attention of a character
must peak on that character.
"""

import copy

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from training.data.folder import ImageFolder
from training.report import Row, share
from zoo.classifier import Classifier
from zoo.explain import Map
from zoo.metrics import bootstrap, plain
from zoo.prediction import Prediction
from zoo.reader import Reader
from zoo.runtime import TorchRuntime, softmax
from zoo.text import CharTokenizer

IMAGES = 200
SHIFTS = 8  # places elsewhere that the hottest tenth's shape is moved to


def measure(
    reader: Reader, data: str, pictures: ImageFolder, found: list[tuple[Prediction, str]], count: int = IMAGES
) -> list[Row]:
    """The measures over the first `count` pictures that were read right, as rows on the set `data`."""
    right = [i for i, (p, text) in enumerate(found) if plain(p.text) == plain(text)][:count]
    shuffled = randomised(reader)
    correlations, covered, peaks = [], [], []
    for i in tqdm(right, "maps"):
        picture, row = pictures.image(i), pictures.row(i)
        boxes = np.array(row["boxes"].split(), np.float32).reshape(-1, 4)
        explanation = reader.explain(picture)
        if len(explanation.labels) == len(boxes) and not isinstance(reader, Classifier):
            peaks += [inside(heat, box) for heat, box in zip(explanation.maps, boxes, strict=True)]
        heat = explanation.maps.mean(0)
        correlations.append(correlation(heat, whole(shuffled, picture)))
        covered.append(hurts_more(reader, picture, heat, boxes, found[i][0].text))
    sameness = "correlation of the map with that of randomised weights"
    rows = [
        Row(data, sameness, float(np.mean(correlations)), len(right), bootstrap(correlations, np.mean)),
        share(data, "covering the hottest tenth hurts more than elsewhere", covered),
    ]
    if peaks:
        rows.append(share(data, "attention peaks in its character's box", peaks))
    return rows


def randomised(reader: Reader) -> Reader:
    """The same reader with weights drawn anew."""
    torch.manual_seed(0)
    other = copy.copy(reader)
    other.network = reader.build(reader.config).eval()
    other._run = TorchRuntime(other.graphs(other.network), "cpu")
    return other


def whole(reader: Reader, picture: Image.Image) -> Map:
    """One map of all that the reader looked at, (H, W); zeros if it read nothing."""
    maps = reader.explain(picture).maps
    return maps.mean(0) if len(maps) else np.zeros(picture.size[::-1], np.float32)


def correlation(a: Map, b: Map) -> float:
    """Pearson's, 0 where a map is flat."""
    if not np.ptp(a) or not np.ptp(b):
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def inside(heat: Map, box: np.ndarray) -> bool:
    """Whether the hottest pixel lies in the box (left, top, right, bottom)."""
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    return bool(box[0] <= x + 0.5 <= box[2] and box[1] <= y + 0.5 <= box[3])


def hurts_more(reader: Reader, picture: Image.Image, heat: Map, boxes: np.ndarray, text: str) -> bool:
    """Whether covering the hottest tenth of the text's box lowers the text's probability more than elsewhere.

    Elsewhere is the same shape moved sideways within the box, the mean of several places.
    """
    pixels = np.asarray(picture)
    left, top = np.maximum(np.floor(boxes[:, :2].min(0)), 0).astype(int)
    right, bottom = np.ceil(boxes[:, 2:].max(0)).astype(int)
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
    scores = log_probabilities(reader, [covered(hot), *map(covered, elsewhere)], text)
    return bool(scores[0] < scores[1:].mean())


def log_probabilities(reader: Reader, pictures: list[Image.Image], text: str) -> np.ndarray:
    """Log-probability of a text in each picture, whatever the reader would answer, (n,)."""
    inputs = np.concatenate([reader.prepare(picture)[0] for picture in pictures])
    if isinstance(reader, Classifier):
        return np.log(softmax(reader.logits(inputs))[:, reader.labels.index(text)])
    tokens = np.insert(
        CharTokenizer(reader.config["alphabet"]).batch([text] * len(pictures)), 0, CharTokenizer.bos, axis=1
    )
    with torch.inference_mode():
        logits, _ = reader.network(torch.from_numpy(inputs), torch.from_numpy(tokens[:, :-1]))
    steps = logits.log_softmax(-1).gather(-1, torch.from_numpy(tokens[:, 1:, None]))
    return np.asarray(steps.sum((1, 2)))
