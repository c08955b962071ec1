"""The Draw tab: a network reads a digit or a letter while it is drawn, and shows what it saw of it."""

from functools import partial
from typing import Any

import gradio as gr
from PIL import Image

import zoo
from demos.studies import glyph_study
from demos.widgets import answers, evaluation, inside
from demos.widgets.answers import Network, Strokes
from demos.widgets.canvas import canvas
from zoo.images import ink, strokes
from zoo.text.alphabets import alike

NETWORK = Network(
    "glyph-efficientnet",
    "EfficientNet-B0, a classifier",
    "It knows 36 classes: the digits, and the letters A to Z. Upper and lower case are one class: a and A are both A.",
    "Grad-CAM, cell by cell: the brighter a place, the more it spoke for the answer.",
)
INVITATION = (
    '<div class="invitation"><p><b>Nothing to read yet. Draw a digit or a letter, as large as you like.</b></p>'
    "<p>A network reads it while you draw. You see what it read, what it nearly read, what it saw of your drawing, and "
    "which strokes decided.</p></div>"
)
SEES = (
    "<h4>What the network sees</h4><p>Its ink alone, white on black, cropped and scaled to 56 × 56 pixels: so it does "
    "not matter where and how large you draw, or with what.</p>"
)
DOUBTFUL = 0.05  # probability above which a look-alike is named


@answers.endpoint()
def read_glyph(picture: dict[str, Any] | None) -> dict[str, Any]:
    """Reads a lone digit or letter, written or printed, dark on light or light on dark, of any size.

    Args:
        picture: A picture of one character, such as a photo, a scan or a drawing.

    Returns:
        The character, 0 to 9 or A to Z (upper and lower case are one class), its confidence (the calibrated probability
        that it is right, 0 to 1), its status (ok, unsure or empty), the five best alternatives with their
        probabilities, and the milliseconds that it took; besides, a note on how the picture was converted, if it was.
    """
    opened = answers.opened(picture)
    return {"note": opened.note, **answers.as_json(*answers.read(NETWORK.name, opened.rgb))}


@answers.endpoint()
def read_drawing(drawing: Strokes) -> dict[str, Any]:
    """Reads a digit or letter that was drawn with a pen.

    Args:
        drawing: The strokes, each a list of points [x, y]; y grows downwards. Place and scale do not matter.

    Returns:
        As read_glyph, without a note.
    """
    return answers.as_json(*answers.read(NETWORK.name, strokes.draw(drawing)))


def _shown(picture: Image.Image, message: str = "") -> list[Any]:
    found, (answer, *places) = answers.respond(NETWORK, picture)
    return answers.with_picture(picture, message, [answer + doubt(found), *places, seen(picture)])


def doubt(found: zoo.Prediction) -> str:
    """A warning, as HTML, that the answer has likely look-alikes, such as 0 and O; empty if it has none."""
    twins = [text for text, share in found.alternatives if text in alike(found.text) and share >= DOUBTFUL]
    if found.status == "empty" or len(twins) < 2:
        return ""
    named = f"{', '.join(twins[:-1])} and {twins[-1]}"
    return f'<p class="note" role="status">{named} have the same shape when one stands alone: it may be either.</p>'


def seen(picture: Image.Image) -> str:
    """The network's input, enlarged, as HTML."""
    pixels, _ = ink.fit(picture, answers.reader(NETWORK.name).settings.size)
    source = answers.data_url(Image.fromarray(pixels), lossless=True)
    return f'<img src="{source}" alt="The character as the network sees it" width="112" height="112">'


def build() -> None:
    """Adds the tab's widgets and events to the gr.Blocks around."""
    with gr.Row(equal_height=False, elem_id="glyph-page"):
        with gr.Column(scale=2, min_width=300):
            drawn = canvas("Draw a digit or a letter here", elem_id="glyph-canvas")
            message = gr.HTML(elem_id="glyph-message")
            with gr.Accordion("Or take a picture of one", open=False, elem_id="glyph-upload"):
                upload = answers.upload("A character", "The character to be read", "glyph-picture")
        with gr.Column(scale=3, min_width=300):
            with gr.Column() as invitation:
                gr.HTML(INVITATION)
            with gr.Column(visible=False, elem_id="glyph-answers") as panels:
                places = answers.panel(NETWORK)
                with gr.Column(elem_classes="card"):
                    gr.HTML(SEES)
                    sight = gr.HTML(elem_id="glyph-seen")

    read, follow = inside.build([NETWORK], "glyph-inside")
    evaluation.build(NETWORK, "pen strokes of people's hands (Chars74K)")
    glyph_study.build()
    outputs = [message, read, panels, invitation, *places, sight]
    to = {"shown": _shown, "nothing": partial(answers.without_picture, len(outputs) - 4)}
    show_drawing = partial(answers.to_drawing, draw=strokes.draw, **to)
    follow(drawn.input(show_drawing, drawn, outputs, **answers.LATEST))
    alone = {"preprocess": False, **answers.ALONE}
    upload.change(partial(answers.to_upload, **to), upload, outputs, **answers.HIDDEN, **alone)
    # Endpoints for programs; no widget starts them.
    drawing, answer = gr.JSON(visible=False), gr.JSON(visible=False)
    gr.on([], read_glyph, upload, answer, api_name="read_glyph", **alone)
    gr.on([], read_drawing, drawing, answer, api_name="read_drawing", **answers.ALONE)
