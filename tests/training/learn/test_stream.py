"""Pictures that are drawn while a network learns from them, and a network that learns to spell them."""

import dataclasses
import os
import string
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.utils.data import Dataset

from tests.sets import save
from training.data.folder import Drawing
from training.learn import dataset
from training.learn.fit import Pictures, fit
from training.learn.module import ctc
from training.recipes import Recipe

FONT = ImageFont.load_default(28)


def draw(index: int, seed: int) -> Drawing:
    """One to three large digits, each picture's own."""
    text = str(int(np.random.default_rng((seed, index)).integers(0, 1_000)))
    picture = Image.new("RGB", (20 * len(text) + 12, 36), "white")
    ImageDraw.Draw(picture).text((6, 2), text, "black", FONT)
    return picture, {"text": text, "boxes": ""}


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setattr(dataset, "CHUNK", 64)
    monkeypatch.setitem(dataset.STREAMS, "words", draw)
    return Recipe(
        name="small",
        kind="crnn",
        architecture="crnn",
        model_args={"width": 48, "hidden": 32, "layers": 1, "dropout": 0.0},
        train=(),
        validation=("words-validation",),
        stream="words",
        subject="word",
        epochs=5,
        samples=(512,),
        batch=16,
        learning_rate=5e-3,
        alphabet=string.digits,
        input_size=(32, 128),
        widths=(16, 640),
        recolour=False,
    )


def texts(recipe: Recipe, batch: dataset.Batch) -> list[str]:
    parts = batch["symbols"].split(batch["lengths"].tolist())
    return ["".join(recipe.alphabet[symbol - 1] for symbol in part) for part in parts]


def test_an_epoch_draws_its_own_pictures_in_batches_of_like_width(recipe: Recipe) -> None:
    first, again, second = (list(dataset.streamed(recipe, epoch, workers=0)) for epoch in (0, 0, 1))
    assert len(first) == 512 // 16
    assert all(torch.equal(a["images"], b["images"]) for a, b in zip(first, again, strict=True))
    drawn = [text for batch in first for text in texts(recipe, batch)]
    assert sorted(drawn) == sorted(str(draw(i, recipe.seed)[1]["text"]) for i in range(512))
    later = [text for batch in second for text in texts(recipe, batch)]
    assert sorted(later) == sorted(str(draw(i, recipe.seed)[1]["text"]) for i in range(512, 1_024))
    alike = [len(set(map(len, texts(recipe, batch)))) for batch in first]
    assert np.mean(alike) < 2, "a batch of pictures of one width has texts of one length, or of two"
    for batch in first:
        assert batch["images"].shape[2] == 32 and batch["images"].shape[3] % 16 == 0


def test_workers_draw_every_picture_once(recipe: Recipe) -> None:
    stream = dataset.Stream(recipe, 0)
    alone = sorted(text for batch in stream for text in texts(recipe, batch))
    shared = sorted(
        text
        for worker in range(2)
        for number in range(worker, 8, 2)
        for batch in stream._chunk(number)
        for text in texts(recipe, batch)
    )
    assert alone == shared


class Policy(Dataset[dataset.Example]):
    """Tells, as a digit that is to be read, how the process that loads it is scheduled."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def __getitem__(self, _: dataset.Key) -> dataset.Example:
        return dataset.Example(np.zeros((32, 32, 3), np.uint8), str(os.sched_getscheduler(0)), np.zeros((0, 4)))


def test_a_worker_runs_where_what_learns_leaves_a_core_idle(recipe: Recipe) -> None:
    [batch] = dataset.loader(Policy(recipe), [[(0, 32, 0)]], 1)
    assert texts(recipe, batch) == [str(os.SCHED_IDLE)]


def test_a_network_learns_to_spell(recipe: Recipe, tmp_path: Path) -> None:
    save(tmp_path / "words-validation", partial(draw, seed=1), 48)
    recipe = dataclasses.replace(recipe, samples=(256,))
    pictures = Pictures(dataset.split(recipe, tmp_path), workers=0)
    lines: list[tuple[float, float]] = []
    network = fit(pictures, tmp_path / "run")
    for batch in pictures.val_dataloader():
        loss, right = ctc(network(batch["images"]), batch["symbols"], batch["lengths"])
        lines.append((float(loss), float(right.float().mean())))
    assert np.mean([loss for loss, _ in lines]) < 2.0, "of 2.3 for any digit whatever"


def test_the_loss_is_that_of_the_text_and_right_what_spells_it() -> None:
    logits = torch.full((2, 5, 4), -20.0)
    for frame, symbol in enumerate((1, 1, 0, 1, 2)):  # spells 1 1 2
        logits[:, frame, symbol] = 20.0
    loss, right = ctc(logits, torch.tensor([1, 1, 2, 1, 2]), torch.tensor([3, 2]))
    assert right.tolist() == [True, False] and loss > 1
    loss, right = ctc(logits, torch.tensor([1, 1, 2, 1, 1, 2]), torch.tensor([3, 3]))
    assert right.all() and loss == pytest.approx(0, abs=1e-4)
    loss, _ = ctc(logits, torch.tensor([3] * 6), torch.tensor([5, 1]))
    assert torch.isfinite(loss), "nine frames are needed for five of the same"
