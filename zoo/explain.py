"""Where a network looked: Grad-CAM for classifiers, cross-attention for sequence readers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from zoo.image import Placement

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Explanation:
    """Heat maps over a picture.

    Attributes:
        maps: float32 (n, H, W), 0…1, in the picture's coordinates.
        labels: what each map belongs to: a class name, or a character.
    """

    maps: Map
    labels: tuple[str, ...]


def grad_cam(network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Map:
    """Gradient-weighted class activation map (Selvaraju et al. 2017) of a class score for one input (1, 3, H, W).

    Returns:
        float32 (h, w), the layer's resolution, not negative.
    """
    kept: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _m, _i, output: kept.append(output))
    try:
        with torch.enable_grad():
            score = network(inputs.requires_grad_())[0, target]
            (gradient,) = torch.autograd.grad(score, kept[0])
    finally:
        hook.remove()
    weights = gradient.mean((2, 3), keepdim=True)
    cam = (weights * kept[0]).sum(1)[0].relu()
    return np.asarray(cam.detach().float().cpu().numpy(), np.float32)


def to_picture(coarse: Map, size: tuple[int, int], place: Placement, picture: tuple[int, int]) -> Map:
    """Coarse maps (n, h, w) over a network's input to maps (n, H, W) over the picture, each scaled to 0…1.

    Args:
        coarse: maps at the network's resolution.
        size: height and width of the network's input.
        place: where the picture lies in that input.
        picture: width and height of the picture.
    """
    box = (place.left, place.top, place.left + picture[0] * place.scale, place.top + picture[1] * place.scale)
    maps = []
    for values in coarse:
        full = Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BILINEAR)
        fine = np.asarray(full.resize(picture, Image.Resampling.BILINEAR, box=box), np.float32)
        low, high = float(fine.min()), float(fine.max())
        maps.append((fine - low) / (high - low) if high > low else np.zeros_like(fine))
    return np.stack(maps) if maps else np.zeros((0, picture[1], picture[0]), np.float32)
