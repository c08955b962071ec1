"""From boxes to the classes of cells and back, and the network that classifies cells."""

import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from training.data import letters
from zoo.images.quads import Quad, height
from zoo.letter import finder
from zoo.networks.finder import FinderNetwork


def rectangle(left: float, top: float, right: float, bottom: float, turned: float = 0.0) -> Quad:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
    spin = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    return ((corners - corners.mean(0)) @ spin + corners.mean(0)).astype(np.float32)


def overlap(a: Quad, b: Quad) -> float:
    """Intersection over union of two boxes, as upright ones."""
    (ax0, ay0), (ax1, ay1), (bx0, by0), (bx1, by1) = a.min(0), a.max(0), b.min(0), b.max(0)
    both = max(min(ax1, bx1) - max(ax0, bx0), 0) * max(min(ay1, by1) - max(ay0, by0), 0)
    return float(both / ((ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - both))


def perfect(cells: np.ndarray) -> np.ndarray:
    """The probabilities of a perfect network."""
    return np.eye(1 + len(finder.KINDS), dtype=np.float32)[cells].transpose(2, 0, 1)


@pytest.mark.parametrize("turned", [0.0, 0.04, -0.04])
def test_boxes_come_back_from_their_cells(turned: float) -> None:
    wanted = [rectangle(40, 40, 400, 72, turned), rectangle(40, 100, 140, 130, turned), rectangle(200, 98, 420, 130)]
    cells = finder.cell_classes(wanted, [8, 4, 8], (256, 480))
    found = {(one.kind, int(one.box[:, 0].mean()) // 50): one for one in finder.regions(perfect(cells), 2.0)}
    assert len(found) == 3
    for box, kind in zip(wanted, ("line", "number", "line"), strict=True):
        own = found[kind, int(2 * box[:, 0].mean()) // 50]
        assert overlap(own.box / 2, box) > 0.6 and own.confidence > 0.8
        np.testing.assert_allclose(own.box[0] / 2, box[0], atol=16)


@pytest.mark.parametrize("high", [14, 18, 24, 40])
def test_a_box_is_as_high_and_wide_as_its_text(high: int) -> None:
    """On average over all offsets of a text from the cells."""
    ratios = []
    for shift in range(8):
        box = rectangle(40, 40 + shift / 2, 300, 40 + shift / 2 + high)
        [found] = finder.regions(perfect(finder.cell_classes([box], [4], (128, 352))))
        ratios.append(np.ptp(found.box, axis=0) / np.ptp(box, axis=0))
    wide, tall = np.mean(ratios, 0)
    assert 0.75 < tall < 1.2 and 0.95 < wide < 1.05


def test_a_dash_is_found_where_it_is_a_value_and_specks_are_no_lines() -> None:
    cells = np.zeros((32, 88), np.uint8)
    cells[8, 10] = 1 + finder.KINDS.index("attachment")
    cells[20, 60] = 1 + finder.KINDS.index("line")
    peaks = finder.regions(perfect(cells))
    assert [one.kind for one in peaks] == ["attachment"]
    row = np.zeros((1 + len(finder.KINDS), 4, 8), np.float32)
    row[0], row[0, 1, 2:6], row[5, 1, 2:6] = 1.0, 0.4, 0.6
    assert all(height(one.box) > 1 for one in finder.regions(row)), "one row of cells has a height too"
    np.testing.assert_allclose(peaks[0].box.mean(0), (42, 34), atol=1)


def test_lines_that_run_together_fall_apart_where_surer_cells_do() -> None:
    cells = finder.cell_classes([rectangle(40, 40, 400, 64), rectangle(40, 72, 400, 96)], [8, 8], (160, 480))
    told = perfect(cells)
    bridge = np.s_[13:21, 60:70]
    told[:, *bridge] = 0
    told[0, *bridge], told[9, *bridge] = 0.4, 0.6
    assert len(finder.regions(told)) == 2
    told[0, *bridge], told[9, *bridge] = 0.02, 0.98
    assert len(finder.regions(told)) == 1, "they are one all through"


def test_a_line_that_is_bent_or_pale_in_its_middle_stays_one() -> None:
    cells = np.zeros((40, 120), np.uint8)
    cv2.polylines(cells, [np.array([[10, 12], [40, 16], [70, 16], [110, 12]])], False, 9, 4)
    told = perfect(cells)
    pale = np.s_[:, 50:56]
    told[9][pale] *= 0.6
    told[0][pale] = 1 - told[9][pale]
    assert len(finder.regions(told)) == 1


def test_a_value_is_one_text_though_its_ends_look_like_different_ones() -> None:
    box = rectangle(40, 40, 240, 72)
    cells = finder.cell_classes([box], [finder.KINDS.index("number")], (128, 352))
    cells[:, :22] = np.where(cells[:, :22], 1 + finder.KINDS.index("date"), 0)
    [found] = finder.regions(perfect(cells))
    assert found.kind == "number" and overlap(found.box, box) > 0.7


def test_every_text_of_a_drawn_page_comes_back() -> None:
    picture, row = letters.draw(2, "train", "phone", 5, (150,))
    objects = json.loads(str(row["objects"]))
    boxes = [np.array(one["box"], np.float32) for one in objects]
    size = picture.height // 32 * 32 + 32, picture.width // 32 * 32 + 32
    cells = finder.cell_classes(boxes, [finder.KINDS.index(one["kind"]) for one in objects], size)
    found = finder.regions(perfect(cells))
    back = [max((overlap(box, own.box) for own in found if own.kind == one["kind"]), default=0.0)
            for box, one in zip(boxes, objects, strict=True)]  # fmt: skip
    assert np.mean(np.array(back) > 0.5) > 0.9, [o["text"] for o, b in zip(objects, back, strict=True) if b < 0.5]


def test_the_network_tells_every_cell() -> None:
    network = FinderNetwork(1 + len(finder.KINDS)).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, 96, 160))
    assert logits.shape == (1, 1 + len(finder.KINDS), 96 // finder.CELL, 160 // finder.CELL)
    size = sum(p.numel() for p in network.parameters()) * 2
    assert size < 8e6, "two bytes a weight"


def test_boxes_of_values_are_fitted_to_their_ink_and_those_of_other_texts_are_not() -> None:
    page = np.full((120, 300, 3), 235, np.uint8)
    for x in range(60, 181, 12):
        page[50:71, x : x + 7] = 40
    about, label = rectangle(64, 46, 190, 76), rectangle(200, 50, 260, 70)
    found = [
        finder.Region("date", about, 0.9),
        finder.Region("date label", label, 0.9),
        finder.Region("line", about, 0.9),
    ]
    date, same, line = finder.fit_values(Image.fromarray(page), found)
    np.testing.assert_allclose(date.box, rectangle(60, 50, 187, 71), atol=1.1)
    assert same.box is label and line.box is about
