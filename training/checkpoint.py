"""A trained network as a checkpoint folder: config.json and model.safetensors, in timm's Hub layout for classifiers."""

import json
from pathlib import Path
from typing import Any

from torch import nn

from training.recipes import Recipe
from zoo import store
from zoo.text import CharTokenizer


def config(recipe: Recipe, temperature: float = 1.0, threshold: float = 0.0) -> dict[str, Any]:
    """What config.json says: enough to build the network and to prepare its input."""
    height, width = recipe.input_size
    reading = {"kind": recipe.kind, "temperature": temperature, "threshold": threshold}
    seen = {
        "input_size": [3, height, width],
        "mean": list(recipe.mean),
        "std": list(recipe.std),
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "license": "mit",
    }
    if recipe.kind == "classifier":
        return {
            "architecture": recipe.architecture,
            "num_classes": len(recipe.labels),
            "label_names": list(recipe.labels),
            "model_args": recipe.model_args,
            "pretrained_cfg": seen | {"num_classes": len(recipe.labels)},
            "glyphzoo": reading | {"explained_layer": "layer3"},
        }
    return {
        "architecture": recipe.architecture,
        "alphabet": recipe.alphabet,
        "special_tokens": list(CharTokenizer.special),
        "model_args": recipe.model_args,
        "pretrained_cfg": seen,
        "glyphzoo": reading,
    }


def write(recipe: Recipe, network: nn.Module, folder: Path, **calibration: float) -> str:
    """Writes the folder; returns the SHA-256 of its weights, for the catalog."""
    digest = store.save(network, folder)
    text = json.dumps(config(recipe, **calibration), indent=2, ensure_ascii=False) + "\n"
    (folder / store.CONFIG).write_text(text, encoding="utf-8")
    return digest
