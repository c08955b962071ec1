"""Words of whole pictures, found and read by ours and its peers, in one run.

    python -m benchmarks.spotting --data DIR/signs-test

DIR/signs-test is drawn by python -m training.data.signs. With --save the numbers go into the checkpoint's
evaluation.json as well.
"""

import argparse
import csv
import io
import shutil
import subprocess
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

import zoo
from training.data.folder import ImageFolder
from training.measure import card, spotting
from training.measure.metrics import bootstrap
from training.measure.report import Row
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
    if not shutil.which("tesseract"):
        raise ImportError("tesseract")

    def read(picture: Image.Image) -> list[Word]:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        command = ["tesseract", "-", "-", "-l", "eng", "--psm", "11", "tsv"]
        return told(subprocess.run(command, input=buffer.getvalue(), capture_output=True, check=True).stdout.decode())

    return read


def told(table: str) -> list[Word]:
    """The words of Tesseract's table; its rows of pages, blocks and lines have no text."""
    words = []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if text := (row["text"] or "").strip():
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            words.append(([left, top, left + width, top + height], text))
    return words


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
    took = Row(data, MILLISECONDS, float(np.median(times)), len(times), bootstrap(times, np.median), **extra)
    return [*spotting.rates(data, seen, true, **extra), took]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spotting", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data/signs-test"), help="an ImageFolder or a zip of one")
    parser.add_argument("--limit", type=int, help="read only the first so many pictures")
    parser.add_argument("--save", action="store_true", help="keep the numbers in the checkpoint's evaluation.json")
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
