"""An arrangement as tiles on the disk, coarse and fine, so that a page with any number of pictures opens at once.

A folder of tiles holds `data.json`, what `viewer.js` shows, written last: a folder that has it is whole.
"""

import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from zoo import cores, whole
from zoo.grid import assign
from zoo.grid.arrangement import SIDE, Arrangement, Progress
from zoo.grid.mosaic import PAPER, in_cell, view
from zoo.grid.pictures import Pictures, usual_aspect

DATA = "data.json"
LONGER = (2_500, 96), (25_000, 48), (math.inf, 24)  # up to how many pictures the longer side of a cell has these pixels
TILE = 1024  # pixels: a side of a tile, about
COARSE = 1600  # pixels: a side of the whole in its coarse form, at most
STEP = 8  # of a cell's sides in pixels, so that it can be halved thrice


def cell_size(aspect: float, count: int, rows: int = 1, cols: int = 1) -> tuple[int, int]:
    """Width and height in pixels of a cell in the finest tiles, for pictures of that width over height.

    The whole, an eighth as large, fits a WebP.
    """
    longer = next(side for most, side in LONGER if count <= most)
    width, height = round(longer * min(aspect, 1) / STEP), round(longer / max(aspect, 1) / STEP)
    return max(min(width, SIDE // cols), 1) * STEP, max(min(height, SIDE // rows), 1) * STEP


def write(pictures: Pictures, found: Arrangement, folder: Path, progress: Progress | None = None) -> None:
    """Writes the tiles of an arrangement; every picture is opened once."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = cell_size(usual_aspect(pictures, found.kept), len(found.kept), found.rows, found.cols)
    size = width * found.cols, height * found.rows
    shrink = 2 ** min(max(math.ceil(math.log2(max(size) / COARSE)), 0), 3)
    each = max(TILE // max(width, height), 1)
    coarse = Image.new("RGB", (size[0] // shrink, size[1] // shrink), PAPER)
    done = 0
    with ThreadPoolExecutor(cores.available()) as threads:
        for row, col, members in _tiles(found, each):
            shape = min(each, found.cols - col * each) * width, min(each, found.rows - row * each) * height
            tile = Image.new("RGB", shape, PAPER)
            names = [pictures.names[found.kept[i]] for i in members]
            drawn = threads.map(partial(in_cell, pictures, cell=(width, height)), names)
            for i, small in zip(members, drawn, strict=True):
                y, x = found.cells[i] - [row * each, col * each]
                tile.paste(small, (int(x) * width, int(y) * height))
            tile.save(folder / f"fine-{row}-{col}.webp", quality=80, method=1)
            where = col * each * width // shrink, row * each * height // shrink
            coarse.paste(tile.reduce(shrink) if shrink > 1 else tile, where)
            done += len(members)
            if progress:
                progress("drawing", done, len(found.kept))
    coarse.save(folder / "coarse-0-0.webp", quality=80, method=1)
    levels = [{"cell": width // shrink, "tile": max(found.rows, found.cols), "url": "coarse-{row}-{col}.webp"}]
    levels += [{"cell": width, "tile": each, "url": "fine-{row}-{col}.webp"}] if shrink > 1 else []
    data = view(pictures, found, (width, height), levels) | {
        "single": "picture/{i}",
        "points": [] if found.points is None else assign.normalised(found.points).round(4).ravel().tolist(),
    }
    with whole.file(folder / DATA) as part:
        part.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _tiles(found: Arrangement, each: int) -> Iterator[tuple[int, int, list[int]]]:
    """Row and column of every tile, and which of the arranged pictures lie in it."""
    members: dict[tuple[int, int], list[int]] = {}
    for i, (row, col) in enumerate((found.cells // each).tolist()):
        members.setdefault((row, col), []).append(i)
    for row in range(-(-found.rows // each)):
        for col in range(-(-found.cols // each)):
            yield row, col, members.get((row, col), [])
