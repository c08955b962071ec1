"""The picture, the page and the table of an arrangement, and the command that writes them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

import zoo
from zoo import grid
from zoo.__main__ import main
from zoo.grid import find, mosaic, tiles
from zoo.grid.arrangement import MAX_SIDE
from zoo.grid.pictures import of
from zoo.images import preprocess


@pytest.fixture
def made(folder: Path) -> tuple[grid.Pictures, grid.Arrangement]:
    pictures = find(folder)
    return pictures, grid.arrange(pictures, cols=8, embedder="colour", layout="sorted")


def test_every_picture_is_in_its_cell(made: tuple[grid.Pictures, grid.Arrangement]) -> None:
    pictures, found = made
    whole = np.asarray(mosaic.montage(pictures, found, (30, 20)), float)
    assert whole.shape == (20 * 8, 30 * 8, 3)
    for name, (row, col) in zip(pictures.names, found.cells, strict=True):
        tile = whole[row * 20 : row * 20 + 20, col * 30 : col * 30 + 30]
        assert np.array_equal(tile, preprocess.load(pictures.read(name)).rgb)
    for row, col in found.holes:
        assert (whole[row * 20 : row * 20 + 20, col * 30 : col * 30 + 30] == 255).all()


def test_cells_have_the_pictures_shape_and_the_whole_its_limit(
    made: tuple[grid.Pictures, grid.Arrangement], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mosaic.cell_size(*made) == (96, 64)
    monkeypatch.setattr(mosaic, "LONGEST", 240)
    assert mosaic.cell_size(*made) == (30, 20)


def test_the_longest_row_and_column_can_be_written(
    made: tuple[grid.Pictures, grid.Arrangement], tmp_path: Path
) -> None:
    pictures, found = made
    for rows, cols in ((1, MAX_SIDE), (MAX_SIDE, 1)):
        far = np.linspace(0, MAX_SIDE - 1, 60).astype(int)
        long = replace(found, rows=rows, cols=cols, cells=np.stack([far * (rows > 1), far * (cols > 1)], axis=1))
        assert "data:image/webp" in mosaic.page(pictures, long, "long")
        mosaic.write(tmp_path / "long.jpg", pictures, long, "long")
        assert max(Image.open(tmp_path / "long.jpg").size) == MAX_SIDE
        tiles.write(pictures, long, tmp_path / f"{rows}")
        assert max(Image.open(tmp_path / f"{rows}" / "coarse-0-0.webp").size) == MAX_SIDE


@pytest.mark.parametrize("size", [(4, 4000), (4000, 4)])
def test_the_thinnest_pictures_are_drawn(size: tuple[int, int]) -> None:
    pictures = of([Image.new("RGB", size, "black")])
    drawn = np.asarray(mosaic.in_cell(pictures, pictures.names[0], (96, 64)))
    assert drawn.shape == (64, 96, 3) and (drawn == 0).any() and (drawn == 255).any()


def test_the_table_comes_back(made: tuple[grid.Pictures, grid.Arrangement], tmp_path: Path) -> None:
    pictures, found = made
    mosaic.write(tmp_path / "deep" / "map.csv", pictures, found, "colours")
    read = mosaic.read_table(tmp_path / "deep" / "map.csv")
    assert read == dict(zip(pictures.names, map(tuple, found.cells.tolist()), strict=True))
    assert mosaic.table(pictures, found, [3]).splitlines()[1].startswith(pictures.names[3])
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for name in ("other.csv", "nothing.csv"):
        with pytest.raises(zoo.InputError, match="no table of an arrangement"):
            mosaic.read_table(tmp_path / name)


def test_the_page_zooms_and_names_what_is_pointed_at(
    made: tuple[grid.Pictures, grid.Arrangement], tmp_path: Path, browser: Browser
) -> None:
    pictures, found = made
    mosaic.write(tmp_path / "map.html", pictures, found, "</title><script>alert(1)</script>")
    page = browser.new_page(viewport={"width": 900, "height": 700})
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("#grid[data-ready]")
    edge = page.locator("#grid canvas").bounding_box()
    assert edge
    scale = min(edge["width"] / 768, edge["height"] / 512)
    corner = edge["x"] + (edge["width"] - 768 * scale) / 2, edge["y"] + (edge["height"] - 512 * scale) / 2

    def point(row: float, col: float) -> str:
        page.mouse.move(corner[0] + (col + 0.5) * 96 * scale, corner[1] + (row + 0.5) * 64 * scale)
        card = page.locator("#card")
        return card.locator("span").inner_text() if card.is_visible() else ""

    for i in (0, 17, 42):
        assert point(*found.cells[i]) == pictures.names[i]
        assert page.locator("#card strong").inner_text() == pictures.labels[i]
    assert point(*found.holes[0]) == ""
    name = point(*found.cells[30])
    assert name == pictures.names[30]
    page.mouse.wheel(0, -900)  # zooms about the pointer: the same picture stays under it
    page.wait_for_timeout(300)
    assert page.locator("#card span").inner_text() == name
    shot = page.locator("#grid canvas").screenshot(path=tmp_path / "zoomed.png")
    assert shot
    page.fill("#query", "red")
    assert re.match(r"20 of 60 pictures", page.locator("#count").inner_text())
    assert all(url.startswith(("file:", "data:")) for url in requests)
    assert page.title() == "</title><script>alert(1)</script>"
    page.close()


def test_the_keyboard_walks_from_picture_to_picture(
    made: tuple[grid.Pictures, grid.Arrangement], tmp_path: Path, browser: Browser
) -> None:
    pictures, found = made
    mosaic.write(tmp_path / "map.html", pictures, found, "colours")
    page = browser.new_page()
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("#grid[data-ready]")
    page.locator("#grid canvas").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator("#card span").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator("#card span").inner_text()
    place = dict(zip(pictures.names, found.cells.tolist(), strict=True))
    assert place[second][0] == place[first][0] and place[second][1] > place[first][1]
    page.close()


def test_the_command_writes_what_is_asked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "red" / "05.png").write_bytes(b"no picture")
    outs = [tmp_path / f"map.{kind}" for kind in ("html", "png", "csv")]
    command = [
        "grid",
        str(folder),
        "--embedder",
        "colour",
        "--layout",
        "sorted",
        "--cols",
        "8",
        *(word for out in outs for word in ("--out", str(out))),
    ]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "59 pictures on 8 × 8 cells by colour" in said.out and "random" in said.out
    assert "red/05.png: This is not a picture" in said.err
    assert Image.open(outs[1]).size == (768, 512) and len(outs[2].read_text().splitlines()) == 60
    assert main([*command, "--json", "--keep", str(outs[2])]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["pictures"] == 59 and row["quality"]["dpq16"] > row["random"]["dpq16"]
    none = str(tmp_path / "none")
    for wrong, why in (
        (["grid", none, "--out", str(outs[1] / "map.csv")], "map.csv cannot be written: File exists"),
        (["grid", none, "--out", str(tmp_path)], "ends in nothing"),
        (["grid", none, "--out", "/proc/map.csv"], "map.csv cannot be written: No such file"),
        (["grid", str(folder), "--out", "map.gif"], "ends in .gif"),
        (["grid", none, "--out", str(tmp_path / "new.csv")], "does not exist"),
    ):
        assert main(wrong) == 1
        assert why in capsys.readouterr().err
    assert not (tmp_path / "new.csv").exists()
