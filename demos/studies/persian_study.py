"""The study on the Persian tab: pretrained or random weights, frozen or trained layers."""

import html
from typing import Any

import gradio as gr

from demos.widgets import plots, tables

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
    """Adds the study to the tab, if it was done."""
    if study := plots.results("persian_study"):  # of training.studies.persian_study
        with gr.Column(elem_id="persian-study", elem_classes="evaluation"):
            gr.Markdown(INTRODUCTION)
            gr.HTML(table(study))


def table(study: dict[str, Any]) -> str:
    """Accuracy of every training on the held-out tenth, beside the original study."""
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
