"""A trained network as a checkpoint folder: config.json and model.safetensors, in timm's Hub layout for classifiers."""

import json
from pathlib import Path
from typing import Any

from torch import nn

from training.recipes import Recipe
from zoo import whole
from zoo.hub import store, weights
from zoo.text.alphabets import CharTokenizer

LAYERS = {  # of each family: those whose activation map may explain an answer, the default first
    "resnet": ("layer1", "act1", "layer2", "layer3", "layer4"),
    "mobilenet": ("backbone.blocks.1",),
    "efficientnet": ("blocks.2", "blocks.1", "blocks.3", "blocks.4"),
    "crnn": ("blocks.1", "stem", "blocks.3", "blocks.4"),
    "seq2seq": ("encoder.blocks.1", "encoder.stem", "encoder.blocks.3", "encoder.blocks.4"),
}


def layers(recipe: Recipe) -> tuple[str, ...]:
    """The layers whose activation map may explain an answer of the recipe's network, the default first."""
    return next(names for family, names in LAYERS.items() if family in recipe.architecture)


def config(recipe: Recipe, **chosen: float | str) -> dict[str, Any]:
    """What config.json says: enough to build the network, to prepare its input, and what was `chosen` on validation."""
    height, width = recipe.input_size
    defaults = {"temperature": 1.0, "threshold": 0.0, "explained_layer": layers(recipe)[0]}
    trained = {"trained_on": [Path(name).stem for name in recipe.train or (recipe.stream,)], "start": recipe.start}
    reading: dict[str, Any] = {"kind": recipe.kind, "subject": recipe.subject, **defaults, **chosen, **trained}
    if recipe.ink:
        reading["ink"] = True
    if recipe.right_to_left:
        reading["right_to_left"] = True
    if recipe.texts:
        reading["texts"] = list(recipe.texts)
    seen: dict[str, Any] = {
        "input_size": [3, height, width],
        "mean": list(recipe.mean),
        "std": list(recipe.std),
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "license": "mit",
    }
    own: dict[str, Any] = {}
    if recipe.kind == "classifier":
        own = {"num_classes": len(recipe.labels), "label_names": list(recipe.labels)}
        seen["num_classes"] = len(recipe.labels)
    elif recipe.kind != "finder":
        own = {"alphabet": recipe.alphabet}
        reading["widths"] = list(recipe.widths)
    if recipe.kind == "seq2seq":
        own["special_tokens"] = list(CharTokenizer.special)
    shape = {"architecture": recipe.architecture, **own, "model_args": recipe.model_args}
    return shape | {"pretrained_cfg": seen, "glyphzoo": reading}


def write(recipe: Recipe, network: nn.Module, folder: Path, **chosen: float | str) -> str:
    """Writes the folder; returns the SHA-256 of its weights, for the catalog."""
    digest = weights.save(network, folder)
    configure(folder, config(recipe, **chosen))
    return digest


def configure(folder: Path, values: dict[str, Any]) -> None:
    """Writes config.json."""
    with whole.file(folder / store.CONFIG) as part:
        part.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def transfer(network: nn.Module, folder: Path) -> float:
    """Loads the weights of a checkpoint that fit an altered network, by name and shape, to train it further.

    A network without an encoder takes the weights of the checkpoint's encoder.

    Returns:
        The share of the network's parameters that were loaded, 0…1.

    Raises:
        InputError: the file is missing or damaged.
    """
    own, kept = network.state_dict(), weights.read(folder)
    named = {name: kept.get(name, kept.get(f"encoder.{name}")) for name in own}
    same = {name: value for name, value in named.items() if value is not None and value.shape == own[name].shape}
    network.load_state_dict(same, strict=False)
    return float(sum(v.numel() for v in same.values()) / sum(v.numel() for v in own.values()))


def average(network: nn.Module, folder: Path) -> None:
    """Averages a network's weights with those of the checkpoint that it was fine-tuned from (Wortsman et al. 2022).

    Raises:
        InputError: the file is missing or damaged, or does not fit.
    """
    learned = {name: value.clone() for name, value in network.state_dict().items()}
    weights.load(network, folder)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value.lerp_(learned[name], 0.5)
