"""Train a network and write its checkpoint folder.

    python -m training captcha-resnet18 --data DIR

DIR holds the drawn sets (python -m training.data.captcha train --out DIR). A checkpoint that the recipe starts from is
trained first where it is not at hand. The runs are kept under --runs: the same command goes on where a killed one
stopped, on a CPU or a GPU.
"""

import argparse
import dataclasses
import os
from pathlib import Path

from training import card, dataset, evaluate, finetune
from training.calibrate import write_calibrated
from training.fit import Pictures, fit, locate
from training.module import reachable
from training.recipes import NAMES, Recipe, finetuning, recipe_of
from zoo.errors import InputError
from zoo.store import CHECKPOINTS


def train(recipe: Recipe, args: argparse.Namespace) -> tuple[Path, Path | None, dataset.Split]:
    """Trains a recipe; what it starts from is trained first where it is not at hand, and is a recipe too.

    Returns:
        The checkpoint's folder, that of the one that it started from, and the recipe's pictures.

    Raises:
        FileNotFoundError: a set is not there.
        InputError: the checkpoint to start from is not there.
    """
    if recipe.pretrained:
        imagenet = reachable(recipe.architecture)
        recipe = dataclasses.replace(recipe, pretrained=imagenet, start="ImageNet" if imagenet else recipe.start)
    split = dataset.split(recipe, args.data)
    start = started(recipe.start, args) if recipe.start and not recipe.pretrained else None
    network = fit(Pictures(split, args.workers, args.limit), args.runs / recipe.name, start)
    folder = args.runs / CHECKPOINTS.name / recipe.name
    digest = write_calibrated(network, split.pictures, split.validation, args.workers, folder, start)
    print(f"{folder}: SHA-256 {digest}")
    return folder, start, split


def started(name: str, args: argparse.Namespace) -> Path:
    """The folder of a checkpoint to start from, trained if need be."""
    try:
        return locate(name, args.runs)
    except InputError:
        if name not in NAMES:
            raise
    print(f"{name} is trained first")
    return train(recipe_of(name), args)[0]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the sets (default: data)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept (default: runs)")
    parser.add_argument("--finetune", type=Path, help="an ImageFolder, or a zip of one, whose style is to be learned")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that load pictures")
    parser.add_argument(
        "--limit", type=int, help="train and validate on this many pictures only: it must learn them by heart"
    )
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    args = parser.parse_args()
    recipe = recipe_of(args.name)
    try:
        if args.finetune:
            recipe = finetuning(recipe, args.finetune, finetune.check(recipe, args.finetune))
        if args.epochs:
            shorter = tuple((name, values | {"epochs": args.epochs}) for name, values in recipe.phases)
            recipe = dataclasses.replace(recipe, epochs=args.epochs, phases=shorter)
        folder, start, split = train(recipe, args)
    except (InputError, FileNotFoundError) as error:
        hint = "; see python -m training.data.captcha --help" if isinstance(error, FileNotFoundError) else ""
        parser.error(f"{error}{'' if args.finetune else hint}")
    if args.finetune and start:
        print(finetune.evaluate(folder, start, split))
    else:
        print(evaluate.evaluate(folder, args.data, args.runs))
    card.write(folder)


if __name__ == "__main__":
    main()
