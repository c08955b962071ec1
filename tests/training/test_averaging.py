"""Weights between two stages of a training."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from training import averaging
from zoo import weights


@pytest.mark.parametrize("best", [0.0, 0.3, 1.0])
def test_the_share_is_that_with_the_least_loss(best: float, tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1))
    network.load_state_dict({"0.weight": torch.zeros(1, 1, 1, 1), "1.running_mean": torch.tensor([10.0])}, strict=False)
    weights.save(network, tmp_path)
    end = copy.deepcopy(network)
    end.load_state_dict({"0.weight": torch.ones(1, 1, 1, 1), "1.running_mean": torch.tensor([20.0])}, strict=False)
    end[1].num_batches_tracked.fill_(7)

    def loss() -> float:
        return float((end[0].weight - best).abs())

    assert averaging.average(end, tmp_path, loss) == best
    assert float(end[0].weight) == pytest.approx(best)
    assert float(end[1].running_mean) == pytest.approx(10 + 10 * best), "statistics go with the weights"
    assert int(end[1].num_batches_tracked) == 7
