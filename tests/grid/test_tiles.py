"""Tiles show the same as the whole, coarse and fine."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo import grid
from zoo.grid import find, tiles
from zoo.grid.mosaic import in_cell


def test_cells_fit_their_pictures() -> None:
    assert tiles.cell_size(4.0, 1024) == (96, 24) and tiles.cell_size(0.5, 10_000) == (24, 48)
    assert tiles.cell_size(1.0, 100_000) == (24, 24)


@pytest.mark.parametrize("coarse", [1600, 300])
def test_tiles_show_every_picture_in_its_cell(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coarse: int
) -> None:
    monkeypatch.setattr(tiles, "TILE", 300)
    monkeypatch.setattr(tiles, "COARSE", coarse)
    pictures = find(folder)
    found = grid.arrange(pictures, cols=8, embedder="colour", layout="tsne")
    done: list[int] = []
    tiles.write(pictures, found, tmp_path / "map", lambda stage, count, total: done.append(count))
    data = json.loads((tmp_path / "map" / tiles.DATA).read_text())
    assert done[-1] == 60 and data["rows"] == data["cols"] == 8 and data["size"] == [96, 64]
    assert data["names"] == list(pictures.names) and data["labels"] == list(pictures.labels)
    assert len(data["points"]) == 120 and len(data["levels"]) == (2 if coarse == 300 else 1)
    assert sorted(i for i in data["cells"] if i >= 0) == list(range(60))
    for level in data["levels"]:
        wide, each = level["cell"], level["tile"]
        high = wide * 64 // 96
        for i, (row, col) in enumerate(found.cells.tolist()):
            assert data["cells"][row * 8 + col] == i
            name = level["url"].replace("{row}", str(row // each)).replace("{col}", str(col // each))
            tile = np.asarray(Image.open(tmp_path / "map" / name), float)
            y, x = row % each * high, col % each * wide
            shown = tile[y : y + high, x : x + wide]
            own = np.asarray(in_cell(pictures, pictures.names[i], (wide, high)), float)
            assert np.abs((shown - own).mean((0, 1))).max() < 8
            drawn = [(part - part.mean((0, 1))).ravel() for part in (shown, own)]
            assert np.corrcoef(*drawn)[0, 1] > 0.6, "its own spot, the right way round"
