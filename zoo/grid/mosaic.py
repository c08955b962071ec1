"""An arrangement as one picture, as a page to zoom in that needs no network, and as a table."""

import base64
import csv
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from zoo import cores
from zoo.errors import InputError
from zoo.grid.arrangement import SIDE, Arrangement, Progress
from zoo.grid.pictures import Pictures, usual_aspect
from zoo.images import preprocess
from zoo.images.files import printable

SIDES = 96, 8  # pixels: the longer side of a picture in its cell, at most and at least
LONGEST = 8192  # pixels: a side of the whole
PAPER = "white"


def in_cell(pictures: Pictures, name: str, cell: tuple[int, int]) -> Image.Image:
    """A picture, whole and unsqueezed, on a cell of that width and height."""
    rgb = preprocess.load(pictures.read(name)).rgb
    scale = min(cell[0] / rgb.width, cell[1] / rgb.height)
    size = max(round(rgb.width * scale), 1), max(round(rgb.height * scale), 1)  # of the thinnest a line is seen
    return ImageOps.pad(rgb.resize(size, Image.Resampling.LANCZOS), cell, color=PAPER)


def cell_size(pictures: Pictures, found: Arrangement) -> tuple[int, int]:
    """Width and height of a cell in pixels: of the pictures' usual shape, as large as the whole may be."""
    aspect = usual_aspect(pictures, found.kept)
    most, least = SIDES
    longer = min(most, LONGEST * max(aspect, 1) / aspect / found.cols, LONGEST * max(aspect, 1) / found.rows)
    longer = max(longer, least)
    width, height = round(longer * min(aspect, 1)), round(longer / max(aspect, 1))
    return max(min(width, SIDE // found.cols), 1), max(min(height, SIDE // found.rows), 1)  # the whole fits a WebP


def montage(
    pictures: Pictures, found: Arrangement, cell: tuple[int, int] | None = None, progress: Progress | None = None
) -> Image.Image:
    """All pictures in one, each in its cell, whole and unsqueezed.

    Args:
        pictures: that were arranged.
        found: where they lie.
        cell: width and height of a cell in pixels; by default what `cell_size` says.
        progress: is told how much is done.
    """
    width, height = cell or cell_size(pictures, found)
    whole = Image.new("RGB", (width * found.cols, height * found.rows), PAPER)
    small = partial(in_cell, pictures, cell=(width, height))
    names = [pictures.names[i] for i in found.kept]
    with ThreadPoolExecutor(cores.available()) as threads:
        for start in range(0, len(names), 256):
            part = slice(start, start + 256)
            for (row, col), tile in zip(found.cells[part].tolist(), threads.map(small, names[part]), strict=True):
                whole.paste(tile, (col * width, row * height))
            if progress:
                progress("drawing", min(start + 256, len(names)), len(names))
    return whole


def part(found: Arrangement, chosen: Sequence[int]) -> Arrangement:
    """Some of the arranged pictures, by their numbers in it, in a grid just large enough for the cells they lie in."""
    at = list(chosen)
    first = found.cells[at].min(0)
    rows, cols = found.cells[at].max(0) - first + 1
    points = None if found.points is None else found.points[at]
    return replace(
        found,
        rows=int(rows),
        cols=int(cols),
        cells=found.cells[at] - first,
        points=points,
        vectors=found.vectors[at],
        kept=found.kept[at],
    )


def table(pictures: Pictures, found: Arrangement, chosen: Sequence[int] | None = None) -> str:
    """CSV with file, row, column and label of every picture, or of those chosen of the arranged ones."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "row", "column", "label"])
    for i in range(len(found.kept)) if chosen is None else chosen:
        at = found.kept[i]
        writer.writerow([pictures.names[at], *found.cells[i].tolist(), pictures.labels[at]])
    return out.getvalue()


def read_table(path: Path) -> dict[str, tuple[int, int]]:
    """Row and column by file of a CSV that `table` wrote.

    Raises:
        InputError: it is none.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["file"]: (int(row["row"]), int(row["column"])) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError, TypeError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path} is no table of an arrangement; it needs the columns file, row and column."
        raise InputError(message) from error


def view(
    pictures: Pictures, found: Arrangement, cell: tuple[int, int], levels: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """What viewer.js shows: the cells, the pictures in them, and where it finds their images, from coarse to fine."""
    cells = np.full((found.rows, found.cols), -1)
    cells[tuple(found.cells.T)] = np.arange(len(found.kept))
    return {
        "rows": found.rows,
        "cols": found.cols,
        "cells": cells.ravel().tolist(),
        "names": [pictures.names[i] for i in found.kept],
        "labels": [pictures.labels[i] for i in found.kept],
        "size": cell,
        "levels": levels,
    }


def page(pictures: Pictures, found: Arrangement, title: str, whole: Image.Image | None = None) -> str:
    """A page that shows the montage, to zoom and to point at; one file, which asks nothing of a network."""
    whole = whole or montage(pictures, found)
    buffer = io.BytesIO()
    whole.save(buffer, "WEBP", quality=80, method=2)
    width = whole.width // found.cols
    url = f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    levels = [{"cell": width, "tile": max(found.rows, found.cols), "url": url}]
    data = view(pictures, found, (width, whole.height // found.rows), levels)
    parts = resources.files("zoo.grid")
    template, viewer = (parts.joinpath(f"viewer.{kind}").read_text(encoding="utf-8") for kind in ("html", "js"))
    values = {
        "title": html.escape(title),
        "viewer": viewer,
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),  # else a file's name could end the script
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def write(path: Path, pictures: Pictures, found: Arrangement, title: str, progress: Progress | None = None) -> None:
    """An arrangement as the file's name says: .html, .png, .jpg or .csv.

    Raises:
        InputError: the name ends otherwise, or the file cannot be written.
    """
    check(path)
    if path.suffix == ".csv":
        content = table(pictures, found).encode()
    else:
        whole, buffer = montage(pictures, found, progress=progress), io.BytesIO()
        if path.suffix == ".html":
            buffer.write(page(pictures, found, printable(title), whole).encode())
        else:
            whole.save(buffer, "PNG" if path.suffix == ".png" else "JPEG", quality=90)
        content = buffer.getvalue()
    _put(path, content)


def check(path: Path) -> None:
    """Raises InputError where `write` could not write."""
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
