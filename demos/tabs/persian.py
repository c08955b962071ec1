"""The Persian tab: a network reads a digit, a sign or a word of a letter's header, in any font and in bad scans."""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from demos.studies import persian_study
from demos.widgets import answers, evaluation, inside
from demos.widgets.answers import Network
from demos.widgets.canvas import canvas
from training.data import persian
from training.data.drawing import fonts
from zoo.images import strokes

NETWORK = Network(
    "persian-resnet34",
    "ResNet-34, a classifier",
    "It knows the digits ۰ to ۹, in their Persian and Arabic shapes, a dash, an underscore and five words: تاریخ "
    "(date), مورخ (dated), پیوست (attachment), شماره (number) and موضوع (title). All else is “other”.",
    "Grad-CAM, cell by cell: the brighter a place, the more it spoke for the answer.",
)
INVITATION = (
    '<div class="invitation"><p><b>Choose, draw or make a Persian character or word.</b></p>'
    "<p>A network says which of 18 classes it is. You see what it read, what it nearly read, and where it looked.</p>"
    "</div>"
)
LINE = (
    "**As high as its line.** A dash and an underscore, a zero and a full stop, the ring of ٥ and that of ۰ differ by "
    "their height on the line or by their size alone. So the network takes the whole picture for the height of a line: "
    "cut a crop as high as the line that it stands in. Of a lone mark cut closely around nobody can tell which it was. "
    "It was taught with **drawn data**, print in many fonts, since no openly licensed scans were at hand; what is "
    "written by hand it often reads wrongly."
)
FOLDER = Path(__file__).parents[1] / "fonts" / "persian"
SUFFIX = "-arabic-400-normal.woff2"
FACES = {
    path.name.removesuffix(SUFFIX): fonts.Face(
        path.name.removesuffix(SUFFIX), 400, "normal", path, path.with_name(path.name.replace("-arabic-", "-latin-"))
    )
    for path in sorted(FOLDER.glob(f"*{SUFFIX}"))
}
NEW = " (never seen in training)"
DAMAGE: dict[str, persian.Damage] = {"none": "clean", "as a bad scan": "scan"}
PEN = 0.06  # width of a stroke, times the side of the canvas


@answers.endpoint()
def read_persian(picture: dict[str, Any] | None) -> dict[str, Any]:
    """Reads a printed Persian digit, dash, underscore or one of five words of a business letter's header.

    Args:
        picture: A crop as high as the line of writing that it was cut from, such as a piece of a scan.

    Returns:
        What is printed, in logical order (� for anything else), its label (0 to 9, -, _, date, dated, attachment,
        number, title or other), its confidence (the calibrated probability that it is right, 0 to 1), its status (ok,
        unsure or empty), the five best alternatives with their probabilities, and the milliseconds that it took;
        besides, a note on how the picture was converted, if it was.
    """
    opened = answers.opened(picture)
    found, milliseconds = answers.read(NETWORK.name, opened.rgb)
    return {"note": opened.note, "label": found.label, **answers.as_json(found, milliseconds)}


def make_persian(label: str, font: str, damage: str) -> Image.Image:
    """Draws a crop of one of the classes.

    Args:
        label: 0 to 9, -, _, date, dated, attachment, number, title, or other for anything else.
        font: The font family.
        damage: none, or as a bad scan.

    Returns:
        The crop, 28 to 72 pixels high; another one at each call.
    """
    rng = np.random.default_rng()
    return persian.draw_text(rng, persian.printed(rng, label), label, FACES[font], DAMAGE[damage])[0]


def _shown(picture: Image.Image, message: str = "") -> list[Any]:
    return answers.with_picture(picture, message, answers.respond(NETWORK, picture)[1])


def build() -> None:
    """Adds the tab's widgets and events to the gr.Blocks around."""
    with gr.Row(equal_height=False, elem_id="persian-page"):
        with gr.Column(scale=2, min_width=300):
            upload = answers.upload("A crop", "The crop to be read", "persian-picture")
            message = gr.HTML(elem_id="persian-message")
            make, controls = _make_one()
            with gr.Accordion("Draw one", open=False, elem_id="persian-draw"):
                drawn = canvas("Draw a digit on the line", elem_id="persian-canvas", elem_classes="lined")
        with gr.Column(scale=3, min_width=300):
            with gr.Column() as invitation:
                gr.HTML(INVITATION)
            with gr.Column(visible=False, elem_id="persian-answers") as panels:
                places = answers.panel(NETWORK)
            gr.Markdown(LINE)

    read, follow = inside.build([NETWORK], "persian-inside")
    evaluation.build(NETWORK)
    persian_study.build()
    outputs = [message, read, panels, invitation, *places]
    to = {"shown": _shown, "nothing": partial(answers.without_picture, len(outputs) - 4)}
    show_drawing = partial(answers.to_drawing, draw=partial(strokes.draw, width=PEN, whole=True), **to)
    follow(drawn.input(show_drawing, drawn, outputs, **answers.LATEST))
    alone = {"preprocess": False, **answers.ALONE}
    upload.change(partial(answers.to_upload, **to), upload, outputs, **answers.HIDDEN, **alone)
    make.click(make_persian, controls, upload, api_name="make_persian", show_progress="hidden")
    # An endpoint for programs; no widget starts it.
    gr.on([], read_persian, upload, gr.JSON(visible=False), api_name="read_persian", **alone)


def _make_one() -> tuple[gr.Button, list[gr.components.Component]]:
    """Adds the controls that draw a crop; returns the button and the inputs of `make_persian`."""
    classes = [(f"{persian.TEXTS[label]}  {label}", label) for label in persian.LABELS if label != persian.OTHER]
    families = [(name.replace("-", " ").title() + NEW * (name in fonts.PERSIAN_TEST), name) for name in FACES]
    with gr.Accordion("Make one", open=False, elem_id="persian-make"):
        label = gr.Dropdown([*classes, ("something else", persian.OTHER)], value="number", label="What it shows")
        family = gr.Dropdown(families, value="vazirmatn", label="Font")
        damage = gr.Radio(list(DAMAGE), value="as a bad scan", label="Damage")
        button = gr.Button("Draw it", variant="primary", elem_id="persian-draw-it")
    return button, [label, family, damage]
