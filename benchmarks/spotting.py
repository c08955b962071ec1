"""Words of whole pictures, found and read by ours and its peers, in one run.

    python -m benchmarks.spotting --data DIR/signs-test

DIR/signs-test is drawn by python -m training.data.signs. With --save the numbers go into the checkpoint's
evaluation.json as well.
"""

import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

import zoo
from benchmarks import peers
from training.data import options
from training.data.folder import ImageFolder
from training.measure import card, spotting
from training.measure.report import Row, median
from training.measure.spotting import Word
from zoo.hub.store import CHECKPOINTS
from zoo.images.quads import upright_box
from zoo.readers.page import read

NAME = "word-crnn"
MILLISECONDS = "ms a picture, median"
Spot = Callable[[Image.Image], list[Word]]


def ours() -> Spot:
    """Our own reader of words."""
    reader = zoo.load(NAME)
    return lambda picture: [(upright_box(word.box), word.text) for word in read(reader, picture).words]


def rapidocr() -> Spot:
    """RapidOCR as a whole; it tells each character's box, and spaces part them into words."""
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR()

    def read(picture: Image.Image) -> list[Word]:
        lines, _ = engine(np.asarray(picture)[..., ::-1], return_word_box=True)
        words = []
        for *_, boxes, characters, _ in lines or []:
            for space, run in groupby(zip(boxes, characters, strict=True), lambda pair: pair[1].isspace()):
                if not space:
                    corners, letters = zip(*run, strict=True)
                    words.append((upright_box(np.concatenate(corners)), "".join(letters)))
        return words

    return read


def tesseract() -> Spot:
    """Tesseract, told that text may stand anywhere in the picture."""
    table = peers.tesseract("eng", 11, "tsv")
    return lambda picture: [([*box], text) for _, text, box in peers.words(table(picture))]


READERS: dict[str, Callable[[], Spot]] = {NAME: ours, "RapidOCR": rapidocr, "Tesseract": tesseract}


def measure(path: Path, name: str, read: Spot, limit: int | None) -> list[Row]:
    """How well one of them finds and reads the words of the first `limit` pictures, and its time."""
    pictures, data = ImageFolder(path), path.stem
    seen, true, times = [], [], []
    for i in tqdm(range(len(pictures))[:limit], name):
        picture = pictures.image(i)
        start = time.perf_counter()
        seen.append(read(picture))
        times.append(1000 * (time.perf_counter() - start))
        true.append(spotting.true_words(pictures.row(i)))
    extra = {"model": name, "command": f"python -m benchmarks.spotting --data {data}"}
    return [*spotting.rates(data, seen, true, **extra), median(data, MILLISECONDS, times, **extra)]


def main() -> None:
    parser = options.parser("benchmarks.spotting", __doc__, "save")
    parser.add_argument("--data", type=Path, default=Path("data/signs-test"), help="an ImageFolder or a zip of one")
    parser.add_argument("--limit", type=int, help="read only the first so many pictures")
    args = parser.parse_args()
    rows = []
    for name, make in READERS.items():
        try:
            measured = measure(args.data, name, make(), args.limit)
        except ImportError as error:
            print(f"{name} is not installed ({error}); left out")
            continue
        print(f"{name:12}" + "  ".join(f"{row.measure} {row.value:.4g}" for row in measured))
        rows += measured
    if args.save:
        card.keep(CHECKPOINTS / NAME, rows)


if __name__ == "__main__":
    main()
