"""Finds the fields and lines of a letter: a network classifies the cells of a page, and cells become boxes.

The network (`zoo.networks.finder`) segments the core of each text, as in Liao et al. 2020 (differentiable
binarization), which keeps texts apart that nearly touch. The box is the core, grown back.
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
from zoo.images.quads import Quad, align, clockwise, grow, height
from zoo.letter.boxes import ink_box
from zoo.readers.checkpoint import Trained
from zoo.runtime.graph import Graph

if TYPE_CHECKING:
    from torch import nn

FIELDS = "number", "date", "attachment", "title"
LABELS = tuple(f"{name} label" for name in FIELDS)
Indices = npt.NDArray[np.intp]
KINDS = (*LABELS, *FIELDS, "line")
# labels, values, lines: neighbouring cells of one group are one text, even of different kinds
GROUPS = slice(0, len(FIELDS)), slice(len(FIELDS), 2 * len(FIELDS)), slice(2 * len(FIELDS), None)
LONG = 1216  # pixels: longer side of a page at the network's input
STEP = 32  # pixels: stride of the coarsest features; sides of the input are multiples of it
CELL = 4  # pixels: stride of the output
SHRUNK = 0.25  # of a text's height: how far each side of its core lies inside
LEAST = 3, 1, 3  # cells: least size of a core in each of GROUPS; a value may be a dash
FULL = 0.8  # of a core's upright box: where its cells cover more, it is one text
FRAGMENT = 0.15  # of a core's cells: least size of a text that it splits into
FINER = 2  # times: upsampling of probabilities before cores are cut out
SURE = 0.5, 0.7, 0.85, 0.95  # thresholds on the probability of text; higher ones split cores that touch


@dataclass(frozen=True)
class Region:
    """A text on a page."""

    kind: str  # one of KINDS
    box: Quad  # its corners in the picture's pixels
    confidence: float  # mean probability of the kind over its core


class Finder(Trained):
    """Finds the fields and lines of a letter's page of any size, also a little skewed."""

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
        probabilities = softmax(logits[0].transpose(1, 2, 0)).transpose(2, 0, 1)
        return fit_values(rgb, regions(probabilities, 1 / scale))


def fit_values(page: Image.Image, texts: Sequence[Region]) -> list[Region]:
    """The texts of a page; the boxes of values are fitted to their ink, because the finder's cells are too coarse."""
    pixels = np.asarray(page)
    labels = [one.box for one in texts if one.kind in LABELS]

    def box(one: Region) -> Quad:
        unit = float(np.median([height(label) for label in labels] or height(one.box)))
        near = min(labels, key=lambda label: float(np.linalg.norm((label - one.box).mean(0))), default=one.box)
        return ink_box(pixels, align(one.box, near), unit, labels)

    return [replace(one, box=box(one)) if one.kind in FIELDS else one for one in texts]


def cell_classes(boxes: Sequence[Quad], kinds: Sequence[int], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The classes that the network learns: uint8 (H / CELL, W / CELL) for a picture of size (H, W).

    1 + kind in the core of a text, 0 elsewhere.
    """
    cells = np.zeros((size[0] // CELL, size[1] // CELL), np.uint8)
    for box, kind in zip(boxes, kinds, strict=True):
        points = np.round(grow(box, -SHRUNK * height(box)) / CELL * 16 - 8).astype(np.int32)
        cv2.fillPoly(cells, [points], 1 + kind, shift=4)
    return cells


def regions(probabilities: npt.NDArray[np.float32], scale: float = 1.0) -> list[Region]:
    """The texts of a page.

    Args:
        probabilities: (1 + KINDS, h, w) of each cell.
        scale: pixels of the picture per pixel of the network's input.
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
            sides = max(sides[0], 0.01), max(sides[1], 0.01)  # a single row of cells is a box too
            core = clockwise(np.asarray(cv2.boxPoints((centre, sides, turn)), np.float32))
            # cells on the edge of a core count too, and interpolation adds half a cell
            core = grow(core, -CELL / 2)
            core = grow(core, max(CELL - height(core), 0) / 2)
            grown = grow(core, SHRUNK / (1 - 2 * SHRUNK) * height(core))
            name = KINDS[group.start + int(kinds.argmax())]
            found.append(Region(name, (grown * scale).astype(np.float32), float(kinds.max())))
    return found


def cores(text: npt.NDArray[np.float32], least: int, level: int = 0) -> list[tuple[Indices, Indices]]:
    """Finds cores, connected cells that surely are text; returns the rows and columns of each one's cells.

    Lines that touch are separated: a core is split if a higher threshold leaves parts one above the other.

    Args:
        text: (h, w) probability that a cell belongs to a text.
        least: cells: least size of a core.
        level: index of the threshold in SURE.
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
        spans = sorted((columns.min(), columns.max()) for _, columns in inner if len(columns) > FRAGMENT * area)
        if any(second[0] < first[1] for first, second in itertools.pairwise(spans)):
            found += [(rows + top, columns + left) for rows, columns in inner]
        else:
            rows, columns = np.nonzero(own)
            found.append((rows + top, columns + left))
    return found
