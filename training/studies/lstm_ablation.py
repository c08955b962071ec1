"""What context is worth to a reader: a CNN alone, with a left-to-right LSTM, and with a bidirectional LSTM.

    python -m training.data.words tests --out DIR    and validation
    python -m training.studies.lstm_ablation --data DIR --runs RUNS

All three start from one CNN that was trained without an LSTM. They see the same drawn pictures in the same order, fewer
than word-crnn saw. The LSTM adds to each frame's logits; its output layer starts at zero. In word-crnn the LSTM stands
between the CNN and the output layer: that takes many times as long to train. The best path is measured, without a
language model, which would add context of its own. Trained networks are kept under RUNS and used again.

Left in --out: study.json.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor, nn

from training.data import options
from training.data.folder import ImageFolder
from training.learn import checkpoint, dataset
from training.learn.fit import Pictures, fit, locate
from training.learn.module import greedy
from training.measure.metrics import wilson
from training.measure.report import dump, rounded
from training.measure.spelling import error_rates
from training.recipes import Recipe, recipe_of
from zoo.hub import store
from zoo.networks.crnn import CRNN
from zoo.text.normalise import plain

NAME = "word-crnn-first"
NETWORKS = {"no LSTM": 0, "an LSTM from the left": 1, "LSTMs both ways": 2}  # directions
CNN = "lstm-ablation-cnn"
CNN_SAMPLES, SAMPLES = 50 * dataset.CHUNK, 40 * dataset.CHUNK
TEST = "words-test"
STROKES = frozenset("iIl1|!")  # characters that are one stroke, which only those beside them tell apart
OUT = Path(__file__).parents[2] / "demos" / "results" / "lstm_ablation"


class Beside(CRNN):
    """A CNN to whose frames' logits an LSTM adds what it has read beside them.

    Args:
        symbols: as CRNN's.
        directions: in which the LSTM reads: 0 for none, 1 (from the left) or 2.
        width, hidden, layers, dropout: as CRNN's.
    """

    def __init__(
        self, symbols: int, directions: int, width: int = 256, hidden: int = 256, layers: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__(symbols, width=width, layers=0, dropout=dropout)
        self.context: nn.LSTM | None = None
        if directions:
            kept = {"batch_first": True, "dropout": dropout * (layers > 1), "bidirectional": directions == 2}
            self.context = nn.LSTM(width, hidden, layers, **kept)
            self.added = nn.Linear(hidden * directions, symbols)
            nn.init.zeros_(self.added.weight)
            nn.init.zeros_(self.added.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to the logits of their frames (B, T, symbols)."""
        seen = self.look(images)
        logits: Tensor = self.head(seen)
        return logits if self.context is None else logits + self.added(self.context(seen)[0])


def texts(network: nn.Module, pictures: dataset.Captchas, workers: int) -> list[tuple[str, str]]:
    """What the network's best path spells in each picture, and what is printed there."""
    alphabet, found = pictures.recipe.alphabet, []
    every = np.arange(len(pictures))
    with torch.inference_mode():
        for batch in dataset.loader(pictures, dataset.batches(pictures, every), workers):
            read, _ = greedy(network.eval()(batch["images"]), batch["symbols"], batch["lengths"])
            true = batch["symbols"].split(batch["lengths"].tolist())
            for pair in zip(read, true, strict=True):
                spelled, printed = ("".join(alphabet[int(symbol) - 1] for symbol in text) for text in pair)
                found.append((spelled, printed))
    return found


def mistaken(found: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """How many of the STROKES were read as another of them, and how many there are."""
    places = sum(character in STROKES for _, printed in found for character in printed)
    edits = [(spelled, printed, edit) for spelled, printed in found for edit in Levenshtein.editops(printed, spelled)]
    taken = sum(
        edit.tag == "replace" and {printed[edit.src_pos], spelled[edit.dest_pos]} <= STROKES
        for spelled, printed, edit in edits
    )
    return taken, places


def measured(title: str, found: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A line of the table."""
    read, true = ([plain(text) for text in column] for column in zip(*found, strict=True))
    hits = sum(a == b for a, b in zip(read, true, strict=True))
    cer = error_rates(TEST, read, true)[0]
    taken, places = mistaken(found)
    return {
        "name": title,
        "accuracy": hits / len(found),
        "interval": wilson(hits, len(found)),
        "cer": cer.value,
        "cer_interval": cer.interval,
        "strokes": taken / max(places, 1),
        "strokes_interval": wilson(taken, places),
        "places": places,
        "images": len(found),
    }


def variant(title: str) -> Recipe:
    """The recipe of one of NETWORKS."""
    whole = recipe_of(NAME)
    name = f"lstm-ablation-{'-'.join(title.split())}"
    return replace(whole, name=name, epochs=1, samples=(SAMPLES,), start=CNN, seed=whole.seed + 1)


def cnn() -> Recipe:
    """The recipe of the CNN that all of them go on from."""
    whole = recipe_of(NAME)
    return replace(variant("no LSTM"), name=CNN, samples=(CNN_SAMPLES,), start=whole.start, seed=whole.seed)


def fitted(recipe: Recipe, directions: int, args: argparse.Namespace) -> nn.Module:
    """The network of a recipe."""
    pictures = Pictures(dataset.split(recipe, args.data), args.workers)
    network = Beside(1 + len(recipe.alphabet), directions, **recipe.model_args)
    if recipe.start:
        checkpoint.transfer(network, locate(recipe.start, args.runs))
    return fit(pictures, args.runs / "lstm-ablation" / recipe.name, network=network)


def main() -> None:
    args = options.parser(
        "training.studies.lstm_ablation", __doc__, "data", "runs", "workers", "out", out=OUT
    ).parse_args()
    start = fitted(cnn(), 0, args)
    start.head = nn.Identity()  # all three begin with a new one
    checkpoint.write(cnn(), start, args.runs / store.CHECKPOINTS.name / CNN, temperature=1.0, threshold=0.0)
    rows = []
    for title, directions in NETWORKS.items():
        recipe = variant(title)
        test = dataset.Captchas(recipe, [ImageFolder(args.data / TEST)])
        rows.append(measured(title, texts(fitted(recipe, directions, args), test, args.workers)))
    study = {"networks": rows, "samples": SAMPLES, "cnn_samples": CNN_SAMPLES}
    dump(args.out / "study.json", rounded(study))
    for row in rows:
        print(
            f"{row['name']:22} word accuracy {row['accuracy']:.4f}  CER {row['cer']:.4f}  strokes {row['strokes']:.4f}"
        )


if __name__ == "__main__":
    main()
