"""Finds the fields and the lines of a letter: every cell of a page is told what it is part of, and cells make boxes.

What the network (`zoo.networks.finder`) marks of each text is its core, as in Liao et al. 2020 (differentiable
binarization), so that texts that nearly touch stay apart; the box is the core's, grown again.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.decoding.probabilities import softmax
from zoo.images import preprocess
from zoo.images.quads import Quad, height, moved, turned, upright
from zoo.letter.boxes import inked
from zoo.readers.checkpoint import Trained
from zoo.runtime.graph import Graph

if TYPE_CHECKING:
    from torch import nn

FIELDS = "number", "date", "attachment", "title"
LABELS = tuple(f"{name} label" for name in FIELDS)
Indices = npt.NDArray[np.intp]
KINDS = (*LABELS, *FIELDS, "line")
# whose neighbouring cells are one text, though they may be taken for different ones: labels, values, lines
GROUPS = slice(0, len(FIELDS)), slice(len(FIELDS), 2 * len(FIELDS)), slice(2 * len(FIELDS), None)
LONG = 1216  # pixels of a page's longer side, as the network sees it
STEP = 32  # pixels of the network's coarsest cells, of which a page is a multiple
CELL = 4  # pixels of the input to a cell
SHRUNK = 0.25  # of a text's height that its core is moved in on every side
LEAST = 3, 1, 3  # cells of a core, of each of GROUPS: a value may be a dash
FULL = 0.8  # of the upright box around a core, what its cells cover, from which on it is one text
PIECE = 0.15  # of a core's cells, how many a text has at least into which it falls apart
FINER = 2  # times as many cells, between which probabilities are interpolated, make a core
SURE = 0.5, 0.7, 0.85, 0.95  # probability of a core's cells that they are text at all; more where cores run together


@dataclass(frozen=True)
class Region:
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
        from zoo.networks.finder import FinderNetwork

        return FinderNetwork(1 + len(KINDS), config["architecture"], **config["model_args"])

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        import torch

        images = {"images": torch.zeros(2, 3, 64, 96)}
        return {"mark": Graph(network, images, {"images": {0: "batch", 2: "height", 3: "width"}}, ("logits",))}

    def find(self, picture: preprocess.Source) -> list[Region]:
        """The texts of a page, in no order.

        Raises:
            InputError: the picture cannot be read.
        """
        rgb = preprocess.load(picture).rgb
        scale = LONG / max(rgb.size)
        small = np.asarray(rgb.resize([max(round(side * scale), 1) for side in rgb.size]))
        height, width = (-(-side // STEP) * STEP for side in small.shape[:2])
        pixels = np.empty((1, height, width, 3), np.uint8)
        pixels[:] = preprocess.border(small)
        pixels[0, : small.shape[0], : small.shape[1]] = small
        (logits,) = self._run("mark", images=preprocess.normalise(pixels, self.settings.mean, self.settings.std))
        return framed(rgb, boxes(softmax(logits[0].transpose(1, 2, 0)).transpose(2, 0, 1), 1 / scale))


def framed(page: Image.Image, found: Sequence[Region]) -> list[Region]:
    """What is found on a page, values boxed by their ink: cells are too coarse to tell where a small one ends."""
    pixels = np.asarray(page)
    labels = [one.box for one in found if one.kind in LABELS]

    def box(one: Region) -> Quad:
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


def boxes(probabilities: npt.NDArray[np.float32], scale: float = 1.0) -> list[Region]:
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
        for rows, columns in cores(np.where(likeliest == number, text, 0), least * FINER**2):
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
            found.append(Region(name, (grown * scale).astype(np.float32), float(kinds.max())))
    return found


def cores(text: npt.NDArray[np.float32], least: int, level: int = 0) -> list[tuple[Indices, Indices]]:
    """Rows and columns of the cells of each core.

    Texts over one another may touch: what falls apart into such where only surer cells count is several cores.

    Args:
        text: (h, w) probability that a cell is part of one.
        least: cells of a core.
        level: of SURE, from which on cells count.
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats((text > SURE[level]).astype(np.uint8), connectivity=4)
    found = []
    for part in (part for part in range(1, count) if stats[part, cv2.CC_STAT_AREA] >= least):
        left, top, wide, high, area = stats[part].tolist()
        place = np.s_[top : top + high, left : left + wide]
        own = parts[place] == part
        inner = []
        if level + 1 < len(SURE) and area < FULL * wide * high:
            inner = cores(np.where(own, text[place], 0), least, level + 1)
        spans = sorted((columns.min(), columns.max()) for _, columns in inner if len(columns) > PIECE * area)
        if any(second[0] < first[1] for first, second in itertools.pairwise(spans)):
            found += [(rows + top, columns + left) for rows, columns in inner]
        else:
            rows, columns = np.nonzero(own)
            found.append((rows + top, columns + left))
    return found
