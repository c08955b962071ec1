"""Our readers and their peers on the same pictures, one at a time on one core, in one run.

    python -m benchmarks.readers captcha-resnet18 captcha-seq2seq --data DIR/test-words

Any ImageFolder or zip of one will do, and several. Peers that are not installed are left out and named. With --save the
numbers go into our checkpoints' evaluation.json as well.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tqdm import tqdm

import zoo
from benchmarks.cores import keep_to
from benchmarks.peers import png, tesseract
from training.data import options
from training.data.folder import ImageFolder
from training.data.persian import OTHER
from training.measure import card
from training.measure.evaluate import SPELLED, sets
from training.measure.metrics import bootstrap
from training.measure.report import Row, share
from training.measure.spelling import error_rates
from training.measure.truth import subject
from zoo.hub.store import CHECKPOINTS
from zoo.text.normalise import folded, plain

Read = Callable[[Image.Image], str]
MILLISECONDS = "ms an image on one core, median"


def rapidocr() -> Read:
    """RapidOCR's recogniser alone: the picture is one line already."""
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def read(picture: Image.Image) -> str:
        found, _ = engine(np.asarray(picture)[..., ::-1], use_det=False, use_cls=False)
        return str(found[0][0]) if found else ""

    return read


def ddddocr() -> Read:
    """The newer ("beta") model of ddddocr."""
    import ddddocr as package

    options = onnxruntime.SessionOptions()  # it gives no choice of threads, and onnxruntime's leave the process's core
    options.intra_op_num_threads = 1
    onnxruntime.InferenceSession = partial(onnxruntime.InferenceSession, sess_options=options)
    engine = package.DdddOcr(beta=True, show_ad=False)

    return lambda picture: str(engine.classification(png(picture)))


def line(language: str, mode: int) -> Read:
    """Tesseract as a reader of one line (mode 7) or word (mode 8)."""
    read = tesseract(language, mode)
    return lambda picture: read(picture).strip()


PEERS: dict[str, dict[str, Callable[[], Read]]] = {
    "captcha": {"RapidOCR": rapidocr, "ddddocr": ddddocr, "Tesseract": partial(line, "eng", 7)},
    "word": {"RapidOCR": rapidocr, "Tesseract": partial(line, "eng", 7)},
    "persian": {"Tesseract": partial(line, "fas", 8)},
    "line": {"Tesseract": partial(line, "fas", 7)},
}


def ours(name: str) -> Read:
    """One of our readers on one thread."""
    model = zoo.load(name, threads=1)
    return lambda picture: model.read([picture])[0].text


def measure(path: Path, model: str, make: Callable[[], Read], limit: int | None) -> list[Row]:
    """Word accuracy, CER and time of one reader on the first `limit` pictures; the first five only warm up.

    Left out is what has a label but no text that a reader knows, of the class of all others.
    """
    keep_to(1)
    read, pictures, data = make(), ImageFolder(path), path.stem
    chosen = [i for i in range(len(pictures)) if pictures.row(i).get("label") != OTHER][:limit]
    read_texts, true_texts, times = [], [], []
    for i in tqdm(chosen, model):
        picture = pictures.image(i)
        start = time.perf_counter()
        read_texts.append(read(picture))
        times.append(1000 * (time.perf_counter() - start))
        true_texts.append(pictures.row(i)["text"])
    exact = [folded(a) == folded(b) for a, b in zip(read_texts, true_texts, strict=True)]
    read_texts, true_texts = [*map(plain, read_texts)], [*map(plain, true_texts)]
    right = [a == b for a, b in zip(read_texts, true_texts, strict=True)]
    command = f"python -m benchmarks.readers --data {data}"
    words = [hit for hit, text in zip(right, true_texts, strict=True) if len(text) > 1]
    alone = [share(data, "word accuracy, no single characters", words, model=model, command=command)]
    cased = [share(data, "word accuracy, case as drawn", exact, model=model, command=command)]
    return [
        share(data, "word accuracy", right, model=model, command=command),
        *(alone if 0 < len(words) < len(right) else ()),
        *(cased if data in SPELLED else ()),
        *error_rates(data, read_texts, true_texts, model=model, command=command),
        Row(
            data,
            MILLISECONDS,
            float(np.median(times[5:])),
            len(chosen),
            bootstrap(times[5:], np.median),
            model,
            command,
        ),
    ]


def compare(data: Path, names: Sequence[str], limit: int | None, save: bool) -> None:
    """Measures our readers of those names, or all that read such a set, and their peers; prints or keeps the rows."""
    names = names or [name for name in zoo.names() if data.stem in sets(zoo.load(name))[0]]
    peers = {
        peer: make for kind in {subject(zoo.load(name)) for name in names} for peer, make in PEERS.get(kind, {}).items()
    }
    readers: dict[str, Callable[[], Read]] = {name: partial(ours, name) for name in names} | peers
    rows: dict[str, list[Row]] = {}
    # each in a process of its own: none finds another's threads or settings
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
        for name, make in readers.items():
            try:
                rows[name] = alone.submit(measure, data, name, make, limit).result()
            except ImportError as error:
                print(f"{name} is not installed ({error}); left out")
    for name, measured in rows.items():
        print(
            f"{name:20}"
            + "  ".join(f"{row.measure} {row.value:.4g}" for row in measured)
            + f"  ({measured[0].count} images)"
        )
    if save:
        for name in names:
            own = (row for model, measured in rows.items() if model in (name, *peers) for row in measured)
            card.keep(CHECKPOINTS / name, own)


def main() -> None:
    parser = options.parser("benchmarks.readers", __doc__, "save")
    parser.add_argument("names", nargs="*", help="our checkpoints (default: all that read such a set)")
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[Path("data/test-words")], help="ImageFolders or zips of some"
    )
    parser.add_argument("--limit", type=int, help="read only the first so many pictures")
    args = parser.parse_args()
    for data in args.data:
        compare(data, args.names, args.limit, args.save)


if __name__ == "__main__":
    main()
