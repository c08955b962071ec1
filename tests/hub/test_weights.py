"""Weights on the disk: written as half, loaded whole or not at all."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import zoo
from tests.conftest import TINY
from zoo.hub import store, weights
from zoo.readers.classifier import Classifier


def test_weights_that_do_not_fit_are_named(tiny: Path) -> None:
    tensors = load_file(tiny / store.WEIGHTS)
    tensors["fc.weights"] = tensors.pop("fc.weight")
    tensors["fc.bias"] = torch.zeros(3)
    save_file(tensors, tiny / store.WEIGHTS)
    network = Classifier.build(TINY)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(zoo.InputError) as raised:
        weights.load(network, tiny)
    said = str(raised.value)
    assert "lacks fc.weight," in said and "unexpected fc.weights" in said and "another shape of fc.bias" in said
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_damaged_weights_are_a_sentence(tiny: Path) -> None:
    (tiny / store.WEIGHTS).write_bytes((tiny / store.WEIGHTS).read_bytes()[:1000])
    with pytest.raises(zoo.InputError, match="cannot be read"):
        weights.load(Classifier.build(TINY), tiny)


def test_saved_weights_are_half_and_statistics_exact(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2), nn.LayerNorm(2))
    network = network.to(memory_format=torch.channels_last)  # as training leaves it
    for tensor in (network[1].running_mean, network[1].weight, network[4].bias):
        nn.init.normal_(tensor)
    digest = weights.save(network, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [store.WEIGHTS]
    assert store.sha256(tmp_path / store.WEIGHTS) == digest == weights.save(network, tmp_path)
    written = load_file(tmp_path / store.WEIGHTS)
    half = {key for key, value in written.items() if value.dtype == torch.float16}
    assert half == {"0.weight", "0.bias", "3.weight", "3.bias"}
    loaded = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2), nn.LayerNorm(2))
    weights.load(loaded, tmp_path)
    for key, value in loaded.state_dict().items():
        own = network.state_dict()[key]
        assert value.dtype == own.dtype  # float32 in memory
        assert torch.equal(value, own.half().float() if key in half else own)


@pytest.mark.parametrize("value", [float("nan"), 1e6])
def test_weights_that_float16_cannot_hold_are_not_written(tiny: Path, value: float) -> None:
    network, before = Classifier.build(TINY), store.sha256(tiny / store.WEIGHTS)
    nn.init.constant_(network.fc.bias, value)
    with pytest.raises(ValueError, match=r"fc\.bias is not finite"):
        weights.save(network, tiny)
    assert store.sha256(tiny / store.WEIGHTS) == before


def test_timm_loads_a_checkpoint_with_the_same_logits(tiny: Path) -> None:
    theirs, ours = timm.create_model(f"local-dir:{tiny}", pretrained=True).eval(), Classifier.build(TINY).eval()
    weights.load(ours, tiny)
    pictures = torch.randn(2, 3, 16, 32)
    with torch.inference_mode():
        assert torch.equal(theirs(pictures), ours(pictures))
