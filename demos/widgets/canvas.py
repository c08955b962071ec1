"""A canvas to draw on with a mouse, a pen, a finger or the keyboard."""

from pathlib import Path
from typing import Any

import gradio as gr

HERE = Path(__file__).parent
HELP = "Arrow keys move the pen, the space bar sets it down and lifts it, Backspace undoes a stroke, Delete clears all."
TEMPLATE = f"""
<div class="canvas">
    <canvas tabindex="0" role="application" aria-label="Drawing area. {HELP}"></canvas>
    <p class="hint" aria-hidden="true">${{hint}}</p>
    <div class="tools">
        <button type="button" class="undo">Undo</button>
        <button type="button" class="clear">Clear</button>
        <span role="status"></span>
    </div>
</div>
"""
STYLE = """
.canvas { position: relative; max-width: 420px; margin: auto; }
canvas {
    display: block; width: 100%; aspect-ratio: 1; touch-action: none; cursor: crosshair; border-radius: 8px;
    border: 1px solid var(--border-color-primary); background: var(--input-background-fill);
    color: var(--body-text-color); outline-color: var(--color-accent);
}
canvas:focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }
.hint {
    position: absolute; inset: 40% 10% auto; text-align: center; pointer-events: none;
    color: var(--body-text-color); opacity: 0.7;
}
.lined canvas {
    background-image: linear-gradient(var(--border-color-primary) 2px, transparent 2px); background-repeat: no-repeat;
    background-position: 0 64%;
}
.hint[hidden] { display: none; }
.tools { display: flex; gap: 8px; align-items: center; margin-top: 8px; }
.tools button {
    min-height: 44px; padding: 0 20px; border-radius: 8px; border: 1px solid var(--border-color-primary);
    background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color);
}
.tools [role=status] { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""


def canvas(hint: str, **values: Any) -> gr.HTML:
    """A square canvas. Its `input` event comes ten times a second during a stroke, and after every change.

    Its value is a list of strokes, each a list of points [x, y] in 0…1 from the upper left corner, as
    `zoo.images.strokes.draw` takes them. Take the value as an input of the handler, not from the event: gradio drops
    the data of events that come while the handler runs. `hint` is shown while nothing is drawn. The class "lined"
    adds a baseline.
    """
    code = (HERE / "canvas.js").read_text(encoding="utf-8")
    return gr.HTML(html_template=TEMPLATE, css_template=STYLE, js_on_load=code, hint=hint, **values)
