"""The Captcha tab: three networks read a captcha and show where they looked."""

import json
import random
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

import zoo
from demos.grid_view.sets import FONTS
from demos.tabs import words
from demos.widgets import answers, evaluation, figures, inside, plots
from demos.widgets.answers import Network
from training.data.drawing import captchas, degrade, fonts, styles
from training.data.drawing.styles import Style
from training.data.texts import english
from zoo.hub import store
from zoo.text.alphabets import ALPHANUMERIC

CASES: dict[str, Callable[[str], str]] = {
    "as typed": str,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "random": lambda text: "".join(random.choice((c.lower(), c.upper())) for c in text),
}
EXAMPLES: tuple[tuple[str, str, int, Style], ...] = (  # text, font, seed, style
    ("computer", "lato", 5, Style(white=False, background="gradient", contrast=140, damaged=True)),
    ("Billboard", "pacifico", 2, Style(white=False, background="shapes", wave=3, letter=30)),
    ("DOCUMENT", "courier-prime", 0, Style(white=False, background="stripes", lines="hair")),
    ("captcha", "caveat", 1, Style(white=False, background="rings", letter=40)),
    ("w7e6m", "lato", 3, Style(50, 38, -0.06, white=False, background="gradient", lines="thick", scatter=1.6)),
    ("7Kq2xW9", "merriweather", 4, Style(50, 32, 0.0, 15, 0.2, 2.0, contrast=110, damaged=True)),
)
NEW = " (never seen in training)"
CHOOSE = """element.querySelectorAll("button").forEach((button, index) =>
    button.addEventListener("click", () => trigger("click", {index})))"""
NETWORKS = (
    Network(
        "captcha-resnet18",
        "ResNet-18, a classifier",
        "It knows 100 words and nothing else: whatever it is shown, it says which of them it looks most like.",
        "Grad-CAM, cell by cell: the brighter a place, the more it spoke for the word that was chosen. "
        "The network sees the whole word at once, so the bright spots are the strokes that tell this word "
        "from the other 99.",
    ),
    Network(
        "captcha-seq2seq",
        "Sequence reader",
        "It writes what it sees letter by letter: any text of up to 12 letters and digits, upper and lower case.",
        "First the whole text: the brighter a place, the more it spoke for the answer. Then one picture for each "
        "character: before it wrote it, the network chose where to look (attention). The bright spot should wander "
        "from left to right, from letter to letter.",
    ),
    words.NETWORK,
)
INVITATION = (
    '<div class="invitation"><p><b>Choose, take or make a picture of a word.</b></p>'
    "<p>Three networks read it at once: one knows 100 words, one writes any text letter by letter, one was made for "
    "words on signs. You see what each of them read, how sure it is, and where it looked.</p></div>"
)
TEACH = """\
A site's captchas look alike, and the sequence reader learns a new style from a few of them, in minutes on a CPU.

1. Put pictures into a folder, 50 to 5,000, beside a file `metadata.csv` that says what each shows:

   ```
   file_name,text
   one.png,7Kq2x
   two.png,w7e6m
   ```

2. In a copy of this project, run

   ```sh
   make .venv/.dev
   .venv/bin/python -m training captcha-seq2seq --finetune FOLDER
   ```

   A tenth of your pictures is held out: the command ends by saying how many of those it reads, before and after.

3. Read with what it has learned:

   ```python
   model = zoo.load("runs/checkpoints/captcha-seq2seq-FOLDER")
   model.read(["captcha.png"])
   ```
"""
CURVE = (
    "**How many does it take?** Captchas of one site that the network had never seen, all in the same style, after it "
    "had been shown so many of them with their texts (95 % intervals over 150 others):"
)
ABOUT = (
    "**How sure is sure?** The percentage is the probability that the *whole* text is right. It is calibrated: of all "
    "answers given with 90 %, about nine in ten are right. Below a limit that was set on other pictures, an answer "
    "counts as a guess. The bars are the five likeliest readings. Where a picture leaves room for doubt, the reader of "
    "any text takes into account how English words are spelled, as a person does."
)


@answers.endpoint()
def read_captcha(picture: dict[str, Any] | None) -> dict[str, Any]:
    """Reads the text of a captcha with every network that can.

    Args:
        picture: A picture of one short text, such as a PNG or JPEG file; its background may be noisy.

    Returns:
        For captcha-resnet18 (which knows 100 words), captcha-seq2seq (which reads any letters and digits) and word-crnn
        (which was made for words on signs): the text, its confidence (the calibrated probability that the whole text is
        right, 0 to 1), its status (ok, unsure or empty), the five best alternatives with their probabilities, and the
        milliseconds that it took; besides, a note on how the picture was converted, if it was.
    """
    opened = answers.opened(picture)
    found = {network.name: answers.as_json(*answers.read(network.name, opened.rgb)) for network in NETWORKS}
    return {"note": opened.note, **found}


@answers.endpoint()
def explain_captcha(picture: dict[str, Any] | None, network: str) -> list[tuple[Image.Image, str]]:
    """Shows where a network looked when it read a captcha, as heat maps laid over the picture.

    Args:
        picture: A picture of one short text, such as a PNG or JPEG file; its background may be noisy.
        network: captcha-resnet18 (a map of the word), captcha-seq2seq or word-crnn (a map of the text, and one of each
            character).

    Returns:
        Pictures with their captions: the whole text first, then the character that the map belongs to.
    """
    if network not in (known := [network.name for network in NETWORKS]):
        raise zoo.InputError(f"There is no network {network!r}; choose {' or '.join(known)}.")
    return answers.overlays(network, answers.opened(picture).rgb)


@answers.endpoint()
def make_captcha(text: str, font: str, background: str, noise: float, ink: str, case: str) -> Image.Image:
    """Draws a captcha.

    Args:
        text: 1 to 12 letters and digits.
        font: The font family.
        background: The kind of background.
        noise: Standard deviation of the noise on each pixel, in grey levels from 0 to 40.
        ink: Colour of the text, such as #1f3a5f; the paper is light under dark ink and dark under light ink.
        case: What becomes of the letters: as typed, lower, upper, title or random.

    Returns:
        The captcha, 192 by 48 pixels.
    """
    if not 1 <= len(text) <= english.LONGEST or not set(text) <= set(ALPHANUMERIC):
        raise zoo.InputError(f"Write 1 to {english.LONGEST} letters (A to Z) and digits, without spaces.")
    rng = np.random.default_rng()
    return Image.fromarray(captchas.sample(CASES[case](text), FONTS[font], background, noise, rgb(ink), rng).image)


def rgb(colour: str) -> tuple[int, int, int]:
    """Parses #rrggbb or rgba(r, g, b, a), as a colour picker gives them; the numbers may have decimals."""
    if re.fullmatch("#[0-9a-fA-F]{6}", colour):
        red, green, blue = bytes.fromhex(colour[1:])
    elif found := re.match(r"rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)", colour):
        red, green, blue = (min(round(float(value)), 255) for value in found.groups())
    else:
        raise zoo.InputError("Choose a colour such as #1f3a5f.")
    return red, green, blue


def _shown(picture: Image.Image, message: str) -> list[Any]:
    places = [place for network in NETWORKS for place in answers.respond(network, picture)[1]]
    return answers.with_picture(picture, message, places)


def build() -> None:
    """Adds the tab's widgets and events to the gr.Blocks around."""
    with gr.Row(equal_height=False, elem_id="captcha-page"):
        with gr.Column(scale=2, min_width=300):
            upload = answers.upload("Captcha", "The captcha to be read", "captcha-picture")
            message = gr.HTML(elem_id="captcha-message")
            read_button = gr.Button("Read", variant="primary", elem_id="captcha-read")
            # gr.Examples would leave its pictures without a name for those who cannot see them.
            examples = gr.HTML(_examples(), js_on_load=CHOOSE, elem_id="captcha-examples")
            make, controls = _make_one()
            with gr.Accordion("Teach it your style", open=False, elem_id="captcha-teach"):
                gr.Markdown(TEACH)
                if points := shots():
                    gr.Markdown(CURVE)
                    plots.plot(figures.learning_curve(points), "Accuracy by labelled pictures")
        with gr.Column(scale=5, min_width=300):
            with gr.Column() as invitation:
                gr.HTML(INVITATION)
            with gr.Column(visible=False, elem_id="captcha-answers") as panels:
                with gr.Row():
                    places = [place for network in NETWORKS for place in answers.panel(network)]
                gr.Markdown(ABOUT)

    read, _ = inside.build(NETWORKS, "captcha-inside")
    evaluation.build(NETWORKS[0])
    outputs = [message, read, panels, invitation, *places]
    show = partial(answers.to_upload, shown=_shown, nothing=partial(answers.without_picture, len(places)))
    shown = {"preprocess": False, "api_visibility": "private", "show_progress": "minimal", **answers.ALONE}
    examples.click(_chosen, None, upload, **answers.HIDDEN)
    upload.change(show, upload, outputs, **shown)
    read_button.click(partial(show, asked=True), upload, outputs, **shown)
    make.click(make_captcha, controls, upload, api_name="make_captcha", show_progress="hidden")
    # Endpoints for programs; no widget starts them.
    alone = {"preprocess": False, **answers.ALONE}
    name = gr.Radio([network.name for network in NETWORKS], value=NETWORKS[0].name, label="Network", visible=False)
    pictures = gr.Gallery(visible=False, format="png")
    gr.on([], read_captcha, upload, gr.JSON(visible=False), api_name="read_captcha", **alone)
    gr.on([], explain_captcha, [upload, name], pictures, api_name="explain_captcha", **alone)


def example(index: int) -> Image.Image:
    """One of the page's examples; always the same."""
    text, font, seed, style = EXAMPLES[index]
    face = fonts.Face(font, 400, "normal", FONTS[font])
    return Image.fromarray(styles.draw(np.random.default_rng(seed), text, [face], style).image)


def _examples() -> str:
    pictures = [example(index) for index in range(len(EXAMPLES))]
    buttons = "".join(
        f'<button type="button" aria-label="Example: {text}">'
        f'<img src="{answers.data_url(picture)}" alt="" width="{picture.width}" height="{picture.height}"></button>'
        for picture, (text, *_) in zip(pictures, EXAMPLES, strict=True)
    )
    return f'<p class="invite">Or take one of these</p><div class="examples">{buttons}</div>'


def _chosen(event: gr.EventData) -> Image.Image:
    return example(event.index)


def _make_one() -> tuple[gr.Button, list[gr.components.Component]]:
    """Adds the controls that draw a captcha; returns the button and the inputs of `make_captcha`."""
    new_fonts = {*fonts.VALIDATION, *fonts.TEST}
    families = [(name.replace("-", " ").title() + NEW * (name in new_fonts), name) for name in FONTS]
    grounds = [
        (name + NEW * (kind not in degrade.BACKGROUNDS["train"]), name) for name, kind in degrade.BY_NAME.items()
    ]
    with gr.Accordion("Make one", open=False, elem_id="captcha-make"):
        word = gr.Dropdown(list(english.WORDS), value="captcha", label="One of the 100 words", elem_id="make-word")
        text = gr.Textbox(
            "captcha",
            label="Or any text",
            info=f"Up to {english.LONGEST} letters and digits.",
            max_length=english.LONGEST,
            elem_id="make-text",
        )
        word.input(None, word, text, js="word => word", api_visibility="private")
        case = gr.Radio(list(CASES), value="as typed", label="Case", elem_id="make-case")
        family = gr.Dropdown(families, value="lato", label="Font", elem_id="make-font")
        background = gr.Dropdown(grounds, value="blotches", label="Background", elem_id="make-background")
        noise = gr.Slider(0, 40, 8, step=1, label="Noise", elem_id="make-noise")
        ink = gr.ColorPicker("#1f3a5f", label="Colour of the text", elem_id="make-ink")
        button = gr.Button("Draw it", variant="primary", elem_id="make-draw")
    return button, [text, family, background, noise, ink, case]


def shots() -> list[tuple[int, float, tuple[float, float]]]:
    """Learning curve of the sequence reader on one site's captchas: labelled pictures, accuracy, 95 % interval."""
    rows = json.loads((store.CHECKPOINTS / "captcha-seq2seq" / "evaluation.json").read_text(encoding="utf-8"))["rows"]
    points = []
    for row in rows:
        taught = re.fullmatch(r"drawn captchas(?: only|, then (\d+) of this style)", row["model"])
        if taught and (row["data"], row["measure"]) == ("captcha-five-test", "word accuracy"):
            points.append((int(taught[1] or 0), row["value"], tuple(row["interval"])))
    return sorted(points)
