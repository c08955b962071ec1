"""A run's curves as pictures: loss.png and accuracy.png, train beside validation."""

import csv
from pathlib import Path

from matplotlib.figure import Figure


def save(run: Path) -> None:
    """Draws the curves that a run's CSV logs hold, one log for each time it was started, by epoch, into its folder."""
    logs = sorted((run / "csv").glob("version_*/metrics.csv"), key=lambda log: int(log.parent.name.split("_")[1]))
    rows = [row for log in logs for row in csv.DictReader(log.read_text().splitlines())]
    for measure in ("loss", "accuracy"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for part, column in (("train", f"{measure}/train_epoch"), ("validation", f"{measure}/validation")):
            points = [(int(row["epoch"]) + 1, float(row[column])) for row in rows if row.get(column)]
            axes.plot(*zip(*points, strict=True), marker="o", label=part) if points else None
        axes.set(xlabel="epoch", ylabel=measure, title=run.name)
        axes.legend()
        axes.grid(alpha=0.3)
        figure.savefig(run / f"{measure}.png", dpi=120)
