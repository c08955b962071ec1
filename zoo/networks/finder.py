"""The network that finds the fields and lines on a letter's page: a feature pyramid on a timm backbone.

Lin et al. 2017: the backbone's feature maps are added up from coarse to fine.
"""

from typing import Any

import timm
from torch import Tensor, nn
from torch.nn import functional


class FinderNetwork(nn.Module):
    """Pictures (B, 3, H, W), sides multiples of 32, to logits (B, classes, H / 4, W / 4); class 0 is no text.

    Args:
        classes: number of kinds of text, plus one for no text.
        backbone: name of a timm model.
        width: channels of the maps that are added up.
        pretrained: start the backbone from timm's weights.
    """

    def __init__(
        self, classes: int, backbone: str = "mobilenetv3_small_100", width: int = 64, pretrained: bool = False
    ) -> None:
        super().__init__()
        pyramid: Any = timm.create_model(backbone, pretrained, features_only=True, out_indices=(1, 2, 3, 4))
        channels: list[int] = pyramid.feature_info.channels()
        self.backbone = pyramid
        self.sides = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.joined = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
            for _ in channels
        )
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = [side(features) for side, features in zip(self.sides, self.backbone(images), strict=True)]
        joined = self.joined[-1](maps[-1])
        for finer, join in zip(maps[-2::-1], self.joined[-2::-1], strict=True):
            joined = join(finer + functional.interpolate(joined, size=finer.shape[-2:], mode="nearest"))
        logits: Tensor = self.head(joined)
        return logits
