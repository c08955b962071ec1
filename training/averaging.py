"""Between the weights that a training ended with and those that it went on from.

What is taught late is learnt at the cost of what was known before. Weights between the two often have the most of both:
Wortsman et al., Robust fine-tuning of zero-shot models, 2022 (WiSE-FT).
"""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from zoo import weights

SHARES = np.linspace(0, 1, 11).round(1)


def average(network: nn.Module, start: Path, loss: Callable[[], float]) -> float:
    """Gives a network the mean of its own weights and of those of the checkpoint `start` with which its loss is least.

    Running statistics of normalisation layers are averaged too; what a layer only counts stays.

    Returns:
        the share of the network's own weights, one of SHARES.
    """
    own, before = copy.deepcopy(network.state_dict()), copy.deepcopy(network)
    weights.transfer(before, start)
    first = before.state_dict()

    def take(share: float) -> None:
        means = {
            name: torch.lerp(first[name], value, share) if value.is_floating_point() else value
            for name, value in own.items()
        }
        network.load_state_dict(means)

    losses = {}
    for share in map(float, SHARES):
        take(share)
        losses[share] = loss()
    best = min(losses, key=losses.__getitem__)
    take(best)
    found = ", ".join(f"{share:.1f}: {value:.4f}" for share, value in losses.items())
    print(f"share of the weights that are its own, the rest those of {start.name}: {best:.1f} (losses {found})")
    return best
