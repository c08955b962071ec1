"""Letters read by ours and by Tesseract, in one run.

    python -m benchmarks.letters --data data/letters-test data/letters-test-phone

Both sets are drawn by python -m training.data.letters tests. Tesseract's words are paired by the same rules: a label is
what is spelled like one, a letter wrong or not, its value what stands to the left of it. It takes many seconds for a
page: --peer-limit lets it read the first so many only; how well ours reads the same ones is then printed too.
With --save the numbers go into the evaluation.json of the network that finds the fields.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks import peers
from training.data import options
from training.data.folder import ImageFolder
from training.measure import card, lettering
from training.measure.report import Row, median
from zoo import letter
from zoo.hub.store import CHECKPOINTS
from zoo.images.quads import Quad
from zoo.letter.finder import FIELDS
from zoo.letter.reading import FINDER
from zoo.letter.result import MEANING, Field, Letter
from zoo.letter.values import Value, label
from zoo.readers.page import Line, Page

SETS = [Path("data/letters-test"), Path("data/letters-test-phone")]
SECONDS = "seconds a page, median"
USUAL = "seconds a page of 200 dpi, median"
A4 = 297 / 25.4 * 200  # pixels of such a page's longer side
GAP = 3.0  # times a word's height: what is farther away is no part of a value
Word = tuple[str, peers.Box, float]  # text, box, probability
Read = Callable[[Image.Image], Letter]


def tesseract() -> Read:
    """Tesseract with `fas`, told that it sees a page."""
    table = peers.tesseract("fas", 3, "tsv")
    return lambda picture: paired(table(picture))


def lines_of(table: str) -> Iterator[list[Word]]:
    """The lines of Tesseract's table, each of its words from the right."""
    key = itemgetter("page_num", "block_num", "par_num", "line_num")
    for _, line in groupby(peers.words(table), lambda word: key(word[0])):
        words = [(text, box, float(row["conf"]) / 100) for row, text, box in line]
        yield sorted(words, key=lambda word: -word[1][2])


def paired(table: str) -> Letter:
    """The letter that Tesseract's table tells of."""
    fields = {name: Field(name, Value("", ""), "missing") for name in FIELDS}
    lines = []
    for words in lines_of(table):
        marks = [i for i, (text, _, _) in enumerate(words) if label(text)]
        if not marks:
            lines.append(Line(" ".join(text for text, _, _ in words), words[0][2], corners(words)))
        for first, end in itertools.pairwise([*marks, len(words)]):
            name = label(words[first][0])
            if fields[name].status == "missing":
                fields[name] = valued(name, words[first:end])
    return Letter(tuple(fields.values()), (Page(tuple(lines), (0, 0)),))


def valued(name: str, words: list[Word]) -> Field:
    """The field of a label and what follows it on its line, from the right, up to a gap."""
    count = 1
    for (_, before, _), (_, own, _) in itertools.pairwise(words):
        if before[0] - own[2] > GAP * (before[3] - before[1]):
            break
        count += 1
    value = words[1:count]
    text = " ".join(text for text, _, _ in value).strip(" :.…")
    box = corners(value) if text else None
    return Field(name, MEANING[name](text), "ok" if text else "empty", box=box)


def corners(words: list[Word]) -> Quad:
    """The upright box around some words, as corners."""
    boxes = np.array([box for _, box, _ in words], np.float32)
    (left, top), (right, bottom) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


READERS: dict[str, Callable[[], Read]] = {FINDER: lambda: letter.read, "Tesseract": tesseract}


def measure(path: Path, name: str, read: Read, limit: int | None, first: int | None = None) -> list[Row]:
    """How well one of them reads the first `limit` letters, and its time; the first one only warms up.

    Printed as well: how well those of them are read that a peer reads too, the `first` so many.
    """
    pictures, data = ImageFolder(path), path.stem
    found, true, times, usual = [], [], [], []
    read(pictures.image(0))
    for i in tqdm(range(len(pictures))[:limit], name):
        picture = pictures.image(i)
        start = time.perf_counter()
        found.append(read(picture))
        times.append(time.perf_counter() - start)
        usual += times[-1:] if 0.95 < max(picture.size) / A4 < 1.05 else []
        true.append(json.loads(pictures.row(i)["objects"]))
    extra = {"model": "" if name == FINDER else name, "command": f"python -m benchmarks.letters --data {data}"}
    took = [median(data, title, some, **extra) for title, some in ((SECONDS, times), (USUAL, usual)) if some]
    rows = [*lettering.rates(data, found, true, **extra), *took]
    show(f"{data} {name}", rows)
    if first:
        show(f"{data} {name}, the first {first}", lettering.rates(data, found[:first], true[:first]))
    return rows


def show(title: str, rows: Sequence[Row]) -> None:
    print(f"{title}: " + "  ".join(f"{row.measure} {row.value:.4g}" for row in rows))


def main() -> None:
    parser = options.parser("benchmarks.letters", __doc__, "save")
    parser.add_argument("--data", type=Path, nargs="+", default=SETS, help="drawn sets")
    parser.add_argument("--limit", type=int, help="read only the first so many letters")
    parser.add_argument("--peer-limit", type=int, help="let the peer read only the first so many")
    args = parser.parse_args()
    rows = []
    for path, (name, make) in itertools.product(args.data, READERS.items()):
        ours = name == FINDER
        try:
            rows += measure(
                path,
                name,
                make(),
                args.limit if ours else args.peer_limit or args.limit,
                args.peer_limit if ours else None,
            )
        except ImportError as error:
            print(f"{name} is not installed ({error}); left out")
    if args.save:
        card.keep(CHECKPOINTS / FINDER, rows)


if __name__ == "__main__":
    main()
