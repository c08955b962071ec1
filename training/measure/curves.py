"""A run's curves as pictures: loss.png and accuracy.png, train beside validation; learning-rate.png."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

MEASURES = "loss", "accuracy"
PARTS = ("train", "_epoch"), ("validation", "")  # and how the logs' columns of a part end
Points = dict[str, list[float]]


def read(run: Path) -> Points:
    """What a run's CSV logs hold: "epoch", and measure/part such as "loss/train", a value for each finished epoch.

    There is one log for each time that the run was started.
    """
    logs = sorted((run / "csv").glob("version_*/metrics.csv"), key=lambda log: int(log.parent.name.split("_")[1]))
    rows = [row for log in logs for row in csv.DictReader(log.read_text().splitlines())]
    columns = {f"{measure}/{part}": f"{measure}/{part}{suffix}" for measure in MEASURES for part, suffix in PARTS}
    found = {
        name: {int(row["epoch"]) + 1: float(row[column]) for row in rows if row.get(column)}
        for name, column in columns.items()
    }
    epochs = sorted(set.intersection(*map(set, found.values())))
    return {"epoch": list(map(float, epochs))} | {name: [by[epoch] for epoch in epochs] for name, by in found.items()}


def save(run: Path) -> None:
    """Draws a run's curves into its folder."""
    points = read(run)
    for measure in MEASURES:
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for part, _ in PARTS:
            axes.plot(points["epoch"], points[f"{measure}/{part}"], marker="o", label=part)
        axes.set(xlabel="epoch", ylabel=measure, title=run.name)
        axes.legend()
        axes.grid(alpha=0.3)
        figure.savefig(run / f"{measure}.png", dpi=120)


def save_finder(found: Mapping[str, Any], run: Path) -> None:
    """Draws what the finder of a learning rate tried, and the rate that was taken, into the run's folder."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(found["rates"], found["losses"])
    axes.axvline(found["taken"], linestyle="--", label=f"taken: {found['taken']:.2g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss", title=run.name)
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(run / "learning-rate.png", dpi=120)
