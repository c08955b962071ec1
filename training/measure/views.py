"""What the pages show of a classifier's evaluation: what it takes for what, its worst answers, how it was trained.

    python -m training.measure.views persian-resnet34 --data DATA

DATA holds the set that the classifier is measured on. Left in demos/results/NAME: view.json, and errors.png, a sheet of
what is misread and of the worst answers as the network sees them. The history is that of the run under --runs; phases
that are not there stay as they are already.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import zoo
from training.data import options
from training.data.folder import ImageFolder
from training.learn.fit import FINDER
from training.measure import confusion, curves
from training.measure.evaluate import sets
from training.measure.report import dump, rounded
from training.measure.truth import expected
from zoo.decoding.probabilities import softmax
from zoo.images.preprocess import denormalise
from zoo.readers.classifier import Classifier
from zoo.text.normalise import plain

RESULTS = Path(__file__).parents[2] / "demos" / "results"
WORST = 24  # answers
FLOOR = 1e-12  # a probability of nothing would be an endless loss


def evaluation(reader: Classifier, pictures: ImageFolder) -> tuple[dict[str, Any], np.ndarray]:
    """Matrix, pairs, errors and worst answers; and the pictures of the latter two, uint8 (n, H, W, 3), in their order.

    Pictures whose text is none of the classes are left out. The loss is the cross-entropy of calibrated probabilities.
    """
    number = {plain(text): i for i, text in enumerate(reader.texts)}
    true, probabilities, seen = [], [], []
    for picture, row in tqdm(pictures, reader.name, len(pictures)):
        if (label := number.get(plain(expected(reader, row)))) is None:
            continue
        inputs, _ = reader.prepare(picture)
        true.append(label)
        probabilities.append(softmax(reader.logits(inputs) / reader.settings.temperature)[0])
        seen.append(denormalise(inputs, reader.settings.mean, reader.settings.std)[0])
    wanted, shares = np.array(true), np.stack(probabilities)
    read, own = shares.argmax(1), shares[np.arange(len(wanted)), wanted]
    found = confusion.summary(reader.labels, read, wanted)
    worst = np.argsort(own, kind="stable")[:WORST]
    shown = list(dict.fromkeys([*confusion.misread(read, wanted).tolist(), *worst.tolist()]))
    found["worst"] = [
        {
            "true": int(wanted[i]),
            "read": int(read[i]),
            "loss": float(-np.log(max(own[i], FLOOR))),
            "probability": float(shares[i].max()),
            "tile": shown.index(i),
        }
        for i in worst.tolist()
    ]
    return found, np.stack([seen[i] for i in shown])


def history(run: Path) -> dict[str, Any]:
    """The curves of every phase of a run, and what its finder of a learning rate tried."""
    found = {}
    for phase in sorted(path.parent for path in run.glob("**/csv")):
        curve: dict[str, Any] = dict(curves.read(phase))
        if (phase / FINDER).exists():
            curve["finder"] = json.loads((phase / FINDER).read_text(encoding="utf-8"))
        found[phase.name if phase != run else "training"] = curve
    return found


def main() -> None:
    parser = options.parser("training.measure.views", __doc__, "data", "runs")
    parser.add_argument("name", help="a classifier of the zoo")
    args = parser.parse_args()
    reader = zoo.load(args.name)
    if not isinstance(reader, Classifier):
        parser.error(f"{args.name} reads any text; only a classifier takes one class for another")
    data = [name for name in sets(reader)[0] if (args.data / name).exists()]
    if not data:
        parser.error(f"{args.data} holds none of {', '.join(sets(reader)[0])}; draw them first")
    hardest = data[min(1, len(data) - 1)]
    found, pictures = evaluation(reader, ImageFolder(args.data / hardest))
    path = RESULTS / args.name / "view.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["history"] if path.exists() else {}
    found |= {"data": hardest, "tile": list(reader.settings.size), "history": kept | history(args.runs / args.name)}
    dump(path, rounded(found))
    confusion.sheet(pictures).save(path.with_name("errors.png"))


if __name__ == "__main__":
    main()
