"""Temperature and threshold of a trained network, chosen on validation images."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

import zoo
from training import checkpoint, dataset
from training.recipes import Recipe
from zoo.calibration import fit_temperature, negative_log_likelihood, threshold
from zoo.text import CharTokenizer


def write_calibrated(
    recipe: Recipe, network: nn.Module, pictures: dataset.Captchas, validation: np.ndarray, workers: int, folder: Path
) -> str:
    """Writes the checkpoint folder with both; returns the SHA-256 of the weights."""
    network.eval()
    logits, target = validation_logits(recipe, network, pictures, validation, workers)
    temperature = fit_temperature(lambda t: negative_log_likelihood(logits, target, t))
    digest = checkpoint.write(recipe, network, folder, temperature=temperature)
    reader = zoo.load(folder)
    texts = [i for i in validation if pictures.texts[i]]
    sure = [reader.read([pictures.picture(i)])[0].confidence for i in texts]
    checkpoint.write(recipe, network, folder, temperature=temperature, threshold=threshold(sure))
    return digest


def validation_logits(
    recipe: Recipe, network: nn.Module, pictures: dataset.Captchas, validation: np.ndarray, workers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) and targets (n,): of the pictures, or of every true token given those before it."""
    logits, target = [], []
    with torch.inference_mode():
        for batch in dataset.loader(recipe, pictures, validation, workers):
            if recipe.kind == "classifier":
                logits.append(network(batch["images"]).numpy())
                target.append(batch["target"].argmax(1).numpy())
            else:
                wanted = batch["tokens"][:, 1:]
                real = wanted != CharTokenizer.pad
                logits.append(network(batch["images"], batch["tokens"][:, :-1])[0][real].numpy())
                target.append(wanted[real].numpy())
    return np.concatenate(logits), np.concatenate(target)
