"""The Memorisation tab: a network learns wrong labels and noise by heart."""

import html
from typing import Any

import gradio as gr
from PIL import Image

from demos.widgets import answers, confusion, figures, plots, tables

NAME = "memorization"  # of the results of training.studies.memorization
PARTS = "train", "test"
INTRODUCTION = """\
### Learned, or learned by heart?

The same network, a ResNet-18 that begins with random weights, learned the same {count:,} captchas of 100 words three
times: with their true labels; with the labels shuffled, so that a picture's label says nothing of what is printed; and
with noise in the pictures' place. It gets nearly all of them right in the end, whatever nonsense that is: it has room
enough to keep every picture by itself. **That a network is right on what it was trained on says nothing.** Pictures
that it never saw tell the three apart: there the first reads words, and the others guess, one in a hundred.

After Zhang et al. 2017, *Understanding deep learning requires rethinking generalization*.
`python -m training.studies.memorization` does it again.
"""
PICTURES = """\
**What it keeps of shuffled labels.** Open a picture that it was trained on: what is printed, the label that it was
given, and what the network answers.
"""
ACCURACY = "**Accuracy** by epoch: a full line on what it is trained on, a dotted one on pictures that it never saw"


def build() -> None:
    """Adds the tab's text, table, curves and pictures, if the study was done."""
    if not (study := plots.results(NAME)):
        return
    with gr.Column(elem_id="memorization", elem_classes="evaluation"):
        gr.Markdown(INTRODUCTION.format(count=study["kinds"][0]["train"]["images"]))
        gr.HTML(table(study))
        gr.Markdown(ACCURACY)
        runs = {kind["name"]: kind["history"] for kind in study["kinds"]}
        plots.plot(figures.curves(runs, "accuracy"), "Accuracy by epoch")
        gr.Markdown(PICTURES)
        gr.HTML(pictures(study))


def table(study: dict[str, Any]) -> str:
    """Accuracy of each network on its training pictures and on others, with 95 % intervals."""
    rows = [
        (html.escape(kind["name"]), *(tables.with_interval(kind[p]["accuracy"], kind[p]["interval"]) for p in PARTS))
        for kind in study["kinds"]
    ]
    counts = [f"{study['kinds'][0][part]['images']:,}" for part in PARTS]
    columns = "trained with", f"right, of its own {counts[0]}", f"right, of {counts[1]} others"
    return tables.table("Percent, with 95 % intervals", columns, rows)


def pictures(study: dict[str, Any]) -> str:
    """Cards to open: printed text, given label and the network's answer. As HTML."""
    height, width = study["tile"]
    source = answers.data_url(Image.open(plots.RESULTS / NAME / "pictures.png"))
    style = f"#memorization .tile {{ background-image: url({source}); width: {width}px; height: {height}px }}"
    cards = "".join(
        f"<li><details><summary>{confusion.tile_of(i, (height, width))}</summary>printed <b>"
        f"{html.escape(one['printed'])}</b><br>given <b>{html.escape(one['label'])}</b><br>answers "
        f"<b>{html.escape(one['read'])}</b> ({html.escape(figures.percent(one['probability']))})</details></li>"
        for i, one in enumerate(study["pictures"])
    )
    return f'<style>{style}</style><ol class="kept" style="--tile: {width}px">{cards}</ol>'
