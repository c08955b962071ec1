"""What a network can learn by heart: a ResNet-18 on true labels, on shuffled ones, and on noise in the pictures' place.

    python -m training.studies.memorization --runs RUNS --workers 0

After Zhang et al. 2017, "Understanding deep learning requires rethinking generalization". The pictures are 2,000, black
on white with a little noise, and 1,000 others to test; nothing but labels or pixels differs between the three, and all
begin with the same random weights. What was drawn and fitted is kept under RUNS and not done again.

Left in --out: study.json, and pictures.png, a sheet of pictures that were learned with a label that is not theirs.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from training.data import folder, options
from training.data.memorization import COUNT, KINDS, SHUFFLED, TESTED, draw
from training.data.texts.english import WORDS
from training.learn import dataset
from training.learn.fit import Pictures, fit
from training.measure import confusion, curves
from training.measure.metrics import wilson
from training.measure.report import dump, rounded
from training.recipes import Recipe, recipe_of

EPOCHS = 45
SIZE = 24, 128  # height and width of the input
SHOWN = 48  # pictures on the page
OUT = Path(__file__).parents[2] / "demos" / "results" / "memorization"


def recipe(kind: str) -> Recipe:
    """That of the bundled classifier, without all that keeps it from learning by heart."""
    name = kind.replace(" ", "-")
    return replace(
        recipe_of("captcha-resnet18"),
        name=f"memorization-{name}",
        model_args={},
        train=(f"{name}-train",),
        validation=(f"{name}-test",),
        samples=(COUNT,),
        epochs=EPOCHS,
        input_size=SIZE,
        outliers=0.0,
        recolour=False,
        weight_decay=0.0,
        learning_rate=1e-3,
    )


def share(shares: np.ndarray, pictures: Pictures, indices: dataset.Indices) -> dict[str, Any]:
    """How many of some pictures get the label that they have."""
    labels = np.array([label.encode() for label in pictures.recipe.labels])
    hits = int((labels[shares.argmax(1)] == pictures.pictures.texts[indices]).sum())
    return {"accuracy": hits / len(indices), "interval": wilson(hits, len(indices)), "images": len(indices)}


def learned(shares: np.ndarray, pictures: Pictures, indices: dataset.Indices) -> list[dict[str, Any]]:
    """For each picture the printed word, its label, and the network's answer."""
    rows = [pictures.pictures.row(int(i)) for i in indices]
    return [
        {"printed": row["word"], "label": row["text"], "read": WORDS[own.argmax()], "probability": float(own.max())}
        for own, row in zip(shares, rows, strict=True)
    ]


def main() -> None:
    args = options.parser("training.studies.memorization", __doc__, "runs", "workers", "out", out=OUT).parse_args()
    base = args.runs / "memorization"
    study_of: dict[str, Any] = {"kinds": []}
    for kind in KINDS:
        own = recipe(kind)
        for name, count, tested in ((own.train[0], COUNT, False), (own.validation[0], TESTED, True)):
            if not (base / name / "metadata.csv").exists():
                folder.write(base / name, partial(draw, kind=kind, tested=tested), count, title=name)
        pictures = Pictures(dataset.split(own, base), args.workers)
        network = fit(pictures, base / own.name)
        (train,), test = pictures.split.train, pictures.split.validation
        line = {"name": kind, "history": curves.read(base / own.name)}
        for part, indices in (("train", train), ("test", test)):
            shares = dataset.probabilities(network, pictures.pictures, indices, args.workers)
            line[part] = share(shares, pictures, indices)
            if kind == SHUFFLED and part == "train":
                rows = enumerate(learned(shares, pictures, indices))
                picked = [i for i, row in rows if row["printed"] != row["label"]][:SHOWN]
                study_of["pictures"] = learned(shares[picked], pictures, indices[picked])
                sheet = np.stack([np.asarray(pictures.pictures.image(int(i))) for i in indices[picked]])
                study_of["tile"] = list(sheet.shape[1:3])
        study_of["kinds"].append(line)
        print(f"{kind:20} train {line['train']['accuracy']:.4f}  test {line['test']['accuracy']:.4f}")
    dump(args.out / "study.json", rounded(study_of))
    confusion.sheet(sheet).save(args.out / "pictures.png")


if __name__ == "__main__":
    main()
