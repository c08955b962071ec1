"""What a network learned by number is read by name."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import zoo
from training.learn import checkpoint, dataset
from training.learn.module import build
from training.recipes import recipe_of


@pytest.mark.parametrize("name", ["captcha-resnet18", "glyph-efficientnet"])
def test_a_label_is_the_class_whose_target_it_was(name: str, tmp_path: Path) -> None:
    recipe = dataclasses.replace(recipe_of(name), architecture="test_resnet")
    for text in (recipe.labels[0], recipe.labels[7], recipe.labels[-1]):
        example = dataset.Example(np.zeros((8, 8, 3), np.uint8), text, np.zeros((0, 4)))
        number = int(dataset.targets(recipe, [example])["target"].argmax())
        network = build(recipe)
        head = network.get_classifier()
        torch.nn.init.zeros_(head.weight)
        with torch.no_grad():
            head.bias.copy_(20 * torch.eye(len(recipe.labels))[number])
        checkpoint.write(recipe, network, tmp_path / text)
        picture = np.random.default_rng(0).integers(0, 256, (48, 96, 3), np.uint8)
        assert zoo.load(tmp_path / text, runtime="torch").read([picture])[0].label == text
