"""How fast a stream of drawn pictures comes, beside how fast its network learns from them.

    python -m benchmarks.stream word-crnn

Three figures of one run: pictures a second that a process draws and frames, that the network learns from when they are
there already, and that it learns from while they are drawn; and the share of time that waiting for them costs.
"""

import argparse
import itertools
import os
import time
from collections.abc import Iterable

import torch

from training import dataset
from training.fit import fast_bfloat16
from training.module import Reading
from training.recipes import Recipe, recipe_of

BATCHES = 16


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


def measure(recipe: Recipe, workers: int, batches: int = BATCHES) -> dict[str, float]:
    """Pictures a second: drawn by one process, learned from, learned from while they are drawn; the share waited."""
    start = time.perf_counter()
    ready = list(itertools.islice(dataset.streamed(recipe, 0, 0), batches))
    pictures = sum(len(batch["images"]) for batch in ready)
    # a stream draws a chunk at a time: what was drawn is all of it
    drawn = -(-pictures // dataset.CHUNK) * dataset.CHUNK / (time.perf_counter() - start)
    module = Reading(recipe, batches).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(module.parameters(), 1e-4)
    seconds(ready[:2], module, optimizer)  # warms up
    alone, count = seconds(ready, module, optimizer)
    stream = iter(dataset.streamed(recipe, 0, workers))
    next(stream)  # its processes have begun, and their first chunk is there
    together, counted = seconds(itertools.islice(stream, 2 * batches), module, optimizer)
    return {
        "drawn": drawn,
        "learned from": count / alone,
        "learned from while they are drawn": counted / together,
        "waited": max(1 - (counted / together) / (count / alone), 0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__.split("\n")[0])
    parser.add_argument("name", nargs="?", default="word-crnn", help="a recipe with a stream")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that draw (default: the cores)")
    args = parser.parse_args()
    found = measure(recipe_of(args.name), args.workers)
    print(f"{found['drawn']:.0f} pictures a second are drawn by one process")
    for name in ("learned from", "learned from while they are drawn"):
        print(f"{found[name]:.0f} a second are {name}")
    print(f"{found['waited']:.1%} of the time is lost to drawing")


if __name__ == "__main__":
    main()
