"""Finds the fields and the lines of a letter: every cell of a page is told what it is part of, and cells make boxes.

The network is a timm backbone whose maps are added up from coarse to fine (feature pyramid, Lin et al. 2017). What it
marks of each text is its core, as in Liao et al. 2020 (differentiable binarization), so that texts that nearly touch
stay apart; the box is the core's, grown again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

Quad = npt.NDArray[np.float32]  # (4, 2): corners x, y, clockwise from the upper left one
FIELDS = "number", "date", "attachment", "title"
KINDS = (*(f"{name} label" for name in FIELDS), *FIELDS, "line")
CELL = 4  # pixels of the input to a cell
SHRUNK = 0.25  # of a text's height that its core is moved in on every side
LEAST = 3  # cells of a core
MARGIN = 255
FINER = 2  # times as many cells, between which probabilities are interpolated, make a core
SURE = 0.5  # mean probability of a core's cells, that it is text at all


@dataclass(frozen=True)
class Found:
    """A text on a page.

    Attributes:
        kind: one of KINDS.
        box: its corners in the picture's pixels.
        confidence: the mean probability of the kind over its core.
    """

    kind: str
    box: Quad
    confidence: float


class FinderNetwork(nn.Module):
    """Pictures (B, 3, H, W), sides multiples of 32, to logits (B, 1 + KINDS, H / CELL, W / CELL); 0 is no text.

    Args:
        backbone: a timm name.
        width: channels of the maps that are added up.
        classes: how many kinds there are, no text included.
    """

    def __init__(self, backbone: str = "mobilenetv3_small_100", width: int = 64, classes: int = 1 + len(KINDS)) -> None:
        super().__init__()
        seeing: Any = timm.create_model(backbone, features_only=True, pretrained=False, out_indices=(1, 2, 3, 4))
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


def moved(box: Quad, by: float) -> Quad:
    """A box whose sides are moved out by so many pixels, or in where that is negative, at most to its middle."""
    middle = box.mean(0)
    across, along = box[1] - box[0], box[3] - box[0]
    sides = []
    for side in (across, along):
        length = float(np.linalg.norm(side))
        sides.append(side * max(length + 2 * by, 1e-3) / max(length, 1e-6) / 2)
    x, y = sides
    return np.stack([middle - x - y, middle + x - y, middle + x + y, middle - x + y]).astype(np.float32)


def height(box: Quad) -> float:
    """How high the text in a box is, in pixels: its shorter sides."""
    return float(min(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])))


def mark(
    boxes: Sequence[Quad], kinds: Sequence[int], size: tuple[int, int], ignored: int = 255
) -> npt.NDArray[np.uint8]:
    """What the network is to tell of each cell of a picture (H, W): uint8 (H / CELL, W / CELL).

    0 where there is no text, 1 + its kind in a text's core, `ignored` in the rest of its box.
    """
    cells = np.zeros((size[0] // CELL, size[1] // CELL), np.uint8)
    for core in (False, True):  # no box's margin lies over another's core
        for box, kind in zip(boxes, kinds, strict=True):
            shape = moved(box, -SHRUNK * height(box)) if core else box
            points = np.round(shape / CELL * 16 - 8).astype(np.int32)
            cv2.fillPoly(cells, [points], 1 + kind if core else MARGIN, shift=4)
    return cells


def boxes(probabilities: npt.NDArray[np.float32], scale: float = 1.0) -> list[Found]:
    """The texts that cells are part of.

    Args:
        probabilities: (1 + KINDS, h, w) of each cell.
        scale: pixels of the picture to one of the network's input.
    """
    cell = CELL / FINER
    size = probabilities.shape[2] * FINER, probabilities.shape[1] * FINER
    shares = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in probabilities])
    text, likeliest = 1 - shares[0], shares[1:].argmax(0)
    found = []
    for kind, name in enumerate(KINDS):
        own = ((likeliest == kind) & (text > SURE)).astype(np.uint8)
        count, parts, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=4)
        for part in range(1, count):
            if stats[part, cv2.CC_STAT_AREA] < LEAST * FINER**2:
                continue
            rows, columns = np.nonzero(parts == part)
            share = float(shares[1 + kind, rows, columns].mean())
            # the cells that a core's edge runs through are marked too: their middles lie on it, about
            middles = (np.stack([columns, rows], 1).astype(np.float32) + 0.5) * cell
            core = upright(np.asarray(cv2.boxPoints(cv2.minAreaRect(middles)), np.float32))
            core = moved(core, max(CELL - height(core), 0) / 2)
            grown = moved(core, SHRUNK / (1 - 2 * SHRUNK) * height(core))
            found.append(Found(name, (grown * scale).astype(np.float32), share))
    return found


def upright(corners: npt.NDArray[np.float32]) -> Quad:
    """The corners of a box in order: clockwise from the upper left one, for a page that is about upright."""
    centre = corners.mean(0)
    angles = np.arctan2(*(corners - centre).T[::-1])
    ordered = corners[np.argsort(angles)]  # from the left over the top
    sides = np.roll(ordered, -1, 0) - ordered
    lying = np.abs(sides[:, 0]) > np.abs(sides[:, 1])
    first = next((i for i in range(4) if lying[i] and sides[i, 0] > 0), int(np.argmin(ordered.sum(1))))
    return np.roll(ordered, -first, 0)


def probabilities(logits: Tensor) -> npt.NDArray[np.float32]:
    """Logits (1 + KINDS, h, w) to probabilities."""
    return np.asarray(torch.softmax(logits.float(), 0).cpu().numpy(), np.float32)
