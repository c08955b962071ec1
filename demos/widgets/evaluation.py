"""How a classifier does: what it takes for what, the answers that cost it most, and how it was trained."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from demos.widgets import confusion, figures
from demos.widgets.answers import Network

RESULTS = Path(__file__).parents[1] / "results"  # as python -m training.measure.views leaves them
WORST = (
    "**The most expensive answers**, of all pictures of the set: what was read, what it is, and the loss, the "
    "negative logarithm of the probability that the truth was given."
)
FINDER = (
    "**The learning rate** grows from step to step until the loss explodes; the dot is what was trained with: where "
    "the loss falls fastest, or, where it falls nowhere any more, before it explodes."
)
LOST = "The curves of this network's training were not kept."


def build(network: Network, data: str = "drawn data") -> None:
    """The part of a tab, where there are results; call it inside gr.Blocks. `data` says what they were measured on."""
    folder = RESULTS / network.name
    if not (folder / "view.json").exists():
        return
    found = json.loads((folder / "view.json").read_text(encoding="utf-8"))
    name = f"{network.name}-evaluation"
    with gr.Accordion(f"How {network.title} does", open=False, elem_id=name, elem_classes="evaluation"):
        gr.Markdown(f"On the set `{found['data']}`, **{data}**. **What is taken for what**: {confusion.LEGEND}")
        confusion.matrix(found, folder / "errors.png", tuple(found["tile"]), name)
        gr.Markdown(WORST)
        gr.HTML(worst(found))
        curved = {phase: told for phase, told in found["history"].items() if told["epoch"]}
        finders = {phase: told["finder"] for phase, told in found["history"].items() if "finder" in told}
        if not curved:
            gr.Markdown(LOST)
        else:
            with gr.Row():
                for measure in ("loss", "accuracy"):
                    with gr.Column(min_width=300):
                        gr.Markdown(
                            f"**{measure.title()}** by epoch: a full line for training, a dotted one for validation"
                        )
                        _plot(figures.curves(curved, measure), f"{measure.title()} by epoch")
        if finders:
            gr.Markdown(FINDER)
            _plot(figures.finder(finders), "Loss by learning rate")


def worst(found: dict[str, Any]) -> str:
    """The worst answers, each with its picture, as HTML."""
    names = [html.escape(name) for name in found["classes"]]
    cards = "".join(
        f"<li>{confusion.tile_of(answer['tile'], tuple(found['tile']))}<p>read <b>{names[answer['read']]}</b> "
        f"({html.escape(figures.percent(answer['probability']))}), is <b>{names[answer['true']]}</b>"
        f"<br>loss {answer['loss']:.2f}</p></li>"
        for answer in found["worst"]
    )
    return f'<ol class=worst style="--tile: {found["tile"][1]}px">{cards}</ol>'


def _plot(figure: go.Figure, label: str) -> None:
    gr.Plot(figure, label=label, show_label=False, container=False, elem_classes="chart")
