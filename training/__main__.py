"""Train a network and write its checkpoint folder.

    python -m training captcha-resnet18 --data DIR

DIR holds the drawn sets (python -m training.data.captcha train --out DIR). The run is kept under --runs: the same
command goes on where a killed one stopped, on a CPU or a GPU.
"""

import argparse
import dataclasses
import os
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch import callbacks, loggers
from torch import nn
from torch.utils.data import DataLoader

from training import card, curves, dataset, evaluate, finetune
from training.calibrate import write_calibrated
from training.module import Reading
from training.recipes import NAMES, finetuning, recipe_of
from zoo import store
from zoo.errors import InputError

CHECKPOINTS = "checkpoints"  # folder of a run's results
LAST = "last"  # the run's checkpoint, with the optimiser's state, written after every epoch


class Pictures(lightning.LightningDataModule):
    """The recipe's train and validation batches; every epoch takes its own pictures."""

    def __init__(self, split: dataset.Split, workers: int, limit: int | None = None) -> None:
        super().__init__()
        self.recipe, self.pictures, self.workers = split.pictures.recipe, split.pictures, workers
        self.train, self.validation = split.train, split.validation
        if self.recipe.kind == "classifier":  # strangers are trained on, but have no right answer to score
            known = {label.encode() for label in self.recipe.labels}
            self.validation = self.validation[[t.lower() in known for t in self.pictures.texts[self.validation]]]
        if limit:
            self.train = tuple(part[:limit] for part in self.train)
            self.validation = np.concatenate(self.train)

    def epoch(self, number: int) -> list[list[tuple[int, int]]]:
        """The batches of an epoch."""
        indices = dataset.epoch_indices(self.recipe, self.pictures.texts, self.train, number)
        return dataset.batches(self.pictures, indices, seed=number)

    def train_dataloader(self) -> DataLoader[dataset.Batch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        fresh = dataset.Captchas(self.recipe, self.pictures.folders, seed=self.recipe.seed * 1000 + epoch)
        return dataset.loader(fresh, self.epoch(epoch), self.workers)

    def val_dataloader(self) -> DataLoader[dataset.Batch]:
        return dataset.loader(self.pictures, dataset.batches(self.pictures, self.validation), self.workers)


def fit(pictures: Pictures, run: Path, start: Path | None = None) -> nn.Module:
    """Train in the folder `run`, or go on there, at first from the weights of `start`; returns the network."""
    recipe = pictures.recipe
    lightning.seed_everything(recipe.seed, workers=True)
    torch.set_float32_matmul_precision("high")
    module = Reading(recipe, recipe.epochs * len(pictures.epoch(0))).to(memory_format=torch.channels_last)
    if start:
        store.load_weights(module.network, start)
    trainer = lightning.Trainer(
        default_root_dir=run,
        max_epochs=recipe.epochs,
        precision="bf16-mixed",
        reload_dataloaders_every_n_epochs=1,
        gradient_clip_val=1.0,
        log_every_n_steps=20,
        logger=[loggers.TensorBoardLogger(run, "tensorboard"), loggers.CSVLogger(run, "csv")],
        callbacks=[
            callbacks.ModelCheckpoint(run, LAST, save_top_k=1, enable_version_counter=False),
            callbacks.LearningRateMonitor("step"),
            callbacks.TQDMProgressBar(refresh_rate=20),
        ],
    )
    last = run / f"{LAST}.ckpt"
    trainer.fit(module, pictures, ckpt_path=last if last.exists() else None)
    curves.save(run)
    return module.network


def locate(name: str, runs: Path) -> Path:
    """The folder of a checkpoint that training starts from: of an earlier run, else of the zoo."""
    trained = runs / CHECKPOINTS / name
    return trained if trained.exists() else store.resolve(name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the sets (default: data)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept (default: runs)")
    parser.add_argument("--finetune", type=Path, help="an ImageFolder, or a zip of one, whose style is to be learned")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that load pictures")
    parser.add_argument(
        "--limit", type=int, help="train and validate on this many pictures only: it must learn them by heart"
    )
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    args = parser.parse_args()
    recipe = recipe_of(args.name)
    try:
        if args.finetune:
            recipe = finetuning(recipe, args.finetune, finetune.check(recipe, args.finetune))
        if args.epochs:
            recipe = dataclasses.replace(recipe, epochs=args.epochs)
        split = dataset.split(recipe, args.data)
        start = locate(recipe.start, args.runs) if recipe.start else None
    except (InputError, FileNotFoundError) as error:
        parser.error(f"{error}; see python -m training.data.captcha --help for the sets that are drawn")
    network = fit(Pictures(split, args.workers, args.limit), args.runs / recipe.name, start)
    folder = args.runs / CHECKPOINTS / recipe.name
    digest = write_calibrated(network, split.pictures, split.validation, args.workers, folder, start)
    if args.finetune and start:
        print(finetune.evaluate(folder, start, split))
    else:
        print(evaluate.evaluate(folder, args.data, args.runs))
    card.write(folder)
    print(f"{folder}: SHA-256 {digest}")


if __name__ == "__main__":
    main()
