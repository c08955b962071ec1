"""A recipe's training: batches of each epoch, Lightning's trainer, curves; it goes on where a killed one stopped."""

from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch import callbacks, loggers
from torch import nn
from torch.utils.data import DataLoader

from training import curves, dataset
from training.module import Reading
from zoo import store, weights

STARTS = Path(__file__).parent / "starts"  # networks after a step of a training in steps
LAST = "last"  # the run's checkpoint, with the optimiser's state, written after every epoch


class Pictures(lightning.LightningDataModule):
    """The recipe's train and validation batches; every epoch takes its own pictures."""

    def __init__(self, split: dataset.Split, workers: int, limit: int | None = None) -> None:
        super().__init__()
        self.recipe, self.pictures, self.workers = split.pictures.recipe, split.pictures, workers
        self.train, self.validation = split.train, split.validation
        # blank paper and strangers are trained on, but have no right answer to score
        self.validation = self.validation[dataset.answerable(self.recipe, self.pictures.texts[self.validation])]
        if limit:
            self.train = tuple(part[:limit] for part in self.train)
            self.validation = np.concatenate(self.train)

    def epoch(self, number: int) -> dataset.Indices:
        """The pictures of an epoch."""
        return dataset.epoch_indices(self.recipe, self.pictures.texts, self.train, number)

    def train_dataloader(self) -> DataLoader[dataset.Batch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        fresh = dataset.Captchas(self.recipe, self.pictures.folders, seed=self.recipe.seed * 1000 + epoch)
        return dataset.loader(fresh, dataset.batches(fresh, self.epoch(epoch), seed=epoch), self.workers)

    def val_dataloader(self) -> DataLoader[dataset.Batch]:
        return dataset.loader(self.pictures, dataset.batches(self.pictures, self.validation), self.workers)


def locate(name: str, runs: Path) -> Path:
    """The folder of a checkpoint that training starts from: of an earlier run, of STARTS, or of the zoo.

    Raises:
        InputError: it is in none of them.
    """
    for folder in (runs / store.CHECKPOINTS.name / name, STARTS / name):
        if (folder / store.CONFIG).exists():
            return folder
    return store.resolve(name)


def fast_bfloat16(architecture: str) -> bool:
    """Whether this machine trains a network in bfloat16 faster than in float32.

    A CPU without AVX-512 is 15 times slower; with it EfficientNet's depthwise convolutions still make it 2.3 times so.
    """
    depthwise = architecture.startswith("efficientnet")
    return torch.cuda.is_available() or (not depthwise and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def fit(pictures: Pictures, run: Path, start: Path | None = None) -> nn.Module:
    """Train in the folder `run`, or go on there, at first from the weights of `start`; returns the network."""
    recipe = pictures.recipe
    lightning.seed_everything(recipe.seed, workers=True)
    torch.set_float32_matmul_precision("high")
    batches = -(-len(pictures.epoch(0)) // recipe.batch)
    module = Reading(recipe, recipe.epochs * batches).to(memory_format=torch.channels_last)
    if start:
        same = weights.transfer(module.network, start)
        print(f"{start.name} gives {same:.0%} of the weights to start from")
    trainer = lightning.Trainer(
        default_root_dir=run,
        max_epochs=recipe.epochs,
        precision="bf16-mixed" if fast_bfloat16(recipe.architecture) else "32-true",
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
