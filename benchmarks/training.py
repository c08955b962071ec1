"""How fast a network's training pictures come, beside how fast it learns from them.

    python -m benchmarks.training word-crnn captcha-resnet18 --data data

Three figures of one run: pictures a second that a process draws, or reads from the disk and changes, and frames; that
the network learns from when they are there already; and that it learns from while they come; and the share of time that
waiting for them costs. The last three are medians of rounds that come in turn.
"""

import itertools
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from training.data import options
from training.learn import dataset
from training.learn.fit import fast_bfloat16
from training.learn.module import Reading
from training.recipes import Recipe, recipe_of

BATCHES = 16
ROUNDS = 7


def coming(recipe: Recipe, data: Path, workers: int) -> Iterable[dataset.Batch]:
    """The batches of a first epoch."""
    if recipe.stream:
        return dataset.streamed(recipe, 0, workers)
    split = dataset.split(recipe, data)
    pictures = dataset.Captchas(recipe, split.pictures.folders, seed=0)
    indices = dataset.epoch_indices(recipe, pictures.texts, split.train, 0)[: 8 * BATCHES * recipe.batch]
    return dataset.loader(pictures, dataset.batches(pictures, indices, seed=0), workers)


def seconds(batches: Iterable[dataset.Batch], module: Reading, optimizer: torch.optim.Optimizer) -> tuple[float, int]:
    """Seconds that learning from batches takes, and how many pictures they hold."""
    count, start = 0, time.perf_counter()
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16(module.recipe.architecture)):
            loss, _ = module.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        count += len(batch["images"])
    return time.perf_counter() - start, count


def measure(recipe: Recipe, data: Path, workers: int, batches: int = BATCHES, rounds: int = ROUNDS) -> dict[str, float]:
    """Pictures a second: made by one process, learned from, learned from while they are made; the share waited."""
    start = time.perf_counter()
    ready = list(itertools.islice(coming(recipe, data, 0), batches))
    pictures = sum(len(batch["images"]) for batch in ready)
    # a stream draws a chunk at a time: what was drawn is all of it
    chunk = dataset.CHUNK if recipe.stream else 1
    made = -(-pictures // chunk) * chunk / (time.perf_counter() - start)
    module = Reading(recipe, batches).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(module.parameters(), 1e-4)
    seconds(ready[:2], module, optimizer)  # warms up
    rates = []
    for _ in range(rounds):  # in turn: a machine is faster at one time than at another
        alone, count = seconds(ready, module, optimizer)
        stream = iter(coming(recipe, data, workers))
        next(stream)  # its processes have begun, and their first pictures are there
        together, counted = seconds(itertools.islice(stream, batches), module, optimizer)
        del stream  # ends its processes
        rates.append((count / alone, counted / together))
    alone, together = np.median(rates, axis=0).tolist()
    waited = float(np.median([1 - second / first for first, second in rates]))
    return {
        "made": made,
        "learned from": alone,
        "learned from while they are made": together,
        "waited": max(waited, 0),
    }


def main() -> None:
    parser = options.parser("benchmarks.training", __doc__, "data", "workers")
    parser.add_argument("names", nargs="*", default=["word-crnn"], help="recipes (default: word-crnn)")
    args = parser.parse_args()
    for name in args.names:
        found = measure(next(iter(recipe_of(name).steps.values())), args.data, args.workers)
        print(f"{name}: {found['made']:.0f} pictures a second are made by one process")
        for what in ("learned from", "learned from while they are made"):
            print(f"{name}: {found[what]:.0f} a second are {what}")
        print(f"{name}: {found['waited']:.1%} of the time is lost to waiting")


if __name__ == "__main__":
    main()
