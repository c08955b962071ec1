"""The Words tab: a network reads words and lines by CTC and shows each step from frames to text.

A page is first split into lines, of which one is explained.
"""

from functools import partial
from typing import Any, cast

import gradio as gr
import numpy as np
import numpy.typing as npt
from PIL import Image

import zoo
from demos.grid_view.sets import FONTS
from demos.studies import lstm_ablation
from demos.widgets import answers, boxes, ctc, inside
from demos.widgets.answers import Network
from demos.widgets.canvas import canvas
from training.data import words
from training.data.drawing import fonts
from zoo.decoding import ngram
from zoo.decoding.ctc import Followed, alignments, shortest
from zoo.images import strokes
from zoo.images.preprocess import denormalise
from zoo.readers import page
from zoo.readers.base import Decoding, Look
from zoo.readers.crnn import CRNNReader
from zoo.readers.page import Line
from zoo.text.alphabets import PRINTABLE

NETWORK = Network(
    "word-crnn",
    "CRNN, a reader of words and lines",
    "It reads letters, digits and signs of printed English, a word or a line of any length, from left to right.",
    "First the whole text: the brighter a place, the more it spoke for the answer. Then, for each character, the "
    "frames in which it was read.",
)
INVITATION = (
    '<div class="invitation"><p><b>Choose, take, type or draw a word, a line or a whole page.</b></p>'
    "<p>A network cuts the picture into narrow frames, says for each which character it sees, and spells the text from "
    "that. You see every step.</p></div>"
)
FRAMES = (
    "<h4>Frame by frame</h4><p>The picture as the network sees it, and under each of its frames what it may show: the "
    "fuller the colour, the likelier. Mostly that is ε, the blank: nothing new here. A text comes of the likeliest "
    "signs in two steps.</p>"
)
BEAM = (
    "<h4>The beam</h4><p>Many paths spell the same text, so that the likeliest path need not spell the likeliest text. "
    "A beam search keeps the ten best texts from frame to frame and adds up their paths. Move along the frames:</p>"
)
WAYS = (
    "<h4>What each way of decoding makes of it</h4><p>The n-gram model knows how English words are spelled; a lexicon "
    "allows its own words alone.</p>"
)
TARGET = (
    "<h4>How would it spell …?</h4><p>Type a text: here are the likeliest ways to spell it in the frames of this "
    "picture. Every character takes a frame, and a blank has to stand between two that are alike.</p>"
)
PAGE = (
    "<h4>The words of the picture</h4><p>PP-OCR's detector found the lines, which were read one by one; the greener a "
    "word's outline, the surer it is.</p>"
)
LONGEST = 40  # characters: longest text to draw
PEN = 0.03  # width of the pen, in longer sides of the drawing
SHOWN = 3  # alignments

Options = tuple[str, bool, str]  # decoding method, whether to use the n-gram model, lexicon


def _reader() -> CRNNReader:
    return cast(CRNNReader, answers.reader(NETWORK.name))


def _options(method: str, english: bool, lexicon: str) -> dict[str, Any]:
    """Keyword arguments of `Reader.read`."""
    chosen = {"lexicon": known} if (known := words_of(lexicon)) else {}
    return {"decode": method, "lm": None if english else False, **chosen}


def words_of(lexicon: str) -> tuple[str, ...]:
    """The words of a typed lexicon, split at spaces and commas."""
    return tuple(dict.fromkeys(lexicon.replace(",", " ").split()))


@answers.endpoint()
def read_words(picture: dict[str, Any] | None, lexicon: str = "") -> dict[str, Any]:
    """Reads printed text: a word, a line, or a page or sign with several.

    Args:
        picture: A crop that holds one word or line, or a whole picture.
        lexicon: Words to choose from where the picture is one word, with spaces between them; empty for any text.

    Returns:
        The text, its confidence (the calibrated probability that all of it is right, 0 to 1), its status (ok, unsure
        or empty), and words: of each its four corners in pixels, its text and its confidence, in reading order. Of a
        single word or line also the five best alternatives with their probabilities, each character with its
        probability and its box (left, top, right, bottom in pixels), and the milliseconds that it took. Besides, a
        note on how the picture was converted, if it was.
    """
    given = answers.opened(picture)
    read = page.read(_reader(), given.rgb, keep=True)
    words = {"note": given.note, "words": read.rows()}
    if not read.look:
        return {**words, "text": read.text, "confidence": read.confidence, "status": read.status}
    answer, milliseconds = answers.read(NETWORK.name, read.look, **_options("beam", True, lexicon))
    characters = [
        {"character": character, "probability": share, "box": box} for character, share, box in answer.characters
    ]
    return {**words, **answers.as_json(answer, milliseconds), "characters": characters}


def make_word(text: str, font: str) -> Image.Image:
    """Draws a word or a line as it may stand on a sign.

    Args:
        text: 1 to 40 printable ASCII characters.
        font: The font family.

    Returns:
        The picture; another one at each call.
    """
    if not 1 <= len(text.strip()) <= LONGEST or not set(text) <= set(PRINTABLE):
        raise gr.Error(f"Write 1 to {LONGEST} letters, digits and signs of English.", print_exception=False)
    face = fonts.Face(font, 400, "normal", FONTS[font])
    return words.draw_in(np.random.default_rng(), text.strip(), face, "test")[0]


def _frames(look: Look) -> tuple[Image.Image, npt.NDArray[np.float32]]:
    """The network's input as a picture and its frames, (frames, classes)."""
    reader = _reader()
    [pixels] = denormalise(look.inputs, reader.settings.mean, reader.settings.std)
    return Image.fromarray(pixels), reader.frames(look)[0]


def ribbon(look: Look) -> str:
    """The frames of a picture, the best path and its text, as HTML."""
    return ctc.ribbon(*_frames(look), _reader().config["alphabet"])


def ways(look: Look, lexicon: str) -> str:
    """The answer of each decoding method, as an HTML table."""
    decodings = {
        "the best path alone": Decoding("greedy"),
        "beam, the picture alone": Decoding("beam", lm=False),
        "beam, and how English is spelled": Decoding("beam", lm=ngram.english()),
    }
    if known := words_of(lexicon):
        decodings["the words of your lexicon"] = Decoding("beam", known)
    reader, (_, frames) = _reader(), _frames(look)
    best = {name: reader.answers(frames, decoding)[0] for name, decoding in decodings.items()}
    return ctc.compared([(name, reader.decode(text), share) for name, (text, share) in best.items()])


def beam(look: Look | None, frame: int, english: bool) -> Any:
    """The texts in the beam after a frame, counted from 1, as HTML."""
    if look is None:
        return gr.skip()
    trace: list[list[Followed]] = []
    reader, (_, frames) = _reader(), _frames(look)
    reader.followed(frames, ngram.english() if english else None, trace)
    return answers.bars(ctc.survivors(trace[min(frame, len(trace)) - 1], reader.decode))


def target(look: Look | None, text: str) -> Any:
    """The most probable alignments of a text with the picture, or why there is none, as HTML."""
    if look is None or not text:
        return ""
    reader, (pixels, frames) = _reader(), _frames(look)
    alphabet = reader.config["alphabet"]
    try:
        symbols = reader.encode(text)
    except zoo.InputError as error:
        return answers.problem(error)
    if len(frames) < shortest(symbols):
        return ctc.too_short(text, symbols, len(frames))
    return ctc.aligned(pixels, frames, alignments(frames, symbols, SHOWN), alphabet)


def _nothing(message: str = "") -> list[Any]:
    message, picture, *rest = answers.without_picture(8, message)
    return [message, picture, None, *rest]


@answers.on_error(_nothing)  # of the lexicon
def _shown(
    picture: Image.Image, message: str = "", look: Look | None = None, *, options: Options = ("beam", True, "")
) -> list[Any]:
    """Updates of the tab for a line; `look` is the network's output for it, if known."""
    _, english, lexicon = options
    look = look or _reader().look(picture)
    answer, panel = answers.respond(NETWORK, picture, look, **_options(*options))
    count = len(_frames(look)[1])
    step = gr.Slider(maximum=count, value=count)
    steps = [ribbon(look), ways(look, lexicon), step, beam(look, count, english)]
    message, picture, *rest = answers.with_picture(
        picture, message, [*panel, boxes.characters(picture, answer), *steps]
    )
    return [message, picture, look, *rest]


def _page(picture: Image.Image, message: str = "", *, options: Options = ("beam", True, "")) -> list[Any]:
    """Updates of the tab for a picture of any number of lines; the first is explained."""
    read = page.read(_reader(), picture, keep=True)
    if read.answer or not read.lines:
        return [*_no_page(), *_shown(picture, message, read.look, options=options)]
    choices = gr.Dropdown([(line.text, number) for number, line in enumerate(read.lines)], value=0)
    parts = [boxes.words(picture, read), read.text, read.rows(), choices, read.lines]
    return [gr.Column(visible=True), *parts, *show_line(read.lines, 0, *options, message=message)]


def _no_page() -> list[Any]:
    return [gr.Column(visible=False), *[gr.skip()] * 4, None]


def _no_picture(message: str = "") -> list[Any]:
    return [*_no_page(), *_nothing(message)]


def show_drawing(drawing: answers.Strokes, *options: Any) -> list[Any]:
    """Updates of the tab for strokes on the canvas."""
    draw = partial(strokes.draw, width=PEN)
    return [*_no_page(), *answers.to_drawing(drawing, draw, partial(_shown, options=options), _nothing)]


def show_upload(upload: dict[str, Any] | None, *options: Any) -> list[Any]:
    """Updates of the tab for an uploaded picture."""
    return answers.to_upload(upload, partial(_page, options=options), _no_picture)


def show_line(lines: tuple[Line, ...], number: int, *options: Any, message: str = "") -> list[Any]:
    """Updates of the tab for one of the lines of a page."""
    return _shown(cast(Image.Image, lines[number].picture), message, lines[number].look, options=options)


def show_again(picture: Image.Image | None, look: Look | None, *options: Any) -> list[Any]:
    """Updates of the tab for the same picture with other options."""
    return _nothing() if picture is None else _shown(picture, "", look, options=options)


def build() -> None:
    """Adds the tab's widgets and events to the gr.Blocks around."""
    with gr.Row(equal_height=False, elem_id="words-page"):
        with gr.Column(scale=2, min_width=300):
            upload = answers.upload("A word or a line", "The word to be read", "words-picture")
            message = gr.HTML(elem_id="words-message")
            with gr.Accordion("Type one", open=False, elem_id="words-make"):
                text = gr.Textbox("hello world", label="Text", max_length=LONGEST)
                family = gr.Dropdown(
                    [(name.replace("-", " ").title(), name) for name in FONTS], value="lato", label="Font"
                )
                make = gr.Button("Draw it", variant="primary", elem_id="words-draw-it")
            with gr.Accordion("Draw one", open=False, elem_id="words-draw"):
                drawn = canvas("Print a word here", elem_id="words-canvas")
            with gr.Accordion("How it decodes", open=False, elem_id="words-decoding"):
                method = gr.Radio(["beam", "greedy"], value="beam", label="Decoding")
                english = gr.Checkbox(True, label="With the n-gram model of English")
                lexicon = gr.Textbox("", label="Lexicon", info="Words to choose from; empty for any text.", lines=3)
        with gr.Column(scale=3, min_width=300):
            with gr.Column() as invitation:
                gr.HTML(INVITATION)
            with gr.Column(visible=False, elem_classes="card", elem_id="words-found") as card:
                gr.HTML(PAGE)
                found = gr.HTML()
                text_found = gr.Textbox(label="Text", lines=3, interactive=False, buttons=["copy"])
                with gr.Accordion("As JSON", open=False):
                    json_found = gr.JSON(show_label=False, open=True)
                line = gr.Dropdown([], label="Line that is looked into", elem_id="words-line")
                lines = gr.State(None)
            with gr.Column(visible=False, elem_id="words-answers") as panels:
                places = answers.panel(NETWORK)
                boxed = gr.HTML(elem_id="words-boxes")
                with gr.Column(elem_classes="card", elem_id="words-ctc"):
                    gr.HTML(FRAMES)
                    frames = gr.HTML(elem_id="words-frames")
                    gr.HTML(WAYS)
                    compared = gr.HTML(elem_id="words-ways")
                    gr.HTML(BEAM)
                    step = gr.Slider(1, 2, 1, step=1, label="Frame", elem_id="words-step")
                    followed = gr.HTML(elem_id="words-beam")
                    gr.HTML(TARGET)
                    wanted = gr.Textbox("", label="Text", max_length=2 * LONGEST, elem_id="words-target")
                    aligned = gr.HTML(elem_id="words-aligned")

    read, follow = inside.build([NETWORK], "words-inside")
    lstm_ablation.build()
    options = [method, english, lexicon]
    look = gr.State(None)
    outputs = [message, read, look, panels, invitation, *places, boxed, frames, compared, step, followed]
    of_page = [card, found, text_found, json_found, line, lines]
    follow(drawn.input(show_drawing, [drawn, *options], [*of_page, *outputs], **answers.LATEST))
    upload.change(
        show_upload, [upload, *options], [*of_page, *outputs], preprocess=False, **answers.HIDDEN, **answers.ALONE
    )
    line.input(show_line, [lines, line, *options], outputs, **answers.HIDDEN, **answers.ALONE)
    gr.on([o.change for o in options], show_again, [read, look, *options], outputs, **answers.LATEST)
    step.input(beam, [look, step, english], followed, **answers.LATEST)
    gr.on([wanted.change, look.change], target, [look, wanted], aligned, **answers.LATEST)
    make.click(make_word, [text, family], upload, api_name="make_word", show_progress="hidden")
    # An endpoint for programs; no widget starts it.
    gr.on(
        [],
        read_words,
        [upload, lexicon],
        gr.JSON(visible=False),
        api_name="read_words",
        preprocess=False,
        **answers.ALONE,
    )
