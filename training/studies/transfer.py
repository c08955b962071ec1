"""How far a reader of captchas gets on a site's style of which it saw nothing, a little, or all.

    python -m training.studies.transfer --data DIR --runs RUNS

DIR holds the real captchas, captcha-five, -login and -wide, each as -train.zip and -test.zip. All start from the
network that was trained on drawn captchas alone, of RUNS or of training/starts. Every row goes into the evaluation.json
of captcha-seq2seq; what was trained before is not trained again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import zoo
from training.data import options
from training.data.folder import ImageFolder
from training.learn import dataset
from training.learn.calibrate import write_calibrated
from training.learn.fit import Pictures, fit, locate
from training.measure import card
from training.measure.evaluate import REAL, Answers, accuracy, answers
from training.measure.report import Report
from training.recipes import Recipe, finetuning, recipe_of
from zoo.hub.store import CHECKPOINTS, CONFIG
from zoo.readers.base import Reader

SHOTS = (50, 100, 200, 400, 750)
FOLDS = 5


class Teacher:
    """Trains readers that start from the network that saw drawn captchas alone, each once."""

    def __init__(self, data: Path, runs: Path, workers: int) -> None:
        self.data, self.runs, self.workers = data, runs, workers
        self.start = locate("captcha-seq2seq-drawn", runs)

    def taught(self, recipe: Recipe, split: dataset.Split | None = None) -> Reader:
        """The reader that a recipe makes of it, with the recipe's own split or another."""
        folder = self.runs / CHECKPOINTS.name / recipe.name
        if not (folder / CONFIG).exists():  # which is written last
            split = split or dataset.split(recipe, self.data)
            network = fit(Pictures(split, self.workers), self.runs / recipe.name, self.start)
            write_calibrated(network, split.pictures, split.validation, self.workers, folder, self.start)
        return zoo.load(folder)

    def few(self, zipped: Path, train: dataset.Indices, name: str) -> Reader:
        """The reader fine-tuned with some of a zip's pictures; validating with them shows the progress, no more."""
        recipe = replace(finetuning(recipe_of("captcha-seq2seq"), zipped, len(train)), name=name)
        pictures = dataset.Captchas(recipe, [ImageFolder(zipped)])
        return self.taught(recipe, dataset.Split(pictures, (train,), train[:50], np.arange(0)))


def read(reader: Reader, pictures: ImageFolder, indices: Sequence[int] | None = None) -> Answers:
    """What a reader reads in some of the pictures, or in all."""
    chosen = range(len(pictures)) if indices is None else indices
    return answers(reader, ((pictures.image(i), pictures.row(i)) for i in chosen), reader.name, len(chosen))


def without(recipe: Recipe, unseen: str) -> Recipe:
    """The recipe without the set `unseen`, for one epoch of half the samples: it shows what the other styles teach."""
    kept = [i for i, name in enumerate(recipe.train) if name != unseen]
    return replace(
        recipe,
        name=f"{recipe.name}-without-{Path(unseen).stem.removesuffix('-train')}",
        train=tuple(recipe.train[i] for i in kept),
        samples=tuple(recipe.samples[i] // 2 for i in kept),
        validation=tuple(name for name in recipe.validation if name != unseen),
        epochs=1,
    )


def study(teacher: Teacher, report: Report) -> None:
    """Measures everything, what is quick to train first; saves the report after each set."""

    def add(data: str, found: Answers, model: str) -> None:
        report.add(*accuracy(data, found, model=model))
        report.save()

    drawn = zoo.load(teacher.start)
    tests = {data: ImageFolder(teacher.data / f"{data}.zip") for data in REAL}
    for data, pictures in tests.items():
        add(data, read(drawn, pictures), "drawn captchas only")
    five = teacher.data / "captcha-five-train.zip"
    pictures = ImageFolder(five)
    order = np.random.default_rng(0).permutation(len(pictures))
    for count in SHOTS:
        reader = teacher.few(five, order[:count], f"few-{count}")
        found = read(reader, tests["captcha-five-test"])
        add("captcha-five-test", found, f"drawn captchas, then {count} of this style")
    folds, found = np.array_split(order, FOLDS), []
    for i, fold in enumerate(folds):
        rest = np.concatenate([*folds[:i], *folds[i + 1 :]])
        found += read(teacher.few(five, rest, f"fold-{i}"), pictures, fold.tolist())
    add("captcha-five, five folds", found, "drawn captchas, then 600 of this style")
    recipe = recipe_of("captcha-seq2seq-real")
    for data, pictures in tests.items():
        others = teacher.taught(without(recipe, f"{data.removesuffix('-test')}-train.zip"))
        add(data, read(others, pictures), "without this style")


def main() -> None:
    args = options.parser("training.studies.transfer", __doc__, "data", "runs", "workers").parse_args()
    report = Report(CHECKPOINTS / "captcha-seq2seq")
    study(Teacher(args.data, args.runs, args.workers), report)
    card.write(report.path.parent)
    print(report)


if __name__ == "__main__":
    main()
