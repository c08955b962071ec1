"""Finds the fields and the lines of a letter: every cell of a page is told what it is part of, and cells make boxes.

What the network (`zoo.letter.network`) marks of each text is its core, as in Liao et al. 2020 (differentiable
binarization), so that texts that nearly touch stay apart; the box is the core's, grown again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo import image
from zoo.letter.quad import Quad, height, inked, moved, turned, upright
from zoo.runtime import Graph, softmax
from zoo.trained import Trained

if TYPE_CHECKING:
    from torch import nn

FIELDS = "number", "date", "attachment", "title"
LABELS = tuple(f"{name} label" for name in FIELDS)
KINDS = (*LABELS, *FIELDS, "line")
# whose neighbouring cells are one text, though they may be taken for different ones: labels, values, lines
GROUPS = slice(0, len(FIELDS)), slice(len(FIELDS), 2 * len(FIELDS)), slice(2 * len(FIELDS), None)
LONG = 1216  # pixels of a page's longer side, as the network sees it
STEP = 32  # pixels of the network's coarsest cells, of which a page is a multiple
CELL = 4  # pixels of the input to a cell
SHRUNK = 0.25  # of a text's height that its core is moved in on every side
LEAST = 3, 1, 3  # cells of a core, of each of GROUPS: a value may be a dash
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


class Finder(Trained):
    """Finds the fields and the lines of a letter's page, at any size and a little askew."""

    fields: ClassVar = {}
    graph_names = ("mark",)

    @staticmethod
    def build(config: Mapping[str, Any]) -> nn.Module:
        from zoo.letter.network import FinderNetwork

        return FinderNetwork(config["architecture"], **config["model_args"])

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        import torch

        images = {"images": torch.zeros(2, 3, 64, 96)}
        return {"mark": Graph(network, images, {"images": {0: "batch", 2: "height", 3: "width"}}, ("logits",))}

    def find(self, picture: image.Source) -> list[Found]:
        """The texts of a page, in no order.

        Raises:
            InputError: the picture cannot be read.
        """
        rgb = image.load(picture).rgb
        scale = LONG / max(rgb.size)
        small = np.asarray(rgb.resize([max(round(side * scale), 1) for side in rgb.size]))
        height, width = (-(-side // STEP) * STEP for side in small.shape[:2])
        pixels = np.empty((1, height, width, 3), np.uint8)
        pixels[:] = image.border(small)
        pixels[0, : small.shape[0], : small.shape[1]] = small
        (logits,) = self._run("mark", images=image.normalise(pixels, self.settings.mean, self.settings.std))
        return framed(rgb, boxes(softmax(logits[0].transpose(1, 2, 0)).transpose(2, 0, 1), 1 / scale))


def framed(page: Image.Image, found: Sequence[Found]) -> list[Found]:
    """What is found on a page, values boxed by their ink: cells are too coarse to tell where a small one ends."""
    pixels = np.asarray(page)
    labels = [one.box for one in found if one.kind in LABELS]

    def box(one: Found) -> Quad:
        unit = float(np.median([height(label) for label in labels] or height(one.box)))
        near = min(labels, key=lambda label: float(np.linalg.norm((label - one.box).mean(0))), default=one.box)
        return inked(pixels, turned(one.box, near), unit, labels)

    return [replace(one, box=box(one)) if one.kind in FIELDS else one for one in found]


def mark(boxes: Sequence[Quad], kinds: Sequence[int], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """What the network is to tell of each cell of a picture (H, W): uint8 (H / CELL, W / CELL).

    1 + its kind in a text's core, 0 everywhere else.
    """
    cells = np.zeros((size[0] // CELL, size[1] // CELL), np.uint8)
    for box, kind in zip(boxes, kinds, strict=True):
        points = np.round(moved(box, -SHRUNK * height(box)) / CELL * 16 - 8).astype(np.int32)
        cv2.fillPoly(cells, [points], 1 + kind, shift=4)
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
    text, likeliest = 1 - shares[0], np.stack([shares[1:][group].sum(0) for group in GROUPS]).argmax(0)
    found = []
    for number, (group, least) in enumerate(zip(GROUPS, LEAST, strict=True)):
        own = ((likeliest == number) & (text > SURE)).astype(np.uint8)
        count, parts, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=4)
        for part in range(1, count):
            if stats[part, cv2.CC_STAT_AREA] < least * FINER**2:
                continue
            rows, columns = np.nonzero(parts == part)
            kinds = shares[1:][group][:, rows, columns].mean(1)
            middles = (np.stack([columns, rows], 1).astype(np.float32) + 0.5) * cell
            centre, sides, turn = cv2.minAreaRect(middles)
            some = max(sides[0], 0.01), max(sides[1], 0.01)  # a row of cells is a box too
            core = upright(np.asarray(cv2.boxPoints((centre, some, turn)), np.float32))
            # the cells that a core's edge runs through are marked too, and interpolated half a cell beyond it
            core = moved(core, -CELL / 2)
            core = moved(core, max(CELL - height(core), 0) / 2)
            grown = moved(core, SHRUNK / (1 - 2 * SHRUNK) * height(core))
            name = KINDS[group.start + int(kinds.argmax())]
            found.append(Found(name, (grown * scale).astype(np.float32), float(kinds.max())))
    return found
