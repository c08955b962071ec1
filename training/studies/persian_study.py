"""The study of Persian characters once more: which pretrained weights help, and how fast each layer should learn.

    python -m training.data.persian study --out DIR    and the same with letters
    python -m training.studies.persian_study --data DIR --runs RUNS

20,808 crops of 18 classes, smaller than the study's, split at random as there. ResNet-34 and ResNet-50 train the last
layer first, then all layers. ResNet-34 repeats the second phase with each of RANGES. It is also trained from scratch.
Trained networks are kept under RUNS and used again.

Left in --out: study.json.
"""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.data import options
from training.learn import dataset
from training.learn.fit import Pictures, fit
from training.learn.train import IMAGENET, Place, begun
from training.measure.metrics import wilson
from training.measure.report import dump, rounded
from training.recipes import Recipe, recipe_of

NETWORKS = {"ResNet-34": "persian-resnet34-study", "ResNet-50": "persian-resnet50-study"}
RANGES = (1e-6, 1e-4), (1e-5, 1e-4), (1e-5, 1e-3), (1e-4, 1e-3)  # learning rates of the first and of the last layer
ORIGINAL = {"ResNet-34, frozen": (0.98, 0.992), "ResNet-34": (0.9973,), "ResNet-50": (0.9973,)}  # from, to
OUT = Path(__file__).parents[2] / "demos" / "results" / "persian_study"


def measured(
    name: str, detail: str, network: nn.Module, pictures: Pictures, original: tuple[float, ...] | None = None
) -> dict[str, Any]:
    """A line of the table: how many of the held-out tenth a network reads right."""
    test, hits = pictures.split.test, 0
    with torch.inference_mode():
        for batch in dataset.loader(pictures.pictures, dataset.batches(pictures.pictures, test), pictures.workers):
            hits += int((network.eval()(batch["images"]).argmax(1) == batch["target"].argmax(1)).sum())
    return {
        "name": name,
        "detail": detail,
        "accuracy": hits / len(test),
        "interval": wilson(hits, len(test)),
        "images": len(test),
        "study": original,
    }


def by_recipe(recipe: Recipe, title: str, place: Place) -> tuple[list[dict[str, Any]], nn.Module]:
    """The lines of a network after its frozen phase and at its end, and the network after the former."""
    recipe, start = begun(recipe, place)
    pictures = Pictures(dataset.split(recipe, place.data), place.workers, place.limit)
    weights = "ImageNet" if recipe.start == IMAGENET else "taught letter forms" if start else "from scratch"
    first, then = (pictures.at(replace(recipe, phases=part)) for part in (recipe.phases[:-1], recipe.phases[-1:]))
    run = place.runs / "persian-study" / recipe.name
    frozen = fit(first, run, start)
    rows = [measured(f"{title}, frozen", weights, frozen, pictures, ORIGINAL.get(f"{title}, frozen"))]
    network = fit(then, run, network=copy.deepcopy(frozen))
    (values,) = (values for _, values in then.recipe.phases)
    detail = f"{weights}, {rates(values['learning_rate'] / values['spread'], values['learning_rate'])}"
    return [*rows, measured(title, detail, network, pictures, ORIGINAL.get(title))], frozen


def rates(first: float, last: float) -> str:
    """How fast the first and the last layer learn."""
    return f"learning rates {first:g} to {last:g}"


def by_ranges(recipe: Recipe, title: str, frozen: nn.Module, place: Place) -> list[dict[str, Any]]:
    """The lines of a network whose last phase was done with each of RANGES."""
    rows = []
    for first, last in RANGES:
        _, values = recipe.phases[-1]
        phase = values | {"learning_rate": last, "spread": last / first, "finder": False}
        ranged = replace(recipe, pretrained=False, phases=((f"range-{first:g}-{last:g}", phase),))
        pictures = Pictures(dataset.split(ranged, place.data), place.workers, place.limit)
        network = fit(pictures, place.runs / "persian-study" / recipe.name, network=copy.deepcopy(frozen))
        rows.append(measured(title, f"from the same stage, {rates(first, last)}", network, pictures))
    return rows


def main() -> None:
    args = options.parser(
        "training.studies.persian_study", __doc__, "data", "runs", "workers", "limit", "out", out=OUT
    ).parse_args()
    place = Place(args.data, args.runs, args.workers, args.limit)
    (title, small), (larger, large) = ((title, recipe_of(name)) for title, name in NETWORKS.items())
    rows, frozen = by_recipe(small, title, place)
    rows += by_ranges(small, title, frozen, place)
    scratch = replace(small, name="persian-scratch-study", start="", pretrained=False)
    rows += by_recipe(scratch, f"{title} from scratch", place)[0]
    rows += by_recipe(large, larger, place)[0]
    dump(args.out / "study.json", rounded({"models": rows}))
    for row in rows:
        print(f"{row['name']:28} {row['detail']:34} accuracy {row['accuracy']:.4f} of {row['images']}")


if __name__ == "__main__":
    main()
