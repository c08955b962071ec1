"""Pieces of letters: cells lie on their texts, pages come in turn, and the network learns what it is shown."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from training.learn.module import Reading
from training.measure import pages
from training.recipes import recipe_of
from zoo.images.preprocess import denormalise
from zoo.letter.finder import CELL, KINDS

RECIPE = replace(recipe_of("persian-letter-detector"), input_size=(128, 128), batch=4, samples=(8,), pretrained=False)


def test_cells_lie_on_their_text_at_any_size() -> None:
    picture = Image.new("RGB", (900, 1300), "white")
    ImageDraw.Draw(picture).rectangle((300, 400, 700, 459), "black")
    objects = [{"kind": "line", "box": [[300, 400], [701, 400], [701, 460], [300, 460]]}]
    for seed in range(12):
        pixels, cells = pages.piece(np.random.default_rng(seed), picture, objects, (256, 256))
        dark = pixels.reshape(256 // CELL, CELL, 256 // CELL, CELL, 3).mean((1, 3, 4)) < 128
        core = cells == 1 + KINDS.index("line")
        assert core.any() and dark[core].mean() > 0.95
        assert dark[core].sum() > 0.3 * dark.sum(), "half as high as the text, and nearly as wide"
        assert set(np.unique(cells)) <= {0, 1 + KINDS.index("line")}


def test_no_page_is_drawn_twice_and_workers_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def draw(index: int, *_: object) -> tuple[Image.Image, dict[str, str]]:
        drawn.append(index)
        return Image.new("RGB", (90, 120), "white"), {
            "objects": '[{"kind": "line", "box": [[9, 9], [60, 9], [60, 30], [9, 30]]}]'
        }

    monkeypatch.setattr(pages, "TOGETHER", 2)
    monkeypatch.setattr(pages, "EACH", 2)
    monkeypatch.setattr(pages.letters, "draw", draw)
    for epoch in range(2):
        assert [len(batch["images"]) for batch in pages.Pieces(RECIPE, epoch)] == [4, 4]
    assert drawn == list(range(8))


def test_the_network_learns_what_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "TOGETHER", 1)
    monkeypatch.setattr(pages, "EACH", 4)
    torch.manual_seed(0)
    [batch] = itertools.islice(pages.Pieces(RECIPE, 0), 1)
    assert denormalise(batch["images"].numpy(), RECIPE.mean, RECIPE.std).shape == (4, 128, 128, 3)
    module = Reading(RECIPE, 40)
    optimizer = torch.optim.AdamW(module.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        loss, hits = module.loss(batch)
        assert len(hits) <= 4
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.25 * losses[0]
