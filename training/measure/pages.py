"""Pieces of letters' pages, and what each of their cells is part of: they teach a network to find fields and lines."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from training.data import letters
from training.data.folder import Drawing
from training.recipes import Recipe
from zoo.images import preprocess
from zoo.letter.finder import FIELDS, KINDS, LONG, cell_classes

Rng = np.random.Generator
Batch = dict[str, torch.Tensor]
Piece = tuple[np.ndarray, np.ndarray]  # uint8 pixels (H, W, 3) and cells (H / CELL, W / CELL)

DPI = 100, 150
SIZES = 0.75, 1.25  # of a page's longer side to LONG, the least and the most
EACH = 16  # pieces of a drawn page
TOGETHER = 16  # pages whose pieces are mixed


def piece(rng: Rng, picture: Image.Image, objects: Sequence[dict[str, Any]], size: tuple[int, int]) -> Piece:
    """A piece of a page at a size of its own, half of the time around one of its fields."""
    height, width = size
    scale = LONG * rng.uniform(*SIZES) / max(picture.size)
    fields = [one for one in objects if one["kind"].split()[0] in FIELDS]
    around = fields if fields and rng.random() < 0.5 else objects
    centre = np.mean(around[int(rng.integers(len(around)))]["box"], 0)
    reach = np.array([width, height]) / scale
    free = np.maximum(picture.size - reach, 0)
    start = np.clip(centre - reach * rng.uniform(0.1, 0.9, 2), 0, free)
    end = np.minimum(start + reach, picture.size)
    whole = np.empty((height, width, 3), np.uint8)
    small = [max(round(side), 1) for side in ((end - start) * scale).tolist()]
    seen = np.asarray(picture.resize(small, Image.Resampling.BILINEAR, box=(*start.tolist(), *end.tolist())))
    whole[:] = preprocess.border(seen)
    whole[: small[1], : small[0]] = seen[:height, :width]
    boxes = [((np.array(one["box"]) - start) * scale).astype(np.float32) for one in objects]
    return whole, cell_classes(boxes, [KINDS.index(one["kind"]) for one in objects], size)


def pieces(rng: Rng, drawn: Drawing, size: tuple[int, int], count: int) -> list[Piece]:
    """Some pieces of a drawn page."""
    picture, row = drawn
    objects = json.loads(str(row["objects"]))
    return [piece(rng, picture, objects, size) for _ in range(count)]


def collate(examples: Sequence[Piece], recipe: Recipe) -> Batch:
    """The network's input (B, 3, H, W), and of each cell 0 or 1 + its kind, (B, H / CELL, W / CELL)."""
    pixels, cells = (np.stack(part) for part in zip(*examples, strict=True))
    return {
        "images": torch.from_numpy(preprocess.normalise(pixels, recipe.mean, recipe.std)),
        "cells": torch.from_numpy(cells).long(),
    }


class Pieces(IterableDataset[Batch]):
    """Batches of one epoch of pages that are drawn while others are learned from; none is drawn twice."""

    def __init__(self, recipe: Recipe, epoch: int) -> None:
        self.recipe, self.epoch = recipe, epoch

    def __iter__(self) -> Iterator[Batch]:
        worker, recipe = get_worker_info(), self.recipe
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        (count,) = recipe.samples
        chunks = count // (TOGETHER * EACH)
        for number in range(self.epoch * chunks + first, (self.epoch + 1) * chunks, step):
            rng = np.random.default_rng((recipe.seed, number))
            found = []
            for index in range(number * TOGETHER, (number + 1) * TOGETHER):
                drawn = letters.draw(index, "train", "any", recipe.seed, DPI, recipe.extra)
                found += pieces(rng, drawn, recipe.input_size, EACH)
            order = rng.permutation(len(found))
            for start in range(0, len(order), recipe.batch):
                yield collate([found[i] for i in order[start : start + recipe.batch]], recipe)


class Kept(Dataset[list[Piece]]):
    """Pages on disk, always the same pieces of each."""

    def __init__(self, pictures: Any, indices: Sequence[int]) -> None:
        self.pictures, self.indices = pictures, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int) -> list[Piece]:
        index = int(self.indices[place])
        drawn = self.pictures.image(index), self.pictures.row(index)
        return pieces(np.random.default_rng(index), drawn, self.pictures.recipe.input_size, 2)


def validation(pictures: Any, indices: Sequence[int]) -> DataLoader[Batch]:
    """Batches of pieces of the pages that validate."""

    def together(pages: Sequence[list[Piece]]) -> Batch:
        return collate([one for page in pages for one in page], pictures.recipe)

    return DataLoader(Kept(pictures, indices), 8, collate_fn=together)
