"""Small sets of labelled pictures on the disk."""

import csv
from collections.abc import Callable
from pathlib import Path

from training.data.folder import Drawing


def save(out: Path, draw: Callable[[int], Drawing], count: int) -> None:
    """A small set as `folder.write` leaves it, without processes of its own, which take seconds to begin."""
    drawn = [draw(i) for i in range(count)]
    (out / "000").mkdir(parents=True)
    rows = [{"file_name": f"000/{i:06d}.png", **row} for i, (_, row) in enumerate(drawn)]
    for row, (picture, _) in zip(rows, drawn, strict=True):
        picture.save(out / str(row["file_name"]))
    with (out / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
