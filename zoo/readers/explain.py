"""Where a network looked: heat maps over a picture, and the activations of a layer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.images.preprocess import Placement

if TYPE_CHECKING:
    from torch import Tensor, nn

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Explanation:
    """Heat maps over a picture.

    Attributes:
        maps: float32 (n, H, W), 0…1, in the picture's coordinates.
        labels: what each map explains: the whole answer, then, where a reader has more, each of its characters.
    """

    maps: Map
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Activations:
    """The activations of a layer for a picture, whatever the answer."""

    channels: Map  # float32 (C, h, w), at the layer's own resolution
    size: tuple[int, int]  # height and width of the network's input
    place: Placement  # where the picture lies in that input

    def over(self, channel: int | None = None) -> Map:
        """One channel, or the mean of all, over the picture: float32 (H, W), 0…1."""
        coarse = self.channels.mean(0) if channel is None else self.channels[channel]
        [over] = to_picture(coarse[None], self.size, self.place)
        return np.asarray(over)


ALONE = threading.Lock()  # without it a thread would record the activations of another's picture


@contextmanager
def recorded(layer: nn.Module) -> Iterator[list[Tensor]]:
    """A list of the layer's outputs while the block runs; one block at a time."""
    kept: list[Tensor] = []
    with ALONE:
        hook = layer.register_forward_hook(lambda _m, _i, output: kept.append(output))
        try:
            yield kept
        finally:
            hook.remove()


def activation_map(layer: nn.Module, score: Callable[[], Tensor]) -> Map:
    """Class activation map of a score: HiResCAM (Draelos & Carin 2020).

    Each activation counts with its own gradient. Grad-CAM (Selvaraju et al. 2017) takes the mean gradient of all cells
    and lights up places that did not matter. On the last layer before a mean both are the same.

    Args:
        layer: outputs activations (1, C, h, w) while `score` runs.
        score: runs the network on one picture; returns a scalar.

    Returns:
        float32 (h, w), the layer's resolution, not negative.
    """
    import torch

    with recorded(layer) as kept, torch.enable_grad():
        (gradient,) = torch.autograd.grad(score(), kept[0])
    cam = (gradient * kept[0]).sum(1)[0].relu()
    return np.asarray(cam.detach().float().cpu().numpy(), np.float32)


def to_picture(coarse: Map, size: tuple[int, int], place: Placement) -> Map:
    """Coarse maps (n, h, w) over a network's input to maps (n, H, W) over the picture, each scaled to 0…1.

    `size` is height and width of the input, in which the picture lies at `place`.
    """
    way = (place.scale, 0.0, place.left, 0.0, place.scale, place.top)  # parts that were cut off have no heat
    maps = []
    for values in coarse:
        full = Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BILINEAR)
        moved = full.transform(place.picture, Image.Transform.AFFINE, way, Image.Resampling.BILINEAR)
        fine = np.asarray(moved, np.float32)
        low, high = float(fine.min()), float(fine.max())
        maps.append((fine - low) / (high - low) if high > low else np.zeros_like(fine))
    return np.stack(maps) if maps else np.zeros((0, *place.picture[::-1]), np.float32)
