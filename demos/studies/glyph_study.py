"""The study on the Draw tab: how well several models learn single characters, and what they confuse."""

import html
from typing import Any

import gradio as gr

from demos.widgets import confusion, figures, plots, tables

NAME = "glyph_study"  # of the results of training.studies.glyph_study
TILE = 56, 56  # height and width in pixels of a picture of errors.png
INTRODUCTION = """\
### The study: one set of characters, several models

A recruitment study compared four models on {total:,} characters of very unequal classes: one has a single image, the
others from 102 to 3,291. Its pictures are not public. Here the same is done with characters drawn from pen strokes,
MNIST and fonts, as many of each class; no drawing and no font is in two parts.
`python -m training.studies.glyph_study` does it again.
"""


def build() -> None:
    """Adds the study's tables, confusion matrix and curves, if it was done."""
    if not (study := plots.results(NAME)):
        return
    parts = study["protocol"]
    with gr.Column(elem_id="glyph-study"):
        gr.Markdown(INTRODUCTION.format(total=parts["train"] + parts["validation"] + parts["test"]))
        gr.HTML(table(study))
        with gr.Accordion("What was tried for the last rows", open=False, elem_id="glyph-grid"):
            gr.HTML(grid(study))
        gr.Markdown(f"**What is taken for what** by {study['best']}: {confusion.LEGEND}")
        confusion.matrix(study, plots.RESULTS / NAME / "errors.png", TILE, "glyph-study")
        gr.Markdown(ambiguous(study))
        plots.curves(study["curves"])
        gr.Markdown("**How many of each class** there are to learn from")
        plots.plot(figures.distribution(study["classes"], study["counts"]["train"]), "Images of each class")


def table(study: dict[str, Any]) -> str:
    """Accuracy and macro-F1 of every model on the test images, with 95 % intervals, beside the original study."""
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
    """The grid search as an HTML table: validation scores by network, learning rate and dropout; the best is bold."""
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
    """The share of errors that a person would make too."""
    groups = ", ".join("/".join(group) for group in study["ambiguous"]["groups"])
    share = figures.percent(study["ambiguous"]["share_of_errors"])
    return (
        f"**{share} of these errors** are between {groups}: characters that nobody tells apart for certain when one "
        "stands alone. The table's last but one column counts those as right."
    )
