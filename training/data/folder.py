"""Labelled images on disk in ImageFolder form: pictures beside a `metadata.csv`, in a folder or a zip of one."""

import csv
import hashlib
import io
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from zoo import cores, whole
from zoo.errors import InputError
from zoo.images.files import Files

Row = dict[str, str]
Drawing = tuple[Image.Image, Mapping[str, object]]


@dataclass(frozen=True)
class DrawnSet:
    """A set of images that a command draws: how many, and the function that draws one by its index."""

    count: int
    draw: Callable[[int], Drawing]


@dataclass(frozen=True)
class _Write:
    """Draws picture `index` and saves it: what one worker does."""

    draw: Callable[[int], Drawing]
    out: Path

    def __call__(self, index: int) -> dict[str, object]:
        image, row = self.draw(index)
        name = f"{index // 1000:03d}/{index:06d}.png"
        (self.out / name).parent.mkdir(exist_ok=True)
        image.save(self.out / name, compress_level=1)
        return {"file_name": name, **row}


def write(out: Path, draw: Callable[[int], Drawing], count: int, workers: int | None = None, title: str = "") -> None:
    """Draws pictures 0…count-1 in parallel into `out` and writes `metadata.csv`, with a progress bar.

    A picture and its file's name depend on its index alone, and rows are in the order of the indices: the number of
    workers changes nothing. `metadata.csv` appears last and whole: a folder that has it is complete.
    """
    with (
        whole.file(out / "metadata.csv") as part,
        part.open("w", newline="", encoding="utf-8") as file,
        ProcessPoolExecutor(workers or cores.available(), multiprocessing.get_context("spawn")) as pool,
    ):
        table: csv.DictWriter[str] | None = None
        for row in tqdm(pool.map(_Write(draw, out), range(count), chunksize=16), title or out.name, count):
            if table is None:
                table = csv.DictWriter(file, list(row))
                table.writeheader()
            table.writerow(row)


class ImageFolder:
    """The pictures and rows of a folder or zip. Pictures are read one by one when asked for: memory stays flat.

    Raises:
        FileNotFoundError: there is no such folder or zip, or no `metadata.csv` in it.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.files = Files(path)
            text = self.files.read("metadata.csv").decode()
        except (OSError, InputError) as error:
            message = f"{path} holds no metadata.csv; it should be an ImageFolder or a zip of one"
            raise FileNotFoundError(message) from error
        reader = csv.DictReader(io.StringIO(text))
        names, cells = reader.fieldnames or [], [[value.encode() for value in row.values()] for row in reader]
        # fixed-width arrays, no list of dicts: forked workers share them, and memory does not grow as they read
        self.columns = {name: np.array([row[i] for row in cells], "S") for i, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self.columns["file_name"])

    def row(self, index: int) -> Row:
        return {name: column[index].decode() for name, column in self.columns.items()}

    def image(self, index: int) -> Image.Image:
        return Image.open(io.BytesIO(self.files.read(self.columns["file_name"][index].decode()))).convert("RGB")

    def __iter__(self) -> Iterator[tuple[Image.Image, Row]]:
        return ((self.image(i), self.row(i)) for i in range(len(self)))

    def digest(self) -> str:
        """SHA-256 over every picture's pixels and text, in order: the same for the same set however it was packed."""
        total = hashlib.sha256()
        for image, row in self:
            total.update(np.asarray(image).tobytes() + row["text"].encode())
        return total.hexdigest()
