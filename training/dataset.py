"""Pictures on disk to batches for a network: the same preprocessing as the readers', and targets from the metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, Subset

from training.data.folder import ImageFolder, Row
from training.recipes import Recipe
from zoo import image
from zoo.text import CharTokenizer
from zoo.transformer import Encoder

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Example:
    """One picture as the network gets it: uint8 (H, W, 3), its text, its letters' boxes (n, 4) or (0, 4) if unknown."""

    pixels: np.ndarray
    text: str
    boxes: np.ndarray


class Captchas(Dataset[Example]):
    """The pictures of one or more folders, one after the other."""

    def __init__(self, folders: Sequence[ImageFolder], size: tuple[int, int], seed: int | None = None) -> None:
        self.folders, self.size, self.seed = folders, size, seed
        self.starts = np.cumsum([0, *map(len, folders)])
        self.texts = np.concatenate([folder.columns["text"] for folder in folders])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def _place(self, index: int) -> tuple[ImageFolder, int]:
        part = int(np.searchsorted(self.starts, index, "right")) - 1
        return self.folders[part], int(index - self.starts[part])

    def image(self, index: int) -> Image.Image:
        """The picture as it is on disk."""
        folder, place = self._place(index)
        return folder.image(place)

    def row(self, index: int) -> Row:
        """The picture's metadata."""
        folder, place = self._place(index)
        return folder.row(place)

    def __getitem__(self, index: int) -> Example:
        row = self.row(index)
        pixels, placement = image.fit(self.image(index), self.size)
        boxes = np.array(row.get("boxes", "").split(), np.float32).reshape(-1, 4)
        if self.seed is not None:
            pixels = recolour(np.random.default_rng((self.seed, index)), pixels)
        return Example(pixels, row["text"], placement.to_input(boxes))


def recolour(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Other colours for the same drawing: channels swapped, brightness and contrast changed, at times a negative."""
    table = np.arange(256, dtype=np.float32)
    if rng.random() < 0.3:
        table = 255 - table
    table = (table - 127.5) * rng.uniform(0.7, 1.15) + 127.5 + rng.uniform(-25, 25)
    return np.clip(table, 0, 255).astype(np.uint8)[pixels[..., rng.permutation(3)]]


def split(recipe: Recipe, data: Path) -> tuple[Captchas, np.ndarray, np.ndarray, np.ndarray]:
    """The recipe's pictures and the indices that train, validate and test.

    The study's protocol splits its pool at random, 90/10, and a tenth of the 90 validates. Otherwise the folders
    themselves are the split, validation after train, and there is no test part.
    """
    folders = [ImageFolder(data / name) for name in (*recipe.train, *recipe.validation)]
    pictures = Captchas(folders, recipe.input_size)
    if recipe.protocol:
        order = np.random.default_rng(recipe.seed).permutation(len(pictures))
        held_out = len(order) // 10
        return pictures, order[2 * held_out :], order[held_out : 2 * held_out], order[:held_out]
    border = int(pictures.starts[len(recipe.train)])
    return pictures, np.arange(border), np.arange(border, len(pictures)), np.arange(0)


def targets(recipe: Recipe, examples: Sequence[Example]) -> Batch:
    """What the network should answer.

    A classifier's `target` is float (B, classes): one-hot, or even for a picture of no class. A sequence reader's
    `tokens` are int (B, T + 1) with `<bos>` and `<eos>`, and its `region` is float (B, T, N): 1 at the cells of the
    encoder's grid that lie in the letter's box, 0 everywhere where no box is known.
    """
    if recipe.kind == "classifier":
        number = {label: i for i, label in enumerate(recipe.labels)}
        target = np.full((len(examples), len(number)), 1 / len(number), np.float32)
        for row, example in zip(target, examples, strict=True):
            if (label := number.get(example.text.lower())) is not None:
                row[:] = np.eye(len(number), dtype=np.float32)[label]
        return {"target": torch.from_numpy(target)}
    tokens = CharTokenizer(recipe.alphabet).batch([example.text for example in examples])
    tokens = np.insert(tokens, 0, CharTokenizer.bos, axis=1)
    region = np.stack([cells(example.boxes, tokens.shape[1] - 1, recipe.input_size) for example in examples])
    return {"tokens": torch.from_numpy(tokens), "region": torch.from_numpy(region)}


def cells(boxes: np.ndarray, length: int, size: tuple[int, int]) -> np.ndarray:
    """The cells of the encoder's grid whose centre lies in each box, at least the nearest: float (length, N)."""
    down, across = Encoder.stride
    rows, columns = -(-size[0] // down), -(-size[1] // across)
    y, x = (np.arange(rows) + 0.5) * down, (np.arange(columns) + 0.5) * across
    out = np.zeros((length, rows, columns), np.float32)
    for region, (left, top, right, bottom) in zip(out, boxes, strict=False):
        tall = (y >= top) & (y <= bottom) | (np.abs(y - (top + bottom) / 2) == np.abs(y - (top + bottom) / 2).min())
        wide = (x >= left) & (x <= right) | (np.abs(x - (left + right) / 2) == np.abs(x - (left + right) / 2).min())
        region[np.ix_(tall, wide)] = 1
    return out.reshape(length, -1)


def collate(examples: Sequence[Example], recipe: Recipe) -> Batch:
    pixels = np.stack([example.pixels for example in examples])
    batch = targets(recipe, examples)
    return batch | {"images": torch.from_numpy(image.normalise(pixels, recipe.mean, recipe.std))}


def epoch_indices(recipe: Recipe, texts: np.ndarray, train: np.ndarray, epoch: int) -> np.ndarray:
    """The pictures of one epoch, shuffled: the same for the same seed and epoch, also after a resume."""
    rng = np.random.default_rng((recipe.seed, epoch))
    if recipe.strangers:
        known = np.isin(np.char.lower(texts[train]), np.array(recipe.labels, "S"))
        share = recipe.strangers / (1 + recipe.strangers)
        strangers = rng.permutation(train[~known])[: int(recipe.samples * share)]
        return rng.permutation(
            np.concatenate([rng.permutation(train[known])[: recipe.samples - len(strangers)], strangers])
        )
    return rng.permutation(train)[: recipe.samples]


def loader(recipe: Recipe, pictures: Captchas, indices: np.ndarray, workers: int, **options: Any) -> DataLoader[Batch]:
    """Batches of the given pictures, in the given order."""
    return DataLoader(
        Subset(pictures, indices.tolist()),
        recipe.batch,
        num_workers=workers,
        collate_fn=partial(collate, recipe=recipe),
        **options,
    )
