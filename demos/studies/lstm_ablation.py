"""The ablation on the Words tab: how much an LSTM's context adds to a CNN that reads words."""

import html
from typing import Any

import gradio as gr

from demos.widgets import plots, tables

INTRODUCTION = """\
### What context is worth

One upright stroke may be an i, a capital I, an l or a 1: only what stands beside it tells. An LSTM carries what it has
read along the whole line, from the left, or from both sides. But convolutions see beside a frame too: these, 76 pixels
to either side, four or five letters. Three networks went on from one CNN, which had learned to read alone from
{cnn_samples:,} drawn pictures, and learned from the same {samples:,} others, in all fewer than the reader above. They
differ by what an LSTM adds to each frame alone, and no language model helps them.
`python -m training.studies.lstm_ablation` does it again.
"""

FOUND = """\
What stands farther off is worth nothing here that so many words could show: the intervals overlap. What tells an i from
an l stands near, and the convolutions see it.
"""


def build() -> None:
    """Adds the ablation to the tab, if it was done."""
    if study := plots.results("lstm_ablation"):  # of training.studies.lstm_ablation
        with gr.Column(elem_id="lstm-ablation", elem_classes="evaluation"):
            gr.Markdown(INTRODUCTION.format(**study))
            gr.HTML(table(study))
            gr.Markdown(FOUND)


def table(study: dict[str, Any]) -> str:
    """Word accuracy, CER and errors among upright strokes of every network, with 95 % intervals."""
    rows = [
        (
            html.escape(row["name"]),
            tables.with_interval(row["accuracy"], row["interval"]),
            tables.with_interval(row["cer"], row["cer_interval"], 2),
            tables.with_interval(row["strokes"], row["strokes_interval"]),
        )
        for row in study["networks"]
    ]
    first = study["networks"][0]
    columns = "network", "words read right", "CER", f"i, I, l, 1, |, ! taken for another, of {first['places']:,}"
    caption = f"Percent on {first['images']:,} drawn words in unseen fonts, with 95 % intervals"
    return tables.table(caption, columns, rows)
