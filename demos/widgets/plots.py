"""Plots of a page, and the results they show."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from demos.widgets import figures

RESULTS = Path(__file__).parents[1] / "results"  # written by training.studies and training.measure.views


def results(name: str, file: str = "study.json") -> dict[str, Any] | None:
    """The results of a study or a network, if there are any."""
    path = RESULTS / name / file
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def plot(figure: go.Figure, label: str) -> None:
    """Adds a figure to the gr.Blocks around; `label` names it for screen readers."""
    gr.Plot(figure, label=label, show_label=False, container=False, elem_classes="chart")


def curves(runs: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Adds loss and accuracy by epoch, side by side; `runs` as in figures.curves."""
    with gr.Row():
        for measure in ("loss", "accuracy"):
            with gr.Column(min_width=300):
                gr.Markdown(f"**{measure.title()}** by epoch: a full line for training, a dotted one for validation")
                plot(figures.curves(runs, measure), f"{measure.title()} by epoch")
