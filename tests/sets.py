"""Small sets of labelled pictures on the disk."""

import csv
from collections.abc import Callable
from pathlib import Path

from training.data.folder import Drawing


def save(out: Path, draw: Callable[[int], Drawing], count: int) -> None:
    """A small set as `folder.write` leaves it, without processes of its own, which take seconds to begin."""
    drawn = [draw(i) for i in range(count)]
    out.mkdir(parents=True)
    for i, (picture, _) in enumerate(drawn):
        picture.save(out / f"{i}.png")
    rows = [{"file_name": f"{i}.png", **row} for i, (_, row) in enumerate(drawn)]
    with (out / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
