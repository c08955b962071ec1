"""Pictures on disk to batches for a network: the same preprocessing as the readers', and targets from the metadata."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info
from tqdm import tqdm

from training.data import lines, words
from training.data.folder import Drawing, ImageFolder, Row
from training.measure import pages
from training.recipes import Recipe
from zoo import cores
from zoo.images import ink, preprocess
from zoo.networks.seq2seq import Grid
from zoo.readers import crnn
from zoo.text.alphabets import CharTokenizer

Batch = dict[str, torch.Tensor]
Indices = npt.NDArray[np.int64]
Key = tuple[int, int, int]  # a picture's index, the width of its batch's input, its turn in the epoch


@dataclass(frozen=True)
class Example:
    """One picture as the network gets it."""

    pixels: np.ndarray  # uint8 (H, W, 3)
    text: str  # what it shows, or the name of its class
    boxes: np.ndarray  # of its letters, (n, 4), or (0, 4) if unknown


class Captchas(Dataset[Example]):
    """The pictures of one or more folders, one after the other.

    An item is asked for by a Key.
    """

    def __init__(self, recipe: Recipe, folders: Sequence[ImageFolder], seed: int | None = None) -> None:
        self.recipe, self.folders, self.seed = recipe, folders, seed
        self.starts = np.cumsum([0, *map(len, folders)])
        self.texts = np.concatenate([folder.columns[recipe.named_by] for folder in folders])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def _place(self, index: int) -> tuple[ImageFolder, int]:
        part = int(np.searchsorted(self.starts, index, "right")) - 1
        return self.folders[part], int(index - self.starts[part])

    def within(self, indices: Indices, folder: str) -> npt.NDArray[np.bool_]:
        """Which of the pictures are of that one of the recipe's folders."""
        part = self.recipe.folders.index(folder)
        return (indices >= self.starts[part]) & (indices < self.starts[part + 1])

    def image(self, index: int) -> Image.Image:
        """The picture as it is on disk."""
        folder, place = self._place(index)
        return folder.image(place)

    def row(self, index: int) -> Row:
        """The picture's metadata."""
        folder, place = self._place(index)
        return folder.row(place)

    def widths(self, indices: Indices) -> Indices:
        """The width of the input that each picture fits into; a sequence reader's is found by looking at every one."""
        if self.recipe.kind == "classifier":
            return np.full(len(indices), self.recipe.input_size[1])
        least, most = self.recipe.widths
        if least == most:
            return np.full(len(indices), most)
        # not a pool: that would send the whole table to a worker with every task
        loader = DataLoader(Widths(self), 256, sampler=indices, num_workers=cores.available(), collate_fn=list)
        return np.concatenate(list(tqdm(loader, "widths")))

    def __getitem__(self, key: Key) -> Example:
        index, width, turn = key
        row, picture = self.row(index), self.image(index)
        boxes = np.array(row.get("boxes", "").split(), np.float32).reshape(-1, 4)
        rng = None if self.seed is None else np.random.default_rng((self.seed, index, turn))
        if rng and self.recipe.jitter:
            picture, boxes = jitter(rng, picture, boxes)
        if self.recipe.ink:
            pixels, placement = ink.fit(picture, self.recipe.input_size)
        else:
            box, (height, _) = self.recipe.frame(picture)
            pixels, placement = preprocess.fit(picture, (height, width), box)
        if rng and self.recipe.recolour:
            pixels = recolour(rng, pixels)
        return Example(pixels, row[self.recipe.named_by], placement.to_input(boxes))


class Widths(Dataset[int]):
    """The width of the input that each of the pictures fits into."""

    def __init__(self, pictures: Captchas) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> int:
        _, (_, width) = self.pictures.recipe.frame(self.pictures.image(index))
        return width


def jitter(rng: np.random.Generator, picture: Image.Image, boxes: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The picture and its letters' boxes moved, scaled and slanted a little, on its own border colour."""
    size = np.array(picture.size)
    scale, slant = rng.uniform(0.85, 1.06, 2), rng.normal(0, 0.06)
    matrix = np.array([[scale[0], slant], [0.0, scale[1]]])
    shift = size / 2 - matrix @ (size / 2) + rng.uniform(-0.04, 0.04, 2) * size
    inverse = np.linalg.inv(matrix)
    back = -inverse @ shift
    moved = picture.transform(
        picture.size,
        Image.Transform.AFFINE,
        (*inverse[0], back[0], *inverse[1], back[1]),
        Image.Resampling.BILINEAR,
        fillcolor=tuple(preprocess.border(np.asarray(picture)).tolist()),
    )
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2) @ matrix.T + shift
    corners = corners.reshape(-1, 4, 2)
    return moved, np.concatenate([corners.min(1), corners.max(1)], axis=1).astype(np.float32)


def recolour(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Other colours for the same drawing: channels swapped, brightness and contrast changed, at times a negative.

    Nothing is clipped, so that a letter hardly darker than white paper stays one.
    """
    ends = rng.uniform(0, 40), rng.uniform(215, 255)
    table = np.linspace(*(ends if rng.random() < 0.7 else ends[::-1]), 256)
    return table.astype(np.uint8)[pixels[..., rng.permutation(3)]]


@dataclass(frozen=True)
class Split:
    """A recipe's pictures, and the indices that train (for each folder its own), validate and test."""

    pictures: Captchas
    train: tuple[Indices, ...]
    validation: Indices
    test: Indices


def split(recipe: Recipe, data: Path) -> Split:
    """The recipe's pictures under `data`, split for good.

    The study's protocol splits its pool at random, 90/10, and a tenth of the 90 validates. Otherwise a folder trains or
    validates as the recipe says, a tenth of one that does both validates, and there is no test part.
    """
    pictures = Captchas(recipe, [ImageFolder(data / name) for name in recipe.folders])
    rng = np.random.default_rng(recipe.seed)
    if recipe.protocol:
        order = rng.permutation(len(pictures))
        held_out = len(order) // 10
        return Split(pictures, (order[2 * held_out :],), order[held_out : 2 * held_out], order[:held_out])
    parts: dict[str, Indices] = {
        name: np.arange(start, end)
        for name, start, end in zip(recipe.folders, pictures.starts, pictures.starts[1:], strict=False)
    }
    validation = {name: parts[name] for name in recipe.validation}
    for name in (name for name in recipe.train if name in recipe.validation):  # in order: a set's differs by process
        order = rng.permutation(parts[name])
        validation[name], parts[name] = np.split(order, [max(len(order) // 10, 1)])
    train = tuple(parts[name] for name in recipe.train)
    return Split(pictures, train, np.concatenate(list(validation.values())), np.arange(0))


def targets(recipe: Recipe, examples: Sequence[Example]) -> Batch:
    """What the network should answer.

    A classifier's `target` is float (B, classes): one-hot, or even for a picture of no class. A sequence reader's
    `tokens` are int (B, T + 1) with `<bos>` and `<eos>`, and its `region` is float (B, T, N): 1 at the cells of the
    encoder's grid that lie in the letter's box, 0 everywhere where no box is known. For CTC `symbols` are those of all
    texts, int (S,), one after the other, and `lengths` how many each has, (B,).
    """
    if recipe.kind == "crnn":
        symbols = [crnn.encode(example.text, recipe.alphabet, recipe.right_to_left) for example in examples]
        return {
            "symbols": torch.tensor([symbol for text in symbols for symbol in text], dtype=torch.int64),
            "lengths": torch.tensor([len(text) for text in symbols]),
        }
    if recipe.kind == "classifier":
        number = {label.lower(): i for i, label in enumerate(recipe.labels)}
        target = np.full((len(examples), len(number)), 1 / len(number), np.float32)
        for row, example in zip(target, examples, strict=True):
            if (label := number.get(example.text.lower())) is not None:
                row[:] = np.eye(len(number), dtype=np.float32)[label]
        return {"target": torch.from_numpy(target)}
    tokens = CharTokenizer(recipe.alphabet).batch([example.text for example in examples])
    tokens = np.insert(tokens, 0, CharTokenizer.bos, axis=1)
    length, grid = tokens.shape[1] - 1, recipe.grid
    region = np.stack([cells(example.boxes, length, example.pixels.shape[:2], grid) for example in examples])
    return {"tokens": torch.from_numpy(tokens), "region": torch.from_numpy(region)}


def cells(boxes: np.ndarray, length: int, size: tuple[int, int], grid: Grid) -> np.ndarray:
    """The cells of an encoder's grid whose centre lies in each box, at least the nearest: float (length, N)."""
    rows, columns = grid.shape(size)
    y, x = (np.arange(rows) + 0.5) * grid.down, (np.arange(columns) + 0.5) * grid.across
    out = np.zeros((length, rows, columns), np.float32)
    for region, (left, top, right, bottom) in zip(out, boxes, strict=False):
        tall = (y >= top) & (y <= bottom) | (np.abs(y - (top + bottom) / 2) == np.abs(y - (top + bottom) / 2).min())
        wide = (x >= left) & (x <= right) | (np.abs(x - (left + right) / 2) == np.abs(x - (left + right) / 2).min())
        region[np.ix_(tall, wide)] = 1
    return out.reshape(length, -1)


def collate(examples: Sequence[Example], recipe: Recipe) -> Batch:
    pixels = np.stack([example.pixels for example in examples])
    batch = targets(recipe, examples)
    return batch | {"images": torch.from_numpy(preprocess.normalise(pixels, recipe.mean, recipe.std))}


def answerable(recipe: Recipe, texts: np.ndarray) -> npt.NDArray[np.bool_]:
    """Which texts, UTF-8 (n,), the recipe's network can answer: a classifier its labels, a sequence reader any."""
    if recipe.kind == "classifier":
        return np.isin(np.char.lower(texts), [label.lower().encode() for label in recipe.labels])
    return np.asarray(texts != b"")


def epoch_indices(recipe: Recipe, texts: np.ndarray, train: Sequence[Indices], epoch: int) -> Indices:
    """The pictures of one epoch, shuffled: the same for the same seed and epoch, also after a resume."""
    rng = np.random.default_rng((recipe.seed, epoch))
    groups = list(zip(train, recipe.samples, strict=True))
    if recipe.outliers:
        ((every, samples),) = groups
        known = answerable(recipe, texts[every])
        outliers = int(samples * recipe.outliers / (1 + recipe.outliers))
        groups = [(every[known], samples - outliers), (every[~known], outliers)]
    if recipe.balanced:
        ((every, samples),) = groups
        classes = np.char.upper(texts[every])
        names = np.unique(classes)
        groups = [(every[classes == name], samples // len(names)) for name in names]
    return rng.permutation(np.concatenate([_take(rng, group, count) for group, count in groups]))


def _take(rng: np.random.Generator, group: Indices, count: int) -> Indices:
    """That many of a group in random order; each comes once before any comes again."""
    times = max(-(-count // len(group)), 1)
    return np.concatenate([rng.permutation(group) for _ in range(times)])[:count]


def batches(pictures: Captchas, indices: Indices, seed: int | None = None) -> list[list[Key]]:
    """Batches of like width, so that little is padded. A picture that comes twice is changed anew at its next turn.

    Args:
        pictures: that the indices are of.
        indices: (n,).
        seed: of the order of the batches; None to keep the narrow ones first.
    """
    widths = pictures.widths(indices)
    order, size = np.argsort(widths, kind="stable"), pictures.recipe.batch
    cut = [order[i : i + size] for i in range(0, len(order), size)]
    if seed is not None:
        cut = [cut[i] for i in np.random.default_rng(seed).permutation(len(cut))]
    return [[(int(indices[turn]), int(widths[part].max()), int(turn)) for turn in part] for part in cut]


STREAMS: dict[str, Callable[..., Drawing]] = {  # each draws the picture of an index and a seed
    "words": partial(words.draw_any, split="train"),
    "persian-lines": partial(lines.draw, split="train", write=lines.taught_text),
}
CHUNK = 1_024  # pictures that are drawn, and sorted by their width, at once


class Stream(IterableDataset[Batch]):
    """Batches of one epoch of pictures that are drawn while others are learned from; none is drawn twice.

    With several workers each has chunks of its own, and their batches come in turn.
    """

    def __init__(self, recipe: Recipe, epoch: int) -> None:
        self.recipe, self.epoch = recipe, epoch

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        (count,) = self.recipe.samples
        for number in range(first, count // CHUNK, step):
            yield from self._chunk(self.epoch * (count // CHUNK) + number)

    def _chunk(self, number: int) -> Iterator[Batch]:
        recipe, draw = self.recipe, STREAMS[self.recipe.stream]
        if recipe.extra:
            draw = partial(draw, extra=recipe.extra)
        rng = np.random.default_rng((recipe.seed, number))
        drawn = [draw(number * CHUNK + i, seed=recipe.seed) for i in range(CHUNK)]
        framed = sorted(
            ((recipe.frame(picture), i) for i, (picture, _) in enumerate(drawn)), key=lambda one: one[0][1][1]
        )
        cut = [framed[i : i + recipe.batch] for i in range(0, CHUNK, recipe.batch)]
        for place in rng.permutation(len(cut)):
            (_, size), _ = cut[place][-1]  # the widest
            examples = []
            for (box, _), i in cut[place]:
                picture, row = drawn[i]
                pixels, placed = preprocess.fit(picture, size, box)
                boxes = np.array(str(row["boxes"]).split(), np.float32).reshape(-1, 4)
                examples.append(
                    Example(
                        recolour(rng, pixels) if recipe.recolour else pixels, str(row["text"]), placed.to_input(boxes)
                    )
                )
            yield collate(examples, recipe)


def step_back(_: int) -> None:
    """Gives a data-loading worker Linux's idle priority, so that it runs only on cores that training leaves free.

    `nice` is not enough: a worker would finish its time slice of some milliseconds while a training thread waits.
    """
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def streamed(recipe: Recipe, epoch: int, workers: int) -> DataLoader[Batch]:
    """The batches of an epoch of the recipe's stream; each worker draws its next chunk while one is learned from."""
    stream = pages.Pieces(recipe, epoch) if recipe.kind == "finder" else Stream(recipe, epoch)
    ahead = {"multiprocessing_context": "forkserver", "prefetch_factor": CHUNK // recipe.batch} if workers else {}
    return DataLoader(stream, batch_size=None, num_workers=workers, worker_init_fn=step_back, **ahead)


def loader(pictures: Captchas, batched: Sequence[Sequence[Key]], workers: int) -> DataLoader[Batch]:
    """The given batches, in the given order."""
    return DataLoader(
        pictures,
        batch_sampler=batched,
        num_workers=workers,
        collate_fn=partial(collate, recipe=pictures.recipe),
        # not forked: workers would keep all the memory that this process had when they began
        multiprocessing_context="forkserver" if workers else None,
        worker_init_fn=step_back,
    )


def probabilities(network: nn.Module, pictures: Captchas, indices: Indices, workers: int) -> np.ndarray:
    """A classifier's probabilities, float32 (n, classes), for the pictures of some indices, narrow ones first."""
    network.eval()
    with torch.inference_mode():
        batched = loader(pictures, batches(pictures, indices), workers)
        return np.concatenate([network(batch["images"]).softmax(1).numpy() for batch in batched])
