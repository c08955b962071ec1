"""How well a classifier works: its confusion matrix, its worst answers and its training curves."""

import html
from typing import Any

import gradio as gr

from demos.widgets import confusion, figures, plots
from demos.widgets.answers import Network

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
    """Adds a network's results to its tab, if there are any; `data` describes the test pictures."""
    if not (found := plots.results(network.name, "view.json")):
        return
    name = f"{network.name}-evaluation"
    with gr.Accordion(f"How {network.title} does", open=False, elem_id=name, elem_classes="evaluation"):
        gr.Markdown(f"On the set `{found['data']}`, **{data}**. **What is taken for what**: {confusion.LEGEND}")
        confusion.matrix(found, plots.RESULTS / network.name / "errors.png", tuple(found["tile"]), name)
        gr.Markdown(WORST)
        gr.HTML(worst(found))
        history = found["history"]
        curves = {phase: run for phase, run in history.items() if run["epoch"]}
        finders = {phase: run["finder"] for phase, run in history.items() if "finder" in run}
        if curves:
            plots.curves(curves)
        else:
            gr.Markdown(LOST)
        if finders:
            gr.Markdown(FINDER)
            plots.plot(figures.finder(finders), "Loss by learning rate")


def worst(found: dict[str, Any]) -> str:
    """The worst answers with their pictures, as HTML."""
    names = [html.escape(name) for name in found["classes"]]
    cards = "".join(
        f"<li>{confusion.tile_of(answer['tile'], tuple(found['tile']))}<p>read <b>{names[answer['read']]}</b> "
        f"({html.escape(figures.percent(answer['probability']))}), is <b>{names[answer['true']]}</b>"
        f"<br>loss {answer['loss']:.2f}</p></li>"
        for answer in found["worst"]
    )
    return f'<ol class=worst style="--tile: {found["tile"][1]}px">{cards}</ol>'
