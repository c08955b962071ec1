"""Train a network and write its checkpoint folder.

    python -m training captcha-resnet18 --data DIR

DIR holds the drawn sets (python -m training.data.captcha train --out DIR). The run is kept under --runs: the same
command goes on where a killed one stopped, on a CPU or a GPU.
"""

import argparse
import os
from pathlib import Path

import lightning
import torch
from lightning.pytorch import callbacks, loggers
from torch.utils.data import DataLoader

from training import card, curves, dataset, evaluate
from training.calibrate import write_calibrated
from training.module import Reading
from training.recipes import Recipe, recipes

LAST = "last"  # the run's checkpoint, with the optimiser's state, written after every epoch


class Pictures(lightning.LightningDataModule):
    """The recipe's train and validation batches; every epoch takes its own pictures."""

    def __init__(self, recipe: Recipe, data: Path, workers: int, limit: int | None = None) -> None:
        super().__init__()
        self.recipe, self.workers = recipe, workers
        self.pictures, self.train, self.validation, self.test = dataset.split(recipe, data)
        if recipe.kind == "classifier":  # strangers are trained on, but have no right answer to score
            known = {label.encode() for label in recipe.labels}
            self.validation = self.validation[[t.lower() in known for t in self.pictures.texts[self.validation]]]
        if limit:
            self.train, self.validation = self.train[:limit], self.train[:limit]

    def train_dataloader(self) -> DataLoader[dataset.Batch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        fresh = dataset.Captchas(self.pictures.folders, self.recipe.input_size, seed=self.recipe.seed * 1000 + epoch)
        indices = dataset.epoch_indices(self.recipe, self.pictures.texts, self.train, epoch)
        return dataset.loader(self.recipe, fresh, indices, self.workers, drop_last=len(indices) >= self.recipe.batch)

    def val_dataloader(self) -> DataLoader[dataset.Batch]:
        return dataset.loader(self.recipe, self.pictures, self.validation, self.workers)


def fit(recipe: Recipe, pictures: Pictures, run: Path) -> Reading:
    """Train, or go on training, in the folder `run`; returns the module with its final weights."""
    lightning.seed_everything(recipe.seed, workers=True)
    torch.set_float32_matmul_precision("high")
    samples = len(dataset.epoch_indices(recipe, pictures.pictures.texts, pictures.train, 0))
    steps = recipe.epochs * max(samples // recipe.batch, 1)
    module = Reading(recipe, steps).to(memory_format=torch.channels_last)
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
    return module


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=sorted(recipes()))
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the drawn sets (default: data)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept (default: runs)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that load pictures")
    parser.add_argument(
        "--limit", type=int, help="train and validate on this many pictures only: it must learn them by heart"
    )
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    args = parser.parse_args()
    recipe = recipes()[args.name]
    if args.epochs:
        recipe = Recipe(**(recipe.__dict__ | {"epochs": args.epochs}))
    for name in recipe.train:
        if not (args.data / name / "metadata.csv").exists():
            parser.error(
                f"{args.data / name} is missing; run: python -m training.data.captcha {name} --out {args.data}"
            )
    pictures, run = Pictures(recipe, args.data, args.workers, args.limit), args.runs / recipe.name
    network = fit(recipe, pictures, run).network
    curves.save(run)
    folder = args.runs / "checkpoints" / recipe.name
    digest = write_calibrated(recipe, network, pictures.pictures, pictures.validation, args.workers, folder)
    print(evaluate.evaluate(folder, args.data, args.runs))
    card.write(folder)
    print(f"{folder}: SHA-256 {digest}")


if __name__ == "__main__":
    main()
