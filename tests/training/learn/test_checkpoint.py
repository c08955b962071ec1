"""What a network learned by number is read by name."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import zoo
from tests.conftest import ROOT, TINY
from training.learn import checkpoint, dataset
from training.learn.module import build
from training.recipes import recipe_of
from zoo.hub import weights
from zoo.networks.crnn import CRNN
from zoo.networks.seq2seq import Seq2Seq
from zoo.readers.classifier import Classifier
from zoo.text.alphabets import ALPHANUMERIC, CharTokenizer


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


def test_an_altered_network_starts_from_what_it_shares(tiny: Path) -> None:
    ours = Classifier.build(TINY | {"num_classes": 3})
    other = ours.fc.weight.clone()
    share = checkpoint.transfer(ours, tiny)
    assert 0.9 < share < 1 and torch.equal(ours.fc.weight, other)
    same = Classifier.build(TINY)
    assert checkpoint.transfer(same, tiny) == 1.0
    assert all(torch.equal(ours.state_dict()[k], v) for k, v in same.state_dict().items() if not k.startswith("fc."))


def test_a_reader_of_words_goes_on_from_the_encoder_of_one_of_captchas() -> None:
    folder, words = ROOT / "training" / "starts" / "captcha-seq2seq-drawn", CRNN(95)
    captchas = Seq2Seq(len(CharTokenizer(ALPHANUMERIC)), output_stride=4)
    weights.load(captchas, folder)
    assert 0.4 < checkpoint.transfer(words, folder) < 0.6
    pictures = torch.randn(1, 3, 32, 64)
    with torch.inference_mode():
        ours, theirs = (network.eval() for network in (words, captchas.encoder))
        assert torch.equal(ours.blocks(ours.stem(pictures)), theirs.blocks(theirs.stem(pictures)))


def test_an_averaged_network_lies_halfway_to_where_it_started(tiny: Path) -> None:
    start, learned = Classifier.build(TINY), Classifier.build(TINY)
    weights.load(start, tiny)
    before = learned.fc.weight.clone()
    checkpoint.average(learned, tiny)
    assert torch.allclose(learned.fc.weight, (before + start.fc.weight) / 2)
