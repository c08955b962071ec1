"""The study beside the Draw tab: which models learn single characters how well, and what they take for what."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr

from demos.widgets import confusion, figures, tables

FOLDER = Path(__file__).parents[1] / "results" / "glyph_study"  # as python -m training.studies.glyph_study leaves it
TILE = 56, 56  # height and width in pixels of a picture of errors.png
INTRODUCTION = """\
### The study: one set of characters, several models

A recruitment study compared four models on {total:,} characters of very unequal classes: one has a single image, the
others from 102 to 3,291. Its pictures are not public. Here the same is done with characters drawn from pen strokes,
MNIST and fonts, as many of each class; no drawing and no font is in two parts.
`python -m training.studies.glyph_study` does it again.
"""


def build() -> None:
    """The study's table, confusion matrix and curves; call it inside gr.Blocks."""
    study = json.loads((FOLDER / "study.json").read_text(encoding="utf-8"))
    parts = study["protocol"]
    with gr.Column(elem_id="glyph-study"):
        gr.Markdown(INTRODUCTION.format(total=parts["train"] + parts["validation"] + parts["test"]))
        gr.HTML(table(study))
        with gr.Accordion("What was tried for the last rows", open=False, elem_id="glyph-grid"):
            gr.HTML(grid(study))
        gr.Markdown(f"**What is taken for what** by {study['best']}: {confusion.LEGEND}")
        confusion.matrix(study, FOLDER / "errors.png", TILE, "glyph-study")
        gr.Markdown(ambiguous(study))
        with gr.Row():
            for measure in ("loss", "accuracy"):
                with gr.Column(min_width=300):
                    gr.Markdown(
                        f"**{measure.title()}** by epoch: a full line for training, a dotted one for validation"
                    )
                    gr.Plot(
                        figures.curves(study["curves"], measure),
                        label=f"{measure.title()} by epoch",
                        show_label=False,
                        container=False,
                        elem_classes="chart",
                    )
        gr.Markdown("**How many of each class** there are to learn from")
        gr.Plot(
            figures.distribution(study["classes"], study["counts"]["train"]),
            label="Images of each class",
            show_label=False,
            container=False,
            elem_classes="chart",
        )


def table(study: dict[str, Any]) -> str:
    """Every model's accuracy and macro-F1 on the test images, with 95 % intervals, beside the original study's."""
    rows = [
        (
            f"{html.escape(model['name'])}<small>{html.escape(_how(model))}</small>",
            tables.with_interval(model["accuracy"], model["accuracy_interval"]),
            tables.with_interval(model["macro_f1"], model["macro_f1_interval"]),
            tables.percent(model["merged_accuracy"]),
            " / ".join(map(tables.percent, model["study"] or ())) or "–",
        )
        for model in study["models"]
    ]
    names = "model", "accuracy", "macro-F1", "accuracy with look-alikes merged", "the original study"
    return tables.table(f"Percent of {study['protocol']['test']:,} test images, with 95 % intervals", names, rows)


def grid(study: dict[str, Any]) -> str:
    """The networks among which the last rows' size, learning rate and dropout were chosen, on validation images."""
    tried = study["grid"]
    best = max(range(len(tried)), key=lambda i: (tried[i]["accuracy"], tried[i]["macro_f1"]))
    rows = [
        (
            row["size"],
            f"{row['learning_rate']:g}",
            f"{row['dropout']:g}",
            tables.percent(row["accuracy"]),
            tables.percent(row["macro_f1"]),
        )
        for row in tried
    ]
    names = "network", "learning rate", "dropout", "accuracy", "macro-F1"
    count = f"{study['protocol']['validation']:,}"
    caption = f"Percent of {count} validation images after a short training; the best is bold"
    return tables.table(caption, names, rows, best)


def _how(model: dict[str, Any]) -> str:
    spread = ""
    if model["deviation"]:
        accuracy, macro = (f"{100 * value:.1f}" for value in model["deviation"])
        spread = f"; over the folds ± {accuracy} and ± {macro}"
    return ", ".join(filter(None, (model["weights"], model["detail"]))) + spread


def ambiguous(study: dict[str, Any]) -> str:
    """How many of the errors a person would make too."""
    groups = ", ".join("/".join(group) for group in study["ambiguous"]["groups"])
    share = figures.percent(study["ambiguous"]["share_of_errors"])
    return (
        f"**{share} of these errors** are between {groups}: characters that nobody tells apart for certain when one "
        "stands alone. The table's last but one column counts those as right."
    )
