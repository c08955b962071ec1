"""A recipe from its pictures to its checkpoint, with all that it starts from."""

from dataclasses import dataclass, replace
from pathlib import Path

from training.data.drawing.fonts import Extra
from training.learn import checkpoint, dataset
from training.learn.calibrate import write_calibrated
from training.learn.fit import Pictures, fit, locate
from training.learn.module import reachable
from training.recipes import NAMES, Recipe, recipe_of
from zoo.errors import InputError
from zoo.hub.store import CHECKPOINTS

IMAGENET = "ImageNet"
PERSIAN = "line", "letter"  # subjects whose pictures are drawn with Persian fonts during training


@dataclass(frozen=True)
class Place:
    """Where and with what a training is done."""

    data: Path  # folder of the sets
    runs: Path  # where runs and the checkpoints that they give are kept
    workers: int  # processes that load pictures
    limit: int | None = None  # train and validate on this many pictures only; None for all
    extra: Extra = ()  # fonts beside those of the training split that Persian is drawn with


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the checkpoint's folder, that of the one it started from, the recipe's pictures."""

    folder: Path
    start: Path | None
    split: dataset.Split


def begun(recipe: Recipe, place: Place) -> tuple[Recipe, Path | None]:
    """The recipe adapted to this machine, and the folder of the checkpoint to start from, or None.

    If the recipe wants ImageNet's weights and they can be loaded, training starts from those. Otherwise it starts from
    the checkpoint `recipe.start`. If that does not exist, its own recipe is trained first.

    Raises:
        FileNotFoundError: a set is not there.
        InputError: the checkpoint to start from is not there.
    """
    if recipe.pretrained and reachable(recipe.architecture):
        return replace(recipe, start=IMAGENET), None
    recipe = replace(recipe, pretrained=False)
    if not recipe.start:
        return recipe, None
    try:
        return recipe, locate(recipe.start, place.runs)
    except InputError:
        if recipe.start not in NAMES:
            raise
    print(f"{recipe.start} is trained first")
    return recipe, train(recipe_of(recipe.start), place).folder


def train(recipe: Recipe, place: Place) -> Trained:
    """Trains a recipe, goes on with it, or finds it done; writes its calibrated checkpoint.

    Raises:
        FileNotFoundError: a set is not there.
        InputError: the checkpoint to start from is not there.
    """
    if recipe.subject in PERSIAN:
        recipe = replace(recipe, extra=place.extra)
    split = dataset.split(recipe, place.data)
    recipe, start = begun(recipe, place)
    split = replace(split, pictures=dataset.Captchas(recipe, split.pictures.folders))
    network = fit(Pictures(split, place.workers, place.limit), place.runs / recipe.name, start)
    if recipe.averaged and start:
        checkpoint.average(network, start)
    folder = place.runs / CHECKPOINTS.name / recipe.name
    digest = write_calibrated(network, split.pictures, split.validation, place.workers, folder, start)
    print(f"{folder}: SHA-256 {digest}")
    return Trained(folder, start, split)
