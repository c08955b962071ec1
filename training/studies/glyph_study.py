"""The recruitment study of single characters once more, and what it left for later.

    python -m training.data.glyph study --data DATA --out DIR
    python -m training.studies.glyph_study --data DIR --runs RUNS

36 very unequal classes, 56×56 pixels, black or white. Logistic regression and an SVM on the pixels, fitted on train and
validation together as in the study; a small CNN and EfficientNet-B0; then a grid over size, learning rate and dropout,
augmentation, class-balanced sampling, and five folds that vote. All that is chosen is chosen on validation. What was
fitted is kept under RUNS and not fitted again. On 2 cores, where B0 learns from 240 images a second and B1 from 150: 3
minutes to draw, 3 for the two on pixels, 4 for the CNN, 20 for the grid, 13 for EfficientNet-B0, 30 for the two that
are augmented and 70 for the folds.

Left in --out: study.json, and errors.png, a sheet of every test image that the folds' vote misreads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from timm.models import register_model
from torch import nn

from training.data import options
from training.data.folder import ImageFolder
from training.data.glyph import CLASSES, SIDE, STUDY
from training.learn import dataset
from training.learn.fit import Pictures, fit
from training.learn.module import reachable
from training.measure import confusion, curves
from training.measure.metrics import bootstrap, wilson
from training.measure.report import dump, rounded
from training.recipes import Recipe, recipe_of
from zoo import whole
from zoo.text.alphabets import ALIKE, alike

ORIGINAL = {  # accuracy and macro-F1 in the study
    "logistic regression": (0.784, 0.679),
    "RBF SVM": (0.878, 0.744),
    "small CNN": (0.920, 0.790),
    "EfficientNet-B0": (0.950, 0.880),
}
SIZES = {"EfficientNet-B0": "efficientnet_b0", "EfficientNet-B1": "efficientnet_b1"}
RATES, DROPOUTS = (1e-3, 3e-3), (0.2, 0.4)
FOLDS = 5
EPOCHS, EPOCHS_OF_GRID = 8, 1
OUT = Path(__file__).parents[2] / "demos" / "results" / "glyph_study"

Labels = np.ndarray  # int (n,)


@register_model
def small_cnn(num_classes: int, drop_rate: float = 0.2, **_: Any) -> nn.Module:
    """Three convolutions, each halving the picture, and two linear layers."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(128 * (SIDE // 8) ** 2, 128), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(drop_rate), nn.Linear(128, num_classes))


@dataclass(frozen=True)
class Model:
    """One row of the table: what a model reads in the test images."""

    name: str  # of the model
    detail: str  # how it was fitted, in a few words
    read: Labels  # classes, (n,), or (k, n) of several networks whose mean is wanted
    weights: str = ""  # what it started from; empty where nothing is started from


class Study:
    """The study's images, and what is fitted to them, each model once."""

    def __init__(
        self, data: Path, runs: Path, workers: int, limit: int | None = None, epochs: int | None = None
    ) -> None:
        looks = {"limit": limit, "epochs": epochs}  # what a first look leaves is not the study's
        self.runs = runs / "-".join(["glyph-study", *(f"{name}-{few}" for name, few in looks.items() if few)])
        self.workers, self.epochs = workers, epochs
        self.sets = [ImageFolder(data / f"glyph-study-{part}") for part in STUDY]
        parts = np.split(np.arange(sum(map(len, self.sets))), np.cumsum(list(map(len, self.sets)))[:-1])
        if limit:
            parts = [np.random.default_rng(0).permutation(part)[:limit] for part in parts]
        self.train, self.validation, self.test = parts
        self.labels = np.array(
            [CLASSES.index(label.decode()) for folder in self.sets for label in folder.columns["label"]]
        )
        self.pixels = np.stack([np.asarray(image.convert("L")) > 127 for folder in self.sets for image, _ in folder])
        ink = self.pixels[self.train].mean()
        self.normalised = {"mean": (float(ink),) * 3, "std": (float(np.sqrt(ink * (1 - ink))),) * 3}
        # kept, so that a run that goes on elsewhere does not mix both
        self.weights = (
            "ImageNet" if self.once("weights", lambda: np.array(reachable(*SIZES.values()))) else "from scratch"
        )

    def once(self, name: str, work: Callable[[], np.ndarray]) -> np.ndarray:
        """The result of `work`, computed once and kept on disk."""
        path = self.runs / name / "answers.npy"
        if not path.exists():
            found = work()
            with whole.file(path) as part:
                np.save(part, found)
        kept: np.ndarray = np.load(path)
        return kept

    def on_pixels(self, name: str, read: Callable[[np.ndarray, Labels, np.ndarray], Labels]) -> Labels:
        """What a model of raw pixels, fitted on train and validation together, reads in the test images."""
        fitted = np.concatenate([self.train, self.validation])
        flat = self.pixels.reshape(len(self.pixels), -1).astype(np.float32)
        return self.once(name, lambda: read(flat[fitted], self.labels[fitted], flat[self.test]))

    def recipe(self, name: str, architecture: str, dropout: float = 0.2, **values: Any) -> Recipe:
        """How a network is trained on the study's images; without augmentation and as unbalanced as they are."""
        return replace(
            recipe_of("glyph-efficientnet"),
            name=name,
            architecture=architecture,
            model_args={"drop_rate": dropout},
            pretrained=self.weights == "ImageNet" and architecture != "small_cnn",
            train=("glyph-study-train",),
            validation=("glyph-study-validation",),
            outliers=0.0,
            ink=values.get("jitter", False),  # the images are framed already, until they are moved
            **{"epochs": EPOCHS} | values | self.normalised | ({"epochs": self.epochs} if self.epochs else {}),
        )

    def probabilities(self, recipe: Recipe, train: np.ndarray, validation: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """What a network that was trained on some images says of others: float (n, classes)."""
        recipe = replace(recipe, samples=(len(train),))
        pictures = dataset.Captchas(recipe, self.sets)

        def trained() -> np.ndarray:
            split = dataset.Split(pictures, (train,), validation, self.test)
            network = fit(Pictures(split, self.workers), self.runs / recipe.name)
            return dataset.probabilities(network, pictures, asked, self.workers)

        return self.once(recipe.name, trained)

    def network(self, recipe: Recipe) -> np.ndarray:
        """What a network that was trained on the training images says of the validation images and the test images."""
        return self.probabilities(recipe, self.train, self.validation, np.concatenate([self.validation, self.test]))

    def folds(self, recipe: Recipe) -> list[np.ndarray]:
        """The test images' probabilities by FOLDS networks; each validates on a fifth that it was not trained on.

        Images of classes with fewer than FOLDS images are in every training part.
        """
        every = np.concatenate([self.train, self.validation])
        few = np.bincount(self.labels[every])[self.labels[every]] < FOLDS
        often, rare = every[~few], every[few]
        cut = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(often, self.labels[often])
        return [
            self.probabilities(
                replace(recipe, name=f"fold-{i}", seed=i), np.append(often[train], rare), often[rest], self.test
            )
            for i, (train, rest) in enumerate(cut)
        ]


def logistic_regression(pixels: np.ndarray, labels: Labels, asked: np.ndarray) -> Labels:
    return np.asarray(LogisticRegression(max_iter=300).fit(pixels, labels).predict(asked))


def rbf_svm(pixels: np.ndarray, labels: Labels, asked: np.ndarray) -> Labels:
    """As SVC() by itself, with the kernel computed for all pairs at once: minutes instead of an hour."""
    gamma = 1 / (pixels.shape[1] * pixels.var())
    svm = SVC(kernel="precomputed").fit(rbf_kernel(pixels, gamma=gamma), labels)
    return np.asarray(svm.predict(rbf_kernel(asked, pixels, gamma=gamma)))


def vote(probabilities: Sequence[np.ndarray]) -> Labels:
    """The class that most networks read, and of equally many the one with the larger sum of probabilities, (n,)."""
    every = np.stack(probabilities)
    votes = np.eye(every.shape[-1])[every.argmax(-1)].sum(0)
    return np.asarray((votes + every.mean(0) / 2).argmax(-1))


def scores(read: Labels, true: Labels) -> tuple[float, float]:
    """Accuracy, and the mean of F1 over the classes that `true` has: one without images can only be read wrongly."""
    macro = f1_score(true, read, labels=np.unique(true), average="macro", zero_division=0)
    return float((read == true).mean()), float(macro)


def merged(labels: Labels) -> np.ndarray:
    """Class names (n,) in which look-alikes are merged: 0 and O become one class, 0O."""
    return np.array([alike(label) for label in CLASSES])[labels]


def models(study: Study) -> tuple[list[Model], list[dict[str, Any]]]:
    """Fits all of them; returns the table's rows, the vote last, and the grid's."""
    held_out = len(study.validation)
    true = study.labels[study.validation]
    found = [
        Model("logistic regression", "raw pixels", study.on_pixels("logistic-regression", logistic_regression)),
        Model("RBF SVM", "raw pixels", study.on_pixels("rbf-svm", rbf_svm)),
    ]
    cnn = study.network(study.recipe("small-cnn", "small_cnn", dropout=0.5, epochs=8))
    found.append(Model("small CNN", "three convolutions, two linear layers", cnn[held_out:].argmax(1), "from scratch"))
    grid = []
    for size, rate, dropout in product(SIZES, RATES, DROPOUTS):
        name = f"grid-{SIZES[size]}-{rate}-{dropout}"
        tried = study.recipe(name, SIZES[size], dropout, learning_rate=rate, jitter=True, epochs=EPOCHS_OF_GRID)
        accuracy, macro = scores(study.network(tried)[:held_out].argmax(1), true)
        grid.append({"size": size, "learning_rate": rate, "dropout": dropout, "accuracy": accuracy, "macro_f1": macro})
    best = max(grid, key=lambda row: (row["accuracy"], row["macro_f1"]))
    chosen = {"dropout": best["dropout"], "learning_rate": best["learning_rate"]}
    plain = study.network(study.recipe("efficientnet-b0", SIZES["EfficientNet-B0"], **chosen))
    found.append(Model("EfficientNet-B0", "all layers trained", plain[held_out:].argmax(1), study.weights))
    title, sized = best["size"], SIZES[best["size"]]
    variants: dict[str, dict[str, Any]] = {
        "augmented": {"jitter": True},
        "augmented, class-balanced": {"jitter": True, "balanced": True},
    }
    on_validation = {}
    for detail, values in variants.items():
        shares = study.network(study.recipe(detail.replace(", ", "-"), sized, **chosen, **values))
        on_validation[detail] = sum(scores(shares[:held_out].argmax(1), true))
        found.append(Model(f"{title}, {detail}", "as above", shares[held_out:].argmax(1), study.weights))
    detail = max(on_validation, key=on_validation.__getitem__)
    shares = study.folds(study.recipe("fold", sized, **chosen, **variants[detail]))
    alone = np.stack([one.argmax(1) for one in shares])
    found += [
        Model(f"{title}, each of {FOLDS} folds", f"{detail}; their mean", alone, study.weights),
        Model(f"{title}, {FOLDS} folds", f"{detail}; majority vote", vote(shares), study.weights),
    ]
    return found, grid


def row(model: Model, true: Labels) -> dict[str, Any]:
    """A model's line of the table."""
    read = np.atleast_2d(model.read)

    def each(read: np.ndarray, true: Labels) -> np.ndarray:
        return np.array([scores(one, true) for one in read])

    found = each(read, true)
    accuracy, macro = found.mean(0).tolist()
    return {
        "name": model.name,
        "weights": model.weights,
        "detail": model.detail,
        "accuracy": accuracy,
        "accuracy_interval": wilson(accuracy * len(true), len(true)),
        "macro_f1": macro,
        "macro_f1_interval": bootstrap(
            np.vstack([read, true]).T, lambda sample: each(sample.T[:-1], sample.T[-1])[:, 1].mean(), draws=200
        ),
        "merged_accuracy": float((merged(read) == merged(true)).mean()),
        "deviation": found.std(0, ddof=1).tolist() if len(found) > 1 else None,
        "study": ORIGINAL.get(model.name),
    }


def summary(study: Study, found: Sequence[Model], grid: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All that study.json says."""
    best, true = found[-1], study.labels[study.test]
    wrong = best.read != true
    ambiguous = merged(best.read[wrong]) == merged(true[wrong])
    parts = dict(zip(STUDY, (study.train, study.validation, study.test), strict=True))
    runs = {"small CNN": "small-cnn", "EfficientNet-B0": "efficientnet-b0"}
    runs |= {model.name: model.name.partition(", ")[2].replace(", ", "-") for model in found[4:-2]}
    return {
        "protocol": {
            **{part: len(indices) for part, indices in parts.items()},
            "digests": {f"glyph-study-{part}": folder.digest() for part, folder in zip(STUDY, study.sets, strict=True)},
        },
        **confusion.summary(CLASSES, best.read, true),
        "counts": {part: np.bincount(study.labels[at], minlength=len(CLASSES)).tolist() for part, at in parts.items()},
        "models": [row(model, true) for model in found],
        "grid": list(grid),
        "curves": {name: curves.read(study.runs / run) for name, run in runs.items()},
        "best": best.name,
        "ambiguous": {"groups": list(ALIKE), "share_of_errors": float(ambiguous.mean()) if wrong.any() else 0.0},
    }


def main() -> None:
    parser = options.parser("training.studies.glyph_study", __doc__, "data", "runs", "workers", "limit", "out", out=OUT)
    parser.add_argument("--epochs", type=int, help="other than the study's")
    args = parser.parse_args()
    study = Study(args.data, args.runs, args.workers, args.limit, args.epochs)
    found, grid = models(study)
    results = rounded(summary(study, found, grid))
    dump(args.out / "study.json", results)
    wrong = study.test[confusion.misread(found[-1].read, study.labels[study.test])]
    confusion.sheet(study.pixels[wrong]).save(args.out / "errors.png")
    for line in results["models"]:
        measured = zip(("accuracy", "macro_f1"), line["deviation"] or ("", ""), strict=True)
        numbers = "  ".join(f"{name} {line[name]:.4f}{spread and f' ± {spread:.4f}':9}" for name, spread in measured)
        print(f"{line['name']:44} {numbers}  {line['weights']}")


if __name__ == "__main__":
    main()
