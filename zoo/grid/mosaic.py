"""An arrangement as one picture, as a page to zoom in that needs no network, and as a table."""

import base64
import csv
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from zoo import cores
from zoo.errors import InputError
from zoo.grid.arrangement import MAX_SIDE, Arrangement
from zoo.grid.pictures import Pictures, Progress, usual_aspect
from zoo.images import preprocess
from zoo.images.files import printable

LARGEST, SMALLEST = 96, 8  # pixels: limits of a cell's longer side
LONGEST = 8192  # pixels: a side of the whole
PAPER = "white"


def in_cell(pictures: Pictures, name: str, cell: tuple[int, int]) -> Image.Image:
    """A picture scaled to fit a cell (width, height) and centred in it, with its aspect ratio kept."""
    rgb = preprocess.load(pictures.read(name)).rgb
    scale = min(cell[0] / rgb.width, cell[1] / rgb.height)
    size = max(round(rgb.width * scale), 1), max(round(rgb.height * scale), 1)  # never 0 pixels
    return ImageOps.pad(rgb.resize(size, Image.Resampling.LANCZOS), cell, color=PAPER)


def cell_size(pictures: Pictures, arrangement: Arrangement) -> tuple[int, int]:
    """Width and height of a cell in pixels: the pictures' median aspect ratio, as large as LONGEST allows."""
    aspect, rows, cols = usual_aspect(pictures, arrangement.kept), arrangement.rows, arrangement.cols
    longer = min(LARGEST, LONGEST * max(aspect, 1) / aspect / cols, LONGEST * max(aspect, 1) / rows)
    return cell_of(aspect, max(longer, SMALLEST), rows, cols)


def cell_of(aspect: float, longer: float, rows: int, cols: int) -> tuple[int, int]:
    """Width and height of a cell by its aspect ratio and longer side, or less where the whole would not fit a WebP."""
    width, height = round(longer * min(aspect, 1)), round(longer / max(aspect, 1))
    return max(min(width, MAX_SIDE // cols), 1), max(min(height, MAX_SIDE // rows), 1)


def montage(
    pictures: Pictures, arrangement: Arrangement, cell: tuple[int, int] | None = None, progress: Progress | None = None
) -> Image.Image:
    """Draws all pictures into one, each in its cell, whose width and height in pixels are by default `cell_size`.

    `progress` is called with the number of pictures drawn.
    """
    width, height = cell or cell_size(pictures, arrangement)
    whole = Image.new("RGB", (width * arrangement.cols, height * arrangement.rows), PAPER)
    draw = partial(in_cell, pictures, cell=(width, height))
    names = [pictures.names[i] for i in arrangement.kept]
    with ThreadPoolExecutor(cores.available()) as threads:
        for start in range(0, len(names), 256):
            part = slice(start, start + 256)
            for (row, col), tile in zip(arrangement.cells[part].tolist(), threads.map(draw, names[part]), strict=True):
                whole.paste(tile, (col * width, row * height))
            if progress:
                progress("drawing", min(start + 256, len(names)), len(names))
    return whole


def part(arrangement: Arrangement, chosen: Sequence[int]) -> Arrangement:
    """The smallest part of the grid that holds the chosen pictures, given by their index in the arrangement."""
    at = list(chosen)
    cells = arrangement.cells[at] - arrangement.cells[at].min(0)
    rows, cols = (cells.max(0) + 1).tolist()
    points = None if arrangement.points is None else arrangement.points[at]
    vectors, kept = arrangement.vectors[at], arrangement.kept[at]
    return replace(arrangement, rows=rows, cols=cols, cells=cells, points=points, vectors=vectors, kept=kept)


def table(pictures: Pictures, arrangement: Arrangement, chosen: Sequence[int] | None = None) -> str:
    """CSV with file, row, column and label of each picture, or of those at the `chosen` indices."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "row", "column", "label"])
    for i in range(len(arrangement.kept)) if chosen is None else chosen:
        picture = arrangement.kept[i]
        writer.writerow([pictures.names[picture], *arrangement.cells[i].tolist(), pictures.labels[picture]])
    return out.getvalue()


def read_table(path: Path) -> dict[str, tuple[int, int]]:
    """Row and column by file from a CSV that `table` wrote.

    Raises:
        InputError: the file is no such CSV.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["file"]: (int(row["row"]), int(row["column"])) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError, TypeError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path} is no table of an arrangement; it needs the columns file, row and column."
        raise InputError(message) from error


def facts(pictures: Pictures, arrangement: Arrangement) -> dict[str, object]:
    """Facts about an arrangement for programs, as JSON holds them."""
    return {
        "pictures": len(arrangement.kept),
        "rows": arrangement.rows,
        "cols": arrangement.cols,
        "embedder": arrangement.embedder,
        "quality": asdict(arrangement.quality),
        "random": asdict(arrangement.random),
        "seconds": dict(arrangement.seconds),
        "skipped": {**pictures.skipped, **arrangement.skipped},
    }


def view(
    pictures: Pictures, arrangement: Arrangement, cell: tuple[int, int], levels: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """The data of viewer.js: the cells, the pictures in them, and the URLs of their images, from coarse to fine."""
    cells = np.full((arrangement.rows, arrangement.cols), -1)
    cells[tuple(arrangement.cells.T)] = np.arange(len(arrangement.kept))
    return {
        "rows": arrangement.rows,
        "cols": arrangement.cols,
        "cells": cells.ravel().tolist(),
        "names": [pictures.names[i] for i in arrangement.kept],
        "labels": [pictures.labels[i] for i in arrangement.kept],
        "size": cell,
        "levels": levels,
    }


def page(pictures: Pictures, arrangement: Arrangement, title: str, whole: Image.Image | None = None) -> str:
    """An HTML page to zoom into the montage and to search it; a single file that makes no request."""
    whole = whole or montage(pictures, arrangement)
    content = preprocess.encoded(whole, "WEBP", quality=80, method=2)
    width = whole.width // arrangement.cols
    url = f"data:image/webp;base64,{base64.b64encode(content).decode()}"
    levels = [{"cell": width, "tile": max(arrangement.rows, arrangement.cols), "url": url}]
    data = view(pictures, arrangement, (width, whole.height // arrangement.rows), levels)
    parts = resources.files("zoo.grid")
    template, viewer = (parts.joinpath(f"viewer.{kind}").read_text(encoding="utf-8") for kind in ("html", "js"))
    values = {
        "title": html.escape(title),
        "viewer": viewer,
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),  # a name must not end the script
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def write(
    path: Path, pictures: Pictures, arrangement: Arrangement, title: str, progress: Progress | None = None
) -> None:
    """Writes an arrangement as .html, .png, .jpg or .csv, by the suffix of the path.

    Raises:
        InputError: the suffix is another, or the file cannot be written.
    """
    check(path)
    if path.suffix == ".csv":
        content = table(pictures, arrangement).encode()
    else:
        whole = montage(pictures, arrangement, progress=progress)
        if path.suffix == ".html":
            content = page(pictures, arrangement, printable(title), whole).encode()
        else:
            content = preprocess.encoded(whole, "PNG" if path.suffix == ".png" else "JPEG", quality=90)
    _put(path, content)


def check(path: Path) -> None:
    """Raises InputError if `write` would fail for this path."""
    if path.suffix not in (".html", ".png", ".jpg", ".jpeg", ".csv"):
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; write a .html, .png, .jpg or .csv file.")
    there = path.exists()
    _put(path, b"", "ab")
    if not there:
        path.unlink()


def _put(path: Path, content: bytes, mode: str = "wb") -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as file:
            file.write(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; name another place.") from error
