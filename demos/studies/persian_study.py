"""The study beside the Persian tab: what a network brings along, and how fast each of its layers should learn."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr

from demos.widgets import tables

FOLDER = Path(__file__).parents[1] / "results" / "persian_study"  # as training.studies.persian_study leaves it
INTRODUCTION = """\
### The study: frozen and whole, taught and from scratch

A student's study split such crops at random, as many of each class as here, and fine-tuned a ResNet whose weights came
from ImageNet: first the last layer alone, then all layers, the first more slowly than the last. Its pictures are not
public. Here the same is done with **drawn data**, most of it as bad scans have it, of 32 × 58 pixels instead of
50 × 90; where ImageNet's weights could not be had, the network was taught Persian letter forms instead. A random split
is easier than the figures above this: every font that is tested was trained on too.
`python -m training.studies.persian_study` does it again.
"""


def build() -> None:
    """The study's table, where there is one; call it inside gr.Blocks."""
    path = FOLDER / "study.json"
    if path.exists():
        with gr.Column(elem_id="persian-study", elem_classes="evaluation"):
            gr.Markdown(INTRODUCTION)
            gr.HTML(table(json.loads(path.read_text(encoding="utf-8"))))


def table(study: dict[str, Any]) -> str:
    """Every training's accuracy on the held-out tenth, beside the original study's."""
    models = study["models"]
    rows = [
        (
            f"{html.escape(model['name'])}<small>{html.escape(model['detail'])}</small>",
            tables.with_interval(model["accuracy"], model["interval"], 2),
            " to ".join(tables.percent(share, 2) for share in model["study"] or ()) or "–",
        )
        for model in models
    ]
    caption = f"Percent of {models[0]['images']:,} test images, drawn data, with 95 % intervals"
    return tables.table(caption, ("network", "accuracy", "the original study"), rows)
