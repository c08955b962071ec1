"""A recipe's training: batches of each epoch, Lightning's trainer, curves; it goes on where a killed one stopped."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch import callbacks, loggers
from lightning.pytorch.tuner.tuning import Tuner
from torch import nn
from torch.utils.data import DataLoader

from training.learn import checkpoint, dataset
from training.learn.module import Reading
from training.measure import curves, pages
from training.recipes import Recipe
from zoo import whole
from zoo.hub import store

STARTS = Path(__file__).parents[1] / "starts"  # networks after a step of a training in steps
LAST = "last"  # the run's checkpoint, with the optimiser's state, written after every epoch
FINDER = "learning-rate.json"  # what the finder tried, and the rate that was taken


class Pictures(lightning.LightningDataModule):
    """The recipe's train and validation batches; every epoch takes its own pictures."""

    def __init__(self, split: dataset.Split, workers: int, limit: int | None = None) -> None:
        super().__init__()
        self.split, self.limit = split, limit
        self.recipe, self.pictures, self.workers = split.pictures.recipe, split.pictures, workers
        self.train, self.validation = split.train, split.validation
        # blank paper and outliers are trained on, but have no right answer to score
        self.validation = self.validation[dataset.answerable(self.recipe, self.pictures.texts[self.validation])]
        if limit:
            self.train = tuple(part[:limit] for part in self.train)
            self.validation = np.concatenate(self.train)

    def at(self, recipe: Recipe) -> "Pictures":
        """The same for a recipe with the same pictures."""
        pictures = dataset.Captchas(recipe, self.pictures.folders)
        return Pictures(replace(self.split, pictures=pictures), self.workers, self.limit)

    def epoch(self, number: int) -> dataset.Indices:
        """The pictures of an epoch."""
        return dataset.epoch_indices(self.recipe, self.pictures.texts, self.train, number)

    def train_dataloader(self) -> DataLoader[dataset.Batch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        if self.recipe.stream:
            return dataset.streamed(self.recipe, epoch, self.workers)
        fresh = dataset.Captchas(self.recipe, self.pictures.folders, seed=self.recipe.seed * 1000 + epoch)
        return dataset.loader(fresh, dataset.batches(fresh, self.epoch(epoch), seed=epoch), self.workers)

    def val_dataloader(self) -> DataLoader[dataset.Batch]:
        if self.recipe.kind == "finder":
            return pages.validation(self.pictures, self.validation)
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
    """Whether bfloat16 trains a network faster than float32 on this machine.

    A CPU's matrix unit (AMX) does. A CPU that has no instructions for it is up to 15 times slower, one with AVX-512
    alone three times, one with AVX-512 for bfloat16 1.4 times (ResNet-18 and a CRNN, torch 2.15); even a matrix unit
    is 2.3 times slower at the depthwise convolutions of EfficientNet and MobileNet.
    """
    depthwise = architecture.startswith(("efficientnet", "mobilenet"))
    return torch.cuda.is_available() or (not depthwise and torch.cpu._is_amx_tile_supported())


def fit(pictures: Pictures, run: Path, start: Path | None = None, network: nn.Module | None = None) -> nn.Module:
    """Trains in the folder `run`, or goes on there; returns the network.

    It begins with the weights of `start`, or with `network`. Every phase of the recipe has its own folder in `run`.
    """
    torch.set_float32_matmul_precision("high")
    for name, recipe in pictures.recipe.steps.items():
        phase = pictures.at(recipe) if name else pictures
        network = _phase(phase, run / name, start if network is None else None, network)
    assert network is not None
    return network


def _phase(pictures: Pictures, run: Path, start: Path | None, network: nn.Module | None) -> nn.Module:
    recipe = pictures.recipe
    lightning.seed_everything(recipe.seed, workers=True)
    batches = -(-(recipe.samples[0] if recipe.stream else len(pictures.epoch(0))) // recipe.batch)
    module = Reading(recipe, recipe.epochs * batches, network).to(memory_format=torch.channels_last)
    if start:
        same = checkpoint.transfer(module.network, start)
        print(f"{start.name} gives {same:.0%} of the weights to start from")
    precision = "bf16-mixed" if fast_bfloat16(recipe.architecture) else "32-true"
    if recipe.finder or recipe.learning_rate is None:
        module.recipe = replace(recipe, learning_rate=learning_rate(pictures, module, run, precision))
        print(f"{run.name}: a learning rate of {module.recipe.learning_rate:.2g}")
    trainer = lightning.Trainer(
        default_root_dir=run,
        max_epochs=recipe.epochs,
        precision=precision,
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


def learning_rate(pictures: Pictures, module: Reading, run: Path, precision: str) -> float:
    """The recipe's learning rate, or that at which the loss falls fastest; it is kept in `run` with the finder's curve.

    The rate grows from step to step, tenfold in 20, until the loss explodes (Smith 2017); the network stays as it was.
    """
    path = run / FINDER
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        trainer = lightning.Trainer(default_root_dir=run, max_epochs=-1, precision=precision, logger=False)
        finder = Tuner(trainer).lr_find(
            Reading(module.recipe, module.steps, copy.deepcopy(module.network)),
            datamodule=pictures,
            min_lr=1e-6,
            max_lr=1.0,
            num_training=120,
            update_attr=False,
        )
        assert finder is not None
        rates, losses = (np.array(finder.results[name])[10:-1] for name in ("lr", "loss"))
        taken = module.recipe.learning_rate or float(rates[np.gradient(losses, np.log(rates)).argmin()])
        found = {"rates": rates.tolist(), "losses": losses.tolist(), "taken": taken}
        with whole.file(path) as part:
            part.write_text(json.dumps(found), encoding="utf-8")
        curves.save_finder(found, run)
    return float(json.loads(path.read_text(encoding="utf-8"))["taken"])
