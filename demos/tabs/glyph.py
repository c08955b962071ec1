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
DOUBTFUL = 0.05  # probability from which a twin of the answer is named


def read_glyph(picture: dict[str, Any] | None) -> dict[str, Any]:
    """Reads a lone digit or letter, written or printed, dark on light or light on dark, of any size.

    Args:
        picture: A picture of one character, such as a photo, a scan or a drawing.

    Returns:
        The character, 0 to 9 or A to Z (upper and lower case are one class), its confidence (the calibrated probability
        that it is right, 0 to 1), its status (ok, unsure or empty), the five best alternatives with their
        probabilities, and the milliseconds that it took; besides, a note on how the picture was converted, if it was.
    """
    try:
        given = answers.opened(picture)
    except zoo.InputError as error:
        raise gr.Error(str(error), print_exception=False) from error
    return {"note": given.note, **answers.told(*answers.read(NETWORK.name, given.rgb))}


def read_drawing(drawing: Strokes) -> dict[str, Any]:
    """Reads a digit or letter that was drawn with a pen.

    Args:
        drawing: The strokes, each a list of points [x, y]; y grows downwards. Place and scale do not matter.

    Returns:
        As read_glyph, without a note.
    """
    try:
        picture = strokes.draw(drawing)
    except zoo.InputError as error:
        raise gr.Error(str(error), print_exception=False) from error
    return answers.told(*answers.read(NETWORK.name, picture))


def _nothing(message: str = "") -> list[Any]:
    return [message, None, gr.Column(visible=False), gr.Column(visible=True), *[gr.skip()] * 4]


def _shown(picture: Image.Image, message: str = "") -> list[Any]:
    found, (said, *places) = answers.say(NETWORK, picture)
    shown = gr.Column(visible=True), gr.Column(visible=False)
    return [message, picture, *shown, said + doubt(found), *places, seen(picture)]


def doubt(found: zoo.Prediction) -> str:
    """Which other characters of the same shape an answer may be, as HTML; empty where there is none."""
    twins = [text for text, share in found.alternatives if text in alike(found.text) and share >= DOUBTFUL]
    if found.status == "empty" or len(twins) < 2:
        return ""
    named = f"{', '.join(twins[:-1])} and {twins[-1]}"
    return f'<p class="note" role="status">{named} have the same shape when one stands alone: it may be either.</p>'


def seen(picture: Image.Image) -> str:
    """What the network sees of a picture, enlarged, as HTML."""
    pixels, _ = ink.fit(picture, answers.reader(NETWORK.name).settings.size)
    source = answers.data_url(Image.fromarray(pixels), lossless=True)
    return f'<img src="{source}" alt="The character as the network sees it" width="112" height="112">'


def build() -> None:
    """The tab's widgets and what they do; call it inside gr.Blocks."""
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

    # One at a time: two readings at once would only slow each other down.
    alone: dict[str, Any] = {"concurrency_id": "networks", "concurrency_limit": 1}
    read, follow = inside.build([NETWORK], "glyph-inside", alone)
    evaluation.build(NETWORK, "pen strokes of people's hands (Chars74K)")
    if glyph_study.FOLDER.exists():
        glyph_study.build()
    outputs = [message, read, panels, invitation, *places, sight]
    shown: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    to = {"shown": _shown, "nothing": _nothing}
    show_drawing = partial(answers.to_drawing, draw=strokes.draw, **to)
    show_upload = partial(answers.to_upload, **to)
    # not queued: of many events in quick succession gradio's queue may lose one for good, and with it all that follow
    follow(drawn.input(show_drawing, drawn, outputs, trigger_mode="always_last", queue=False, **shown))
    upload.change(show_upload, upload, outputs, preprocess=False, **shown, **alone)
    # Endpoints for programs, with no widget of their own to start them.
    drawing, told = gr.JSON(visible=False), gr.JSON(visible=False)
    gr.on([], read_glyph, upload, told, api_name="read_glyph", preprocess=False, **alone)
    gr.on([], read_drawing, drawing, told, api_name="read_drawing", **alone)
