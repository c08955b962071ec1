"""The network that finds what stands on a letter's page.

A timm backbone whose maps are added up from coarse to fine (feature pyramid, Lin et al. 2017).
"""

from typing import Any

import timm
from torch import Tensor, nn
from torch.nn import functional


class FinderNetwork(nn.Module):
    """Pictures (B, 3, H, W), sides multiples of 32, to logits (B, classes, H / 4, W / 4); class 0 is no text.

    Args:
        classes: how many kinds of text there are, and one for no text.
        backbone: a timm name.
        width: channels of the maps that are added up.
        pretrained: whether the backbone starts from timm's weights.
    """

    def __init__(
        self,
        classes: int,
        backbone: str = "mobilenetv3_small_100",
        width: int = 64,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        seeing: Any = timm.create_model(backbone, pretrained, features_only=True, out_indices=(1, 2, 3, 4))
        channels: list[int] = seeing.feature_info.channels()
        self.backbone = seeing
        self.sides = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.joined = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
            for _ in channels
        )
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = [side(seen) for side, seen in zip(self.sides, self.backbone(images), strict=True)]
        above = self.joined[-1](maps[-1])
        for own, join in zip(maps[-2::-1], self.joined[-2::-1], strict=True):
            above = join(own + functional.interpolate(above, size=own.shape[-2:], mode="nearest"))
        logits: Tensor = self.head(above)
        return logits
