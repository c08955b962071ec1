"""An arrangement as coarse and fine tiles on the disk, so that a page with any number of pictures opens at once.

`data.json`, the data of `viewer.js`, is written last: a folder that has it is complete.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from zoo import whole
from zoo.grid import assign
from zoo.grid.arrangement import Arrangement
from zoo.grid.mosaic import PAPER, cell_of, montage, view
from zoo.grid.pictures import Pictures, Progress, usual_aspect

DATA = "data.json"
LONGER = (2_500, 96), (25_000, 48), (math.inf, 24)  # up to so many pictures a cell's longer side has so many pixels
TILE = 1024  # pixels: about a side of a tile
COARSE = 1600  # pixels: longer side of the coarse picture of the whole
STEP = 8  # pixels: both sides of a cell are multiples, so that they can be halved three times


def cell_size(aspect: float, count: int, rows: int = 1, cols: int = 1) -> tuple[int, int]:
    """Width and height in pixels of a cell in the fine tiles, for pictures of that aspect ratio (width / height).

    The whole grid, scaled down eight times, stays within the side limit of a WebP (MAX_SIDE pixels).
    """
    longer = next(side for most, side in LONGER if count <= most)
    width, height = cell_of(aspect, longer / STEP, rows, cols)
    return width * STEP, height * STEP


def write(pictures: Pictures, arrangement: Arrangement, folder: Path, progress: Progress | None = None) -> None:
    """Writes the tiles of an arrangement; every picture is opened once."""
    folder.mkdir(parents=True, exist_ok=True)
    count, rows, cols = len(arrangement.kept), arrangement.rows, arrangement.cols
    width, height = cell_size(usual_aspect(pictures, arrangement.kept), count, rows, cols)
    size = width * cols, height * rows
    shrink = 2 ** min(max(math.ceil(math.log2(max(size) / COARSE)), 0), 3)
    side = max(TILE // max(width, height), 1)  # rows and columns of a tile
    tile_of = arrangement.cells // side
    coarse = Image.new("RGB", (size[0] // shrink, size[1] // shrink), PAPER)
    done = 0
    for row, col in np.ndindex(math.ceil(rows / side), math.ceil(cols / side)):
        members = np.flatnonzero((tile_of == [row, col]).all(1))
        cells, kept = arrangement.cells[members] % side, arrangement.kept[members]
        shape = {"rows": min(side, rows - row * side), "cols": min(side, cols - col * side)}
        tile = montage(pictures, replace(arrangement, **shape, cells=cells, kept=kept), (width, height))
        tile.save(folder / f"fine-{row}-{col}.webp", quality=80, method=1)
        where = col * side * width // shrink, row * side * height // shrink
        coarse.paste(tile.reduce(shrink) if shrink > 1 else tile, where)
        done += len(members)
        if progress:
            progress("drawing", done, count)
    coarse.save(folder / "coarse-0-0.webp", quality=80, method=1)
    levels = [{"cell": width // shrink, "tile": max(rows, cols), "url": "coarse-{row}-{col}.webp"}]
    levels += [{"cell": width, "tile": side, "url": "fine-{row}-{col}.webp"}] if shrink > 1 else []
    data = view(pictures, arrangement, (width, height), levels) | {
        "single": "picture/{i}",
        "points": [] if arrangement.points is None else assign.normalised(arrangement.points).round(4).ravel().tolist(),
    }
    with whole.file(folder / DATA) as part:
        part.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
